"""The wild cluster bootstrap against regressions that are run again, and against wildboottest."""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import EstimationError, UsageError
from econloom.panel.inference.bootstrap import wild_bootstrap
from econloom.panel.inference.pairs import pairs_bootstrap
from tests.panel.samples import Array, dummies, random_panel


def explicit(frame: pl.DataFrame, effects: str) -> Array:
    terms = [e.strip() for e in effects.split("+") if e.strip()]
    last = np.column_stack([dummies(frame[e]) for e in terms]) if terms else np.ones((frame.height, 1))
    return np.column_stack([frame.select("x1", "x2").to_numpy(), last])


def statistic(X: Array, y: Array, w: Array, codes: Array, null: float) -> float:
    """``(b - null) / CR0`` of the first regressor."""
    M = np.linalg.pinv(X.T @ (X * w[:, None]), rcond=1e-11, hermitian=True)
    b = M @ (X.T @ (w * y))
    s = np.column_stack([np.bincount(codes, c * w * (y - X @ b)) for c in X.T])
    return float((b[0] - null) / np.sqrt((M @ (s.T @ s) @ M)[0, 0]))


def slow_p(X: Array, y: Array, w: Array, codes: Array, null: float) -> float:
    """Share of all sign vectors whose regression has a larger |t|, each run again."""
    rest = X[:, 1:]
    shifted = y - null * X[:, 0]
    root = np.sqrt(w)[:, None]
    d = np.linalg.lstsq(rest * root, shifted * root[:, 0], rcond=1e-11)[0]
    u = shifted - rest @ d
    t = abs(statistic(X, y, w, codes, null))
    G = codes.max() + 1
    draws = [np.array(v)[codes] * u + y - u for v in product((1.0, -1.0), repeat=G)]
    return float(np.mean([abs(statistic(X, star, w, codes, null)) > t * (1 + 1e-8) for star in draws]))


@pytest.mark.parametrize("null", [0.0, 1.1])
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("effects", ["", "firm", "year", "province + year"])
def test_enumeration_against_regressions_run_again(effects: str, weights: str | None, null: float) -> None:
    frame = random_panel(73, missing=0.02).drop_nulls().sample(fraction=1, shuffle=True, seed=5)
    frame = frame.with_columns(g=pl.col("province").rank("dense") % 6)
    codes = frame["g"].to_numpy().astype(np.int64)
    w = frame[weights].to_numpy() if weights else np.ones(frame.height)
    expected = slow_p(explicit(frame, effects), frame["y"].to_numpy(), w, codes, null)
    formula = "y ~ x1 + x2" + (f" | {effects}" if effects else "")
    fit = el.ols(formula, frame, vcov=el.cluster("g"), weights=weights)
    found = wild_bootstrap(fit, "x1", null=null)
    assert found.enumerated
    assert found.p_value == pytest.approx(expected, abs=1e-12)
    assert found.statistic == pytest.approx((fit.tidy()["estimate"][0] - null) / fit.tidy()["std_error"][0])


def test_the_interval_inverts_the_test() -> None:
    frame = random_panel(74)
    fit = el.ols("y ~ x1 + x2 | firm", frame, vcov=el.cluster("firm"))
    found = wild_bootstrap(fit, "x2", draws=999)
    assert found.conf_low < found.estimate < found.conf_high
    for end, outwards in ((found.conf_low, -1), (found.conf_high, 1)):
        step = outwards * 1e-6 * fit.tidy()["std_error"][1]
        inside, outside = (wild_bootstrap(fit, "x2", draws=999, null=end + k * step).p_value for k in (-1, 1))
        assert inside > 0.05 >= outside


def test_wild_as_a_covariance() -> None:
    frame = random_panel(75)
    fit = el.ols("y ~ x1 + x2 | firm", frame, vcov=el.wild("firm", draws=999, seed=4))
    plain = fit.with_vcov(el.cluster("firm"))
    assert fit.tidy()["std_error"].equals(plain.tidy()["std_error"])
    for at, term in enumerate(("x1", "x2")):
        one = wild_bootstrap(plain, term, draws=999, seed=4)
        row = fit.tidy().row(at, named=True)
        assert (row["p_value"], row["conf_low"], row["conf_high"]) == (one.p_value, one.conf_low, one.conf_high)
    assert wild_bootstrap(plain, "x1", 999, seed=4) == wild_bootstrap(plain, "x1", 999, seed=4)


def wildboottest_p(X: Array, y: Array, cluster: Array, draws: int, weights: str) -> float:
    from wildboottest.wildboottest import WildboottestCL

    other = WildboottestCL(X=X, Y=y, cluster=cluster, R=np.array([1.0, 0.0, 0.0]), B=draws, seed=12)
    other.get_scores(bootstrap_type="11", impose_null=True)
    other.get_weights(weights_type=weights)
    other.get_numer()
    other.get_denom()
    other.get_tboot()
    other.get_vcov()
    other.get_tstat()
    other.get_pvalue(pval_type="two-tailed")
    return float(other.pvalue)


