"""
========================
How many medoids to use?
========================

The loss of k-medoids falls with every further medoid, and leaves open how many there
should be. Does the medoid silhouette answer it, at the price of one fit?
"""

# %%
# Seven groups
# ------------
# Of different sizes and widths, some of them near each other.

import numpy as np

rng = np.random.default_rng(4)
CENTERS = np.array(
    [[0, 0], [3.6, 0.6], [1.2, 3.8], [6.2, 4.4], [9.2, 2.4], [5.8, -3.2], [-3, 4.6]]
)
SIZES = [500, 250, 300, 400, 200, 350, 150]
WIDTHS = [0.75, 0.5, 0.6, 0.7, 0.5, 0.8, 0.5]
X = np.concatenate(
    [
        center + width * rng.normal(size=(size, 2))
        for center, width, size in zip(CENTERS, WIDTHS, SIZES, strict=True)
    ]
)

# %%
# All numbers at once
# -------------------
# ``k_path`` computes the dissimilarities once. It begins with the largest number of
# medoids and removes one after the other, with swaps in between.

from skextras.cluster import KMedoids, MedoidSilhouette, k_path

path = k_path(X, range(2, 16), random_state=0)
best = path.medoid_silhouette.argmax()
print(f"k-medoids, largest medoid silhouette: {path.n_clusters[best]} clusters")

# %%
# ``MedoidSilhouette`` does not judge the medoids of another search: it chooses those
# for which the average is largest.

model = MedoidSilhouette("auto", max_clusters=15, n_init=3, random_state=0).fit(X)
print(f"MedoidSilhouette: {model.n_clusters_} clusters")

# %%
# The medoids of the path are a start for ``KMedoids``, which has nothing left to do.

kmedoids = KMedoids(path.n_clusters[best], init=path.medoid_indices[best]).fit(X)
print(f"swaps from there: {kmedoids.n_swap_}")

# %%
# The curve, and the clusters at its peak
# ---------------------------------------

import matplotlib.pyplot as plt

from skextras.cluster import MedoidPathDisplay

fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.4), layout="constrained")
display = MedoidPathDisplay.from_path(path, ax=left, line_kw={"label": "k-medoids"})
left.plot(
    model.n_clusters_path_,
    model.medoid_silhouette_path_,
    "s:",
    color="#009e73",
    label="MedoidSilhouette",
)
left.set(title="The loss bends; the silhouette has a peak", ylim=(0.4, 0.9))
left.legend(loc="upper right")
left.grid(alpha=0.3)

right.scatter(*X.T, c=kmedoids.labels_, cmap="Set2", s=9)
right.scatter(
    *X[kmedoids.medoid_indices_].T, c="black", marker="X", s=90, edgecolors="white"
)
right.set(title=f"{len(kmedoids.medoid_indices_)} clusters and their medoids")
right.set(xticks=[], yticks=[], aspect="equal")
plt.show()

# %%
# What to take from it
# --------------------
# Both curves peak at the same number. The loss bends there, and how sharp a bend must
# be is left to the eye. The peak is clear because the groups are: on data without
# groups, look at the whole curve before believing its maximum.
