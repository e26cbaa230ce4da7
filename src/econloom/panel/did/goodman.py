"""The decomposition of Goodman-Bacon (2021): a two-way coefficient as a mean of two-by-two comparisons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import polars as pl

from econloom.core.errors import DataError, EstimationError, UsageError
from econloom.core.lineage import SampleLog
from econloom.data.sources import as_panel
from econloom.panel.absorb import FloatArray, IntArray
from econloom.panel.columns import Columns, grouped
from econloom.panel.design import draw_sample
from econloom.panel.did.grid import Grid
from econloom.panel.fit import ols
from econloom.panel.formula import ModelSpec, parse_formula
from econloom.panel.request import Request

On = Literal["all", "balanced"]
KINDS = ("treated vs untreated", "earlier vs later treated", "later vs earlier treated", "later vs always treated")


@dataclass(frozen=True)
class Comparison:
    """One two-by-two comparison; cohorts are periods of adoption, None for never.

    Attributes
    ----------
    kind : str
        ``treated vs untreated``, ``earlier vs later treated``, ``later vs earlier treated`` (its comparison is already
        treated) or ``later vs always treated``.
    treated, control : int or None
    weight, estimate : float
    """

    kind: str
    treated: int
    control: int | None
    weight: float
    estimate: float


@dataclass(frozen=True)
class Full:
    """The regression as it was asked for: text, coefficient, rows."""

    formula: str
    coefficient: float
    n: int


@dataclass(frozen=True, repr=False)
class Bacon:
    """A two-way coefficient by comparison.

    Attributes
    ----------
    comparisons : tuple of Comparison
    coefficient : float
        Of the two-way regression on the rows decomposed: ``sum of weight * estimate``.
    n, n_units, n_periods : int
    sample : SampleLog
    outcome, treatment : str
    full : Full or None
        The regression that was asked for, where only its balanced part without covariates is decomposed.
    """

    comparisons: tuple[Comparison, ...]
    coefficient: float
    n: int
    n_units: int
    n_periods: int
    sample: SampleLog
    outcome: str
    treatment: str
    full: Full | None

    def tidy(self) -> pl.DataFrame:
        """One row a comparison: comparison, cohorts (``2006 vs never``), treated, control, weight, estimate."""
        rows = [
            (
                c.kind,
                f"{c.treated} vs {'never' if c.control is None else c.control}",
                c.treated,
                c.control,
                c.weight,
                c.estimate,
            )
            for c in self.comparisons
        ]
        kinds = {"comparison": pl.String, "cohorts": pl.String, "treated": pl.Int64, "control": pl.Int64}
        return pl.DataFrame(rows, schema={**kinds, "weight": pl.Float64, "estimate": pl.Float64}, orient="row")

    def by_comparison(self) -> pl.DataFrame:
        """One row a kind of comparison: comparison, pairs, weight, estimate (their weighted mean)."""
        mean = (pl.col("weight") * pl.col("estimate")).sum() / pl.col("weight").sum()
        grouped_rows = self.tidy().group_by("comparison", maintain_order=True)
        return grouped_rows.agg(pairs=pl.len(), weight=pl.col("weight").sum(), estimate=mean)

    @property
    def forbidden(self) -> float:
        """Weight of comparisons with units that are already treated."""
        return float(sum(c.weight for c in self.comparisons if c.kind in KINDS[2:]))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the numbers has to know."""
        if self.full is None:
            return ()
        f, units = self.full, f"{self.n_units:,} units seen in every period"
        return (
            f"decomposed: {self.coefficient:.6g} on {self.n:,} rows of {units}, without covariates; "
            f"the regression {f.formula} has {f.coefficient:.6g} on {f.n:,} rows",
        )

    def __repr__(self) -> str:
        lines = [f"{self.outcome} ~ {self.treatment}: two-way coefficient {self.coefficient:.6g}, n = {self.n:,}"]
        lines += [
            f"{kind}: weight {w:.4f}, estimate {b:.6g} ({pairs} pairs)"
            for kind, pairs, w, b in self.by_comparison().rows()
        ]
        return "\n".join([*lines, *(f"note: {w}" for w in self.warnings)])


