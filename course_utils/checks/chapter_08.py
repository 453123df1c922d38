"""Checks of chapter 08's exercises.

Each tries the reader's answer on inputs whose right answer is known, and has a hint for every
well-known mistake.
"""

import base64
import copy
import json
import random
import string

import numpy as np

from course_utils.checks.trial import Refused, check

NOTHING = "Your function returns nothing: does it end with `return`?"


# --- 8-1: does a new version break its clients? --------------------------------------------------
def _signature(inputs, outputs):
    return {"inputs": dict(inputs), "outputs": dict(outputs)}


IMAGES = ("images", ("float", (None, 96, 96, 3)))
SHARES = ("probabilities", ("float", (None, 2)))
NAMES = ("classes", ("string", (None, 2)))
FILES = ("image_bytes", ("string", (None,)))
NUMBERS, BOTH = _signature([IMAGES], [SHARES]), _signature([FILES], [SHARES, NAMES])
OLD = {"serving_bytes": BOTH, "serving_default": NUMBERS}


def _only(inputs, outputs):
    """Return the description of a version with one signature."""
    return {"serving_default": _signature(inputs, outputs)}


VERSIONS = [
    ("the same signatures", OLD, OLD),
    ("a signature more", _only([IMAGES], [SHARES]), OLD),
    ("a signature less", OLD, _only([IMAGES], [SHARES])),
    (
        "an input under another name",
        OLD,
        {**OLD, "serving_default": _signature([("keras_tensor_3", IMAGES[1])], [SHARES])},
    ),
    (
        "an input of another type",
        OLD,
        {
            **OLD,
            "serving_default": _signature([("images", ("uint8", (None, 96, 96, 3)))], [SHARES]),
        },
    ),
    (
        "an input of another size",
        OLD,
        {
            **OLD,
            "serving_default": _signature([("images", ("float", (None, 128, 128, 3)))], [SHARES]),
        },
    ),
    (
        "a batch that is fixed now",
        OLD,
        {**OLD, "serving_bytes": _signature([("image_bytes", ("string", (1,)))], [SHARES, NAMES])},
    ),
    (
        "a picture of any size",
        OLD,
        {
            **OLD,
            "serving_default": _signature([("images", ("float", (None, None, None, 3)))], [SHARES]),
        },
    ),
    (
        "an axis less",
        OLD,
        {**OLD, "serving_default": _signature([("images", ("float", (None, 96, 96)))], [SHARES])},
    ),
    (
        "an input more",
        OLD,
        {**OLD, "serving_bytes": _signature([FILES, ("scale", ("float", ()))], [SHARES, NAMES])},
    ),
    ("an output less", OLD, {**OLD, "serving_bytes": _signature([FILES], [SHARES])}),
    (
        "three classes for two",
        OLD,
        {
            **OLD,
            "serving_bytes": _signature(
                [FILES],
                [("probabilities", ("float", (None, 3))), ("classes", ("string", (None, 3)))],
            ),
        },
    ),
    (
        "a third output",
        OLD,
        {**OLD, "serving_bytes": _signature([FILES], [SHARES, NAMES, ("size", ("int32", ()))])},
    ),
    ("a second output", OLD, {**OLD, "serving_default": _signature([IMAGES], [SHARES, NAMES])}),
]


def _takes(old, new, exact=False, free=False):
    """Tell whether an input of the shape `new` takes whatever `old` took."""
    if exact:
        return old == new
    fixed = [(a, b) for a, b in zip(old, new, strict=False) if b is not None and a != b]
    return len(old) == len(new) and (not fixed or (free and all(a is None for a, _ in fixed)))


def _input_lost(old, new, types=True, shapes=True, more=True, **rules):
    given, wanted = old["inputs"], new["inputs"]
    if set(given) - set(wanted) or (more and set(wanted) - set(given)):
        return True
    return any(
        (types and kind != wanted[name][0])
        or (shapes and not _takes(shape, wanted[name][1], **rules))
        for name, (kind, shape) in given.items()
    )


