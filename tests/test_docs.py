"""The code on the pages of the documentation runs as it stands."""

import ast
import doctest
import re
from pathlib import Path

import numpy as np
import pytest

NUMBER = re.compile(r"\d+\.?\d*(?:e[+-]\d+)?")
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


def test_readme():
    """Its code runs as it stands, and prints what it says to four digits."""
    text = (DOC.parent / "README.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    names = {}
    for block, shown in re.findall(r"(.*?)(?:\n# ([^\n]*)|\Z)", code, re.DOTALL):
        *before, last = ast.parse(block).body or [None]
        if not shown:
            exec(block, names)
            continue
        exec(compile(ast.Module(before, []), "README.md", "exec"), names)
        value = eval(compile(ast.Expression(last.value), "README.md", "eval"), names)
        texts = repr(value), shown.strip()
        found, expected = ([float(x) for x in NUMBER.findall(text)] for text in texts)
        np.testing.assert_allclose(found, expected, rtol=1e-4)  # of any BLAS
        assert NUMBER.sub("", texts[0]) == NUMBER.sub("", texts[1])
    assert len(names["labels"]) == len(names["X"])
