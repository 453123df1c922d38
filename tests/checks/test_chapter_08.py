"""Chapter 08: its checks accept every right answer and refuse wrong ones with a hint each; the
chapter's graph is the package's.
"""

import base64
import copy
import hashlib
import json
import random
import zlib

import numpy as np
import pytest
from every_exercise import *
from exercises import Exercises, refuse_all

from course_utils.checks import chapter_08

EXERCISES = Exercises(
    "08_serving", chapter_08, known={"base64": base64, "hashlib": hashlib, "json": json, "np": np}
)


# --- 8-1
def takes(old, new):
    return len(old) == len(new) and all(b is None or a == b for a, b in zip(old, new, strict=True))


def holds(old, new, input_holds=None, output_holds=None):
    """Tell whether a signature's clients can go on."""
    input_holds = input_holds or (lambda a, b: a[0] == b[0] and takes(a[1], b[1]))
    output_holds = output_holds or (lambda a, b: a == b)
    given, read = old["inputs"], old["outputs"]
    return (
        set(given) == set(new["inputs"])
        and all(input_holds(given[name], new["inputs"][name]) for name in given)
        and set(read) <= set(new["outputs"])
        and all(output_holds(read[name], new["outputs"][name]) for name in read)
        and (len(read) > 1 or len(new["outputs"]) == 1)
    )


def right_contract(old, new, **rules):
    return [name for name in old if name not in new or not holds(old[name], new[name], **rules)]


def but(change_old=None, change_new=None):
    """Answer rightly about versions that were changed first: the mistake is what is not seen."""

    def changed(version, change):
        return {name: change(copy.deepcopy(parts)) for name, parts in version.items()}

    def answer(old, new):
        seen = changed(old, change_old) if change_old else old
        return right_contract(seen, changed(new, change_new) if change_new else new)

    return answer


def without(part):
    """Return a change that makes a signature's inputs or outputs always the same."""

    def change(parts):
        parts[part] = {"x": ("float", ())}
        return parts

    return change


@pytest.mark.parametrize(
    "answer",
    [
        right_contract,
        lambda old, new: set(right_contract(old, new)),
        lambda old, new: tuple(reversed(right_contract(old, new))),
    ],
)
def test_the_contract_may_be_held_in_any_way(answer):
    assert str(chapter_08.check_1(answer)).startswith("✔")


def test_each_mistake_with_the_contract_has_its_hint():
    refuse_all(
        chapter_08.check_1,
        {
            "every difference": lambda old, new: [
                name for name in {*old, *new} if old.get(name) != new.get(name)
            ],
            "new ones": lambda old, new: [
                *right_contract(old, new),
                *(name for name in new if name not in old),
            ],
            "what holds": lambda old, new: [
                name for name in old if name not in right_contract(old, new)
            ],
            "none is gone": lambda old, new: [
                name for name in right_contract(old, new) if name in new
            ],
            "types": lambda old, new: right_contract(
                old, new, input_holds=lambda a, b: takes(a[1], b[1])
            ),
            "shapes": lambda old, new: right_contract(
                old, new, input_holds=lambda a, b: a[0] == b[0]
            ),
            "exact": lambda old, new: right_contract(old, new, input_holds=lambda a, b: a == b),
            "free batch": lambda old, new: right_contract(
                old,
                new,
                input_holds=lambda a, b: (
                    a[0] == b[0]
                    and len(a[1]) == len(b[1])
                    and all(None in (x, y) or x == y for x, y in zip(a[1], b[1], strict=True))
                ),
            ),
            "inputs only": but(without("outputs"), without("outputs")),
            "classes": lambda old, new: right_contract(
                old, new, output_holds=lambda a, b: a[0] == b[0]
            ),
            "truth": lambda old, new: bool(right_contract(old, new)),
            "outputs only": but(without("inputs"), without("inputs")),
            "none ever": lambda old, new: [],
        },
    )


def test_a_single_output_that_gets_company_is_explained():
    verdict = chapter_08.check_1(
        lambda old, new: [
            name
            for name in right_contract(old, new)
            if name not in new or len(new[name]["outputs"]) != 2 or len(old[name]["outputs"]) != 1
        ]
    )
    assert verdict.state == "not yet" and "*single* output" in verdict.hint