def _output_lost(old, new, outputs=True, classes=True, single=True):
    given, wanted = old["outputs"], new["outputs"]
    if single and len(given) == 1 < len(wanted):
        return True
    names = outputs and set(given) - set(wanted)
    shared = set(given) & set(wanted)
    return bool(names) or (classes and any(given[name] != wanted[name] for name in shared))


OF_OUTPUTS = ("outputs", "classes", "single")


def _breaking(old, new, gone=True, **faults):
    """Name the signatures that break; the options leave a rule out."""
    of_outputs = {name: faults.pop(name) for name in OF_OUTPUTS if name in faults}
    found = {name for name in old if gone and name not in new}
    return found | {
        name
        for name in set(old) & set(new)
        if _input_lost(old[name], new[name], **faults)
        or _output_lost(old[name], new[name], **of_outputs)
    }


CONTRACT_MISTAKES = [
    (
        lambda old, new: {name for name in set(old) | set(new) if old.get(name) != new.get(name)},
        "You report every difference. A new version may offer *more* and break nobody.",
    ),
    (
        lambda old, new: {name for name in old if old[name] != new.get(name)},
        "You report every difference. A new version may offer *more* and break nobody.",
    ),
    (
        lambda old, new: _breaking(old, new) | (set(new) - set(old)),
        "A signature that is new has no clients yet.",
    ),
    (
        lambda old, new: set(old) - _breaking(old, new),
        "You name the signatures that hold. Which ones break?",
    ),
    (
        lambda old, new: _breaking(old, new, gone=False),
        "A signature that is no longer there breaks its clients as well.",
    ),
    (
        lambda old, new: _breaking(old, new, types=False),
        "The server does not cast: a float sent for a uint8 is refused. Compare types, too.",
    ),
    (
        lambda old, new: _breaking(old, new, shapes=False),
        "Names and types are not all: a client sends pictures of the old size.",
    ),
    (
        lambda old, new: _breaking(old, new, exact=True),
        "`None` in the new version takes every number, the old one as well: that breaks nobody.",
    ),
    (
        lambda old, new: _breaking(old, new, free=True),
        "`None` in the *old* version let clients send any number. Now it is fixed: who sent"
        " another one is refused.",
    ),
    (
        lambda old, new: _breaking(old, new, more=False),
        "A client of today does not send the new input: the server wants them all.",
    ),
    (
        lambda old, new: _breaking(old, new, outputs=False),
        "A client that reads an output looks for it in vain when it is gone.",
    ),
    (
        lambda old, new: _breaking(old, new, classes=False),
        "What comes out has another shape now, and a client takes the third class for nothing.",
    ),
    (
        lambda old, new: _breaking(old, new, outputs=False, classes=False, single=False),
        "You look at what goes in only. A client also reads what comes out.",
    ),
    (
        lambda old, new: _breaking(old, new, single=False),
        "What does REST do with the name of a *single* output, and what does a client find in a"
        " row when there are two all of a sudden?",
    ),
]


def _contract_stub(old, new): ...


def check_1(broken_signatures):
    """Check which signatures of a version are named as broken by the next one."""

    def judge(call):
        answers = [
            _set_of_names(call(what, copy.deepcopy(old), copy.deepcopy(new)))
            for what, old, new in VERSIONS
        ]

        def agrees(function):
            return all(
                answer == function(old, new)
                for answer, (_, old, new) in zip(answers, VERSIONS, strict=True)
            )

        if agrees(_breaking):
            return (
                "Run this before each publication: it takes a second, and a client takes weeks to"
                " be mended."
            )
        for mistake, hint in CONTRACT_MISTAKES:
            if agrees(mistake):
                raise Refused(hint)
        what, found, wanted = next(
            (what, answer, _breaking(old, new))
            for answer, (what, old, new) in zip(answers, VERSIONS, strict=True)
            if answer != _breaking(old, new)
        )
        raise Refused(
            f"With {what} you name {_listed(found)}; {_listed(wanted)} would be right. Imagine a"
            " client that was written for the old version: what does it send, what does it read?"
        )

    return check("8-1", broken_signatures, _contract_stub, judge)


def _listed(names):
    return ", ".join(sorted(names)) or "none"


