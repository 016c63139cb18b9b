"""Accuracies of class discovery: values, brute force, edges."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import UndefinedMetricWarning

from skextras.metrics import (
    clustering_accuracy_score,
    gcd_accuracy_score,
    make_gcd_scorer,
)

LABELS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1)


def rows(table):
    """Return clusters and classes of which a table counts the rows."""
    pairs = [
        (k, c)
        for k, line in enumerate(table)
        for c, count in enumerate(line)
        for _ in range(count)
    ]
    return np.array(pairs).T


def test_values():
    clusters, classes = rows([[5, 1, 0], [2, 6, 0], [0, 1, 4], [0, 0, 3]])
    found = gcd_accuracy_score(classes, clusters, [0, 1])
    np.testing.assert_allclose(found, [0.681818, 0.733333, 0.571429], atol=1e-6)
    classes = np.repeat([0, 1, 2], [6, 6, 4])
    clusters = np.repeat([1, 0, 7], [6, 6, 4])
    assert gcd_accuracy_score(classes, clusters, [0, 1]) == (1, 1, 1)
    pinned = gcd_accuracy_score(classes, clusters, [0, 1], matching="pinned")
    assert pinned == (0.25, 0, 1)


def brute_force(classes, clusters):
    """Return the largest number of matched rows."""
    names = sorted(set(clusters))
    names += [None] * max(0, len(set(classes)) - len(names))
    return max(
        sum(dict(zip(sorted(set(classes)), chosen, strict=True))[c] == k
            for c, k in zip(classes, clusters, strict=True))
        for chosen in permutations(names, len(set(classes)))
    )  # fmt: skip


@given(LABELS)
def test_largest_of_all_matchings(pairs):
    classes, clusters = (list(part) for part in zip(*pairs, strict=True))
    best = brute_force(classes, clusters) / len(classes)
    assert clustering_accuracy_score(classes, clusters) == pytest.approx(best)
    text = np.array([f"c{k}" for k in clusters], dtype=object)
    assert clustering_accuracy_score(classes, text) == pytest.approx(best)
    with np.errstate(all="ignore"), pytest.warns(UndefinedMetricWarning):
        found = gcd_accuracy_score(classes, clusters, range(4))
    assert found.all == found.old == pytest.approx(best)
    assert np.isnan(found.new)


@given(LABELS)
def test_parts_make_the_whole(pairs):
    pairs = [*pairs, (0, 0), (3, 3)]
    classes, clusters = (np.array(part) for part in zip(*pairs, strict=True))
    share = np.mean(classes < 2)
    for matching in ("all", "per_split", "pinned"):
        found = gcd_accuracy_score(classes, clusters, [0, 1], matching=matching)
        whole = share * found.old + (1 - share) * found.new
        assert found.all == pytest.approx(whole)
    apart = gcd_accuracy_score(classes, clusters, [0, 1], matching="per_split")
    once = gcd_accuracy_score(classes, clusters, [0, 1])
    pinned = gcd_accuracy_score(classes, clusters, [0, 1], matching="pinned")
    assert apart.all >= once.all - 1e-12 >= pinned.all - 2e-12
    kept = classes < 2
    assert pinned.old == pytest.approx(np.mean(clusters[kept] == classes[kept]))
    weight = np.arange(1, len(classes) + 1)
    repeated = gcd_accuracy_score(
        np.repeat(classes, weight), np.repeat(clusters, weight), [0, 1]
    )
    weighted = gcd_accuracy_score(classes, clusters, [0, 1], sample_weight=weight)
    np.testing.assert_allclose(weighted, repeated)


def test_names_of_any_kind():
    classes = np.array(["a", "b", "novel", "novel"], dtype=object)
    clusters = np.array(["a", "b", "novel_0", "novel_0"], dtype=object)
    found = gcd_accuracy_score(classes, clusters, ["a", "b"], matching="pinned")
    assert found == (1, 1, 1)
    far = np.array([-(2**60), 2**60, 5])
    assert clustering_accuracy_score(far, [1, 2, 3]) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gcd_accuracy_score([0], [0], [0], matching="x"), "matching must be"),
        (lambda: gcd_accuracy_score([0, 1], [0], [0]), "inconsistent numbers"),
        (lambda: clustering_accuracy_score([], []), "at least one row"),
        (lambda: make_gcd_scorer(part="x"), "part must be one of"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
