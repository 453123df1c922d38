"""The gRPC interface: PredictionService and ModelService on their official messages."""

import logging
from concurrent.futures import ThreadPoolExecutor

from course_utils.serving import protos, tensors
from course_utils.serving.standin import rest
from course_utils.serving.standin.connections import most
from course_utils.serving.standin.limits import check_tensor
from course_utils.serving.standin.predict import DEFAULT, METHODS, check_names, refuse_examples
from course_utils.serving.standin.refusal import Refusal, invalid

THREADS = 32  # requests at a time; they wait most of it for the process that computes
HELLO = 5  # seconds for a connection to say that it speaks gRPC; until then it takes a place
IDLE = 300  # seconds after which a connection that asks for nothing is closed


def server(models, reload):
    """Return a gRPC server with both services; ports are the caller's.

    Parameters
    ----------
    models : Models
    reload : callable
        Takes a `ModelServerConfig` and puts it into force, or raises `Refusal`.
    """
    import grpc

    messages = protos.load()

    def guarded(method):
        def answer(_, request, context):
            try:
                return method(request)
            except Refusal as refusal:
                context.abort(grpc.StatusCode[refusal.code], refusal.message)

        return answer

    class PredictionService(messages.prediction_service.PredictionServiceServicer):
        Predict = guarded(lambda request: predict(models, request))
        GetModelMetadata = guarded(lambda request: get_model_metadata(models, request))
        Classify = guarded(lambda request: infer(models, request, "classify"))
        Regress = guarded(lambda request: infer(models, request, "regress"))
        MultiInference = guarded(lambda request: multi_inference(models, request))

    class ModelService(messages.model_service.ModelServiceServicer):
        GetModelStatus = guarded(lambda request: get_model_status(models, request))
        HandleReloadConfigRequest = guarded(lambda request: handle_reload(reload, request))

    logging.getLogger("grpc").setLevel(
        logging.CRITICAL
    )  # gRPC would write a traceback for every message that is none
    made = grpc.server(
        ThreadPoolExecutor(THREADS),
        maximum_concurrent_rpcs=4 * THREADS,
        options=[
            ("grpc.max_receive_message_length", models.limits.body),
            ("grpc.compression_enabled_algorithms_bitset", 1),  # a few bytes may hold gigabytes
            ("grpc.server_handshake_timeout_ms", HELLO * 1000),
            ("grpc.max_connection_idle_ms", IDLE * 1000),
            ("grpc.max_allowed_incoming_connections", most()),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),
        ],
    )
    messages.prediction_service.add_PredictionServiceServicer_to_server(PredictionService(), made)
    messages.model_service.add_ModelServiceServicer_to_server(ModelService(), made)
    return made


def _place(request):
    """Return name, version and label that a request asks for."""
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")
    spec = request.model_spec
    if not spec.name:
        raise invalid("ModelSpec has no name specified.")
    return _asked(spec)


def _asked(spec):
    version = spec.version.value if spec.HasField("version") else None
    return spec.name, version, spec.version_label or None


def predict(models, request):
    """Answer `PredictionService.Predict`."""
    name, version, label = _place(request)
    signature = request.model_spec.signature_name or DEFAULT
    with models.using(name, version, label) as servable:
        if signature not in servable.signatures:
            raise Refusal("FAILED_PRECONDITION", f'Serving signature key "{signature}" not found.')
        definition = servable.signatures[signature]
        check_names(definition, request.inputs)
        try:
            for key, proto in sorted(request.inputs.items()):  # before anything is built
                kind, shape = tensors.promised(proto)
                check_tensor(key, definition.inputs[key], kind, shape, models.limits)
            inputs = {key: tensors.to_array(proto) for key, proto in request.inputs.items()}
        except ValueError as error:
            raise invalid(f"Could not parse tensor: {error}") from error
        outputs = models.run(servable, signature, inputs, list(request.output_filter))
        response = protos.load().predict.PredictResponse()
        for key, array in outputs.items():
            response.outputs[key].CopyFrom(as_field(array))
        response.model_spec.name = servable.name
        response.model_spec.version.value = servable.version
        response.model_spec.signature_name = signature
        return response


def as_field(array):
    """Turn an array into a tensor with its numbers one by one, as the real server sends them."""
    proto = tensors.to_proto(array)
    if proto.tensor_content:
        field = tensors.FIELDS[protos.load().types.DataType.Name(proto.dtype)][1]
        getattr(proto, field).extend(array.ravel().tolist())
        proto.ClearField("tensor_content")
    return proto


def get_model_metadata(models, request):
    """Answer `PredictionService.GetModelMetadata`."""
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")
    if not request.metadata_field:
        raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
    for name in request.metadata_field:
        if name != "signature_def":
            raise invalid(f"Metadata field {name} is not supported")
    name, version, label = _place(request)
    with models.using(name, version, label) as servable:
        response = protos.load().metadata.GetModelMetadataResponse()
        response.model_spec.name = servable.name
        response.model_spec.version.value = servable.version
        response.metadata["signature_def"].Pack(rest.metadata_message(servable))
        return response


def get_model_status(models, request):
    """Answer `ModelService.GetModelStatus`."""
    name, version, label = _place(request)
    if label is not None:
        with models.using(name, None, label) as servable:
            version = servable.version
    return rest.status_message(models.status(name, version))


def handle_reload(reload, request):
    """Answer `HandleReloadConfigRequest`: other versions or labels without a restart."""
    if request.config.WhichOneof("config") != "model_config_list":
        raise invalid(
            "ServerModelConfig type not supported by HandleReloadConfigRequest. Only"
            " ModelConfigList is currently supported"
        )
    reload(request.config)
    return protos.load().management.ReloadConfigResponse()


def infer(models, request, verb):
    """Refuse `Classify` or `Regress`: the signatures of this course predict.

    What is wrong is said in the order of the real server.
    """
    name, version, label = _place(request)
    with models.using(name, version, label) as servable:
        refuse_examples(servable, request.model_spec.signature_name or DEFAULT, verb)


def multi_inference(models, request):
    """Refuse `MultiInference`, likewise."""
    spec = request.tasks[0].model_spec if request.tasks else None
    if spec is None or not spec.name:
        raise invalid("ModelSpec has no name specified.")
    seen = set()
    with models.using(*_asked(spec)) as servable:
        for task in request.tasks:
            signature = task.model_spec.signature_name or DEFAULT
            verb = task.method_name.removeprefix("tensorflow/serving/")
            if not task.model_spec.name:
                raise invalid("Found ModelSpec with an empty model name.")
            if task.model_spec.name != spec.name:
                raise invalid(
                    "All ModelSpecs in a MultiInferenceRequest must access the same model name."
                )
            if signature in seen:
                raise invalid(f"Duplicate evaluation of signature: {signature}")
            seen.add(signature)
            if signature not in servable.signatures:
                raise invalid(f"Requested signature not found in model graph: {signature}")
            if verb not in METHODS or verb == task.method_name:
                raise Refusal(
                    "UNIMPLEMENTED", f"Unsupported signature method_name: {task.method_name}"
                )
            refuse_examples(servable, signature, verb)
