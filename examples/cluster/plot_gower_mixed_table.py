"""
=======================================================================
Which rows of a table with categories and missing values belong together?
=======================================================================

Tables of real things have columns of different kinds, and holes. The usual way to
cluster them fills the holes, makes a column of zeros and ones of every category, and
measures Euclidean distances. The Gower dissimilarity compares two rows by the entries
that both have. How many entries may be missing in either case?
"""

# %%
# Used cars
# ---------
# No bundled data set has categories *and* missing values, so this is a table of cars
# as a dealer might keep it, drawn at random. There are four kinds of car, and a kind
# shows in every column, but in none for certain.

import numpy as np
import pandas as pd

KINDS = ["city car", "family estate", "van", "electric"]
NUMBERS = {  # mean of each kind, standard deviation of all
    "price": ([9, 19, 17, 31], 5),
    "age": ([8, 7, 6, 2.5], 2.5),
    "mileage": ([60, 120, 150, 35], 35),
    "power": ([55, 105, 90, 130], 20),
}
CATEGORIES = {  # values, and the probability of each in each kind
    "fuel": (["petrol", "diesel", "hybrid", "electric"],
             [[.8, .1, .1, 0], [.3, .6, .1, 0], [.1, .9, 0, 0], [0, 0, .1, .9]]),
    "body": (["hatchback", "estate", "box", "saloon"],
             [[.9, 0, 0, .1], [.1, .7, 0, .2], [0, .1, .9, 0], [.4, .1, 0, .5]]),
    "gearbox": (["manual", "automatic"], [[.9, .1], [.5, .5], [.8, .2], [0, 1]]),
    "seller": (["private", "dealer"], [[.7, .3], [.5, .5], [.3, .7], [.2, .8]]),
}  # fmt: skip


def draw_cars(n, missing, seed=0):
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 4, n)
    cars = {
        name: np.maximum(rng.normal(np.array(mean)[kind], spread), 0.5).round(1)
        for name, (mean, spread) in NUMBERS.items()
    }
    for name, (values, chances) in CATEGORIES.items():
        cars[name] = [rng.choice(values, p=chances[which]) for which in kind]
    cars = pd.DataFrame(cars)
    return cars.mask(rng.uniform(size=cars.shape) < missing), kind


draw_cars(6, missing=0.2)[0]

# %%
# Two pipelines
# -------------
# Both end in :class:`~skextras.cluster.KMedoids`. For Gower, strings become numbers
# that stand for nothing but themselves, and missing entries stay missing.

from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from skextras.cluster import KMedoids

encode = make_column_transformer(
    (OrdinalEncoder(), list(CATEGORIES)),
    remainder="passthrough",
    verbose_feature_names_out=False,
).set_output(transform="pandas")
gower = make_pipeline(
    encode,
    KMedoids(
        4,
        metric="gower",
        metric_params={"categorical_features": list(CATEGORIES)},
        n_init=5,
        random_state=0,
    ),
)
fill = make_column_transformer(
    (make_pipeline(SimpleImputer(), StandardScaler()), list(NUMBERS)),
    (
        make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()),
        list(CATEGORIES),
    ),
    sparse_threshold=0,
)
euclidean = make_pipeline(fill, KMedoids(4, n_init=5, random_state=0))
MODELS = {"Gower": gower, "filled, one-hot, Euclidean": euclidean}

# %%
# More and more holes
# -------------------
# An adjusted Rand index of 1 means that the four kinds were found, 0 that the clusters
# have nothing to do with them. Each point is the mean over five tables of 300 cars.

from sklearn.metrics import adjusted_rand_score

shares = np.array([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
agreement = {name: np.empty((len(shares), 5)) for name in MODELS}
for i, share in enumerate(shares):
    for seed in range(5):
        cars, kind = draw_cars(300, share, seed)
        for name, model in MODELS.items():
            found = model.fit_predict(cars)
            agreement[name][i, seed] = adjusted_rand_score(kind, found)

# %%
# A medoid is a car
# -----------------
# The picture shows one table as it is: a line for each car, sorted by the clusters that
# Gower found, and blank where an entry is missing. Beside it stands the medoid of each
# cluster, and below what the missing entries cost.

import matplotlib.pyplot as plt
from matplotlib.colors import ListedColormap

cars, kind = draw_cars(300, 0.2)
gower.fit(cars)
kmedoids = gower[-1]
order = np.lexsort([kmedoids.distances_, kmedoids.labels_])
edges = np.flatnonzero(np.diff(kmedoids.labels_[order])) + 1
codes = encode.fit_transform(cars)

fig = plt.figure(figsize=(9, 9.5), layout="constrained")
fig.get_layout_engine().set(h_pad=0.1)
upper, lower = fig.subfigures(2, height_ratios=[2, 1])
panels = upper.subplots(1, 8, sharey=True)
HUES = ListedColormap(["#0072b2", "#e69f00", "#009e73", "#cc79a7"])
for axis, name in zip(panels, [*NUMBERS, *CATEGORIES], strict=True):
    column = codes[name].to_numpy()[order, None]
    style = {"cmap": "viridis"}
    if name in CATEGORIES:
        style = {"cmap": HUES, "vmin": 0, "vmax": 3}
    axis.imshow(column, aspect="auto", interpolation="none", **style)
    axis.set(title=name, xticks=[], yticks=[])
    for spine in axis.spines.values():
        spine.set_visible(False)
    for edge in edges:
        axis.axhline(edge - 0.5, color="white", linewidth=4)
    for first, medoid in zip([0, *edges], kmedoids.medoid_indices_, strict=True):
        value = cars[name][medoid]
        text = "?" if pd.isna(value) else value if name in CATEGORIES else f"{value:g}"
        axis.text(
            0, first + 12, text, ha="center", va="center", fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 2},
        )  # fmt: skip
upper.suptitle("300 cars in four clusters; the labels are the medoids")

axis = lower.subplots()
for (name, values), color in zip(agreement.items(), ["#0072b2", "#e69f00"], strict=True):
    mean = values.mean(axis=1)
    axis.fill_between(
        100 * shares, values.min(axis=1), values.max(axis=1), color=color, alpha=0.2
    )
    axis.plot(100 * shares, mean, "o-", color=color, label=name)
axis.set(xlabel="missing entries (%)", ylabel="adjusted Rand index", ylim=(0, 1))
axis.legend(frameon=False, loc="lower left")
for side in ("top", "right"):
    axis.spines[side].set_visible(False)
plt.show()
