"""The gRPC interface of TensorFlow Serving, case by case; conftest.py says how to point it at a
real server.
"""

import grpc
import numpy as np
import pytest

from course_utils.serving import protos, tensors

FACE = np.array([[[1, 2, 3], [4, 5, 6]]], np.float32)
messages = protos.load()


@pytest.fixture(scope="module")
def channel(server):
    with grpc.insecure_channel(
        server.grpc,
        options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
    ) as channel:
        yield channel


@pytest.fixture
def predictions(channel):
    return messages.prediction_service.PredictionServiceStub(channel)


@pytest.fixture
def models(channel):
    return messages.model_service.ModelServiceStub(channel)


def request(inputs=(), name="contract", signature="", version=None, label="", outputs=()):
    made = messages.predict.PredictRequest(output_filter=outputs)
    made.model_spec.name, made.model_spec.signature_name = name, signature
    if version is not None:
        made.model_spec.version.value = version
    if label:
        made.model_spec.version_label = label
    for key, array in dict(inputs).items():
        made.inputs[key].CopyFrom(
            array if isinstance(array, messages.tensor.TensorProto) else tensors.to_proto(array)
        )
    return made


def refused(call, asked, code, *texts):
    with pytest.raises(grpc.RpcError) as error:
        call(asked, timeout=120)
    assert error.value.code() is grpc.StatusCode[code], error.value.details()
    for text in texts:
        assert text in error.value.details()


def outputs(answer):
    return {key: tensors.to_array(proto).tolist() for key, proto in answer.outputs.items()}


# --- Predict
def test_a_prediction_names_what_answered(predictions):
    answer = predictions.Predict(request({"images": FACE}), timeout=120)
    assert outputs(answer) == {"means": [[2.0, 5.0]]}
    assert (
        answer.model_spec.name,
        answer.model_spec.version.value,
        answer.model_spec.signature_name,
    ) == ("contract", 2, "serving_default")


def test_numbers_come_back_one_by_one(predictions):
    proto = predictions.Predict(request({"images": FACE}), timeout=120).outputs["means"]
    assert list(proto.float_val) == [2.0, 5.0] and proto.tensor_content == b""


def test_numbers_may_go_one_by_one(predictions):
    proto = messages.tensor.TensorProto(dtype=messages.types.DT_FLOAT, float_val=range(1, 7))
    for side in (1, 2, 3):
        proto.tensor_shape.dim.add(size=side)
    assert outputs(predictions.Predict(request({"images": proto}), timeout=120)) == {
        "means": [[2.0, 5.0]]
    }


def test_the_last_number_stands_for_all_that_follow(predictions):
    proto = messages.tensor.TensorProto(dtype=messages.types.DT_FLOAT, float_val=[1, 7])
    proto.tensor_shape.dim.add(size=4)
    assert outputs(predictions.Predict(request({"x": proto}, signature="same"), timeout=120)) == {
        "y": [1.0, 7.0, 7.0, 7.0]
    }


def test_a_version_may_be_asked_for(predictions):
    assert (
        predictions.Predict(
            request({"images": FACE}, version=2), timeout=120
        ).model_spec.version.value
        == 2
    )


def test_several_inputs_and_outputs(predictions):
    answer = predictions.Predict(
        request(
            {"a": np.array([[1, 2]], np.float32), "b": np.array([10], np.float32)}, signature="two"
        ),
        timeout=120,
    )
    assert outputs(answer) == {"sum": [[11.0, 12.0]], "total": [13.0]}


def test_an_output_filter_chooses(predictions):
    answer = predictions.Predict(
        request(
            {"a": np.array([[1, 2]], np.float32), "b": np.array([10], np.float32)},
            signature="two",
            outputs=["total"],
        ),
        timeout=120,
    )
    assert outputs(answer) == {"total": [13.0]}


def test_bytes_go_as_they_are(predictions):
    content = bytes(range(256))
    answer = predictions.Predict(
        request({"text": np.array([content, b""], object)}, signature="texts"), timeout=120
    )
    assert outputs(answer)["text"] == [content, b""]


@pytest.mark.parametrize(
    ("signature", "values"),
    [
        ("double", np.array([0.1, 1e300])),
        ("int32", np.array([-(2**31), 2**31 - 1], np.int32)),
        ("int64", np.array([-(2**63), 2**63 - 1])),
        ("uint8", np.array([0, 255], np.uint8)),
        ("bool", np.array([True, False])),
        ("same", np.array([np.inf, -np.inf, 1e-45], np.float32)),
    ],
)
def test_each_type_comes_back_as_it_went(predictions, signature, values):
    proto = predictions.Predict(request({"x": values}, signature=signature), timeout=120).outputs[
        "y"
    ]
    assert (
        tensors.to_array(proto).dtype == values.dtype
        and tensors.to_array(proto).tolist() == values.tolist()
    )


