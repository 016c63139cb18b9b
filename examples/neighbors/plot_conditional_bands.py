"""
=======================================
Quantile bands of a conditional density
=======================================

A regression tells the mean of a target. Where its law has two peaks, or a spread that
changes, the mean tells little: a conditional density tells the whole law.
"""

# %%
# A target that splits in two
# ---------------------------
import matplotlib.pyplot as plt
import numpy as np

from skextras.neighbors import ConditionalKernelDensity

rng = np.random.default_rng(0)
n = 1500
X = rng.uniform(-3, 3, size=(n, 1))
branch = np.where(rng.uniform(size=n) < 0.65, 1, -1)
split = np.maximum(X[:, 0], 0) * branch
y = np.sin(2 * X[:, 0]) + split + rng.normal(size=n) * (0.12 + 0.1 * (X[:, 0] < -1.5))

# %%
# Both bandwidths are chosen by the likelihood of targets that are left out.
model = ConditionalKernelDensity().fit(X, y)
print(f"bandwidths: x {model.bandwidth_x_[0]:.3f}, y {model.bandwidth_y_[0]:.3f}")
at = np.linspace(-4.2, 4.2, 241).reshape(-1, 1)
levels = [0.05, 0.25, 0.5, 0.75, 0.95]
bands = model.predict_quantile(at, levels)
inside = np.mean(
    (y >= (q := model.predict_quantile(X, [0.05, 0.95]))[:, 0]) & (y <= q[:, 1])
)
print(f"{inside:.1%} of the targets lie between the quantiles of 5 and 95 %")

# %%
# The law of the target along x
# -----------------------------
targets = np.linspace(-4.5, 4.5, 241)
pairs = np.repeat(at, len(targets), axis=0), np.tile(targets, len(at))
density = np.exp(model.score_samples(*pairs)).reshape(len(at), len(targets))

fig, (top, bottom) = plt.subplots(
    2, 1, figsize=(8, 7), sharex=True, layout="constrained", height_ratios=[4, 1]
)
top.imshow(
    density.T**0.5, origin="lower", aspect="auto", cmap="Greys",
    extent=(at[0, 0], at[-1, 0], targets[0], targets[-1]),
)  # fmt: skip
top.fill_between(
    at[:, 0], bands[:, 0], bands[:, 4], color="C0", alpha=0.2, label="5 to 95 %"
)
top.fill_between(
    at[:, 0], bands[:, 1], bands[:, 3], color="C0", alpha=0.3, label="25 to 75 %"
)
top.plot(at, bands[:, 2], color="C0", label="median")
top.plot(at, model.predict(at), color="C3", linestyle="--", label="mean")
top.set(ylabel="y", ylim=(targets[0], targets[-1]))
top.legend(loc="upper left")
bottom.semilogy(at, model.n_effective(at), color="0.3")
bottom.set(xlabel="x", ylabel="samples that\nan answer rests on")
plt.show()

# %%
# Beyond the data, left and right, the answer stays finite; it rests on few samples, and
# ``n_effective`` says so.
