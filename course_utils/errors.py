"""The one exception that a reader of the course is meant to see."""


class CourseError(Exception):
    """A problem that the user can mend.

    The message is one clear sentence (or two) that names the file, says what
    is wrong with it and what to do. The `course` command prints it without a
    traceback and leaves with status 1.
    """