def test_an_empty_batch_is_answered(predictions):
    assert outputs(predictions.Predict(request({"images": FACE[:0]}), timeout=120)) == {"means": []}


def test_more_than_four_megabytes_are_answered(predictions):
    numbers = np.arange(2_000_000, dtype=np.float32)
    answer = predictions.Predict(request({"x": numbers}, signature="same"), timeout=120)
    assert np.array_equal(tensors.to_array(answer.outputs["y"]), numbers)


@pytest.mark.parametrize(
    ("asked", "code", "text"),
    [
        (messages.predict.PredictRequest(), "INVALID_ARGUMENT", "Missing ModelSpec"),
        (request({"images": FACE}, name=""), "INVALID_ARGUMENT", ""),
        (
            request({"images": FACE}, name="nobody"),
            "NOT_FOUND",
            "Servable not found for request: Latest(nobody)",
        ),
        (
            request({"images": FACE}, version=1),
            "NOT_FOUND",
            "Servable not found for request: Specific(contract, 1)",
        ),
        (
            request({"images": FACE}, label="canary"),
            "INVALID_ARGUMENT",
            "Unrecognized servable version label: canary",
        ),
        (
            request({"images": FACE}, signature="other"),
            "FAILED_PRECONDITION",
            'Serving signature key "other" not found.',
        ),
        (request(), "INVALID_ARGUMENT", "input size does not match signature: 0!=1"),
        (request({"images": FACE, "more": FACE}), "INVALID_ARGUMENT", "Sent extra: {more}"),
        (request({"pictures": FACE}), "INVALID_ARGUMENT", "pictures"),
        (
            request({"images": FACE.astype(np.uint8)}),
            "INVALID_ARGUMENT",
            "to be float but uint8 is provided",
        ),
        (
            request({"images": FACE.astype(np.float64)}),
            "INVALID_ARGUMENT",
            "to be float but double is provided",
        ),
        (
            request({"images": FACE}, outputs=["other"]),
            "INVALID_ARGUMENT",
            "output tensor alias not found in signature: other",
        ),
        (
            request({"images": FACE}, outputs=["means", "means"]),
            "INVALID_ARGUMENT",
            "duplicate output tensor alias: means",
        ),
        (request({"images": FACE[0]}), "INVALID_ARGUMENT", ""),
        (
            request(
                {
                    "images": messages.tensor.TensorProto(
                        dtype=messages.types.DT_FLOAT, tensor_content=b"123"
                    )
                }
            ),
            "INVALID_ARGUMENT",
            "",
        ),
        (
            request({"x": np.array([-1], np.float32)}, signature="fails"),
            "INVALID_ARGUMENT",
            "x must be positive",
        ),
    ],
)
def test_a_request_that_is_refused(predictions, asked, code, text):
    refused(predictions.Predict, asked, code, text)


def test_a_long_message_is_cut(predictions):
    with pytest.raises(grpc.RpcError) as error:
        predictions.Predict(request({"images": FACE}, signature="x" * 3000), timeout=120)
    assert len(error.value.details()) == 1024 + len(
        "...TRUNCATED"
    ) and error.value.details().endswith("...TRUNCATED")


# --- GetModelMetadata
def metadata_request(name="contract", version=None, fields=("signature_def",)):
    made = messages.metadata.GetModelMetadataRequest(metadata_field=fields)
    if name is not None:
        made.model_spec.name = name
    if version is not None:
        made.model_spec.version.value = version
    return made


def test_metadata_holds_the_signatures(predictions):
    answer = predictions.GetModelMetadata(metadata_request(), timeout=120)
    found = messages.metadata.SignatureDefMap()
    assert answer.metadata["signature_def"].Unpack(found)
    assert [
        dim.size for dim in found.signature_def["serving_default"].inputs["images"].tensor_shape.dim
    ] == [-1, 2, 3]
    assert (answer.model_spec.name, answer.model_spec.version.value) == ("contract", 2)


@pytest.mark.parametrize(
    ("asked", "code", "text"),
    [
        (
            metadata_request(fields=()),
            "INVALID_ARGUMENT",
            "must specify at least one metadata_field",
        ),
        (metadata_request(fields=("weights",)), "INVALID_ARGUMENT", "is not supported"),
        (metadata_request(name=None), "INVALID_ARGUMENT", "Missing ModelSpec"),
        (
            metadata_request(name="nobody"),
            "NOT_FOUND",
            "Servable not found for request: Latest(nobody)",
        ),
        (
            metadata_request(version=9),
            "NOT_FOUND",
            "Servable not found for request: Specific(contract, 9)",
        ),
    ],
)
def test_metadata_that_is_refused(predictions, asked, code, text):
    refused(predictions.GetModelMetadata, asked, code, text)


