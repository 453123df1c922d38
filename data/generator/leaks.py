"""Ask a small neural network for what the pictures should not give away."""

import numpy as np
from PIL import Image

SHUFFLES, FOLDS = 40, 5


def thumbnails(folder, rows, size=8, border=False):
    """Return colour thumbnails as vectors.

    Parameters
    ----------
    folder : Path
    rows : list of dict
        ``picture`` is the file name below `folder`.
    border : bool
        Keep only the outermost pixels of the upper five rows: background.

    Returns
    -------
    ndarray, shape (N, size * size * 3) or, of the border alone, (N, 48), range [0, 1]
    """
    ring = np.zeros((size, size), bool)
    ring[0] = ring[:5, 0] = ring[:5, -1] = True  # below are shoulders, arms and scarves
    vectors = []
    for row in rows:
        with Image.open(folder / row["picture"], formats=["JPEG"]) as image:
            pixels = np.asarray(image.convert("RGB").resize((size, size), Image.BOX)) / 255
        vectors.append((pixels[ring] if border else pixels).ravel())
    return np.array(vectors)


def cross_validated_auc(vectors, labels, seed):
    """Return the area under the ROC curve of predictions for people the network has not seen."""
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    network = make_pipeline(
        StandardScaler(),
        MLPClassifier((32,), alpha=1.0, learning_rate_init=3e-3, max_iter=25, random_state=seed),
    )
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    scores = cross_val_predict(network, vectors, labels, cv=folds, method="predict_proba")[:, 1]
    return roc_auc_score(labels, scores)


def separability(vectors, labels, shuffles=SHUFFLES):
    """Compare what a network learns from pictures with what it learns from noise.

    Parameters
    ----------
    vectors : ndarray, shape (N, D)
        One line a person, so that folds never share one.
    labels : ndarray of bool, shape (N,)
    shuffles : int
        How often the labels are shuffled.

    Returns
    -------
    auc : float
        Cross-validated; 0.5 is chance.
    low, high : float
        Where 95 % of the values lie when the labels mean nothing: mean and
        1.96 standard deviations of the permutation distribution (Ojala and
        Garriga 2010, Permutation tests for studying classifier performance).
    """
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    rng = np.random.default_rng(0)
    with warnings.catch_warnings():  # few rounds are wanted: more would learn the noise
        warnings.simplefilter("ignore", ConvergenceWarning)
        auc = cross_validated_auc(vectors, labels, 0)
        null = np.array(
            [
                cross_validated_auc(vectors, rng.permutation(labels), k)
                for k in range(1, shuffles + 1)
            ]
        )
    return auc, null.mean() - 1.96 * null.std(ddof=1), null.mean() + 1.96 * null.std(ddof=1)
