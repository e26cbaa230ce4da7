"""Shift-share inference: a published coefficient, mutual equivalence, a slow form, simulated size, wrong input."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import DataError, EstimationError, UsageError
from econloom.panel.inference import exposure

ADH = "tests/oracles/adh2013/cz_panel.parquet"
CONTROLS = "t2 + l_shind_manuf_cbp + l_sh_popedu_c + l_sh_popfborn + l_sh_empl_f + l_sh_routine33 + l_task_outsource"


@pytest.mark.parametrize(
    ("weights", "errors"),
    [(None, (0.0390714, 0.090163192, 0.100470868)), ("weights", (0.053969004, 0.095215853, 0.098773877))],
)
def test_autor_dorn_hanson(weights, errors):
    """The published -0.596 and Stata's errors, to their printed digits (see tests/oracles/adh2013)."""
    frame = pl.read_parquet(ADH).with_columns(pl.col("t2").cast(pl.Int8), pl.col("division").cast(pl.String))
    fit = el.iv(f"d_sh_empl_mfg ~ {CONTROLS} + i(division) | shock ~ IV", frame, weights=weights, ssc="ivreg2")
    if weights:
        assert round(fit.tidy().filter(term="shock")["estimate"][0], 3) == -0.596
    for vcov, expected in zip((el.iid(), el.hc1(), el.cluster("statefip")), errors, strict=True):
        found = fit.with_vcov(vcov).tidy().filter(term="shock")["std_error"][0]
        assert found == pytest.approx(expected, rel=2e-7)


