"""Mediation: steps by dummy regressions, draws by refitting weighted samples, sensitivity by finding the root."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy.optimize import brentq

import econloom as el
from econloom.core.errors import EstimationError, UsageError
from econloom.core.estimate import Unavailable
from econloom.panel.designs.indirect import Drawn, bias_corrected
from tests.panel.samples import dummies

Array = npt.NDArray[np.float64]


def _frame(seed: int = 4, firms: int = 40, years: int = 6) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    firm, year = (a.ravel() for a in np.meshgrid(np.arange(firms), np.arange(years), indexing="ij"))
    n = len(firm)
    x, z = rng.normal(size=(2, n)) + 0.1 * firm
    m1 = 0.8 * x + 0.3 * z + rng.normal(size=n)
    m2 = -0.5 * x + rng.normal(size=n)
    y = 0.5 * x + 0.7 * m1 + 0.6 * m2 + z + 0.05 * firm + 0.2 * year + rng.normal(size=n)
    frame = pl.DataFrame({"firm": firm, "year": year, "x": x, "z": z, "m1": m1, "m2": m2, "y": y,
                          "w": rng.uniform(0.5, 2, n)})  # fmt: skip
    return frame.with_columns(m1=pl.when(pl.int_range(n) % 17 == 3).then(None).otherwise(pl.col("m1")))


FRAME = _frame()
KEYS = {"unit": "firm", "time": "year", "vcov": el.cluster("firm")}


def _lstsq(y: str, x: list[str], frame: pl.DataFrame, weights: Array) -> Array:
    """Slopes with dummies of firms and years."""
    Z = np.column_stack([frame.select(x).to_numpy(), dummies(frame["firm"]), dummies(frame["year"])])
    root = np.sqrt(weights)
    return np.asarray(np.linalg.lstsq(Z * root[:, None], frame[y].to_numpy() * root, rcond=1e-12)[0][: len(x)])


def _paths(frame: pl.DataFrame, weights: Array) -> dict[str, float]:
    """All paths, one regression after the other."""
    found = {"c": _lstsq("y", ["x", "z"], frame, weights)[0]}
    for m in ("m1", "m2"):
        found[f"a_{m}"] = _lstsq(m, ["x", "z"], frame, weights)[0]
        found[f"direct_{m}"], found[f"b_{m}"], _ = _lstsq("y", ["x", m, "z"], frame, weights)
    found["direct"], found["b1"], found["b2"], _ = _lstsq("y", ["x", "m1", "m2", "z"], frame, weights)
    return found


@pytest.mark.parametrize("weights", [None, "w"])
def test_paths_are_those_of_dummy_regressions_on_one_sample(weights: str | None) -> None:
    found = el.mediation.steps("y", "x", ["m1", "m2"], FRAME, "z | firm + year", weights=weights, draws=0, **KEYS)
    common = FRAME.drop_nulls()
    wanted = _paths(common, common["w"].to_numpy() if weights else np.ones(common.height))
    assert found.total.design.n == common.height
    for e in found.effects[:2]:
        assert e.a == pytest.approx(wanted[f"a_{e.mediator}"], rel=1e-8)
        assert e.b == pytest.approx(wanted[f"b_{e.mediator}"], rel=1e-8)
        assert e.total == pytest.approx(wanted["c"], rel=1e-8)
        assert e.direct == pytest.approx(wanted[f"direct_{e.mediator}"], rel=1e-8)
        assert e.total == pytest.approx(e.direct + e.indirect, rel=1e-10)
        assert e.gap < 1e-12
    together = found.effects[4]
    assert together.indirect == pytest.approx(wanted["a_m1"] * wanted["b1"] + wanted["a_m2"] * wanted["b2"], rel=1e-8)
    assert together.direct == pytest.approx(wanted["direct"], rel=1e-8)
    assert together.total == pytest.approx(together.direct + together.indirect, rel=1e-10)


def test_sobel_is_its_formula_and_the_joint_form_agrees_for_one_mediator() -> None:
    found = el.mediation.steps("y", "x", "m1", FRAME, "z | firm + year", draws=0, **KEYS)
    first = found.mediators[0].tidy().filter(term="x").row(0, named=True)
    second = found.outcomes[0].tidy().filter(term="m1").row(0, named=True)
    e = found.effects[0]
    wanted = math.sqrt(
        first["estimate"] ** 2 * second["std_error"] ** 2 + second["estimate"] ** 2 * first["std_error"] ** 2
    )
    assert e.std_error == pytest.approx(wanted, rel=1e-12)
    assert e.p_value == pytest.approx(math.erfc(abs(e.indirect / wanted) / math.sqrt(2)), rel=1e-9)


def test_the_sum_of_paths_has_sobels_error_under_iid() -> None:
    """Under iid errors a and b are uncorrelated, and with one mediator that is no help the sum is the single path."""
    frame = FRAME.drop_nulls()
    found = el.mediation.steps("y", "x", ["m1", "m2"], frame, "z | firm + year", draws=0, unit="firm", time="year")
    first, second, whole = found.effects[2:]
    residuals = np.column_stack([f.estimate.residuals for f in found.mediators])
    joint = found.joint
    assert joint is not None
    Sigma = residuals.T @ residuals / found.mediators[0].counts.n
    Va = Sigma / Sigma[0, 0] * found.mediators[0].tidy()["std_error"][0] ** 2
    names = list(joint.estimate.names)
    Vb = joint.vcov[np.ix_([names.index(m) for m in ("m1", "m2")], [names.index(m) for m in ("m1", "m2")])]
    a, b = np.array([first.a, second.a]), np.array([first.b, second.b])
    assert whole.std_error == pytest.approx(math.sqrt(b @ Va @ b + a @ Vb @ a), rel=1e-6)


@pytest.mark.parametrize("weights", [None, "w"])
def test_draws_are_what_refitting_gives(weights: str | None) -> None:
    found = el.mediation.steps(
        "y", "x", ["m1", "m2"], FRAME, "z | firm + year", weights=weights, draws=99, seed=9, **KEYS
    )
    assert isinstance(found.drawn, Drawn) and found.drawn.lost == 0
    common = FRAME.drop_nulls()
    firms = common["firm"].unique().sort().to_list()
    G = len(firms)
    counts = np.random.default_rng(9).multinomial(G, np.full(G, 1 / G), 99)
    w = common["w"].to_numpy() if weights else np.ones(common.height)
    for d in range(6):
        times = dict(zip(firms, counts[d].tolist(), strict=True))
        weight = w * np.array([times[f] for f in common["firm"]])
        keep = weight > 0
        wanted = _paths(common.filter(pl.Series(keep)), weight[keep])
        single = [wanted[f"a_{m}"] * wanted[f"b_{m}"] for m in ("m1", "m2")]
        joint = [wanted["a_m1"] * wanted["b1"], wanted["a_m2"] * wanted["b2"]]
        assert found.drawn.single[d] == pytest.approx(single, rel=1e-7)
        assert found.drawn.joint[d] == pytest.approx([*joint, sum(joint)], rel=1e-7)
    again = el.mediation.steps(
        "y", "x", ["m1", "m2"], FRAME, "z | firm + year", weights=weights, draws=99, seed=9, **KEYS
    )
    assert again.effects == found.effects


def test_rows_are_drawn_without_clusters_and_effects() -> None:
    found = el.mediation.steps("y", "x", "m1", FRAME, "z", draws=199)
    assert isinstance(found.drawn, Drawn) and found.drawn.name == "rows"
    e = found.effects[0]
    assert e.boot_error == pytest.approx(e.std_error, rel=0.35)
    refused = el.mediation.steps("y", "x", "m1", FRAME, "z | firm", draws=199)
    assert isinstance(refused.drawn, Unavailable) and "el.cluster" in refused.drawn.reason


def test_bias_corrected_interval_by_hand() -> None:
    draws = np.arange(1.0, 1001.0)
    assert bias_corrected(draws, 500.5) == pytest.approx(tuple(np.quantile(draws, [0.025, 0.975])))
    low, high = bias_corrected(draws, 600.5)  # 60 per cent below: z0 = 0.2533, shares Phi(2 z0 -+ 1.96)
    assert (low, high) == pytest.approx((np.quantile(draws, 0.073088), np.quantile(draws, 0.993168)), rel=1e-3)


@pytest.mark.parametrize("rho", [-0.6, -0.2, 0.1, 0.5, 0.8])
def test_sensitivity_is_the_root_of_the_correlation(rho: float) -> None:
    """b such that the errors of mediator and outcome have that correlation, found by search."""
    found = el.mediation.steps("y", "x", "m1", FRAME, "z | firm + year", draws=0, **KEYS)
    e1, e2 = found.total.estimate.residuals, found.mediators[0].estimate.residuals
    b = brentq(lambda g: np.corrcoef(e2, e1 - g * e2)[0, 1] - rho, -50, 50, xtol=1e-14)
    row = found.sensitivity("m1", [rho]).row(0, named=True)
    assert row["indirect"] == pytest.approx(found.effects[0].a * b, rel=1e-7)
    zero = found.sensitivity("m1", [found.effects[0].rho])["indirect"][0]
    assert abs(zero) < 1e-12 * abs(found.effects[0].indirect) + 1e-14


def test_at_no_correlation_the_draws_are_those_of_ab() -> None:
    found = el.mediation.steps("y", "x", ["m1", "m2"], FRAME, "z | firm + year", draws=199, **KEYS)
    for e in found.effects[:2]:
        row = found.sensitivity(e.mediator, [0.0]).row(0, named=True)
        assert (row["indirect"], row["conf_low"], row["conf_high"]) == pytest.approx(
            (e.indirect, e.conf_low, e.conf_high)
        )


@pytest.mark.parametrize(
    ("total", "direct", "indirect", "significant", "words"),
    [
        (1.0, 0.6, 0.4, True, "40.0% of the total"),
        (1.0, 1.5, -0.5, True, "suppression"),
        (-1.0, -1.5, 0.5, True, "suppression"),
        (1.0, -0.2, 1.2, True, "inconsistent"),
        (1.0, 0.6, 0.4, False, "not distinguishable"),
    ],
)
def test_what_signs_say(total: float, direct: float, indirect: float, significant: bool, words: str) -> None:
    base = el.mediation.steps("y", "x", "m1", FRAME, draws=0).effects[0]
    share = indirect / total if indirect * total > 0 else math.nan
    e = replace(base, total=total, direct=direct, indirect=indirect, p_value=0.01 if significant else 0.5, share=share)
    assert words in e.verdict.text("en") and e.verdict.zh


def test_a_suppressor_is_called_one() -> None:
    found = el.mediation.steps("y", "x", "m2", FRAME, "z + m1 | firm + year", draws=299, **KEYS)
    assert found.effects[0].indirect * found.effects[0].total < 0
    assert "遮掩效应" in found.effects[0].verdict.text("zh")


def test_each_step_with_its_own_sample() -> None:
    found = el.mediation.steps("y", "x", "m1", FRAME, "z | firm", rows="each", draws=199, **KEYS)
    assert found.total.design.n == FRAME.height > found.mediators[0].design.n
    assert isinstance(found.drawn, Unavailable) and found.effects[0].gap > 1e-6


def test_a_later_outcome() -> None:
    found = el.mediation.steps("y", "x", "m1", FRAME, "z | firm", lead_y=1, draws=0, **KEYS)
    ahead = FRAME.with_columns(later=pl.col("y").shift(-1).over("firm"))
    wanted = el.mediation.steps("later", "x", "m1", ahead, "z | firm", draws=0, **KEYS)
    assert found.effects[0].indirect == pytest.approx(wanted.effects[0].indirect, rel=1e-10)


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"m": "copy"}, EstimationError, "the mediator 'copy' has no path b.*collinear with"),
        ({"m": "mixed"}, EstimationError, "the mediator 'mixed' has no path b"),
        ({"m": ["m1", "twin"]}, EstimationError, "no path b beside the others"),
        ({"m": "trait"}, EstimationError, "mediator 'trait'.*does not vary within the effects"),
        ({"x": "trait"}, EstimationError, "total effect|the treatment 'trait' has no coefficient"),
        ({"m": "x"}, UsageError, "is the treatment itself"),
        ({"m": "y"}, UsageError, "is the outcome itself"),
        ({"m": ["m1", "m1"]}, UsageError, "named twice"),
        ({"m": []}, UsageError, "needs a mediator"),
        ({"m": "mm1"}, UsageError, "did you mean 'm1'"),
        ({"y": "x"}, UsageError, "both 'x'"),
        ({"draws": 10}, UsageError, "too few"),
        ({"rows": "all"}, UsageError, "'common' or 'each'"),
        ({"where": "year > 99"}, EstimationError, "no rows are left"),
        ({"vcov": el.cluster("one")}, EstimationError, "one cluster"),
        ({"rest": "z | frm"}, UsageError, "did you mean 'firm'"),
    ],
)
def test_errors(options: dict[str, Any], kind: type[Exception], words: str) -> None:
    frame = FRAME.with_columns(copy=2 * pl.col("x"), mixed=pl.col("x") - pl.col("z"), twin=3 - pl.col("m1"),
                               trait=pl.col("firm") * 1.0, one=pl.lit("all"))  # fmt: skip
    given = {"y": "y", "x": "x", "m": "m1", "data": frame, "rest": "z | firm + year", "draws": 0, **KEYS, **options}
    with pytest.raises(kind, match=f"(?s){words}"):
        el.mediation.steps(**given)


def test_errors_of_the_sensitivity() -> None:
    found = el.mediation.steps("y", "x", "m1", FRAME, draws=0)
    with pytest.raises(UsageError, match="did you mean 'm1'"):
        found.sensitivity("m11")
    with pytest.raises(UsageError, match="between -1 and 1"):
        found.sensitivity("m1", [1.0])
