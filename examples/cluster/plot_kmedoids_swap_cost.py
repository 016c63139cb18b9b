"""
==================================
What does a swap cost in PAM?
==================================

PAM, FastPAM and FasterPAM search for the same thing: medoids that no swap improves.
What separates them is how many additions they make on the way. Here these are counted,
and set beside the time of the searches in this package.
"""

# %%
# Counting
# --------
# To judge one swap by its definition takes an addition for every point, and there
# are :math:`k (n - k)` swaps to judge before PAM makes one of them. FastPAM1 finds
# the best of the :math:`k` swaps for a candidate from one look at its
# dissimilarities: :math:`n (n - k)` additions for each swap made. FasterPAM makes
# a swap as soon as it has found one that helps, and needs a few rounds of
# :math:`n (n - k)` additions for all of them together.
#
# PAM makes as many swaps as ``method="pam"`` reports: they are the same ones.

from time import perf_counter

import numpy as np
from sklearn.datasets import load_digits

from skextras.cluster import KMedoids

X = load_digits().data.astype(np.float32)
n = len(X)
SIZES = [5, 10, 20, 50, 100, 200]
additions = {"PAM": [], "FastPAM1": [], "FasterPAM": []}
losses, seconds = [], {"pam": [], "fasterpam": []}
for method in seconds:
    KMedoids(5, method=method, random_state=0).fit(X)  # compile, or load
for k in SIZES:
    fitted = {}
    for method, times in seconds.items():
        start = perf_counter()
        fitted[method] = KMedoids(k, method=method, random_state=0).fit(X)
        times.append(perf_counter() - start)
    per_pass = n * (n - k)
    additions["PAM"].append(k * per_pass * fitted["pam"].n_iter_)
    additions["FastPAM1"].append(per_pass * fitted["pam"].n_iter_)
    additions["FasterPAM"].append(per_pass * fitted["fasterpam"].n_iter_)
    losses.append(fitted["fasterpam"].inertia_ / fitted["pam"].inertia_ - 1)

# %%
# Making swaps early does not lead to worse medoids. The loss of FasterPAM relative
# to that of PAM, for each number of medoids:

for k, difference in zip(SIZES, losses, strict=True):
    print(f"k = {k:3}: {difference:+.2%}")

# %%
# Both counts and times
# ---------------------

import matplotlib.pyplot as plt

COLORS = {"PAM": "#999999", "FastPAM1": "#0072b2", "FasterPAM": "#d55e00"}
NAMES = {"pam": "FastPAM1", "fasterpam": "FasterPAM"}
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
for name, counts in additions.items():
    left.loglog(SIZES, counts, "o-", color=COLORS[name], label=name)
top, bottom = additions["PAM"][-1], additions["FasterPAM"][-1]
ends = (1.25 * SIZES[-1], top), (1.25 * SIZES[-1], bottom)
left.annotate("", *ends, arrowprops={"arrowstyle": "<->", "color": "0.35"})
middle = 1.3 * SIZES[-1], np.sqrt(top * bottom)
left.annotate(f"{top / bottom:,.0f}\ntimes", middle, va="center", color="0.35")
left.set(xlim=(4, 600))
left.set(title="additions, by definition", xlabel="medoids")
left.legend()
for method, times in seconds.items():
    name = NAMES[method]
    right.plot(SIZES, 1000 * np.array(times), "o-", color=COLORS[name])
    right.annotate(
        f'method="{method}"',
        (SIZES[-1], 1000 * times[-1]),
        xytext=(-6, 8),
        textcoords="offset points",
        ha="right",
        color=COLORS[name],
    )
right.set(ylim=(0, 1.15 * max(1000 * max(t) for t in seconds.values())))
right.set(title="milliseconds for a fit, here", xlabel="medoids")
for axis in (left, right):
    axis.grid(alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# What to take from it
# --------------------
# Counted by its definition, PAM is out of the question for many medoids. Its swaps
# are not: bounds rule nearly all candidates out before anything is added up, so that
# ``method="pam"`` takes a small multiple of the time of FasterPAM. Still, there is
# seldom a reason for it.
