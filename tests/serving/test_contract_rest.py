"""The REST interface of TensorFlow Serving, case by case; conftest.py says how to point it at a
real server.
"""

import base64
import gzip
import json
import math
import os
import re

import numpy as np
import pytest
import requests

MODEL = "/v1/models/contract"
FACE = [[1, 2, 3], [4, 5, 6]]  # its means are 2 and 5


@pytest.fixture(scope="module")
def ask(server):
    session = requests.Session()

    def ask(method, path, body=None, **headers):
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        return session.request(
            method,
            server.rest + path,
            data=body.encode() if isinstance(body, str) else body,
            headers=headers,
            timeout=120,
        )

    yield ask
    session.close()


@pytest.fixture
def predict(ask):
    def predict(body, place=""):
        answer = ask("POST", f"{MODEL}{place}:predict", body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return predict


def refused(answer, status, *texts):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].split(";")[0] == "application/json"
    document = answer.json()
    assert list(document) == ["error"]
    for text in texts:
        assert text in document["error"]


# --- addresses
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/"),
        ("GET", "/v1/model"),
        ("GET", "/v1/models/contract:predict"),
        ("POST", "/v1/models/contract"),
        ("POST", "/v1/models/contract:guess"),
        ("GET", "/v1/models/contract/versions/two"),
        ("POST", "/v1/models/contract/versions/:predict"),
        ("PUT", "/v1/models/contract"),
        ("DELETE", "/v1/models/contract"),
        ("GET", "/v1/models/contract/metadata/more"),
        ("POST", "/v1/models/contract/versions/2/labels/x:predict"),
    ],
)
def test_a_wrong_method_or_shape_under_v1_is_a_malformed_request(ask, method, path):
    refused(
        ask(method, path, "{}" if method == "POST" else None),
        400,
        f"Malformed request: {method} {path}",
    )


@pytest.mark.parametrize("path", ["/", "/v2/models/contract", "/models/contract", "/v1"])
def test_outside_of_v1_there_is_nothing(ask, path):
    assert ask("GET", path).status_code == 404


def test_a_list_of_all_models_is_not_given(ask):
    refused(ask("GET", "/v1/models"), 400, "Missing model name in request.")


@pytest.mark.parametrize(
    "path",
    [
        "/V1/Models/contract:PREDICT",
        "/v1/models/contract/VERSIONS/2:predict",
        "/v1/models/con%74ract:predict",
    ],
)
def test_addresses_ignore_case_and_may_be_quoted(ask, path):
    answer = ask("POST", path, {"instances": [FACE]})
    assert answer.json() == {"predictions": [[2.0, 5.0]]}


def test_a_query_is_ignored(ask):
    assert ask("GET", MODEL + "?x=1").status_code == 200


# --- status and metadata
def test_the_status_lists_versions_with_their_state(ask):
    answer = ask("GET", MODEL)
    assert answer.headers["content-type"].split(";")[0] == "application/json"
    assert answer.json() == {
        "model_version_status": [
            {
                "version": "2",
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
        ]
    }


def test_the_status_of_one_version(ask):
    assert [
        entry["version"]
        for entry in ask("GET", MODEL + "/versions/2").json()["model_version_status"]
    ] == ["2"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/v1/models/nobody", "Could not find any versions of model nobody"),
        (MODEL + "/versions/7", "Could not find version 7 of model contract"),
        (MODEL + "/versions/1", "Could not find version 1 of model contract"),
    ],
)
def test_the_status_of_what_is_not_there(ask, path, text):
    refused(ask("GET", path), 404, text)


def test_metadata_names_the_version_that_answers(ask):
    document = ask("GET", MODEL + "/metadata").json()
    assert document["model_spec"] == {"name": "contract", "signature_name": "", "version": "2"}


def test_metadata_describes_inputs_with_their_type_and_shape(ask):
    signatures = ask("GET", MODEL + "/metadata").json()["metadata"]["signature_def"][
        "signature_def"
    ]
    entry = signatures["serving_default"]["inputs"]["images"]
    assert entry["dtype"] == "DT_FLOAT"
    assert entry["tensor_shape"] == {
        "dim": [{"size": "-1", "name": ""}, {"size": "2", "name": ""}, {"size": "3", "name": ""}],
        "unknown_rank": False,
    }
    assert signatures["serving_default"]["method_name"] == "tensorflow/serving/predict"
    assert set(signatures["two"]["outputs"]) == {"sum", "total"}