# --- 8-2
def document(
    files,
    encode=lambda file: base64.b64encode(file).decode(),
    wrap=lambda text: {"b64": text},
    key="instances",
    dump=json.dumps,
    **more,
):
    return dump(
        {"signature_name": "serving_bytes", **more, key: [wrap(encode(file)) for file in files]}
    )


def right_requests(files, pictures, characters, size=lambda part: len(document(part)), **ways):
    parts = []
    for file in files:
        if parts and len(parts[-1]) < pictures and size([*parts[-1], file]) <= characters:
            parts[-1].append(file)
        else:
            parts.append([file])
    return [document(part, **ways) for part in parts]


def requests_with(**ways):
    return lambda files, pictures, characters: right_requests(files, pictures, characters, **ways)


@pytest.mark.parametrize(
    "answer",
    [
        right_requests,
        lambda *arguments: tuple(text.encode() for text in right_requests(*arguments)),
        requests_with(dump=lambda value: json.dumps(value, separators=(",", ":"))),
    ],
)
def test_requests_may_be_written_in_any_way(answer):
    assert str(chapter_08.check_2(answer)).startswith("✔")


def test_each_mistake_with_the_requests_has_its_hint():
    refuse_all(
        chapter_08.check_2,
        {
            "one text": lambda files, *limits: document(files),
            "one request": lambda files, *limits: [document(files)],
            "dictionary": requests_with(dump=lambda value: value),
            "quotes": requests_with(dump=str),
            "columns": requests_with(key="inputs"),
            "no signature": requests_with(signature_name=""),
            "plain": requests_with(wrap=lambda text: text),
            "other key": requests_with(wrap=lambda text: {"base64": text}),
            "printed bytes": requests_with(encode=lambda file: str(base64.b64encode(file))),
            "for addresses": requests_with(
                encode=lambda file: base64.urlsafe_b64encode(file).decode()
            ),
            "data URL": requests_with(
                encode=lambda file: "data:image/jpeg;base64," + base64.b64encode(file).decode()
            ),
            "lines": requests_with(encode=lambda file: base64.encodebytes(file).decode()),
            "no instances": requests_with(key="pictures"),
            "list": requests_with(dump=lambda value: json.dumps(value["instances"])),
            "cut": requests_with(encode=lambda file: base64.b64encode(file).decode()[:-1]),
            "bytes of files": requests_with(size=lambda part: sum(map(len, part))),
            "base64 alone": requests_with(
                size=lambda part: sum(len(base64.b64encode(file)) for file in part)
            ),
            "one by one": lambda files, *limits: [document([file]) for file in files],
            "last lost": lambda *arguments: right_requests(*arguments)[:-1],
            "first lost": lambda files, *limits: right_requests(files[1:], *limits),
            "from the back": lambda files, *limits: right_requests(files[::-1], *limits),
            "twice": lambda files, *limits: right_requests([*files, *files[:1]], *limits),
            "empty": lambda files, *limits: right_requests(files, *limits) or [document([])],
            "one too many": lambda files, most, size: right_requests(files, most + 1, size),
        },
    )


# --- 8-3
def right_batches(arrivals, largest, patience):
    sizes, waiting = [], list(arrivals)
    while waiting:
        batch = [moment for moment in waiting if moment <= waiting[0] + patience][:largest]
        sizes.append(len(batch))
        waiting = waiting[len(batch) :]
    return sizes


@pytest.mark.parametrize(
    "answer",
    [
        right_batches,
        lambda *a: tuple(right_batches(*a)),
        lambda *a: np.array(right_batches(*a), int),
    ],
)
def test_batches_may_be_found_in_any_way(answer):
    assert str(chapter_08.check_3(answer)).startswith("✔")


def test_each_mistake_with_the_batches_has_its_hint():
    def anew(arrivals, largest, patience):
        sizes, last = [], None
        for moment in arrivals:
            if sizes and sizes[-1] < largest and moment - last <= patience:
                sizes[-1] += 1
            else:
                sizes.append(1)
            last = moment
        return sizes

    refuse_all(
        chapter_08.check_3,
        {
            "anew": anew,
            "no limit": lambda a, m, p: right_batches(a, 99, p),
            "strict": lambda a, m, p: right_batches(a, m, p - 1e-9) if p else [1] * len(a),
            "alone": lambda a, m, p: [1] * len(a),
            "filled": lambda a, m, p: right_batches(a, m, 1e9),
            "all": lambda a, m, p: [len(a)] if a else [],
            "count": lambda a, m, p: len(right_batches(a, m, p)),
            "last lost": lambda a, m, p: right_batches(a, m, p)[:-1],
            "one more": lambda a, m, p: right_batches(a, m + 1, p),
            "lost": lambda a, m, p: right_batches(a[1:], m, p),
        },
    )


