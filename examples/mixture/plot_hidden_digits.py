"""
==========================================
Digits of which five classes are not known
==========================================

Half of the zeros to fours are labelled; fives to nines have no label at all, and nobody
says how many classes are missing. A mixture finds what nobody named.
"""

# %%
# Ten classes, five of them hidden
# --------------------------------
import matplotlib.pyplot as plt
import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from skextras.metrics import clustering_accuracy_score, gcd_accuracy_score
from skextras.mixture import GaussianMixtureDiscovery

images, digits = load_digits(return_X_y=True)
X = PCA(16, random_state=0).fit_transform(images / 16)
rng = np.random.default_rng(0)
labelled = (digits < 5) & (rng.uniform(size=len(digits)) < 0.5)
y = np.where(labelled, digits, -1)

# %%
# With the number of novel classes given, and without. On rows that have no label, the
# accuracy is that of the best matching of classes ("all"), and that where known classes
# keep their own names ("pinned").
free, models = ~labelled, {}
for n_novel in (5, None):
    model = GaussianMixtureDiscovery(n_novel, random_state=0).fit(X, y)
    models[n_novel] = model
    print(f"{model.n_novel_classes_} novel classes, {model.n_novel_source_}:")
    for matching in ("all", "pinned"):
        accuracy = gcd_accuracy_score(
            digits[free], model.labels_[free], np.arange(5), matching=matching
        )
        print(
            f"  {matching:7s} all {accuracy.all:.1%}, known {accuracy.old:.1%}, ",
            end="",
        )
        print(f"novel {accuracy.new:.1%}")
plain = KMeans(10, n_init=10, random_state=0).fit_predict(X)
accuracy = clustering_accuracy_score(digits[free], plain[free])
print(f"k-means of ten clusters, without labels: {accuracy:.1%}")

# %%
# The classes, as mean images
# ---------------------------
# The mean image of the unlabelled rows that each class was given.
model = models[5]
fig, axes = plt.subplots(2, 5, figsize=(8, 4), layout="constrained")
for k, ax in zip(model.classes_, axes.ravel(), strict=True):
    rows = free & (model.labels_ == k)
    ax.imshow(images[rows].mean(axis=0).reshape(8, 8), cmap="magma")
    kind = "known" if k in model.known_classes_ else "novel"
    ax.set_title(f"{kind} {k}: {rows.sum()} rows", fontsize=10)
    ax.set_axis_off()
plt.show()
