"""Finding the donors of every focal row: along a line by sorting, in space by a k-d tree; never all distances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from econloom.core.errors import EstimationError
from econloom.panel.absorb import FloatArray, IntArray
from econloom.panel.columns import BoolArray
from econloom.panel.matching import kernels
from econloom.panel.matching.asked import Rule
from econloom.panel.matching.links import MOST_PAIRS, Links, Picks, Runs, Windows, kernel_sums


@dataclass(frozen=True)
class Places:
    """Where rows lie.

    Attributes
    ----------
    points : (n, d) array
        One column: a line. More: distances are Euclidean.
    groups : (n,) int array
        Rows are compared within groups.
    unit : float
        Of the caliper and, squared, of the tolerance.
    """

    points: FloatArray
    groups: IntArray
    unit: float

    @property
    def line(self) -> bool:
        """Whether the points lie on a line."""
        return bool(self.points.shape[1] == 1)


@dataclass(frozen=True)
class _Line:
    """Donors sorted by group, score and priority; for each focal row its group's donors."""

    order: IntArray
    donors: FloatArray
    priority: IntArray
    focal: IntArray
    targets: FloatArray
    low: IntArray
    high: IntArray


def priorities(n: int, rule: Rule) -> IntArray:
    """Which of two rows comes first where distances tie: the one that stands first, or a drawn order."""
    if rule.ties == "random":
        return np.random.default_rng(rule.seed).permutation(n).astype(np.int64)
    return np.arange(n, dtype=np.int64)


def widest(places: Places, rule: Rule) -> float:
    """The caliper as a distance."""
    if rule.caliper is None:
        return np.inf
    return rule.caliper * (places.unit if rule.caliper_in == "sd" else 1.0)


def links(places: Places, focal: BoolArray, donors: BoolArray, rule: Rule, first: FloatArray | None) -> Links:
    """The matches of the focal rows that have any.

    Parameters
    ----------
    places : Places
    focal, donors : (n,) bool array
    rule : Rule
    first : (n,) array or None
        What the order of matching without replacement goes by.
    """
    some, others = np.flatnonzero(focal), np.flatnonzero(donors)
    priority = priorities(len(focal), rule)
    if not places.line:
        return _in_space(places, _ordered(some, rule, first), others, rule, priority)
    along = _along(places, some, others, priority)
    if rule.method == "kernel" and rule.kernel != "uniform":
        return _windows(places, along, rule)
    if not rule.replacement:
        return _without_replacement(places, along, _ordered(some, rule, first), rule)
    k = rule.k if rule.method == "nearest" else 0
    limit = rule.bandwidth if rule.method == "kernel" else widest(places, rule)
    slack = rule.tolerance * places.unit**2
    nobody = np.full(len(some), -1, dtype=np.int64)
    begin, end = np.empty(len(some), dtype=np.int64), np.empty(len(some), dtype=np.int64)
    kernels.nearest_runs(along.targets, along.low, along.high, along.donors, k, limit, slack, nobody, begin, end)
    held = end > begin
    if rule.method != "nearest" or rule.ties == "all":
        return Runs(along.focal[held], along.order, begin[held], end[held])
    return _chosen(along, begin, end, held, rule)


def own_runs(places: Places, arm: BoolArray, neighbours: int, tolerance: float) -> Links:
    """Every row of an arm with its nearest others there, ties included, itself among them."""
    some = np.flatnonzero(arm)
    slack = tolerance * places.unit**2
    if not places.line:
        return _own_in_space(places, some, neighbours, slack)
    along = _along(places, some, some, np.arange(len(arm), dtype=np.int64))
    own = np.arange(len(some), dtype=np.int64)
    begin, end = np.empty_like(own), np.empty_like(own)
    kernels.nearest_runs(along.targets, along.low, along.high, along.donors, neighbours, np.inf, slack, own, begin, end)
    alone = end == begin
    return Runs(along.focal, along.order, np.where(alone, own, begin), np.where(alone, own + 1, end))


def arm_runs(places: Places, arm: BoolArray, count: int, tolerance: float) -> tuple[Runs, IntArray]:
    """For every row, in the order of the second value, its nearest ``count`` rows of an arm, itself where it is one."""
    everyone, some = np.arange(len(arm)), np.flatnonzero(arm)
    along = _along(places, everyone, some, np.arange(len(arm), dtype=np.int64))
    nobody = np.full(len(arm), -1, dtype=np.int64)
    begin, end = np.empty_like(nobody), np.empty_like(nobody)
    slack = tolerance * places.unit**2
    kernels.nearest_runs(along.targets, along.low, along.high, along.donors, count, np.inf, slack, nobody, begin, end)
    return Runs(along.focal, along.order, begin, end), along.focal


# on a line -----------------------------------------------------------------------------------------------------------