def test_metadata_of_one_version(ask):
    assert ask("GET", MODEL + "/versions/2/metadata").json()["model_spec"]["version"] == "2"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/v1/models/nobody/metadata", "Servable not found for request: Latest(nobody)"),
        (MODEL + "/versions/7/metadata", "Servable not found for request: Specific(contract, 7)"),
    ],
)
def test_metadata_of_what_is_not_there(ask, path, text):
    refused(ask("GET", path), 404, text)


# --- row and column form
def test_instances_give_predictions_one_a_row(predict):
    assert predict({"instances": [FACE, FACE]}) == {"predictions": [[2.0, 5.0], [2.0, 5.0]]}


def test_inputs_give_outputs_by_column(predict):
    assert predict({"inputs": [FACE, FACE]}) == {"outputs": [[2.0, 5.0], [2.0, 5.0]]}


def test_a_single_input_may_be_named_in_a_row(predict):
    assert predict({"instances": [{"images": FACE}]}) == {"predictions": [[2.0, 5.0]]}


def test_a_single_input_may_be_named_in_a_column(predict):
    assert predict({"inputs": {"images": [FACE]}}) == {"outputs": [[2.0, 5.0]]}


def test_several_inputs_and_outputs_keep_their_names_in_rows(predict):
    answer = predict(
        {"signature_name": "two", "instances": [{"a": [1, 2], "b": 10}, {"a": [3, 4], "b": 20}]}
    )
    assert answer == {
        "predictions": [{"sum": [11.0, 12.0], "total": 13.0}, {"sum": [23.0, 24.0], "total": 27.0}]
    }


def test_several_inputs_and_outputs_keep_their_names_in_columns(predict):
    answer = predict({"signature_name": "two", "inputs": {"a": [[1, 2]], "b": [10]}})
    assert answer == {"outputs": {"sum": [[11.0, 12.0]], "total": [13.0]}}


def test_more_keys_in_columns_do_no_harm(predict):
    assert predict({"signature_name": "two", "inputs": {"a": [[1, 2]], "b": [10], "c": 1}})[
        "outputs"
    ]["total"] == [13.0]


def test_an_output_without_a_batch_answers_in_columns_only(ask, predict):
    assert predict({"signature_name": "whole", "inputs": [1, 3, 2]}) == {"outputs": 3.0}
    refused(
        ask("POST", MODEL + ":predict", {"signature_name": "whole", "instances": [1, 3, 2]}),
        400,
        "has no shape information",
    )


def test_a_version_may_be_asked_for(predict):
    assert predict({"instances": [FACE]}, "/versions/2") == {"predictions": [[2.0, 5.0]]}


def test_the_usual_signature_may_be_named(predict):
    assert predict({"signature_name": "serving_default", "instances": [FACE]}) == {
        "predictions": [[2.0, 5.0]]
    }


def test_an_empty_name_is_the_usual_signature(predict):
    assert predict({"signature_name": "", "instances": [FACE]}) == {"predictions": [[2.0, 5.0]]}


def test_an_empty_batch_may_be_sent_in_columns(predict):
    assert predict({"signature_name": "same", "inputs": []}) == {"outputs": []}


# --- numbers
@pytest.mark.parametrize(
    ("sent", "back"),
    [
        ("1", "1.0"),
        ("1.5", "1.5"),
        ("1e2", "100.0"),
        ("-0.0", "-0.0"),
        ("0.1", "0.1"),
        ("1E-3", "0.001"),
        ("0.00003", "3e-05"),
        ("9000000", "9e+06"),
        ("16777217", "16777216.0"),
        ("0.123456789", "0.123456791"),
        ("1234567.25", "1234567.25"),
        ("3.4028235e38", "3.40282347e+38"),
        ("1e39", "Infinity"),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
        ("18446744073709551615", "1.84467441e+19"),
        ("123456789012345678901234567890", "1.23456788e+29"),
    ],
)
def test_a_float_is_read_and_written(ask, sent, back):
    answer = ask("POST", MODEL + ":predict", f'{{"signature_name": "same", "inputs": [{sent}]}}')
    assert answer.status_code == 200, answer.text
    written = re.search(r"\[\s*(\S+)\s*\]", answer.text)[1]
    assert written == back or (
        math.isclose(float(written), float(back), rel_tol=1e-7)
        and ("." in written or "e" in written)
    )


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" + "0" * 320])
def test_what_no_double_can_hold_is_refused(ask, number):
    refused(
        ask("POST", MODEL + ":predict", f'{{"signature_name": "same", "inputs": [{number}]}}'),
        400,
        "JSON Parse error: Number too big to be stored in double",
    )


