"""The REST interface, https://www.tensorflow.org/tfx/serving/api_rest."""

import asyncio
import json
import re
import zlib
from collections import Counter
from urllib.parse import unquote_to_bytes

from course_utils.serving import protos
from course_utils.serving.standin import json_answers, json_examples, json_forms
from course_utils.serving.standin.predict import DEFAULT, refuse_examples
from course_utils.serving.standin.refusal import HTTP, Refusal, invalid

PREDICTION = re.compile(
    r"/v1/models/([^/:]+)(?:/versions/(\d+)|/labels/([^/:]+))?:(classify|regress|predict)",
    re.IGNORECASE | re.ASCII,
)
STATUS = re.compile(
    r"/v1/models(?:/([^/:]+))?(?:/versions/(\d+)|/labels/([^/:]+))?(?:/(metadata))?",
    re.IGNORECASE | re.ASCII,
)
HERE = ("127.0.0.1", "localhost", "[::1]")
BODY = 60  # seconds for a request's body to come
AT_A_TIME = 2  # so many of the largest bodies are held at once


def application(models):
    """Return the interface as a Starlette application."""
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import Response

    held = Counter()  # bytes of bodies that are being received or answered

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        path = scope.get("raw_path", scope["path"].encode()).split(b"?")[0].decode("latin-1")
        headers, body = dict(scope["headers"]), bytearray()
        problem = head_problem(headers, models.limits)
        try:
            if problem is None:
                problem = await fill(body, receive)
            if problem is not None:
                status, sentence = problem
                response = Response(
                    json_answers.error(sentence),
                    status,
                    media_type="application/json",
                    headers={"connection": "close"},
                )
            elif not path.lower().startswith("/v1/"):
                response = Response("Not Found", 404, media_type="text/plain")
            else:
                status, content = await run_in_threadpool(
                    respond,
                    models,
                    scope["method"],
                    path,
                    headers.get(b"content-encoding", b""),
                    bytes(body),
                )
                response = Response(content, status, media_type="application/json")
        finally:
            held["bytes"] -= len(body)
        await response(scope, receive, send)

    async def fill(body, receive):
        """Read a body; return a status and a sentence when it can't be taken."""
        more = True
        try:
            async with asyncio.timeout(BODY):
                while more:
                    message = await receive()
                    more, part = message.get("more_body", False), message.get("body", b"")
                    body += part
                    held["bytes"] += len(part)
                    if len(body) > models.limits.body:
                        return 413, too_large(models.limits)
                    if held["bytes"] > AT_A_TIME * models.limits.body:
                        return 503, "The server holds as many requests as it can: ask again"
        except TimeoutError:
            return 408, f"The request's body did not come within {BODY} seconds"
        return None

    starlette = Starlette()
    starlette.mount("/", app)
    return starlette


def too_large(limits):
    """Return the sentence for a body that is too large."""
    return (
        f"The request's body has more than {limits.body_megabytes:g} MB: send fewer pictures at a"
        " time, or as files, or start the server with a larger --max_body_megabytes"
    )


def head_problem(headers, limits):
    """Return a status and a sentence when a request's head is reason enough to refuse it.

    Parameters
    ----------
    headers : dict of bytes to bytes
    limits : Limits

    Returns
    -------
    (int, str) or None
    """
    if b"transfer-encoding" in headers and b"content-length" in headers:
        return 400, "A request has Content-Length or Transfer-Encoding, not both"
    host = headers.get(b"host", HERE[0].encode()).decode("latin-1").lower()
    if re.sub(r":\d*$", "", host) not in HERE:  # a web page that gave its own name to this machine
        return 403, f"This server answers on this machine only, as 127.0.0.1 or localhost: {host}"
    if int(headers.get(b"content-length", b"0")) > limits.body:
        return 413, too_large(limits)
    return None


def respond(models, method, path, encoding, body):
    """Answer one request.

    Parameters
    ----------
    models : Models
    method, path : str
        The path as it came, without a query.
    encoding : bytes
        The header Content-Encoding.
    body : bytes

    Returns
    -------
    status : int
    content : bytes
        JSON.
    """
    try:
        body = _unpacked(encoding, body, models.limits)
        return 200, _content(models, method, path, body)
    except Refusal as refusal:
        return HTTP.get(refusal.code, 500), json_answers.error(refusal.message)
    except Exception as error:  # a server goes on
        return 500, json_answers.error(f"{type(error).__name__}: {error}"[:1024])


