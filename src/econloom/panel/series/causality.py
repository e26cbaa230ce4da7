"""Granger non-causality in panels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import polars as pl
from scipy import special

from econloom.core.errors import DataError, EstimationError, UsageError, listed
from econloom.core.estimate import Test, Unavailable
from econloom.panel.absorb import FloatArray
from econloom.panel.diagnostics import granger
from econloom.panel.diagnostics.granger import CRITERIA, Series
from econloom.panel.formula import parse_formula
from econloom.panel.passes import one_blas_thread
from econloom.panel.series.grid import check_draws, on_grid

Criterion = Literal["aic", "bic", "hqic"]
Result = Test | Unavailable


@dataclass(frozen=True, repr=False)
class GrangerTest:
    """Dumitrescu and Hurlin's test.

    Attributes
    ----------
    effect, cause : str
    lags : int
    wald : float
        Mean of the units' statistics.
    tests : dict
        ``zbar``, ``ztilde`` and, where drawn, ``bootstrap`` (zbar by the bootstrap).
    units : list
    each : FloatArray
        The units' statistics.
    """

    effect: str
    cause: str
    lags: int
    wald: float
    tests: dict[str, Result]
    units: list[Any]
    each: FloatArray = field(repr=False)

    def tidy(self) -> pl.DataFrame:
        """One row a unit: unit, wald, p_value (chi-squared with ``lags`` degrees of freedom)."""
        p = special.chdtrc(self.lags, self.each)
        return pl.DataFrame({"unit": self.units, "wald": self.each, "p_value": p})

    def __repr__(self) -> str:
        rows = [f"{self.cause} does not cause {self.effect} in any unit: {self.lags} lags, {len(self.units)} units"]
        rows.append(f"mean Wald statistic {self.wald:.5f}")
        for name, found in self.tests.items():
            if isinstance(found, Unavailable):
                rows.append(f"{name}: unavailable: {found.reason}")
            else:
                rows.append(f"{name} {found.statistic:.4f}, p = {found.p_value:.4f}")
        return "\n".join(rows)


def panel_granger(
    formula: str,
    data: Any,
    unit: str | None = None,
    time: str | None = None,
    lags: int | Criterion = 1,
    most: int | None = None,
    draws: int = 0,
    seed: int = 1,
    where: Any = None,
) -> GrangerTest:
    """Whether x does not Granger-cause y in any unit (Dumitrescu and Hurlin 2012).

    Parameters
    ----------
    formula : str
        ``"y ~ x"``: does x cause y.
    data : Panel, polars, pandas, pyarrow or path
    unit, time : str
        Keys; they may come with a Panel.
    lags : int or {"aic", "bic", "hqic"}
        How many lags, or by which criterion (mean over units, all on the periods of the longest).
    most : int, optional
        Of the criterion; by default as many as T > 2K + 5 allows in every unit, at most 5.
    draws : int
        Of the bootstrap by periods (balanced panels; at least 99), which is valid when units depend on one another.
    seed : int
    where : str, optional
        Rows to use.

    Returns
    -------
    GrangerTest

    Raises
    ------
    UsageError
        Another formula, an unknown criterion, no keys, too few draws.
    EstimationError
        Too few periods, a constant series, a bootstrap of an unbalanced panel.

    Notes
    -----
    :mod:`econloom.panel.diagnostics.granger`; Stata's ``xtgcause`` (Lopez and Weber 2017), R's ``pgrangertest``.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=(8, 30))
    >>> y = np.concatenate([np.zeros((8, 1)), 0.8 * x[:, :-1]], axis=1) + rng.normal(size=(8, 30))
    >>> frame = pl.DataFrame({"i": np.repeat(range(8), 30), "t": np.tile(range(30), 8), "x": x.ravel(), "y": y.ravel()})
    >>> panel_granger("y ~ x", frame, "i", "t").tests["ztilde"].p_value < 1e-6
    True
    """
    model = parse_formula(formula)
    if model.effects or model.endogenous or len(model.terms) != 1:
        raise UsageError(f"Granger causality is of one variable on another, not {model.text}", hint="y ~ x")
    if not (lags in CRITERIA or (isinstance(lags, int) and lags >= 1)):
        raise UsageError(f"lags: a whole number from 1, or one of {', '.join(CRITERIA)}, not {lags!r}")
    check_draws(draws, 0)
    grid = on_grid(data, unit, time, (model.outcome, model.terms[0]), where, model.text)
    y, x = grid.values
    try:
        with one_blas_thread():
            K = lags if isinstance(lags, int) else _chosen(y, x, grid.units, lags, most)
            series = [_series(y[i], x[i], K, K) for i in range(len(y))]
            found = granger.statistics(_enough(series, grid.units, 2 * K + 1))
            tests = {"zbar": _normal(found.zbar, 2), "ztilde": _ztilde(found, K)}
            if draws:
                tests["bootstrap"] = _bootstrapped(y, x, K, found.zbar, draws, seed)
    except (DataError, EstimationError) as error:
        raise error.within(model.text) from error
    return GrangerTest(
        model.outcome.name, model.terms[0].name, K, float(found.wald.mean()), tests, grid.units, found.wald
    )  # fmt: skip


def _series(y: FloatArray, x: FloatArray, K: int, most: int) -> Series:
    """The rows of a unit with ``most`` lags of both, of which K are used."""
    T = len(y)
    own = np.stack([np.concatenate([np.full(j, np.nan), y[: T - j]]) for j in range(1, most + 1)], axis=1)
    other = np.stack([np.concatenate([np.full(j, np.nan), x[: T - j]]) for j in range(1, most + 1)], axis=1)
    known = np.isfinite(y) & np.isfinite(own).all(axis=1) & np.isfinite(other).all(axis=1)
    return Series(y[known], own[known][:, :K], other[known][:, :K])


def _enough(series: list[Series], units: list[Any], needed: int) -> list[Series]:
    short = [str(u) for s, u in zip(series, units, strict=True) if len(s.y) <= needed]
    if short:
        raise EstimationError(f"units with {needed} periods or fewer after lags: {listed(short, 8)}", hint="fewer lags")
    return series


def _chosen(y: FloatArray, x: FloatArray, units: list[Any], criterion: Criterion, most: int | None) -> int:
    if most is None:
        most = 1
        while most < 5 and all(len(_series(y[i], x[i], 1, most + 1).y) > 2 * (most + 1) + 5 for i in range(len(y))):
            most += 1
    values = {}
    for K in range(1, most + 1):
        series = [_series(y[i], x[i], K, most) for i in range(len(y))]
        values[K] = granger.information(_enough(series, units, 2 * most + 1), criterion)
    return min(values, key=lambda K: values[K])


def _normal(z: float, sides: int, null: str = "no causality in any unit") -> Test:
    p = 2 * float(special.ndtr(-abs(z))) if sides == 2 else float(special.ndtr(z))
    return Test(z, (), p, null, "normal")


def _ztilde(found: granger.Statistics, K: int) -> Result:
    if np.isnan(found.ztilde):
        return Unavailable(f"a unit has {int(found.periods.min())} periods: Ztilde needs more than {2 * K + 5}")
    return _normal(found.ztilde, 2)


def _bootstrapped(y: FloatArray, x: FloatArray, K: int, zbar: float, draws: int, seed: int) -> Test:
    if not (np.isfinite(y).all() and np.isfinite(x).all()):
        raise EstimationError("the bootstrap needs a balanced panel without missing values", hint="draws=0")
    made = granger.bootstrap(y, x, K, draws, seed)
    p = (1 + int((np.abs(made) >= abs(zbar)).sum())) / (1 + draws)
    return Test(zbar, (), p, f"no causality in any unit ({draws} bootstrap draws)", "normal")
