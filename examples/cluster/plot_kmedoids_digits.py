"""
============================================
What does the centre of a cluster look like?
============================================

The centre that k-means gives a cluster is the mean of its points. That of k-medoids is
one of the points: the one from which the others are least far away. This example puts
the two beside each other for images of handwritten digits.
"""

# %%
# Cluster the digits both ways
# ----------------------------
# The data are 1797 images of 8 x 8 pixels. Both methods search for ten clusters by
# Euclidean distances, and keep the best of ten starts.

from sklearn.cluster import KMeans
from sklearn.datasets import load_digits

from skextras.cluster import KMedoids

X, y = load_digits(return_X_y=True)
kmedoids = KMedoids(n_clusters=10, n_init=10, random_state=0).fit(X)
kmeans = KMeans(n_clusters=10, n_init=10, random_state=0).fit(X)

# %%
# Look at the centres
# -------------------
# Each method numbers its clusters as it likes. To show medoid and mean of about the
# same cluster in one column, the centres are paired so that the sum of the distances
# within the pairs is as small as possible.

import matplotlib.pyplot as plt
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import pairwise_distances

between = pairwise_distances(kmedoids.cluster_centers_, kmeans.cluster_centers_)
_, partner = linear_sum_assignment(between)
order = y[kmedoids.medoid_indices_].argsort(kind="stable")
rows = {
    "medoids": kmedoids.cluster_centers_[order],
    "means": kmeans.cluster_centers_[partner[order]],
}

fig, axes = plt.subplots(2, 10, figsize=(9, 2.5), layout="constrained")
for (name, centers), axes_row in zip(rows.items(), axes, strict=True):
    for axis, center in zip(axes_row, centers, strict=True):
        axis.imshow(center.reshape(8, 8), cmap="gray_r", vmin=0, vmax=16)
        axis.set(xticks=[], yticks=[])
    axes_row[0].set_ylabel(name, fontsize=12)
fig.suptitle("A medoid is an image that somebody wrote; a mean is a blend of many")
plt.show()

# %%
# A mean averages over many ways to write a digit: its strokes are grey where writers
# differ. That can be counted. Pixels go from 0 (paper) to 16 (ink); here is the share
# that is clearly neither.

for name, images in {"all images": X, **rows}.items():
    grey = ((images > 2) & (images < 14)).mean()
    print(f"grey pixels in {name + ':':12}{grey:.0%}")

# %%
# The price, and what it buys
# ---------------------------
# Means may lie anywhere, so they get closer to the points than medoids can. Whoever
# wants small distances and nothing else should take the means.

mean_distance = {
    "medoids": kmedoids.distances_.mean(),
    "means": kmeans.transform(X).min(axis=1).mean(),
}
for name, value in mean_distance.items():
    print(f"mean distance to the nearest of the {name + ':':9}{value:.2f}")

# %%
# A medoid can be looked up: ``medoid_indices_`` are rows of the training data, and
# whatever else is known about these rows is known about the medoids. Suppose that the
# images had no labels, and somebody read the medoids only. Giving every image the label
# of its medoid would name most of them correctly.

for n_clusters in (10, 20, 50):
    model = KMedoids(n_clusters, n_init=10, random_state=0).fit(X)
    labels_read = y[model.medoid_indices_]
    share = (labels_read[model.labels_] == y).mean()
    print(f"{n_clusters} labels read, {share:.0%} of {len(X)} images named correctly")
