"""The package ``onebatch``: k-medoids from one batch of reference points."""


def fit(X, k):
    import onebatch

    model = onebatch.OneBatchPAM(n_medoids=k, random_state=0).fit(X)
    return X[model.medoid_indices_]