# --- GetModelStatus
def status_request(name="contract", version=None):
    made = messages.status.GetModelStatusRequest()
    if name is not None:
        made.model_spec.name = name
    if version is not None:
        made.model_spec.version.value = version
    return made


@pytest.mark.parametrize("version", [None, 2])
def test_the_status_says_what_is_available(models, version):
    (entry,) = models.GetModelStatus(
        status_request(version=version), timeout=120
    ).model_version_status
    assert (entry.version, entry.state, entry.status.error_code) == (
        2,
        messages.status.ModelVersionStatus.AVAILABLE,
        0,
    )


@pytest.mark.parametrize(
    ("asked", "code", "text"),
    [
        (status_request(name="nobody"), "NOT_FOUND", "Could not find any versions of model nobody"),
        (status_request(version=1), "NOT_FOUND", "Could not find version 1 of model contract"),
        (status_request(name=None), "INVALID_ARGUMENT", "Missing ModelSpec"),
    ],
)
def test_a_status_that_is_refused(models, asked, code, text):
    refused(models.GetModelStatus, asked, code, text)


# --- Classify, Regress, MultiInference
def example_request(kind, name="contract", signature="", version=None):
    made = kind()
    if name is not None:
        made.model_spec.name, made.model_spec.signature_name = name, signature
    if version is not None:
        made.model_spec.version.value = version
    made.input.example_list.examples.add()
    return made


@pytest.mark.parametrize(
    ("verb", "kind", "noun"),
    [
        ("Classify", messages.classification.ClassificationRequest, "classification"),
        ("Regress", messages.regression.RegressionRequest, "regression"),
    ],
)
def test_what_asks_for_examples_is_refused_in_the_order_of_the_real_server(
    predictions, verb, kind, noun
):
    call = getattr(predictions, verb)
    not_found = "Servable not found for request"
    refused(call, kind(), "INVALID_ARGUMENT", "Missing ModelSpec")
    refused(call, example_request(kind, name=""), "INVALID_ARGUMENT", "no name specified")
    refused(call, example_request(kind, "nobody"), "NOT_FOUND", f"{not_found}: Latest(nobody)")
    refused(
        call,
        example_request(kind, version=9, signature="other"),
        "NOT_FOUND",
        f"{not_found}: Specific(contract, 9)",
    )
    refused(
        call,
        example_request(kind, signature="other"),
        "INVALID_ARGUMENT",
        "No signature was found with the name: other",
    )
    refused(
        call,
        example_request(kind),
        "INVALID_ARGUMENT",
        f"Expected {noun} signature method_name to be tensorflow/serving/{verb.lower()}. Was:"
        " tensorflow/serving/predict",
    )


def multi(*tasks):
    made = messages.inference.MultiInferenceRequest()
    for name, signature, method in tasks:
        task = made.tasks.add(method_name=method and f"tensorflow/serving/{method}")
        task.model_spec.name, task.model_spec.signature_name = name, signature
    return made


@pytest.mark.parametrize(
    ("asked", "code", "text"),
    [
        (multi(), "INVALID_ARGUMENT", "ModelSpec has no name specified."),
        (multi(("", "", "classify")), "INVALID_ARGUMENT", "ModelSpec has no name specified."),
        (multi(("nobody", "", "classify")), "NOT_FOUND", "Latest(nobody)"),
        (
            multi(("contract", "other", "classify")),
            "INVALID_ARGUMENT",
            "Requested signature not found in model graph: other",
        ),
        (
            multi(("contract", "", "classify")),
            "INVALID_ARGUMENT",
            "Expected classification signature method_name",
        ),
        (
            multi(("contract", "", "regress")),
            "INVALID_ARGUMENT",
            "Expected regression signature method_name",
        ),
        (multi(("contract", "", "predict")), "UNIMPLEMENTED", "Unsupported signature method_name"),
        (multi(("contract", "", "")), "UNIMPLEMENTED", "Unsupported signature method_name"),
    ],
)
def test_several_inferences_are_refused_in_the_order_of_the_real_server(
    predictions, asked, code, text
):
    refused(predictions.MultiInference, asked, code, text)


# --- HandleReloadConfigRequest
@pytest.mark.parametrize("kind", [None, "custom_model_config"])
def test_another_configuration_than_a_list_of_models_is_refused(models, kind):
    asked = messages.management.ReloadConfigRequest()
    if kind:
        getattr(asked.config, kind).SetInParent()
    refused(models.HandleReloadConfigRequest, asked, "INVALID_ARGUMENT", "Only ModelConfigList")
