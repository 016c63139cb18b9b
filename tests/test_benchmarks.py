"""Every family of benchmarks runs, and writes what the pages are made of."""

import json

import numpy as np
import pytest

from benchmarks import contest, run

MEASURES = {
    "seconds",
    "times",
    "ratio",
    "objective",
    "gigabytes",
    "error",
    "draws",
    "off",
    "pinned",
}


def smoke(family, folder, *options):
    run.main([family, "--smoke", "--json", str(folder), *options])
    text = (folder / f"{family}.json").read_text()
    assert str(folder) not in text
    assert str(run.FOLDER.parent) not in text
    return json.loads(text)


def check(record, family):
    """Look at everything that a record must hold."""
    assert record["family"] == family
    assert record["smoke"] is True
    assert f"run.py {family} --repeats 1" in record["command"]
    assert record["processor"]
    assert record["processors"] >= 1
    assert record["blas_threads"] >= 1
    assert record["load"] is None or record["load"] >= 0
    assert {"skextras", "python", "numpy", "scikit-learn"} <= set(record["versions"])
    assert all(isinstance(number, str) for number in record["versions"].values())
    assert record["problems"]
    for problem in record["problems"]:
        assert isinstance(problem["problem"], str)
        first, *peers = problem["rows"]
        assert "missing" not in first
        for row in [first, *peers]:
            assert isinstance(row.pop("contestant"), str)
            if "missing" in row:
                assert contest.installed(row["missing"]) is None
                continue
            assert row
            assert set(row) <= MEASURES
            assert all(np.isfinite(value).all() for value in row.values())


@pytest.mark.parametrize("family", run.FAMILIES)
def test_smoke(family, tmp_path, capsys):
    record = smoke(family, tmp_path)
    printed = capsys.readouterr().out
    for problem in record["problems"]:
        for row in problem["rows"]:
            assert row["contestant"] in printed
    check(record, family)


def test_data(tmp_path):
    X = np.random.default_rng(0).integers(0, 256, (80, 20)).astype(np.uint8)
    np.savez(tmp_path / "mnist_test.npz", X=X)
    options = ["--data", str(tmp_path), "--only", "FasterPAM, MNIST"]
    record = smoke("k_medoids", tmp_path / "results", *options)
    check(record, "k_medoids")
    assert record["command"].endswith("--data DIR")
    assert len(record["problems"]) == 3


def test_missing_peer(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(contest, "installed", lambda name: None)
    record = smoke("k_medoids", tmp_path, "--only", "BUILD")
    ours, peer = record["problems"][0]["rows"]
    assert ours["ratio"] == 1
    assert peer == {"contestant": "kmedoids pam_build", "missing": "kmedoids"}
    assert "left out: kmedoids is not installed" in capsys.readouterr().out


@pytest.mark.parametrize("option", [["--smoke"], ["--only", "BUILD"]])
def test_results_hold_whole_runs(option, capsys):
    with pytest.raises(SystemExit):
        run.main(["k_medoids", "--json", *option])
    assert "give --json another DIR" in capsys.readouterr().err


def test_unequal_objectives_are_no_contest():
    contestants = [
        contest.Contestant("ours", lambda: 1.0),
        contest.Contestant("peer", lambda: 1.1, 0.01, ("numpy",)),
    ]
    with pytest.raises(AssertionError, match="toy: peer"):
        contest.Problem("toy", contestants).run(1)


def test_long_contestants_run_once(monkeypatch):
    monkeypatch.setattr(contest, "LONG", 0.0)
    calls = []
    peer = contest.Contestant("peer", lambda: calls.append(1) or 1.0, None, ("numpy",))
    ours = contest.Contestant("ours", lambda: 1.0)
    rows = contest.Problem("toy", [ours, peer]).run(5)
    assert len(calls) == 1
    assert [len(row["times"]) for row in rows] == [1, 1]


def test_committed_results_are_whole_runs():
    for path in run.RESULTS.glob("*.json"):
        record = json.loads(path.read_text())
        assert path.stem == record["family"]
        assert path.stem in run.FAMILIES
        assert not record["smoke"]
