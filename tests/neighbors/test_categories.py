"""Tests of densities of tables whose categories are text."""

import numpy as np
import pytest

from skextras.neighbors import KernelDensity

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
COLOURS = np.array(["red", "green", "blue"], dtype=object)
CODES = RNG.integers(0, 3, 60)
NUMBERS = np.searchsorted(sorted(COLOURS), COLOURS[CODES])  # blue, green, red


def table(library, colours):
    columns = {"x": X[:, 0], "colour": colours, "z": X[:, 1]}
    if library == "numpy":
        return np.column_stack([columns[name].astype(object) for name in columns])
    return pytest.importorskip(library).DataFrame(columns)


@pytest.mark.parametrize("library", ["numpy", "pandas", "polars", "category"])
def test_text_is_as_good_as_numbers(library):
    """The same density, samples and conditionals as with categories by number."""
    numbers = np.column_stack([X[:, 0], NUMBERS, X[:, 1]])
    frame = table("pandas" if library == "category" else library, COLOURS[CODES])
    if library == "category":
        frame["colour"] = frame["colour"].astype("category")
    which = [1] if library == "numpy" else ["colour"]
    before = frame.copy() if hasattr(frame, "copy") else frame.clone()
    options = {"bandwidth": 0.4, "categorical_bandwidth": 0.2}
    plain = KernelDensity(categorical_features=[1], **options).fit(numbers)
    model = KernelDensity(categorical_features=which, **options).fit(frame)
    expected = plain.score_samples(numbers)
    np.testing.assert_allclose(model.score_samples(frame), expected)
    drawn, numbered = (one.sample(50, random_state=0) for one in (model, plain))
    names = np.array(sorted(COLOURS), dtype=object)
    np.testing.assert_array_equal(drawn[:, 1], names[numbered[:, 1].astype(int)])
    np.testing.assert_allclose(drawn[:, 0].astype(float), numbered[:, 0])
    red = model.conditional({which[0]: "red"})
    other = plain.conditional({1: 2})
    rest = X if library == "numpy" else frame[["x", "z"]]
    np.testing.assert_allclose(red.score_samples(rest), other.score_samples(X))
    kept = model.marginal([0, 1])
    pair = np.array([[0.5, "blue"]], dtype=object)
    if library != "numpy":
        pair = type(frame)({"x": [0.5], "colour": ["blue"]})
    found = plain.marginal([0, 1]).score_samples([[0.5, 0]])
    np.testing.assert_allclose(kept.score_samples(pair), found)
    assert (np.asarray(before) == np.asarray(frame)).all()


def test_unknown_categories_are_like_none_of_the_others():
    frame = table("pandas", COLOURS[CODES])
    model = KernelDensity(
        bandwidth=0.4, categorical_features=["colour"], categorical_bandwidth=0.3
    ).fit(frame)
    new = frame.assign(colour="violet")
    plain = KernelDensity(bandwidth=0.4).fit(X)
    expected = plain.score_samples(X) + np.log(0.3 / 2)
    np.testing.assert_allclose(model.score_samples(new), expected)


def test_ordered_categories():
    pandas = pytest.importorskip("pandas")
    sizes = pandas.Categorical.from_codes(CODES, ["small", "large", "huge"], True)
    frame = pandas.DataFrame({"x": X[:, 0], "size": sizes})
    options = {"bandwidth": 0.4, "categorical_bandwidth": 0.2}
    model = KernelDensity(ordinal_features=["size"], **options).fit(frame)
    plain = KernelDensity(ordinal_features=[1], **options)
    numbers = np.column_stack([X[:, 0], CODES])
    expected = plain.fit(numbers).score_samples(numbers)
    np.testing.assert_allclose(model.score_samples(frame), expected)
    with pytest.raises(ValueError, match="none of its ordered categories"):
        model.score_samples(pandas.DataFrame({"x": [0.0], "size": ["tiny"]}))
    with pytest.raises(ValueError, match="none of its ordered categories"):
        model.conditional({"size": "tiny"})
    text = frame.assign(size=frame["size"].astype(str))
    with pytest.raises(ValueError, match="ordered categorical"):
        KernelDensity(ordinal_features=["size"]).fit(text)
    with pytest.raises(ValueError, match="NaN"):
        KernelDensity(categorical_features=["size"]).fit(
            frame.assign(size=[None] + ["a"] * 59)
        )


def test_text_that_is_not_listed():
    with pytest.raises(
        ValueError, match=r"such as .*: list it in categorical_features"
    ):
        KernelDensity().fit(table("pandas", COLOURS[CODES]))


def test_parts_of_a_table_keep_their_names():
    frame = table("pandas", COLOURS[CODES])
    model = KernelDensity(bandwidth=0.4, categorical_features=["colour"]).fit(frame)
    part = model.conditional({"x": 0.0})
    assert list(part.feature_names_in_) == ["colour", "z"]
    part.score_samples(frame[["colour", "z"]])
    with pytest.raises(ValueError, match="feature names should match"):
        part.score_samples(frame[["z", "colour"]])
