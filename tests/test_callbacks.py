"""Progress of a fit, and its interruption."""

import os
import signal
import subprocess
import sys
import textwrap
import time
import warnings
from importlib import import_module

import numpy as np
import pytest
from sklearn.base import clone

from skextras._callbacks import fit_progress
from skextras.cluster import (
    CLARA,
    CLARANS,
    ILASDP,
    LASDP,
    KMedoids,
    MedoidSilhouette,
    SDPKMeans,
)

try:
    from sklearn.callback import ProgressBar
except ImportError:  # scikit-learn < 1.9
    ProgressBar = None

with_callbacks = pytest.mark.skipif(
    ProgressBar is None, reason="callbacks came with scikit-learn 1.9"
)


class Recorder:
    """Note the hooks in the order of their calls; stop at the end of one task."""

    def __init__(self, stop_after=None):
        self.record, self.stop_after = [], stop_after

    def setup(self, estimator, context):
        self.record.append(("setup", context.task_name))
        self.max_subtasks = context.max_subtasks

    def on_fit_task_begin(self, estimator, context, *, X=None):
        assert X.shape == (60, 4)
        self.record.append(("begin", context.task_name))

    def on_fit_task_end(self, estimator, context, *, X=None):
        self.record.append(("end", context.task_name))
        if self.count("end") == self.stop_after:
            raise KeyboardInterrupt

    def teardown(self, estimator, context):
        self.record.append(("teardown", context.task_name))

    def count(self, hook, task="part"):
        return self.record.count((hook, task))


COUNTED = {"covariances": np.ones((2, 4)), "covariance_type": "diag"}
FITS = [
    KMedoids(1),
    KMedoids(6),
    KMedoids(60),
    KMedoids(4, n_init=70),
    KMedoids(4, n_init=3, init=range(4)),
    KMedoids(4, metric="gower", n_jobs=2),
    KMedoids(4, metric="manhattan", method="alternate"),
    KMedoids(4, method="pam", min_cluster_size=5),
    KMedoids(4, method="onebatch", n_init=2),
    KMedoids(4, method="fastclara"),
    KMedoids(4, method="fastclarans", n_init=2),
    KMedoids(4, memory_limit=6000),
    CLARA(4, n_sampling=20),
    CLARA(4, n_sampling=20, independent=True, n_jobs=2),
    CLARA(60),
    CLARANS(4),
    CLARANS(60),
    MedoidSilhouette(4, n_init=2),
    MedoidSilhouette(1),
    MedoidSilhouette("auto", max_clusters=5),
    SDPKMeans(2, solver="low_rank", n_init=3),
    SDPKMeans(2, solver="admm", max_iter=50),
    SDPKMeans(8, max_iter=400, tol=1e-6, certificate=None),
    SDPKMeans(1),
    SDPKMeans(60),
    LASDP(2, **COUNTED),
    LASDP(2, n_init=2, solver="low_rank"),
    LASDP(2, solver="admm", max_iter=40),
    LASDP(1),
    ILASDP(2, n_init=2, max_iter=6),
    ILASDP(1),
]


@with_callbacks
@pytest.mark.parametrize("model", FITS, ids=str)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_tasks_made_are_those_announced(X, model):
    """In order, none twice, and the last one reaches the end."""
    recorder = Recorder()
    model = clone(model).set_params(random_state=0)
    expected = model.fit_predict(X)
    np.testing.assert_array_equal(
        model.set_callbacks(recorder).fit_predict(X), expected
    )
    tasks = [("begin", "part"), ("end", "part")] * recorder.max_subtasks
    first, last = [("setup", "fit"), ("begin", "fit")], [("end", "fit")]
    assert recorder.record == [*first, *tasks, *last, ("teardown", "fit")]
    assert recorder.max_subtasks >= 50


def shares_after(X, model, work, monkeypatch):
    """Fit; return the shares of the tasks that were made at each call of ``work``."""
    recorder, shares = Recorder(), []
    module, name = work.rsplit(".", 1)
    original = getattr(import_module(module), name)

    def followed(*args, **kwargs):
        result = original(*args, **kwargs)
        shares.append(recorder.count("end", "part") / recorder.max_subtasks)
        return result

    monkeypatch.setattr(work, followed)
    clone(model).set_callbacks(recorder).set_params(random_state=0).fit(X)
    return shares