# --- 8-4
def right_alarm(
    names,
    status,
    number=int,
    state=lambda entry: entry["state"] == "AVAILABLE",
    name=lambda wanted: str(int(wanted)),
):
    wanted = max((name for name in names if name.isdecimal()), key=number, default=None)
    if wanted is None:
        return None
    entries = [
        entry for entry in status["model_version_status"] if entry["version"] == name(wanted)
    ]
    return None if any(map(state, entries)) else int(wanted)


def states(status):
    return {int(entry["version"]): entry["state"] for entry in status["model_version_status"]}


@pytest.mark.parametrize(
    "answer",
    [
        right_alarm,
        lambda *look: None if right_alarm(*look) is None else np.int64(right_alarm(*look)),
        lambda *look: None if right_alarm(*look) is None else float(right_alarm(*look)),
    ],
)
def test_the_alarm_may_be_raised_in_any_way(answer):
    assert str(chapter_08.check_4(answer)).startswith("✔")


def test_each_mistake_with_the_alarm_has_its_hint():
    refuse_all(
        chapter_08.check_4,
        {
            "as text": lambda *look: right_alarm(*look, number=str),
            "every version": lambda names, status: next(
                (
                    number
                    for number in sorted(
                        (int(name) for name in names if name.isdecimal()), reverse=True
                    )
                    if states(status).get(number) != "AVAILABLE"
                ),
                None,
            ),
            "the server's newest": lambda names, status: next(
                (number for number, state in list(states(status).items())[:1] if state[0] != "A"),
                None,
            ),
            "unknown is well": lambda names, status: (
                right_alarm(names, status) if right_alarm(names, status) in states(status) else None
            ),
            "errors only": lambda names, status: (
                right_alarm(
                    names, status, state=lambda entry: entry["status"]["error_code"] == "OK"
                )
                if right_alarm(names, status) in states(status)
                else None
            ),
            "number for text": lambda *look: right_alarm(*look, name=int),
            "zeros": lambda *look: right_alarm(*look, name=str),
            "something serves": lambda names, status: (
                None if "AVAILABLE" in states(status).values() else right_alarm(names, status)
            ),
            "zero": lambda *look: right_alarm(*look) or 0,
            "text": lambda *look: right_alarm(*look) and str(right_alarm(*look)),
            "truth": lambda *look: right_alarm(*look) is not None,
            "always the first": lambda names, status: 1,
        },
    )


# --- 8-5
def fraction(user, algorithm="sha256"):
    return int.from_bytes(hashlib.new(algorithm, user.encode()).digest()[:8], "big") / 2**64


@pytest.mark.parametrize(
    "answer",
    [
        lambda user, share: "canary" if fraction(user) < share else "stable",
        lambda user, share: "stable" if fraction(user, "md5") >= share else "canary",
        lambda user, share: "canary" if zlib.crc32(user.encode()) / 2**32 < share else "stable",
        lambda user, share: (
            "canary"
            if int(hashlib.sha1(user.encode()).hexdigest(), 16) % 10_000 < 10_000 * share
            else "stable"
        ),
    ],
)
def test_the_canary_may_be_chosen_in_any_way(answer):
    assert str(chapter_08.check_5(answer)).startswith("✔")


def test_each_mistake_with_the_canary_has_its_hint():
    refuse_all(
        chapter_08.check_5,
        {
            "chance": lambda user, share: "canary" if random.random() < share else "stable",
            "salted": lambda user, share: (
                "canary" if hash(user) % 1000 < 1000 * share else "stable"
            ),
            "the other way round": lambda user, share: (
                "stable" if fraction(user) < share else "canary"
            ),
            "first letter": lambda user, share: (
                "canary" if ord(user[0]) % 100 < 100 * share else "stable"
            ),
            "never": lambda user, share: "stable",
            "truth": lambda user, share: fraction(user) < share,
            "share within": lambda user, share: (
                "canary" if fraction(f"{user}{share}") < share else "stable"
            ),
            "at most": lambda user, share: (
                "canary" if int(100 * fraction(user)) <= 100 * share else "stable"
            ),
        },
    )
