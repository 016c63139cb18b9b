"""
=================================
Labels that are given to one side
=================================

If labels are missing at random, the share of labelled neighbours tells known classes
from novel ones. If only one side of each class is labelled, the other side looks novel.
"""

# %%
# Three classes, two of them known
# --------------------------------
# In the first table, half of the rows of the known classes are labelled at random; in
# the second, the left half of each.
import matplotlib.pyplot as plt
import numpy as np

from skextras.metrics import gcd_accuracy_score
from skextras.mixture import GaussianMixtureDiscovery

rng = np.random.default_rng(0)
truth = np.repeat(np.arange(3), 300)
centers = np.array([[0, 0], [9, 0], [4.5, 6]])
X = centers[truth] + rng.normal(size=(900, 2)) * [1.8, 1.0]
at_random = np.where((truth < 2) & (rng.uniform(size=900) < 0.5), truth, -1)
on_one_side = np.where((truth < 2) & (X[:, 0] < centers[truth, 0]), truth, -1)
tables = {"labels at random": at_random, "labels on the left side": on_one_side}

# %%
# ``novelty="label_rate"``, the default, looks at the share of labelled neighbours;
# ``novelty="typicality"`` at how far a row lies from the labelled ones, and counts no
# labels.
found = {}
for table, y in tables.items():
    for novelty in ("label_rate", "typicality"):
        model = GaussianMixtureDiscovery(novelty=novelty, random_state=0).fit(X, y)
        free = y == -1
        score = gcd_accuracy_score(
            truth[free], model.labels_[free], [0, 1], matching="pinned"
        )
        found[table, novelty] = model
        print(f"{table}, {novelty}: {model.n_novel_classes_} novel classes (estimated),"
              f" {score.all:.1%} right by name")  # fmt: skip

# %%
# What is found
# -------------
# Known classes in blue and orange, novel ones in other colours; labelled rows are dark.
fig, axes = plt.subplots(
    2, 2, figsize=(9, 6), layout="constrained", sharex=True, sharey=True
)
for ax, ((table, novelty), model) in zip(axes.ravel(), found.items(), strict=True):
    colours = np.array([f"C{k}" for k in range(10)])[model.labels_ % 10]
    ax.scatter(*X.T, c=colours, s=8, alpha=0.6)
    ax.scatter(*X[tables[table] >= 0].T, c="k", s=3)
    ax.set_title(f"{table}, {novelty}: {model.n_novel_classes_} novel", fontsize=10)
plt.show()

# %%
# Ask where the labels are from before you trust a discovery: no method can tell a class
# of which nobody labelled the right side from two classes.
