"""
==========================================
How much of the data counts as evidence
==========================================

Real classes are not normal laws: with enough rows, any test splits each of them. A
:class:`~skextras.mixture.GaussianMixtureDiscovery` counts only a share zeta of the rows
as evidence, and chooses the share by hiding classes that it knows.
"""

# %%
# Known classes are hidden, and looked for
# ----------------------------------------
# Half of the rows of seven digits are labelled; three digits have no label.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from skextras.metrics import gcd_accuracy_score
from skextras.mixture import GaussianMixtureDiscovery

images, digits = load_digits(return_X_y=True)
X = PCA(16, random_state=0).fit_transform(images / 16)
rng = np.random.default_rng(0)
known = np.arange(7)
labelled = (digits < 7) & (rng.uniform(size=len(digits)) < 0.5)
y, free = np.where(labelled, digits, -1), ~labelled
model = GaussianMixtureDiscovery(random_state=0).fit(X, y)
print(f"zeta = {model.zeta_:.2f}: {model.n_novel_classes_} novel classes, estimated")

# %%
# What the search could not see
# -----------------------------
# For each share, the true accuracy on rows without a label, and the number of classes.
shares = np.array(list(model.zeta_scores_))
accuracy, numbers = [], []
for share in shares:
    other = GaussianMixtureDiscovery(zeta=share, n_init=3, random_state=0).fit(X, y)
    found = other.labels_[free]
    accuracy.append(gcd_accuracy_score(digits[free], found, known).all)
    numbers.append(other.n_novel_classes_)

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
left.semilogx(shares, list(model.zeta_scores_.values()), "o-",
              label="hidden known classes: what the search sees")  # fmt: skip
left.semilogx(shares, accuracy, "s--", label="all unlabelled rows: the truth")
left.axvline(model.zeta_, color="0.6", zorder=0)
left.set(xlabel="zeta", ylabel="accuracy", title="Accuracy", ylim=(0, 1.02))
left.legend(loc="lower left")
right.semilogx(shares, numbers, "s--", color="C1")
right.axhline(3, color="0.6", zorder=0)
right.axvline(model.zeta_, color="0.6", zorder=0)
right.set(xlabel="zeta", ylabel="novel classes", title="Number (3 in truth)")
plt.show()

# %%
# With all rows as evidence there are too many classes; with too few, known classes
# swallow novel ones. The hidden classes tell where in between to stop.
