"""Counts of right and wrong answers, intervals that respect groups, a test of two models."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from sklearn import metrics


@dataclass(frozen=True)
class Comparison:
    """McNemar's test between two models on the same pictures.

    Attributes
    ----------
    only_first, only_second : int
        Pictures that only this model got right.
    p_value : float
        Probability of a difference as large or larger, if both were equally good (exact,
        two-sided).
    """

    only_first: int
    only_second: int
    p_value: float


def bootstrap_interval(values, groups=None, confidence=0.95, resamples=5000, seed=0):
    """Return an interval for the mean of values that come in groups.

    Whole groups are drawn with replacement (cluster bootstrap: Field and Welsh 2007,
    https://doi.org/10.1111/j.1467-9868.2007.00593.x): ten pictures of one person tell less than ten
    people. With right or wrong as values this is accuracy's interval; recall's with those of the
    class; for a difference between two models give the differences.

    Parameters
    ----------
    values : array-like of bool or float, (n,)
    groups : array-like, (n,), optional
        Names; every value is a group of its own when not given.
    confidence : float
    resamples, seed : int

    Returns
    -------
    low, high : float
        Percentiles of the resampled means. When all values are 0, or all 1, resampling can't tell
        anything: then the exact interval of Clopper and Pearson (1934), with as many trials as
        there are groups. Both are nan without values.
    """
    values = np.asarray(values, float)
    if not len(values):
        return float("nan"), float("nan")
    groups = np.arange(len(values)) if groups is None else np.asarray(groups)
    _, numbers = np.unique(groups, return_inverse=True)
    sums, counts = np.bincount(numbers, values), np.bincount(numbers)
    if np.all(values == values[0]) and values[0] in (0, 1):
        interval = stats.binomtest(int(values[0]) * len(counts), len(counts)).proportion_ci(
            confidence, "exact"
        )
        return float(interval.low), float(interval.high)
    if len(counts) == 1:
        return float("nan"), float("nan")  # one group says nothing about others
    means = stats.bootstrap(
        (sums, counts),
        lambda s, n, axis: s.sum(axis) / n.sum(axis),
        paired=True,
        vectorized=True,
        n_resamples=resamples,
        batch=500,
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    return float(means.confidence_interval.low), float(means.confidence_interval.high)


def mcnemar(first_right, second_right):
    """Test whether two models differ, by the pictures on which only one of them is right.

    McNemar 1947, https://doi.org/10.1007/BF02295996, as an exact binomial test. It takes pictures
    as independent: with several pictures of one person the p-value is too small; then look at
    `bootstrap_interval` of the differences as well.

    Parameters
    ----------
    first_right, second_right : array-like of bool, (n,)

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        When there are not as many of both.
    """
    first, second = np.asarray(first_right, bool), np.asarray(second_right, bool)
    if first.shape != second.shape:
        raise ValueError(
            f"answers about the same pictures are needed; there are {first.shape} and"
            f" {second.shape}"
        )
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    differing = only_first + only_second
    return Comparison(
        only_first,
        only_second,
        float(stats.binomtest(only_first, differing, 0.5).pvalue) if differing else 1.0,
    )


def confusion_matrix(labels, predicted, class_names):
    """Count what was said about each class.

    Parameters
    ----------
    labels, predicted : sequence of str, (n,)
    class_names : sequence of str

    Returns
    -------
    pandas.DataFrame
        int; rows are true classes, columns what the model said.
    """
    counts = metrics.confusion_matrix(labels, predicted, labels=list(class_names))
    return pd.DataFrame(
        counts,
        index=pd.Index(class_names, name="true"),
        columns=pd.Index(class_names, name="predicted"),
    )


def per_class(labels, predicted, class_names):
    """Return recall and precision of each class.

    Parameters
    ----------
    labels, predicted : sequence of str, (n,)
    class_names : sequence of str

    Returns
    -------
    pandas.DataFrame
        Indexed by class: `recall` (of the pictures of this class, the share that was found),
        `precision` (of those that were said to be, the share that is), `pictures`. nan where there
        is nothing to divide by.
    """
    precision, recall, _, pictures = metrics.precision_recall_fscore_support(
        labels, predicted, labels=list(class_names), zero_division=np.nan
    )
    return pd.DataFrame(
        {"recall": recall, "precision": precision, "pictures": pictures},
        index=pd.Index(class_names, name="class"),
    )


def scores(labels, predicted, class_names):
    """Return accuracy, and recall and precision of each class, in per cent.

    Parameters
    ----------
    labels, predicted : ndarray of int, (n,)
        Numbers of the classes.
    class_names : sequence of str

    Returns
    -------
    dict of str to float
        "accuracy"; for each class "recall NAME" and "precision NAME". nan where there is nothing
        to divide by.
    """
    names = np.asarray(class_names)
    rates = 100 * per_class(names[labels], names[predicted], class_names)
    found = {"accuracy": 100 * float(np.mean(labels == predicted))}
    for name in class_names:
        for rate in ("recall", "precision"):
            found[f"{rate} {name}"] = float(rates.loc[name, rate])
    return found
