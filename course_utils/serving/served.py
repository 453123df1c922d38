"""A served model in the place of a network in this process: what `course detect --server` asks."""

import io
import re

import numpy as np
from PIL import Image

from course_utils.errors import CourseError, without_secrets
from course_utils.serving import export
from course_utils.serving.clients import GrpcClient, RestClient

REST = re.compile(r"(https?://[^/\s]+.*?)(?:/v1/models/(\S+?))?/?", re.IGNORECASE)
VERB = re.compile(r"(:[a-z]\w*|/metadata)/?$", re.IGNORECASE)
"""What an address has when it asks for a prediction; a port has digits only, and no path before."""

GRPC = re.compile(r"(?:grpc://)?([^/\s]+:\d+)(?:/([^/\s]+))?/?", re.IGNORECASE)


AT_A_TIME = 64
"""Faces in a request; servers limit them."""


class ServedClassifier:
    """Classify faces by asking a server: uint8 faces in, probabilities out.

    Faces go as PNG files, which lose nothing: the answer is that of the network here.

    Parameters
    ----------
    address : str
        REST: "http://host:8501", or with the model's name, "http://host:8501/v1/models/face-mask",
        and there also a version, ".../face-mask/versions/2". gRPC: "host:8500" or
        "grpc://host:8500/face-mask".
    model_name : str
        Used when the address does not name it.
    timeout : float
        Seconds that an answer may take.

    Attributes
    ----------
    size : int
        Side of the network's picture in pixels, from the server's metadata.
    class_names : tuple of str
        From the server's answers.

    Raises
    ------
    CourseError
        When the address is none, nobody answers there, or it serves a model that `export` did not
        write.
    """

    def __init__(self, address, model_name="face-mask", timeout=60):
        rest, grpc = REST.fullmatch(address), GRPC.fullmatch(address)
        if rest and (asked := VERB.search(address)):
            raise CourseError(
                f"{without_secrets(address)} is where one question goes: give the model's address,"
                f" {without_secrets(address[: asked.start()])}, without {asked[0]}."
            )
        if not rest and not grpc:
            raise CourseError(
                f"{without_secrets(address)} is no address of a model server: give"
                " http://HOST:8501 for REST or HOST:8500 for gRPC."
            )
        host, named = (rest or grpc).groups()
        self.client = (RestClient if rest else GrpcClient)(
            host, named or model_name, timeout=timeout
        )
        try:
            self.size = _side(self.client.metadata())
            self.class_names = self.client.ask_files(
                [_as_png(np.zeros((self.size, self.size, 3), np.uint8))]
            )[1]
        except (KeyError, IndexError, ValueError) as error:
            raise CourseError(
                f"{without_secrets(address)} serves another kind of model: serve one that `course"
                " serve FILE.keras` exported."
            ) from error

    def __call__(self, faces):
        """Classify faces, uint8 (n, size, size, 3), RGB: float32 (n, classes). n may be 0."""
        if not len(faces):
            return np.zeros((0, len(self.class_names)), np.float32)
        files = [_as_png(face) for face in faces]
        parts = range(0, len(files), AT_A_TIME)
        return np.concatenate(
            [self.client.predict_files(files[start : start + AT_A_TIME]) for start in parts]
        )

    def close(self):
        self.client.close()


def _side(metadata):
    """Return the side of the pictures that a model takes, read from its signatures."""
    if "metadata" in metadata:  # REST: a JSON document; gRPC: messages
        signatures = metadata["metadata"]["signature_def"]["signature_def"]
        signatures[export.BYTES]["inputs"]["image_bytes"]
        return int(signatures[export.IMAGES]["inputs"]["images"]["tensor_shape"]["dim"][1]["size"])
    if "image_bytes" not in metadata[export.BYTES].inputs:
        raise KeyError("image_bytes")
    return metadata[export.IMAGES].inputs["images"].tensor_shape.dim[1].size


def _as_png(face):
    buffer = io.BytesIO()
    Image.fromarray(face).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
