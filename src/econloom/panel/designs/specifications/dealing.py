"""The regressor of interest dealt anew: every specification estimated again from cross-products, draw by draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from econloom.core.errors import EstimationError, UsageError
from econloom.panel.absorb import FloatArray, IntArray, compact
from econloom.panel.columns import Columns, grouped
from econloom.panel.counting import counted
from econloom.panel.designs.specifications.asking import Member, Writer
from econloom.panel.designs.specifications.curve import Curve, groups_of
from econloom.panel.designs.specifications.estimating import Block
from econloom.panel.designs.specifications.signs import ROWS, Drawn, statistics
from econloom.panel.linear.selection import factorise
from econloom.panel.passes import one_blas_thread

CHUNK = 64
"""Draws whose columns are absorbed at once."""
NOTHING = 1e-12
"""A dealt regressor of which effects and controls leave less than this share has no estimate."""
Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class Model:
    """A model without its regressor of interest.

    Attributes
    ----------
    outcome : int
    controls : list of int
        Columns of the block.
    inverse : (k, k) array
        Of their cross-products.
    df : int
        Rows less everything estimated, the regressor of interest included.
    """

    outcome: int
    controls: list[int]
    inverse: FloatArray
    df: int


@dataclass(frozen=True)
class Deck:
    """How rows of the panel can exchange their values of the regressor.

    Attributes
    ----------
    values : (N,) array
        NaN where missing.
    cells : list of (u, t) int arrays
        Rows of units that may change places, a row a unit, its rows in the order of time.
    unit : str
    """

    values: FloatArray
    cells: list[IntArray]
    unit: str

    def deal(self, rng: np.random.Generator) -> FloatArray:
        """The regressor of one draw, (N,)."""
        out = self.values.copy()
        for cell in self.cells:
            out[cell] = self.values[cell[rng.permutation(len(cell))]]
        return out


@dataclass(frozen=True)
class Paths:
    """A regressor that does not vary within units: one value goes to all rows of another unit.

    Attributes
    ----------
    values : (N,) array
    units : (N,) int array
        -1 where the regressor is missing.
    own : (U,) array
        The value of each unit.
    strata : list of int arrays
        Units that may change places.
    unit : str
    """

    values: FloatArray
    units: IntArray
    own: FloatArray
    strata: list[IntArray]
    unit: str

    def deal(self, rng: np.random.Generator) -> FloatArray:
        """The regressor of one draw, (N,)."""
        dealt = self.own.copy()
        for members in self.strata:
            dealt[members] = self.own[rng.permutation(members)]
        return np.where(self.units >= 0, dealt[self.units], np.nan)


def permuted(
    curve: Curve,
    draws: int,
    rng: np.random.Generator,
    unit: str | None,
    within: Sequence[str],
    progress: Progress | None,
) -> Drawn:
    """Deal the regressor; parameters as :func:`econloom.panel.designs.specifications.joint_test`."""
    if len(curve.setting.choices.terms) > 1:
        raise UsageError("a permutation test is of one regressor of interest", hint="a curve for each term")
    deck, units, fixed = _deck(curve, unit, within)
    known = set(curve.frame["number"].to_list())
    with one_blas_thread():
        groups = [_prepared([m for m in g if m.specification.number in known])
                  for g in groups_of(curve.setting, curve.specifications)[0]
                  if any(m.specification.number in known for m in g)]  # fmt: skip
        order = np.argsort([n for _, models in groups for number in models for n in number.numbers], kind="stable")
        observed = _curve_of(groups, deck.values[:, None], order, curve.level)[0]
        found = []
        for begin in range(0, draws, CHUNK):
            size = min(CHUNK, draws - begin)
            dealt = np.column_stack([deck.deal(rng) for _ in range(size)])
            found.append(_curve_of(groups, dealt, order, curve.level))
            if progress is not None:
                progress(begin + size, draws)
    note = f"{fixed} of {units} units keep their path: no other has their periods" if fixed else ""
    return Drawn(deck.unit, units, observed, np.concatenate(found), note)


@dataclass(frozen=True)
class _Same:
    """A model and the specifications that have it."""

    model: Model
    numbers: tuple[int, ...]


def _prepared(members: Sequence[Member]) -> tuple[Block, list[_Same]]:
    """A group's block and its models."""
    block = Block.of(members)
    made: dict[tuple[object, ...], list[int]] = {}
    first: dict[tuple[object, ...], Member] = {}
    for member in members:
        model = member.asked.model
        key = (model.outcome.key, tuple(t.key for t in model.terms))
        made.setdefault(key, []).append(member.specification.number)
        first.setdefault(key, member)
    return block, [_Same(_model(block, first[key]), tuple(numbers)) for key, numbers in made.items()]


def _model(block: Block, member: Member) -> Model:
    spec = member.asked.model
    others = [t for t in spec.terms if t.key != member.focal.key]
    at = block.places[spec.outcome.key]
    found = factorise(block.moments, at, [block.places[t.key] for t in others], [t.name for t in others])
    kept = list(found.kept)
    counts = counted(member.asked, block.design, block.absorbed, len(kept) + 1, ())
    df = counts.n - counts.regressors - counts.absorbed_rank
    inverse = np.asarray(np.linalg.inv(block.moments.gram[np.ix_(kept, kept)]), dtype=np.float64)
    return Model(at, kept, inverse, df)