@with_callbacks
@pytest.mark.parametrize(
    ("model", "work", "first", "last"),
    [
        (
            KMedoids(6, n_init=9),
            "skextras.cluster._medoids._optimizers.optimize",
            [0.1, 0.18],  # after the dissimilarities and some passes
            [0.94, 0.99],
        ),
        (
            MedoidSilhouette(3, max_clusters=3),
            "skextras.cluster._medoids._msc.fastermsc",
            [0.6, 0.9],
            [0.6, 0.9],
        ),
        (
            SDPKMeans(3, solver="admm", certificate=None),
            "skextras.cluster._sdp._admm.measure",
            [0.02, 0.06],
            [0.1, 0.49],
        ),
        (
            ILASDP(2, anneal=True),  # five iterations or more
            "skextras.cluster._sdp._alternation.solve",
            [0.0, 0.0],
            [0.2, 0.9],
        ),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "fit") else None,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_progress_follows_the_work(X, monkeypatch, model, work, first, last):
    shares = shares_after(X, model, work, monkeypatch)
    assert first[0] <= shares[0] <= first[1], shares
    assert last[0] <= shares[-1] <= last[1], shares
    assert shares == sorted(shares)


@with_callbacks
def test_more_steps_than_announced(X):
    recorder = Recorder()
    model = KMedoids(2).set_callbacks(recorder)
    with fit_progress(model, X, max_steps=2) as step:
        for _ in range(5):
            with step(1) as part:
                for _ in range(5):
                    with part():
                        pass
        assert recorder.count("end", "part") == recorder.max_subtasks
    assert recorder.count("end", "part") == recorder.max_subtasks
    assert recorder.count("end", "fit") == 1


@with_callbacks
def test_share_of_inner_steps(X):
    """Of two steps, the first k inner ones are k / (k + 3) of one."""
    recorder = Recorder()
    model = KMedoids(2).set_callbacks(recorder)
    with fit_progress(model, X, max_steps=2) as step:
        with step(3) as part:
            for k in range(1, 8):
                with part():
                    pass
                assert recorder.count("end", "part") == int(25 * k / (k + 3) + 1e-6)
            part.reach(0.1)  # less than before
            assert recorder.count("end", "part") == int(25 * 7 / 10)
        assert recorder.count("end", "part") == 25


@with_callbacks
def test_callbacks_are_let_go_of_after_an_interrupt(X):
    recorder = Recorder(stop_after=12)
    model = KMedoids(6, n_init=5, random_state=0).set_callbacks(recorder)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert recorder.record[-1] == ("teardown", "fit")
    assert not [name for name in vars(model) if name.endswith("_")]
    recorder.stop_after = None
    np.testing.assert_array_equal(model.fit(X).predict(X), model.labels_)


@with_callbacks
def test_progress_bar(X, capsys):
    pytest.importorskip("rich")
    KMedoids(6, random_state=0).set_callbacks(ProgressBar()).fit(X)
    shown = capsys.readouterr().out
    assert "KMedoids - fit" in shown
    assert "100%" in shown


@with_callbacks
@pytest.mark.parametrize("widgets", [None, object()])
def test_progress_in_a_notebook(X, capsys, monkeypatch, widgets):
    """Without ipywidgets rich asks to install it, at each update: one line instead."""
    rich = pytest.importorskip("rich")
    monkeypatch.setattr(rich.get_console(), "is_jupyter", True)
    found = {"rich": rich, "ipywidgets": widgets}
    monkeypatch.setattr("skextras._callbacks.find_spec", found.get)
    seen = []

    class Bar(Recorder):
        def on_fit_task_end(self, estimator, context, *, X=None):
            seen.append(rich.get_console().is_jupyter)

    KMedoids(6, random_state=0).set_callbacks(Bar()).fit(X)
    assert set(seen) == {widgets is not None}
    assert rich.get_console().is_jupyter
    if widgets is None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            KMedoids(6, random_state=0).set_callbacks(ProgressBar()).fit(X)
        lines = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
        assert len(lines) == 1
        assert "KMedoids - fit" in lines[0]
        assert "100%" in lines[0]


def test_fit_is_silent(X, capfd):
    KMedoids(6, n_init=2, random_state=0).fit(X)
    assert capfd.readouterr() == ("", "")


def interrupted_fit(shape, params, family="KMedoids"):
    """Send SIGINT to a process a second after its long fit began; return its output."""
    code = f"""
        import traceback
        import numpy as np
        from skextras.cluster import {family}

        X = np.random.default_rng(0).normal(size={shape})
        model = {family}(**{params})
        {family}(**{params} | dict(n_init=1)).fit(X[:600])  # load the machine code
        print("now")
        try:
            model.fit(X)
        except KeyboardInterrupt:
            traceback.print_exc()
            print("unfitted:", set(vars(model)) == set(model.get_params()))
    """
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout.readline() == "now\n"
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        return process.communicate(timeout=120)[0]
    finally:
        process.kill()


SLOW_METRIC = {"metric": "minkowski", "metric_params": {"p": 3}, "n_jobs": 2}


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals are sent in another way")
@pytest.mark.parametrize(
    ("shape", "params", "place"),
    [
        ((2000, 3), {"n_clusters": 30, "n_init": 10**6}, "best_run"),
        ((9000, 200), SLOW_METRIC, "_on_threads"),
    ],
    ids=["swaps", "distances on threads"],
)
def test_interrupt_of_a_long_fit(shape, params, place):
    """Ctrl-C while compiled loops run: each would go on for minutes."""
    output = interrupted_fit(shape, params)
    assert output.endswith("KeyboardInterrupt\nunfitted: True\n"), output
    assert place in output


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals are sent in another way")
def test_interrupt_of_a_search_by_silhouette():
    params = {"n_clusters": 30, "n_init": 10**6}
    output = interrupted_fit((2000, 3), params, "MedoidSilhouette")
    assert output.endswith("KeyboardInterrupt\nunfitted: True\n"), output
    assert "_best_path" in output
