"""The connections of the REST port: no number of silent ones keeps the server from answering."""

import functools

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD = 10
"""Seconds for the head of a request, from the connection or from its first byte."""

STUCK = 60
"""Seconds that an answer may wait for a client that does not read it."""

FAREWELL = 0.5
"""Seconds that a request in work may still take when the server stops; less than uvicorn's own
grace, after which it would answer 500."""

MOST = 256


@functools.cache
def most():
    """Return how many connections a port may hold: a quarter of the process's handles, or 256."""
    try:
        import resource
    except ImportError:  # Windows
        return MOST
    return min(MOST, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4)


class Connection(H11Protocol):
    """One connection.

    It is closed when it says nothing, and gives way to a new one when there are too many.
    """

    silent = stuck = ending = None

    def connection_made(self, transport):
        super().connection_made(transport)
        self.since = self.loop.time()
        self.silent = self.loop.call_later(HEAD, transport.abort)
        if len(self.connections) > most():
            idle = [one for one in self.connections if one is not self and not one.asks()]
            oldest = min(idle, key=lambda one: one.since, default=self)
            oldest.transport.abort()
            self.connections.discard(oldest)

    def asks(self):
        """Tell whether a request is being received or answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def data_received(self, data):
        super().data_received(data)
        if self.asks():
            self._forget("silent")
        elif self.silent is None and not self.transport.is_closing():
            self.silent = self.loop.call_later(HEAD, self.transport.abort)

    def on_response_complete(self):
        self.since = self.loop.time()
        super().on_response_complete()

    def shutdown(self):
        """Let a request in work end soon, and else hang up, as a server that is gone does."""
        super().shutdown()
        self.ending = self.loop.call_later(FAREWELL, self.transport.abort)

    def pause_writing(self):
        super().pause_writing()
        self.stuck = self.loop.call_later(STUCK, self.transport.abort)

    def resume_writing(self):
        super().resume_writing()
        self._forget("stuck")

    def connection_lost(self, exc):
        for name in ("silent", "stuck", "ending"):
            self._forget(name)
        super().connection_lost(exc)

    def _forget(self, name):
        timer = getattr(self, name)
        if timer is not None:
            timer.cancel()
            setattr(self, name, None)
