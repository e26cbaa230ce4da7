"""Tests of a panel as time series: Granger non-causality, unit roots, dependence across units."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import polars as pl
from scipy import special

from econloom.core.errors import DataError, EstimationError, UsageError, listed
from econloom.core.estimate import Test, Unavailable
from econloom.panel.absorb import FloatArray
from econloom.panel.columns import Columns, grouped
from econloom.panel.diagnostics import granger, unit_roots
from econloom.panel.diagnostics.granger import CRITERIA, Series
from econloom.panel.diagnostics.unit_roots import Regression, Trend
from econloom.panel.formula import Term, parse_formula
from econloom.panel.passes import one_blas_thread
from econloom.panel.sources import as_panel

Criterion = Literal["aic", "bic", "hqic"]
Result = Test | Unavailable
_DRAWS_AT_LEAST = 99


@dataclass(frozen=True)
class Grid:
    """A few variables by unit and period.

    Attributes
    ----------
    units : list
        In order.
    values : tuple of (N, T) arrays
        NaN where missing.
    """

    units: list[Any]
    values: tuple[FloatArray, ...]


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
    where: str | None = None,
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
    _known_draws(draws, 0)
    grid = _grid(data, unit, time, (model.outcome, model.terms[0]), where, model.text)
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
    _known_draws(draws, _DRAWS_AT_LEAST)
    parsed = parse_formula(f"{variable} ~ 1")
    grid = _grid(data, unit, time, (parsed.outcome,), where, variable)
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


def cross_section_dependence(
    variable: Any, data: Any = None, unit: str | None = None, time: str | None = None, where: str | None = None
) -> Test:
    """Pesaran's CD: whether units are correlated with one another.

    Parameters
    ----------
    variable : str or fit
        A column or expression of ``data``, or a fitted linear model, whose residuals are tested.
    data : Panel, polars, pandas, pyarrow or path
    unit, time : str
        Keys; they may come with a Panel, or with the fit's.
    where : str, optional
        Rows to use.

    Returns
    -------
    Test
        Standard normal; ``critical_values`` has the mean absolute correlation.

    Raises
    ------
    UsageError
        No keys.
    EstimationError
        One unit, or no two units with three common periods.

    Notes
    -----
    ``CD = sqrt(2 / (N (N-1))) sum_{i<j} sqrt(T_ij) rho_ij`` (Pesaran 2004, 2015); Stata's ``xtcd``, R's ``pcdtest``.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> common = rng.normal(size=20)
    >>> y = common + rng.normal(size=(6, 20))
    >>> frame = pl.DataFrame({"i": np.repeat(range(6), 20), "t": np.tile(range(20), 6), "y": y.ravel()})
    >>> cross_section_dependence("y", frame, "i", "t").p_value < 1e-4
    True
    """
    if isinstance(variable, str):
        parsed = parse_formula(f"{variable} ~ 1")
        values, name = _grid(data, unit, time, (parsed.outcome,), where, variable).values[0], variable
    else:
        values, name = _residuals(variable, unit, time), "the residuals"
    try:
        value, p, mean, _ = unit_roots.cross_section_dependence(values)
    except EstimationError as error:
        raise error.within(name) from error
    return Test(value, (), p, "no dependence across units", "normal", (("mean absolute correlation", mean),))


def _residuals(fit: Any, unit: str | None, time: str | None) -> FloatArray:
    request, residuals = getattr(fit, "request", None), getattr(getattr(fit, "estimate", None), "residuals", None)
    if request is None or residuals is None:
        raise UsageError(f"cross-section dependence is of a column or a fitted linear model, not {type(fit).__name__}")
    panel = request.panel
    keys = (unit or panel.unit, time or panel.time)
    if None in keys:
        raise UsageError("the units and times are not known", hint="unit='code', time='year'")
    frame = panel.frame[fit.design.rows].select(*keys).with_columns(e=residuals)
    parsed = parse_formula("e ~ 1")
    return _grid(frame, *keys, (parsed.outcome,), None, "the residuals").values[0]


def _grid(data: Any, unit: str | None, time: str | None, terms: tuple[Term, ...], where: str | None, text: str) -> Grid:
    panel = as_panel(data, unit, time)
    if panel.unit is None or panel.time is None:
        raise UsageError("a test of time series needs both keys", hint="unit='code', time='year'")
    columns = Columns(panel, where)
    values = [columns.term(term, text) for term in terms]
    known = np.isfinite(np.stack(values)).any(axis=0)
    if not known.any():
        raise EstimationError(f"{text}: no values")
    rows = columns.base[known]
    codes = grouped(panel, (panel.unit,)).codes[rows]
    times = panel.column(panel.time).to_numpy()[rows]
    present, at = np.unique(codes, return_inverse=True)
    first, T = int(times.min()), int(times.max() - times.min()) + 1
    if 20 * len(np.unique(times)) < T:
        raise UsageError(f"{panel.time!r} spans {T} periods, nearly all empty", hint="number the periods one by one")
    found = []
    for column in values:
        held = np.full((len(present), T), np.nan)
        held[at, times - first] = column[known]
        found.append(held)
    where_first = np.unique(at, return_index=True)[1]
    names = panel.column(panel.unit)[rows[where_first]].to_list()
    return Grid(names, tuple(found))


def _known_draws(draws: int, least: int) -> None:
    if not isinstance(draws, int) or (draws < _DRAWS_AT_LEAST and draws != least):
        raise UsageError(f"draws: at least {_DRAWS_AT_LEAST}, not {draws!r}")
