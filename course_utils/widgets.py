"""What the course's widgets have in common."""

import ipywidgets
from IPython.display import display

from course_utils import figures


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


def figure_slider(draw, minimum, maximum, value, description, photographic=False):
    """Put a slider above a figure that is drawn anew whenever the slider moves.

    Parameters
    ----------
    draw : callable
        Takes the slider's number, returns a figure and its alternative text.
    minimum, maximum, value : int
        Ends of the slider, and where it starts.
    description : str
        What the slider sets.
    photographic : bool
        Send the figure as JPEG, which is far smaller for pictures of faces.

    Returns
    -------
    ipywidgets.VBox
        To be shown with `show`.
    """
    slider = ipywidgets.IntSlider(value=value, min=minimum, max=maximum, description=description, continuous_update=False,
                                  style={"description_width": "initial"}, layout={"width": "30em"})
    picture = ipywidgets.HTML()

    def redraw(change):
        figure, alt = draw(change["new"])
        picture.value = figures.as_html(figure, alt, photographic)

    slider.observe(redraw, names="value")
    redraw({"new": value})
    return ipywidgets.VBox([slider, picture])
