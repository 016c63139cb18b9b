"""
=====================================================
When few samples decide: regimes in many dimensions
=====================================================

In many dimensions, a density at a new point may be a sum of thousands of terms or that
of its nearest sample alone. Between lies one critical bandwidth, which depends on
log(n) / d. The bandwidth that predicts best lies below it.
"""

# %%
# One law, many dimensions
# ------------------------
# n = 2000 samples of a standard normal law, of 7 to 75 features: log(n) / d goes from
# 1.1 to 0.1. For each d, the theory of Biroli and Mezard tells the critical bandwidth,
# the samples tell it too, and "loo" chooses the bandwidth of largest likelihood.
import matplotlib.pyplot as plt
import numpy as np

from skextras.neighbors import (
    KernelDensity,
    critical_bandwidths,
    gaussian_critical_bandwidth,
)

n = 2000
dimensions = np.array([7, 8, 9, 10, 12, 14, 17, 21, 27, 36, 50, 75])
alphas = np.log(n) / dimensions
rng = np.random.default_rng(0)
samples = [rng.normal(size=(n, d)) for d in dimensions]
theory = np.array([gaussian_critical_bandwidth(n, np.eye(d)) for d in dimensions])
measured = np.array([critical_bandwidths(X, "nn")["glass"] for X in samples])
best = np.array([
    KernelDensity(bandwidth="loo", regime_check=False).fit(X).bandwidth_
    for X in samples
])  # fmt: skip

# %%
# How many samples decide
# -----------------------
# ``diagnose`` tells on how many samples the density at each query rests: the inverse of
# the sum of the squares of their shares.
bandwidths = np.linspace(0.4, 2.0, 25)
shares = np.empty((len(bandwidths), len(dimensions)))
for i, h in enumerate(bandwidths):
    for j, d in enumerate(dimensions):
        kde = KernelDensity(bandwidth=h, regime_check=False).fit(samples[j])
        n_effective = kde.diagnose(rng.normal(size=(100, d)))["n_effective"]
        shares[i, j] = np.median(n_effective)

# %%
# The diagram
# -----------
fig, ax = plt.subplots(figsize=(7.5, 5.2), layout="constrained")
mesh = ax.pcolormesh(
    alphas, bandwidths, shares, norm="log", cmap="viridis", shading="gouraud"
)
fig.colorbar(mesh, label="number of samples that decide a density (median)")
fine = np.linspace(alphas[-1], alphas[0], 100)
curve = np.interp(fine, alphas[::-1], theory[::-1])
ax.plot(fine, curve, color="white", label=r"$h_G$, theory")
ax.plot(fine, np.sqrt(2) * curve, "--", color="white", label=r"$\sqrt{2}\,h_G$")
ax.plot(alphas, measured, "o", color="white", markersize=4, label="$h_G$, measured")
ax.plot(alphas, best, "s-", color="C1", markersize=4, label='"loo"')
for text, at in [("clt", (0.75, 1.75)), ("condensed", (0.8, 0.46))]:
    ax.text(*at, text, color="white", fontsize=12)
ax.text(0.42, 1.12, "heavy_tailed", color="white", fontsize=10, rotation=-24)
ax.set(
    xlabel="log(n) / d", ylabel="bandwidth, standard deviations",
    ylim=(bandwidths[0], bandwidths[-1]), xlim=(alphas[-1], alphas[0]),
)  # fmt: skip
ax.legend(loc="upper right", facecolor="0.3", labelcolor="white")
plt.show()
