"""Chapter 08: its checks accept every right answer and refuse wrong ones with a hint each; the
chapter's graph is the package's.
"""

import base64
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


@pytest.mark.parametrize(
    "answer",
    [
        document,
        lambda files: document(files).encode(),
        lambda files: document(files, wrap=lambda text: {"image_bytes": {"b64": text}}),
        lambda files: document(files, dump=lambda value: json.dumps(value, indent=2)),
    ],
)
def test_a_request_may_be_written_in_any_way(answer):
    assert str(chapter_08.check_1(answer)).startswith("✔")


def test_each_mistake_with_the_request_has_its_hint():
    refuse_all(
        chapter_08.check_1,
        {
            "dictionary": lambda files: document(files, dump=lambda value: value),
            "quotes": lambda files: document(files, dump=str),
            "columns": lambda files: document(files, key="inputs"),
            "no signature": lambda files: document(files, signature_name=""),
            "plain": lambda files: document(files, wrap=lambda text: text),
            "other key": lambda files: document(files, wrap=lambda text: {"base64": text}),
            "printed bytes": lambda files: document(
                files, encode=lambda file: str(base64.b64encode(file))
            ),
            "for addresses": lambda files: document(
                files, encode=lambda file: base64.urlsafe_b64encode(file).decode()
            ),
            "hexadecimal": lambda files: document(files, encode=bytes.hex),
            "data URL": lambda files: document(
                files,
                encode=lambda file: "data:image/jpeg;base64," + base64.b64encode(file).decode(),
            ),
            "first only": lambda files: document(files[:1]),
            "lines": lambda files: document(
                files, encode=lambda file: base64.encodebytes(file).decode()
            ),
            "no instances": lambda files: document(files, key="pictures"),
            "twice": lambda files: document(
                files, encode=lambda file: base64.b64encode(base64.b64encode(file)).decode()
            ),
            "list": lambda files: document(
                files, dump=lambda value: json.dumps(value["instances"])
            ),
            "cut": lambda files: document(
                files, encode=lambda file: base64.b64encode(file[:-1]).decode()
            ),
        },
    )


# --- 8-2
def right_sizes(n, s, f):
    return n * s * s * 12, n * f, n * 4 * -(-f // 3)


@pytest.mark.parametrize(
    "answer",
    [
        right_sizes,
        lambda n, s, f: [float(x) for x in right_sizes(n, s, f)],
        lambda n, s, f: np.array(right_sizes(n, s, f)),
        lambda n, s, f: (
            np.zeros((n, s, s, 3), np.float32).nbytes,
            n * f,
            n * len(base64.b64encode(b"x" * f)),
        ),
    ],
)
def test_sizes_may_be_found_in_any_way(answer):
    assert str(chapter_08.check_2(answer)).startswith("✔")


def test_each_mistake_with_the_sizes_has_its_hint():
    def but(position, wrong):
        return lambda n, s, f: tuple(
            wrong(n, s, f) if index == position else value
            for index, value in enumerate(right_sizes(n, s, f))
        )

    refuse_all(
        chapter_08.check_2,
        {
            "one byte": but(0, lambda n, s, f: n * s * s * 3),
            "no channels": but(0, lambda n, s, f: n * s * s * 4),
            "float64": but(0, lambda n, s, f: n * s * s * 24),
            "one side": but(0, lambda n, s, f: n * s * 12),
            "one picture": but(0, lambda n, s, f: s * s * 12),
            "one file": but(1, lambda n, s, f: f),
            "base64 over gRPC": but(1, lambda n, s, f: n * 4 * -(-f // 3)),
            "a third more": but(2, lambda n, s, f: n * f * 4 / 3),
            "floor": but(2, lambda n, s, f: n * (f * 4 // 3)),
            "together": but(2, lambda n, s, f: 4 * -(-n * f // 3)),
            "hexadecimal": but(2, lambda n, s, f: 2 * n * f),
            "not longer": but(2, lambda n, s, f: n * f),
            "ceiling": but(2, lambda n, s, f: n * -(-f * 4 // 3)),
            "near": but(0, lambda n, s, f: n * s * s * 12 + 1),
            "two numbers": lambda n, s, f: right_sizes(n, s, f)[:2],
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
def right_version(events, key=int, keep=True, corrupt=False, usable=False):
    there, served = [], None
    for action, name, good in events:
        if name.isdecimal():
            there = [entry for entry in there if int(entry[0]) != int(name)] + (
                [(name, good)] if action == "publish" else []
            )
            candidates = [entry for entry in there if entry[1]] if usable else there
            newest = max(candidates, key=lambda entry: key(entry[0]), default=None)
            served = (
                None
                if not there
                else (
                    served
                    if newest is None
                    else int(newest[0])
                    if newest[1] or corrupt
                    else served
                    if keep
                    else None
                )
            )
    return served


@pytest.mark.parametrize(
    "answer",
    [
        right_version,
        lambda events: None if right_version(events) is None else np.int64(right_version(events)),
    ],
)
def test_the_version_may_be_found_in_any_way(answer):
    assert str(chapter_08.check_4(answer)).startswith("✔")


def test_each_mistake_with_the_version_has_its_hint():
    refuse_all(
        chapter_08.check_4,
        {
            "as text": lambda events: right_version(events, key=str),
            "corrupt serves": lambda events: right_version(events, corrupt=True),
            "corrupt stops": lambda events: right_version(events, keep=False),
            "highest usable": lambda events: right_version(events, usable=True),
            "text": lambda events: (
                None if right_version(events) is None else str(right_version(events))
            ),
            "zero": lambda events: right_version(events) or 0,
            "latest fails": lambda events: max((int(name) for _, name, _ in events), default=None),
            "never withdrawn": lambda events: right_version(
                [event for event in events if event[0] == "publish"]
            ),
            "last published": lambda events: next(
                (
                    int(name)
                    for action, name, good in reversed(events)
                    if action == "publish" and name.isdecimal() and good
                ),
                None,
            ),
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