def bacon(
    formula: str, data: Any, unit: str | None = None, time: str | None = None, *, where: Any = None, on: On = "all"
) -> Bacon:
    """Decompose a two-way coefficient of a staggered treatment into two-by-two comparisons (Goodman-Bacon 2021).

    Parameters
    ----------
    formula : str
        ``"y ~ treated"``: a treatment of 0 and 1 that stays once it is there; unit and period are the effects.
    data : Panel, polars, pandas, pyarrow or path
    unit, time : str
        Keys; they may come with a Panel.
    where : str, optional
        Rows to use.
    on : {"all", "balanced"}
        ``balanced`` leaves out covariates (all but the first regressor) and units that are not seen in every period,
        and says the coefficient and rows of both; under ``all`` either is an error.

    Returns
    -------
    Bacon
        ``tidy()``, ``by_comparison()``, ``coefficient``.

    Raises
    ------
    UsageError
        Covariates under ``all``, effects in the formula, no keys.
    DataError
        A treatment that is not 0 or 1, or that switches off.
    EstimationError
        An unbalanced panel under ``all``; treatment that does not vary, or all units treated at once.

    Notes
    -----
    With ``n_k`` the share of cohort k, ``D_k`` its share of treated periods, ``n_kl = n_k / (n_k + n_l)``, k before l,
    the weights before division by the variance of the two-way residual of the treatment are

    - ``(n_k + n_u)^2 n_ku (1 - n_ku) D_k (1 - D_k)`` against never treated units,
    - ``((n_k + n_l)(1 - D_l))^2 n_kl (1 - n_kl) (D_k - D_l)/(1 - D_l) (1 - D_k)/(1 - D_l)`` of the earlier,
    - ``((n_k + n_l) D_k)^2 n_kl (1 - n_kl) (D_l / D_k) (D_k - D_l)/D_k`` of the later.

    Examples
    --------
    >>> g = np.repeat([2, 3, 9], 4)
    >>> frame = pl.DataFrame({"i": np.repeat([1, 2, 3], 4), "t": np.tile([1, 2, 3, 4], 3),
    ...                       "y": [0.0, 1, 2, 2, 1, 1, 2, 4, 0, 1, 0, 1]})
    >>> frame = frame.with_columns(d=pl.Series((frame["t"].to_numpy() >= g) * 1))
    >>> found = bacon("y ~ d", frame, "i", "t")
    >>> len(found.comparisons), round(sum(c.weight for c in found.comparisons), 12), round(found.coefficient, 6)
    (4, 1.0, 1.4)
    """
    if on not in ("all", "balanced"):
        raise UsageError(f"on: 'all' or 'balanced', not {on!r}")
    panel = as_panel(data, unit, time)
    if panel.unit is None or panel.time is None:
        raise UsageError("el.did.bacon needs both keys", hint="unit='state', time='year'")
    model = _checked(parse_formula(formula), on)
    try:
        return _decomposed(panel, model, where, on)
    except (DataError, EstimationError) as error:
        raise error.within(formula) from error


def _checked(model: ModelSpec, on: On) -> ModelSpec:
    if model.effects or model.endogenous:
        raise UsageError(
            f"el.did.bacon takes no effects and no instruments: {model.text}", hint="they are unit= and time="
        )
    if not model.terms:
        raise UsageError(f"no treatment in {model.text}", hint="y ~ treated")
    if len(model.terms) > 1 and on == "all":
        raise UsageError(
            f"the decomposition has no covariates: {model.text}",
            hint="on='balanced' decomposes the part without them and says both; el.did.twfe_weights takes any",
        )
    return model


def _decomposed(panel: Any, model: ModelSpec, where: Any, on: On) -> Bacon:
    columns = Columns(panel, where)
    plain = replace(model, terms=model.terms[:1])
    sample = draw_sample(columns, Request(plain, panel, where=where, unit=panel.unit))
    at = columns.places(sample.rows)
    codes = np.unique(grouped(panel, (panel.unit,)).codes[sample.rows], return_inverse=True)[1].reshape(-1)
    grid = Grid(codes, panel.column(panel.time).to_numpy()[sample.rows], int(codes.max()) + 1)
    values = [columns.term(t, model.text) for t in (model.outcome, plain.terms[0])]
    y, d = (grid.put(v if at is None else v[at]) for v in values)
    treatment, log = plain.terms[0].name, sample.log
    whole = np.asarray(~np.isnan(y).any(axis=0))
    if not whole.all() and on == "all":
        raise EstimationError(
            f"unbalanced: {int((~whole).sum())} of {len(whole)} units are not seen in all {len(y)} periods",
            hint="on='balanced' decomposes the units that are, and says both coefficients",
        )
    if not whole.any():
        raise EstimationError("no unit is seen in every period")
    if not whole.all():
        lost = int((~np.isnan(y[:, ~whole])).sum())
        log = log.without("units not seen in every period", lost, sample.rows[whole[codes]])
        y, d = y[:, whole], d[:, whole]
    first = _adoption(d, treatment, grid.times)
    found, coefficient = decompose(y, first, grid.times)
    reduced = len(model.terms) > 1 or not whole.all()
    full = _full(panel, model, where) if reduced else None
    return Bacon(found, coefficient, y.size, y.shape[1], len(y), log, model.outcome.name, treatment, full)