def _curve_of(
    groups: Sequence[tuple[Block, list[_Same]]], dealt: FloatArray, order: IntArray, level: float
) -> FloatArray:
    """Statistics of the curve for each column of dealt regressors (N, D), (D, 3)."""
    estimates, p = [], []
    for block, models in groups:
        for same, b, value in _estimates(block, models, dealt[block.design.rows]):
            estimates += [b] * len(same.numbers)
            p += [value] * len(same.numbers)
    return statistics(np.column_stack(estimates)[:, order], np.column_stack(p)[:, order], level)


def _estimates(block: Block, models: Sequence[_Same], X: FloatArray) -> Iterator[tuple[_Same, FloatArray, FloatArray]]:
    """Estimates and p values of each model, (D,) each, for each column of X (n, D)."""
    absorbed, gram = block.absorbed, block.moments.gram
    w = np.ones(absorbed.n) if absorbed.weights is None else absorbed.weights
    if absorbed.absorber is not None:
        R = absorbed.absorber.residuals(np.ascontiguousarray(X))
    else:
        R = X - (w @ X) / w.sum() if block.design.intercept else X
    heavy = R * w[:, None]
    cross, own = absorbed.block.T @ heavy, np.einsum("ij,ij->j", R, heavy)
    whole = np.einsum("ij,ij->j", X, X * w[:, None])
    for same in models:
        m = same.model
        Cx = cross[m.controls]
        gamma = m.inverse @ Cx
        left = own - np.einsum("ij,ij->j", Cx, gamma)
        Cy = gram[m.controls, m.outcome]
        joint = cross[m.outcome] - Cy @ gamma
        total = gram[m.outcome, m.outcome] - Cy @ m.inverse @ Cy
        with np.errstate(divide="ignore", invalid="ignore"):
            b = np.where(left > NOTHING * whole, joint / left, np.nan)
            rss = np.maximum(total - b * joint, 0.0)
            t = b * np.sqrt(left * m.df / rss)
        yield same, b * absorbed.scales[m.outcome], 2 * special.stdtr(m.df, -np.abs(t))


def _deck(curve: Curve, unit: str | None, within: Sequence[str]) -> tuple[Deck | Paths, int, int]:
    """What may change places, of how many units, and how many of them cannot move."""
    panel = curve.setting.panel
    term = Writer(curve.setting).term(curve.setting.choices.terms[0])
    values = Columns(panel, None, curve.setting.scope).term(term, term.name)
    there = np.flatnonzero(np.isfinite(values))
    name = unit or panel.unit or ROWS
    strata = np.zeros(len(values), dtype=np.int64)
    if within:
        by = grouped(panel, tuple(within))
        strata = by.codes if by.missing is None else np.where(by.missing, -1, by.codes)
    if name == ROWS:
        codes, number = compact(strata[there])
        cells = [there[codes == s][:, None] for s in range(number)]
        moved = [c for c in cells if len(c) > 1]
        return _movable(Deck(values, moved, "row"), len(there), 0)
    found = grouped(panel, (name,)).codes
    units, number = compact(found[there])
    rows = [there[at] for at in np.split(np.argsort(units, kind="stable"), np.cumsum(np.bincount(units))[:-1])]
    for members in rows:
        if len(np.unique(strata[members])) > 1:
            raise UsageError(f"within: {', '.join(within)} varies within {name}", hint="strata are of whole units")
    if all(np.ptp(values[members]) == 0 for members in rows):
        own = np.array([values[members[0]] for members in rows])
        first = np.array([strata[members[0]] for members in rows])
        of_row = np.full(len(values), -1, dtype=np.int64)
        of_row[there] = units
        parts = [np.flatnonzero(first == s) for s in np.unique(first)]
        return _movable(Paths(values, of_row, own, [p for p in parts if len(p) > 1], name), number, 0)
    if panel.time is None:
        raise UsageError(f"{term.name} varies within {name}: its paths need periods", hint="time= of the curve")
    times = grouped(panel, (panel.time,)).codes
    cells_by: dict[tuple[object, ...], list[IntArray]] = {}
    for members in rows:
        ordered = members[np.argsort(times[members], kind="stable")]
        cells_by.setdefault((int(strata[members[0]]), times[ordered].tobytes()), []).append(ordered)
    whole = [np.stack(c) for c in cells_by.values() if len(c) > 1]
    return _movable(Deck(values, whole, name), number, sum(len(c) for c in cells_by.values() if len(c) == 1))


def _movable(deck: Deck | Paths, units: int, fixed: int) -> tuple[Deck | Paths, int, int]:
    parts = deck.cells if isinstance(deck, Deck) else deck.strata
    if not parts or fixed > units / 2:
        raise EstimationError(
            f"{units - sum(map(len, parts))} of {units} units have none to change places with",
            hint="coarser strata, or method='null_bootstrap'",
        )
    return deck, units, fixed
