"""How far the confidence of a network is from its share of right answers."""

import numpy as np
import pandas as pd


def reliability(confidence, right, bins=10):
    """Compare confidence with the share of right answers, bin by bin.

    A reliability diagram draws `right` against `confidence` (DeGroot and Fienberg 1983,
    https://doi.org/10.2307/2987588).

    Parameters
    ----------
    confidence : array-like of float, (n,)
        Probability of the answer that was given, 0 to 1.
    right : array-like of bool, (n,)
    bins : int
        Bins of equal width from 0 to 1; the upper end belongs to the bin.

    Returns
    -------
    pandas.DataFrame
        One row for each bin that holds an answer, indexed by its number from 0: `faces` (int),
        `confidence` and `right` (means, 0 to 1).
    """
    table = pd.DataFrame(
        {"confidence": np.asarray(confidence, float), "right": np.asarray(right, bool)}
    )
    number = np.clip(np.ceil(table["confidence"] * bins).astype(int) - 1, 0, bins - 1)
    return table.groupby(number.rename("bin")).agg(
        faces=("right", "size"), confidence=("confidence", "mean"), right=("right", "mean")
    )


def calibration_error(confidence, right, bins=10):
    """Return the expected calibration error.

    How far confidence and share of right answers lie apart on average over all answers.

    Naeini et al. 2015, https://doi.org/10.1609/aaai.v29i1.9602; Guo et al. 2017,
    https://arxiv.org/abs/1706.04599.

    Parameters
    ----------
    confidence, right, bins
        As for `reliability`.

    Returns
    -------
    float
        0 to 1. With few answers it is above 0 for a perfectly calibrated network as well.
    """
    table = reliability(confidence, right, bins)
    return float(
        ((table["confidence"] - table["right"]).abs() * table["faces"]).sum() / table["faces"].sum()
    )
