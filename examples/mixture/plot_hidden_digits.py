"""
==========================================
Digits of which five classes are not known
==========================================

Half of the zeros to fours are labelled; fives to nines have no label at all. A mixture
of the known classes and of five novel ones finds what nobody named.
"""

# %%
# Ten classes, five of them hidden
# --------------------------------
import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from skextras.mixture import SemiSupervisedGaussianMixture

images, digits = load_digits(return_X_y=True)
X = PCA(16, random_state=0).fit_transform(images / 16)
rng = np.random.default_rng(0)
labelled = (digits < 5) & (rng.uniform(size=len(digits)) < 0.5)
y = np.where(labelled, digits, -1)

# %%
# The prior is the law under which the five known classes are likeliest: it tells what
# the covariance of a digit is like. Of five starts, that of largest objective is kept.
model = SemiSupervisedGaussianMixture(
    n_novel=5, prior="empirical", n_init=5, random_state=0
).fit(X, y)
found = model.predict(X)
print("classes:", model.classes_, "the number of novel ones was given")


# %%
# How good it is, on rows without a label: with all classes matched as is best, and for
# known classes by their own names.
def matched(found, true):
    table = np.zeros((10, 10))
    np.add.at(table, (found, true), 1)
    rows, columns = linear_sum_assignment(-table)
    return table[rows, columns].sum() / len(true), dict(zip(rows, columns, strict=True))


free = ~labelled
share, names = matched(found[free], digits[free])
plain = KMeans(10, n_init=10, random_state=0).fit_predict(X)
known = free & (digits < 5)
print(f"matched: {share:.1%}, k-means without labels {matched(plain, digits)[0]:.1%}")
print(f"known classes by their own names: {np.mean(found[known] == digits[known]):.1%}")

# %%
# The classes, as mean images
# ---------------------------
# The mean image of the unlabelled rows that each class was given.
fig, axes = plt.subplots(2, 5, figsize=(8, 4), layout="constrained")
for k, ax in enumerate(axes.ravel()):
    rows = free & (found == k)
    ax.imshow(images[rows].mean(axis=0).reshape(8, 8), cmap="magma")
    kind = "known" if k < 5 else "novel"
    ax.set_title(f"{kind} {k}: {rows.sum()} rows", fontsize=10)
    ax.set_axis_off()
plt.show()