def _set_of_names(value):
    if value is None:
        raise Refused(NOTHING)
    if isinstance(value, (list, tuple, set, frozenset)) and all(
        isinstance(name, str) for name in value
    ):
        return set(value)
    raise Refused("Return a list of names of signatures, an empty one when none breaks.")


# --- 8-2: requests within limits ------------------------------------------------------------------
def _document(files):
    instances = [{"b64": base64.b64encode(content).decode()} for content in files]
    return json.dumps({"signature_name": "serving_bytes", "instances": instances})


def _greedy(files, pictures, characters):
    """Return how many requests are needed."""
    parts = []
    for content in files:
        fuller = [*parts[-1], content] if parts else None
        if fuller and len(fuller) <= pictures and len(_document(fuller)) <= characters:
            parts[-1] = fuller
        else:
            parts.append([content])
    return len(parts)


SMALL = [bytes([number]) * 30 for number in range(10)]
MIXED = [bytes([number]) * (400 if number % 3 == 0 else 25) for number in range(12)]
BUFFERS = [
    ("ten small files and room for all", SMALL, 64, 16 * 2**20),
    ("one small file", [b"\xfb\xff\xfepicture"], 64, 16 * 2**20),
    ("ten files where four may go together", SMALL, 4, 16 * 2**20),
    ("eight files where four may go together", SMALL[:8], 4, 16 * 2**20),
    ("files that just fill a request", SMALL[:6], 64, len(_document(SMALL[:3]))),
    ("one character too few for three files", SMALL[:6], 64, len(_document(SMALL[:3])) - 1),
    ("large and small files", MIXED, 5, 1000),
    ("no files", [], 64, 16 * 2**20),
]


def _requests_stub(files, pictures, characters): ...


def check_2(requests_of_files):
    """Check the JSON documents that ask about many files within a server's limits."""

    def judge(call):
        for what, files, pictures, characters in BUFFERS:
            answer = call(what, list(files), pictures, characters)
            _judge_requests(answer, what, files, pictures, characters)
        return (
            "This is what any program in any language sends, and a hundred thousand files are no"
            " harder than one."
        )

    return check("8-2", requests_of_files, _requests_stub, judge)


def _judge_requests(answer, what, files, pictures, characters):
    if answer is None:
        raise Refused(NOTHING)
    if isinstance(answer, (str, bytes, dict)):
        raise Refused("Return a list of texts, one a request; a list of one when one is enough.")
    try:
        texts = [text.decode() if isinstance(text, bytes) else text for text in answer]
    except TypeError:
        raise Refused("Return a list of texts, one a request.") from None
    held = [_files_of(text) for text in texts]
    for text, found in zip(texts, held, strict=True):
        _judge_limits(text, found, what, pictures, characters)
    found = [content for part in held for content in part]
    if found != files:
        _judge_order(found, files, what)
    needed = _greedy(files, pictures, characters)
    if len(texts) > needed:
        raise Refused(
            f"For {what} you send {len(texts)} requests, where {needed} would do. A request may be"
            f" as full as the limits say: {pictures} pictures, {characters:,} characters."
        )


def _judge_limits(text, found, what, pictures, characters):
    if not found:
        raise Refused(
            "A request without pictures is refused with 400. When there is nothing to ask, there"
            " is nothing to send."
        )
    if len(found) > pictures:
        raise Refused(
            f"With {what} a request has {len(found)} pictures, where {pictures} are allowed."
        )
    if len(text) <= characters:
        return
    encoded = sum(len(base64.b64encode(content)) for content in found)
    if sum(map(len, found)) <= characters < encoded:
        raise Refused(
            "You count the bytes of the files. What counts is the text that is sent: base64 is a"
            " third longer."
        )
    if encoded <= characters:
        raise Refused(
            f"With {what} a request has {len(text)} characters, where {characters} are allowed:"
            " brackets, quotes and names count, too."
        )
    raise Refused(f"With {what} a request has {len(text)} characters of {characters} allowed.")


