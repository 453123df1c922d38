"""Carry the alt text of a figure from the notebook's output to the web page.

MyST-NB reads alt texts from cell metadata only; `course_utils.figures.show`
stores them beside the picture, where they can hold numbers of the run. This is
a MyST-NB mime renderer (https://myst-nb.readthedocs.io/en/latest/render/format_code_cells.html).
"""


class AltTextImages:
    """Adds the stored alt text to each PNG or JPEG output."""

    mime_priority_overrides = ()

    @staticmethod
    def handle_mime(renderer, data, inline):
        """Return the image's nodes with their alt text, or None for any other output."""
        alt = (
            data.output_metadata.get(data.mime_type, {}).get("alt")
            if data.mime_type.startswith("image/")
            else None
        )
        if not alt or inline:
            return None
        image_nodes = renderer.render_image(data)
        for node in image_nodes:
            for image in node.findall(lambda child: child.tagname == "image"):
                image["alt"] = alt
        return image_nodes
