"""Try what a served model withstands and what it costs, on whatever server is there.

    python benchmarks/serving.py fuzz --requests 10000
    python benchmarks/serving.py soak --answers 4000 --versions 10
    python benchmarks/serving.py latency --model work/sample/05_training/mobilenetv2.keras

Each exports a model, starts a server (`--backend`), and prints a line of JSON. fuzz sends mutated
JSON and protobuf and wants an error document for each, and memory that stays; soak lets eight
clients ask at full speed while versions come and go and labels move, and wants no answer lost;
latency takes the median of each way to ask at batch 1 and 32 and compares with the network in this
process.
"""

import argparse
import json
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from course_utils.errors import CourseError  # noqa: E402
from course_utils.serving import launcher, protos, tensors  # noqa: E402
from course_utils.serving.clients import GrpcClient, RestClient  # noqa: E402

NAME = "face-mask"
TOKENS = [
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b'"',
    b"\\",
    b"null",
    b"true",
    b"NaN",
    b"1e999",
    b"-",
    b"\x00",
    b"\xff\xfe",
    b'"b64"',
    b'"instances"',
    b'"signature_name"',
    b"[[[[",
]


# --- fuzz
def mutated(content, rng, largest=100_000):
    """Return bytes that were a good request: flipped, cut, repeated, stuffed, exchanged; 1 to
    `largest` of them.
    """
    content = bytearray(content)
    for _ in range(rng.integers(1, 6)):
        place = int(rng.integers(0, len(content) + 1))
        kind = rng.integers(0, 6)
        if kind == 0 and content:
            content[place % len(content)] = int(rng.integers(0, 256))
        elif kind == 1:
            content = content[: max(1, place)]
        elif kind == 2:
            content[place:place] = TOKENS[rng.integers(0, len(TOKENS))]
        elif kind == 3:
            piece = content[place : place + int(rng.integers(1, 200))]
            content[place:place] = piece * int(rng.integers(1, 50))
        elif kind == 4:
            content[place:place] = rng.bytes(int(10 ** rng.uniform(0, np.log10(largest))))
        else:
            del content[place : place + int(rng.integers(1, 100))]
    return bytes(content[:largest]) or b"{"


def distorted(message, rng):
    """Return a request that is a message still and says something wrong: in its shape, type,
    content, names or version.
    """
    made = type(message)()
    made.CopyFrom(message)
    inputs = getattr(made, "inputs", None)
    for _ in range(rng.integers(1, 4)):
        kind = rng.integers(0, 8) if inputs else rng.integers(5, 8)
        if kind < 5:
            name = sorted(inputs)[0]
            tensor = inputs[name]
        if kind == 0:
            tensor.tensor_shape.dim.add(size=int(rng.choice([-2, -1, 0, 1, 3, 2**31, 2**62])))
        elif kind == 1:
            tensor.dtype = int(rng.integers(0, 40))
        elif kind == 2:
            tensor.tensor_content = rng.bytes(int(10 ** rng.uniform(0, 5)))
        elif kind == 3:
            tensor.float_val.extend(rng.normal(size=rng.integers(1, 500)))
            tensor.string_val.append(rng.bytes(20))
        elif kind == 4:
            inputs["".join(chr(code) for code in rng.integers(32, 3000, 5))].CopyFrom(tensor)
        elif kind == 5:
            made.model_spec.version.value = int(rng.integers(-(2**62), 2**62))
        elif kind == 6:
            made.model_spec.name = "".join(
                chr(code) for code in rng.integers(1, 3000, rng.integers(1, 2000))
            )
        else:
            made.model_spec.signature_name = str(
                rng.choice(["", "x", "__saved_model_init_op", "serving_bytes"])
            )
    return made.SerializeToString()


