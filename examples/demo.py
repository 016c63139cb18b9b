"""Cluster handwritten digits with KMedoids, beside scikit-learn's KMeans.

Run it by ``make demo``. It prints two tables and writes ``demo_medoids.png`` into the
current folder.
"""

from pathlib import Path
from time import perf_counter

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.metrics import adjusted_rand_score, pairwise_distances
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler
from threadpoolctl import threadpool_limits

from skextras.cluster import KMedoids

PICTURE = Path("demo_medoids.png")
GRID = {
    "kmedoids__metric": ["euclidean", "manhattan", "cosine"],
    "kmedoids__n_clusters": [8, 10, 12, 15],
}


def timed_fits(estimator, X):
    """Fit four copies on one thread; return one, and the seconds of all."""
    seconds = []
    with threadpool_limits(1):
        for _ in range(4):
            start = perf_counter()
            fitted = clone(estimator).fit(X)
            seconds.append(perf_counter() - start)
    return fitted, seconds


def search_parameters(pipeline, X, y):
    """Choose metric and number of clusters by agreement on held-out images."""
    search = GridSearchCV(pipeline, GRID, scoring="adjusted_rand_score", cv=5)
    start = perf_counter()
    search.fit(X, y)
    seconds = perf_counter() - start
    metrics, sizes = GRID.values()
    scores = search.cv_results_["mean_test_score"].reshape(len(metrics), len(sizes))
    print("Grid search: adjusted Rand index on images that the fit has not seen")
    print(f"  {len(metrics) * len(sizes)} candidates x 5 folds in {seconds:.1f} s\n")
    print(f"  {'n_clusters':<12}" + "".join(f"{size:>8}" for size in sizes))
    for metric, row in zip(metrics, scores, strict=True):
        print(f"  {metric:<12}" + "".join(f"{score:>8.3f}" for score in row))
    best = search.best_params_
    print(f"\n  best: {best['kmedoids__metric']}, {best['kmedoids__n_clusters']}\n")
    return search.best_estimator_


def compare(models, X, y):
    """Return the columns of the table: each model's measures by name."""
    columns = {}
    for name, model in models.items():
        fitted, seconds = timed_fits(model, X)
        Z = fitted[:-1].transform(X)
        centers = fitted[-1].cluster_centers_
        to_centers = pairwise_distances(Z, centers)
        nearest = to_centers.min(axis=1)
        images = Z[to_centers.argmin(axis=0)]
        to_images = pairwise_distances(Z, images).min(axis=1)
        columns[name] = {
            "seconds for the first fit": f"{seconds[0]:.3f}",
            "seconds for the best of 3 further fits": f"{min(seconds[1:]):.3f}",
            "sum of distances (KMedoids' loss)": f"{nearest.sum():.1f}",
            "sum of squares (KMeans' loss)": f"{(nearest**2).sum():.1f}",
            "mean distance to nearest centre": f"{nearest.mean():.4f}",
            "adjusted Rand index with classes": (
                f"{adjusted_rand_score(y, fitted.predict(X)):.3f}"
            ),
            "centres that are images of the data": (
                f"{(images == centers).all(axis=1).sum()} of {len(centers)}"
            ),
            "sum of distances, centres moved to images": f"{to_images.sum():.1f}",
        }
    return columns


def print_table(columns):
    """Print the measures as rows, a column for each model."""
    width = max(len(row) for column in columns.values() for row in column)
    print(f"  {'':<{width}}" + "".join(f"{name:>12}" for name in columns))
    for row in next(iter(columns.values())):
        cells = "".join(f"{column[row]:>12}" for column in columns.values())
        print(f"  {row:<{width}}{cells}")


def draw(pipeline, X, y):
    """Show each medoid above a few members of its cluster."""
    model = pipeline[-1]
    largest_first = np.argsort(-np.bincount(model.labels_), kind="stable")
    n_shown, k = 6, model.n_clusters
    rng = np.random.default_rng(0)
    fig, axes = plt.subplots(
        n_shown + 1, k, figsize=(0.85 * k, 7), height_ratios=[1.15] + [1] * n_shown
    )
    for column, slot in enumerate(largest_first):
        medoid = model.medoid_indices_[slot]
        members = np.setdiff1d(np.flatnonzero(model.labels_ == slot), medoid)
        shown = rng.choice(members, n_shown, replace=False)
        for axis, image in zip(axes[:, column], [medoid, *shown], strict=True):
            axis.imshow(X[image].reshape(8, 8), cmap="gray_r")
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(image == medoid)
            axis.spines[:].set(color="#d55e00", linewidth=2)
        axes[0, column].set_title(f"{len(members) + 1}", fontsize=10)
    axes[0, 0].set_ylabel("medoid", fontsize=11)
    axes[n_shown // 2, 0].set_ylabel("members of its cluster", fontsize=11)
    fig.suptitle(
        f"The {k} medoids of {len(X)} digits are digits themselves\n"
        "(above each: the size of its cluster)",
        fontsize=12,
    )
    fig.tight_layout()
    fig.savefig(PICTURE, dpi=120)
    plt.close(fig)


def main():
    X, y = load_digits(return_X_y=True)
    print(f"\nDigits: {len(X)} images of 8 x 8 pixels, {len(set(y))} classes\n")
    kmedoids = make_pipeline(MaxAbsScaler(), KMedoids(n_init=10, random_state=0))
    kmeans = make_pipeline(MaxAbsScaler(), KMeans(n_init=10, random_state=0))
    k = 10
    models = {
        "KMedoids": kmedoids.set_params(kmedoids__n_clusters=k),
        "KMeans": kmeans.set_params(kmeans__n_clusters=k),
    }
    print(f"Both with {k} clusters, Euclidean, the best of 10 starts, on one thread")
    print_table(compare(models, X, y))
    print()
    print("  The first fit of KMedoids compiles its loops, or loads them from disk.")
    print("  KMeans may put a centre anywhere; a medoid has to be an image.\n")
    best = search_parameters(kmedoids, X, y)
    draw(best, X, y)
    print(f"Picture of the medoids found with these: {PICTURE.resolve()}")


if __name__ == "__main__":
    main()
