"""
============================================
The same mixture, whatever the units
============================================

:class:`skextras.mixture.GaussianMixture` takes the place of scikit-learn's. These are
tables on which the two differ, with the same parameters.
"""

# %%
# Three tables
# ------------
# Groups that are apart in a column of small numbers beside one of large ones; two long
# parallel clusters; and a table in metres and in micrometres.
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture as Reference

from skextras.mixture import GaussianMixture

rng = np.random.default_rng(0)
truth = np.repeat([0, 1], 300)
columns = np.column_stack([1000 * rng.normal(size=600), rng.normal(6 * truth, 1)])
turn = np.array([[np.cos(0.6), -np.sin(0.6)], [np.sin(0.6), np.cos(0.6)]])
cigars = (rng.normal(size=(600, 2)) * [30, 1] + np.outer(truth, [0, 6])) @ turn.T
small = 1e-6 * (rng.normal(size=(600, 2)) + 5 * truth[:, None])
tables = {
    "columns of scale 1000 and 1": columns,
    "parallel, axes 30 : 1": cigars,
    "micrometres in metres": small,
}

# %%
# The agreement with the truth (adjusted Rand index) over ten seeds, and in how many of
# them a fit failed.
fig, axes = plt.subplots(2, 3, figsize=(10, 6), layout="constrained")
for column, (name, X) in zip(axes.T, tables.items(), strict=True):
    for ax, (library, kind) in zip(
        column, {"scikit-learn": Reference, "skextras": GaussianMixture}.items(),
        strict=True,
    ):  # fmt: skip
        scores, labels = [], None
        for seed in range(10):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = kind(2, random_state=seed).fit_predict(X)
            scores.append(adjusted_rand_score(truth, found))
            labels = found if labels is None else labels
        print(f"{name:28s} {library:13s} {np.mean(scores):.2f}")
        ax.scatter(*X.T, c=np.array(["C0", "C3"])[labels], s=6)
        ax.set_title(f"{library}: {np.mean(scores):.2f}", fontsize=10)
        ax.set_xticks([])
        ax.set_yticks([])
    column[1].set_xlabel(name)
plt.show()

# %%
# Starts are those of k-means in scaled and in whitened coordinates, and
# ``reg_covar="auto"`` is relative to the data: a change of units changes the log
# density by a constant, and nothing else.
