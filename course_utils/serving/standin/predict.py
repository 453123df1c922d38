"""What both interfaces share.

Find the signature, hold the inputs against it, compute, name the outputs.
"""

from course_utils.serving import protos, tensors
from course_utils.serving.standin.refusal import Refusal, invalid
from course_utils.serving.standin.versions import not_found

DEFAULT, PREDICT = "serving_default", "tensorflow/serving/predict"


class Models:
    """The models of a server by their names.

    Attributes
    ----------
    models : dict of str to Model
    execution : Execution
    """

    def __init__(self, execution):
        self.models, self.execution = {}, execution

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
        _check_inputs(definition, inputs)
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


def _check_inputs(definition, inputs):
    asked, there = set(inputs), set(definition.inputs)
    if len(asked) != len(there):
        raise invalid(
            f"input size does not match signature: {len(asked)}!={len(there)}"
            f" len({{{','.join(sorted(asked))}}}) != len({{{','.join(sorted(there))}}}). Sent"
            f" extra: {{{','.join(sorted(asked - there))}}}. Missing but required:"
            f" {{{','.join(sorted(there - asked))}}}."
        )
    for name in sorted(asked):
        if name not in there:
            raise invalid(
                f"input tensor alias not found in signature: {name}. Inputs expected to be in the"
                f" set {{{','.join(sorted(there))}}}."
            )
        _check_input(name, definition.inputs[name], inputs[name])


def _check_input(name, info, array):
    types = protos.load().types
    kind = types.DataType.Name(info.dtype)
    wanted = tensors.FIELDS.get(kind, (None,))[0]
    given = next(label for label, (kind, _) in tensors.FIELDS.items() if kind == array.dtype.name)
    if wanted != array.dtype.name:
        raise invalid(
            f"Expects arg[0] to be {kind.removeprefix('DT_').lower()} but"
            f" {given.removeprefix('DT_').lower()} is provided"
        )
    if info.tensor_shape.unknown_rank:
        return
    sides = [dim.size for dim in info.tensor_shape.dim]
    if len(sides) != array.ndim or any(
        side >= 0 and side != real for side, real in zip(sides, array.shape, strict=True)
    ):
        raise invalid(
            f"Input {name} has the shape [{','.join(map(str, array.shape))}], and the signature"
            f" takes [{','.join('?' if side < 0 else str(side) for side in sides)}]"
        )
