"""Goodman-Bacon's decomposition and the weights of de Chaisemartin and D'Haultfoeuille.

Oracles: bacondecomp 0.1.1 on castle (coefficient and means by kind of comparison) and on math_reform (coefficient);
the two-way coefficient of el.ols; diff-diff 3.13.0 for every pair and for the weights; a slow form by dummies.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import DataError, EstimationError, UsageError
from econloom.core.estimate import Unavailable
from tests.panel.did.samples import load, staggered

NAMES = {"treated vs untreated": "treated_vs_never", "earlier vs later treated": "earlier_vs_later",
         "later vs earlier treated": "later_vs_earlier"}  # fmt: skip


def test_castle_doctrine_by_kind_of_comparison() -> None:
    found = el.did.bacon("l_homicide ~ post", load("castle"), "state", "year")
    assert found.coefficient == pytest.approx(0.081811617, abs=1e-9)
    by = {kind: (w, b) for kind, _, w, b in found.by_comparison().rows()}
    assert by["treated vs untreated"] == pytest.approx((0.908339, 0.087962), abs=1e-6)
    assert by["earlier vs later treated"] == pytest.approx((0.059763, -0.005542), abs=1e-6)
    assert by["later vs earlier treated"] == pytest.approx((0.031898, 0.070321), abs=1e-6)
    assert found.forbidden == pytest.approx(0.031898, abs=1e-6)


def test_math_reform() -> None:
    found = el.did.bacon("incearn_ln ~ reform_math", load("math_reform"), "state", "class")
    assert found.coefficient == pytest.approx(0.00245997292, abs=1e-10)


CASES = [
    ("castle", "l_homicide", "post", "state", "year"),
    ("math_reform", "incearn_ln", "reform_math", "state", "class"),
]


@pytest.mark.parametrize(("name", "y", "d", "unit", "time"), CASES)
def test_weights_sum_to_one_and_their_mean_is_the_coefficient(name: str, y: str, d: str, unit: str, time: str) -> None:
    found = el.did.bacon(f"{y} ~ {d}", load(name), unit, time)
    rows = found.tidy()
    assert rows["weight"].sum() == pytest.approx(1, abs=1e-12) and (rows["weight"] > 0).all()
    fit = el.ols(f"{y} ~ {d} | {unit} + {time}", load(name))
    assert (rows["weight"] * rows["estimate"]).sum() == pytest.approx(fit.tidy()["estimate"][0], abs=1e-10)
    assert found.coefficient == pytest.approx(fit.tidy()["estimate"][0], abs=1e-10)


@pytest.mark.parametrize(("name", "y", "d", "unit", "time"), CASES)
def test_every_pair_is_that_of_diff_diff(name: str, y: str, d: str, unit: str, time: str) -> None:
    diff_diff = pytest.importorskip("diff_diff")
    frame = load(name)
    g = pl.col(time).filter(pl.col(d) == 1).min().over(unit).fill_null(0)
    other = diff_diff.bacon_decompose(frame.with_columns(g=g).to_pandas(), y, unit, time, "g")
    never = (0, float("inf"), "never_treated")
    theirs = {}
    for c in other.comparisons:
        control = None if c.control_group in never else int(c.control_group)
        theirs[c.comparison_type, int(c.treated_group), control] = (c.weight, c.estimate)
    ours = {
        (NAMES[k], t, c): (w, b) for k, _, t, c, w, b in el.did.bacon(f"{y} ~ {d}", frame, unit, time).tidy().rows()
    }
    assert set(ours) == set(theirs)
    for key, pair in ours.items():
        assert pair == pytest.approx(theirs[key], abs=1e-9)


def test_always_treated_units_are_a_comparison_of_their_own() -> None:
    frame = staggered(cohorts=(1, 3, 5), units=41)
    found = el.did.bacon("y ~ d", frame, "i", "t")
    assert {c.kind for c in found.comparisons} == {
        "treated vs untreated", "earlier vs later treated", "later vs earlier treated", "later vs always treated"
    }  # fmt: skip
    fit = el.ols("y ~ d | i + t", frame)
    assert sum(c.weight for c in found.comparisons) == pytest.approx(1, abs=1e-12)
    assert sum(c.weight * c.estimate for c in found.comparisons) == pytest.approx(fit.tidy()["estimate"][0], abs=1e-10)


def test_covariates_and_missing_rows_are_refused_or_said() -> None:
    frame = staggered().filter((pl.col("i") != 5) | (pl.col("t") != 2))
    with pytest.raises(EstimationError, match="unbalanced: 1 of 60 units"):
        el.did.bacon("y ~ d", frame, "i", "t")
    with pytest.raises(UsageError, match="no covariates"):
        el.did.bacon("y ~ d + x", staggered(), "i", "t")
    found = el.did.bacon("y ~ d + z", frame, "i", "t", on="balanced")
    plain = el.did.bacon("y ~ d", frame.filter(pl.col("i") != 5), "i", "t")
    assert found.tidy().equals(plain.tidy()) and (found.n, found.n_units) == (354, 59)
    full = el.ols("y ~ d + z | i + t", frame)
    assert (found.full.coefficient, found.full.n) == (pytest.approx(full.tidy()["estimate"][0], rel=1e-12), 359)
    assert "units not seen in every period" in str(found.sample) and "354 rows" in found.warnings[0]


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (lambda f: f.with_columns(d=pl.col("d") * 2), DataError, "not 0 or 1"),
        (
            lambda f: f.with_columns(d=pl.when(pl.col("t") == 6).then(0).otherwise("d")),
            DataError,
            "switches off in 45 units",
        ),
        (lambda f: f.with_columns(d=(pl.col("t") > 3) * 1), EstimationError, "at once, in 4"),
        (lambda f: f.with_columns(d=pl.lit(0)), EstimationError, "treated never"),
    ],
)
def test_treatments_that_cannot_be_decomposed(change: object, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        el.did.bacon("y ~ d", change(staggered()), "i", "t")


def test_wrong_calls_of_the_decomposition() -> None:
    for formula, options, words in [
        ("y ~ d | i + t", {}, "takes no effects"),
        ("y ~ 1", {}, "no treatment"),
        ("y ~ d", {"on": "part"}, "'balanced'"),
    ]:
        with pytest.raises(UsageError, match=words):
            el.did.bacon(formula, staggered(), "i", "t", **options)
    with pytest.raises(UsageError, match="both keys"):
        el.did.bacon("y ~ d", staggered(), "i")


def slow_weights(frame: pl.DataFrame, controls: list[str], weighted: bool) -> tuple[np.ndarray, float]:
    """By dummies: residual of the treatment, weights of treated rows, the coefficient."""
    i, t = frame["i"].to_numpy(), frame["t"].to_numpy()
    Z = np.column_stack(
        [np.eye(i.max() + 1)[i], np.eye(t.max() + 1)[t][:, 2:], *(frame[c].to_numpy() for c in controls)]
    )
    w = frame["w"].to_numpy() if weighted else np.ones(len(i))
    d, y, root = frame["d"].to_numpy().astype(float), frame["y"].to_numpy(), np.sqrt(w)
    e = d - Z @ np.linalg.lstsq(Z * root[:, None], d * root, rcond=None)[0]
    return w * d * e / (w * d * e).sum(), (w * e * y).sum() / (w * e * d).sum()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("controls", [[], ["z"]])
def test_weights_in_slow_form(controls: list[str], weighted: bool) -> None:
    frame = staggered(cohorts=(1, 2, 5), never=False, units=30, periods=7)
    frame = frame.filter(pl.col("i") * 7 % 11 + pl.col("t") != 8)
    formula = " + ".join(["y ~ d", *controls]) + " | i + t"
    found = el.did.twfe_weights(formula, frame, weights="w" if weighted else None)
    share, b = slow_weights(frame, controls, weighted)
    want = frame.with_columns(slow=pl.Series(share)).filter(pl.col("d") == 1).sort("i", "t")
    assert np.allclose(found.cells["weight"], want["slow"], rtol=0, atol=1e-10)
    assert found.coefficient == pytest.approx(b, rel=1e-9)
    assert found.n_negative == int((want["slow"] < -1e-10).sum()) > 0
    assert found.sum_positive + found.sum_negative == pytest.approx(1, abs=1e-10)
    assert found.sum_negative == pytest.approx(want["slow"].clip(upper_bound=0).sum(), abs=1e-10)


def test_effects_by_their_weights_give_the_coefficient() -> None:
    frame = staggered(cohorts=(2, 4), never=False, units=20, periods=5)
    effect = pl.col("i") * 0.1 + (pl.col("t") - pl.col("g")) * 0.7
    frame = frame.with_columns(
        y=pl.col("i") + 0.5 * pl.col("t") + pl.when(pl.col("d") == 1).then(effect).otherwise(0.0)
    )
    found = el.did.twfe_weights("y ~ d | i + t", frame)
    truth = found.cells.join(frame.with_columns(effect=effect), on=["i", "t"])
    assert found.coefficient == pytest.approx((truth["weight"] * truth["effect"]).sum(), abs=1e-9)


def test_weights_and_spread_of_diff_diff() -> None:
    diff_diff = pytest.importorskip("diff_diff")
    frame = staggered(cohorts=(1, 2, 5), never=False, units=30, periods=7)
    other = diff_diff.twowayfeweights(frame.to_pandas(), "y", "i", "t", "d")
    found = el.did.twfe_weights("y ~ d | i + t", frame)
    assert found.share_negative == pytest.approx(other.fraction_negative, abs=1e-12)
    assert found.sigma == pytest.approx(other.sigma_fe, rel=1e-9)
    assert found.coefficient == pytest.approx(other.beta_fe, rel=1e-9)
    assert isinstance(found.sigma_all_opposite, float) and found.sigma_all_opposite > found.sigma


def test_the_second_spread_is_the_least_that_turns_every_sign() -> None:
    """Against a quadratic programme: effects of the sign opposite to b, mean square about their mean least."""
    from scipy.optimize import minimize

    frame = staggered(cohorts=(1, 2, 4), never=False, units=9, periods=5)
    found = el.did.twfe_weights("y ~ d | i + t", frame)
    w, n = found.cells["weight"].to_numpy(), found.cells.height
    sign = -np.sign(found.coefficient)
    best = minimize(
        lambda e: ((e - e.mean()) ** 2).mean(),
        np.where(w < 0, sign * 20.0, 0.0),
        bounds=[((0, None) if sign > 0 else (None, 0))] * n,
        constraints={"type": "eq", "fun": lambda e: w @ e - found.coefficient},
        method="SLSQP",
        options={"maxiter": 2000, "ftol": 1e-14},
    )
    assert found.sigma_all_opposite == pytest.approx(np.sqrt(best.fun), rel=1e-4)  # SLSQP's accuracy


def test_rows_finer_than_cells_and_other_treatments() -> None:
    frame = staggered().with_columns(q=pl.col("d") * pl.col("w"))
    twice = pl.concat([frame, frame.with_columns(y=pl.col("y") + 1, z=pl.col("z") * 0.5)])
    found = el.did.twfe_weights("y ~ d + z | i + t", twice)
    assert found.cells["rows"].unique().to_list() == [2] and found.cells["weight"].sum() == pytest.approx(1, abs=1e-12)
    by_cohort = el.did.twfe_weights("y ~ d | i + t", frame, cells=("g", "t"))
    assert by_cohort.cells.height == 4 + 3 + 2
    dose = el.did.twfe_weights("y ~ z + q | i + t", frame, treatment="q")
    assert dose.cells["weight"].sum() == pytest.approx(1, abs=1e-12) and isinstance(dose.sigma, Unavailable)
    with pytest.raises(UsageError, match="no coefficient 'dd'"):
        el.did.twfe_weights("y ~ d | i + t", frame, treatment="dd")
    with pytest.raises(UsageError, match="cells: the columns"):
        el.did.twfe_weights("y ~ d | i", frame)
    with pytest.raises(UsageError, match="cells: no column"):
        el.did.twfe_weights("y ~ d | i + t", frame, cells=("i", "year"))
