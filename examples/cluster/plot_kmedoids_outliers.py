"""
========================================================
How many outliers does k-medoids bear, and how far away?
========================================================

k-means minimises a sum of squared distances, k-medoids a sum of distances. Points far
from everything therefore count for less in k-medoids: it keeps the right clusters where
k-means has lost them. But not always, and this example shows where both fail.
"""

# %%
# Three clusters and a clump of outliers
# --------------------------------------
# Each cluster has 100 points of standard deviation 1. The outliers lie close together,
# at some distance from the middle: readings of a device that was set wrongly, say.
# Clumped outliers are the hard case, since one centre can serve them all.

import numpy as np

CENTERS = np.array([[0, 0], [8, 0], [4, 7]])
CLUSTER = np.repeat([0, 1, 2], 100)


def make_data(n_outliers, distance, seed=0):
    rng = np.random.default_rng(seed)
    points = CENTERS[CLUSTER] + rng.normal(size=(len(CLUSTER), 2))
    place = CENTERS.mean(axis=0) + np.array([distance, 0])
    return np.vstack([points, place + rng.normal(size=(n_outliers, 2))])


# %%
# Both methods search for three clusters. Success is measured on the 300 points of the
# clusters only: an adjusted Rand index of 1 means that all three were found.

from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from skextras.cluster import KMedoids

MODELS = {
    "KMeans": KMeans(3, n_init=5, random_state=0),
    "KMedoids": KMedoids(3, n_init=5, random_state=0),
}


def agreement(model, X):
    labels = model.fit_predict(X)[: len(CLUSTER)]
    return adjusted_rand_score(CLUSTER, labels)


# %%
# How far is too far?
# -------------------
# For each number of outliers, halving an interval finds the distance at which a method
# ceases to find the clusters in two of three data sets.


def breaking_distance(model, n_outliers):
    low, high = 5.0, 2000.0
    while high / low > 1.05:
        middle = np.sqrt(low * high)
        data = [make_data(n_outliers, middle, seed) for seed in range(3)]
        if np.median([agreement(model, X) for X in data]) > 0.9:
            low = middle
        else:
            high = middle
    return low


counts = np.array([1, 2, 3, 5, 8, 12, 20, 32, 50, 80])
border = {
    name: np.array([breaking_distance(model, count) for count in counts])
    for name, model in MODELS.items()
}

# %%
# One case, and the whole range
# -----------------------------
# The case has ten outliers at distance 40: the cross in the map below. Above, colours
# are clusters and crosses their centres.

import matplotlib.pyplot as plt

COLORS = np.array(["#0072b2", "#e69f00", "#009e73"])
X = make_data(10, 40)
fig = plt.figure(figsize=(8, 8.8), layout="constrained")
fig.get_layout_engine().set(h_pad=0.1)
panels = fig.subplot_mosaic(
    [["KMeans"], ["KMedoids"], ["map"]], height_ratios=[1, 1, 1.8]
)
for name, model in MODELS.items():
    model.fit(X)
    rank = model.cluster_centers_.argsort(axis=0)[:, 0].argsort()  # from left to right
    axis = panels[name]
    axis.scatter(*X.T, c=COLORS[rank[model.labels_]], s=12, alpha=0.6, linewidth=0)
    axis.scatter(*model.cluster_centers_.T, c="k", marker="X", s=90, edgecolor="w")
    axis.set(aspect="equal", xticks=[], yticks=[])
panels["KMeans"].set_title(
    "KMeans gives a centre to ten outliers and merges two clusters"
)
panels["KMedoids"].set_title("KMedoids keeps its centres for the clusters")

axis = panels["map"]
low, high = border.values()
axis.fill_between(counts, 4, low, color="#56b4e9", alpha=0.5, linewidth=0)
axis.fill_between(counts, low, high, color="#e69f00", alpha=0.6, linewidth=0)
axis.fill_between(counts, high, 1500, color="0.6", linewidth=0)
axis.plot(counts, low, ".-", counts, high, ".-", color="black", linewidth=1)
axis.text(1.3, 12, "both right", fontsize=12)
axis.text(1.3, 100, "only KMedoids right", fontsize=12)
axis.text(9, 300, "both wrong", fontsize=12)
axis.plot(10, 40, "kX", markersize=10, markeredgecolor="white")
axis.set(xscale="log", yscale="log", xlim=(1, 80), ylim=(6, 1200))
axis.set_xticks([1, 3, 10, 30, 80], ["1", "3", "10", "30", "80"])
axis.set_yticks([10, 30, 100, 300, 1000], ["10", "30", "100", "300", "1000"])
axis.minorticks_off()
axis.set(xlabel="outliers beside 300 points", ylabel="distance of the outliers")
axis.set_title("KMedoids fails later than KMeans, but it fails")
plt.show()

# %%
# Why, and what follows
# ---------------------
# A centre moves to the outliers when they would otherwise cost more than two clusters
# that share one centre. The cost of :math:`m` outliers at distance :math:`r` grows as
# :math:`m r` in k-medoids and as :math:`m r^2` in k-means: the borders in the map fall
# about like :math:`1 / m` and :math:`1 / \sqrt{m}`. Neither method knows what an
# outlier is, and even a single one is too much if it is far enough away.
#
# k-medoids is thus the safer of the two when a few readings are wrong by a moderate
# amount. When there are many, or they may be arbitrarily wrong, remove them first, ask
# for more clusters and look at the small ones, or use a method that leaves points out,
# such as :class:`sklearn.cluster.HDBSCAN`.
