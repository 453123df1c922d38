"""The gRPC interface: PredictionService and ModelService on their official messages."""

import logging
from concurrent.futures import ThreadPoolExecutor

from course_utils.serving import protos, tensors
from course_utils.serving.standin import rest
from course_utils.serving.standin.predict import DEFAULT
from course_utils.serving.standin.refusal import NUMBERS, Refusal, invalid

THREADS = 32  # requests at a time; they wait most of it for the process that computes


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

    class ModelService(messages.model_service.ModelServiceServicer):
        GetModelStatus = guarded(lambda request: get_model_status(models, request))
        HandleReloadConfigRequest = guarded(lambda request: handle_reload(reload, request))

    logging.getLogger("grpc").setLevel(
        logging.CRITICAL
    )  # gRPC would write a traceback for every message that is none
    made = grpc.server(
        ThreadPoolExecutor(THREADS),
        options=[
            ("grpc.max_receive_message_length", -1),
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
    return (
        spec.name,
        spec.version.value if spec.HasField("version") else None,
        spec.version_label or None,
    )


def predict(models, request):
    """Answer `PredictionService.Predict`."""
    name, version, label = _place(request)
    signature = request.model_spec.signature_name or DEFAULT
    with models.using(name, version, label) as servable:
        if signature not in servable.signatures:
            raise Refusal("FAILED_PRECONDITION", f'Serving signature key "{signature}" not found.')
        try:
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
    response = protos.load().management.ReloadConfigResponse()
    try:
        reload(request.config)
    except Refusal as refusal:
        response.status.error_code, response.status.error_message = (
            NUMBERS.get(refusal.code, 2),
            refusal.message,
        )
    return response
