"""A real HTTP server on 127.0.0.1 that can be told to misbehave."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ETAG = '"one"'


class LocalServer:
    """Serves one file at every path.

    Attributes that a test sets
    ---------------------------
    body : bytes
    ranges : bool
        Whether Range requests are answered with 206 and the server has an ETag.
    length : bool
        Whether Content-Length is sent; GitHub's archives often have none and come in chunks.
    status : int
        Answered instead of 200 when not 200.
    redirect : str or None
        A path that is answered with a redirect to another one.
    stop_after : int or None
        Bytes after which the server does `then`: "break" closes the connection, "stall" sends
        nothing more.
    times : int
        How many answers stop so; later ones are whole.

    `requests` lists (Range header or None, bytes sent) for every answer, in order.
    """

    def __init__(self, body):
        self.body, self.ranges, self.length, self.status, self.etag = body, True, True, 200, ETAG
        self.redirect = None
        self.stop_after, self.then, self.times = None, "break", 10**9
        self.requests, self.stopped, self.released = [], threading.Event(), threading.Event()
        self.http = ThreadingHTTPServer(
            ("127.0.0.1", 0), lambda *arguments: _Answer(self, *arguments)
        )
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(
            target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()

    def heal(self):
        """Behave from now on, and let go of answers that stall."""
        self.stop_after, self.status = None, 200
        self.released.set()

    def close(self):
        self.released.set()
        self.http.shutdown()
        self.http.server_close()


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, local, *arguments):
        self.local = local
        super().__init__(*arguments)

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        local, asked = self.local, self.headers.get("Range")
        if self.path == local.redirect:
            self.send_response(302)
            self.send_header("Location", f"{local.url}/codeload")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        entry = [asked, 0]
        local.requests.append(entry)
        if local.status != 200:
            self.send_error(local.status)
            return
        start = self._start(asked)
        if start is None:
            return
        if local.length:
            self.send_header("Content-Length", str(len(local.body) - start))
        else:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        with contextlib.suppress(OSError):  # the client was killed
            self._send(start, entry)

    def _start(self, asked):
        local = self.local
        current = self.headers.get("If-Range", local.etag) == local.etag
        if not (local.ranges and asked and current):
            self.send_response(200)
            if local.ranges:
                self.send_header("ETag", local.etag)
            return 0
        start = int(asked.removeprefix("bytes=").partition("-")[0])
        if start >= len(local.body):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(local.body)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        self.send_response(206)
        self.send_header("ETag", local.etag)
        self.send_header("Content-Range", f"bytes {start}-{len(local.body) - 1}/{len(local.body)}")
        return start

    def _send(self, start, entry):
        local = self.local
        stop = local.stop_after if local.times > 0 else None
        end = len(local.body) if stop is None else min(start + stop, len(local.body))
        for place in range(start, end, 8192):
            block = local.body[place : min(place + 8192, end)]
            self.wfile.write(block if local.length else b"%x\r\n%s\r\n" % (len(block), block))
            entry[1] += len(block)
        self.wfile.flush()
        if stop is None:
            if not local.length:
                self.wfile.write(b"0\r\n\r\n")
            return
        local.times -= 1
        local.stopped.set()
        if local.then == "stall":
            local.released.wait(60)