def good_requests(size):
    """Return request bodies as they should be: of REST, and of gRPC by the name of the method."""
    messages, picture = protos.load(), np.zeros((1, size, size, 3), np.float32)
    rest = [
        json.dumps({"instances": [[1, 2]]}),
        json.dumps({"signature_name": "serving_bytes", "instances": [{"b64": "AAAA"}]}),
        json.dumps({"inputs": {"images": [[[0.5]]]}}),
        json.dumps({"instances": [[[0.0, 1.5e3, -2]] * 40] * 3}),
        json.dumps({"instances": [{"images": "x"}], "signature_name": "serving_default"}),
    ]
    predict = messages.predict.PredictRequest()
    predict.model_spec.name = NAME
    predict.inputs["images"].CopyFrom(tensors.to_proto(picture))
    encoded = messages.predict.PredictRequest()
    encoded.model_spec.name, encoded.model_spec.signature_name = NAME, "serving_bytes"
    encoded.inputs["image_bytes"].CopyFrom(tensors.to_proto(np.array([b"no picture"], object)))
    metadata = messages.metadata.GetModelMetadataRequest(metadata_field=["signature_def"])
    metadata.model_spec.name = NAME
    status = messages.status.GetModelStatusRequest()
    status.model_spec.name = NAME
    service = "/tensorflow.serving."
    return [text.encode() for text in rest], [
        (service + "PredictionService/Predict", predict),
        (service + "PredictionService/Predict", encoded),
        (service + "PredictionService/GetModelMetadata", metadata),
        (service + "ModelService/GetModelStatus", status),
    ]