@pytest.mark.parametrize(
    ("signature", "values"),
    [
        ("double", [0.1, 1e300, 2.0]),
        ("int32", [-2147483648, 0, 2147483647]),
        ("int64", [-(2**63), 2**63 - 1]),
        ("uint8", [0, 255]),
        ("bool", [True, False]),
    ],
)
def test_other_types_come_back_as_they_went(predict, signature, values):
    assert predict({"signature_name": signature, "inputs": values}) == {"outputs": values}


@pytest.mark.parametrize(
    ("signature", "value", "kind"),
    [
        ("int32", 1.5, "int32"),
        ("int32", 2**31, "int32"),
        ("int64", 2**63, "int64"),
        ("bool", 1, "bool"),
        ("int32", True, "int32"),
        ("texts", 1, "string"),
    ],
)
def test_a_value_of_another_type_is_refused(ask, signature, value, kind):
    refused(
        ask("POST", MODEL + ":predict", {"signature_name": signature, "inputs": [value]}),
        400,
        f"not of expected type: {kind}",
    )


@pytest.mark.parametrize("value", ['"1"', "true", "null", '{"b64": "AAAA"}', "{}"])
def test_what_is_no_number_is_refused_for_a_float(ask, value):
    refused(
        ask("POST", MODEL + ":predict", f'{{"signature_name": "same", "inputs": [1, {value}]}}'),
        400,
        "not of expected type: float",
    )


# --- strings and files
def test_text_goes_as_a_string_and_bytes_come_back_as_base64(predict):
    answer = predict({"signature_name": "texts", "instances": ["grüß"]})
    assert answer == {
        "predictions": [
            {"text": "grüß", "text_bytes": {"b64": base64.b64encode("grüß".encode()).decode()}}
        ]
    }


@pytest.mark.parametrize("content", [b"", b"a", bytes(range(256)), b"\xff\xd8\xff" * 1000])
def test_files_go_as_base64(predict, content):
    answer = predict(
        {"signature_name": "lengths", "instances": [{"b64": base64.b64encode(content).decode()}]}
    )
    assert answer == {"predictions": [len(content)]}


def test_a_file_may_go_under_its_name(predict):
    assert predict(
        {"signature_name": "lengths", "instances": [{"image_bytes": {"b64": "AAAA"}}]}
    ) == {"predictions": [3]}


def test_files_may_go_in_columns(predict):
    assert predict(
        {"signature_name": "lengths", "inputs": {"image_bytes": [{"b64": "AAAA"}, {"b64": "AA=="}]}}
    ) == {"outputs": [3, 1]}


def test_bad_base64_is_refused(ask):
    refused(
        ask(
            "POST", MODEL + ":predict", {"signature_name": "lengths", "instances": [{"b64": "?!"}]}
        ),
        400,
        "Unable to base64 decode",
    )


def test_an_object_that_is_more_than_base64_is_an_object(ask):
    refused(
        ask(
            "POST",
            MODEL + ":predict",
            {"signature_name": "lengths", "instances": [{"b64": "AAAA", "x": 1}]},
        ),
        400,
        "does not have named input",
    )


# --- the document
@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("", "The document is empty"),
        ("   ", "The document is empty"),
        ("{", "JSON Parse error"),
        ('{"instances": [1,}', "JSON Parse error"),
        ("{instances: [1]}", "Missing a name for object member"),
        ('{"instances" [1]}', "Missing a colon"),
        ("nonsense", "Invalid value"),
        ("[1, 2]", "Is not object"),
        ("3", "Is not object"),
        ("null", "Is not object"),
        ('"text"', "Is not object"),
        ("{}", "Missing 'inputs' or 'instances' key"),
        ('{"instance": [1]}', "Missing 'inputs' or 'instances' key"),
        ('{"instances": [1], "inputs": [1]}', "Not formatted correctly"),
        ('{"instances": []}', "No values in 'instances' array"),
        ('{"instances": 3}', "'instances' to be an list/array"),
        ('{"signature_name": 3, "instances": [1]}', "'signature_name' key must be a string value"),
        ('{"instances": ["a\nb"]}', "JSON Parse error"),
        ("\x00", "JSON Parse error"),
    ],
)
def test_a_document_that_is_not_as_it_should_be(ask, body, text):
    refused(ask("POST", MODEL + ":predict", body), 400, text)


