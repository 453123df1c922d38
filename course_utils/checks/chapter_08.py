"""Checks of chapter 08's exercises.

Each tries the reader's answer on inputs whose right answer is known, and has a hint for every
well-known mistake.
"""

import base64
import json
import random
import string

import numpy as np

from course_utils.checks.trial import Refused, check

NOTHING = "Your function returns nothing: does it end with `return`?"


# --- 8-1: the document ----------------------------------------------------------------------------
PICTURES = [
    ("one small file", [b"\xff\xd8\xffpicture"]),
    ("two files", [b"\xfb\xff\xfe\x00\x01", b"\x89PNG\r\n"]),
    ("files of other lengths", [b"a", b"ab", b"abc" * 50]),
]


def _request_stub(files): ...


def check_1(request_of_files):
    """Check the JSON document that asks for the predictions of picture files."""

    def judge(call):
        for what, files in PICTURES:
            _judge_request(call(what, list(files)), what, files)
        return (
            "This is what any program in any language sends: nothing in it knows of Python or"
            " TensorFlow."
        )

    return check("8-1", request_of_files, _request_stub, judge)


def _judge_request(answer, what, files):
    if answer is None:
        raise Refused(NOTHING)
    if isinstance(answer, dict):
        raise Refused(
            "That is a dictionary; over the wire goes text. Which function of `json` writes it?"
        )
    if isinstance(answer, bytes):
        answer = answer.decode("utf-8", "replace")
    if not isinstance(answer, str):
        raise Refused(f"Return the document as text, not a {type(answer).__name__}.")
    try:
        document = json.loads(answer)
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
    if "instances" not in document:
        raise Refused("Which key holds the pictures, one entry each?")
    if document.get("signature_name") != "serving_bytes":
        raise Refused(
            "Without a name the server takes the usual signature, which wants numbers. Which one"
            " takes files, and under which key is it named?"
        )
    instances = document["instances"]
    if not isinstance(instances, list) or len(instances) != len(files):
        raise Refused(f"For {what} there should be {len(files)} entries in `instances`.")
    for entry, content in zip(instances, files, strict=True):
        if isinstance(entry, dict) and list(entry) == ["image_bytes"]:
            entry = entry["image_bytes"]
        if isinstance(entry, str):
            raise Refused(
                "A plain string would be taken for text. Which little object says that it is"
                " base64?"
            )
        if not isinstance(entry, dict) or list(entry) != ["b64"]:
            raise Refused('Each entry is an object with the one key "b64".')
        _judge_base64(entry["b64"], content)


def _judge_base64(text, content):
    standard = base64.b64encode(content).decode()
    if text == standard:
        return
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
    if text == base64.urlsafe_b64encode(content).decode():
        raise Refused(
            "That is the alphabet for addresses, with - and _. The server reads the standard one."
        )
    if text == content.hex():
        raise Refused(
            "That is hexadecimal: two characters a byte. Base64 takes four for three bytes."
        )
    if "\n" in text:
        raise Refused(
            "Your base64 has line ends in it; another function of the module leaves them out."
        )
    if text == base64.b64encode(base64.b64encode(content)).decode():
        raise Refused("You encoded twice.")
    raise Refused("What the server would decode is not the file.")


# --- 8-2: sizes -----------------------------------------------------------------------------------
SIZES = [
    ("one picture of 224 pixels", (1, 224, 9000)),
    ("32 pictures of 48 pixels", (32, 48, 1501)),
    ("3 pictures of 96 pixels", (3, 96, 2002)),
    ("one tiny picture", (1, 2, 1)),
]


