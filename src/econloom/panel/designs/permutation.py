"""Fisher's permutation test of a difference between groups: labels are dealt again, all groups estimated again.

No regression is run: a draw needs the cross-products of dummies and columns in each of its groups. Where whole units
are dealt, those of each unit are added up; where rows are, one compiled pass over them sweeps the largest effect of
every group out and collects the rest (up to 64 levels of the other effects; beyond, effects are absorbed in each draw).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl

from econloom.core.covariances import VcovSpec
from econloom.core.errors import UsageError, did_you_mean
from econloom.core.estimate import Unavailable
from econloom.panel.absorb import FloatArray, Grouping, IntArray, absorber, compact, largest
from econloom.panel.absorb.effects import needed
from econloom.panel.columns import Columns, grouped
from econloom.panel.design import Design, build_design, draw_sample
from econloom.panel.designs.joint import overlap, union
from econloom.panel.fitted import Fit
from econloom.panel.inference.pairs import drawn_slopes
from econloom.panel.linear.iv import IVEstimate
from econloom.panel.passes import COMPILED_ROWS, one_blas_thread, together

MOST_LEVELS = 64
"""Levels of the effects beside the largest that a compiled pass takes."""
CELLS = 2_000_000
TIES = 1e-9
ROWS = "rows"
Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class Permutation:
    """What the draws give.

    Attributes
    ----------
    blocks : str
        What was dealt: a column whose values stay together, or ``rows``.
    number : int
        Of blocks.
    draws, lost : int
        Draws with all coefficients, and without.
    coefficients : (draws, G, k) array
        Of the compared terms in every draw.
    """

    blocks: str
    number: int
    draws: int
    lost: int
    coefficients: FloatArray

    def p_value(self, first: int, second: int, term: int, difference: float) -> float:
        """``(1 + #{|d*| >= |d|}) / (1 + draws)`` (Phipson and Smyth 2010)."""
        star = np.abs(self.coefficients[:, first, term] - self.coefficients[:, second, term])
        return (1 + int((star >= abs(difference) * (1 - TIES)).sum())) / (1 + self.draws)


@dataclass(frozen=True)
class _Pool:
    """All rows of the groups in one design, ready to be dealt."""

    X: FloatArray
    weights: FloatArray | None
    effects: tuple[Grouping, ...]
    intercept: bool
    labels: IntArray
    blocks: Grouping
    groups: int
    wanted: tuple[int, ...]
    units: FloatArray


def permute(
    fits: Sequence[Fit],
    terms: Sequence[str],
    draws: int = 1_000,
    seed: int = 1,
    blocks: str | None = None,
    progress: Progress | None = None,
) -> Permutation | Unavailable:
    """Deal the group labels again and estimate every group again.

    Parameters
    ----------
    fits : sequence of Fit
        One for each group, of one formula on rows of one panel that do not overlap.
    terms : sequence of str
    draws, seed : int
    blocks : str, optional
        Column whose values stay together, or ``"rows"``. By default the panel's unit (else the largest effect) where
        each of its values lies in one group, else rows.

    Raises
    ------
    UsageError
        An unknown column, one whose values lie in several groups, or fewer than 19 draws.
    """
    if draws < 19:
        raise UsageError(f"a permutation test of {draws} draws cannot reach a p value of 0.05", hint="draws=1000")
    if (why := _refused(fits, terms)) is not None:
        return why
    pool = _pool(fits, terms, blocks)
    if isinstance(pool, Unavailable):
        return pool
    found = np.concatenate(list(_coefficients(pool, draws, np.random.default_rng(seed), progress)))
    known = found[np.isfinite(found).all(axis=(1, 2))]
    if len(known) < draws / 2:
        return Unavailable(f"only {len(known)} of {draws} draws identify the coefficients in every group")
    return Permutation(pool.blocks.name, pool.blocks.levels, len(known), draws - len(known), known)


def _refused(fits: Sequence[Fit], terms: Sequence[str]) -> Unavailable | None:
    if any(isinstance(f.estimate, IVEstimate) for f in fits):
        return Unavailable("the permutation test is defined for least squares: use tests=['interaction']")
    if any(f.design.slopes for f in fits):
        return Unavailable("the permutation test takes no varying slopes")
    if overlap(fits):
        return Unavailable(f"{overlap(fits)} rows lie in several groups: labels cannot be dealt")
    kept = [f.estimate.names[: f.estimate.regressors] for f in fits]
    if any(k != kept[0] for k in kept):
        return Unavailable("the groups keep different regressors, so their labels cannot be exchanged")
    return None


def _pool(fits: Sequence[Fit], terms: Sequence[str], blocks: str | None) -> _Pool | Unavailable:
    first = fits[0].request
    rows = union(fits)
    mask = np.zeros(first.panel.height, dtype=bool)
    mask[rows] = True
    asked = replace(first, where=pl.Series("where", mask), vcov=VcovSpec(), singletons="keep")
    columns = Columns(asked.panel, asked.where, asked.scope)
    design = build_design([(columns, asked)], draw_sample(columns, asked))
    labels = np.empty(len(rows), dtype=np.int64)
    for number, fit in enumerate(fits):
        labels[np.searchsorted(rows, fit.design.rows)] = number
    labels = labels[np.searchsorted(rows, design.rows)]
    dealt = _blocks(asked.panel, design, labels, blocks, fits)
    names = list(fits[0].estimate.names[: fits[0].estimate.regressors])
    by_name = {t.name: t for t in asked.model.terms}
    at = design.positions([*(by_name[n] for n in names), asked.model.outcome])
    X = design.block[:, at]
    centre = X.mean(axis=0) if design.intercept else np.zeros(len(at))
    scale = np.maximum(np.sqrt(((X - centre) ** 2).mean(axis=0)), 1e-300)
    wanted = tuple(names.index(t) for t in terms)
    units = scale[-1] / scale[list(wanted)]
    pooled = np.ascontiguousarray((X - centre) / scale)
    return _Pool(pooled, design.weights, design.effects, design.intercept, labels, dealt, len(fits), wanted, units)


def _blocks(panel: object, design: Design, labels: IntArray, asked: str | None, fits: Sequence[Fit]) -> Grouping:
    """What is dealt: groups of the design's rows, each in one group."""
    frame = fits[0].request.panel
    groups = Grouping("group", labels, len(fits))
    alone = Grouping(ROWS, np.arange(design.n, dtype=np.int64), design.n)
    if asked == ROWS:
        return alone
    if asked is not None:
        if asked not in frame.columns:
            raise UsageError(f"no column {asked!r} to permute{did_you_mean(asked, frame.columns)}")
        found = grouped(frame.with_rows(frame.frame[design.rows]), (asked,)).grouping(asked, None)
        if not found.nested_in(groups):
            raise UsageError(f"values of {asked!r} lie in several groups: their labels cannot be dealt", hint="rows")
        return found
    natural = (
        [grouped(frame.with_rows(frame.frame[design.rows]), (frame.unit,)).grouping(frame.unit, None)]
        if frame.unit
        else []
    )
    natural += [design.effects[largest(design.effects)]] if design.effects and not natural else []
    return next((g for g in natural if g.levels < design.n and g.nested_in(groups)), alone)


def _coefficients(pool: _Pool, draws: int, rng: np.random.Generator, progress: Progress | None) -> Iterator[FloatArray]:
    """Coefficients of the compared terms, (some draws, G, k), block by block."""
    dealt = np.empty(pool.blocks.levels, dtype=np.int8)
    dealt[pool.blocks.codes] = pool.labels
    collect, size, q = _collector(pool)
    step = max(1, min(64, CELLS // (pool.groups * size * size), CELLS * 8 // max(len(pool.X), 1)))
    for begin in range(0, draws, step):
        number = min(step, draws - begin)
        labels = np.stack([rng.permutation(dealt) for _ in range(number)])
        with one_blas_thread():
            grams = collect(labels)
        slopes = drawn_slopes(grams.reshape(-1, size, size), q).reshape(number, pool.groups, -1)
        yield slopes[:, :, list(pool.wanted)] * pool.units
        if progress is not None:
            progress(begin + number, draws)


Collector = Callable[[IntArray], FloatArray]


def _collector(pool: _Pool) -> tuple[Collector, int, int]:
    """What gives the grams of dealt labels (draws, blocks), their size, and how many of it are dummies."""
    m = pool.X.shape[1]
    if not pool.effects and not pool.intercept:
        return partial(_summed, _by_block(pool.X, pool), pool.groups), m, 0
    effects = pool.effects or (Grouping("constant", np.zeros(len(pool.X), dtype=np.int64), 1),)
    inside = [e for e in effects if e.nested_in(pool.blocks)]
    outside = [e for e in effects if not e.nested_in(pool.blocks)]
    levels = sum(e.levels for e in outside)
    if levels <= MOST_LEVELS:
        Z = np.hstack([_dummies(outside, len(pool.X)), pool.X])
        if inside:
            Z = absorber(inside, pool.weights).residuals(Z)
        if inside or pool.blocks.levels * (levels + m) ** 2 <= 4 * CELLS:
            return partial(_summed, _by_block(Z, pool), pool.groups), levels + m, levels
    main = effects[largest(effects)]
    others = needed(main, [e for e in effects if e is not main])
    L = sum(e.levels for e in others)
    if L > MOST_LEVELS:
        return partial(_absorbed, pool, effects), m, 0
    passes = _compiled if len(pool.X) >= COMPILED_ROWS else _plain
    return partial(passes, pool, main, others), L + m, L


def _dummies(effects: Sequence[Grouping], n: int) -> FloatArray:
    columns = [(e.codes[:, None] == np.arange(e.levels)).astype(np.float64) for e in effects]
    return np.hstack(columns) if columns else np.zeros((n, 0))


def _by_block(Z: FloatArray, pool: _Pool) -> FloatArray:
    """``Z_b'W Z_b`` of every block, (blocks, p * p)."""
    p, codes = Z.shape[1], pool.blocks.codes
    order = np.argsort(codes, kind="stable")
    Zs = Z[order]
    heavy = Zs if pool.weights is None else Zs * pool.weights[order, None]
    starts = np.concatenate([[0], np.cumsum(pool.blocks.sizes())[:-1]])
    found = np.empty((pool.blocks.levels, p, p))
    for j in range(p):
        found[:, j, :] = np.add.reduceat(Zs * heavy[:, j : j + 1], starts, axis=0)
    return found.reshape(pool.blocks.levels, p * p)


def _summed(grams: FloatArray, groups: int, labels: IntArray) -> FloatArray:
    """Grams of every group of every draw as sums over blocks."""
    return np.stack([(labels == g).astype(np.float64) @ grams for g in range(groups)], axis=1)


def _rows(pool: _Pool, labels: IntArray) -> IntArray:
    """Labels of rows, (draws, n)."""
    return labels if pool.blocks.name == ROWS else np.ascontiguousarray(labels[:, pool.blocks.codes])


def _plain(pool: _Pool, main: Grouping, others: Sequence[Grouping], labels: IntArray) -> FloatArray:
    """Grams by group with the main effect of each group swept out, in numpy."""
    Z = np.hstack([_dummies(others, len(pool.X)), pool.X])
    w = np.ones(len(Z)) if pool.weights is None else pool.weights
    G, p = pool.groups, Z.shape[1]
    out = np.empty((len(labels), G, p, p))
    for d, row in enumerate(_rows(pool, labels)):
        codes = main.codes * G + row
        size = np.bincount(codes, w, main.levels * G)
        size[size == 0] = 1.0
        sums = np.column_stack([np.bincount(codes, w * z, main.levels * G) for z in Z.T])
        R = Z - (sums / size[:, None])[codes]
        for g in range(G):
            mine = row == g
            out[d, g] = R[mine].T @ (R[mine] * w[mine, None])
    return out


def _compiled(pool: _Pool, main: Grouping, others: Sequence[Grouping], labels: IntArray) -> FloatArray:
    """As :func:`_plain`, in one compiled pass over the rows for each draw."""
    from econloom.panel.designs.kernels import permuted_grams

    order = np.argsort(main.codes, kind="stable")
    starts = np.concatenate([[0], np.cumsum(main.sizes())]).astype(np.int64)
    offsets = np.cumsum([0, *(e.levels for e in others)])
    levels = np.empty((len(order), len(others)), dtype=np.int64)
    for j, e in enumerate(others):
        levels[:, j] = e.codes[order] + offsets[j]
    w = np.ones(len(order)) if pool.weights is None else pool.weights[order]
    p = int(offsets[-1]) + pool.X.shape[1]
    out = np.zeros((len(labels), pool.groups, p, p))
    rows = _rows(pool, labels)
    if np.any(order[1:] < order[:-1]):  # a design is sorted by its largest effect already
        rows = np.ascontiguousarray(rows[:, order])
    half = len(labels) // 2
    parts = [slice(0, half), slice(half, len(labels))]
    X = np.ascontiguousarray(pool.X[order])
    together([partial(permuted_grams, X, w, starts, levels, rows[s], out[s]) for s in parts], pool.X.size * len(labels))
    upper = np.triu(out)
    return upper + np.swapaxes(np.triu(out, 1), 2, 3)


def _absorbed(pool: _Pool, effects: Sequence[Grouping], labels: IntArray) -> FloatArray:
    """Grams by group with all effects of each group absorbed, draw by draw."""
    w = np.ones(len(pool.X)) if pool.weights is None else pool.weights
    out = np.empty((len(labels), pool.groups, pool.X.shape[1], pool.X.shape[1]))
    for d, row in enumerate(_rows(pool, labels)):
        inner = [Grouping(e.name, *compact(e.codes * pool.groups + row)) for e in effects]
        R = absorber(inner, pool.weights).residuals(pool.X)
        for g in range(pool.groups):
            mine = row == g
            out[d, g] = R[mine].T @ (R[mine] * w[mine, None])
    return out
