"""The share of rows that counts as evidence, chosen by hiding known classes."""

import numpy as np

from skextras._labels import Labels
from skextras.metrics import clustering_accuracy_score
from skextras.mixture._mixtures._search import Search

GRID = np.geomspace(1.0, 0.03, 8)
GIVEN, UNKNOWN = 1.0, 0.1  # if the number of classes is given, or none can be hidden
_MOST_FOLDS = 5
_SHORT = 10  # steps of EM after the unions


def folds(n_known):
    """Return the classes that each fold hides: a third of them, but at least two."""
    n_hidden = 1 if n_known == 2 else max(2, n_known // 3)
    n_folds = min(n_known, _MOST_FOLDS)
    first = np.round(np.arange(n_folds) * n_known / n_folds).astype(int)
    return [(start + np.arange(n_hidden)) % n_known for start in first]


def is_chosen(plan, n_known):
    """Tell if known classes are hidden to choose zeta."""
    if plan.zeta == "cv":
        if n_known < 2:
            raise ValueError(
                f'zeta="cv" hides known classes, and y names {n_known}: label rows of '
                "two classes, or give a number between 0 and 1."
            )
        return True
    return plan.zeta == "auto" and plan.n_novel is None and n_known >= 2


def otherwise(plan):
    """Return what zeta is if no class is hidden to choose it."""
    if plan.zeta == "auto":
        return UNKNOWN if plan.n_novel is None else GIVEN
    return float(plan.zeta)


def choose(problem, plan, rng, step):
    """Return the zeta by which most rows of hidden classes are found, and all scores.

    Rows of hidden classes that are in a component whose class is known are errors.
    """
    hidden_ones = folds(len(problem.labels.classes))
    scores = np.zeros(len(GRID))
    for hidden in hidden_ones:
        with step():
            scores += _scores(problem, plan, hidden, rng) / len(hidden_ones)
    padded = np.pad(scores, 1, mode="edge")
    smooth = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    best = int(np.argmax(smooth))
    return float(GRID[best]), dict(zip(GRID.tolist(), scores.tolist(), strict=True))


def _scores(problem, plan, hidden, rng):
    """Return the share of the rows of hidden classes that is found, for each zeta."""
    labels = problem.labels
    kept = np.setdiff1d(np.arange(len(labels.classes)), hidden)
    codes = np.zeros(len(labels.classes) + 1, dtype=np.intp)
    codes[kept + 1] = 1 + np.arange(len(kept))
    masked = Labels(labels.classes[kept], codes[labels.codes], np.empty((0, len(kept))))
    n_novel = None if plan.n_novel is None else plan.n_novel + len(hidden)
    plan = plan._replace(n_novel=n_novel, zeta=1.0)
    search = Search(problem._replace(labels=masked), plan, rng)
    mixture, owner = search.over_segmented()
    rows = np.flatnonzero((labels.codes > 0) & (masked.codes == 0))
    scores = np.zeros(len(GRID))
    for number, zeta in enumerate(GRID):
        one = search.with_zeta(float(zeta))
        united, n = one.united(owner, len(mixture.means), [])
        found = one.run(united, n, _SHORT)[1][rows]
        free = found >= search.n_known
        if free.any():
            share = clustering_accuracy_score(labels.codes[rows][free], found[free])
            scores[number] = free.mean() * share
    return scores
