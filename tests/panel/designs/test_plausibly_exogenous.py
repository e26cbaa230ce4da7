"""Bounds of Conley, Hansen and Rossi against a loop of two-stage least squares of y - Z g, and their formulas."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import polars as pl
import pytest
from scipy import integrate, special

import econloom as el
from econloom.core.errors import EstimationError, UsageError
from econloom.panel.designs.exogeneity import _quantile

BOUNDS = el.sensitivity.plausibly_exogenous
RANGES = {"z1": (-0.2, 0.3), "z2": (0.0, 0.1), "z3": 0.05}


def data(seed: int, direct: tuple[float, float, float] = (0.0, 0.0, 0.0), firms: int = 40) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    n = firms * 6
    firm = np.repeat(np.arange(firms), 6)
    z = rng.normal(size=(n, 3)) * [1.0, 2.0, 0.5] + rng.normal(size=(firms, 1))[firm]
    u, w = rng.normal(size=(2, n))
    x = 0.8 * z[:, 0] + 0.5 * z[:, 1] + 0.7 * z[:, 2] + w + u
    v = 0.6 * z[:, 1] - 0.4 * z[:, 0] + rng.normal(size=n) - u
    c = rng.normal(size=n)
    y = 1 + x + 0.5 * v + 0.3 * c + u + rng.normal(size=firms)[firm] + z @ direct
    return pl.DataFrame({
        "firm": firm, "year": np.tile(np.arange(6), firms), "x": x, "v": v, "c": c, "y": y, "w": rng.uniform(0.5, 2, n),
        "z1": z[:, 0], "z2": z[:, 1], "z3": z[:, 2], "lat": rng.normal(30, 1, firms)[firm],
        "lon": rng.normal(110, 1, firms)[firm],
    })  # fmt: skip


def slow(frame: pl.DataFrame, formula: str, term: str, **given) -> tuple[float, float]:
    """Two-stage least squares again at every corner."""
    found = []
    for g1, g2 in product(RANGES["z1"], RANGES["z2"]):
        shifted = frame.with_columns(y=pl.col("y") - g1 * pl.col("z1") - g2 * pl.col("z2") - 0.05 * pl.col("z3"))
        row = el.iv(formula, shifted, unit="firm", time="year", **given).tidy().filter(term=term)
        found.append(row.select("conf_low", "conf_high").row(0))
    return min(f[0] for f in found), max(f[1] for f in found)


VCOVS = [el.iid(), el.hc1(), el.cluster("firm"), el.cluster("firm", "year"), el.newey_west(2), el.driscoll_kraay(1)]


@pytest.mark.parametrize("vcov", [*VCOVS, el.conley("lat", "lon", 100)], ids=str)
@pytest.mark.parametrize(
    ("formula", "term"),
    [("y ~ c | firm + year | x ~ z1 + z2 + z3", "x"), ("y ~ c | x + v ~ z1 + z2 + z3", "v")],
)
def test_the_union_is_that_of_a_loop(vcov, formula: str, term: str) -> None:
    frame = data(1)
    given = {"vcov": vcov, "weights": "w"}
    fit = el.iv(formula, frame, unit="firm", time="year", **given)
    made = BOUNDS(fit, RANGES, term=term)
    assert made.union == pytest.approx(slow(frame, formula, term, **given), rel=1e-8)
    assert made.points.height == 4 and made.points["z3"].unique().to_list() == [0.05]


@pytest.mark.parametrize("ssc", ["fixest", "reghdfe", "ivreg2", "none"])
def test_conventions_and_levels(ssc: str) -> None:
    frame = data(2)
    formula = "y ~ c | firm + year | x ~ z1 + z2 + z3"
    fit = el.iv(formula, frame, vcov=el.cluster("firm"), ssc=ssc, unit="firm", time="year")
    made = BOUNDS(fit, RANGES)
    assert made.union == pytest.approx(slow(frame, formula, "x", vcov=el.cluster("firm"), ssc=ssc), rel=1e-8)
    narrow = BOUNDS(fit, RANGES, level=0.9)
    assert made.union[0] < narrow.union[0] < narrow.union[1] < made.union[1]
    law = fit.inference
    t = special.ndtri(0.95) if law.df is None else special.stdtrit(law.df, 0.95)
    assert narrow.exogenous[3] == pytest.approx(made.exogenous[0] + t * made.exogenous[1], rel=1e-10)


def test_the_constant_has_bounds_too() -> None:
    frame = data(3)
    formula = "y ~ c | x ~ z1 + z2 + z3"
    fit = el.iv(formula, frame, unit="firm", time="year")
    assert BOUNDS(fit, RANGES, term="(Intercept)").union == pytest.approx(slow(frame, formula, "(Intercept)"), rel=1e-8)


def test_no_point_inside_the_box_goes_beyond_its_corners() -> None:
    frame = data(4)
    fit = el.iv("y ~ c | firm + year | x ~ z1 + z2 + z3", frame, vcov=el.cluster("firm"))
    low, high = BOUNDS(fit, RANGES).union
    rng = np.random.default_rng(1)
    for _ in range(50):
        inside = {"z1": rng.uniform(-0.2, 0.3), "z2": rng.uniform(0, 0.1), "z3": 0.05}
        one = BOUNDS(fit, inside).union
        assert low - 1e-12 <= one[0] and one[1] <= high + 1e-12


def test_local_to_zero_by_matrices() -> None:
    """``N(b - A mu, V + A Omega A')`` with A from the dense formula on demeaned columns."""
    frame = data(5)
    fit = el.iv("y ~ c | firm + year | x + v ~ z1 + z2 + z3", frame, vcov=el.hc1())
    D = np.column_stack([(frame["firm"].to_numpy()[:, None] == np.arange(40)),
                         (frame["year"].to_numpy()[:, None] == np.arange(6))]).astype(float)  # fmt: skip
    M = np.eye(len(D)) - D @ np.linalg.pinv(D)
    X, Z = (M @ frame.select(names).to_numpy() for names in (["x", "v", "c"], ["c", "z1", "z2", "z3"]))
    P = Z @ np.linalg.solve(Z.T @ Z, Z.T)
    A = np.linalg.solve(X.T @ P @ X, X.T @ Z)[:, 1:]
    mu, sd = np.array([0.1, 0.0, -0.05]), np.array([0.2, 0.0, 0.1])
    prior = {f"z{j + 1}": (mu[j], sd[j]) for j in range(3)}
    for at, term in enumerate(("x", "v", "c")):
        made = BOUNDS(fit, prior=prior, term=term)
        b, error = fit.tidy().filter(term=term).select("estimate", "std_error").row(0)
        wide = math.sqrt(error**2 + float((A[at] * sd) @ (A[at] * sd)))
        centre = b - A[at] @ mu
        wanted = (centre, wide, centre - special.ndtri(0.975) * wide, centre + special.ndtri(0.975) * wide)
        assert made.local == pytest.approx(wanted, rel=1e-8)
        assert list(made.loadings.values()) == pytest.approx(A[at].tolist(), rel=1e-8, abs=1e-12)
    assert made.union is None and made.tidy()["method"].to_list() == ["exogenous", "local_to_zero"]


@pytest.mark.parametrize("halves", [[0.3], [1e-6], [50.0], [0.2, 0.5], [0.1, 0.2, 2.0]])
def test_flat_priors_by_numerical_integration(halves: list[float]) -> None:
    """The distribution of a normal plus flat variables at the quantile, integrated over the flat ones one by one."""
    x = _quantile(1.3, halves, 0.975)

    def below(at: float, rest: list[float]) -> float:
        if not rest:
            return float(special.ndtr(at / 1.3))
        h = rest[-1]
        points = [at] if -h < at < h else None
        return integrate.quad(lambda u: below(at - u, rest[:-1]), -h, h, epsabs=1e-10, points=points)[0] / (2 * h)

    assert below(x, halves) == pytest.approx(0.975, abs=1e-8)


def test_a_flat_prior_and_a_normal_one_together() -> None:
    fit = el.iv("y ~ c | firm + year | x ~ z1 + z2", data(6), vcov=el.cluster("firm"))
    made = BOUNDS(fit, prior={"z1": el.sensitivity.Uniform(0, 0.4), "z2": (0.0, 0.1)})
    b, error = fit.tidy().filter(term="x").select("estimate", "std_error").row(0)
    a1, a2 = made.loadings.values()
    rng = np.random.default_rng(3)
    n = 400_000
    drawn = b - error * rng.normal(size=n) - a1 * rng.uniform(0, 0.4, n) - a2 * 0.1 * rng.normal(size=n)
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert made.local[0] == pytest.approx(b - 0.2 * a1, rel=1e-12)
    assert made.local[1] == pytest.approx(drawn.std(), rel=5e-3)  # 400,000 draws: 0.1 per cent, five times it
    assert made.local[2:] == pytest.approx((low, high), abs=5 * 1.6 * drawn.std() / math.sqrt(n))


def test_coverage() -> None:
    """160 samples, seeds 1000 to 1159, direct effect 0.15 of z1: the plain interval fails, both bounds hold.

    The union over [0, 0.3] covers at least 95 per cent; with g drawn from its prior the local one covers 95 per cent.
    Bands: four Monte Carlo errors (1.72 per cent each).
    """
    inside = {"plain": 0, "union": 0, "local": 0}
    rng = np.random.default_rng(9)
    for seed in range(1000, 1160):
        g = rng.normal(0.15, 0.1)
        for name, direct in (("fixed", 0.15), ("drawn", g)):
            fit = el.iv("y ~ c | x ~ z1", _one(seed, direct), vcov=el.hc1())
            made = BOUNDS(fit, {"z1": (0, 0.3)}, {"z1": (0.15, 0.1)})
            if name == "fixed":
                inside["plain"] += made.exogenous[2] <= 1 <= made.exogenous[3]
                inside["union"] += made.union[0] <= 1 <= made.union[1]
            else:
                inside["local"] += made.local[2] <= 1 <= made.local[3]
    assert inside["plain"] / 160 < 0.95 - 4 * 0.0172 < inside["union"] / 160
    assert abs(inside["local"] / 160 - 0.95) < 4 * 0.0172


def _one(seed: int, direct: float) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    z, u, w, c = rng.normal(size=(4, 300))
    x = z + u + w
    return pl.DataFrame({"z1": z, "x": x, "c": c, "y": x + direct * z + u + rng.normal(size=300)})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "what may the direct effects be"),
        ({"support": {"zz1": (0, 1)}}, "no instrument 'zz1', did you mean 'z1'"),
        ({"support": {"z1": (1, 0)}}, r"support of 'z1': \(low, high\), not \(1, 0\)"),
        ({"support": {"z1": (0, math.inf)}}, "support of 'z1'"),
        ({"support": {"z1": (0, 1, 2)}}, "support of 'z1'"),
        ({"prior": {"z1": (0, -1)}}, "prior of 'z1'"),
        ({"prior": {"z1": 0.1}}, "prior of 'z1'"),
        ({"prior": {"q": (0, 1)}}, "no instrument 'q'"),
        ({"support": {"z1": (0, 1)}, "term": "zz"}, "no coefficient 'zz'"),
        ({"support": {"z1": (0, 1)}, "level": 95}, "level=95: between 0 and 1"),
    ],
)
def test_wrong_input_is_named(given: dict, says: str) -> None:
    fit = el.iv("y ~ c | firm | x ~ z1 + z2 + z3", data(7))
    with pytest.raises(UsageError, match=says):
        BOUNDS(fit, **given)


