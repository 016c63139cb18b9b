"""
====================================================
From which distance on can clusters be proven right?
====================================================

Gaussian clusters that are far enough apart can be recovered, and the labels can be
proven to be the optimal K-means clustering. Theory says from which distance on. This
example looks at what happens around it.
"""

# %%
# The threshold
# -------------
# Four balanced clusters of unit variance have centres at equal distances from each
# other. For :math:`n` points in :math:`d` dimensions, the semidefinite relaxation
# recovers them exactly if the squared distance exceeds the following; below it, no
# method recovers all labels. The statement is about large :math:`n`.

import numpy as np

K, D = 4, 10


def threshold(n):
    root = np.sqrt(1 + K * D / (n * np.log(n)))
    return 2 * np.sqrt((1 + root) * np.log(n))


def make_data(n, distance, rng):
    center = np.linalg.qr(rng.normal(size=(D, K)))[0].T * distance / np.sqrt(2)
    labels = np.arange(n) % K
    return center[labels] + rng.normal(size=(n, D)), labels


# %%
# Two questions at each distance
# ------------------------------
# Does ``KMeans`` find the planted labels, all of them? And is its result proven
# optimal, by the certificate in closed form ("quick") or by the relaxation ("sdp")?

from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from skextras.cluster import certify_kmeans

QUESTIONS = ["planted labels found", 'proven by "sdp"', 'proven by "quick"']
N_REPEATS = 5


def answers(n, distance, rng):
    X, planted = make_data(n, distance, rng)
    labels = KMeans(K, n_init=10, random_state=0).fit(X).labels_
    quick = certify_kmeans(X, labels, method="quick").certified
    proven = quick or certify_kmeans(X, labels, method="sdp", max_iter=200).certified
    return [adjusted_rand_score(planted, labels) == 1, proven, quick]


rng = np.random.default_rng(0)
sizes = [40, 80, 160]
ratios = np.array([0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5])
share = np.array(
    [
        [
            np.mean(
                [answers(n, ratio * threshold(n), rng) for _ in range(N_REPEATS)],
                axis=0,
            )
            for ratio in ratios
        ]
        for n in sizes
    ]
)

# %%
# The picture
# -----------

import matplotlib.pyplot as plt

fig, axes = plt.subplots(1, 3, figsize=(10, 2.9), sharey=True, layout="constrained")
for question, axis in enumerate(axes):
    image = axis.imshow(
        share[:, :, question], cmap="viridis", vmin=0, vmax=1, aspect="auto"
    )
    axis.set(
        title=QUESTIONS[question],
        xticks=range(len(ratios)),
        xticklabels=ratios,
        yticks=range(len(sizes)),
        yticklabels=sizes,
        xlabel="distance / threshold",
    )
    axis.axvline(list(ratios).index(1.0), color="w", ls=":")
axes[0].set_ylabel("number of points")
fig.colorbar(image, ax=axes, label=f"share of {N_REPEATS} data sets")
plt.show()

# %%
# At these small numbers of points the step is not sharp. The planted labels are found
# from about the threshold on. The relaxation proves the result a little later, and the
# certificate in closed form mostly from 1.2 times the distance on, for a small part of
# the work.

print("ratio   " + ", ".join(QUESTIONS))
for ratio, row in zip(ratios, share.mean(axis=0), strict=True):
    print(f"{ratio:.1f}:    " + ", ".join(f"{s:4.0%}" for s in row))
