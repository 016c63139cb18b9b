"""
=======================
How good is my K-means?
=======================

K-means ends in a local optimum. Is there a better one, and how much better could it be?
``certify_kmeans`` answers for the labels of any estimator.
"""

# %%
# Three data sets
# ---------------
# Each is clustered by scikit-learn's ``KMeans``, once from a single random start and
# once from the best of twenty.

from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler

from skextras.cluster import certify_kmeans

DATA = {
    "iris": (load_iris().data, 3),
    "wine": (StandardScaler().fit_transform(load_wine().data), 3),
    "digits": (load_digits().data, 10),
}
STARTS = {
    "one random start": {"init": "random", "n_init": 1},
    "best of twenty": {"n_init": 20},
}

inertia, certificates, best_labels = {}, {}, {}
for name, (X, n_clusters) in DATA.items():
    for start, options in STARTS.items():
        model = KMeans(n_clusters, **options, random_state=0).fit(X)
        inertia[name, start] = model.inertia_
    best_labels[name] = model.labels_
    certificates[name] = certify_kmeans(X, model.labels_)
    print(f"{name}: {certificates[name]}")

# %%
# No clustering of the wines into three groups can save more than 0.9 % of the inertia.
# The bound holds for all of the more than 10 to the power 80 clusterings, those of
# other starts included. It does not say that a better one exists: the relaxation behind
# the bound may leave that much.

# %%
# Where the optimum can be
# ------------------------
# Between the lower bound and the better of the two inertias. Everything is drawn
# relative to that inertia.

import matplotlib.pyplot as plt

COLORS = {"one random start": "#e69f00", "best of twenty": "#0072b2"}
fig, axis = plt.subplots(figsize=(8, 3.2), layout="constrained")
for row, name in enumerate(DATA):
    best = certificates[name]
    low = best.lower_bound / best.inertia
    axis.barh(row, 1 - low, left=low, height=0.45, color="#d0d0d0")
    axis.plot([low, low], [row - 0.3, row + 0.3], color="#009e73", lw=3)
    for start, marker in zip(STARTS, "Do", strict=True):
        x = inertia[name, start] / best.inertia
        axis.plot(x, row, marker, ms=9, color=COLORS[start])
    axis.annotate(
        f"gap {best.gap:.1%}", ((low + 1) / 2, row + 0.3), ha="center", va="bottom"
    )
axis.plot([], [], color="#009e73", lw=3, label="lower bound")
for start, marker in zip(STARTS, "Do", strict=True):
    axis.plot([], [], marker, ms=9, color=COLORS[start], label=f"K-means, {start}")
axis.plot([], [], color="#d0d0d0", lw=9, label="where the optimum is")
axis.set(
    yticks=range(len(DATA)),
    yticklabels=list(DATA),
    xlim=(0.95, 1.015),
    ylim=(-0.6, len(DATA) - 0.2),
    xlabel="inertia, relative to the best that was found",
    title="The optimum is in the grey range, wherever the labels come from",
)
axis.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
plt.show()

# %%
# Which bound?
# ------------
# "quick" costs no more than a pass over the data, and suffices for clusters that are
# far apart. Here they are not, and it takes the semidefinite relaxation. "blocks" adds
# up the bounds of blocks of rows; it is what remains for large data.

X, _ = DATA["digits"]
for method in ("quick", "blocks"):
    print(f"{method + ':':8}{certify_kmeans(X, best_labels['digits'], method=method)}")
print(f"sdp:    {certificates['digits']}")
