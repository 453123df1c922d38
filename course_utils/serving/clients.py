"""Four ways to ask a served model: REST or gRPC, pictures as numbers or as files.

A client knows an address and the official messages, nothing of who answers. All four return
probabilities, float32 (n, classes). `last` of a client says how many bytes its latest request and
answer had: the JSON document or the message, without the headers of HTTP.
"""

import base64
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np

from course_utils.errors import CourseError, without_secrets
from course_utils.serving import export, protos, tensors

LARGEST_MESSAGE = 256 * 2**20
"""Bytes. gRPC's clients refuse answers above 4 MB when not told otherwise."""

NAMES = (
    "; ask for a model and version that the server has: `course serve` prints its address with the"
    " model's name."
)
"""What to do about "not found"."""


def _is_here(address):
    """Tell whether an address is of this machine."""
    return urlsplit(address if "//" in address else f"//{address}").hostname in (
        "127.0.0.1",
        "localhost",
        "::1",
    )


@dataclass(frozen=True)
class Exchange:
    """Bytes of a request's body and of its answer's."""

    sent: int
    received: int


class RestClient:
    """Ask over HTTP with JSON.

    Parameters
    ----------
    address : str
        "http://host:8501".
    model_name : str
    version : int or None
        None: the newest.
    label : str or None
        A name for a version, in place of its number.
    timeout : float
        Seconds.
    """

    def __init__(self, address, model_name="face-mask", version=None, label=None, timeout=60):
        import requests

        place = (
            f"/versions/{version}"
            if version is not None
            else f"/labels/{label}"
            if label is not None
            else ""
        )
        self.url = f"{address.rstrip('/')}/v1/models/{model_name}{place}"
        self.timeout, self.last = timeout, None
        self.session = requests.Session()
        self.session.trust_env = not _is_here(address)  # a proxy does not know this machine

    def status(self):
        """Return [(version, state)], the newest first."""
        return [
            (int(entry["version"]), entry["state"])
            for entry in self._ask("GET", self.url)["model_version_status"]
        ]

    def metadata(self):
        """Return the document that describes the signatures."""
        return self._ask("GET", f"{self.url}/metadata")

    def predict_lists(self, images):
        """Send pictures as nested lists of numbers.

        Parameters
        ----------
        images : ndarray, (n, size, size, 3), RGB, 0 to 255
            As large as the network takes them.

        Returns
        -------
        ndarray, float32, (n, classes)

        Raises
        ------
        CourseError
            With the server's sentence.
        """
        body = json.dumps(
            {"signature_name": export.IMAGES, "instances": np.asarray(images).tolist()}
        )
        return np.array(
            self._ask("POST", f"{self.url}:predict", body.encode())["predictions"], np.float32
        )

    def predict_files(self, files):
        """Send pictures as JPEG or PNG files in base64.

        Parameters
        ----------
        files : list of bytes
            Pictures of any size.

        Returns
        -------
        ndarray, float32, (n, classes)

        Raises
        ------
        CourseError
            With the server's sentence.
        """
        return self.ask_files(files)[0]

    def ask_files(self, files):
        """As `predict_files`.

        Returns the probabilities and the names of the classes, a tuple of str.
        """
        instances = [{"b64": base64.b64encode(content).decode("ascii")} for content in files]
        answers = self._ask(
            "POST",
            f"{self.url}:predict",
            json.dumps({"signature_name": export.BYTES, "instances": instances}).encode(),
        )["predictions"]
        return np.array([answer["probabilities"] for answer in answers], np.float32), tuple(
            answers[0]["classes"]
        )

    def close(self):
        self.session.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _ask(self, method, url, body=None):
        import requests

        try:
            answer = self.session.request(
                method,
                url,
                data=body,
                headers={"Content-Type": "application/json"},
                timeout=self.timeout,
            )
        except requests.RequestException as error:
            raise CourseError(
                f"{without_secrets(url)} does not answer: check the address, and that the server"
                " runs (`course serve`)."
            ) from error
        self.last = Exchange(len(body or b""), len(answer.content))
        try:
            document = answer.json()
        except ValueError as error:
            raise CourseError(
                f"{without_secrets(url)} answers with no JSON (status {answer.status_code}): is it"
                " the REST port of TensorFlow Serving?"
            ) from error
        if answer.status_code != 200:
            raise CourseError(
                f"The server refuses with status {answer.status_code}:"
                f" {document.get('error', document)}{NAMES if answer.status_code == 404 else ''}"
            )
        return document


