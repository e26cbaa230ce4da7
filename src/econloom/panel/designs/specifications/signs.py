"""Draws under a null that is forced on the residuals: scores of each specification that change sign by cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from econloom.core.errors import EstimationError, UsageError
from econloom.panel.absorb import FloatArray, IntArray
from econloom.panel.columns import grouped
from econloom.panel.designs.specifications.curve import Curve, groups_of
from econloom.panel.designs.specifications.estimating import CELLS, RUN, Block, add_by_group, combinations
from econloom.panel.designs.specifications.solving import Solved, solve
from econloom.panel.passes import one_blas_thread

ROWS = "rows"
CHUNK = 4_000_000
"""Specifications times draws held at once."""
Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class Drawn:
    """Statistics of the curve (3,) and of the draws (draws, 3)."""

    unit: str
    units: int
    observed: FloatArray
    drawn: FloatArray
    note: str


def statistics(estimates: FloatArray, p: FloatArray, level: float) -> FloatArray:
    """Median, share significant in the sign that has more, and Stouffer's Z, of each row of (D, S) arrays, (D, 3)."""
    known = np.isfinite(p)
    size = np.maximum(known.sum(axis=1), 1)
    low = known & (p < level)
    shares = np.maximum((low & (estimates > 0)).sum(axis=1), (low & (estimates < 0)).sum(axis=1)) / size
    with np.errstate(invalid="ignore"):
        z = np.sign(estimates) * -special.ndtri(np.clip(p, 1e-300, 1.0) / 2)
    return np.column_stack([np.nanmedian(estimates, axis=1), shares, np.nansum(z, axis=1) / np.sqrt(size)])


def sign_changed(
    curve: Curve, draws: int, rng: np.random.Generator, unit: str | None, progress: Progress | None
) -> Drawn:
    """Draw signs of clusters; parameters as :func:`econloom.panel.designs.specifications.joint_test`."""
    name = unit or _clusters(curve)
    codes, units = _codes(curve, name)
    with one_blas_thread():
        S, place = _scores(curve, codes, units)
    there = np.flatnonzero(np.any(S != 0, axis=1))
    S = S[there]
    estimates, spread = S.sum(axis=0), np.sqrt((S**2).sum(axis=0))
    spread[spread == 0] = np.nan
    p = 2 * special.ndtr(-np.abs(estimates / spread))
    observed = statistics(estimates[None, place], p[None, place], curve.level)[0]
    found = []
    step = max(1, CHUNK // max(len(place), 1))
    for begin in range(0, draws, step):
        size = min(step, draws - begin)
        signs = 2.0 * rng.integers(0, 2, (size, len(there))) - 1.0
        b = signs @ S
        drawn = 2 * special.ndtr(-np.abs(b / spread))
        found.append(statistics(b[:, place], drawn[:, place], curve.level))
        if progress is not None:
            progress(begin + size, draws)
    few = len(there) < np.log2(draws)
    note = f"{len(there)} clusters have {2 ** len(there)} patterns of signs only" if few else ""
    return Drawn(name, len(there), observed, np.concatenate(found), note)


def _clusters(curve: Curve) -> str:
    """What all specifications cluster by, or rows.

    Raises
    ------
    UsageError
        Different clusters.
    """
    ways = {v.clusters for v in curve.setting.choices.vcovs.values()}
    if ways == {()}:
        return ROWS
    if len(ways) > 1 or len(next(iter(ways))) > 1:
        hint = "unit='column': what keeps its rows together"
        raise UsageError("the specifications cluster in different ways", hint=hint)
    return next(iter(ways))[0]


def _codes(curve: Curve, name: str) -> tuple[IntArray, int]:
    """The unit of each row of the panel; a row without one is a unit of its own."""
    panel = curve.setting.panel
    if name == ROWS:
        return np.arange(panel.height, dtype=np.int64), panel.height
    keys = (name,) if name in panel.columns else tuple(part.strip() for part in name.split("^"))
    found = grouped(panel, keys)
    codes = found.codes.copy()
    if found.missing is None:
        return codes, found.levels
    alone = np.flatnonzero(found.missing)
    codes[alone] = found.levels + np.arange(len(alone))
    return codes, found.levels + len(alone)


def _scores(curve: Curve, codes: IntArray, units: int) -> tuple[FloatArray, IntArray]:
    """Scores by unit and model, (U, M), and the model of each specification with an estimate, (S,)."""
    known = set(curve.frame["number"].to_list())
    parts: list[FloatArray] = []
    place: dict[int, int] = {}
    for members in groups_of(curve.setting, curve.specifications)[0]:
        members = [m for m in members if m.specification.number in known]
        if not members:
            continue
        block = Block.of(members)
        models: dict[tuple[object, ...], list[int]] = {}
        solved: dict[tuple[object, ...], Solved] = {}
        for member in members:
            model = member.asked.model
            key: tuple[object, ...] = (model.outcome.key, member.focal.key, tuple(t.key for t in model.terms))
            if key not in solved:
                solved[key] = solve(block.moments, member, block.places)
            models.setdefault(key, []).append(member.specification.number)
        ready = list(solved.values())
        step = max(1, CELLS // max(block.design.n, 1))
        for begin in range(0, len(ready), step):
            parts.append(_summed(block, ready[begin : begin + step], codes, units))
        before = sum(p.shape[1] for p in parts) - len(ready)
        for n, key in enumerate(solved):
            place |= dict.fromkeys(models[key], before + n)
    if not parts:
        raise EstimationError("no specification has an estimate")
    numbers = curve.frame["number"].to_list()
    return np.hstack(parts), np.array([place[n] for n in numbers], dtype=np.int64)


def _summed(block: Block, models: list[Solved], codes: IntArray, units: int) -> FloatArray:
    """``sum_g w x~ e0 / x~'W x~`` in units of the estimates, (U, models)."""
    absorbed = block.absorbed
    focal, errors = combinations(absorbed, models)
    scales = np.sqrt([m.scale for m in models])
    slopes = np.array([m.estimate for m in models]) / scales
    restricted = errors + focal * (slopes / np.array([m.bread for m in models]))
    out = np.zeros((units, len(models)))
    for begin in range(0, absorbed.n, RUN):
        run = slice(begin, begin + RUN)
        B = absorbed.block[run]
        P = (B @ focal) * (B @ restricted)
        if absorbed.weights is not None:
            P *= absorbed.weights[run, None]
        add_by_group(P, codes[block.design.rows[run]], out)
    return out * scales
