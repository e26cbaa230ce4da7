"""Borusyak, Jaravel and Spiess: effects as outcomes less imputed untreated outcomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
import polars as pl

from econloom.core.errors import DataError, EstimationError, UsageError, did_you_mean, listed, plural
from econloom.core.estimate import Coefficient
from econloom.core.labels import Label
from econloom.core.spec import VcovSpec
from econloom.panel.absorb import FloatArray, IntArray, compact
from econloom.panel.columns import Where
from econloom.panel.did.effects import DynamicEffects
from econloom.panel.did.imputing import Imputed, impute, influential
from econloom.panel.did.timing import Asked, timing
from econloom.panel.linear.selection import independent
from econloom.panel.passes import one_blas_thread

LABEL = Label("插补估计（Borusyak-Jaravel-Spiess）", "Imputation (Borusyak, Jaravel and Spiess)")
Cells = Literal["cohort", "event"]


@dataclass(frozen=True, repr=False, eq=False)
class ImputedEffects(DynamicEffects):
    """Effects by event time from imputed untreated outcomes.

    Attributes
    ----------
    shares : (m,) array
        Weight of each event time in the mean over treated rows; zero before adoption.
    effects : polars.DataFrame
        Unit, time, cohort, event time and imputed effect of every treated row.
    """

    shares: FloatArray = field(kw_only=True)
    effects: pl.DataFrame = field(kw_only=True)

    @property
    def att(self) -> Coefficient:
        """Mean effect over the treated rows of the window."""
        return self.weighted("att", self.shares)


def imputation(
    formula: str,
    data: Any,
    unit: str | None = None,
    time: str | None = None,
    cohort: str | None = None,
    treatment: str | None = None,
    window: tuple[int, int] | None = None,
    anticipation: int = 0,
    never: float | None = None,
    adopts: str | None = None,
    vcov: VcovSpec | None = None,
    weights: str | None = None,
    where: Where = None,
    cells: Cells = "cohort",
    leave_out: bool = False,
) -> ImputedEffects:
    """Effects by time since adoption as outcomes less imputed untreated ones (Borusyak, Jaravel and Spiess 2024).

    Parameters
    ----------
    formula : str
        ``"y ~ 1"`` or ``"y ~ c | firm + year + province^year"``; without effects those of unit and time are added.
        Covariates and effects are fitted on untreated rows.
    data : Panel, polars, pandas, pyarrow or path
    unit, time : str, optional
        Keys; the panel's own by default.
    cohort : str, optional
        The first treated period by row; missing (or ``never``) for units that never adopt.
    treatment : str, optional
        Instead of ``cohort``: a 0/1 column that stays 1 once it is.
    window : (int, int), optional
        First and last event time shown. Negative ones are pre-trend coefficients: dummies in a regression on untreated
        rows, against all earlier rows and units that never adopt. By default all after adoption, none before.
    anticipation : int
        Periods before adoption that count as treated.
    never, adopts
        As for :func:`econloom.panel.did.dynamic.event_study`.
    vcov : VcovSpec
        ``el.cluster("column")``, one way; the unit by default.
    weights : str, optional
        Column of analytic weights, in the regression and in means of effects.
    where : str, optional
        Rows to use.
    cells : {"cohort", "event"}
        Treated rows whose effects are taken for equal in the variance: of one cohort and period, or of one event time.
    leave_out : bool
        The mean effect of a cell without the cluster itself, which is less too small with few clusters.

    Returns
    -------
    ImputedEffects
        A :class:`~econloom.panel.did.effects.DynamicEffects`; ``att`` is the mean over treated rows.

    Raises
    ------
    UsageError
        A column or an option is wrong; instruments, slopes, another covariance.
    DataError
        No whole cohorts, treatment that is not 0/1 or switches off.
    EstimationError
        No treated or untreated row, no untreated outcome for any treated row, pre-trends that are not identified, a
        cell of one cluster with ``leave_out``.

    Notes
    -----
    ``tau_it = y_it - z_it'p`` with ``p`` from untreated rows. An effect is ``sum v_it y_it``; its variance is
    ``sum_c (sum_{it in c} v_it e_it)^2`` with ``e`` the residual of untreated rows and, in treated rows,
    ``tau_it`` less the mean of its cell, ``sum_c V_c sum_{it in c} w tau / sum_c V_c^2`` with ``V_c`` the cluster's
    sum of weights; conservative where effects differ within cells. No small-sample factor; normal law, as in Stata's
    did_imputation.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> rows = pl.DataFrame({"i": np.repeat(np.arange(40), 6), "t": np.tile(np.arange(6), 40)})
    >>> rows = rows.with_columns(pl.when(pl.col("i") < 20).then(2 + pl.col("i") % 2).alias("g"))
    >>> on = (rows["t"] >= rows["g"]).fill_null(False).cast(int)
    >>> rows = rows.with_columns((rows["i"] + rows["t"] + 2 * on).alias("y") + 0.01 * rng.normal(size=240))
    >>> found = imputation("y ~ 1", rows, "i", "t", cohort="g", window=(-1, 3))
    >>> [round(b, 1) + 0.0 for b in found.tidy()["estimate"]], round(found.att.estimate, 1)
    ([0.0, 0.0, 2.0, 2.0, 2.0, 2.0], 2.0)
    """
    if cells not in get_args(Cells):
        raise UsageError(f"cells: no {cells!r}{did_you_mean(str(cells), get_args(Cells))}", hint="'cohort' or 'event'")
    found = timing(data, unit, time, Asked(cohort, treatment, never, adopts), where, None)
    try:
        with one_blas_thread():
            imputed = impute(formula, found, where, vcov, weights, anticipation, "imputation")
            return _effects(imputed, checked_window(window), cells, leave_out)
    except (DataError, EstimationError) as error:
        raise error.within(formula) from error


def checked_window(window: tuple[int, int] | None) -> tuple[int, int] | None:
    """Refuse a window that is none."""
    if window is None:
        return None
    whole = isinstance(window, tuple | list) and len(window) == 2 and all(type(e) is int for e in window)
    if not whole or window[0] > window[1]:
        raise UsageError(f"window: {window!r} is no first and last event time", hint="window=(-4, 5)")
    return window


def event_times(imputed: Imputed, window: tuple[int, int] | None) -> tuple[list[int], list[int]]:
    """Event times before and after adoption that the window asks for and rows have.

    Raises
    ------
    EstimationError
        None after adoption.
    """
    rows = imputed.adopter & imputed.used
    present = np.unique(imputed.events[rows & ~imputed.untreated])
    low, high = (0, int(present.max())) if window is None else window
    after = [int(e) for e in present if e <= high]
    before = np.unique(imputed.events[rows & imputed.untreated])
    earlier = [int(e) for e in before if low <= e]
    if not after:
        raise EstimationError(f"no treated row up to event time {high}: the first is {present.min()}")
    return earlier, after


def _effects(imputed: Imputed, window: tuple[int, int] | None, cells: Cells, leave_out: bool) -> ImputedEffects:
    before, after = event_times(imputed, window)
    C = imputed.means(after)
    known = imputed.used
    alike = _Cells.of(imputed, cells)
    late = imputed.by_cluster(_influence(imputed, C, _deviations(imputed, alike, leave_out)))
    pre, early, base = _pretrends(imputed, before)
    influence = np.hstack([early, late])
    return ImputedEffects(
        estimator="imputation",
        label=LABEL,
        estimates=np.concatenate([pre, C[known].T @ imputed.effects[known]]),
        vcov=influence.T @ influence,
        base=() if base is None else (base,),
        bins=(base, None),
        warnings=(*imputed.warnings, *influential(imputed, C, after), *_alone(imputed, alike, leave_out)),
        effects=imputed.frame(),
        **imputed.described([*before, *after]),
    )


def _influence(imputed: Imputed, C: FloatArray, deviation: FloatArray) -> FloatArray:
    """``v e`` of every row, (n, H)."""
    v = C + imputed.model.carried(C)
    return np.asarray(v * deviation[:, None])


@dataclass(frozen=True)
class _Cells:
    """Treated rows in cells of equal effects.

    Attributes
    ----------
    at : (n1,) int array
        Treated rows with a known effect.
    cell : (n1,) int array
    pair : (n1,) int array
        The row's pair of cell and cluster.
    of_pair : (pairs,) int array
        Cell of each pair.
    kind : {"cohort", "event"}
    """

    at: IntArray
    cell: IntArray
    pair: IntArray
    of_pair: IntArray
    kind: Cells

    @classmethod
    def of(cls, imputed: Imputed, kind: Cells) -> _Cells:
        at = np.flatnonzero(~imputed.untreated & imputed.used)
        cell, _ = compact(imputed.events[at])
        if kind == "cohort":
            times, periods = compact(imputed.times[at])
            cell, _ = compact(compact(imputed.cohorts[at])[0] * periods + times)
        joined = cell * imputed.clusters.levels + imputed.clusters.codes[at]
        pair, pairs = compact(joined)
        of_pair = np.empty(pairs, dtype=np.int64)
        of_pair[pair] = cell
        return cls(at, cell, pair, of_pair, kind)

    @property
    def alone(self) -> IntArray:
        """Cells of one cluster."""
        return np.flatnonzero(np.bincount(self.of_pair) == 1)

    def named(self, imputed: Imputed, cells: IntArray) -> str:
        """Cells in words."""
        rows = [self.at[np.argmax(self.cell == c)] for c in cells]
        if self.kind == "event":
            return listed([f"event time {imputed.events[r]}" for r in rows])
        return listed([f"cohort {imputed.cohorts[r]} in {imputed.times[r]}" for r in rows])


def _deviations(imputed: Imputed, cells: _Cells, leave_out: bool) -> FloatArray:
    """Residuals of untreated rows; in treated ones the effect less the mean of its cell, (n,).

    Raises
    ------
    EstimationError
        A cell of one cluster cannot leave it out.
    """
    at, pair, of_pair = cells.at, cells.pair, cells.of_pair
    w, tau = imputed.model.weights[at], imputed.effects[at]
    V, Q = np.bincount(pair, w), np.bincount(pair, w * tau)
    above, below = np.bincount(of_pair, V * Q), np.bincount(of_pair, V * V)
    if leave_out and len(cells.alone):
        raise EstimationError(
            f"leave_out: no other cluster in {cells.named(imputed, cells.alone[:5])}",
            hint="cells='event', or leave_out=False",
        )
    others = (above[of_pair] - V * Q) / (below[of_pair] - V * V) if leave_out else (above / below)[of_pair]
    found = np.where(imputed.untreated, np.nan_to_num(imputed.effects), 0.0)
    found[at] = tau - others[pair]
    return np.asarray(found)


def _alone(imputed: Imputed, cells: _Cells, leave_out: bool) -> list[str]:
    """Cells of one cluster, whose effects carry no error."""
    if leave_out or not len(cells.alone):
        return []
    return [
        f"{plural(len(cells.alone), 'cell')} of one cluster: the spread of their effects is not in the errors "
        f"({cells.named(imputed, cells.alone[:5])})"
    ]


def _pretrends(imputed: Imputed, before: list[int]) -> tuple[FloatArray, FloatArray, int | None]:
    """Coefficients of dummies before adoption in a regression on untreated rows, their influence by cluster, the base.

    Raises
    ------
    EstimationError
        Not all are identified.
    """
    if not before:
        return np.zeros(0), np.zeros((imputed.clusters.levels, 0)), None
    model, solver = imputed.model, imputed.model.solver
    rows = solver.order
    w = model.weights[rows][:, None]
    events = np.where(imputed.adopter[rows], imputed.events[rows], np.iinfo(np.int64).max)
    P = (events[:, None] == np.array(before)).astype(float)
    P -= solver.fitted(*solver.solve(*solver.summed(P * w, rows)), rows)
    if model.left.shape[1]:
        P -= model.left @ np.linalg.solve(model.gram, model.left.T @ (P * w))
    kept = independent(P * np.sqrt(w))
    if len(kept) < len(before):
        lost = [e for j, e in enumerate(before) if j not in kept]
        raise EstimationError(
            f"pre-trends at event time {listed(lost)} are not identified: no earlier row and no unit that never adopts "
            "is left to compare with",
            hint="a window that begins later",
        )
    gram = P.T @ (P * w)
    e = model.effects[rows]
    b = np.linalg.solve(gram, P.T @ (e * w[:, 0]))
    score = np.zeros((len(model.effects), len(before)))
    score[rows] = P * (w * (e - P @ b)[:, None])
    early = imputed.by_cluster(score) @ np.linalg.inv(gram)
    base = min(before) - 1
    return b, early, base if bool(np.any(events < min(before))) else None