def _unpacked(encoding, body, limits):
    if encoding.strip().lower() != b"gzip":
        return body
    try:
        unpacker = zlib.decompressobj(wbits=31)
        content = unpacker.decompress(body, limits.body + 1)
    except zlib.error as error:
        raise invalid("Failed to uncompress the request's body") from error
    if len(content) > limits.body:
        raise invalid(too_large(limits))
    if not unpacker.eof:
        raise invalid("Failed to uncompress the request's body")
    return content


def _content(models, method, path, body):
    if method == "POST" and (match := PREDICTION.fullmatch(path)):
        name, version, label, verb = match.groups()
        name, version, label = _place(name, version, label)
        if verb.lower() == "predict":
            return _predict(models, name, version, label, body)
        return _classify(models, name, version, label, body, verb.lower())
    if method == "GET" and (match := STATUS.fullmatch(path)):
        name, version, label, metadata = match.groups()
        if name is None:
            raise invalid("Missing model name in request.")
        name, version, label = _place(name, version, label)
        return (
            _metadata(models, name, version, label)
            if metadata
            else _status(models, name, version, label)
        )
    raise invalid(f"Malformed request: {method} {path}")


def _place(name, version, label):
    def decoded(text):
        return unquote_to_bytes(text).decode("utf-8", "replace")

    if version is not None and (len(version) > 19 or int(version) >= 2**63):
        raise invalid(f"Failed to convert version: {version} to numeric.")
    return (
        decoded(name),
        None if version is None else int(version),
        None if label is None else decoded(label),
    )


def _predict(models, name, version, label, body):
    document, plain = json_forms.parse(body)
    signature = json_forms.signature_name(document) or DEFAULT
    with models.using(name, version, label) as servable:
        if signature not in servable.signatures:
            raise invalid(f'Serving signature name: "{signature}" not found in signature def')
        definition = servable.signatures[signature]
        types = protos.load().types
        if not definition.inputs:
            raise invalid(f"Failed to get input map for signature: {signature}")
        arrays, row = json_forms.to_arrays(
            document,
            plain,
            {
                key: types.DataType.Name(info.dtype)
                for key, info in sorted(definition.inputs.items())
            },
        )
        return json_answers.answer(models.run(servable, signature, arrays), row)


def _classify(models, name, version, label, body, verb):
    """Refuse: the signatures of this course predict.

    What is wrong is said in the order of the real server.
    """
    document, _ = json_forms.parse(body)
    signature = json_forms.signature_name(document) or DEFAULT
    json_examples.check(document)
    with models.using(name, version, label) as servable:
        refuse_examples(servable, signature, verb)


def _status(models, name, version, label):
    if label is not None:
        with models.using(name, None, label) as servable:
            version = servable.version
    return _as_json(status_message(models.status(name, version)))


def status_message(states):
    """Turn [(version, State)] into a `GetModelStatusResponse`."""
    messages = protos.load().status
    message = messages.GetModelStatusResponse()
    for version, state in states:
        entry = message.model_version_status.add(
            version=version, state=messages.ModelVersionStatus.State.Value(state.state)
        )
        entry.status.error_code = state.number
        entry.status.error_message = state.message
    return message


def _as_json(message, names=False):
    from google.protobuf.json_format import MessageToJson

    return MessageToJson(
        message,
        preserving_proto_field_name=names,
        always_print_fields_with_no_presence=True,
        ensure_ascii=False,
    ).encode()


def metadata_message(servable):
    """Return the signatures of a loaded version as a `SignatureDefMap`."""
    message = protos.load().metadata.SignatureDefMap()
    for name, definition in servable.signatures.items():
        message.signature_def[name].CopyFrom(definition)
    return message


def _metadata(models, name, version, label):
    with models.using(name, version, label) as servable:
        signatures = _as_json(metadata_message(servable), names=True).decode()
    spec = json.dumps(
        {"name": servable.name, "signature_name": "", "version": str(servable.version)}, indent=1
    )
    return f'{{\n"model_spec":{spec},\n"metadata": {{"signature_def": {signatures}}}\n}}\n'.encode()
