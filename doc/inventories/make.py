"""Write the ``.inv`` files: the names of other projects that these pages link to.

Sphinx usually downloads such inventories. A build must work without a network, so the
few names needed are listed here. After a change, run ``python doc/inventories/make.py``
and commit the files; the build stops at a name that no inventory holds.
"""

import zlib
from pathlib import Path

#: Project, then role, then page, then names; "$" stands for the name.
PROJECTS = {
    "joblib": {
        "py:class": {
            "generated/$.html#$": ["joblib.parallel_backend", "joblib.parallel_config"],
        },
    },
    "numba": {
        "py:function": {"reference/jit-compilation.html#$": ["numba.jit"]},
    },
    "numpy": {
        "py:class": {"reference/generated/$.html#$": ["numpy.ndarray"]},
    },
    "sklearn": {
        "py:class": {
            "modules/generated/$.html#$": [
                "sklearn.callback.ProgressBar",
                "sklearn.cluster.DBSCAN",
                "sklearn.cluster.HDBSCAN",
                "sklearn.cluster.KMeans",
                "sklearn.cluster.MiniBatchKMeans",
                "sklearn.mixture.GaussianMixture",
                "sklearn.model_selection.GridSearchCV",
                "sklearn.pipeline.Pipeline",
                "sklearn.preprocessing.OrdinalEncoder",
                "sklearn.preprocessing.StandardScaler",
                "sklearn.utils.metadata_routing.MetadataRequest",
            ],
        },
        "py:function": {
            "modules/generated/$.html#$": [
                "sklearn.metrics.pairwise_distances",
                "sklearn.metrics.silhouette_score",
                "sklearn.neighbors.kneighbors_graph",
                "sklearn.set_config",
            ],
        },
        "std:label": {
            "metadata_routing.html": ["metadata_routing"],
            "modules/df_output_transform.html": ["df_output_transform"],
            "auto_examples/miscellaneous/plot_set_output.html": [
                "sphx_glr_auto_examples_miscellaneous_plot_set_output.py"
            ],
        },
        "std:term": {"glossary.html#term-$": ["meta-estimator"]},
    },
}

#: What a link shows where the name is no title.
TITLES = {
    "sphx_glr_auto_examples_miscellaneous_plot_set_output.py": "the set_output example",
}


def inventory(project, roles):
    """Return an inventory in version 2 of Sphinx's format."""
    lines = [
        f"{name} {role} 1 {page.replace('$', name)} {TITLES.get(name, '-')}\n"
        for role, pages in roles.items()
        for page, names in pages.items()
        for name in names
    ]
    head = (
        "# Sphinx inventory version 2\n"
        f"# Project: {project}\n"
        "# Version: \n"
        "# The remainder of this file is compressed using zlib.\n"
    )
    return head.encode() + zlib.compress("".join(lines).encode(), 9)


if __name__ == "__main__":
    for project, roles in PROJECTS.items():
        path = Path(__file__).with_name(f"{project}.inv")
        path.write_bytes(inventory(project, roles))
        print(path.name)
