"""What a request is answered with when it can't be served: a code of gRPC and a sentence."""

HTTP = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "NOT_FOUND": 404,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
    "RESOURCE_EXHAUSTED": 429,
}
"""The HTTP status of each code; 500 for all others."""

NUMBERS = {
    "CANCELLED": 1,
    "UNKNOWN": 2,
    "INVALID_ARGUMENT": 3,
    "DEADLINE_EXCEEDED": 4,
    "NOT_FOUND": 5,
    "PERMISSION_DENIED": 7,
    "FAILED_PRECONDITION": 9,
    "OUT_OF_RANGE": 11,
    "UNIMPLEMENTED": 12,
    "INTERNAL": 13,
    "UNAVAILABLE": 14,
    "DATA_LOSS": 15,
    "RESOURCE_EXHAUSTED": 8,
}
"""The codes' numbers, https://grpc.io/docs/guides/status-codes."""

LONGEST = 1024
"""Characters of a message; longer ones are cut, as the real server does."""


class Refusal(Exception):
    """A request that can't be served.

    Attributes
    ----------
    code : str
        Name of a gRPC status code.
    message : str
    """

    def __init__(self, code, message):
        super().__init__(code, message)
        self.code = code
        self.message = message if len(message) <= LONGEST else message[:LONGEST] + "...TRUNCATED"


def invalid(message):
    """Return the refusal of a request that is wrong in itself."""
    return Refusal("INVALID_ARGUMENT", message)