def _judge_order(found, files, what):
    lost = [content for content in files if content not in found]
    if lost:
        where = "the last" if lost[-1] == files[-1] else "some"
        raise Refused(f"With {what} {where} of the files are in no request.")
    if len(found) > len(files):
        raise Refused(f"With {what} a file is sent twice.")
    raise Refused("The answers come in the order of the files: keep it.")


def _files_of(text):
    """Return the files in the text of a request."""
    if isinstance(text, dict):
        raise Refused(
            "That is a dictionary; over the wire goes text. Which function of `json` writes it?"
        )
    if not isinstance(text, str):
        raise Refused(f"Each request is a text, not a {type(text).__name__}.")
    try:
        document = json.loads(text)
    except ValueError:
        raise Refused(
            "The text is no JSON. Python's own way to print a dictionary uses other quotes."
        ) from None
    if not isinstance(document, dict):
        raise Refused("The document is an object with keys, not a list.")
    if "inputs" in document:
        raise Refused(
            "`inputs` is the column form. The exercise asks for rows: one entry a picture."
        )
    if not isinstance(document.get("instances"), list):
        raise Refused("Which key holds the pictures, one entry each?")
    if document.get("signature_name") != "serving_bytes":
        raise Refused(
            "Without a name the server takes the usual signature, which wants numbers. Which one"
            " takes files, and under which key is it named?"
        )
    return [_file_of(entry) for entry in document["instances"]]


def _file_of(entry):
    if isinstance(entry, dict) and list(entry) == ["image_bytes"]:
        entry = entry["image_bytes"]
    if isinstance(entry, str):
        raise Refused(
            "A plain string would be taken for text. Which little object says that it is base64?"
        )
    if not isinstance(entry, dict) or list(entry) != ["b64"]:
        raise Refused('Each entry is an object with the one key "b64".')
    text = entry["b64"]
    _judge_base64(text)
    return base64.b64decode(text)


def _judge_base64(text):
    if not isinstance(text, str):
        raise Refused("The value of b64 is text.")
    if text.startswith(("b'", 'b"')):
        raise Refused(
            "Your text begins with b': that is how Python prints bytes. Decode them instead of"
            " `str`."
        )
    if text.startswith("data:"):
        raise Refused(
            "Browsers put `data:image/jpeg;base64,` in front; the server wants base64 alone."
        )
    if "-" in text or "_" in text:
        raise Refused(
            "That is the alphabet for addresses, with - and _. The server reads the standard one."
        )
    if "\n" in text:
        raise Refused(
            "Your base64 has line ends in it; another function of the module leaves them out."
        )
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused("What stands in b64 is no base64.") from None


# --- 8-3: batches ---------------------------------------------------------------------------------
ARRIVALS = [
    ("requests that come together", ([0, 0, 0, 0, 0], 4, 5)),
    ("requests far apart", ([0, 10, 20], 4, 5)),
    ("a slow stream", ([0, 3, 6, 9, 12], 8, 5)),
    ("one exactly at the end of the wait", ([0, 5, 5.5], 8, 5)),
    ("a crowd after a pause", ([0, 1, 20, 20, 20, 21], 3, 5)),
    ("nobody", ([], 4, 5)),
    ("no patience", ([0, 0, 1], 2, 0)),
    ("seven at once", ([0] * 7, 3, 5)),
]


def _batches(arrivals, largest, patience, since="first", inclusive=True, cap=True, at_once=True):
    sizes, start, last = [], None, None
    for moment in arrivals:
        reference = start if since == "first" else last
        fits = (
            sizes
            and (moment - reference < patience or (inclusive and moment - reference == patience))
            and (not cap or sizes[-1] < largest)
        )
        if fits:
            sizes[-1] += 1
        else:
            sizes.append(1)
            start = moment
        last = moment
    return sizes


def _windows(arrivals, largest, patience):
    """Batches on a clock that ticks whether or not anybody waits."""
    counts = {}
    for moment in arrivals:
        tick = moment // patience if patience else moment
        counts[tick] = counts.get(tick, 0) + 1
    return list(counts.values())


