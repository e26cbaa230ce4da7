"""De Chaisemartin and D'Haultfoeuille's effects of having switched some periods ago.

Oracles: diff-diff 3.13.0 on a treatment that rises and falls; Callaway and Sant'Anna's cells (not yet treated,
universal base) where treatment stays; a slow form switcher by switcher.
"""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.core.errors import DataError, EstimationError, UsageError
from tests.panel.did.samples import staggered

KEYS = {"unit": "i", "time": "t"}


def moving(units: int = 80, periods: int = 7, seed: int = 5) -> pl.DataFrame:
    """Treatments of 0, 1 and 2 that rise, fall, switch back, or stay."""
    rng = np.random.default_rng(seed)
    i, t = np.repeat(np.arange(units), periods), np.tile(np.arange(1, periods + 1), units)
    start, switch = rng.integers(0, 2, units), rng.choice([3, 4, 5, 99], units)
    after = np.where(start == 0, rng.integers(1, 3, units), 0)
    back = rng.random(units) < 0.3
    d = np.where(t < switch[i], start[i], np.where(back[i] & (t > switch[i] + 1), start[i], after[i]))
    y = 0.3 * t * (1 + start[i]) + d + rng.normal(size=len(i)) + rng.normal(size=units)[i]
    return pl.DataFrame({"i": i, "t": t, "d": d, "y": y, "c": i // 4})


def test_where_treatment_stays_it_is_callaway_and_santanna() -> None:
    frame = staggered()
    found = el.did.multiple_periods("y ~ d", frame, effects=2, placebos=2, **KEYS)
    cells = el.did.group_time(
        "y ~ 1", frame, cohort="g", control="not_yet_treated", base_period="universal", draws=0, **KEYS
    )
    table = cells.tidy()
    for e, b, s, n in zip(found.events, found.estimates, found.std_errors, found.counts, strict=True):
        if e < 0:
            continue
        at = np.flatnonzero((table["time"] - table["cohort"] == e).to_numpy())
        size = table["n_treated"].to_numpy()[at]
        share = size / size.sum()
        assert b == pytest.approx(share @ table["estimate"].to_numpy()[at], abs=1e-10)
        assert s == pytest.approx(math.sqrt(share @ cells.vcov[np.ix_(at, at)] @ share), rel=1e-9)
        assert n == size.sum()


def slow(frame: pl.DataFrame, step: int, shift: int) -> tuple[float, float, int]:
    """Estimate, error and switchers, one switcher at a time."""
    y = {(r["i"], r["t"]): r["y"] for r in frame.iter_rows(named=True)}
    d = {(r["i"], r["t"]): r["d"] for r in frame.iter_rows(named=True)}
    units, last = sorted({i for i, _ in y}), max(t for _, t in y)
    F = {i: next((t for t in range(1, last + 1) if d[i, t] != d[i, 1]), last + 1) for i in units}
    S = {i: np.sign(d[i, F[i]] - d[i, 1]) if F[i] <= last else 0 for i in units}
    total, n, psi = 0.0, 0, dict.fromkeys(units, 0.0)
    cohort: dict[tuple, list[tuple[int, float]]] = {}
    for i in units:
        f, to = F[i] - 1, F[i] - 1 + shift
        if F[i] > last or F[i] - 1 + step > last or to < 1:
            continue
        others = [j for j in units if d[j, 1] == d[i, 1] and F[j] > f + step]
        if not others:
            continue
        mean = np.mean([y[j, to] - y[j, f] for j in others])
        total, n = total + S[i] * (y[i, to] - y[i, f] - mean), n + 1
        for j in others:
            psi[j] -= S[i] * (y[j, to] - y[j, f] - mean) / len(others)
        cohort.setdefault((d[i, 1], F[i], S[i]), []).append((i, y[i, to] - y[i, f]))
    for (_, _, s), members in cohort.items():
        for i, change in members:
            psi[i] += s * (change - np.mean([c for _, c in members]))
    return total / n, math.sqrt(sum(v**2 for v in psi.values())) / n, n


def test_effects_and_placebos_in_slow_form() -> None:
    frame = moving()
    found = el.did.multiple_periods("y ~ d", frame, effects=3, placebos=2, **KEYS)
    assert found.events.tolist() == [-3, -2, 0, 1, 2] and found.base == (-1,)
    for e, b, s, n in zip(found.events, found.estimates, found.std_errors, found.counts, strict=True):
        step, shift = (int(e) + 1, int(e) + 1) if e >= 0 else (-1 - int(e), 1 + int(e))
        assert (b, s, n) == pytest.approx(slow(frame, step, shift), abs=1e-10)


def test_diff_diff_has_the_same_effects() -> None:
    diff_diff = pytest.importorskip("diff_diff")
    frame = moving().with_columns(pl.col("d").clip(0, 1))
    other = diff_diff.ChaisemartinDHaultfoeuille(twfe_diagnostic=False, drop_larger_lower=False).fit(
        frame.to_pandas(), "y", "i", "t", "d", L_max=2
    )
    found = el.did.multiple_periods("y ~ d", frame, effects=2, placebos=1, **KEYS)
    for step in (1, 2):
        at = found.events.tolist().index(step - 1)
        theirs = other.event_study_effects[step]
        assert found.estimates[at] == pytest.approx(theirs["effect"], abs=1e-9)
        assert found.std_errors[at] == pytest.approx(theirs["se"], rel=0.1)  # it counts degrees of freedom


def test_units_that_cross_their_first_treatment_leave() -> None:
    frame = moving()
    rising = frame.filter((pl.col("d") > 0) & (pl.col("t") == 5)).join(
        frame.filter((pl.col("d") == 0) & (pl.col("t") == 1)), on="i", how="semi"
    )
    who = int(rising["i"][0])
    cross = frame.with_columns(d=pl.when((pl.col("i") == who) & (pl.col("t") == 7)).then(-5).otherwise("d"))
    found = el.did.multiple_periods("y ~ d", cross, effects=4, **KEYS)
    assert any("1 units cross" in w for w in found.warnings)
    gone = frame.filter((pl.col("i") != who) | (pl.col("t") < 7))
    assert found.estimates == pytest.approx(el.did.multiple_periods("y ~ d", gone, effects=4, **KEYS).estimates)


def test_the_level_of_treatment_does_not_matter() -> None:
    plain = el.did.multiple_periods("y ~ d", moving(), effects=2, **KEYS)
    shifted = el.did.multiple_periods("y ~ d", moving().with_columns(d=pl.col("d") + 3), effects=2, **KEYS)
    assert np.allclose(plain.estimates, shifted.estimates, rtol=1e-12, atol=0)


def test_clusters_missing_rows_and_first_periods() -> None:
    frame = moving()
    wide = el.did.multiple_periods("y ~ d", frame, vcov=el.cluster("c"), **KEYS)
    own = el.did.multiple_periods("y ~ d", frame, **KEYS)
    assert wide.estimates == pytest.approx(own.estimates) and wide.n_clusters == 20
    assert wide.std_errors[0] != pytest.approx(own.std_errors[0], rel=1e-3)
    late = frame.filter((pl.col("i") != 3) | (pl.col("t") > 1)).filter((pl.col("i") != 4) | (pl.col("t") != 2))
    found = el.did.multiple_periods("y ~ d", late, **KEYS)
    assert "units not seen in the first period" in str(found.sample) and found.n_units == 79


@pytest.mark.parametrize(
    ("formula", "options", "kind", "words"),
    [
        ("y ~ d + c", {}, UsageError, "one treatment and nothing else"),
        ("y ~ d | i", {}, UsageError, "one treatment"),
        ("y ~ d", {"effects": 0}, UsageError, "effects: a number"),
        ("y ~ d", {"placebos": 2}, UsageError, "2 placebos with 1 effects"),
        ("y ~ d", {"vcov": el.hc1()}, UsageError, "has no hc1"),
        ("y ~ d", {"vcov": el.cluster("t")}, UsageError, "several clusters"),
        ("y ~ d", {"effects": 6}, EstimationError, "no switching unit has a comparison for effect"),
        ("y ~ d", {"where": "t != 4"}, DataError, "no row between the periods 3 and 5"),
    ],
)
def test_what_cannot_be_estimated_is_said(formula: str, options: dict, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        el.did.multiple_periods(formula, moving(), **(KEYS | options))


def test_effects_of_single_switchers_have_no_error() -> None:
    frame = moving().with_columns(d=pl.when((pl.col("i") == 0) & (pl.col("t") > 2)).then(1).otherwise(0))
    found = el.did.multiple_periods("y ~ d", frame, effects=2, **KEYS)
    assert np.isfinite(found.estimates).all() and np.isnan(found.std_errors).all()
    assert any("1 cohorts of one switching unit" in w for w in found.warnings)
    with pytest.raises(EstimationError, match="no switching unit has a comparison for effect 1"):
        el.did.multiple_periods("y ~ d", frame.with_columns(d=pl.lit(0)), **KEYS)