def _along(places: Places, some: IntArray, others: IntArray, priority: IntArray) -> _Line:
    score, group = places.points[:, 0], places.groups
    order = others[np.lexsort((priority[others], score[others], group[others]))]
    focal = some[np.lexsort((priority[some], score[some], group[some]))]
    low, high = _bounds(group[order], group[focal])
    return _Line(order, score[order].copy(), priority[order], focal, score[focal].copy(), low, high)


def _bounds(groups: IntArray, wanted: IntArray) -> tuple[IntArray, IntArray]:
    """Where the donors of each wanted group begin and end."""
    low, high = (np.searchsorted(groups, wanted, side=s).astype(np.int64) for s in ("left", "right"))
    return low, high


def _edges(line: _Line) -> tuple[IntArray, IntArray]:
    """Where the donors with the score of each donor begin and end."""
    n = len(line.donors)
    new = np.ones(n, dtype=bool)
    new[1:] = line.donors[1:] != line.donors[:-1]
    new[line.low[line.low < n]] = True  # another group of the same score
    starts = np.flatnonzero(new)
    at = np.cumsum(new) - 1
    return starts[at].astype(np.int64), np.append(starts[1:], n)[at].astype(np.int64)


def _chosen(line: _Line, begin: IntArray, end: IntArray, held: BoolArray, rule: Rule) -> Picks:
    picked = np.zeros((len(begin), rule.k), dtype=np.int64)
    count = np.zeros(len(begin), dtype=np.int64)
    _, ends = _edges(line)
    kernels.chosen(line.targets, begin, end, line.donors, ends, line.priority, rule.k, picked, count)
    return _picks(line.focal[held], line.order, picked[held], count[held])


def _picks(focal: IntArray, order: IntArray, picked: IntArray, count: IntArray) -> Picks:
    inside = np.arange(picked.shape[1]) < count[:, None]
    return Picks(focal, np.append(0, np.cumsum(count)), order[picked[inside]])


def _ordered(some: IntArray, rule: Rule, first: FloatArray | None) -> IntArray:
    """Focal rows in the order in which they choose."""
    if rule.order == "random":
        return np.random.default_rng(rule.seed).permutation(some)
    if rule.order in {"largest", "smallest"} and first is not None:
        sign = -1.0 if rule.order == "largest" else 1.0
        return some[np.argsort(sign * first[some], kind="stable")]
    return some


def _without_replacement(places: Places, line: _Line, some: IntArray, rule: Rule) -> Picks:
    low, high = _bounds(places.groups[line.order], places.groups[some])
    picked, count = np.zeros((len(some), rule.k), dtype=np.int64), np.zeros(len(some), dtype=np.int64)
    starts, _ = _edges(line)
    targets = places.points[some, 0]
    kernels.greedy(targets, low, high, line.donors, starts, line.priority, rule.k, widest(places, rule), picked, count)
    held = count > 0
    return _picks(some[held], line.order, picked[held], count[held])


def _windows(places: Places, line: _Line, rule: Rule) -> Windows:
    width, kind = rule.bandwidth, rule.kernel
    ones = np.ones((len(line.order), 1))
    low, high = _reached(line.targets, line.donors, line.low, line.high, rule)
    totals = kernel_sums(line.targets, low, high, line.donors, width, kind, ones)[:, 0]
    held = totals > 0
    focal, targets = line.focal[held], line.targets[held]
    back = _bounds(places.groups[focal], places.groups[line.order])
    low_back, high_back = _reached(line.donors, targets, *back, rule)
    return Windows(
        focal, line.order, low[held], high[held], low_back, high_back, targets, line.donors, kind, width, totals[held]
    )


def _reached(
    targets: FloatArray, donors: FloatArray, low: IntArray, high: IntArray, rule: Rule
) -> tuple[IntArray, IntArray]:
    """The part of each group's donors that a kernel reaches from each target; all for the normal one."""
    if rule.kernel == "gaussian":
        return low, high
    first, last = np.empty_like(low), np.empty_like(high)
    nobody = np.full(len(targets), -1, dtype=np.int64)
    kernels.nearest_runs(targets, low, high, donors, 0, rule.bandwidth, 0.0, nobody, first, last)
    return first, last


# in space ------------------------------------------------------------------------------------------------------------


