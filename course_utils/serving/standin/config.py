"""Which models to serve, and how.

The flags and the configuration file of `tensorflow_model_server`.

https://www.tensorflow.org/tfx/serving/serving_config
"""

import re
from pathlib import Path

from course_utils.serving import protos
from course_utils.serving.standin.refusal import Refusal, invalid
from course_utils.serving.standin.versions import Model

BATCH, PATIENCE = 32, 0.0
"""What the real server batches by when its file of parameters does not say: instances, seconds."""


def read_model_config(path):
    """Read a file of models, text form of `ModelServerConfig`."""
    from google.protobuf import text_format

    return text_format.Parse(
        Path(path).read_text(encoding="utf-8"), protos.load().model_config.ModelServerConfig()
    )


def read_again(path, reload):
    """Put the file of models into force once more; what was in force stays where that can't be.

    Returns
    -------
    str or None
        Why it is not taken: it is empty, half written perhaps, can't be read, or is contradictory.
    """
    from google.protobuf.text_format import ParseError

    try:
        wanted = read_model_config(path)
        reload(wanted)
    except (Refusal, OSError, UnicodeDecodeError, ParseError) as error:
        return str(error)
    return "it names no models" if wanted.WhichOneof("config") is None else None


def single_model(name, base):
    """Return the configuration that --model_name and --model_base_path stand for."""
    config = protos.load().model_config.ModelServerConfig()
    config.model_config_list.config.add(name=name, base_path=base)
    return config


def read_batching(path):
    """Return (instances, seconds) from a file of `BatchingParameters`: only these count."""
    text = Path(path).read_text(encoding="utf-8") if path else ""

    def value(name, default):
        found = re.search(rf"{name}\s*:?\s*{{\s*value\s*:\s*(\d+)", text)
        return int(found[1]) if found else default

    return value("max_batch_size", BATCH), value("batch_timeout_micros", PATIENCE * 1e6) / 1e6


def apply(models, config, any_label=False):
    """Put a configuration into force: load what is new, drop what it does not name.

    Parameters
    ----------
    models : Models
    config : ModelServerConfig
    any_label : bool
        A label may stand for a version that is not loaded.

    Raises
    ------
    Refusal
        When it is contradictory; nothing has changed then.
    """
    if (
        config.WhichOneof("config") is None
    ):  # as the real server: an empty file, half written perhaps, changes nothing
        return
    wanted = {entry.name: entry for entry in config.model_config_list.config}
    for entry in wanted.values():
        if not entry.name or not entry.base_path:
            raise invalid("Illegal configuration: each model needs a name and a base_path")
        if entry.version_labels and not any_label:
            states = models.models[entry.name].states if entry.name in models.models else {}
            for label, version in entry.version_labels.items():
                if version not in states or states[version].state != "AVAILABLE":
                    raise Refusal(
                        "FAILED_PRECONDITION",
                        f"Request to assign label {label} to version {version} of model"
                        f" {entry.name}, which is not currently available for inference",
                    )
    for name, entry in wanted.items():
        model = models.models.get(name)
        if model is None or model.base != Path(entry.base_path):
            model = Model(name, Path(entry.base_path), models.execution, retrying=models.retrying)
            models.models[name] = model
        model.policy, model.labels = policy(entry.model_version_policy), dict(entry.version_labels)
        model.poll()
    for name in [name for name in models.models if name not in wanted]:
        models.models.pop(name).close()


def policy(message):
    """Turn a `ServableVersionPolicy` into a function from present versions to those served."""
    kind = message.WhichOneof("policy_choice")
    if kind == "all":
        return lambda numbers: numbers
    if kind == "specific":
        chosen = set(message.specific.versions)
        return lambda numbers: [number for number in numbers if number in chosen]
    count = max(1, message.latest.num_versions)
    return lambda numbers: numbers[-count:]
