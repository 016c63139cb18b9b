"""
=================================================
Ends of a scale: waiting times and hours of a day
=================================================

A kernel does not know that there are no negative times, nor that midnight is the
neighbor of midnight. ``boundary`` tells it.
"""

# %%
# A scale that ends: waiting times
# --------------------------------
# The law of waiting times is largest at 0, where a plain kernel density loses half of
# it. Three kinds of boundary mend that, "linear" best.
import matplotlib.pyplot as plt
import numpy as np

from skextras.neighbors import KernelDensity

rng = np.random.default_rng(0)
times = rng.exponential(size=(2000, 1))
at = np.linspace(-0.5, 3, 400).reshape(-1, 1)
inside = at[at[:, 0] >= 0]
plain = KernelDensity(bandwidth=0.2).fit(times)
waiting = {"none": np.exp(plain.score_samples(at))}
at_0 = {"none": np.exp(plain.score([[0]]))}
for kind in ("reflect", "renormalise", "linear"):
    kde = KernelDensity(bandwidth=0.2, boundary={0: (0, np.inf, kind)}).fit(times)
    waiting[kind] = np.exp(kde.score_samples(inside))
    at_0[kind] = waiting[kind][0]
for kind, value in at_0.items():
    print(f"{kind:12s}{value:5.2f} at 0, where the law is 1")

# %%
# A scale that closes: hours of a day
# -----------------------------------
# Calls for help, most of them around midnight. With a period of 24 hours the night is
# one peak; without, it is two halves.
hours = np.r_[rng.normal(23.7, 1.5, size=900), rng.normal(14, 3, size=600)] % 24
hours = hours.reshape(-1, 1)
clock = np.linspace(0, 24, 400).reshape(-1, 1)
circle = {0: (0, 24, "periodic")}
day = {
    "none": np.exp(KernelDensity(bandwidth=0.8).fit(hours).score_samples(clock)),
    "periodic": np.exp(
        KernelDensity(bandwidth=0.8, boundary=circle).fit(hours).score_samples(clock)
    ),
}

# %%
# The pictures
# ------------
fig = plt.figure(figsize=(11, 4.6), layout="constrained")
left = fig.add_subplot(1, 2, 1)
left.plot(at, np.exp(-at) * (at >= 0), color="0.75", linewidth=6, label="the law")
left.plot(at, waiting.pop("none"), color="0.2", linestyle=":", label="no boundary")
for kind, values in waiting.items():
    left.plot(inside, values, label=kind)
left.set(xlabel="waiting time", ylabel="density", ylim=(0, None))
left.legend()
right = fig.add_subplot(1, 2, 2, projection="polar")
right.set_theta_zero_location("N")
right.set_theta_direction(-1)
turn = clock[:, 0] * (2 * np.pi / 24)
counts, edges = np.histogram(hours, bins=48, range=(0, 24), density=True)
right.bar(
    edges[:-1] * (2 * np.pi / 24), counts, width=2 * np.pi / 48, align="edge",
    color="0.88",
)  # fmt: skip
right.plot(turn, day["none"], color="0.2", linestyle=":", label="no boundary")
right.plot(turn, day["periodic"], color="C0", label="periodic")
right.set_xticks(np.arange(8) * np.pi / 4, [f"{3 * hour} h" for hour in range(8)])
right.set_yticklabels([])
right.legend(loc="lower left", bbox_to_anchor=(-0.2, -0.05))
plt.show()
