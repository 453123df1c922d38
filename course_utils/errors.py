"""The one exception that a reader of the course is meant to see, and names as it may show them."""

import re


class CourseError(Exception):
    """A problem that the user can mend.

    The message is one clear sentence (or two) that names the file, says what
    is wrong with it and what to do. The `course` command prints it without a
    traceback and leaves with status 1; so does a notebook.
    """

    def _render_traceback_(self):
        """Return what IPython shows of it, which asks an exception for this method."""
        return [f"{type(self).__name__}: {self}"]


def without_secrets(address):
    """Return an address as a sentence, a table or an alert may show it.

    Scheme, host, port and a plain path stay. What may hold a password goes: everything before the
    @, the query, and a path with `=` in it. Passwords hold @, :, / and ? as people type them; an
    address that can be read in two ways shows its scheme only.

    Parameters
    ----------
    address : str
        Such as "rtsp://admin:P@ssw0rd@camera.local/stream?token=1". A path of a file comes back
        unchanged, unless it looks like an address without its scheme.

    Returns
    -------
    str
        "rtsp://camera.local/stream?...".
    """
    scheme, separator, rest = address.strip().partition("://")
    if not separator:
        return _without_scheme(address)
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        return "..."
    before, _, rest = rest.rpartition("@")
    if re.search(r"[/?#\\]", before):
        return f"{scheme}://..."
    host, port, path, query = re.fullmatch(
        r"(\[[^]/?#]*\]|[^:/?#\\]*)(:[^/?#\\]*)?([^?#]*)(.*)", rest, re.DOTALL
    ).groups()
    if port and not re.fullmatch(r":\d{0,5}", port):
        port = ":..."
    if re.search(r"[=&;]|:(?!predict$)", path):
        path = "/..."
    return f"{scheme}://{host}{port or ''}{path}{'?...' if query else ''}"


def _without_scheme(text):
    """Shorten what may be an address whose scheme is missing or misspelt."""
    if re.match(r"[A-Za-z]:[\\/]", text):  # a path of Windows
        return text
    marks = [re.search(pattern, text, re.DOTALL) for pattern in (r":.*@", r"\?.*=")]
    ends = [match.start() for match in marks if match]
    return f"{text[: min(ends) + 1]}..." if ends else text


def readable(name):
    r"""Return a file's name as every terminal and every table can hold it.

    Bytes that are no UTF-8, which Python keeps as lone surrogates, and control characters, with
    which a name could steer a terminal, become escapes such as `\xe9`.

    Parameters
    ----------
    name : str or path-like

    Returns
    -------
    str
        Can be encoded in UTF-8.
    """
    return re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", _escape, str(name))


def _escape(match):
    number = ord(match[0])
    return f"\\x{number - 0xDC00 if 0xDC80 <= number <= 0xDCFF else number:02x}"