@pytest.mark.parametrize("weights", ["rademacher", "webb"])
def test_against_wildboottest(weights: str) -> None:
    """wildboottest 0.3 draws its own numbers: p values agree up to the error of the draws."""
    pytest.importorskip("wildboottest", reason="wildboottest is not installed")
    frame = random_panel(77)
    X = np.column_stack([frame.select("x1", "x2").to_numpy(), np.ones(frame.height)])
    y = frame["y"].to_numpy() - 1.05 * X[:, 0]
    cluster = frame["firm"].rank("dense").to_numpy()
    theirs = wildboottest_p(X, y, cluster, 19_999, weights)
    shifted = frame.with_columns(y1=pl.Series(y))
    found = wild_bootstrap(el.ols("y1 ~ x1 + x2", shifted, vcov=el.cluster("firm")), "x1", 19_999, weights)  # type: ignore[arg-type]
    assert 0.02 < found.p_value < 0.98
    assert found.p_value == pytest.approx(theirs, abs=4 * np.sqrt(2 * 0.25 / 19_999))


def test_enumeration_against_wildboottest() -> None:
    """All sign vectors: equal, up to draws that tie with the sample (theirs are decided by rounding)."""
    pytest.importorskip("wildboottest", reason="wildboottest is not installed")
    frame = random_panel(79).with_columns(g=pl.col("province") % 5)
    X = np.column_stack([frame.select("x1", "x2").to_numpy(), np.ones(frame.height)])
    y = frame["y"].to_numpy() - 1.2 * X[:, 0]
    theirs = wildboottest_p(X, y, frame["g"].to_numpy(), 999, "rademacher")
    found = wild_bootstrap(el.ols("y1 ~ x1 + x2", frame.with_columns(y1=pl.Series(y)), vcov=el.cluster("g")), "x1")
    assert found.enumerated
    assert theirs - 2 / 2**5 - 1e-12 <= found.p_value <= theirs + 1e-12


def test_what_is_refused() -> None:
    frame = random_panel(78).with_columns(two=pl.col("year") > 2002, treated=pl.lit(1.0))
    with pytest.raises(EstimationError, match="2 clusters of 'two'"):
        el.ols("y ~ x1", frame, vcov=el.wild("two"))
    with pytest.raises(EstimationError, match="one cluster"):
        el.ols("y ~ x1", frame.with_columns(one=pl.lit(1)), vcov=el.wild("one"))
    treated = el.ols("y ~ treated + x1 | year", frame, vcov=el.cluster("firm"))
    with pytest.raises(UsageError, match="it was left out, "):
        wild_bootstrap(treated, "treated")
    with pytest.raises(UsageError, match="one way of clustering"):
        wild_bootstrap(el.ols("y ~ x1", frame), "x1")
    with pytest.raises(UsageError, match="no coefficient 'x9'"):
        wild_bootstrap(treated, "x9")
    with pytest.raises(UsageError, match="too few"):
        el.wild("g", draws=10)
    with pytest.raises(EstimationError, match="beside instruments"):
        el.iv("y ~ 1 | firm | x1 ~ x2", frame, vcov=el.wild("firm"))
    few = frame.with_columns(g=pl.col("province") % 3)
    fit = el.ols("y ~ x1", few, vcov=el.wild("g"))
    assert any("only 4 different draws" in w for w in fit.warnings)
    strong = el.ols("y2 ~ x1", few.with_columns(y2=pl.col("x1") + pl.col("y") / 1e4), vcov=el.wild("g"))
    assert any("has a larger |t| for x1: its p value is below 0.25" in w for w in strong.warnings)


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("effects", ["", "firm", "year", "firm + year"])
def test_pairs_against_regressions_run_again(effects: str, weights: str | None) -> None:
    """Each draw as a frame of its clusters, those drawn twice with firms of their own."""
    frame = random_panel(81, missing=0.02).drop_nulls()
    formula = "y ~ x1 + x2" + (f" | {effects}" if effects else "")
    fit = el.ols(formula, frame, vcov=el.cluster("province"), weights=weights)
    found = pairs_bootstrap(fit, draws=30, seed=7)
    assert (found.lost, len(found.draws)) == (0, 30)
    codes = fit.clusters[0].codes
    rows = frame[fit.design.rows]
    G = fit.clusters[0].levels
    for draw, counts in enumerate(np.random.default_rng(7).multinomial(G, np.full(G, 1 / G), 30)):
        copies = [
            rows.filter(pl.Series(codes == g)).with_columns(firm=pl.col("firm") + f"_{k}")
            for g in range(G)
            for k in range(counts[g])
        ]
        again = el.ols(formula, pl.concat(copies), weights=weights)
        np.testing.assert_allclose(found.draws[draw], again.tidy()["estimate"], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found.std_error, found.draws.std(axis=0, ddof=1))
    assert np.all(found.conf_low < found.conf_high)


def test_pairs_that_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = random_panel(82)
    with pytest.raises(UsageError, match="one way of clustering"):
        pairs_bootstrap(el.ols("y ~ x1", frame))
    with pytest.raises(EstimationError, match="2 clusters of 'two'"):
        pairs_bootstrap(el.ols("y ~ x1", frame.with_columns(two=pl.col("year") > 2002), vcov=el.cluster("two")))
    with pytest.raises(EstimationError, match="beside instruments"):
        pairs_bootstrap(el.iv("y ~ 1 | firm | x1 ~ x2", frame, vcov=el.cluster("firm")))
    monkeypatch.setattr("econloom.panel.inference.pairs.MOST_DUMMIES", 2)
    with pytest.raises(EstimationError, match="at most 2 levels of effects"):
        pairs_bootstrap(el.ols("y ~ x1 | year", frame, vcov=el.cluster("firm")))
