"""LICENSE names every trained model that the code loads, with its terms."""

import ast
import importlib.util
import re
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LICENCE = (ROOT / "LICENSE").read_text(encoding="utf-8")
NOTICE = LICENCE[LICENCE.index("What the environment installs") :]
NAMED = dict(re.findall(r"^- ([\w-]+) \((.*?)(?=^- |^$)", NOTICE, re.MULTILINE | re.DOTALL))
"""What is said of each package, by its name."""

MODEL = (
    ".dat",
    ".tflite",
    ".model",
    ".caffemodel",
    ".h5",
    ".keras",
    ".lz4",
    ".npz",
    ".onnx",
    ".pt",
)


@cache
def brought_by():
    """Return the distributions of each importable package."""
    return metadata.packages_distributions()


def asked_for():
    """Yield the package and the file's pattern of every model that the package's source names."""
    for path in (ROOT / "course_utils").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "weights":
                package, name = node.args
                yield package.value, re.sub(r"\{\w+\}", "*", ast.unparse(name).strip("f\"'"))
            elif isinstance(node, ast.ImportFrom) and node.module == "mtcnn":
                yield "mtcnn", "assets/weights/*.lz4"
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PACKAGE":
                from course_utils.models import imagenet

                assert path.name == "imagenet.py", path
                yield imagenet.PACKAGE, imagenet.FILE


def files(package, pattern):
    (folder,) = importlib.util.find_spec(package).submodule_search_locations
    return list(Path(folder).glob(pattern))


def distribution(package):
    """Return the name under which pip knows an importable package."""
    return re.sub(r"[-_.]+", "-", brought_by()[package][0]).lower()


def of_blazeface(name):
    """Whether the small or the large network is meant, of the many that the pattern allows."""
    from course_utils.faces.blazeface import INPUT

    return name in {f"face_detection_{model}.tflite" for model in INPUT}


def test_every_model_that_the_code_loads_is_named_with_its_package():
    seen = set()
    for package, pattern in asked_for():
        found = files(package, pattern)
        assert found, (package, pattern)
        for path in found:
            if "face_detection_*" in pattern and not of_blazeface(path.name):
                continue
            said = NAMED[distribution(package)]
            assert path.name in said, f"LICENSE does not name {path.name} of {package}"
            seen.add(path.name)
    listed = set(re.findall(r"[\w.]+(?:" + "|".join(map(re.escape, MODEL)) + r")\b", NOTICE))
    assert listed - seen == {"head.npz"}, "LICENSE names a model that nothing loads"


@pytest.mark.parametrize("name", NAMED)
def test_the_packages_licence_is_the_one_that_it_has(name):
    """By its licence file, where there is one: face-recognition-models' metadata say MIT."""
    found = metadata.distribution(name)
    texts = [
        path.read_text(encoding="utf-8")
        for path in found.files
        if "LICENSE" in path.name and path.suffix in ("", ".txt", ".md")
    ]
    said = NAMED[name].split(")")[0].split(";")[0]
    stated = (texts or [found.metadata["License"]])[0]
    assert said.split()[0] in stated.replace("CC0 1.0 Universal", "CC0 1.0"), stated[:200]


def test_every_imported_package_that_brings_models_is_named():
    """Whatever a module imports or names: a package with models in it has terms to be told."""
    imported = {package for package, _ in asked_for()}
    for path in (ROOT / "course_utils").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.split(".")[0])
    with_models = {
        distribution(package)
        for package in imported & set(brought_by())
        for file in metadata.files(brought_by()[package][0]) or []
        if file.suffix in (".dat", ".tflite", ".model", ".caffemodel", ".lz4", ".onnx")
        and not {"tests", "sample_data"} & set(file.parts)
    }
    assert with_models <= set(NAMED), with_models - set(NAMED)


def test_the_landmark_model_is_not_for_products():
    said = NAMED["face-recognition-models"]
    assert "300-W" in said and "exclude commercial use" in said and "course mask" in said
    source = (ROOT / "course_utils/faces/landmarks.py").read_text(encoding="utf-8")
    assert "excludes commercial use" in source
    page = (ROOT / "book/data.md").read_text(encoding="utf-8")
    assert "exclude commercial use" in page


def test_the_models_of_the_course_itself_are_named():
    held = [path for path in (ROOT / "data").rglob("*") if path.suffix in MODEL]
    assert held
    for path in held:
        assert path.relative_to(ROOT).as_posix() in NOTICE
