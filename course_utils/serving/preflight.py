"""What can be said before a server is started: names, ports and folders that will not do."""

import re

from course_utils.errors import CourseError
from course_utils.serving import export


def check(base, model_name, port=None, rest_api_port=None):
    """Refuse what no server could be started with, before anything is exported or started.

    Raises
    ------
    CourseError
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", model_name):
        raise CourseError(
            f"{model_name!r} is no name that fits an address: choose letters, digits, '.', '_' and"
            " '-' for --model-name."
        )
    if port is not None and port == rest_api_port:
        raise CourseError(
            f"Port {port} can't be that of gRPC and of REST: choose another with --rest-api-port."
        )
    if not str(base).isprintable():
        raise CourseError(f"{str(base)!a} holds letters that can't be shown: rename the folder.")


def versions_there(base):
    """Return the numbers of the versions in a folder, ascending.

    Raises
    ------
    CourseError
        When there are none; says what the folder holds instead.
    """
    try:
        found = [int(folder.name) for folder in export.versions(base)]
        names = sorted(entry.name for entry in base.iterdir()) if base.is_dir() else []
    except OSError as error:
        raise CourseError(
            f"{base} can't be read ({error.strerror}): correct its permissions."
        ) from error
    if found:
        return found
    if "saved_model.pb" in names:
        raise CourseError(
            f"{base} is a SavedModel, one version of a model: put it as folder 1 into an empty"
            " folder, and serve that, if you trust who made it; a SavedModel is a program."
        )
    versions = [name for name in names if (base / name / "saved_model.pb").is_file()]
    if versions:
        raise CourseError(
            f"{base} holds a SavedModel named {versions[0]}, and a version is a folder named by a"
            f" number up to {export.LAST}: rename it to 1."
        )
    raise CourseError(
        f"{base} holds no version of a model: give the folder above the folders 1, 2, ... that"
        " `course_utils.serving.export` writes."
    )
