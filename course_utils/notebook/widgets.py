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
    dress(widget)
    data = widget._repr_mimebundle_()
    if isinstance(data, tuple):
        data = data[0]
    display({**data, "text/plain": f"Widget (needs JupyterLab): {what}"}, raw=True)


def dress(widget):
    """Give a widget and all within it the look of the course.

    Whole labels, one below the other, and controls of one width.

    Parameters
    ----------
    widget : ipywidgets.Widget
        It is changed.
    """
    labelled = [
        part
        for part in parts(widget)
        if getattr(part, "description", "") and hasattr(part.style, "description_width")
    ]
    longest = max((len(control.description) for control in labelled), default=0)
    for control in labelled:
        if isinstance(control, ipywidgets.Checkbox):  # its label stands on its right
            control.style.description_width = "initial"
        else:
            control.style.description_width = f"{0.55 * longest + 1:.1f}em"
            control.layout.width = f"{0.55 * longest + 22:.1f}em"


def parts(widget):
    """List a widget and, recursively, its children."""
    return [widget, *(part for child in getattr(widget, "children", ()) for part in parts(child))]


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
    slider = ipywidgets.IntSlider(
        value=value, min=minimum, max=maximum, description=description, continuous_update=False
    )
    return figure_with_controls(draw, slider, photographic=photographic)


def figure_with_controls(draw, *controls, photographic=False):
    """Put controls above a figure that is drawn anew whenever one of them changes.

    Parameters
    ----------
    draw : callable
        Takes the value of every control, in their order; returns a figure and its alternative text.
    *controls : ipywidgets.ValueWidget
    photographic : bool
        Send the figure as JPEG, which is far smaller for pictures of faces.

    Returns
    -------
    ipywidgets.VBox
        To be shown with `show`.
    """
    picture = ipywidgets.HTML()

    def redraw(change=None):
        figure, alt = draw(*(control.value for control in controls))
        picture.value = figures.as_html(figure, alt, photographic)

    for control in controls:
        control.observe(redraw, names="value")
    redraw()
    return ipywidgets.VBox([*controls, picture])


def sliders(ranges):
    """Make a slider for each of several settings.

    Parameters
    ----------
    ranges : dict of str to (number, number, number)
        Name of the setting, to its ends and where it starts. Where all three are whole numbers the
        slider moves by whole numbers.

    Returns
    -------
    list of ipywidgets.ValueWidget
    """
    return [_slider(name, *ends) for name, ends in ranges.items()]


def _slider(name, low, high, start):
    common = {"value": start, "min": low, "max": high, "description": name}
    if all(isinstance(number, int) for number in (low, high, start)):
        return ipywidgets.IntSlider(**common, continuous_update=False)
    return ipywidgets.FloatSlider(**common, step=(high - low) / 60, continuous_update=False)