def test_text_after_the_document_is_ignored(predict):
    assert predict('{"instances": [[[1,2,3],[4,5,6]]]} and more') == {"predictions": [[2.0, 5.0]]}


def test_of_duplicate_keys_the_first_counts(predict):
    assert predict('{"signature_name": "same", "inputs": [1], "inputs": [2]}') == {"outputs": [1.0]}


def test_the_content_type_is_ignored(ask):
    answer = ask("POST", MODEL + ":predict", {"instances": [FACE]}, **{"Content-Type": "text/html"})
    assert answer.json() == {"predictions": [[2.0, 5.0]]}


def test_a_body_may_be_gzipped(ask):
    body = gzip.compress(json.dumps({"instances": [FACE]}).encode())
    assert ask("POST", MODEL + ":predict", body, **{"Content-Encoding": "gzip"}).json() == {
        "predictions": [[2.0, 5.0]]
    }


# --- inputs that do not fit
@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"instances": [FACE, [[1, 2, 3]]]}, "Expecting tensor size: 6 but got: 3"),
        ({"instances": [FACE, [[1, 2], [3, 4], [5, 6]]]}, "Expecting shape [2,3] but got: [3,2]"),
        (
            {"instances": [[[1, 2, 3], [4, 5]]]},
            "Encountered list at unexpected size: 2 at level: 1 expected size: 3",
        ),
        ({"instances": [[[1, 2, 3], 4]]}, "found at incorrect level"),
        ({"instances": [[[1, 2, [3]], [4, 5, 6]]]}, "unexpected level"),
        ({"instances": [{"pictures": FACE}]}, "does not have named input: pictures"),
        ({"instances": [{"images": FACE}, FACE]}, "Expecting object but got list at item 1"),
        ({"instances": [FACE, {"images": FACE}]}, "Expecting value/list but got object at item 1"),
        ({"inputs": {"pictures": [FACE]}}, "Missing named input: images in 'inputs' object."),
        (
            {"signature_name": "two", "instances": [1]},
            "instances is a plain list, but expecting list of objects",
        ),
        (
            {"signature_name": "two", "inputs": [1]},
            "inputs is a plain value/list, but expecting an object",
        ),
        ({"signature_name": "two", "instances": [{"a": [1, 2]}]}, "keys must be equal to: a,b"),
        ({"signature_name": "two", "inputs": {"a": [[1, 2]]}}, "Missing named input: b"),
    ],
)
def test_inputs_that_do_not_fit_the_signature(ask, body, text):
    refused(ask("POST", MODEL + ":predict", body), 400, text)


@pytest.mark.parametrize("instances", [[1, 2], FACE, [[FACE]], [[[1, 2], [3, 4]]]])
def test_a_picture_of_the_wrong_shape_is_refused(ask, instances):
    """The stand-in holds the shape against the signature; the real server leaves it to the network,
    and some shapes have means along that axis.
    """
    answer = ask("POST", MODEL + ":predict", {"instances": instances})
    if os.environ.get("COURSE_SERVING_ADDRESS") and answer.status_code == 200:
        return
    assert answer.status_code == 400 and answer.json()["error"]


def test_an_error_of_the_network_reaches_who_asked(ask):
    refused(
        ask("POST", MODEL + ":predict", {"signature_name": "fails", "inputs": [1, -1]}),
        400,
        "x must be positive",
    )


# --- what is not there
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/v1/models/nobody", "Servable not found for request: Latest(nobody)"),
        (MODEL + "/versions/1", "Servable not found for request: Specific(contract, 1)"),
        (MODEL + "/versions/99", "Servable not found for request: Specific(contract, 99)"),
    ],
)
def test_a_model_or_version_that_is_not_there(ask, path, text):
    refused(ask("POST", path + ":predict", {"instances": [FACE]}), 404, text)


def test_the_json_is_looked_at_before_the_model(ask):
    refused(ask("POST", "/v1/models/nobody:predict", "{"), 400, "JSON Parse error")


def test_a_version_too_large_for_64_bits(ask):
    refused(
        ask("GET", MODEL + "/versions/99999999999999999999"),
        400,
        "Failed to convert version: 99999999999999999999 to numeric.",
    )


def test_an_unknown_label(ask):
    refused(
        ask("POST", MODEL + "/labels/canary:predict", {"instances": [FACE]}),
        400,
        "Unrecognized servable version label: canary",
    )


