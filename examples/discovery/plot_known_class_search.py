"""
====================================================
How many classes are hidden? Hide some that you know
====================================================

Nobody has labelled the digits seven, eight and nine, and nobody knows how many classes
are missing. Known classes can be hidden, too: the parameters that find these are taken.
"""

# %%
# Seven known classes, half of their rows labelled
# ------------------------------------------------
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from skextras.metrics import gcd_accuracy_score
from skextras.mixture import SemiSupervisedGaussianMixture
from skextras.model_selection import KnownClassKFold, KnownClassSearchCV
from skextras.preprocessing import WithinClassWhitener

X, digits = load_digits(return_X_y=True)
rng = np.random.default_rng(0)
labelled = (digits < 7) & (rng.uniform(size=len(digits)) < 0.5)
y = np.where(labelled, digits, -1)

# %%
# Three folds hide two or three of the seven classes. A Pipeline passes y on to all its
# steps, and the whitener leaves out the rows that are -1.
mixture = SemiSupervisedGaussianMixture(prior="empirical", n_init=2, random_state=0)
model = make_pipeline(PCA(16, random_state=0), WithinClassWhitener(), mixture)
name = "semisupervisedgaussianmixture"
numbers = list(range(1, 13))
folds = KnownClassKFold(3)
search = KnownClassSearchCV(model, {f"{name}__n_novel": numbers}, cv=folds).fit(X, y)
n_hidden = np.mean([len(np.unique(y[test])) for _, test in folds.split(X, y)])
chosen = search.best_params_[f"{name}__n_novel"]
estimate = round(chosen - n_hidden)
print(f"{chosen} novel classes are best where {n_hidden:.1f} more are hidden")
print(f"estimated number of classes that are missing: {estimate} (in truth: 3)")

# %%
# The model with that number
# --------------------------
# Both accuracies on the rows without a label: by the best matching, and with the names
# of the known classes.
model.set_params(**{f"{name}__n_novel": estimate}).fit(X, y)
free, found = ~labelled, model.predict(X)
for matching in ("all", "pinned"):
    accuracy = gcd_accuracy_score(
        digits[free], found[free], np.arange(7), matching=matching
    )
    print(f"{matching:7s} all {accuracy.all:.1%}, known {accuracy.old:.1%}, ", end="")
    print(f"novel {accuracy.new:.1%}; number of novel classes estimated")

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
results = search.cv_results_
mean, deviation = results["mean_test_score"], results["std_test_score"]
left.fill_between(numbers, mean - deviation, mean + deviation, alpha=0.25)
left.plot(numbers, mean, "o-")
left.axvline(chosen, color="0.5", linestyle=":")
left.set(xlabel="n_novel", ylabel="accuracy of hidden classes", xticks=numbers)
table = np.zeros((10, len(model[-1].classes_)))
np.add.at(table, (digits[free], np.searchsorted(model[-1].classes_, found[free])), 1)
right.imshow(np.sqrt(table), cmap="magma")
right.set(
    xlabel="class that was found", ylabel="digit", xticks=range(table.shape[1]),
    yticks=range(10), title="rows without a label",
)  # fmt: skip
right.axhline(6.5, color="white", linewidth=0.8)
right.axvline(6.5, color="white", linewidth=0.8)
plt.show()
