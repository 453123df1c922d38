"""Several networks, asked about the same faces: what each said, and how far apart they are."""

import numpy as np
import pandas as pd

from course_utils.evaluation.statistics import bootstrap_interval

WHO = ["picture", "group", "wearing", "label"]
"""Columns of a table of faces that are kept."""


def answer_table(tables, probabilities, class_names):
    """Put what a network said beside the faces that it was asked about.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        By test: its faces, with the columns `WHO`.
    probabilities : dict of str to ndarray, float, (n, classes)
        By test: what the network said of them, in their order.
    class_names : sequence of str
        In the order of the network's outputs.

    Returns
    -------
    pandas.DataFrame
        A row for each face of each test: `WHO`, `test`, `said`, `confidence` (the probability of
        what was said, with four digits) and `right` (bool).
    """
    rows = []
    for test, p in probabilities.items():
        said = np.asarray(class_names)[p.argmax(axis=1)]
        rows.append(
            tables[test][WHO].assign(
                test=test,
                said=said,
                confidence=p.max(axis=1).round(4),
                right=said == tables[test]["label"],
            )
        )
    return pd.concat(rows, ignore_index=True)


def accuracies(answers):
    """Return the accuracy of each test with its 95 % interval by person.

    Parameters
    ----------
    answers : pandas.DataFrame
        As `answer_table` returns it.

    Returns
    -------
    dict of str to (float, float, float)
        Test to accuracy, lower and upper end, 0 to 1.
    """
    return {
        test: (float(rows.right.mean()), *bootstrap_interval(rows.right, rows.group))
        for test, rows in answers.groupby("test", sort=False)
    }


def gains(answers, other):
    """Return by how much one network is right more often than another, on the same faces.

    Parameters
    ----------
    answers, other : pandas.DataFrame
        As `answer_table` returns them, of the same tables.

    Returns
    -------
    dict of str to (float, float, float)
        Test to the mean difference, -1 to 1, and the ends of its 95 % interval by person.

    Raises
    ------
    ValueError
        When they are not about the same faces.
    """
    if not answers[["test", "picture"]].equals(other[["test", "picture"]]):
        raise ValueError("two networks can be compared only by what they say of the same faces")
    differences = answers.assign(gain=answers.right.astype(int) - other.right.astype(int))
    return {
        test: (float(rows.gain.mean()), *bootstrap_interval(rows.gain, rows.group))
        for test, rows in differences.groupby("test", sort=False)
    }


def points(first, second, groups):
    """Return how many points more often the second of two is right about the same faces.

    Parameters
    ----------
    first, second : ndarray of bool, (n,)
    groups : array-like, (n,)
        Whose face it is.

    Returns
    -------
    (float, float, float)
        The mean difference, -100 to 100, and the ends of its 95 % interval by person.
    """
    gain = 100 * (second.astype(float) - first.astype(float))
    return float(gain.mean()), *bootstrap_interval(gain, groups)