def _sizes(count, side, file):
    return count * side * side * 3 * 4, count * file, count * 4 * ((file + 2) // 3)


SIZE_MISTAKES = {
    0: [
        (lambda n, s, f: n * s * s * 3, "float32 takes more than one byte a number."),
        (lambda n, s, f: n * s * s * 4, "A picture has three channels."),
        (lambda n, s, f: n * s * s * 3 * 8, "That is float64; the network takes float32."),
        (lambda n, s, f: n * s * 3 * 4, "A square has height and width."),
        (lambda n, s, f: s * s * 3 * 4, "You counted one picture only."),
    ],
    1: [
        (lambda n, s, f: f, "You counted one picture only."),
        (lambda n, s, f: n * 4 * ((f + 2) // 3), "Over gRPC bytes go as they are, without base64."),
    ],
    2: [
        (
            lambda n, s, f: n * f * 4 / 3,
            "Base64 works in whole groups: three bytes begun give four characters.",
        ),
        (
            lambda n, s, f: n * (f * 4 // 3),
            "A group of three that is not full gives four characters, too.",
        ),
        (
            lambda n, s, f: 4 * ((n * f + 2) // 3),
            "Each file is encoded by itself; the last group of each is filled up.",
        ),
        (lambda n, s, f: 4 * ((f + 2) // 3), "You counted one picture only."),
        (
            lambda n, s, f: n * -(-f * 4 // 3),
            "The filling counts too: base64's length is always a multiple of four.",
        ),
        (lambda n, s, f: n * f * 2, "That is hexadecimal: two characters a byte."),
        (lambda n, s, f: n * f, "Base64 makes it longer: four characters for three bytes."),
    ],
}
SIZE_WORDS = ("the tensor", "the files over gRPC", "the files in base64")


def _sizes_stub(count, side, file): ...


def check_2(payload_bytes):
    """Check what pictures weigh on the wire as a tensor, as files, and as files in base64."""

    def judge(call):
        answers = [(_three_numbers(call(what, *case)), case) for what, case in SIZES]
        for position, word in enumerate(SIZE_WORDS):
            if all(answer[position] == _sizes(*case)[position] for answer, case in answers):
                continue
            for mistake, hint in SIZE_MISTAKES[position]:
                if all(abs(answer[position] - mistake(*case)) < 1e-6 for answer, case in answers):
                    raise Refused(f"About {word}: {hint}")
            raise Refused(
                f"Your number for {word} is not right. Take the tiny picture, two pixels wide, with"
                " a file of one byte, and count on your fingers."
            )
        return (
            "What JSON makes of a tensor can't be told by a formula: it depends on how many digits"
            " each number has."
        )

    return check("8-2", payload_bytes, _sizes_stub, judge)


def _three_numbers(value):
    if value is None:
        raise Refused(NOTHING)
    try:
        numbers = [float(number) for number in value]
    except (TypeError, ValueError):
        raise Refused("Return three numbers: the tensor, the files, the files in base64.") from None
    if len(numbers) != 3:
        raise Refused(f"Return three numbers; you returned {len(numbers)}.")
    return numbers


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


# --- 8-4: which version answers -------------------------------------------------------------------
EVENTS = [
    ("one version", [("publish", "1", True)], 1),
    ("a second version", [("publish", "1", True), ("publish", "2", True)], 2),
    ("a roll-back", [("publish", "1", True), ("publish", "2", True), ("withdraw", "2", True)], 1),
    ("version 10 after 9", [("publish", "9", True), ("publish", "10", True)], 10),
    ("an older version that comes late", [("publish", "2", True), ("publish", "1", True)], 2),
    ("zeros in front", [("publish", "3", True), ("publish", "00000012", True)], 12),
    ("a folder called latest", [("publish", "1", True), ("publish", "latest", True)], 1),
    ("a corrupt version", [("publish", "1", True), ("publish", "2", False)], 1),
    (
        "a corrupt one, withdrawn again",
        [("publish", "1", True), ("publish", "2", False), ("withdraw", "2", False)],
        1,
    ),
    ("only a corrupt one", [("publish", "1", False)], None),
    ("nothing", [], None),
    (
        "a corrupt version that comes third",
        [("publish", "1", True), ("publish", "3", False), ("publish", "2", True)],
        1,
    ),
    ("all withdrawn", [("publish", "1", True), ("withdraw", "1", True)], None),
]


def _answering(events, key=int, corrupt="keep", older=True, fallback=False, gone=True):
    """Play the events; the options are mistakes."""
    folders, served = {}, None
    for action, name, good in events:
        if not name.isdecimal():
            continue
        if action == "publish":
            folders[name] = good
            if not older:
                served = int(name) if good else served
                continue
        elif gone:
            folders.pop(name, None)
        candidates = {name: good for name, good in folders.items() if good} if fallback else folders
        if not candidates:
            served = None if not (fallback and folders) else served
            continue
        newest = max(candidates, key=key)
        if candidates[newest] or corrupt == "serve":
            served = int(newest)
        elif corrupt == "none":
            served = None
    return served


EVENT_MISTAKES = [
    (
        lambda e: _answering(e, key=str),
        'As text "9" comes after "10". What are the names compared as?',
    ),
    (lambda e: _answering(e, corrupt="serve"), "A version that can't be loaded never answers."),
    (
        lambda e: _answering(e, corrupt="none"),
        "A failed load changes nothing: what served before goes on serving.",
    ),
    (
        lambda e: _answering(e, older=False),
        "The highest number is served, not the one that came last.",
    ),
    (lambda e: _answering(e, gone=False), "A version that is withdrawn goes out of service."),
    (
        lambda e: _answering(e, fallback=True),
        (
            "The server wants the highest number in the folder and nothing else. While that one is"
            " corrupt it does not look for the second highest."
        ),
    ),
    (
        lambda e: None if _answering(e) is None else str(_answering(e)),
        "Return the version as a number.",
    ),
    (lambda e: _answering(e) or 0, "When nothing answers, return None."),
]


def _answering_stub(events): ...


def check_4(answering_version):
    """Check which version answers after a series of publications and withdrawals."""

    def judge(call):
        answers = [call(what, list(events)) for what, events, _ in EVENTS]
        if all(answer is None for answer in answers):
            raise Refused(NOTHING)
        right = [
            type(answer) is not str
            and not isinstance(answer, (bool, list, tuple, dict))
            and answer == wanted
            for answer, (_, _, wanted) in zip(answers, EVENTS, strict=True)
        ]
        if all(right):
            return (
                "So a version that is corrupt does no harm while the server runs. It would if the"
                " server had to start again just then."
            )
        for mistake, hint in EVENT_MISTAKES:
            if all(
                type(answer) is type(mistake(events)) and answer == mistake(events)
                for answer, (_, events, _) in zip(answers, EVENTS, strict=True)
            ):
                raise Refused(hint)
        what = EVENTS[right.index(False)][0]
        raise Refused(
            f"With {what} another version answers. Which numbers lie in the folder then, which is"
            " the highest, and can it be loaded?"
        )

    return check("8-4", answering_version, _answering_stub, judge)


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
