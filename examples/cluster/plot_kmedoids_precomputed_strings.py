"""
==========================================
How many names hide behind many spellings?
==========================================

A library catalogue holds the names of Russian composers, transcribed into the Latin
alphabet by the rules of many countries. Strings have no mean, but they have distances:
k-medoids needs nothing else. A grid search finds the number of composers.
"""

# %%
# The spellings
# -------------
# Eight composers, in the spellings of English, French, German and other catalogues. The
# search will not see which belong together.

import numpy as np

VARIANTS = """
Glazunov Glazounov Glasunow Glazunow Glazounoff Glasunov Glazunof Glasounow
Mussorgsky Musorgsky Moussorgsky Mussorgski Mussorgskij Musorgskii Moussorgski
Prokofiev Prokofieff Prokofjew Prokofyev Prokofjev Prokofief Prokoffiev Prokofev
Rachmaninoff Rachmaninov Rakhmaninov Rachmaninow Rakhmaninoff Rajmaninov Rahmanjinov
Scriabin Skriabin Skrjabin Scriabine Skryabin Skriabine Skrjabine
Shostakovich Schostakowitsch Chostakovitch Sjostakovitsj Szostakowicz Shostakovitch
Stravinsky Strawinsky Stravinski Strawinski Stravinskij Stravinskii Strawinskij
Tchaikovsky Chaikovsky Tchaikovski Tschaikowsky Chaikovskii Tjajkovskij Czajkowski
"""
families = [line.split() for line in VARIANTS.split("\n") if line]
words = np.array([word for family in families for word in family])
composer = np.repeat(np.arange(len(families)), [len(family) for family in families])


# %%
# The distance
# ------------
# The edit distance counts the insertions, deletions and replacements of letters that
# turn one word into the other. It is computed row by row: ``row[j]`` is the distance
# between the letters of ``a`` read so far and the first ``j`` letters of ``b``.


def edit_distance(a, b):
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, start=1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(b, start=1):
            replaced = diagonal + (letter != other)
            diagonal, row[j] = row[j], min(replaced, row[j] + 1, row[j - 1] + 1)
    return row[-1]


def distances(queries, words):
    return np.array([[edit_distance(a, b) for b in words] for a in queries], float)


D = distances(words, words)
print(f"{len(words)} spellings; {words[0]} to {words[1]}: {D[0, 1]:.0f} edit")

# %%
# The number of clusters
# ----------------------
# With ``metric="precomputed"`` the estimator tells scikit-learn that its input is
# pairwise. Cross-validation then takes rows *and* columns of the training words for
# ``fit``, and the rows of the test words with the columns of the training words for the
# score: ``transform`` and ``predict`` take matrices of shape (n_queries, n_samples).
#
# The estimator's own score, minus the mean distance to the nearest medoid, is of no use
# here: more medoids are nearly always closer. The medoid silhouette asks instead how
# much closer the nearest medoid is than the second nearest.


def medoid_silhouette(estimator, X, y=None):
    to_medoids = np.sort(estimator.transform(X), axis=1)
    return np.mean(1 - to_medoids[:, 0] / to_medoids[:, 1])


def own_score(estimator, X, y=None):
    return estimator.score(X)


from sklearn.model_selection import GridSearchCV, KFold

from skextras.cluster import KMedoids

search = GridSearchCV(
    KMedoids(metric="precomputed", n_init=10, random_state=0),
    {"n_clusters": np.arange(2, 15)},
    scoring={"silhouette": medoid_silhouette, "distance": own_score},
    refit="silhouette",
    cv=KFold(5, shuffle=True, random_state=0),
)
search.fit(D)
print(f"Clusters found: {search.best_params_['n_clusters']}")

# %%
# The result
# ----------
# On the left, the distances with the words sorted by cluster: dark squares are words
# that are close to each other. The names are the medoids, one of the spellings each.

import matplotlib.pyplot as plt

model = search.best_estimator_
order = np.argsort(model.labels_, kind="stable")
sizes = np.bincount(model.labels_)
edges = np.cumsum(sizes)[:-1] - 0.5

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4.3), layout="constrained")
image = left.imshow(D[np.ix_(order, order)], cmap="Blues_r")
fig.colorbar(image, ax=left, label="edit distance", shrink=0.9)
left.hlines(edges, -0.5, len(words) - 0.5, color="white", linewidth=0.8)
left.vlines(edges, -0.5, len(words) - 0.5, color="white", linewidth=0.8)
left.set_yticks(np.cumsum(sizes) - sizes / 2 - 0.5, words[model.medoid_indices_])
left.set(xticks=[], title="Spellings of one name are close to each other")

n_clusters = search.param_grid["n_clusters"]
silhouette = search.cv_results_["mean_test_silhouette"]
distance = -search.cv_results_["mean_test_distance"]
right.plot(n_clusters, silhouette, "o-", color="#0072b2")
right.axvline(len(families), color="0.6", linestyle=":", zorder=0)
right.set_xlabel("number of clusters")
right.set_ylabel("medoid silhouette of held-out words", color="#0072b2")
right.set_title("The silhouette finds the eight composers")
other = right.twinx()
other.plot(n_clusters, distance, "s--", color="#d55e00")
other.set_ylabel("mean edits to the nearest medoid", color="#d55e00")
plt.show()

# %%
# The clusters are the composers, here without a mistake. The mean distance falls
# steeply up to eight clusters and hardly after that. Its bend can be seen, but a grid
# search looks for the best value, and that of the mean distance means nothing.

from sklearn.metrics import adjusted_rand_score

print(f"adjusted Rand index: {adjusted_rand_score(composer, model.labels_):.2f}")

# %%
# New words
# ---------
# ``predict`` takes the distances of new words to the training words. Only the columns
# of the medoids decide, but the matrix must have all columns.

new = np.array(["Čajkovskij", "Strawinskiy", "Rahmaninov", "Scriabine"])
for word, cluster in zip(new, model.predict(distances(new, words)), strict=True):
    print(f"{word:12} -> {words[model.medoid_indices_[cluster]]}")
