"""Set-up of the documentation: everything is built without a network."""

import sys
from pathlib import Path

import skextras

sys.path.insert(0, str(Path(__file__).parent))  # for benchmark_tables

project = "skextras"
author = "The skextras developers"
project_copyright = author
release = version = skextras.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "benchmark_tables",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates"]
nitpicky = True  # a reference that leads nowhere stops the build

# API pages: one for each name, with all methods in full.
autodoc_default_options = {"members": True, "inherited-members": True}
autodoc_typehints = "none"  # the docstrings say more
autosummary_generate = True
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False  # autodoc lists them

# Links to other projects: see inventories/make.py.
intersphinx_mapping = {
    name: (url, f"inventories/{name}.inv")
    for name, url in {
        "joblib": "https://joblib.readthedocs.io/en/stable/",
        "numba": "https://numba.readthedocs.io/en/stable/",
        "numpy": "https://numpy.org/doc/stable/",
        "sklearn": "https://scikit-learn.org/stable/",
    }.items()
}

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",  # a section for each folder, that of a module
    "ignore_pattern": r"demo\.py",  # not a page: ``make demo`` runs it
    "abort_on_example_error": True,
    "backreferences_dir": "auto_examples/backreferences",
    "doc_module": "skextras",
    "log_level": {"backreference_missing": "info"},
    "within_subsection_order": "FileNameSortKey",
    "capture_repr": (),
    "show_signature": False,
    "min_reported_time": 60,  # the times of another machine help nobody
    "write_computation_times": False,
}

html_theme = "pydata_sphinx_theme"
html_title = f"skextras {release}"
html_show_sourcelink = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_theme_options = {
    "logo": {"text": "skextras"},
    "navbar_persistent": ["search-button"],
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"index": [], "install": []}
