"""Programs for cvxpy: imported late, the solver always named, and interruptible."""

import signal
import threading
import warnings
from queue import Empty, SimpleQueue

_LOOK = 0.1  # seconds between two looks for signals
_INTERRUPTED = -5  # status of SCS, which takes Ctrl-C for itself


def import_cvxpy(way_out):
    """Return the package, or raise ImportError with what to do."""
    try:
        import cvxpy
    except ImportError as error:
        raise ImportError(
            "solver='cvxpy' needs the package cvxpy: pip install 'skextras[sdp]', or "
            f"{way_out}."
        ) from error
    return cvxpy


def solve_program(program, solver, options, way_out):
    """Solve a cvxpy program; its variables then have values.

    ``solver`` is the name of a solver and ``options`` are what it understands.
    Ctrl-C raises KeyboardInterrupt at once.

    Raises
    ------
    ValueError
        If there is no such solver, or it does not take these options.
    RuntimeError
        If it gives no solution.
    """
    options = dict(options)
    verbose = bool(options.pop("verbose", False))
    try:
        data, chain, inverse = program.get_problem_data(solver, solver_opts=options)
        raw = _interruptible(
            lambda: chain.solve_via_data(
                program, data, verbose=verbose, solver_opts=options
            )
        )
    except Exception as error:  # each solver has its own for what it does not take
        reason = " ".join(str(error).split())[:200].rstrip(".")
        raise ValueError(
            f"solver_options are not accepted by solver {solver!r} ({reason}): name "
            "an installed solver of semidefinite programs, such as 'SCS', and options "
            f"that it has, or {way_out}."
        ) from error
    if isinstance(raw, dict) and _status(raw) == _INTERRUPTED:
        raise KeyboardInterrupt
    try:
        with warnings.catch_warnings():  # of a solution that is not accurate: ours
            warnings.simplefilter("ignore")
            program.unpack_results(raw, chain, inverse)
    except Exception as error:
        raise _no_solution(solver, "failure", way_out) from error
    if any(variable.value is None for variable in program.variables()):
        raise _no_solution(solver, program.status, way_out)


def _status(raw):
    info = raw.get("info")
    return info.get("status_val") if isinstance(info, dict) else None


def _no_solution(solver, status, way_out):
    return RuntimeError(
        f"{solver} ended with status {status!r} and no solution: choose other "
        f"solver_options, or {way_out}."
    )


def _interruptible(call):
    """Return ``call()``, from a thread: the main one stays free to be interrupted.

    A solver in a compiled language may look at no signal for minutes, or take Ctrl-C
    for itself and lose it: Python's handler is put back. After an interrupt the solver
    goes on, unseen, until it ends.
    """
    if threading.current_thread() is not threading.main_thread():
        return call()  # signals go to the main thread
    done, handler = SimpleQueue(), signal.getsignal(signal.SIGINT)

    def run():
        try:
            done.put((call(), None))
        except BaseException as error:
            done.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    while True:
        try:
            result, error = done.get(timeout=_LOOK)
        except Empty:  # Python has looked for signals
            if handler is not None:
                signal.signal(signal.SIGINT, handler)
            continue
        if error is not None:
            raise error
        return result
