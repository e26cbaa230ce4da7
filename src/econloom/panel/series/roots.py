"""Unit roots in panels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import polars as pl

from econloom.core.errors import EstimationError, UsageError
from econloom.core.estimate import Test, Unavailable
from econloom.panel.absorb import FloatArray
from econloom.panel.diagnostics import unit_roots
from econloom.panel.diagnostics.granger import CRITERIA
from econloom.panel.diagnostics.unit_roots import Regression, Trend
from econloom.panel.formula import parse_formula
from econloom.panel.passes import one_blas_thread
from econloom.panel.series.grid import DRAWS_AT_LEAST, check_draws, on_grid

Criterion = Literal["aic", "bic", "hqic"]
Result = Test | Unavailable


@dataclass(frozen=True, repr=False)
class UnitRootTest:
    """A unit-root test of a panel.

    Attributes
    ----------
    variable : str
    test : {"ips", "llc", "fisher", "cips"}
    tests : dict
        By name: ``w_t_bar``; ``adjusted_t``; ``p``, ``z``, ``l``, ``pm``; ``cips``.
    units : list
    each : tuple of Regression
    """

    variable: str
    test: str
    tests: dict[str, Result]
    units: list[Any]
    each: tuple[Regression, ...] = field(repr=False)

    def tidy(self) -> pl.DataFrame:
        """One row a unit: unit, t, lags, periods."""
        columns = {"t": [f.t for f in self.each], "lags": [f.lags for f in self.each]}
        return pl.DataFrame({"unit": self.units, **columns, "periods": [f.periods for f in self.each]})

    def __repr__(self) -> str:
        rows = [f"{self.test} of {self.variable}: {len(self.units)} units"]
        for name, found in self.tests.items():
            told = f"unavailable: {found.reason}" if isinstance(found, Unavailable) else (
                f"{found.statistic:.4f}, p = {found.p_value:.4f} (null: {found.null})"
            )  # fmt: skip
            rows.append(f"{name}: {told}")
        return "\n".join(rows)


def unit_root(
    variable: str,
    data: Any,
    unit: str | None = None,
    time: str | None = None,
    test: Literal["ips", "llc", "fisher", "cips"] = "ips",
    lags: int | Criterion = 1,
    trend: bool = False,
    demean: bool = False,
    most: int = 4,
    draws: int = 1_999,
    seed: int = 1,
    where: str | None = None,
) -> UnitRootTest:
    """Whether every unit has a unit root.

    Parameters
    ----------
    variable : str
        A column or an expression such as ``"log(gdp)"``.
    data : Panel, polars, pandas, pyarrow or path
    unit, time : str
        Keys; they may come with a Panel.
    test : {"ips", "llc", "fisher", "cips"}
        Im, Pesaran and Shin; Levin, Lin and Chu (balanced; one root for all under the alternative); combinations of
        p values (Maddala and Wu, Choi); Pesaran's CIPS (balanced), which allows for a common factor.
    lags : int or {"aic", "bic", "hqic"}
        Lagged changes: one number for all units, or each unit's own up to ``most`` (not for CIPS).
    trend : bool
        With a trend beside the constant.
    demean : bool
        Less the mean of each period, against a common component.
    most : int
    draws, seed : int
        Of the simulated law of CIPS.
    where : str, optional
        Rows to use.

    Returns
    -------
    UnitRootTest

    Raises
    ------
    UsageError, DataError
        An unknown test or criterion, no keys.
    EstimationError
        Too few periods, gaps within a unit, an unbalanced panel for a test that needs a balanced one.

    Notes
    -----
    :mod:`econloom.panel.diagnostics.unit_roots`; Stata's ``xtunitroot`` and ``pescadf``, R's ``purtest``, ``cipstest``.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> walks = rng.normal(size=(10, 40)).cumsum(axis=1)
    >>> frame = pl.DataFrame({"i": np.repeat(range(10), 40), "t": np.tile(range(40), 10), "y": walks.ravel()})
    >>> unit_root("y", frame, "i", "t").tests["w_t_bar"].p_value > 0.05
    True
    """
    if test not in ("ips", "llc", "fisher", "cips"):
        raise UsageError(f"test: ips, llc, fisher or cips, not {test!r}")
    if not (lags in CRITERIA or (isinstance(lags, int) and lags >= 0)):
        raise UsageError(f"lags: a whole number, or one of {', '.join(CRITERIA)}, not {lags!r}")
    if test == "cips" and not isinstance(lags, int):
        raise UsageError("cips takes one number of lags for all units")
    check_draws(draws, DRAWS_AT_LEAST)
    parsed = parse_formula(f"{variable} ~ 1")
    grid = on_grid(data, unit, time, (parsed.outcome,), where, variable)
    values = grid.values[0]
    if demean:
        values = values - np.nanmean(values, axis=0)
    kind: Trend = "trend" if trend else "constant"
    series = [_unbroken(row, name) for row, name in zip(values, grid.units, strict=True)]
    if test in ("llc", "cips") and len({len(s) for s in series}) > 1:
        raise EstimationError(f"{variable}: {test} needs a balanced panel", hint="test='ips' or test='fisher'")
    with one_blas_thread():
        found = _regressions(series, grid.units, lags, most, kind, test, variable)
        tests = _combined(test, found, series, kind, lags, draws, seed, variable)
    return UnitRootTest(variable, test, tests, grid.units, tuple(found))


def _unbroken(row: FloatArray, name: Any) -> FloatArray:
    known = np.flatnonzero(np.isfinite(row))
    if len(known) and known[-1] - known[0] + 1 > len(known):
        raise EstimationError(f"unit {name} has gaps: its changes are not those of one period", hint="where=...")
    return row[known]


def _regressions(
    series: list[FloatArray], units: list[Any], lags: int | Criterion, most: int, kind: Trend, test: str, variable: str
) -> list[Regression]:
    found = []
    for y, name in zip(series, units, strict=True):
        try:
            p = lags if isinstance(lags, int) else unit_roots.chosen_lags(y, most, kind, lags)
            if len(y) < p + 3:
                raise EstimationError(f"{len(y)} periods", hint="fewer lags")
            found.append(unit_roots.dickey_fuller(y, p, kind))
        except EstimationError as error:
            raise error.within(f"{variable}, unit {name}") from error
    return found


def _combined(
    test: str, found: list[Regression], series: list[FloatArray], kind: Trend, lags: int | Criterion, draws: int,
    seed: int, variable: str,
) -> dict[str, Result]:  # fmt: skip
    null = "every unit has a unit root"
    try:
        if test == "ips":
            w, p = unit_roots.ips(found, kind)
            return {"w_t_bar": Test(w, (), p, null, "normal")}
        if test == "llc":
            t, p = unit_roots.llc(found, series, kind)
            return {"adjusted_t": Test(t, (), p, null, "normal")}
        if test == "fisher":
            laws: dict[str, Literal["chi2", "normal", "t"]] = {"p": "chi2", "z": "normal", "l": "t", "pm": "normal"}
            return {
                name: Test(value, () if df is None else (df,), p, null, laws[name])
                for name, (value, df, p) in unit_roots.fisher(found, kind).items()
            }
        y, p_lags = np.stack(series), int(lags)
        value, _ = unit_roots.cips(y, p_lags, kind)
        law = unit_roots.cips_null(y.shape[0], y.shape[1], p_lags, kind, draws, seed)
    except EstimationError as error:
        raise error.within(variable) from error
    p = (1 + int((law <= value).sum())) / (1 + draws)
    cuts = tuple((f"{100 * a:g}%", float(np.quantile(law, a))) for a in (0.10, 0.05, 0.01))
    return {"cips": Test(value, (), p, f"{null}, given a common factor ({draws} simulated panels)", "normal", cuts)}
