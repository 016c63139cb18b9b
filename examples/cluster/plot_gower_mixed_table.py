"""
=================================================================
Which rows of a table with missing values should become medoids?
=================================================================

The Gower dissimilarity compares two rows of numbers and categories by the entries that
both have. Rows with holes are welcome, as members of a cluster. This example shows why
they are bad medoids, how to avoid them, and what that gains over filling the holes.
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
# that stand for nothing but themselves, and missing entries stay missing. Two cars
# differ in a category by 0 or 1, in a number by about a fifth of its range: a weight
# of 3 lets numbers have their say. The usual way fills the holes, makes a column of
# zeros and ones of every category, and measures Euclidean distances.

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
params = {
    "categorical_features": list(CATEGORIES),
    "weights": [1] * len(CATEGORIES) + [3] * len(NUMBERS),
}
gower = make_pipeline(
    encode,
    KMedoids(4, metric="gower", metric_params=params, n_init=5, random_state=0),
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

# %%
# Holes attract medoids
# ---------------------
# A feature that is missing in the medoid is left out for its whole cluster. A row that
# lacks just those entries in which the cluster varies is therefore close to all of it:

cars, kind = draw_cars(300, missing=0.2)
gower.fit(cars)
cars.iloc[gower[-1].medoid_indices_]

# %%
# Rows of weight 0 do not become medoids. So we let the fullest quarter of the rows
# count, and assign the others to the clusters that are found there:


def fullest(cars):
    holes = cars.isna().sum(axis=1)
    return (holes <= holes.quantile(0.25)).astype(float)


gower.fit(cars, kmedoids__sample_weight=fullest(cars))
cars.iloc[gower[-1].medoid_indices_]

# %%
# More and more holes
# -------------------
# Both pipelines, from all rows and from the fullest. An adjusted Rand index of 1 means
# that the four kinds were found, 0 that the clusters have nothing to do with them. Each
# point is the mean over five tables.

from sklearn.metrics import adjusted_rand_score

MODELS = {"Gower": gower, "filled, one-hot, Euclidean": euclidean}
shares = np.array([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
agreement = {
    (name, rows): np.empty((len(shares), 5))
    for name in MODELS
    for rows in ("fullest rows", "all rows")
}
for i, share in enumerate(shares):
    for seed in range(5):
        some_cars, some_kind = draw_cars(300, share, seed)
        for name, rows in agreement:
            weight = fullest(some_cars) if rows == "fullest rows" else None
            model = MODELS[name].fit(some_cars, kmedoids__sample_weight=weight)
            found = adjusted_rand_score(some_kind, model.predict(some_cars))
            agreement[name, rows][i, seed] = found

# %%
# A medoid is a car
# -----------------
# The picture shows one table as it is: a line for each car, sorted by the clusters of
# Gower from the fullest rows, and blank where an entry is missing. The labels are the
# medoids. Below is what the missing entries cost.

import matplotlib.pyplot as plt
from matplotlib.colors import ListedColormap

gower.fit(cars, kmedoids__sample_weight=fullest(cars))
kmedoids = gower[-1]
order = np.lexsort([kmedoids.distances_, kmedoids.labels_])
edges = np.flatnonzero(np.diff(kmedoids.labels_[order])) + 1
codes = encode.fit_transform(cars)

fig = plt.figure(figsize=(9, 9.5), layout="constrained")
fig.get_layout_engine().set(h_pad=0.1)
upper, lower = fig.subfigures(2, height_ratios=[2, 1])
HUES = ListedColormap(["#0072b2", "#e69f00", "#009e73", "#cc79a7"])
columns = [*NUMBERS, *CATEGORIES]
for axis, name in zip(upper.subplots(1, len(columns)), columns, strict=True):
    style = {"cmap": "viridis"}
    if name in CATEGORIES:
        style = {"cmap": HUES, "vmin": 0, "vmax": 3}
    column = codes[name].to_numpy()[order, None]
    axis.imshow(column, aspect="auto", interpolation="none", **style)
    axis.set(title=name, xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    for edge in edges:
        axis.axhline(edge - 0.5, color="white", linewidth=6)
    for first, medoid in zip([0, *edges], kmedoids.medoid_indices_, strict=True):
        value = cars[name][medoid]
        text = "missing" if pd.isna(value) else str(value)
        axis.text(
            0, first + 12, text, ha="center", va="center", fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 2},
        )  # fmt: skip
upper.suptitle("300 cars in four clusters, each with its medoid")

axis = lower.subplots()
for (name, rows), values in agreement.items():
    color = "#0072b2" if name == "Gower" else "#e69f00"
    line = "o-" if rows == "fullest rows" else "o:"
    label = f"{name}, {rows}"
    axis.plot(100 * shares, values.mean(axis=1), line, color=color, label=label)
axis.set(xlabel="missing entries (%)", ylabel="adjusted Rand index", ylim=(0, 1))
axis.legend(frameon=False, loc="upper right")
axis.set_title("Gower bears holes best if its medoids have few")
axis.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# What follows
# ------------
# With a complete table, the two ways are equally good. With holes, Gower from all rows
# is worse than filling them: its medoids are themselves full of holes. From the fullest
# rows it is better, from a fifth of missing entries on by far. Filling invents entries,
# each in the middle of the table; Gower leaves them open.
