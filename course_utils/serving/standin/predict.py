"""What both interfaces share.

Find the signature, hold the inputs against it, compute, name the outputs.
"""

from course_utils.serving.standin.limits import Limits, check_tensor, check_texts
from course_utils.serving.standin.refusal import Refusal, invalid
from course_utils.serving.standin.versions import Retrying, not_found
from course_utils.serving.tensors import FIELDS

DEFAULT = "serving_default"
METHODS = {"classify": "classification", "regress": "regression"}
"""What asks for examples, and how the real server names such signatures."""


class Models:
    """The models of a server by their names.

    Attributes
    ----------
    models : dict of str to Model
    execution : Execution
    limits : Limits
        What a request may hold; the usual ones when not given.
    retrying : Retrying
        How a version that failed to load is tried again; as the real server when not given.
    """

    def __init__(self, execution, limits=None, retrying=None):
        self.models, self.execution, self.limits = {}, execution, limits or Limits()
        self.retrying = retrying or Retrying()

    def using(self, name, version=None, label=None):
        """As `Model.using`, for the model of a name."""
        if name not in self.models:
            raise not_found(name, version)
        return self.models[name].using(version, label)

    def status(self, name, version=None):
        """Return [(version, State)], the newest first.

        Raises `Refusal` when there is nothing to tell.
        """
        states = dict(self.models[name].states) if name in self.models else {}
        if version is not None:
            if version not in states:
                raise Refusal("NOT_FOUND", f"Could not find version {version} of model {name}")
            return [(version, states[version])]
        if not states:
            raise Refusal("NOT_FOUND", f"Could not find any versions of model {name}")
        return sorted(states.items(), reverse=True)

    def run(self, servable, signature, inputs, wanted=()):
        """Run a signature of a loaded version.

        Parameters
        ----------
        servable : Servable
        signature : str
        inputs : dict of str to ndarray
        wanted : sequence of str
            Names of outputs; all when empty.

        Returns
        -------
        dict of str to ndarray
            In alphabetical order.
        """
        definition = servable.signatures[signature]
        _check_arrays(definition, inputs, self.limits)
        return self.execution.run(servable.key, signature, inputs, _outputs(definition, wanted))

    def close(self):
        self.execution.close()


def _outputs(definition, wanted):
    names = sorted(definition.outputs)
    for number, name in enumerate(wanted):
        if name not in names:
            raise invalid(
                f"output tensor alias not found in signature: {name} Outputs expected to be in the"
                f" set {{{','.join(names)}}}."
            )
        if name in list(wanted)[:number]:
            raise invalid(f"duplicate output tensor alias: {name}")
    return sorted(wanted) or names


def check_names(definition, asked):
    """Hold the names of inputs against a signature; raises `Refusal` when they are others."""
    asked, there = set(asked), set(definition.inputs)
    if len(asked) != len(there):
        raise invalid(
            f"input size does not match signature: {len(asked)}!={len(there)}"
            f" len({{{','.join(sorted(asked))}}}) != len({{{','.join(sorted(there))}}}). Sent"
            f" extra: {{{','.join(sorted(asked - there))}}}. Missing but required:"
            f" {{{','.join(sorted(there - asked))}}}."
        )
    for name in sorted(asked - there):
        raise invalid(
            f"input tensor alias not found in signature: {name}. Inputs expected to be in the set"
            f" {{{','.join(sorted(there))}}}."
        )


def refuse_examples(servable, signature, verb):
    """Say why a signature does not take examples."""
    if signature not in servable.signatures:
        raise invalid(f"No signature was found with the name: {signature}")
    method = servable.signatures[signature].method_name
    if method != f"tensorflow/serving/{verb}":
        raise invalid(
            f"Expected {METHODS[verb]} signature method_name to be tensorflow/serving/{verb}. Was:"
            f" {method}"
        )
    raise Refusal("UNIMPLEMENTED", f"The stand-in does not serve {verb}; use predict")


def _check_arrays(definition, inputs, limits):
    check_names(definition, inputs)
    for name, array in sorted(inputs.items()):
        kind = next(label for label, (kind, _) in FIELDS.items() if kind == array.dtype.name)
        check_tensor(name, definition.inputs[name], kind, array.shape, limits)
        if array.dtype == object:
            check_texts(name, array.ravel().tolist(), limits)