BATCH_MISTAKES = [
    (
        lambda a, m, p: _batches(a, m, p, since="last"),
        (
            "You wait anew with each request that comes: the first may wait for ever. From when"
            " does the patience count?"
        ),
    ),
    (
        lambda a, m, p: _batches(a, m, p, cap=False),
        "A full batch goes at once; the next request begins a new one.",
    ),
    (
        lambda a, m, p: _batches(a, m, p, inclusive=False),
        "Who comes exactly at the end of the wait is still taken.",
    ),
    (
        lambda a, m, p: [min(m, len(a) - i) for i in range(0, len(a), m)],
        "You fill every batch, however long the first has to wait.",
    ),
    (lambda a, m, p: [1] * len(a), "Each request goes alone: nothing is merged."),
    (
        lambda a, m, p: [len(a)] if a else [],
        "All in one batch: neither the size nor the patience counts.",
    ),
    (
        lambda a, m, p: _windows(a, m, p),
        "The wait begins when a request comes, not at the ticks of a clock.",
    ),
    (lambda a, m, p: _batches(a, m, p)[:-1], "What is left at the end is a batch, too."),
    (
        lambda a, m, p: len(_batches(a, m, p)),
        "Return the size of each batch, not how many there are.",
    ),
    (lambda a, m, p: _batches(a, m + 1, p), "Your batches become one too large."),
    (lambda a, m, p: _batches(a, max(1, m - 1), p), "Your batches become one too small."),
]


def _batches_stub(arrivals, largest, patience): ...


def check_3(batch_sizes):
    """Check which requests are merged when each batch's first waits a limited time for others."""

    def judge(call):
        answers = []
        for what, (arrivals, largest, patience) in ARRIVALS:
            value = call(what, list(arrivals), largest, patience)
            if value is None:
                raise Refused(NOTHING)
            answers.append(value if isinstance(value, int) else _whole_numbers(value, what))

        def agree(function):
            return all(
                answer == function(*case)
                for answer, (_, case) in zip(answers, ARRIVALS, strict=True)
            )

        if agree(_batches):
            return (
                "With no patience only those who wait together already are merged, and nobody waits"
                " longer for it."
            )
        for mistake, hint in BATCH_MISTAKES:
            if agree(mistake):
                raise Refused(hint)
        for (what, case), answer in zip(ARRIVALS, answers, strict=True):
            if not isinstance(answer, int) and sum(answer) != len(case[0]):
                raise Refused(
                    f"With {what}, {len(case[0])} requests come and {sum(answer)} are in your"
                    " batches."
                )
        what = next(
            what
            for (what, case), answer in zip(ARRIVALS, answers, strict=True)
            if answer != _batches(*case)
        )
        raise Refused(
            f"With {what} your batches are not right. Play it through on paper, one request after"
            " the other."
        )

    return check("8-3", batch_sizes, _batches_stub, judge)


def _whole_numbers(value, what):
    try:
        return [int(number) for number in value]
    except (TypeError, ValueError):
        raise Refused(
            f"Return a list of whole numbers, the size of each batch; for {what} you returned"
            f" {value!r}."
        ) from None


# --- 8-4: the alarm -------------------------------------------------------------------------------
def _status(*entries):
    """Write a status as REST gives it: (version, state) or (version, state, error)."""
    return {
        "model_version_status": [
            {
                "version": str(version),
                "state": state,
                "status": {
                    "error_code": error[0] if error else "OK",
                    "error_message": "half of a model" if error else "",
                },
            }
            for version, state, *error in entries
        ]
    }


