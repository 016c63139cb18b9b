"""
============================================
A map of a million points, and those outside
============================================

Contours of a density tell little unless they say what they hold. Here they are the rims
of the smallest regions that hold 50, 90 and 99 % of the mass, and the points outside
the last are drawn one by one.
"""

# %%
# A million points in three streams
# ---------------------------------
import matplotlib.pyplot as plt
import numpy as np

from skextras.neighbors import DensityDisplay, KernelDensity

rng = np.random.default_rng(0)
n = 1_000_000
angle = rng.gamma(4, 0.7, size=n)
arm = rng.integers(0, 3, size=n)
turn = angle + 2 * np.pi / 3 * arm
radius = 0.4 * angle + rng.normal(scale=0.12, size=n)
X = np.column_stack([radius * np.cos(turn), radius * np.sin(turn)])

# %%
# The bandwidth is chosen by the likelihood of samples that are left out, of ten
# thousand of them, and shrunk as it should be with the number of samples: by
# :math:`n^{-1/6}` in two dimensions.
small = KernelDensity(bandwidth="loo").fit(X[:10_000])
kde = KernelDensity(bandwidth=small.bandwidth_ * 100 ** (-1 / 6)).fit(X)
print(f"bandwidth {kde.bandwidth_:.3f}, algorithm {kde.algorithm_}")

# %%
# The contours, and the points outside the region of 99 %
# -------------------------------------------------------
fig, ax = plt.subplots(figsize=(7, 6.4), layout="constrained")
limits = [[-3.6, 3.6], [-3.6, 3.6]]
grid = kde.evaluate_grid(400, limits)
ax.imshow(
    grid.density.T ** 0.5, origin="lower", extent=np.ravel(limits), cmap="magma",
    aspect="auto",
)  # fmt: skip
DensityDisplay.from_estimator(
    kde, mass=[0.5, 0.9, 0.99], n_points=400, limits=limits, ax=ax,
    line_kw={"colors": "white", "linewidths": 0.8},
)  # fmt: skip
some = X[:100_000]
outside = some[~kde.in_region(some, 0.99)]
ax.plot(*outside.T, ".", color="cyan", markersize=1.2, alpha=0.6)
ax.set(xlim=limits[0], ylim=limits[1], xlabel="x", ylabel="y")
print(f"{len(outside) / len(some):.2%} of the points lie outside")
plt.show()
