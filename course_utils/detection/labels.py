"""From probabilities to a word: mask, no mask, or not sure.

A classifier always answers. Where its probability is near the threshold its answer is worth little,
and an alert on it is worth less; so a band round the threshold is called "not sure".
"""

from dataclasses import dataclass

import numpy as np

from course_utils.data.class_names import WORDS as CLASS_WORDS
from course_utils.data.class_names import WORN

NOT_SURE = "not_sure"

WORDS = {**CLASS_WORDS, NOT_SURE: "not sure"}


@dataclass(frozen=True)
class Rule:
    """How probabilities become a label.

    Attributes
    ----------
    threshold : float
        Probability of a properly worn mask at which the two answers meet, 0 to 1.
    band : float
        Within this distance of the threshold the label is "not_sure".
    """

    threshold: float = 0.5
    band: float = 0.15

    def label(self, probabilities, class_names):
        """Say what the probabilities of a face mean.

        Parameters
        ----------
        probabilities : array_like, (classes,)
            They sum to 1.
        class_names : sequence of str
            Two classes, "with_mask" and "without_mask", or four, with "under_nose" and "nose_only"
            as well.

        Returns
        -------
        label : str
            "with_mask", the likeliest other class, or "not_sure".
        probability : float
            For "with_mask" and "not_sure" that a mask is worn properly; for the others that it is
            not.
        """
        probabilities = np.asarray(probabilities, float)
        worn = float(probabilities[list(class_names).index(WORN)])
        if abs(worn - self.threshold) < self.band:
            return NOT_SURE, worn
        if worn >= self.threshold:
            return WORN, worn
        others = [
            (float(share), name) for share, name in zip(probabilities, class_names) if name != WORN
        ]
        return max(others)[1], 1.0 - worn


def is_unmasked(label):
    """Say whether a label means a face without a properly worn mask; "not_sure" and None don't."""
    return label not in (WORN, NOT_SURE, None)
