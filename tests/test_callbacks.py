"""Progress of a fit, and its interruption."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from skextras.cluster import LASDP, KMedoids, MedoidSilhouette, SDPKMeans

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

    def count(self, hook, task="pass"):
        return self.record.count((hook, task))


@with_callbacks
@pytest.mark.parametrize("k", [1, 6])
def test_hooks_of_a_fit(X, k):
    recorder = Recorder()
    model = KMedoids(k, random_state=0, max_iter=50).set_callbacks(recorder).fit(X)
    passes = [("begin", "pass"), ("end", "pass")] * model.n_iter_
    first, last = [("setup", "fit"), ("begin", "fit")], [("end", "fit")]
    assert recorder.record == [*first, *passes, *last, ("teardown", "fit")]
    assert recorder.max_subtasks == 50


@with_callbacks
def test_hooks_of_several_runs(X):
    recorder = Recorder()
    model = KMedoids(6, n_init=4, random_state=0, max_iter=50).set_callbacks(recorder)
    plain = KMedoids(**model.get_params()).fit(X)
    np.testing.assert_array_equal(model.fit(X).labels_, plain.labels_)
    assert recorder.max_subtasks == 4 * 50
    assert recorder.count("begin") == recorder.count("end") >= 4 + model.n_iter_ - 1


@with_callbacks
def test_hooks_of_a_search_for_the_number(X):
    """One run with 5 medoids, and two with each smaller number down to 2."""
    recorder = Recorder()
    model = MedoidSilhouette("auto", max_clusters=5, max_iter=40, random_state=0)
    model.set_callbacks(recorder).fit(X)
    assert recorder.max_subtasks == (1 + 2 * 3) * 40
    assert recorder.count("begin") == recorder.count("end") >= 1 + 2 * 3
    plain = MedoidSilhouette(5, random_state=0).set_callbacks(Recorder()).fit(X)
    expected = model.medoid_silhouette_path_[-1]
    assert plain.medoid_silhouette_path_[0] == expected


@with_callbacks
@pytest.mark.parametrize(
    ("model", "max_steps", "n_steps"),
    [
        (SDPKMeans(2, solver="low_rank", n_init=3), 3, 3),
        (SDPKMeans(2, solver="admm", max_iter=50), 50, None),
        (SDPKMeans(2, solver="cvxpy"), 1, 1),
        (LASDP(2, covariances_init=np.ones((2, 4)), covariance_type="diag"), 11, 11),
        (LASDP(2, n_init=2, solver="low_rank"), 3, 3),
        (LASDP(2, solver="admm"), 1, 1),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_hooks_of_relaxations(X, model, max_steps, n_steps):
    recorder = Recorder()
    model.set_callbacks(recorder).set_params(random_state=0).fit(X)
    assert recorder.max_subtasks == max_steps
    assert recorder.count("begin") == (n_steps or model.n_iter_)
    assert recorder.count("begin") == recorder.count("end")
    assert recorder.count("end", "fit") == 1


@with_callbacks
def test_callbacks_are_let_go_of_after_an_interrupt(X):
    recorder = Recorder(stop_after=2)
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
        ((2000, 3), {"n_clusters": 30, "n_init": 10**6}, "_best_run"),
        ((9000, 200), SLOW_METRIC, "map_blocks"),
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