class GrpcClient:
    """Ask over gRPC with TensorFlow Serving's messages.

    Parameters
    ----------
    address : str
        "host:8500".
    model_name, version, label, timeout
        As for `RestClient`.
    """

    def __init__(self, address, model_name="face-mask", version=None, label=None, timeout=60):
        import grpc

        self.messages = protos.load()
        self.channel = grpc.insecure_channel(
            address,
            options=[
                ("grpc.max_receive_message_length", LARGEST_MESSAGE),
                ("grpc.max_send_message_length", LARGEST_MESSAGE),
                ("grpc.enable_http_proxy", 0 if _is_here(address) else 1),
            ],
        )
        self.predictions = self.messages.prediction_service.PredictionServiceStub(self.channel)
        self.models = self.messages.model_service.ModelServiceStub(self.channel)
        self.address, self.model_name, self.version, self.label = (
            address,
            model_name,
            version,
            label,
        )
        self.timeout, self.last = timeout, None

    def status(self):
        """Return [(version, state)], the newest first."""
        request = self.messages.status.GetModelStatusRequest()
        self._name(request.model_spec)
        states = self.messages.status.ModelVersionStatus.State
        return [
            (entry.version, states.Name(entry.state))
            for entry in self._ask(self.models.GetModelStatus, request).model_version_status
        ]

    def metadata(self):
        """Return the signatures: a mapping of names to `tensorflow.SignatureDef`."""
        request = self.messages.metadata.GetModelMetadataRequest(metadata_field=["signature_def"])
        self._name(request.model_spec)
        found = self.messages.metadata.SignatureDefMap()
        self._ask(self.predictions.GetModelMetadata, request).metadata["signature_def"].Unpack(
            found
        )
        return dict(found.signature_def)

    def predict_tensor(self, images):
        """Send pictures as one tensor; see `RestClient.predict_lists`."""
        answer = self._predict(
            export.IMAGES, "images", np.asarray(images, np.float32), ["probabilities"]
        )
        return tensors.to_array(answer.outputs["probabilities"])

    def predict_files(self, files):
        """Send pictures as JPEG or PNG files; see `RestClient.predict_files`."""
        answer = self._predict(
            export.BYTES, "image_bytes", np.array(list(files), object), ["probabilities"]
        )
        return tensors.to_array(answer.outputs["probabilities"])

    def ask_files(self, files):
        """As `predict_files`.

        Returns the probabilities and the names of the classes, a tuple of str.
        """
        answer = self._predict(export.BYTES, "image_bytes", np.array(list(files), object), [])
        classes = tensors.to_array(answer.outputs["classes"])
        return tensors.to_array(answer.outputs["probabilities"]), tuple(
            name.decode() for name in classes[0]
        )

    def label_versions(self, base, labels):
        """Give names to versions while the server runs; those named are served, and no others.

        A label that moves between versions that are served moves in one step. When a version has to
        be loaded first, the other labels stay in force meanwhile.

        Parameters
        ----------
        base : path-like
            The model's folder as the server sees it.
        labels : dict of str to int

        Raises
        ------
        CourseError
            With the server's sentence.
        """
        request = self.messages.management.ReloadConfigRequest()
        config = request.config.model_config_list.config.add(
            name=self.model_name, base_path=str(base), model_platform="tensorflow"
        )
        config.model_version_policy.specific.versions.extend(sorted(set(labels.values())))
        config.version_labels.update(labels)
        try:
            self._reload(request)
        except CourseError as refused:
            code = getattr(refused.__cause__, "code", lambda: None)()
            if getattr(code, "name", "") != "FAILED_PRECONDITION":
                raise
            # A label is refused until its version is available: first the versions, then the rest.
            for label in [label for label in labels if not self._serves(labels[label])]:
                del config.version_labels[label]
            self._reload(request)
            config.version_labels.update(labels)
            self._reload(request)

    def _reload(self, request):
        status = self._ask(self.models.HandleReloadConfigRequest, request).status
        if status.error_code:
            raise CourseError(f"The server refuses: {status.error_message}")

    def _serves(self, version):
        request = self.messages.status.GetModelStatusRequest()
        request.model_spec.name = self.model_name
        states = self.messages.status.ModelVersionStatus.State
        return any(
            (entry.version, states.Name(entry.state)) == (version, "AVAILABLE")
            for entry in self._ask(self.models.GetModelStatus, request).model_version_status
        )

    def close(self):
        self.channel.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _name(self, spec):
        spec.name = self.model_name
        if self.version is not None:
            spec.version.value = self.version
        if self.label is not None:
            spec.version_label = self.label

    def _predict(self, signature, name, array, outputs):
        request = self.messages.predict.PredictRequest(output_filter=outputs)
        self._name(request.model_spec)
        request.model_spec.signature_name = signature
        request.inputs[name].CopyFrom(tensors.to_proto(array))
        return self._ask(self.predictions.Predict, request)

    def _ask(self, method, request):
        import grpc

        try:
            answer = method(request, timeout=self.timeout)
        except grpc.RpcError as error:
            codes = grpc.StatusCode  # CANCELLED: the server ends while it works on the answer
            if error.code() in (codes.UNAVAILABLE, codes.DEADLINE_EXCEEDED, codes.CANCELLED):
                shown = without_secrets(self.address)
                # gRPC repeats the address in its words.
                why = f" ({error.details()})" if shown == self.address else ""
                raise CourseError(
                    f"{shown} does not answer{why}: check the address, and that the server runs"
                    " (`course serve`)."
                ) from error
            raise CourseError(
                f"The server refuses with {error.code().name}:"
                f" {error.details()}{NAMES if error.code() is grpc.StatusCode.NOT_FOUND else ''}"
            ) from error
        self.last = Exchange(request.ByteSize(), answer.ByteSize())
        return answer
