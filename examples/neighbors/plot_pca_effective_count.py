"""
=============================================================
How many principal components can a density of digits rest on
=============================================================

Reduce the dimension first, they say; to how many components? The number of samples on
which a density rests tells when a density estimate has become a nearest neighbor.
"""

# %%
# A density of 1 to 40 components
# -------------------------------
# For each number of components, "loo" chooses the bandwidth of largest likelihood, and
# ``diagnose`` tells on how many samples the densities of other digits rest.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from skextras.neighbors import KernelDensity

X_train, X_test = train_test_split(load_digits().data, random_state=0, train_size=1200)
pca = PCA(40, random_state=0).fit(X_train)
Z_train, Z_test = pca.transform(X_train), pca.transform(X_test)
n_components = np.array([1, 2, 3, 4, 6, 8, 10, 13, 16, 20, 25, 32, 40])

rows = []
for d in n_components:
    kde = KernelDensity(bandwidth="loo", regime_check=False).fit(Z_train[:, :d])
    record = kde.diagnose(Z_test[:, :d])
    low, median, high = np.quantile(record["n_effective"], [0.1, 0.5, 0.9])
    critical = kde.critical_bandwidths_["glass"]
    rows.append((low, median, high, kde.bandwidth_, critical))
    print(f"{d:2d} components: {median:6.1f} samples, regime {kde.regime_}")
low, median, high, best, critical = np.transpose(rows)

# %%
# Where a density ends, and a nearest neighbor begins
# ---------------------------------------------------
fig, (top, bottom) = plt.subplots(
    2, 1, figsize=(7.5, 6.4), sharex=True, layout="constrained", height_ratios=[3, 2]
)
top.fill_between(n_components, low, high, alpha=0.25, label="of 80 % of the digits")
top.plot(n_components, median, "o-", label="median")
top.axhline(10, color="0.5", linestyle=":")
top.set(yscale="log", ylabel="samples that a density rests on")
top.legend()
bottom.plot(n_components, best, "o-", color="C1", label='"loo"')
bottom.plot(n_components, critical, color="0.3", label="critical, $h_G$")
bottom.fill_between(n_components, 0, critical, color="0.85", label="condensed")
bottom.set(
    xscale="log", xlabel="number of principal components", ylabel="bandwidth",
    ylim=(0, None), xticks=n_components, xticklabels=n_components,
    xlim=(n_components[0], n_components[-1]),
)  # fmt: skip
bottom.minorticks_off()
bottom.legend(loc="upper left")
plt.show()

# %%
# With a handful of components many samples decide each density. From some ten on, the
# density at a new digit is that of the kernel around its nearest neighbors: a ranking
# by it is a ranking by distance.
