"""Decide who is in the set: split, wearing and the attributes dealt out evenly."""

import numpy as np

from . import distributions as d


def deal(values, count, stream):
    """Deal `count` values in shuffled blocks, so that any stretch is nearly balanced.

    Parameters
    ----------
    values : list
        One block; a value that stands twice is dealt twice as often.
    count : int
    stream : int
        Number of the random stream, another one for every attribute.
    """
    rng = d.generator(0, 0, stream)
    dealt = []
    while len(dealt) < count:
        dealt += [values[i] for i in rng.permutation(len(values))]
    return dealt[:count]


def make_plan():
    """List every person and their pictures.

    The people of one cell (split, wearing, occlusion) stand side by side while
    attributes are dealt, and are numbered in random order afterwards.

    Returns
    -------
    list of dict
        ``number``, ``split``, ``wearing``, ``mask_type``, ``occlusion``, the
        attributes and ``lights``, one for each picture.
    """
    people = []
    for (wearing, occlusion), sizes in d.PEOPLE.items():
        for split, size in zip(d.SPLITS, sizes):
            second = (
                round(size * d.SECOND_PICTURE) if (wearing, occlusion) == ("none", "none") else 0
            )
            people += [
                {
                    "split": split,
                    "wearing": wearing,
                    "occlusion": occlusion,
                    "pictures": 2 if i < second else 1,
                }
                for i in range(size)
            ]
    count = len(people)
    streams = {
        "tone": d.TONES,
        "gender": d.GENDERS,
        "age_group": d.AGE_GROUPS,
        "glasses": d.GLASSES,
        "head_covering": d.HEAD_COVERINGS,
    }
    for stream, (name, values) in enumerate(streams.items()):
        for person, value in zip(people, deal(values, count, stream)):
            person[name] = value
    for person in people:
        person["head_covering"] = d.covering(person["gender"], person["head_covering"])
    masks = iter(deal(d.MASK_TYPES, count, 10))
    lights = iter(deal(d.LIGHTS, 2 * count, 11))
    for person in people:
        person["mask_type"] = "none" if person["wearing"] == "none" else next(masks)
        person["lights"] = [next(lights) for _ in range(person["pictures"])]
    for number, i in enumerate(d.generator(0, 0, 99).permutation(count), start=1):
        people[i]["number"] = number
    return sorted(people, key=lambda person: person["number"])


def pictures(people):
    """List the pictures of a plan as (person, number of the picture, light)."""
    return [
        (person, i, light) for person in people for i, light in enumerate(person["lights"], start=1)
    ]


def balance(rows, attribute, against):
    """Return the p-value of a chi-square test that two columns are independent.

    Parameters
    ----------
    rows : list of dict
    attribute, against : str
        Column names.
    """
    from scipy.stats import chi2_contingency

    first = np.unique([row[attribute] for row in rows], return_inverse=True)[1]
    second = np.unique([row[against] for row in rows], return_inverse=True)[1]
    table = np.zeros((first.max() + 1, second.max() + 1))
    np.add.at(table, (first, second), 1)
    return float(chi2_contingency(table).pvalue) if min(table.shape) > 1 else 1.0
