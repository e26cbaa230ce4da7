"""Instrumental variables: peers, explicit dummies, stages, statistics by their definitions."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl
import pyfixest as pf
import pytest
from linearmodels.datasets import mroz
from linearmodels.iv import IV2SLS, IVGMM, IVLIML
from scipy.linalg import sqrtm

import econloom as el
from econloom.core.errors import EstimationError, ExpressionError, UsageError
from econloom.core.estimate import Test, Unavailable
from econloom.panel.fit import fit_many, request
from tests.panel.samples import dummies, random_panel

Array = npt.NDArray[np.float64]
VCOVS = {"iid": el.iid(), "hc1": el.hc1(), "firm": el.cluster("firm")}
TWO = "y ~ x3 | firm + year | x1 + x2 ~ z1 + z2 + z3"


def instruments(seed: int, missing: float = 0.0) -> pl.DataFrame:
    """A random panel with three instruments of x1 and x2, heteroskedastic."""
    frame = random_panel(seed, n=400, missing=missing)
    rng = np.random.default_rng(seed + 1000)
    Z = rng.normal(size=(frame.height, 3))
    shift = Z @ np.array([[0.8, 0.1], [0.2, -0.7], [0.3, 0.4]])
    return frame.with_columns(
        x1=pl.col("x1") + pl.Series(shift[:, 0]),
        x2=pl.col("x2") + pl.Series(shift[:, 1]),
        **{f"z{j + 1}": pl.Series(Z[:, j]) for j in range(3)},
    )


def explicit(frame: pl.DataFrame) -> pd.DataFrame:
    """Complete rows with the dummies of firm and year as columns."""
    frame = frame.drop_nulls(["y", "x1", "x2", "x3"])
    D = np.column_stack([dummies(frame["firm"]), dummies(frame["year"], drop_first=True)])
    return frame.to_pandas().join(pd.DataFrame(D, columns=[f"d{j}" for j in range(D.shape[1])]))


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("kind", VCOVS)
@pytest.mark.parametrize(("method", "peer"), [("2sls", IV2SLS), ("liml", IVLIML)])
@pytest.mark.parametrize("seed", range(3))
def test_explicit_dummies_in_linearmodels(seed: int, method: Any, peer: Any, kind: str, weights: str | None) -> None:
    """Two endogenous variables with two effects; large-sample covariances."""
    frame = instruments(seed, missing=0.04)
    wide = explicit(frame)
    exogenous = wide[["x3", *(c for c in wide if c.startswith("d"))]]
    model = peer(
        wide.y, exogenous, wide[["x1", "x2"]], wide[["z1", "z2", "z3"]],
        weights=None if weights is None else wide[weights],
    )  # fmt: skip
    options = {"iid": {"cov_type": "unadjusted"}, "hc1": {"cov_type": "robust"}}
    clusters = {"cov_type": "clustered", "clusters": wide.firm.astype("category").cat.codes}
    other = model.fit(**options.get(kind, clusters))
    fit = el.iv(TWO, frame, vcov=VCOVS[kind], method=method, weights=weights, ssc="none")
    names = ["x1", "x2", "x3"]
    assert fit.tidy()["term"].to_list() == names
    np.testing.assert_allclose(fit.tidy()["estimate"], other.params[names], rtol=1e-8)
    np.testing.assert_allclose(fit.vcov, other.cov.loc[names, names], rtol=1e-6)
    np.testing.assert_allclose(np.sort(fit.estimate.residuals), np.sort(other.resids), atol=1e-8)
    if method == "liml":
        assert fit.glance()["kappa"][0] == pytest.approx(other.kappa, rel=1e-9)
    if kind == "iid":
        assert fit.tests["sargan"].statistic == pytest.approx(other.sargan.stat, rel=1e-7)


@pytest.mark.parametrize("effects", ["", "firm", "firm + year", "firm + province^year"])
@pytest.mark.parametrize("kind", VCOVS)
@pytest.mark.parametrize("seed", range(4))
def test_pyfixest(seed: int, kind: str, effects: str) -> None:
    """One endogenous variable under fixest's small-sample rule, and the first stage."""
    frame = instruments(seed + 20, missing=0.04)
    middle = f" | {effects} | " if effects else " | "
    formula = f"y ~ x2 + x3{middle}x1 ~ z1 + z2"
    fit = el.iv(formula, frame, vcov=VCOVS[kind])
    vcov: Any = {"iid": "iid", "hc1": "hetero"}.get(kind, {"CRV1": "firm"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = pf.feols(formula, frame.to_pandas(), vcov=vcov, fixef_tol=1e-11, fixef_rm="none")
    for row in fit.tidy().iter_rows(named=True):
        name = {"(Intercept)": "Intercept"}.get(row["term"], row["term"])
        assert row["estimate"] == pytest.approx(other.coef()[name], rel=1e-8, abs=1e-10)
        assert row["std_error"] == pytest.approx(other.se()[name], rel=1e-6)
        assert row["p_value"] == pytest.approx(other.pvalue()[name], rel=1e-5, abs=1e-12)


def test_mroz() -> None:
    """Wooldridge, Introductory Econometrics, examples 15.5 and 15.8, as linearmodels 7 computes them."""
    data = mroz.load().dropna(subset=["lwage"])
    fit = el.iv("lwage ~ exper + expersq | educ ~ motheduc + fatheduc", data)
    assert fit.tidy()["estimate"][0] == pytest.approx(0.0613966, abs=5e-8)
    assert fit.tidy()["std_error"][0] == pytest.approx(0.0314367, abs=5e-8)
    assert fit.tests["sargan"].statistic == pytest.approx(0.378071, abs=5e-7)


def test_hansen_is_two_step_gmm() -> None:
    wide = explicit(instruments(5))
    exogenous = wide[["x3", *(c for c in wide if c.startswith("d"))]]
    fit = el.iv(TWO, instruments(5), vcov=el.hc1())
    other = IVGMM(wide.y, exogenous, wide[["x1", "x2"]], wide[["z1", "z2", "z3"]]).fit(iter_limit=2)
    assert fit.tests["hansen_j"].statistic == pytest.approx(other.j_stat.stat, rel=1e-7)


def test_regression_form_of_endogeneity() -> None:
    wide = explicit(instruments(6))
    exogenous = wide[["x3", *(c for c in wide if c.startswith("d"))]]
    fit = el.iv(TWO, instruments(6))
    other = IV2SLS(wide.y, exogenous, wide[["x1", "x2"]], wide[["z1", "z2", "z3"]]).fit()
    found = el.tests.endogeneity(fit)
    assert found.statistic == pytest.approx(other.wu_hausman().stat, rel=1e-7)
    assert found.df == (2, other.wu_hausman().df_denom)


class Slow:
    """Kleibergen and Paap (2006) as they write it, from explicit matrices."""

    def __init__(self, frame: pl.DataFrame, endogenous: list[str], excluded: list[str], weights: str | None) -> None:
        wide = explicit(frame)
        self.n = len(wide)
        w = wide[weights].to_numpy() if weights else np.ones(self.n)
        self.w = w / w.mean()
        X = wide[["x3", *(c for c in wide if c.startswith("d"))]].to_numpy(dtype=float)
        root = np.sqrt(self.w)[:, None]

        def partial(M: Array) -> Array:
            return M - X @ np.linalg.lstsq(root * X, root * M, rcond=None)[0]

        self.Y, self.Z = partial(wide[endogenous].to_numpy()), partial(wide[excluded].to_numpy())
        self.clusters = wide.firm.astype("category").cat.codes.to_numpy()
        self.L = X.shape[1] + len(excluded)

    def statistic(self, kind: str, wald: bool) -> float:
        """lambda' Omega^-1 lambda with F = (Z'Z)^(1/2) and G = (Y'Y)^(-1/2)."""
        Y, Z, w = self.Y, self.Z, self.w
        ZZ, YY = Z.T @ (w[:, None] * Z), Y.T @ (w[:, None] * Y)
        pi = np.linalg.solve(ZZ, Z.T @ (w[:, None] * Y))
        F, G = np.real(sqrtm(ZZ)), np.linalg.inv(np.real(sqrtm(YY)))
        theta = F @ pi @ G
        _l, k = theta.shape
        U, _, Vt = np.linalg.svd(theta)
        V, q = Vt.T, k - 1
        U22, V22 = U[q:, q:], V[q:, q:]
        A = U[:, q:] @ np.linalg.inv(U22) @ np.real(sqrtm(U22 @ U22.T))
        B = np.real(sqrtm(V22 @ V22.T)) @ np.linalg.inv(V22.T) @ V[:, q:].T
        E = Y - Z @ pi if wald else Y
        scores = np.einsum("ij,il->ijl", E, Z).reshape(self.n, -1) * w[:, None]
        if kind == "iid":
            S = np.kron(E.T @ (w[:, None] * E) / self.n, ZZ)
        elif kind == "hc1":
            S = scores.T @ scores
        else:
            sums = dummies(pl.Series(self.clusters)).T @ scores
            S = sums.T @ sums
        K = np.kron(G, np.linalg.inv(F))
        W = K @ S @ K.T
        lam = np.kron(B, A.T) @ theta.T.ravel()
        omega = np.kron(B, A.T) @ W @ np.kron(B, A.T).T
        return float(lam @ np.linalg.solve(omega, lam))


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("kind", VCOVS)
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("seed", range(3))
def test_kleibergen_paap_by_definition(seed: int, count: int, kind: str, weights: str | None) -> None:
    frame = instruments(seed + 40, missing=0.03)
    endogenous = ["x1", "x2"][:count]
    formula = f"y ~ x3 | firm + year | {' + '.join(endogenous)} ~ z1 + z2 + z3"
    fit = el.iv(formula, frame.drop_nulls(), vcov=VCOVS[kind], weights=weights, ssc="none")
    slow = Slow(frame.drop_nulls(), endogenous, ["z1", "z2", "z3"], weights)
    lm, F = fit.tests["kleibergen_paap_lm"], fit.tests["kleibergen_paap_f"]
    assert lm.statistic == pytest.approx(slow.statistic(kind, wald=False), rel=1e-8)
    assert lm.df == (4 - count,)
    assert F.statistic * 3 == pytest.approx(slow.statistic(kind, wald=True), rel=1e-8)


@pytest.mark.parametrize("ssc", ["fixest", "xtreg", "none"])
@pytest.mark.parametrize("count", [1, 2])
def test_identification_under_iid(count: int, ssc: Any) -> None:
    """Kleibergen-Paap is Anderson's LM and Cragg and Donald's F; with one variable the first-stage F."""
    endogenous = ["x1", "x2"][:count]
    formula = f"y ~ x3 | firm + year | {' + '.join(endogenous)} ~ z1 + z2 + z3"
    fit = el.iv(formula, instruments(3), ssc=ssc)
    tests = fit.tests
    assert tests["kleibergen_paap_lm"].statistic == pytest.approx(tests["anderson_lm"].statistic, rel=1e-10)
    assert tests["kleibergen_paap_f"].statistic == pytest.approx(tests["cragg_donald_f"].statistic, rel=1e-10)
    slow = Slow(instruments(3), endogenous, ["z1", "z2", "z3"], None)
    rows = fit.sample.n - (fit.counts.unit_levels or 0 if ssc == "xtreg" else 0)
    assert tests["anderson_lm"].statistic == pytest.approx(slow.statistic("iid", False) * rows / slow.n, rel=1e-9)
    if count == 1 and ssc != "none":
        assert tests["cragg_donald_f"].statistic == pytest.approx(tests["first_stage_f"].statistic, rel=1e-10)
        assert tests["sanderson_windmeijer_f[x1]"].statistic == pytest.approx(tests["first_stage_f"].statistic)
    if ssc == "fixest":
        # c (n - L) / l with L all instruments, the effects and the constant
        root = slow.statistic("iid", True) / slow.n
        assert tests["cragg_donald_f"].statistic == pytest.approx(root * (slow.n - slow.L) / 3, rel=1e-9)


@pytest.mark.parametrize("kind", ["hc1", "firm"])
def test_robust_f_with_one_variable(kind: str) -> None:
    fit = el.iv("y ~ x3 + x2 | firm + year | x1 ~ z1 + z2 + z3", instruments(4), vcov=VCOVS[kind])
    F = fit.first_stage["x1"].wald(["z1", "z2", "z3"])
    assert fit.tests["kleibergen_paap_f"].statistic == pytest.approx(F.statistic, rel=1e-10)
    assert fit.tests["kleibergen_paap_f"].df == F.df
    assert fit.tests["first_stage_f"] == fit.tests["first_stage_f[x1]"] == F
    for name in ("anderson_lm", "cragg_donald_f", "sargan"):
        assert isinstance(fit.tests[name], Unavailable)
        assert "use kleibergen" in fit.tests[name].reason or "use hansen_j" in fit.tests[name].reason
    assert isinstance(fit.with_vcov(el.iid()).tests["anderson_lm"], Test)


@pytest.mark.parametrize("kind", VCOVS)
def test_one_instrument(kind: str) -> None:
    """F is t squared; nothing is overidentified; LIML is 2SLS; the ratio of reduced form and first stage."""
    frame = instruments(7)
    fit = el.iv("y ~ x2 + x3 | firm + year | x1 ~ z1", frame, vcov=VCOVS[kind])
    first, reduced = fit.first_stage["x1"], fit.reduced_form
    t = first.summary.coefficient("z1").statistic  # type: ignore[union-attr]
    assert fit.tests["kleibergen_paap_f"].statistic == pytest.approx(t**2, rel=1e-10)
    for name in ("sargan", "hansen_j"):
        assert "just identified" in fit.tests[name].reason
    ratio = reduced.summary.coefficient("z1").estimate / first.summary.coefficient("z1").estimate  # type: ignore[union-attr]
    assert fit.tidy()["estimate"][0] == pytest.approx(ratio, rel=1e-10)
    liml = el.iv("y ~ x2 + x3 | firm + year | x1 ~ z1", frame, vcov=VCOVS[kind], method="liml")
    np.testing.assert_allclose(liml.vcov, fit.vcov, rtol=1e-10)
    assert [s.summary.stage for s in (fit, first, reduced)] == ["second", "first", "reduced"]
    assert first.sample == reduced.sample == fit.sample
    assert first.request.model.text == "x1 ~ x2 + x3 + z1 | firm + year"


def test_sanderson_windmeijer_by_hand() -> None:
    frame = instruments(8)
    fit = el.iv(TWO, frame)
    delta = el.iv("x1 ~ x3 | firm + year | x2 ~ z1 + z2 + z3", frame)
    part = frame.with_columns(r=pl.Series(np.zeros(frame.height)))
    r = np.empty(frame.height)
    r[delta.design.rows] = delta.estimate.residuals
    part = part.with_columns(r=pl.Series(r))
    full, none = (el.ols(f"r ~ x3{z} | firm + year", part) for z in (" + z1 + z2 + z3", ""))
    df = full.glance_values["df_residual"]
    F = (none.estimate.rss - full.estimate.rss) / 2 / (full.estimate.rss / df)
    assert fit.tests["sanderson_windmeijer_f[x1]"].statistic == pytest.approx(F, rel=1e-8)


def test_stock_yogo() -> None:
    one = el.iv("y ~ x3 | firm | x1 ~ z1", instruments(9)).tests["cragg_donald_f"]
    assert dict(one.critical_values)["10% maximal IV size"] == 16.38
    two = el.iv(TWO.replace("+ z3", "+ z3 + z4"), instruments(9).with_columns(z4=pl.col("z1") ** 2))
    assert dict(two.tests["stock_yogo"].critical_values)["10% maximal IV relative bias"] == 7.56
    liml = el.iv("y ~ x3 | firm | x1 ~ z1 + z2", instruments(9), method="liml")
    assert dict(liml.tests["stock_yogo"].critical_values)["10% maximal LIML size"] == 8.68
    assert isinstance(two.with_vcov(el.hc1()).tests["stock_yogo"], Unavailable)


def test_collinear_instruments_are_named() -> None:
    frame = instruments(10).with_columns(z4=pl.col("z1") + pl.col("z2"), z5=2 * pl.col("x3"), flat=pl.lit(1.0))
    fit = el.iv("y ~ x3 | firm + year | x1 ~ z1 + z2 + z4 + z5 + flat + z3", frame)
    assert dict(fit.estimate.removed) == {
        "flat": "holds one value",
        "z4": "collinear with z1, z2",
        "z5": "collinear with x3",
    }
    plain = el.iv("y ~ x3 | firm + year | x1 ~ z1 + z2 + z3", frame)
    np.testing.assert_allclose(fit.vcov, plain.vcov, rtol=1e-9)
    assert fit.tests["first_stage_f"].df[0] == 3


def test_badly_conditioned_instruments() -> None:
    frame = instruments(11).with_columns(near=pl.col("z1") + 1e-6 * pl.col("z2"))
    near = el.iv("y ~ x3 | firm + year | x1 ~ z1 + near", frame)
    well = el.iv("y ~ x3 | firm + year | x1 ~ z1 + z2", frame)
    np.testing.assert_allclose(near.tidy()["estimate"], well.tidy()["estimate"], rtol=1e-8)
    np.testing.assert_allclose(near.tidy()["std_error"], well.tidy()["std_error"], rtol=1e-7)
    assert near.tests["kleibergen_paap_f"].statistic == pytest.approx(
        well.tests["kleibergen_paap_f"].statistic, rel=1e-6
    )


def test_nearly_collinear_endogenous_variables() -> None:
    """Two that differ by a millionth: statistics are those of a well-conditioned basis of the same space."""
    frame = instruments(13).with_columns(near=pl.col("x1") + 1e-6 * pl.col("x2"))
    near = el.iv("y ~ x3 | firm | x1 + near ~ z1 + z2 + z3", frame, vcov=el.hc1())
    well = el.iv("y ~ x3 | firm | x1 + x2 ~ z1 + z2 + z3", frame, vcov=el.hc1())
    for name in ("kleibergen_paap_f", "kleibergen_paap_lm", "hansen_j"):
        assert near.tests[name].statistic == pytest.approx(well.tests[name].statistic, rel=1e-5)
    liml = [el.iv(f"y ~ x3 | firm | x1 + {n} ~ z1 + z2 + z3", frame, method="liml") for n in ("near", "x2")]
    assert liml[0].glance()["kappa"][0] == pytest.approx(liml[1].glance()["kappa"][0], rel=1e-8)


FRAME = instruments(12).with_columns(
    twice=2 * pl.col("x3"), trait=pl.col("province") * 1.0, gone=pl.lit(None, dtype=pl.Float64), one=pl.lit("all")
)


@pytest.mark.parametrize(
    ("formula", "options", "kind", "words"),
    [
        ("y ~ x3 | firm | x1 + x2 ~ z1", {}, ExpressionError, r"2 endogenous variables \(x1, x2\) but only 1 .*\(z1\)"),
        (
            "y ~ x3 | firm | x1 + x2 ~ z1 + twice",
            {},
            EstimationError,
            r"only 1 instrument is left \(z1\).*twice \(col",
        ),
        ("y ~ x3 | firm | x1 ~ trait", {}, EstimationError, r"left out: trait \(absorbed"),
        ("y ~ x3 | firm | trait ~ z1", {}, EstimationError, "endogenous trait: absorbed by the effects"),
        ("y ~ x3 | firm | twice ~ z1", {}, EstimationError, "endogenous twice: collinear with x3"),
        ("y ~ x3 | firm", {}, UsageError, "no instruments"),
        ("y ~ x3 + x1 | firm | x1 ~ z1", {}, ExpressionError, "exogenous here and endogenous after"),
        ("y ~ x3 | firm | x1 ~ x1 + z1", {}, ExpressionError, "x1 is its own instrument"),
        ("y ~ x3 | firm | x1 ~ zz1", {}, ExpressionError, "no column 'zz1', did you mean 'z1'"),
        ("y ~ x3 | firm | x1 ~ gone", {}, EstimationError, "missing instrument gone"),
        ("y ~ x3 | firm | gone ~ z1", {}, EstimationError, "missing endogenous variable gone"),
        ("y ~ x3 | firm | x1 ~ z1", {"method": "gmm2"}, UsageError, "'2sls', 'liml' or 'gmm'"),
        ("y ~ x3 | firm | x1 ~ z1", {"vcov": el.cluster("one")}, EstimationError, "one cluster"),
        ("y ~ x3 | firm | x1 ~ z1", {"where": "year > 3000"}, EstimationError, "no rows are left"),
    ],
)
def test_errors(formula: str, options: dict[str, Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=f"(?s){words}"):
        el.iv(formula, FRAME, **options)


def test_instruments_that_explain_nothing() -> None:
    rng = np.random.default_rng(1)
    Q = np.linalg.qr(np.column_stack([np.ones(60), rng.normal(size=(60, 3))]))[0]
    frame = pl.DataFrame({"y": Q[:, 1] + Q[:, 3], "x": Q[:, 2], "z": Q[:, 1]})
    with pytest.raises(EstimationError, match="z explain nothing of x"):
        el.iv("y ~ 1 | x ~ z", frame)


def test_ols_refuses_instruments_and_tests_are_named() -> None:
    with pytest.raises(UsageError, match="has instruments"):
        el.ols(TWO, FRAME)
    fit = el.iv(TWO, FRAME)
    with pytest.raises(KeyError, match="did you mean 'sargan'"):
        fit.tests["sargen"]
    with pytest.raises(UsageError, match="no reduced form"):
        _ = el.ols("y ~ x3 | firm", FRAME).reduced_form
    with pytest.raises(UsageError, match="did you mean 'x1'"):
        fit.wald(["x11"])
    assert "cragg_donald_f: F(3, " in repr(fit.tests)


def test_shared_with_least_squares() -> None:
    """OLS and IV columns of a table share one block."""
    panel = el.ols("y ~ x1 | firm", FRAME, unit="firm", time="year").request.panel
    texts = ["y ~ x1 + x2 + x3 | firm + year", TWO, "y ~ x2 + x3 | firm + year | x1 ~ z1"]
    together = fit_many([request(t, panel, vcov=el.cluster("firm")) for t in texts])
    assert together[0].absorbed is together[1].absorbed is together[2].absorbed
    for text, fit in zip(texts, together, strict=True):
        (alone,) = fit_many([request(text, panel, vcov=el.cluster("firm"))])
        np.testing.assert_allclose(fit.vcov, alone.vcov, rtol=1e-10)


def test_effects_against_pooled() -> None:
    frame = FRAME.drop_nulls(["y", "x1", "x2"])
    fit = el.ols("y ~ x1 + x2 | firm + year", frame)
    pooled = el.ols("y ~ x1 + x2", frame)
    q = fit.absorbed.rank - 1
    df = frame.height - 2 - fit.absorbed.rank
    F = (pooled.estimate.rss - fit.estimate.rss) / q / (fit.estimate.rss / df)
    found = el.tests.fixed_effects_f(fit)
    assert (found.statistic, found.df) == (pytest.approx(F, rel=1e-10), (q, df))
    assert isinstance(el.tests.fixed_effects_f(pooled), Unavailable)
    assert isinstance(el.tests.fixed_effects_f(fit.with_vcov(el.hc1())), Unavailable)


def test_wald() -> None:
    fit = el.ols("y ~ x1 + x2 + x3 | firm", FRAME, vcov=el.cluster("firm"))
    one = fit.wald("x2")
    assert one.statistic == pytest.approx(fit.tidy()["statistic"][1] ** 2)
    assert one.p_value == pytest.approx(fit.tidy()["p_value"][1])
    b, V = fit.tidy()["estimate"].to_numpy(), fit.vcov
    assert fit.wald(["x1", "x3"]).statistic == pytest.approx(
        b[[0, 2]] @ np.linalg.inv(V[np.ix_([0, 2], [0, 2])]) @ b[[0, 2]] / 2
    )


def test_likelihood_and_criteria() -> None:
    """AIC and BIC count every parameter, the effects included, as fixest does."""
    frame = FRAME.drop_nulls(["y", "x1", "x2"])
    fit = el.ols("y ~ x1 + x2 | firm + year", frame)
    g = fit.glance().row(0, named=True)
    k = 2 + frame["firm"].n_unique() + frame["year"].n_unique() - 1
    assert g["aic"] == pytest.approx(2 * k - 2 * g["loglik"])
    assert g["bic"] == pytest.approx(np.log(frame.height) * k - 2 * g["loglik"])
    assert el.iv(TWO, FRAME).glance()["loglik"][0] is None
