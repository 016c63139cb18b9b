"""
===========================
Medoids of a million points
===========================

The dissimilarities between a million points would take 4 terabytes. How near to the
medoids that an exact search finds does one come without them?
"""

# %%
# A million places
# ----------------
# Places along three winding rivers: they crowd near the water.

import numpy as np

rng = np.random.default_rng(0)
N_POINTS = 1_000_000
river = rng.integers(0, 3, N_POINTS)
along = rng.beta(1.2, 1.2, N_POINTS) * 10
phase, height = np.array([0.0, 2.1, 4.0])[river], np.array([-3.0, 0.0, 3.0])[river]
across = rng.standard_t(3, N_POINTS) * 0.25
X = np.column_stack([along, height + np.sin(along + phase) + across])
X = X.astype(np.float32)

# %%
# OneBatchPAM
# -----------
# Every one of the million points may become a medoid. Whether it should is judged by a
# sample of some two thousand: ``method="onebatch"``, which is also what the default
# chooses for so many points.

from time import perf_counter

from skextras.cluster import CLARA, KMedoids

K = 40
KMedoids(K, method="onebatch", random_state=0).fit(X[:5000])  # compile, or load
start = perf_counter()
model = KMedoids(K, method="onebatch", random_state=0).fit(X)
print(f"OneBatchPAM: {perf_counter() - start:.1f} s, loss {model.inertia_:,.0f}")

# %%
# CLARA searches in samples of the published size of :math:`80 + 4k` points instead, so
# that no other points can become medoids. A search in 8000 points without any
# approximation, with the rest assigned to what it finds, is the yardstick.

fits = {
    "FastCLARA": CLARA(K, method="fasterpam", random_state=0).fit(X),
    "OneBatchPAM": model,
}
sample = rng.choice(N_POINTS, 8000, replace=False)
exact = KMedoids(K, method="fasterpam", n_init=3, random_state=0).fit(X[sample])
yardstick = -exact.score(X) * N_POINTS
for name, fitted in fits.items():
    print(f"{name:12} {fitted.inertia_ / yardstick - 1:+.1%}")

# %%
# The map
# -------
# Each point is shown in the colour of its medoid.

import matplotlib.pyplot as plt
from matplotlib.colors import ListedColormap

colors = ListedColormap(plt.get_cmap("tab20").colors * 2)
shown = rng.choice(N_POINTS, 60_000, replace=False)
fig, axis = plt.subplots(figsize=(9, 6), layout="constrained")
axis.scatter(*X[shown].T, s=2, c=model.labels_[shown], cmap=colors, linewidths=0)
axis.plot(*model.cluster_centers_.T, "o", color="k", mec="w", ms=7)
axis.set(xlim=(-0.5, 10.5), ylim=(-5.5, 5.5), xticks=[], yticks=[])
axis.set_title(f"{K} medoids of {N_POINTS:,} points")
axis.spines[:].set_visible(False)
plt.show()

# %%
# What to take from it
# --------------------
# One sample that judges all candidates is worth more than several samples that judge
# themselves. OneBatchPAM loses next to nothing against the exact search here, and needs
# little more memory than the data.
