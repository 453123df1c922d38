"""What the course's widgets have in common."""

from IPython.display import display


def show(widget, what):
    """Display a widget, with a sentence in its place where widgets do not live.

    A printed page or the web site can't run Python: it shows `what` instead.
    Put a static figure beside every widget.

    Parameters
    ----------
    widget : ipywidgets.Widget
    what : str
        What the reader can do with it in JupyterLab.
    """
    data = widget._repr_mimebundle_()
    if isinstance(data, tuple):
        data = data[0]
    display({**data, "text/plain": f"Widget (needs JupyterLab): {what}"}, raw=True)
