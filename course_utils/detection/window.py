"""Show frames as they come: in a window, or, where there is none, on a page of this computer.

OpenCV comes without windows here, so the window is Tk's. Without a display or without Tk a small
page shows the same pictures as a motion JPEG, to browsers on this computer only.
"""

import io
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image

from course_utils.errors import CourseError

PAGE = (
    b'<!doctype html><title>course detect</title><img src="stream" alt="what the camera sees, with'
    b' boxes round faces" style="max-width:100%">'
)


def open_window(title, say):
    """Return a window, or a page when no window can be opened.

    Parameters
    ----------
    title : str
    say : callable
        Gets the page's address.

    Returns
    -------
    Window or Page
        With `show(image)` and `stay(seconds)`, which return False when the window was closed, and
        `close()`.

    Raises
    ------
    CourseError
        When neither can be had.
    """
    try:
        return Window(title)
    except Exception:  # no Tk, no display: TclError, ImportError and others, by platform
        pass
    try:
        page = Page()
    except OSError as error:
        raise CourseError(
            "There is no display for a window, and no page can be served on this computer: leave"
            " --show out and use -o."
        ) from error
    say(
        f"There is no display for a window; the pictures are at {page.address} in a browser of this"
        " computer."
    )
    return page


class Window:
    """A window of Tk."""

    def __init__(self, title):
        import tkinter

        from PIL import ImageTk

        self._root, self._photo = tkinter.Tk(), ImageTk.PhotoImage
        self._root.title(title)
        self._label = tkinter.Label(self._root)
        self._label.pack()
        self._open = True
        self._root.protocol("WM_DELETE_WINDOW", self._closed)
        for key in ("<Escape>", "q"):
            self._root.bind(key, lambda _: self._closed())

    def show(self, image):
        """Show a picture, uint8 (height, width, 3), RGB; False when somebody closed the window."""
        if self._open:
            self._label.image = self._photo(Image.fromarray(image))  # Tk itself holds no reference
            self._label.configure(image=self._label.image)
            self._root.update()
        return self._open

    def stay(self, seconds):
        """Leave the picture there for some seconds; False when somebody closed the window."""
        until = time.monotonic() + seconds
        while self._open and time.monotonic() < until:
            self._root.update()
            time.sleep(0.02)
        return self._open

    def close(self):
        if self._root is not None:
            self._root.destroy()
            self._root = None

    def _closed(self):
        self._open = False


class Page:
    """A page at 127.0.0.1 that shows the newest picture.

    Every user of this computer reaches the port, but only who knows the `address`, which holds a
    random token, sees the faces.
    """

    def __init__(self):
        token = secrets.token_urlsafe(16)
        self._newest, self._changed, self._ended = b"", threading.Condition(), False
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked, _, name = self.path.removeprefix("/").partition("/")
                if not secrets.compare_digest(asked.encode(), token.encode()):
                    self.send_error(404)
                    return
                self.send_response(200)
                if name != "stream":
                    self.send_header("Content-Type", "text/html; charset=utf-8")
                    self.end_headers()
                    self.wfile.write(PAGE)
                    return
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                try:
                    for jpeg in page._pictures():
                        self.wfile.write(
                            b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length:"
                            b" %d\r\n\r\n%s\r\n" % (len(jpeg), jpeg)
                        )
                except OSError:
                    pass  # the browser has gone

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}/{token}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def show(self, image):
        """Show a picture, uint8 (height, width, 3), RGB; always True."""
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "JPEG", quality=80)
        with self._changed:
            self._newest = buffer.getvalue()
            self._changed.notify_all()
        return True

    def stay(self, seconds):
        """Leave the picture there for some seconds; always True."""
        time.sleep(seconds)
        return True

    def close(self):
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def _pictures(self):
        last = b""
        while not self._ended:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._newest is not last or self._ended,  # noqa: B023
                    timeout=1,
                )
                newest = self._newest
            if newest is not last:
                last = newest
                yield newest
