"""
==============================
How large should a sample be?
==============================

k-medoids compares every point with every other, so that twice the points cost four
times as much. CLARA looks at samples instead. How much of the result is lost, and what
does a larger sample buy?
"""

# %%
# Thirty thousand points
# ----------------------
# The data are 60 groups in eight dimensions, of different sizes and with heavy tails.

import numpy as np

rng = np.random.default_rng(0)
N_GROUPS, N_POINTS = 60, 30_000
centers = rng.normal(scale=3, size=(N_GROUPS, 8))
group = rng.choice(N_GROUPS, N_POINTS, p=rng.dirichlet(np.full(N_GROUPS, 3)))
X = (centers[group] + rng.standard_t(4, size=(N_POINTS, 8))).astype(np.float32)

# %%
# What samples of different sizes lead to
# ---------------------------------------
# Each size is tried with both methods and three seeds. The yardstick is a search in one
# sample of 6000 points, with all others assigned to its medoids.

from time import perf_counter

from skextras.cluster import CLARA, KMedoids

sample = rng.choice(N_POINTS, 6000, replace=False)
reference = KMedoids(N_GROUPS, n_init=3, random_state=0).fit(X[sample])
yardstick = -reference.score(X) * N_POINTS

SIZES = [160, 320, 640, 1280, 2560]
LABELS = {"pam": "CLARA: PAM from BUILD", "fasterpam": "FastCLARA: FasterPAM"}
excess, seconds = {}, {}
for method in LABELS:
    CLARA(2, method=method, n_sampling=200).fit(X[:500])  # compile, or load
    results = []
    for size in SIZES:
        start = perf_counter()
        fits = [
            CLARA(N_GROUPS, method=method, n_sampling=size, random_state=seed).fit(X)
            for seed in range(3)
        ]
        loss = np.mean([fitted.inertia_ for fitted in fits])
        results.append((loss / yardstick - 1, (perf_counter() - start) / len(fits)))
    excess[method], seconds[method] = np.array(results).T

# %%
# The defaults are :math:`40 + 2k = 160` points for "pam" and :math:`80 + 4k = 320` for
# "fasterpam": two of the sizes above.

for method, label in LABELS.items():
    cells = "".join(f"{value:>8.1%}" for value in excess[method])
    print(f"{label:24}{cells}")

# %%
# Loss against time
# -----------------

import matplotlib.pyplot as plt

fig, axis = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
for (method, label), color in zip(LABELS.items(), ["#0072b2", "#d55e00"], strict=True):
    axis.plot(seconds[method], 100 * excess[method], "o-", color=color, label=label)
for size, x, y in zip(SIZES, seconds["pam"], 100 * excess["pam"], strict=True):
    axis.annotate(
        f"{size}", (x, y), xytext=(6, 8), textcoords="offset points", color="0.35"
    )
axis.set(
    xlim=(0, 1.1 * max(map(max, seconds.values()))),
    ylim=(0, None),
    xlabel="seconds for a fit",
    ylabel="loss above the yardstick, in %",
    title="Larger samples lower the loss long before they cost much\n"
    "(numbers: points in a sample)",
)
axis.grid(alpha=0.3)
axis.legend()
plt.show()

# %%
# What to take from it
# --------------------
# With small samples most of the time goes into assigning all points, which costs the
# same whatever the size. So the published sizes save next to nothing: take samples of a
# thousand points or more, as long as their matrix is small beside the data. The two
# methods differ little; the size of the sample decides.