def _by_group(places: Places, some: IntArray, others: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Focal rows, as places in ``some``, and donors of every group that has both."""
    mine, theirs = places.groups[some], places.groups[others]
    for group in np.unique(mine):
        donors = others[theirs == group]
        if len(donors):
            yield np.flatnonzero(mine == group), donors


def _in_space(places: Places, some: IntArray, others: IntArray, rule: Rule, priority: IntArray) -> Picks:
    found: dict[int, IntArray] = {}
    limit, slack = widest(places, rule), rule.tolerance * places.unit**2
    for at, donors in _by_group(places, some, others):
        points, wanted = places.points[donors], places.points[some[at]]
        tree = cKDTree(points)
        if not rule.replacement:
            lists = _free(tree, points, wanted, donors, rule.k, limit, priority)
        else:
            lists = _near(tree, wanted, min(rule.k, len(donors)), limit, slack)
            if rule.ties != "all":
                lists = [
                    _first(points, w, near, donors, rule.k, priority) for w, near in zip(wanted, lists, strict=True)
                ]
        found |= {int(a): donors[near] for a, near in zip(at, lists, strict=True) if len(near)}
    held = np.array(sorted(found), dtype=np.int64)
    return _listed(some[held], [found[int(a)] for a in held])


def _listed(focal: IntArray, lists: list[IntArray]) -> Picks:
    sizes = np.array([len(x) for x in lists], dtype=np.int64)
    donors = np.concatenate(lists) if lists else np.zeros(0, dtype=np.int64)
    return Picks(focal, np.append(0, np.cumsum(sizes)), donors.astype(np.int64))


def _near(tree: cKDTree, wanted: FloatArray, k: int, limit: float, slack: float) -> list[IntArray]:
    """Donors within the distance of the k-th nearest, ties included."""
    more = min(k + 1, tree.n)
    far, near = tree.query(wanted, k=np.arange(1, more + 1))
    cut = np.minimum(np.sqrt(far[:, k - 1] ** 2 * (1 + kernels.SAME) + slack), limit)
    lists: list[IntArray] = [n[f <= c] for n, f, c in zip(near, far, cut, strict=True)]
    tied = np.flatnonzero(far[:, -1] <= cut) if more > k else np.zeros(0, dtype=np.int64)
    if not len(tied):
        return lists
    sizes = tree.query_ball_point(wanted[tied], cut[tied], return_length=True)
    if (pairs := int(sizes.sum())) > MOST_PAIRS:
        raise EstimationError(
            f"{pairs:,} donors are equally near (at most {MOST_PAIRS:,} are kept): the covariates have few values",
            hint="ties='random' with a seed, or exact= on the columns with few values",
        )
    for i, near_all in zip(tied, tree.query_ball_point(wanted[tied], cut[tied], return_sorted=True), strict=True):
        lists[i] = np.asarray(near_all, dtype=np.int64)
    return lists


def _first(
    points: FloatArray, wanted: FloatArray, near: IntArray, donors: IntArray, k: int, priority: IntArray
) -> IntArray:
    """The k of the near ones that come first by distance, then by priority."""
    if len(near) <= k:
        return near
    far = ((points[near] - wanted) ** 2).sum(axis=1)
    same = np.round(far / max(float(far.max()), 1e-300), 9)
    return near[np.lexsort((priority[donors[near]], same))[:k]]


def _free(
    tree: cKDTree, points: FloatArray, wanted: FloatArray, donors: IntArray, k: int, limit: float, priority: IntArray
) -> list[IntArray]:
    """Rounds of one donor each, the nearest that is still free."""
    taken = np.zeros(len(donors), dtype=bool)
    lists: list[list[int]] = [[] for _ in wanted]
    first = min(16, len(donors))
    far, near = tree.query(wanted, k=np.arange(1, first + 1))
    for _ in range(k):
        for i in range(len(wanted)):
            pick = _next(tree, wanted[i], taken, far[i], near[i], limit, priority[donors])
            if pick >= 0:
                taken[pick] = True
                lists[i].append(pick)
    return [np.array(x, dtype=np.int64) for x in lists]


def _next(
    tree: cKDTree, wanted: FloatArray, taken: BoolArray, far: FloatArray, near: IntArray, limit: float, rank: IntArray
) -> int:
    """The nearest free donor, of several that are equally near the first by rank; -1 where there is none."""
    while True:
        free = ~taken[near]
        if free.any():
            best = far[free][0]
            cut = best * (1 + kernels.SAME)
            if far[-1] > cut or len(near) == tree.n:
                if best > limit:
                    return -1
                equal = near[free & (far <= cut)]
                return int(equal[np.argmin(rank[equal])])
        elif len(near) == tree.n or far[-1] > limit:
            return -1
        more = min(4 * len(near), tree.n)
        far, near = tree.query(wanted, k=np.arange(1, more + 1))


def _own_in_space(places: Places, some: IntArray, neighbours: int, slack: float) -> Picks:
    lists: list[IntArray] = [np.zeros(0, dtype=np.int64)] * len(some)
    for at, donors in _by_group(places, some, some):
        tree = cKDTree(places.points[donors])
        near = _near(tree, places.points[some[at]], min(neighbours + 1, len(donors)), np.inf, slack)
        for a, n in zip(at, near, strict=True):
            lists[a] = donors[n]
    return _listed(some, lists)