def test_an_unknown_signature(ask):
    refused(
        ask("POST", MODEL + ":predict", {"signature_name": "other", "instances": [FACE]}),
        400,
        'Serving signature name: "other" not found in signature def',
    )


@pytest.mark.parametrize(
    ("verb", "kind"), [("classify", "classification"), ("regress", "regression")]
)
def test_a_signature_that_predicts_does_not_classify(ask, verb, kind):
    refused(
        ask("POST", f"{MODEL}:{verb}", {"examples": [{"images": 1.0}]}),
        400,
        f"Expected {kind} signature method_name to be tensorflow/serving/{verb}. Was:"
        " tensorflow/serving/predict",
    )


def test_a_classification_needs_examples(ask):
    refused(
        ask("POST", MODEL + ":classify", {"instances": [1]}),
        400,
        "'examples' is expected and was not found",
    )


@pytest.mark.parametrize("verb", ["classify", "regress"])
@pytest.mark.parametrize(
    ("examples", "text"),
    [
        ([1], "Example must be JSON object but got JSON Number"),
        ([{"a": 1}, None], "Example must be JSON object but got JSON Null"),
        ([[{"a": 1}]], "Example must be JSON object but got JSON Array"),
        ([{"a": None}], "Feature: a has element with unexpected JSON type: Null"),
        ([{"a": [[1]]}], "Feature: a has element with unexpected JSON type: Array"),
        ([{"a": {"b": 1}}], "Feature: a has element with unexpected JSON type: Object"),
        ([{"a": [1, 2.5]}], "Unexpected element type in feature: a expecting type: int64"),
        ([{"a": ["x", 1]}], "Unexpected element type in feature: a expecting type: bytes"),
        ([{"a": [2.5, True]}], "Unexpected element type in feature: a expecting type: float"),
        ([{"a": 2**63}], "Feature: a has uint64 element. Only int64 is supported."),
        ([{"a": {"b64": "?"}}], "Unable to base64 decode"),
        ([], "'examples' value is an empty array"),
        ({}, "Expecting 'examples' value to be an list/array"),
    ],
)
def test_examples_are_looked_at_before_the_model(ask, verb, examples, text):
    for model in (MODEL, "/v1/models/nobody"):
        refused(ask("POST", f"{model}:{verb}", {"examples": examples}), 400, text)


def test_the_context_of_examples_is_an_example(ask):
    refused(
        ask("POST", MODEL + ":classify", {"examples": [{"a": 1}], "context": [1]}),
        400,
        "Example must be JSON object but got JSON Array",
    )
    good = {"examples": [{"a": [1, True], "b": ["x", {"b64": "AAAA"}], "c": [0.5], "d": []}]}
    refused(ask("POST", MODEL + ":classify", good), 400, "Expected classification signature")


# --- base64, as absl::Base64Unescape reads it
@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("YWI=", 2),
        ("YWI", 2),
        ("YWI.", 2),
        ("YQ..", 1),
        ("YQ", 1),
        ("Y W\nI\t=\r ", 2),
        (" Y Q = . ", 1),
        ("YWJj\r\n" * 40, 120),
        ("  ", 0),
        ("YR==", 1),
    ],
)
def test_base64_with_spaces_dots_and_without_padding_is_read(predict, text, length):
    answer = predict({"signature_name": "lengths", "instances": [{"b64": text}]})
    assert answer == {"predictions": [length]}


@pytest.mark.parametrize("text", ["YQ=", "YWI==", "YWJj=", "Y", "Y===", "YW=I", "Y-_Q", "YQ==YQ=="])
def test_base64_that_is_none_is_refused(ask, text):
    body = {"signature_name": "lengths", "instances": [{"b64": text}]}
    refused(ask("POST", MODEL + ":predict", body), 400, "Unable to base64 decode")


# --- large
def test_a_large_request_is_answered(predict):
    numbers = np.random.default_rng(0).uniform(-1, 1, 100_000).astype(np.float32)
    answer = predict({"signature_name": "same", "inputs": numbers.tolist()})
    assert np.array_equal(np.array(answer["outputs"], np.float32), numbers)


@pytest.mark.parametrize("depth", [63, 64, 65, 66, 100, 20_000])
@pytest.mark.parametrize("content", ["", "1"])
def test_deep_nesting_is_refused(ask, depth, content):
    for key in ("instances", "inputs"):
        body = f'{{"{key}": {"[" * depth}{content}{"]" * depth}}}'
        refused(ask("POST", MODEL + ":predict", body), 400)
