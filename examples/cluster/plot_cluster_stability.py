"""
================================
Which clusters come again?
================================

K-means divides a table into as many clusters as it is told. On other samples of the
same law, clusters that are there come again; others mostly do not.
"""

# %%
# Three groups, and a cloud
# -------------------------
# With the true number, with a larger one, and where there is no group at all.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs

from skextras.metrics import ClusterStabilityDisplay

groups, _ = make_blobs(300, centers=3, cluster_std=0.9, random_state=4)
cloud = np.random.default_rng(0).normal(size=(300, 2))
cases = {
    "three groups, k = 3": (groups, 3),
    "three groups, k = 5": (groups, 5),
    "one cloud, k = 3": (cloud, 3),
}

# %%
# Above, the clusters of all rows; below, the Jaccard coefficient of each cluster in
# twenty bootstrap samples, and its mean. Below 0.6 a cluster should not be believed;
# from 0.75 on it is stable.
fig, axes = plt.subplots(2, 3, figsize=(11, 6), layout="constrained")
for (name, (X, k)), (above, below) in zip(cases.items(), axes.T, strict=True):
    model = KMeans(k, n_init=10, random_state=0)
    display = ClusterStabilityDisplay.from_estimator(model, X, ax=below, random_state=0)
    found = display.stability
    print(f"{name}: mean coefficients {np.sort(found.mean_jaccard).round(2)}")
    above.scatter(*X.T, c=found.labels, cmap="tab10", vmin=0, vmax=9, s=8)
    above.set_title(name)
plt.show()

# %%
# With five clusters, those that divide a group are drawn elsewhere in each sample. The
# thirds of the cloud come again more often than not, although nothing is there: k-means
# cuts it at nearly the same place. High coefficients are no proof of clusters; low ones
# are a warning.