def fuzz(server, size, count, seed=0, progress=None):
    """Send `count` mutated requests, half of them to each interface.

    Returns
    -------
    dict
        `answers`: how often each status came; `wrong`: answers that are no error document and no
        answer to a good request; `memory`: MB of the server's processes after each tenth of the
        way; `serves`: whether a good request is answered afterwards.
    """
    import grpc
    import requests

    rng = np.random.default_rng(seed)
    rest, rpc = good_requests(size)
    answers, wrong, memory = Counter(), [], []
    session, channel = requests.Session(), grpc.insecure_channel(server.grpc_address)
    for number in range(count):
        if number % 2:
            body = mutated(rest[rng.integers(0, len(rest))], rng)
            answer = session.post(
                f"{server.rest_address}/v1/models/{NAME}:predict", data=body, timeout=600
            )
            answers[f"REST {answer.status_code}"] += 1
            document = answer.json()
            if answer.status_code == 200 and ("predictions" in document or "outputs" in document):
                pass  # the mutation did no harm: text after the document, say
            elif answer.status_code != 400 or list(document) != ["error"] or not document["error"]:
                wrong.append((body[:200], answer.status_code, answer.text[:300]))
        else:
            method, message = rpc[rng.integers(0, len(rpc))]
            body = (
                distorted(message, rng)
                if rng.random() < 0.5
                else mutated(message.SerializeToString(), rng)
            )
            try:
                channel.unary_unary(method)(body, timeout=600)
                answers["gRPC OK"] += 1
            except grpc.RpcError as error:
                answers[f"gRPC {error.code().name}"] += 1
                parsed = parses(message, body)
                allowed = (
                    ("INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION")
                    if parsed
                    else ("INTERNAL", "INVALID_ARGUMENT")
                )
                if error.code().name not in allowed or not error.details():
                    wrong.append((body[:200], error.code().name, error.details()[:300]))
        if (number + 1) % max(1, count // 10) == 0:
            memory.append(round(resident(server)))
        if progress is not None:
            progress.update()
    channel.close()
    with GrpcClient(server.grpc_address) as client:
        serves = client.predict_tensor(np.zeros((2, size, size, 3))).shape[0] == 2
    return {
        "requests": count,
        "answers": dict(sorted(answers.items())),
        "wrong": wrong,
        "memory": memory,
        "serves": serves,
    }


def parses(message, body):
    from google.protobuf.message import DecodeError

    try:
        type(message).FromString(body)
    except DecodeError:
        return False
    return True


def resident(server):
    """Return the memory of the server's processes in MB."""
    import psutil

    guard = psutil.Process(server.process.pid)
    return sum(process.memory_info().rss for process in guard.children(recursive=True)) / 2**20


# --- soak
def soak(server, base, size, files, seconds, versions, least=0):
    """Let eight clients ask without a pause while versions come and go and labels move.

    A round publishes a version, names it in a new configuration, asks for one that must be refused,
    goes back to "whatever is newest", and withdraws the version.

    Returns
    -------
    dict
        `answers` of each way to ask and `of` all requests; `lost`: requests without an answer or
        with another one than at first, and the first `reasons`; how often versions were `published`
        and `withdrawn`, configurations `reloaded` and `refused`; `seconds`.
    """
    stop, lost, counts, done = threading.Event(), [], Counter(), Counter()
    pictures = np.random.default_rng(0).integers(0, 256, (2, size, size, 3)).astype(np.float32)
    with RestClient(server.rest_address) as rest, GrpcClient(server.grpc_address) as rpc:
        expected = {way: call() for way, call in ways_to_ask(rest, rpc, pictures, files).items()}

    def client(way):
        with RestClient(server.rest_address) as rest, GrpcClient(server.grpc_address) as rpc:
            call = ways_to_ask(rest, rpc, pictures, files)[way]
            while not stop.is_set():
                try:
                    if not np.allclose(call(), expected[way], atol=1e-4):
                        raise ValueError("another answer than at first")
                    counts[way] += 1
                except Exception as error:  # whatever it is, an answer is lost
                    lost.append(f"{way}: {error}")

    threads = [threading.Thread(target=client, args=(way,)) for way in 2 * list(expected)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    try:
        with RestClient(server.rest_address) as watcher, GrpcClient(server.grpc_address) as rpc:
            number = 2
            while (
                number < 2 + versions
                or time.monotonic() - started < seconds
                or sum(counts.values()) < least
            ):
                round_of_changes(watcher, rpc, base, number, done)
                number += 1
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return {
        "answers": dict(counts),
        "of": sum(counts.values()) + len(lost),
        "lost": len(lost),
        "reasons": lost[:5],
        **done,
        "seconds": round(time.monotonic() - started, 1),
    }


def ways_to_ask(rest, rpc, pictures, files):
    return {
        "REST lists": lambda: rest.predict_lists(pictures),
        "REST files": lambda: rest.predict_files(files),
        "gRPC tensor": lambda: rpc.predict_tensor(pictures),
        "gRPC files": lambda: rpc.predict_files(files),
    }


def round_of_changes(watcher, rpc, base, number, done):
    """Publish a version, move labels, be refused, go back to the newest, withdraw the version."""
    publish(base / "1", base, number)
    wait_for(watcher, number, "AVAILABLE")
    done["published"] += 1
    rpc.label_versions(base, {"stable": 1, "canary": number})
    done["reloaded"] += 2  # the versions first, then the labels
    try:
        rpc.label_versions(base, {"stable": 1, "canary": number + 1})
    except CourseError:
        done["refused"] += 1
    request = rpc.messages.management.ReloadConfigRequest()
    request.config.model_config_list.config.add(name=NAME, base_path=str(base))
    rpc.models.HandleReloadConfigRequest(request, timeout=900)  # whatever is newest
    done["reloaded"] += 1
    (base / str(number)).rename(base / f"withdrawn-{number}")
    wait_for(watcher, number, "END")
    done["withdrawn"] += 1
    shutil.rmtree(base / f"withdrawn-{number}")


def publish(original, base, number):
    """Copy a version under another number; it appears whole."""
    shutil.copytree(original, base / f"coming-{number}")
    (base / f"coming-{number}").rename(base / str(number))


def wait_for(client, version, state, patience=900):
    deadline = time.monotonic() + patience
    while dict(client.status()).get(version) != state:
        if time.monotonic() > deadline:
            raise TimeoutError(f"version {version} is not {state}")
        time.sleep(0.05)
    return version


# --- latency
def latency(server, model, files, rounds):
    """Return the median milliseconds of each way at batch 1 and 32, bytes sent, and the largest
    difference from the network in this process.
    """
    import tensorflow as tf

    from course_utils.serving.export import decode_and_resize

    size = model.input_shape[1]
    in_graph = tf.function(lambda content: model(decode_and_resize(content, size), training=False))
    pictures = decode_and_resize(tf.constant(files), size).numpy()
    reference = np.asarray(model(pictures, training=False))
    results = {}
    with RestClient(server.rest_address) as rest, GrpcClient(server.grpc_address) as rpc:
        ways = {
            "in process": (lambda n: in_graph(tf.constant(files[:n])).numpy(), None),
            "REST lists": (lambda n: rest.predict_lists(pictures[:n]), rest),
            "REST files": (lambda n: rest.predict_files(files[:n]), rest),
            "gRPC tensor": (lambda n: rpc.predict_tensor(pictures[:n]), rpc),
            "gRPC files": (lambda n: rpc.predict_files(files[:n]), rpc),
        }
        for n in (1, 32):
            times = {way: [] for way in ways}
            for turn in range(
                rounds + 1
            ):  # they take turns, so that other work on the machine counts for all
                for way, (call, client) in ways.items():
                    started = time.perf_counter()
                    answer = call(n)
                    if turn:  # the first builds what the others use
                        times[way].append(1000 * (time.perf_counter() - started))
                    entry = results.setdefault(f"{way}, batch {n}", {})
                    entry["difference"] = max(
                        entry.get("difference", 0), float(np.abs(answer - reference[:n]).max())
                    )
                    entry["bytes"] = client.last.sent if client else 0
            for way in ways:
                results[f"{way}, batch {n}"]["median_ms"] = round(float(np.median(times[way])), 1)
        results["gRPC files over in process, batch 32"] = round(
            results["gRPC files, batch 32"]["median_ms"]
            / results["in process, batch 32"]["median_ms"],
            2,
        )
    return results


def main():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("what", choices=("fuzz", "soak", "latency"))
    options.add_argument(
        "--model", help="a .keras file; a MobileNetV2 with random weights when not given"
    )
    options.add_argument("--backend", default="auto")
    options.add_argument("--requests", type=int, default=10_000)
    options.add_argument("--seconds", type=float, default=0)
    options.add_argument("--answers", type=int, default=4000, help="at least so many, soak")
    options.add_argument("--versions", type=int, default=10)
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--seed", type=int, default=0)
    asked = options.parse_args()

    from course_utils import models
    from course_utils.serving.export import export

    if asked.model:
        model, class_names = models.load(asked.model)
    else:
        model, class_names = (
            models.build("mobilenetv2", 64, 2, alpha=0.35),
            (
                "with_mask",
                "without_mask",
            ),
        )
        for layer in model.get_layer("backbone").layers:
            if hasattr(layer, "moving_mean"):
                layer.momentum = 0.0
        model(
            np.random.default_rng(0).uniform(0, 255, (16, 64, 64, 3)).astype(np.float32),
            training=True,
        )  # so that different pictures get different answers
    size = model.input_shape[1]
    files = [
        path.read_bytes()
        for path in sorted((ROOT / "data" / "sample" / "faces").rglob("*.jpg"))[:32]
    ]
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / NAME
        export(model, base, 1, class_names)
        # 32 pictures of 224 pixels as decimal numbers have 34 MB.
        limits = {"max_body_megabytes": 64} if asked.what == "latency" else None
        with launcher.start(base, NAME, backend=asked.backend, limits=limits) as server:
            if asked.what == "fuzz":
                from tqdm import tqdm

                with tqdm(total=asked.requests, disable=None) as progress:
                    result = fuzz(server, size, asked.requests, asked.seed, progress)
                good = (
                    not result["wrong"]
                    and result["serves"]
                    and result["memory"][-1] < 1.1 * result["memory"][len(result["memory"]) // 2]
                )
            elif asked.what == "soak":
                result = soak(
                    server, base, size, files[:2], asked.seconds, asked.versions, asked.answers
                )
                good = not result["lost"]
            else:
                result = latency(server, model, files, asked.rounds)
                good = all(
                    entry["difference"] <= 1e-5
                    for entry in result.values()
                    if isinstance(entry, dict)
                )
            print(json.dumps({"backend": server.backend, **result}, indent=1, default=str))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
