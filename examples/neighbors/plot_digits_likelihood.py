"""
==================================================
Log densities of digits: scikit-learn and the sums
==================================================

A density of 64 pixels is a number like exp(-400), and a search for the bandwidth
compares such numbers. Here the log densities of scikit-learn's ``KernelDensity`` are
set beside those of skextras, and beside the sums written out with NumPy.
"""

# %%
# Three ways to the same number
# -----------------------------
# Twenty digits are held out. Their log densities given the first n others are a sum of
# n terms each, which SciPy's ``logsumexp`` adds without loss.
import matplotlib.pyplot as plt
import numpy as np
from scipy.special import logsumexp
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neighbors import KernelDensity as SklearnKernelDensity

from skextras.neighbors import KernelDensity

X = load_digits().data
held_out = X[-20:]


def written_out(X, queries, bandwidth):
    squares = ((queries[:, None] - X) ** 2).sum(axis=2)
    log_norm = X.shape[1] / 2 * np.log(2 * np.pi * bandwidth**2) + np.log(len(X))
    return logsumexp(-squares / (2 * bandwidth**2), axis=1) - log_norm


sizes = np.arange(40, 1700, 20)
models = {
    "scikit-learn": SklearnKernelDensity(bandwidth=1.0),
    "skextras": KernelDensity(bandwidth=1.0, regime_check=False),
}
curves = {
    name: [model.fit(X[:n]).score(held_out) / 20 for n in sizes]
    for name, model in models.items()
}
curves["the sums"] = [written_out(X[:n], held_out, 1.0).mean() for n in sizes]

# %%
# What a search makes of it
# -------------------------
# The same search over the bandwidth with both estimators; only the import differs. On
# the same 500 digits, "loo" finds the best bandwidth without a grid.
some, new = train_test_split(X, train_size=500, random_state=0)
grid = {"bandwidth": np.logspace(-0.5, 1, 16)}
searches = {
    name: GridSearchCV(model, grid, cv=5).fit(some) for name, model in models.items()
}
for name, search in searches.items():
    h = search.best_params_["bandwidth"]
    true = written_out(some, new, h).mean()
    print(f"{name:13s} bandwidth {h:5.2f}, mean log density of new digits {true:7.1f}")
loo = KernelDensity(bandwidth="loo", regime_check=False).fit(some)
true = loo.score(new) / len(new)
print(
    f'"loo"         bandwidth {loo.bandwidth_:5.2f}, mean log density of new digits '
    f"{true:7.1f}"
)

# %%
# The curves
# ----------
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
left.plot(sizes, curves["the sums"], color="0.75", linewidth=7, label="the sums")
left.plot(sizes, curves["skextras"], color="C0", label="skextras")
left.plot(sizes, curves["scikit-learn"], color="C3", label="scikit-learn")
left.set(
    xlabel="number of training digits", ylabel="mean log density of 20 digits",
    title="bandwidth 1",
)  # fmt: skip
left.legend()
for (name, search), color in zip(searches.items(), ("C3", "C0"), strict=True):
    values = search.cv_results_["mean_test_score"] / (len(some) / 5)
    right.semilogx(grid["bandwidth"], values, "o-", color=color, label=name)
right.axvline(loo.bandwidth_, color="C0", linestyle=":", label='"loo"')
right.set(
    xlabel="bandwidth", ylabel="mean log density, 5 folds", ylim=(-500, 0),
    title="GridSearchCV",
)  # fmt: skip
right.legend()
plt.show()
