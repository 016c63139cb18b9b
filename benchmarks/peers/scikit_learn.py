"""KMeans, for scale: another objective."""

from sklearn.cluster import KMeans


def fit(X, k):
    return KMeans(k, random_state=0).fit(X).cluster_centers_