LOOKS = [
    ("one version", ["1"], _status((1, "AVAILABLE")), None),
    ("a second version", ["1", "2"], _status((2, "AVAILABLE"), (1, "END")), None),
    ("a roll-back", ["1"], _status((2, "END"), (1, "AVAILABLE")), None),
    ("a roll-back, renamed", ["1", "bad-2"], _status((2, "END"), (1, "AVAILABLE")), None),
    ("a broken version", ["1", "2"], _status((2, "END", "DATA_LOSS"), (1, "AVAILABLE")), 2),
    ("a version that is being loaded", ["1", "2"], _status((2, "LOADING"), (1, "AVAILABLE")), 2),
    ("a folder that the server has not seen", ["1", "2"], _status((1, "AVAILABLE")), 2),
    ("version 10 beside 9", ["9", "10"], _status((10, "AVAILABLE"), (9, "END")), None),
    (
        "version 10 broken beside 9",
        ["10", "9"],
        _status((10, "END", "DATA_LOSS"), (9, "AVAILABLE")),
        10,
    ),
    ("zeros in front", ["00000012", "3"], _status((12, "AVAILABLE"), (3, "END")), None),
    ("a folder called latest", ["latest", "1"], _status((1, "AVAILABLE")), None),
    (
        "a broken version that was withdrawn",
        ["1"],
        _status((2, "END", "DATA_LOSS"), (1, "AVAILABLE")),
        None,
    ),
    ("an older version that comes late", ["2", "1"], _status((2, "AVAILABLE")), None),
    ("an empty folder", ["notes"], _status((1, "END")), None),
    ("a server that serves nothing", ["4"], _status((4, "END", "NOT_FOUND")), 4),
]


def _missing(names, status, key=int, every=False, digits=True, text=False, known=True, bad=False):
    """Return the version that is promised and not served; the options are mistakes."""
    entries = {entry["version"]: entry for entry in status["model_version_status"]}
    numbers = [name for name in names if name.isdecimal() or not digits]
    if not numbers:
        return None
    wanted = max(numbers, key=key)
    if every:
        late = [name for name in numbers if entries.get(str(int(name)), {}).get("state") != OK]
        return int(max(late, key=int)) if late else None
    entry = entries.get(wanted if text else str(int(wanted)))
    if entry is None:
        return int(wanted) if known else None
    if bad:
        return int(wanted) if entry["status"]["error_code"] != "OK" else None
    return None if entry["state"] == OK else int(wanted)


OK = "AVAILABLE"


def _first_entry(names, status):
    """Go by the newest version that the server knows."""
    entry = status["model_version_status"][0]
    return None if entry["state"] == OK else int(entry["version"])


def _never_equal(names, status):
    """Compare the version, a text in JSON, with a number."""
    numbers = [int(name) for name in names if name.isdecimal()]
    return max(numbers, default=None)


def _nothing_serves(names, status):
    serving = [entry for entry in status["model_version_status"] if entry["state"] == OK]
    return None if serving else _missing(names, status)


ALARM_MISTAKES = [
    (
        lambda n, s: _missing(n, s, key=str),
        'As text "9" comes after "10". What are the names compared as?',
    ),
    (
        lambda n, s: _missing(n, s, every=True),
        "Old versions are at END because a newer one took over. Only the highest number is wanted.",
    ),
    (
        _first_entry,
        "You go by what the server knows. The *folder* says what is wanted: a version that was"
        " withdrawn is not, and one that the server has not seen is.",
    ),
    (
        lambda n, s: _missing(n, s, known=False),
        "A version that the server says nothing of is not served either.",
    ),
    (
        lambda n, s: _missing(n, s, bad=True),
        "No error is not yet AVAILABLE: the real server says LOADING, without any error, for"
        " minutes.",
    ),
    (
        _never_equal,
        "You never find the version in the status. There it is a *text*, in the folder's names a"
        " text, perhaps with zeros; compare numbers with numbers.",
    ),
    (
        lambda n, s: _missing(n, s, text=True),
        'The folder "00000012" is version 12, and the status says "12".',
    ),
    (
        _nothing_serves,
        "Something is served, but is it what the folder promises? A broken version hides behind"
        " the old one.",
    ),
    (lambda n, s: _missing(n, s) or 0, "When all is well, return None."),
    (
        lambda n, s: None if _missing(n, s) is None else str(_missing(n, s)),
        "Return the version as a number.",
    ),
    (lambda n, s: _missing(n, s) is not None, "Return which version is missing, or None."),
]


def _alarm_stub(names, status): ...


