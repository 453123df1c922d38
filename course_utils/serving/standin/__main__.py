"""Start the stand-in with the flags of `tensorflow_model_server`."""

import argparse
import asyncio
import contextlib
import signal
import sys
import threading
import time

from course_utils.serving.standin import config, rest, rpc
from course_utils.serving.standin.connections import Connection
from course_utils.serving.standin.execution import Execution
from course_utils.serving.standin.limits import Limits
from course_utils.serving.standin.predict import Models
from course_utils.serving.standin.refusal import Refusal
from course_utils.serving.standin.versions import Retrying

ADDRESS = "127.0.0.1"


def above_zero(text):
    """Read a number above zero."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError(text)
    return number


def flags(arguments=None):
    """Read the command line."""

    def truth(text):
        return text.lower() in ("true", "1", "yes", "")

    parser = argparse.ArgumentParser(
        prog="standin",
        description="A stand-in for tensorflow_model_server, for lessons and tests.",
        allow_abbrev=False,
    )
    parser.add_argument("--port", type=int, default=8500, help="of gRPC")
    parser.add_argument("--rest_api_port", type=int, default=0, help="of REST; 0: none")
    parser.add_argument("--model_name", default="default")
    parser.add_argument("--model_base_path", default="")
    parser.add_argument(
        "--model_config_file",
        default="",
        help="several models, versions and labels, in place of the two before",
    )
    parser.add_argument(
        "--model_config_file_poll_wait_seconds",
        type=float,
        default=0,
        help="look at that file again so often; 0: never",
    )
    parser.add_argument(
        "--allow_version_labels_for_unavailable_models",
        type=truth,
        nargs="?",
        const=True,
        default=False,
    )
    parser.add_argument(
        "--file_system_poll_wait_seconds", type=float, default=1, help="0: look at the folders once"
    )
    again = Retrying()
    parser.add_argument(
        "--max_num_load_retries",
        type=int,
        default=again.times,
        help="how often a version that failed to load is tried again",
    )
    parser.add_argument(
        "--load_retry_interval_micros",
        type=int,
        default=round(again.seconds * 1e6),
        help="between two such tries; below 0: no wait",
    )
    parser.add_argument("--enable_batching", type=truth, nargs="?", const=True, default=False)
    parser.add_argument("--batching_parameters_file", default="")
    usual = Limits()
    parser.add_argument(
        "--max_body_megabytes",
        type=above_zero,
        default=usual.body_megabytes,
        help="of a request, unpacked; this and the two below are the stand-in's own",
    )
    parser.add_argument(
        "--max_instances",
        type=above_zero,
        default=usual.instances,
        help="pictures, texts or rows in a request",
    )
    parser.add_argument(
        "--max_megapixels",
        type=above_zero,
        default=usual.megapixels,
        help="of all pictures in a request together",
    )
    return parser.parse_args(arguments)


def main():
    """Serve until a signal says stop."""
    options = flags()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    models = Models(
        Execution(
            config.read_batching(options.batching_parameters_file)
            if options.enable_batching
            else None
        ),
        Limits(options.max_body_megabytes, int(options.max_instances), options.max_megapixels),
        Retrying(options.max_num_load_retries, options.load_retry_interval_micros / 1e6),
    )
    try:
        if options.model_config_file:
            wanted = config.read_model_config(options.model_config_file)
        else:
            wanted = config.single_model(options.model_name, options.model_base_path)
        config.apply(models, wanted, any_label=options.allow_version_labels_for_unavailable_models)
        return serve(models, options, stop)
    except Refusal as refusal:
        print(f"Failed to start server. Error: {refusal.code}: {refusal.message}", file=sys.stderr)
        return 1
    finally:
        models.close()


def serve(models, options, stop):
    """Wait for the first version, open the ports, and watch the folders until told to stop."""

    def everybody():
        return list(models.models.values())

    while not stop.is_set() and not all(model.serves_anything() for model in everybody()):
        for model in everybody():
            for version, state in model.failed():
                raise Refusal(
                    "UNKNOWN",
                    f"1 servable(s) did not become available: {{{{{{name: {model.name} version:"
                    f" {version}}} due to error: {state.code}: {state.message}}}, }}",
                )
        stop.wait(min(options.file_system_poll_wait_seconds or 1, 1))
        for model in everybody():
            model.poll()

    def reload(wanted):
        config.apply(models, wanted, any_label=options.allow_version_labels_for_unavailable_models)

    grpc_server = rpc.server(models, reload)
    try:
        grpc_server.add_insecure_port(f"{ADDRESS}:{options.port}")
    except RuntimeError:
        print(f"Failed to start server. Error: port {options.port} is taken", file=sys.stderr)
        return 1
    grpc_server.start()
    http = RestServer(models, options.rest_api_port) if options.rest_api_port else None
    print(
        f"Running gRPC ModelServer at {ADDRESS}:{options.port}"
        + (f", HTTP/REST API at {ADDRESS}:{options.rest_api_port}" if http else ""),
        file=sys.stderr,
        flush=True,
    )
    looked, said = time.monotonic(), None
    while not stop.wait(options.file_system_poll_wait_seconds or 1):
        if 0 < options.model_config_file_poll_wait_seconds <= time.monotonic() - looked:
            looked = time.monotonic()
            why = config.read_again(options.model_config_file, reload)
            if why and why != said:
                print(f"The model config file is not taken: {why}", file=sys.stderr, flush=True)
            said = why
        if http is not None and not http.is_alive():
            return 1  # its port is taken: uvicorn has said so
        if options.file_system_poll_wait_seconds:
            for model in everybody():
                model.poll()
    grpc_server.stop(grace=1).wait()
    if http is not None:
        http.stop()
    return 0


class RestServer(threading.Thread):
    """Uvicorn in a thread of its own; the main thread keeps the signals and the folders."""

    def __init__(self, models, port):
        import uvicorn

        super().__init__(daemon=True)
        self.server = uvicorn.Server(
            uvicorn.Config(
                rest.application(models),
                http=Connection,
                host=ADDRESS,
                backlog=64,
                port=port,
                log_level="warning",
                lifespan="off",
                access_log=False,
                ws="none",
                timeout_graceful_shutdown=1,
            )
        )
        self.start()

    def run(self):
        with contextlib.suppress(SystemExit):  # uvicorn's way to say that the port is taken
            asyncio.run(self.server.serve())

    def stop(self):
        self.server.should_exit = True
        self.join(5)


if __name__ == "__main__":
    sys.exit(main())
