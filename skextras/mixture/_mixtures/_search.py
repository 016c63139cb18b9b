"""Search for the components of a mixture: unions, splits, and EM between them."""

from copy import copy
from typing import NamedTuple

import numpy as np

from skextras._constrained_kmeans import constrained_kmeans
from skextras._gaussian import _components
from skextras._gaussian._maximization import Frozen, Mixture, Options, factorize
from skextras._labels import Labels
from skextras.mixture._mixtures import _novelty, _prior, _problem, _starts
from skextras.mixture._mixtures._evidence import Evidence, Pieces
from skextras.mixture._mixtures._structure import Structure

_BURN = 20  # steps of EM after the first clusters, and in a split
_SHORT = 10  # after splits
_FEWEST = 2  # novel classes that are expected, at least
_AGREE, _SAME = 3, 1e-6  # searches that end alike, up to a share: no more are needed
_SWAPS = 2  # splits of a round if the number of components is given


class Move(NamedTuple):
    """A union or a split: components by their number then, and what it added."""

    kind: str
    components: tuple
    gain: float


class State(NamedTuple):
    """A mixture, the component of each row, their moments, and the objective."""

    mixture: Mixture
    owner: np.ndarray
    pieces: Pieces
    objective: float


class Search:
    """Moves between mixtures of the same rows with other numbers of components.

    ``problem`` has the rows and their labels, ``target`` is the number of components if
    it is given. ``novel`` are the rows that look novel, ``nearest`` is the known class
    that rows are nearest to.
    """

    def __init__(self, problem, plan, rng):
        self.problem, self.plan, self.rng = problem, plan, rng
        X, weight, labels = problem.X, problem.weight, problem.labels
        self.n_known, self.is_free = len(labels.classes), labels.codes == 0
        self.target = None if plan.n_novel is None else self.n_known + plan.n_novel
        kind = plan.covariance_type
        spread, mean, total = _problem.spread_of(X, weight, kind)
        prior = plan.prior
        if prior is None:
            guess = self.target or self.n_known + max(self.n_known, _FEWEST)
            prior = _prior.empirical(
                X, weight, labels, guess, mean, total, plan.prior_strength
            )
        prior = prior._replace(concentration=plan.concentration)
        telling = _prior.varying(X)  # other features are no evidence
        self.table = X[:, telling].astype(np.float64)
        floor = _problem.floor_of(plan.reg_covar, spread, X.shape[1], kind)
        self.options = Options(kind, floor, spread, None, prior)
        tells_rates = plan.novelty == "label_rate" and self.n_known > 0
        self.evidence = Evidence(
            prior.of_features(telling), kind, plan.zeta, tells_rates
        )
        frame = _starts.frames(X, weight, kind, labels)[0]
        self.coordinates = frame.coordinates(X.astype(np.float64))
        self.novel, self.nearest = self._look()
        self.fixed = None
        if plan.freeze_known and self.n_known:
            known = self.of(self.n_known).of_rows(np.flatnonzero(~self.is_free))
            self.fixed = known.from_shares(known.labels.codes - 1)

    def _look(self):
        """Return the mask of rows that look novel, and the class that is nearest."""
        problem, labels = self.problem, self.problem.labels
        if self.n_known == 0:
            n = len(problem.X)
            return np.ones(n, dtype=bool), np.zeros(n, dtype=np.intp)
        if self.plan.novelty == "label_rate":
            return _novelty.by_label_rate(
                self.coordinates, labels.codes, problem.n_jobs
            )
        return _novelty.by_typicality(
            problem.X.astype(np.float64), problem.weight, labels.codes,
            self.options.prior,
        )  # fmt: skip

    def with_zeta(self, zeta):
        """Return the same search with other evidence of novel components."""
        other = copy(self)
        other.evidence = self.evidence._replace(zeta=zeta)
        return other

    def value(self, state):
        """Return what tells the best of several searches.

        If the number of components is given, it is the likelihood, with the prior.
        """
        if self.target is None:
            return state.objective
        problem = self.of(len(state.mixture.means))
        return problem.run(state.mixture, max_iter=1, tol=0.0).objective

    def on(self, problem):
        """Return the same search for other rows, to run EM."""
        other = copy(self)
        other.problem, other.is_free = problem, problem.labels.codes == 0
        return other

    def of(self, n_components):
        """Return the problem of that many components."""
        structure = Structure(
            self.problem.labels, 1, n_components - self.n_known, self.plan.weights
        )
        concentration, frozen = self.plan.concentration, None
        if self.plan.freeze_known:
            known = self.is_known(n_components)
            none = np.zeros_like(known)
            is_tied = self.plan.covariance_type == "tied"
            frozen = Frozen(none, known, none if is_tied else known)
        options = self.options._replace(
            weigh=lambda found: structure.weigh(found, concentration), frozen=frozen
        )
        return self.problem._replace(structure=structure, options=options)

    def is_known(self, n_components):
        """Return the mask of the components of known classes."""
        return np.arange(n_components) < self.n_known

    def over_segmented(self):
        """Return a mixture of many novel components, and the component of each row."""
        codes, weight = self.problem.labels.codes, self.problem.weight
        owner = np.where(codes > 0, codes - 1, self.nearest).astype(np.intp)
        rows = np.flatnonzero(self.novel & (weight > 0))
        n_novel, n = self.plan.n_novel, self.n_known
        k = self.plan.over * (n_novel or max(self.n_known, _FEWEST))
        k = min(k, int(len(rows) // self.plan.least))
        if self.n_known == 0:
            k = max(k, 1)
        if k > 0 and n_novel != 0:
            Z = self.coordinates[rows]
            clusters = _starts.of_unlabelled(Z, weight[rows], k, "kmeans", self.rng)
            used, clusters = np.unique(clusters, return_inverse=True)
            owner[rows] = n + clusters
            n += len(used)
        return self.run(owner, n, _BURN)

    def run(self, owner, n_components, max_iter):
        """Run EM from components of rows; dissolve those that are too small."""
        problem = self.of(n_components)
        mixture = problem.from_shares(owner)
        if self.fixed is not None:
            mixture = self._with_known(mixture)
        mixture = problem.run(mixture, max_iter=max_iter, tol=self.plan.tol).mixture
        while True:
            owner, n = self.owners(problem, mixture), len(mixture.means)
            free = np.bincount(owner, self.problem.weight * self.is_free, n)
            free[: self.n_known] = np.inf
            k = int(np.argmin(free))
            if free[k] >= self.plan.least or n <= (self.target or 1):
                return mixture, owner
            mixture = _without(mixture, k, self.plan.covariance_type)
            problem = self.of(n - 1)

    def _with_known(self, mixture):
        """Return a mixture whose known components are those of labelled rows."""
        means, covariances = mixture.means.copy(), mixture.covariances.copy()
        means[: self.n_known] = self.fixed.means
        if self.plan.covariance_type == "tied":
            return mixture._replace(means=means)
        covariances[: self.n_known] = self.fixed.covariances
        return Mixture(mixture.weights, means, covariances)

    def owners(self, problem, mixture):
        """Return the likeliest component of each row, among those that it may have."""
        components, mixture, _ = factorize(mixture, problem.options)
        table = problem.structure.log_weights(mixture.weights) + components.constants()
        owner = np.empty(len(problem.X), dtype=np.intp)

        def task(rows, shares, log_sums):
            owner[rows] = shares.argmax(axis=1)

        _components.map_posterior(
            problem.X, components, table, problem.labels.codes, task,
            n_jobs=problem.n_jobs,
        )  # fmt: skip
        return owner

    def pieces(self, owner, n_components):
        """Return the moments of the components of rows."""
        weight = self.problem.weight
        return Pieces.of(self.table, weight, owner, self.is_free, n_components)

    def state(self, mixture, owner):
        """Return the state of a mixture."""
        n = len(mixture.means)
        pieces = self.pieces(owner, n)
        value = self.evidence.objective(pieces, self.is_known(n))
        return State(mixture, owner, pieces, value)

    def _threshold(self):
        """Return what a gain must exceed."""
        return np.log(self.rng.uniform()) if self.plan.is_stochastic else 0.0

    def united(self, owner, n_components, moves):
        """Unite components, best first; return the component of each row, and how many.

        Two known components stay two. If the number is given, unions go on up to it;
        where none is a gain, novel ones are united.
        """
        pieces, n_known = self.pieces(owner, n_components), self.n_known
        terms = self._terms(pieces)
        alive, of = np.ones(n_components, dtype=bool), np.arange(n_components)
        gains = np.full((n_components, n_components), -np.inf)
        for j in range(n_known, n_components):
            self._compare(pieces, terms, j, np.arange(j), gains)
        is_novel = ~self.is_known(n_components)
        while alive.sum() > max(n_known, self.target or 1):
            best = gains.argmax()
            if not gains.flat[best] > self._threshold():
                is_enough = (alive & is_novel).sum() <= self.plan.most
                if self.target is None and is_enough:
                    break
                if (alive & is_novel).sum() > 1:
                    best = np.where(is_novel[:, None], gains, -np.inf).argmax()
            i, j = (int(k) for k in np.unravel_index(best, gains.shape))
            moves.append(Move("merge", (i, j), float(gains[i, j])))
            one, two = pieces.take(np.array([i])), pieces.take(np.array([j]))
            pieces.put(i, one.union(two))
            terms[:, i] = self._terms(pieces.take(np.array([i])))[:, 0]
            alive[j], of[of == j] = False, i
            gains[j], gains[:, j] = -np.inf, -np.inf
            others = np.flatnonzero(alive)
            self._compare(pieces, terms, i, others[others != i], gains)
        names = np.cumsum(alive) - 1
        return names[of[owner]], int(alive.sum())

    def _terms(self, pieces):
        """Return the terms of pieces as novel components, and as known ones."""
        n = len(pieces.size)
        return np.array([
            self.evidence.terms(pieces, np.full(n, known)) for known in (False, True)
        ])  # fmt: skip

    def _compare(self, pieces, terms, k, others, gains):
        """Fill in the gains of unions of piece k with others: smaller number first."""
        if k < self.n_known:
            others = others[others >= self.n_known]
        if len(others):
            one, two = pieces.take(np.full(len(others), k)), pieces.take(others)
            is_known = (others < self.n_known) | (k < self.n_known)
            kind = is_known.astype(np.intp)
            values = self.evidence.terms(one.union(two), is_known)
            values -= terms[kind, k] + terms[kind, others]
            gains[np.minimum(k, others), np.maximum(k, others)] = values

    def refined(self, mixture, owner, moves):
        """Unite components of a mixture, and run EM; return the state."""
        owner, n = self.united(owner, len(mixture.means), moves)
        mixture, owner = self.run(owner, n, self.plan.max_iter)
        while self.target is not None and len(mixture.means) < self.target:
            owner = self._one_more(mixture, owner, moves)
            mixture, owner = self.run(owner, len(mixture.means) + 1, self.plan.max_iter)
        return self.state(mixture, owner)

    def _one_more(self, mixture, owner, moves):
        """Return the owners with one component more, by the best split there is."""
        n = len(mixture.means)
        splits = self._splits(self.state(mixture, owner))
        if not splits:  # no component has enough rows: the farthest is one by itself
            away = self.coordinates - np.array([
                self.coordinates[owner == k].mean(axis=0) if (owner == k).any()
                else self.coordinates.mean(axis=0) for k in range(n)
            ])[owner]  # fmt: skip
            squares = np.einsum("ij,ij->i", away, away)
            squares[~self.is_free | (self.problem.weight == 0)] = -1.0
            row = int(np.argmax(squares))
            splits = [(np.array([row]), 0.0, int(owner[row]))]
        return _after(owner, splits[:1], n, moves)

    def round(self, state):
        """Return what follows from splits, unions and EM, and the moves.

        Splits are those that are a gain, or the best two if the number is given. None
        stands for no split.
        """
        splits, n = self._splits(state), len(state.mixture.means)
        if self.target is None:
            splits = [split for split in splits if split[1] > self._threshold()]
            splits = splits[: int(min(max(self.plan.most + self.n_known - n, 0), n))]
        else:
            splits = splits[:_SWAPS]
        if not splits:
            return None, []
        moves = []
        owner = _after(state.owner, splits, n, moves)
        mixture, owner = self.run(owner, n + len(splits), _SHORT)
        return self.refined(mixture, owner, moves), moves

    def _splits(self, state):
        """Return splits of components, best first: rows that leave, gain, component."""
        splits = (self._split(state, k) for k in range(len(state.mixture.means)))
        return sorted(filter(None, splits), key=lambda split: -split[1])

    def _split(self, state, k):
        """Return the best split of component k, or None.

        Labelled rows stay in a known component, with the side that most of them are on.
        """
        problem, least = self.problem, self.plan.least
        rows = np.flatnonzero((state.owner == k) & (problem.weight > 0))
        if len(rows) < max(2, least):
            return None
        X, weight = problem.X[rows].astype(np.float64), problem.weight[rows]
        is_free = self.is_free[rows]
        leaves = self._halves(X, self.coordinates[rows], weight)
        if k < self.n_known:
            labelled = np.bincount(leaves, weight * ~is_free, 2)
            leaves = (leaves == (labelled[0] >= labelled[1])) & is_free
        pieces = Pieces.of(self.table[rows], weight, leaves.astype(np.intp), is_free, 2)
        if (pieces.free[1 if k < self.n_known else slice(None)] < least).any():
            return None
        whole = pieces.take(np.array([0])).union(pieces.take(np.array([1])))
        is_known = np.full(2, k < self.n_known)
        gain = self.evidence.terms(pieces, is_known).sum()
        gain -= self.evidence.terms(whole, is_known[:1])[0]
        return rows[leaves], float(gain), k

    def _halves(self, X, Z, weight):
        """Return the mask of one of two components of some rows."""
        away = Z - np.average(Z, axis=0, weights=weight)
        _, vectors = np.linalg.eigh((away * weight[:, None]).T @ away)
        line = away @ vectors[:, -1]
        second = line > np.median(line)
        if not second.any():
            return second
        centers = np.array([Z[~second].mean(axis=0), Z[second].mean(axis=0)])
        owner = constrained_kmeans(Z, weight, centers, np.full(len(Z), -1))[0]
        nobody = Labels(np.empty(0, int), np.zeros(len(X), np.intp), np.empty((0, 0)))
        structure = Structure(nobody, 1, 2, "all")
        options = self.options._replace(weigh=lambda found: structure.weigh(found, 1.0))
        part = _problem.Problem(
            X, weight, nobody, structure, options, self.problem.n_jobs
        )
        fit = part.run(part.from_shares(owner), max_iter=_BURN, tol=self.plan.tol)
        return self.owners(part, fit.mixture) == 1

    def run_through(self, state, moves):
        """Make rounds while the objective rises; return the last state, and history."""
        history = [self._entry(state, moves)]
        for _ in range(self.plan.max_rounds):
            new, moves = self.round(state)
            if new is None or not new.objective > state.objective:
                break
            state = new
            history.append(self._entry(state, moves))
        return state, history

    def _entry(self, state, moves):
        n_novel = len(state.mixture.means) - self.n_known
        return {"n_novel": n_novel, "objective": state.objective, "moves": moves}


def _after(owner, splits, n_components, moves):
    """Return the component of each row after splits, which are added to the moves."""
    owner = owner.copy()
    for new, (rows, gain, k) in enumerate(splits, n_components):
        owner[rows] = new
        moves.append(Move("split", (k, new), gain))
    return owner


def _without(mixture, k, covariance_type):
    """Return a mixture without one of its components."""
    weights = np.delete(mixture.weights, k)
    covariances = mixture.covariances
    if covariance_type != "tied":
        covariances = np.delete(covariances, k, axis=0)
    total = weights.sum()
    weights = weights / total if total > 0 else np.full(len(weights), 1 / len(weights))
    return Mixture(weights, np.delete(mixture.means, k, axis=0), covariances)


def best_of(search, n_init, before, step):
    """Return the best state of some searches, and its history.

    That has the number of components that most searches end with, and of these the
    largest objective: objectives of other numbers are not comparable where ``zeta`` is
    small. ``before`` is the mixture that the only search begins with, or None.
    """
    if before is not None:
        problem = search.of(len(before.means))
        with step():
            return _one(search, (before, search.owners(problem, before)))
    found, values = [], []
    for _ in range(n_init):
        with step():
            found.append(_one(search, search.over_segmented()))
        values.append(search.value(found[-1][0]))
        alike = sum(abs(value - values[-1]) <= _SAME * abs(value) for value in values)
        if alike == _AGREE:
            break
    sizes = np.array([len(state.mixture.means) for state, _ in found])
    most_often = np.bincount(sizes).argmax()
    return found[int(np.argmax(np.where(sizes == most_often, values, -np.inf)))]


def _one(search, start):
    moves = []
    return search.run_through(search.refined(*start, moves), moves)


def of_all(search, problem, mixture, step):
    """Return the fit of EM to all rows, novel components by falling weight."""
    n_known = search.n_known
    order = np.argsort(-mixture.weights[n_known:], kind="stable")
    order = np.r_[np.arange(n_known), n_known + order]
    covariances = mixture.covariances
    if search.plan.covariance_type != "tied":
        covariances = covariances[order]
    mixture = Mixture(mixture.weights[order], mixture.means[order], covariances)
    plan, whole = search.plan, search.on(problem)
    part = whole.of(len(order))
    fit = part.run(mixture, max_iter=plan.max_iter, tol=plan.tol, step=step)
    return fit, whole.owners(part, fit.mixture), part