def check_4(missing_version):
    """Check which version is reported as promised by the folder and not served."""

    def judge(call):
        answers = [
            call(what, list(names), copy.deepcopy(status)) for what, names, status, _ in LOOKS
        ]
        if all(answer is None for answer in answers):
            raise Refused(f"{NOTHING} So far it never raises an alarm.")

        def agrees(function):
            return all(
                _same(answer, function(names, status))
                for answer, (_, names, status, _) in zip(answers, LOOKS, strict=True)
            )

        right = [_same(answer, wanted) for answer, (*_, wanted) in zip(answers, LOOKS, strict=True)]
        if all(right):
            return (
                "Let it run every minute. While the real server still tries, it says LOADING: let"
                " it ring when the same number has come for six minutes."
            )
        for mistake, hint in ALARM_MISTAKES:
            if agrees(mistake):
                raise Refused(hint)
        what, names, _, wanted = LOOKS[right.index(False)]
        raise Refused(
            f"With {what} (folders {', '.join(names)}) {wanted} would be right, and you return"
            f" {_shown(answers[right.index(False)])}."
        )

    return check("8-4", missing_version, _alarm_stub, judge)


def _same(answer, wanted):
    if wanted is None or answer is None:
        return answer is None and wanted is None
    if isinstance(wanted, (bool, str)) or isinstance(answer, (bool, np.bool_, str)):
        return type(answer) is type(wanted) and answer == wanted
    return isinstance(answer, (int, float, np.integer, np.floating)) and answer == wanted


def _shown(answer):
    text = " ".join(str(answer).split())
    return text if len(text) <= 40 else f"a {type(answer).__name__}"


# --- 8-5: who meets the canary --------------------------------------------------------------------
def _users():
    rng = random.Random(85)
    return [f"user-{number}" for number in range(2000)] + [
        "".join(rng.choices(string.ascii_letters + "äöü", k=8)) for _ in range(2000)
    ]


def _label_stub(user, share): ...


def check_5(label_of):
    """Check that a share of the users, always the same ones, is sent to the canary."""

    def judge(call):
        users = _users()
        few, many = (
            {user for user in users if _label(call, user, share) == "canary"}
            for share in (0.05, 0.3)
        )
        if _label(call, "anna", 0) == "canary" and _label(call, "anna", 1) == "stable":
            raise Refused("You have it the other way round: `share` is the share of the canary.")
        if any(_label(call, user, 0) == "canary" for user in users[:500]):
            raise Refused("With a share of 0 nobody meets the canary.")
        if any(_label(call, user, 1) == "stable" for user in users[:500]):
            raise Refused("With a share of 1 everybody meets the canary.")
        again = {user for user in users if _label(call, user, 0.3) == "canary"}
        if again != many:
            raise Refused(
                "The same user gets different answers from one request to the next. What decides"
                " must not be chance but the user."
            )
        if _depends_on_the_start(label_of):
            raise Refused(
                "Python's `hash` of a text differs from one start of Python to the next, so each"
                " server would decide otherwise. `hashlib` has functions that don't."
            )
        for chosen, share in ((few, 0.05), (many, 0.3)):
            for kind, group in (("numbered", users[:2000]), ("other", users[2000:])):
                part = np.mean([user in chosen for user in group])
                if abs(part - share) > (
                    0.04 if share < 0.1 else 0.06
                ):  # simple checksums spread names a little unevenly, and that will do
                    raise Refused(
                        f"Asked for {share:.0%} of the users, you send {part:.0%} of those with"
                        f" {kind} names to the canary. What you divide up must be spread evenly."
                    )
        if not few <= many:
            raise Refused(
                "Some who met the canary at 5 % don't at 30 %. Compare one fixed number for each"
                " user with the share."
            )
        return (
            "The same number decides at every share, so a canary grows without anybody going back"
            " and forth."
        )

    return check("8-5", label_of, _label_stub, judge)


def _label(call, user, share):
    label = call(f"the user {user} and a share of {share}", user, share)
    if label is None:
        raise Refused(NOTHING)
    if label not in ("stable", "canary") or not isinstance(label, str):
        raise Refused(f'Return "stable" or "canary", not {label!r}.')
    return label


def _depends_on_the_start(function):
    """Tell whether the built-in `hash` is used, by name."""
    code = getattr(function, "__code__", None)
    return code is not None and "hash" in code.co_names and "hashlib" not in code.co_names
