"""The manifests are valid for Kubernetes, fit each other, and say to the server what it
understands.
"""

import re
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from google.protobuf import text_format

from course_utils.serving import launcher, protos
from course_utils.serving.standin import config

FOLDER = Path(launcher.__file__).with_name("kubernetes")
FILES = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted(FOLDER.glob("*.yaml"))
}
CONTAINER = FILES["deployment"]["spec"]["template"]["spec"]["containers"][0]


@pytest.mark.parametrize("name", FILES)
def test_a_manifest_is_valid(name):
    kubernetes_validate.validate(FILES[name], "1.31", strict=True)


def test_a_wrong_manifest_would_be_noticed():
    wrong = yaml.safe_load(
        (FOLDER / "deployment.yaml")
        .read_text(encoding="utf-8")
        .replace("periodSeconds", "perioodSeconds")
    )
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.31", strict=True)


def test_the_names_fit_each_other():
    deployment, service, scaler = (FILES[name] for name in ("deployment", "service", "autoscaler"))
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert (
        deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()
        and service["spec"]["selector"].items() <= labels.items()
    )
    assert scaler["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    ports = {port["name"]: port["containerPort"] for port in CONTAINER["ports"]}
    assert (
        {port["targetPort"]: port["port"] for port in service["spec"]["ports"]}
        == ports
        == {"grpc": 8500, "rest": 8501}
    )
    volumes = {
        volume["name"]: volume for volume in deployment["spec"]["template"]["spec"]["volumes"]
    }
    assert {mount["name"] for mount in CONTAINER["volumeMounts"]} == set(volumes)
    assert volumes["config"]["configMap"]["name"] == FILES["models"]["metadata"]["name"]


def test_the_image_is_the_pinned_one_everywhere():
    assert CONTAINER["image"] == launcher.IMAGE
    assert set(
        re.findall(r"tensorflow/serving:[\w.]+", (FOLDER / "README.md").read_text(encoding="utf-8"))
    ) == {launcher.IMAGE}


def test_the_probes_ask_what_is_served():
    model = text_format.Parse(
        FILES["models"]["data"]["models.config"], protos.load().model_config.ModelServerConfig()
    ).model_config_list.config[0]
    for probe in ("startupProbe", "readinessProbe"):
        assert CONTAINER[probe]["httpGet"]["path"] == f"/v1/models/{model.name}"
    assert dict(model.version_labels) == {"stable": 1, "canary": 2}
    assert set(model.version_labels.values()) == set(model.model_version_policy.specific.versions)


def test_the_files_named_by_flags_are_there(tmp_path):
    named = re.findall(r"=/config/(\S+)", "\n".join(CONTAINER["args"]))
    assert set(named) == set(FILES["models"]["data"])
    (tmp_path / "batching.config").write_text(FILES["models"]["data"]["batching.config"])
    assert config.read_batching(tmp_path / "batching.config") == (32, 0.005)
