"""Settings of JupyterLab for the course; `course lab` lets it find them."""

from pathlib import Path

from course_utils.notebook import saving

c = get_config()  # noqa: F821
c.LabApp.extra_labextensions_path = [
    str(Path(saving.__file__).parent / "jupyter" / "labextensions")  # wherever this file was copied
]