def made(seed=0, n=60, K=8, complete=True, iv=True):
    """Regions, shares and shocks with a known effect of 1.5."""
    rng = np.random.default_rng(seed)
    S = rng.dirichlet(np.full(K, 0.7), n)
    if not complete:
        S *= rng.uniform(0.4, 0.9, (n, 1))
    g, u = rng.normal(size=K), rng.normal(size=n)
    z, common = S @ g, S @ rng.normal(size=K)
    x = 0.8 * z + u + rng.normal(size=n) if iv else z
    y = 1.5 * x + common + 0.5 * u + rng.normal(size=n)
    frame = pl.DataFrame({
        "region": [f"市{i}" for i in range(n)], "y": y, "x": x, "c": rng.normal(size=n), "w": rng.uniform(1, 3, n),
        "part": np.arange(n) % 4, "total": S.sum(1),
    })  # fmt: skip
    rows = [(f"市{i}", k, S[i, k]) for i in range(n) for k in range(K)]
    shares = pl.DataFrame(rows, schema=["region", "sector", "share"], orient="row")
    shocks = pl.DataFrame({"sector": np.arange(K), "shock": g, "group": np.arange(K) // 2, "q": rng.normal(size=K)})
    return frame, shares, shocks, S, g


def slow(frame, S, g, x, controls, w, clusters, b0=None):
    """The AKM formulas by loops over regions and sectors."""
    n, K = S.shape
    X = np.column_stack([np.ones(n), *controls])
    W = np.diag(w)

    def out(v):
        return v - X @ np.linalg.solve(X.T @ W @ X, X.T @ W @ v)

    y, x, z = out(frame["y"].to_numpy()), out(x), out(S @ g)
    b = (z @ W @ y) / (z @ W @ x)
    d = np.linalg.solve(S.T @ W @ S, S.T @ W @ z)
    total = 0.0
    for c in set(clusters):
        part = 0.0
        for k in range(K):
            if clusters[k] == c:
                for i in range(n):
                    part += d[k] * S[i, k] * w[i] * (y[i] - (b if b0 is None else b0) * x[i])
        total += part**2
    return b, np.sqrt(total) / abs(z @ W @ x), (z @ W @ (y - (b if b0 is None else b0) * x)) ** 2 / total


@pytest.mark.parametrize("iv", [True, False])
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("cluster", [None, "group"])
@pytest.mark.parametrize("complete", [True, False])
def test_akm_is_that_of_loops(iv, weights, cluster, complete):
    frame, shares, shocks, S, g = made(1, complete=complete, iv=iv)
    formula = "y ~ c + total | x ~ z" if iv and not complete else "y ~ c | x ~ z" if iv else "y ~ z + c"
    found = el.shift_share(formula, frame, shares, shocks, on="region", weights=weights, cluster=cluster)
    w = frame["w"].to_numpy() if weights else np.ones(60)
    controls = [frame["c"].to_numpy(), *([frame["total"].to_numpy()] if "total" in formula else [])]
    x = frame["x"].to_numpy() if iv else S @ g
    codes = shocks["group"].to_list() if cluster else list(range(8))
    b, se, _ = slow(frame, S, g, x, controls, w, codes)
    assert found.estimate == pytest.approx(b, rel=1e-10)
    assert found.estimate == pytest.approx(found.fit.tidy().filter(term="x" if iv else "z")["estimate"][0], rel=1e-9)
    assert found.intervals["akm"].std_error == pytest.approx(se, rel=1e-9)
    bounds = found.intervals["akm0"]
    for end in (bounds.low, bounds.high):  # on the edge of the set the test under the null is at its critical value
        if np.isfinite(end):
            assert slow(frame, S, g, x, controls, w, codes, end)[2] == pytest.approx(1.959963984540054**2, rel=1e-7)


def test_akm_and_the_shock_level_errors_agree_exactly_with_complete_shares_and_a_constant():
    """Then the coefficients of z on the shares are the shocks less their exposure-weighted mean."""
    frame, shares, shocks, *_ = made(2)
    for weights in (None, "w"):
        found = el.shift_share("y ~ 1 | x ~ z", frame, shares, shocks, on="region", weights=weights)
        assert found.intervals["bhj"].std_error == pytest.approx(found.intervals["akm"].std_error, rel=1e-9)


def test_the_regression_by_shock_is_equivalent():
    frame, shares, shocks, *_ = made(3)
    found = el.shift_share("y ~ c | x ~ z", frame, shares, shocks, on="region", weights="w", cluster="group")
    by_shock = found.shock_level().join(shocks.select("sector", "group"), on="sector")
    fit = el.iv("y ~ 1 | x ~ shock", by_shock, weights="weight", vcov=el.cluster("group"), ssc="none")
    row = fit.tidy().filter(term="x").row(0, named=True)
    assert row["estimate"] == pytest.approx(found.estimate, rel=1e-9)
    assert row["std_error"] == pytest.approx(found.intervals["bhj"].std_error, rel=1e-8)


def test_rotemberg_weights_make_the_estimate():
    frame, shares, shocks, S, _ = made(4)
    found = el.shift_share("y ~ c | x ~ z", frame, shares, shocks, on="region")
    listing = found.rotemberg()
    assert listing["weight"].sum() == pytest.approx(1, rel=1e-12)
    assert (listing["weight"] * listing["estimate"]).sum() == pytest.approx(found.estimate, rel=1e-10)
    assert listing["weight"].abs().is_sorted(descending=True)
    k = listing["sector"][0]
    alone = el.iv("y ~ c | x ~ share", frame.with_columns(share=S[:, k])).tidy().filter(term="x")["estimate"][0]
    assert listing["estimate"][0] == pytest.approx(alone, rel=1e-9)
    s = S.mean(0)
    assert found.effective_shocks == pytest.approx(s.sum() ** 2 / (s**2).sum(), rel=1e-12)


def test_effects_are_controls_too():
    frame, shares, shocks, *_ = made(5)
    one = el.shift_share("y ~ c | part | x ~ z", frame, shares, shocks, on="region", weights="w")
    two = el.shift_share("y ~ c + i(part) | x ~ z", frame, shares, shocks, on="region", weights="w")
    for name, interval in one.intervals.items():
        assert interval.std_error == pytest.approx(two.intervals[name].std_error, rel=1e-8)


def test_periods_have_shocks_of_their_own():
    parts = [made(seed, n=40, K=5) for seed in (6, 7)]
    frame, shares, shocks = (
        pl.concat([p[i].with_columns(year=pl.lit(2000 + t)) for t, p in enumerate(parts)]) for i in range(3)
    )
    found = el.shift_share(
        "y ~ c + i(year) | x ~ z",
        frame,
        shares,
        shocks,
        on=["region", "year"],
        sector=["sector", "year"],
        cluster="sector",
    )
    assert found.shocks.height == 10
    assert found.shocks["cluster"].n_unique() == 5
    assert found.rotemberg()["weight"].sum() == pytest.approx(1, rel=1e-12)


def test_rows_that_the_regression_drops_are_out_of_everything():
    frame, shares, shocks, *_ = made(8)
    holes = frame.with_columns(y=pl.when(pl.int_range(pl.len()) < 7).then(None).otherwise("y"))
    one = el.shift_share("y ~ c | x ~ z", holes, shares, shocks, on="region")
    two = el.shift_share("y ~ c | x ~ z", frame[7:], shares, shocks, on="region")
    three = el.shift_share("y ~ c | x ~ z", frame.sample(fraction=1, shuffle=True, seed=1), shares, shocks, on="region",
                           where="region not in ['市0','市1','市2','市3','市4','市5','市6']")  # fmt: skip
    for other in (two, three):
        for name, interval in one.intervals.items():
            assert interval.std_error == pytest.approx(other.intervals[name].std_error, rel=1e-9)


def test_size():
    """600 draws of shocks, seed and number fixed beforehand: 5 per cent tests with errors that share shocks.

    AKM0 within three Monte Carlo errors of .05; AKM between there and .10 (it rejects somewhat too often with some 50
    shocks); the robust test of the regression by region, which knows nothing of them, above .15.
    """
    rng = np.random.default_rng(20261125)
    n, K, draws = 200, 50, 600
    S = rng.dirichlet(np.full(K, 0.3), n)
    w, rejected = np.ones(n), {"akm": 0, "akm0": 0, "robust": 0}
    for _ in range(draws):
        z, y = S @ rng.normal(size=K), S @ rng.normal(size=K) + 0.1 * rng.normal(size=n)
        z, y = z - z.mean(), y - y.mean()
        found = exposure.Residuals(y, z, z, S, w)
        d = exposure.shock_residuals(found)
        clusters = np.arange(K)
        rejected["akm"] += exposure.akm(found, d, clusters).p_value < 0.05
        rejected["akm0"] += exposure.akm0(found, d, clusters).p_value < 0.05
        e = y - found.estimate * z
        rejected["robust"] += abs(found.estimate) > 1.96 * np.sqrt(((z * e) ** 2).sum()) / (z @ z)
    share = {k: v / draws for k, v in rejected.items()}
    error = 3 * np.sqrt(0.05 * 0.95 / draws)
    assert abs(share["akm0"] - 0.05) < error
    assert 0.05 - error < share["akm"] < 0.10
    assert share["robust"] > 0.15


def test_sets_that_are_not_intervals():
    """An instrument that hardly moves the regressor: the whole line, or everything but a hole."""
    kinds = set()
    for seed in range(40):
        frame, shares, shocks, *_ = made(seed, n=30, K=6)
        weak = frame.with_columns(x=pl.Series(np.random.default_rng(seed).normal(size=30)))
        set_ = el.shift_share("y ~ 1 | x ~ z", weak, shares, shocks, on="region").intervals["akm0"]
        kinds.add("line" if np.isinf(set_.low) else "hole" if set_.low > set_.high else "interval")
        assert np.isinf(set_.std_error) == (kinds is not None and (np.isinf(set_.low) or set_.low > set_.high))
    assert kinds >= {"line", "hole"}


def test_what_a_reader_has_to_know_is_said():
    frame, shares, shocks, *_ = made(9, complete=False)
    found = el.shift_share("y ~ c | x ~ z", frame, shares, shocks, on="region")
    assert any("put their sum among the controls" in w for w in found.warnings)
    twins = pl.concat([shares, shares.filter(sector=0).with_columns(sector=pl.lit(8, pl.Int64))])
    more = pl.concat([shocks, shocks.filter(sector=0).with_columns(sector=pl.lit(8, pl.Int64))])
    found = el.shift_share("y ~ c | x ~ z", frame, twins, more, on="region")
    assert any("no akm and akm0: the shares of 9 shocks in 60 regions are collinear" in w for w in found.warnings)
    assert list(found.intervals) == ["bhj"]
    assert found.tidy()["method"].to_list() == ["iid", "bhj"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"formula": "y ~ c | x ~ z + c"}, "one endogenous variable and one instrument"),
        ({"on": "regions"}, "no column 'regions', did you mean 'region'"),
        ({"share": "shares"}, "exposures: no column 'shares', did you mean 'share'"),
        ({"cluster": "groups"}, "shocks: no column 'groups', did you mean 'group'"),
        ({"shocks": lambda s: s[:6]}, "exposures to sectors without a shock: 6, 7"),
        ({"shocks": lambda s: s.with_columns(shock=pl.lit(None, pl.Float64))}, "shocks: missing or infinite in 8 rows"),
        ({"shocks": lambda s: pl.concat([s, s[:1]])}, "shocks: listed twice: 0"),
        ({"shocks": lambda s: s.with_columns(shock=pl.lit("up"))}, "'shock' is not numeric"),
        ({"exposures": lambda s: pl.concat([s, s[:1]])}, "exposures: listed twice: 市0 0"),
        ({"exposures": lambda s: s.with_columns(share=pl.lit(float("inf")))}, "exposures: missing or infinite"),
        ({"exposures": lambda s: s.filter(pl.col("region") != "市3")}, "data without exposures in 1 rows: 市3"),
        ({"data": lambda f: pl.concat([f, f[:1]])}, "data: listed twice: 市0"),
        ({"data": lambda f: f.with_columns(z=pl.lit(1.0))}, "the column 'z' is not shares times shocks in"),
        ({"shocks": lambda s: s.with_columns(shock=pl.lit(1.0))}, "nothing is left|collinear|vary|explain|instrument"),
        ({"exposures": [1]}, "a polars DataFrame is needed, not list"),
    ],
)
def test_input_that_does_not_fit(change, message):
    frame, shares, shocks, *_ = made(10)
    given = {"formula": "y ~ c | x ~ z", "data": frame, "exposures": shares, "shocks": shocks, "on": "region"}
    for key, value in change.items():
        given[key] = value(given[key]) if callable(value) else value
    with pytest.raises((DataError, UsageError, EstimationError), match=message):
        el.shift_share(**given)