def test_what_has_no_bounds_says_why() -> None:
    frame = data(8)
    formula = "y ~ c | firm | x ~ z1 + z2"
    with pytest.raises(EstimationError, match="two-step GMM"):
        BOUNDS(el.iv(formula, frame, vcov=el.hc1(), method="gmm"), {"z1": (0, 1)})
    with pytest.raises(EstimationError, match="over-identified LIML"):
        BOUNDS(el.iv(formula, frame, method="liml"), {"z1": (0, 1)})
    with pytest.raises(UsageError, match="the model has no instruments"):
        BOUNDS(el.ols("y ~ c", frame), {"z1": (0, 1)})
    twice = frame.with_columns(z4=2 * pl.col("z1"))
    with pytest.raises(UsageError, match=r"no instrument 'z4' \(left out: collinear"):
        BOUNDS(el.iv("y ~ c | firm | x ~ z1 + z4", twice), {"z4": (0, 1)})
    with pytest.raises(UsageError, match="low < high"):
        el.sensitivity.Uniform(1, 1)
    same = el.iv("y ~ c | firm | x ~ z1", frame, method="liml")
    assert BOUNDS(same, {"z1": (0, 0.1)}).union == pytest.approx(
        BOUNDS(el.iv("y ~ c | firm | x ~ z1", frame), {"z1": (0, 0.1)}).union, rel=1e-9
    )
