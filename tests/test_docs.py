"""The code on the pages of the documentation runs as it stands."""

import doctest
from pathlib import Path

import pytest

DOC = Path(__file__).resolve().parent.parent / "doc"
PAGES = [
    path
    for path in sorted([*DOC.glob("*.rst"), *DOC.glob("user_guide/**/*.rst")])
    if ">>>" in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_page(path):
    result = doctest.testfile(str(path), module_relative=False, encoding="utf-8")
    assert result.attempted
    assert not result.failed


def test_pages_are_found():
    assert {"index", "k_medoids", "certified_kmeans"} <= {path.stem for path in PAGES}