def _full(panel: Any, model: ModelSpec, where: Any) -> Full:
    text = f"{model.text} | {panel.unit} + {panel.time}"
    fit = ols(text, panel, where=where)
    return Full(text, float(fit.tidy()["estimate"][0]), int(fit.glance()["n"][0]))


def _adoption(d: FloatArray, name: str, times: IntArray) -> IntArray:
    """Place of the first treated period of each unit, len(times) for never."""
    if not np.isin(d, (0.0, 1.0)).all():
        raise DataError(f"the treatment {name!r} is not 0 or 1 throughout")
    off = np.diff(d, axis=0) < 0
    if off.any():
        units, period = int(off.any(axis=0).sum()), times[int(np.flatnonzero(off.any(axis=1))[0]) + 1]
        raise DataError(
            f"the treatment {name!r} switches off in {units} units, the first time in {period}",
            hint="el.did.multiple_periods takes treatments that switch on and off, el.did.twfe_weights any",
        )
    first = np.where(d.any(axis=0), d.argmax(axis=0), len(times)).astype(np.int64)
    kinds = np.unique(first)
    if len(kinds) < 2:
        when = "never" if kinds[0] == len(times) else f"at once, in {times[kinds[0]]}"
        raise EstimationError(f"all {len(first)} units are treated {when}: no comparison is left")
    return first


def decompose(y: FloatArray, first: IntArray, times: IntArray) -> tuple[tuple[Comparison, ...], float]:
    """All comparisons with their weights, and the two-way coefficient.

    Parameters
    ----------
    y : (T, N) array
    first : (N,) int array
        Place of the first treated period among the T; T for never.
    times : (T,) int array

    Raises
    ------
    EstimationError
        The treatment does not vary within units and periods.
    """
    T = len(y)
    D = (np.arange(T)[:, None] >= first).astype(float)
    residual = D - D.mean(axis=0) - D.mean(axis=1, keepdims=True) + D.mean()
    variance = float((residual * D).sum() / D.size)
    if variance <= 1e-14:
        raise EstimationError("the treatment does not vary within units and periods")
    coefficient = float((residual * y).sum() / D.size / variance)
    kinds = np.unique(first)
    means = {int(k): y[:, first == k].mean(axis=1) for k in kinds}
    share = {int(k): float((first == k).mean()) for k in kinds}
    found = [
        Comparison(kind, int(times[k]), None if other == T else int(times[other]), weight / variance, estimate)
        for kind, k, other, weight, estimate in _pairs(means, share, T)
    ]
    order = {name: place for place, name in enumerate(KINDS)}
    return tuple(sorted(found, key=lambda c: (order[c.kind], c.treated, c.control or 0))), coefficient


def _pairs(
    means: dict[int, FloatArray], share: dict[int, float], T: int
) -> Iterator[tuple[str, int, int, float, float]]:
    """Kind, cohort, its comparison, weight before division and estimate of every pair."""
    groups = sorted(means)
    for place, k in enumerate(groups):
        for late in groups[place + 1 :]:
            n, total = share[k] / (share[k] + share[late]), share[k] + share[late]
            dk, dl = (T - k) / T, (T - late) / T
            if k > 0:  # the earlier cohort against the later one before that is treated
                weight = (total * (1 - dl)) ** 2 * n * (1 - n) * (dk - dl) / (1 - dl) * (1 - dk) / (1 - dl)
                kind = KINDS[0] if late == T else KINDS[1]
                yield kind, k, late, weight, _change(means[k] - means[late], 0, k, late)
            if late < T:  # the later cohort against the earlier one, which is treated already
                weight = (total * dk) ** 2 * n * (1 - n) * dl / dk * (dk - dl) / dk
                yield KINDS[2] if k > 0 else KINDS[3], late, k, weight, _change(means[late] - means[k], k, late, T)


def _change(gap: FloatArray, begin: int, at: int, end: int) -> float:
    """Mean of a difference from ``at`` up to ``end`` less that from ``begin`` up to ``at``."""
    return float(gap[at:end].mean() - gap[begin:at].mean())
