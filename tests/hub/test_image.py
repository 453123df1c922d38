"""The image for Docker and hubs, as far as that can be seen without Docker: its Dockerfile, what
its entry point does, and the files that a hub is configured with.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import dockerfiles  # noqa: E402
import lock  # noqa: E402

INSTRUCTIONS = dockerfiles.parse((ROOT / "Dockerfile").read_text(encoding="utf-8"))
STAGES = dockerfiles.stages(INSTRUCTIONS)
RUNS = [rest for name, rest in INSTRUCTIONS if name == "RUN"]
HUB_LOCK = (ROOT / "hub" / "requirements.lock").read_text(encoding="utf-8")
VALUES = yaml.safe_load((ROOT / "hub" / "values.yaml").read_text(encoding="utf-8"))

DEVCONTAINER = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "image", "postCreateCommand"],
    "properties": {
        "name": {"type": "string"},
        "image": {"type": "string", "pattern": r"^mcr\.microsoft\.com/devcontainers/\S+:\S+$"},
        "hostRequirements": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "cpus": {"type": "integer", "minimum": 1},
                "memory": {"type": "string", "pattern": r"^\d+([tgmk]b)?$"},
                "storage": {"type": "string", "pattern": r"^\d+([tgmk]b)?$"},
            },
        },
        "postCreateCommand": {"type": "string"},
        "forwardPorts": {"type": "array", "items": {"type": "integer", "maximum": 65535}},
        "portsAttributes": {"type": "object", "additionalProperties": {"required": ["label"]}},
        "remoteEnv": {"type": "object", "additionalProperties": {"type": "string"}},
        "customizations": {"type": "object", "required": ["vscode"]},
    },
}
VALUES_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["singleuser"],
    "properties": {
        "singleuser": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "image": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["name", "tag"],
                    "properties": {"name": {"type": "string"}, "tag": {"type": "string"}},
                },
                "cmd": {"type": "string"},
                "defaultUrl": {"type": "string", "pattern": "^/lab"},
                "startTimeout": {"type": "integer", "minimum": 60},
                "memory": {"$ref": "#/$defs/memory"},
                "cpu": {"$ref": "#/$defs/cpu"},
                "extraEnv": {"type": "object", "additionalProperties": {"type": "string"}},
                "storage": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "homeMountPath": {"type": "string", "pattern": "^/"},
                        "capacity": {"type": "string", "pattern": r"^\d+[MGT]i$"},
                    },
                },
                "networkPolicy": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "egressAllowRules": {
                            "type": "object",
                            "additionalProperties": {"type": "boolean"},
                        }
                    },
                },
            },
        },
        "prePuller": {"type": "object"},
        "cull": {"type": "object"},
        "scheduling": {"type": "object"},
    },
    "$defs": {
        "memory": {
            "type": "object",
            "additionalProperties": False,
            "required": ["limit", "guarantee"],
            "patternProperties": {
                "^(limit|guarantee)$": {"type": "string", "pattern": r"^[\d.]+[KMGT]$"}
            },
        },
        "cpu": {
            "type": "object",
            "additionalProperties": False,
            "patternProperties": {"^(limit|guarantee)$": {"type": "number"}},
        },
    },
}


def of_last_stage(name):
    """Return what the last such instruction of the image says."""
    return [rest for instruction, rest in STAGES[""] if instruction == name][-1]


def test_the_base_is_a_slim_python_pinned_by_digest():
    bases = [rest for name, rest in STAGES["environment"] if name == "FROM"]
    assert re.fullmatch(r"python:3\.1[12]\.\d+-slim-\w+@sha256:[0-9a-f]{64}", bases[0])
    others = {stage[0][1] for name, stage in STAGES.items() if name != "environment"}
    assert others == {"environment"}


def test_every_package_comes_from_a_lock_with_hashes():
    installs = [step for run in RUNS for step in run.split("&& ") if " pip install" in step]
    for step in installs:
        locked = "--require-hashes --no-deps --" in step and "/opt/lock/" in step
        own = "--no-deps --no-build-isolation --editable ." in step
        assert locked or own or re.search(r"install uv==[\d.]+$", step.strip()), step
    assert sum("--require-hashes" in step for step in installs) == 2
    uv = re.search(r'UV = "(\S+)"', (ROOT / "bootstrap.py").read_text(encoding="utf-8"))[1]
    assert f"install {uv}" in RUNS[0]


def test_the_copied_files_are_there():
    for name, rest in INSTRUCTIONS:
        if name == "COPY" and not rest.startswith("--from"):
            assert (ROOT / rest.split()[0]).exists(), rest


def test_students_get_no_answers_and_no_rights():
    """Only the handout travels from the stage that saw the whole course."""
    copies = [rest for name, rest in STAGES[""] if name == "COPY"]
    assert [rest for rest in copies if rest.startswith("--from")] == [
        "--from=handout /opt/course /opt/course"
    ]
    assert not any(rest.split()[0] == "." for rest in copies)
    assert any("course handout /opt/course" in run for run in RUNS)
    assert of_last_stage("USER") == "1000:100"
    after_user = STAGES[""][[name for name, _ in STAGES[""]].index("USER") :]
    assert not {"RUN", "COPY", "ADD"} & {name for name, _ in after_user}


def test_the_command_is_course_lab_behind_the_entry_point():
    assert of_last_stage("CMD") == ["course", "lab"]
    assert of_last_stage("ENTRYPOINT") == ["course-start"]
    copied = [rest.split() for name, rest in STAGES[""] if name == "COPY"]
    assert ["hub/start", "/usr/local/bin/course-start"] in copied
    assert os.access(ROOT / "hub" / "start", os.X_OK)


def test_jupyter_listens_on_the_port_that_is_exposed():
    settings = json.loads((ROOT / "hub" / "jupyter_server_config.json").read_text())["ServerApp"]
    assert settings == {"ip": "0.0.0.0", "open_browser": False}
    copied = [rest.split() for name, rest in STAGES[""] if name == "COPY"]
    # Where Jupyter Server looks for it; jupyter_server_config.d holds extensions only.
    assert [
        "hub/jupyter_server_config.json",
        "/opt/venv/etc/jupyter/jupyter_server_config.json",
    ] in copied
    assert of_last_stage("EXPOSE") == "8888"  # Jupyter's own


def test_what_git_ignores_does_not_travel_into_the_image():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {".git", ".venv", "work", "book/_build"} <= set(ignored)


def test_the_hub_lock_holds_jupyterhub_and_nothing_of_the_course():
    names = re.findall(r"^([\w.-]+)==", HUB_LOCK, re.MULTILINE)
    assert lock.JUPYTERHUB in HUB_LOCK
    assert not set(names) & {name for name, _, _ in lock.pins()}
    for block in re.split(r"\n(?=\S)", HUB_LOCK.strip()):
        assert "--hash=sha256:" in block, block
    assert "://" not in HUB_LOCK


@pytest.mark.skipif(os.name == "nt", reason="a shell script of the image")
def test_a_student_gets_chapters_once_and_the_rest_by_links(tmp_path):
    """The entry point, with a small course in place of /opt/course."""
    shared, home = tmp_path / "shared", tmp_path / "home"
    (shared / "chapters" / "quizzes").mkdir(parents=True)
    (shared / "data").mkdir()
    home.mkdir()
    for name in ("chapters/00_a.ipynb", "chapters/quizzes/00 b.json", "pyproject.toml", ".handout"):
        (shared / name).write_text("first")
    script = (ROOT / "hub" / "start").read_text(encoding="utf-8")
    assert "shared=/opt/course\n" in script
    start = tmp_path / "start"
    start.write_text(script.replace("shared=/opt/course\n", f"shared='{shared}'\n"))

    def come_in():
        done = subprocess.run(
            ["sh", str(start), "sh", "-c", "pwd -P; ls -A"],
            env={"HOME": str(home), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    mine = home / "course"
    assert come_in() == [str(mine.resolve()), ".handout", "chapters", "data", "pyproject.toml"]
    assert (mine / "data").is_symlink() and not (mine / "chapters").is_symlink()
    assert (mine / "chapters" / "quizzes" / "00 b.json").read_text() == "first"
    (mine / "chapters" / "00_a.ipynb").write_text("my answer")
    for name in ("chapters/00_a.ipynb", "chapters/01_new.ipynb", "pyproject.toml"):
        (shared / name).write_text("second")  # a newer image
    come_in()
    assert (mine / "chapters" / "00_a.ipynb").read_text() == "my answer"
    assert (mine / "chapters" / "01_new.ipynb").read_text() == "second"
    assert (mine / "pyproject.toml").read_text() == "second"


def test_codespaces_read_the_devcontainer():
    text = (ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8")
    described = json.loads(text)
    jsonschema.validate(described, DEVCONTAINER)
    assert {str(port) for port in described["forwardPorts"]} == set(described["portsAttributes"])
    assert "bootstrap.py" in described["postCreateCommand"]


def test_the_values_for_kubernetes_have_the_charts_form():
    jsonschema.validate(VALUES, VALUES_SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"singleuser": {"memory": {"limits": "4G"}}}, VALUES_SCHEMA)


def test_both_hubs_start_the_same_thing_with_the_same_limits():
    config = {}

    class Section:
        def __init__(self, name):
            object.__setattr__(self, "name", name)

        def __getattr__(self, name):
            return Section(name)

        def __setattr__(self, name, value):
            config[f"{self.name}.{name}"] = value

    code = (ROOT / "hub" / "jupyterhub_config.py").read_text(encoding="utf-8")
    exec(compile(code, "jupyterhub_config.py", "exec"), {"get_config": lambda: Section("c")})
    student = VALUES["singleuser"]
    assert config["DockerSpawner.cmd"] == [student["cmd"]] == ["jupyterhub-singleuser"]
    assert config["DockerSpawner.mem_limit"] == student["memory"]["limit"]
    assert config["DockerSpawner.cpu_limit"] == student["cpu"]["limit"]
    assert config["DockerSpawner.environment"] == student["extraEnv"]
    assert config["DockerSpawner.default_url"] == student["defaultUrl"]
    home = dict(re.findall(r"(HOME)=(\S+)", of_last_stage("ENV")))["HOME"]
    assert list(config["DockerSpawner.volumes"].values()) == [home]
    assert student["storage"]["homeMountPath"] == home
    chapter = student["defaultUrl"].removeprefix("/lab/tree/")
    assert (ROOT / chapter).exists()


def sections(page):
    """Return the text below each heading of a page, by the heading."""
    return dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))


def test_each_claim_of_the_page_names_a_test_that_exists():
    """Each section says by what it was tested or measured; so does each line of the table."""
    page = (ROOT / "book" / "hub.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith("| ") and "| `" in line]
    assert len(lines) == 4
    said = [
        text.split("*Tested:*")[-1] for name, text in sections(page).items() if "scales" not in name
    ]
    assert len(said) == 5 and all(
        "*Tested:*" in text for text in sections(page).values() if "| what" not in text
    )
    defined = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    for claim in [*lines, *said]:
        named = [name for name in re.findall(r"`([\w/.]+)`", claim) if "test" in name]
        assert named, claim
        for name in named:
            assert name in defined or (ROOT / name).exists(), name
    for name in re.findall(
        r"[` ]((?:hub|tests|benchmarks|course_utils|tools|\.devcontainer|\.github)/[\w./]+)`?", page
    ):
        assert (ROOT / name).exists(), name


def test_the_limits_of_a_hub_leave_room_for_the_largest_chapter():
    page = (ROOT / "book" / "hub.md").read_text(encoding="utf-8")
    measured = sections(page)["Memory and processor for each student"].split("Hence the values")[0]
    peaks = [float(peak) for peak in re.findall(r"\b(\d\.\d)\b(?! GB\.)", measured)]
    memory = {
        kind: float(size.removesuffix("G")) for kind, size in VALUES["singleuser"]["memory"].items()
    }
    lab = float(re.search(r"JupyterLab itself takes ([\d.]+) GB", measured)[1])
    assert len(peaks) >= 6 and max(peaks) + lab + 0.5 < memory["limit"], "a second, open notebook"
    assert sorted(peaks)[len(peaks) // 2] + lab <= memory["guarantee"] + 0.5
    forty = int(64 / memory["guarantee"] // 10 * 10)
    assert forty == 40 and "a node of 64 GB takes forty" in " ".join(page.split())


def test_the_page_gives_the_commands_and_limits_of_the_files():
    page = (ROOT / "book" / "hub.md").read_text(encoding="utf-8")
    folder = ROOT / "course_utils" / "serving" / "kubernetes"
    deployment = yaml.safe_load((folder / "deployment.yaml").read_text(encoding="utf-8"))
    scaler = yaml.safe_load((folder / "autoscaler.yaml").read_text(encoding="utf-8"))
    name = deployment["metadata"]["name"]
    assert f"kubectl scale deployment {name} --replicas" in page
    assert (scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]) == (2, 8)
    student = VALUES["singleuser"]
    for size, what in (("guarantee", "a guarantee of"), ("limit", "a limit of")):
        assert f"{what} {student['memory'][size].removesuffix('G')} GB" in page
    assert f"--values {'hub/values.yaml'}" in page and lock.JUPYTERHUB in page
    capacity = student["storage"]["capacity"].removesuffix("Gi")
    assert f"a volume of {capacity} GB" in page
