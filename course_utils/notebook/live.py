"""A bar while a chapter computes, for a reader who has its notebook open.

Where a program executes the chapter there is none, so that stored outputs hold nothing of it.
"""

from tqdm.notebook import tqdm

from course_utils.notebook.progress import readers_notebook


def bar(iterable, what, total=None):
    """Wrap an iterable in a bar that says what is being done, and how many seconds are left.

    Parameters
    ----------
    iterable : iterable
    what : str
    total : int, optional
        How many there are; as `len` tells when not given.

    Returns
    -------
    iterable
        Of the same items. The bar is gone at the end.
    """
    if readers_notebook() is None:
        return iterable
    return tqdm(iterable, desc=what, total=total, leave=False)
