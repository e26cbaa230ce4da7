"""Stars against coefficients: nothing certain on correct tables, everything that brute force proves impossible."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from econloom.audit import Given, audit
from econloom.audit.interval import Interval
from econloom.audit.levels import bounds, fitting_df, least_df, most_df
from econloom.audit.read.grid import Grid
from econloom.audit.read.interpret import interpret
from tests.audit.drawn.drawing import CUTS

PUBLISHED = Path(__file__).parent / "published"
GLOBALISATION = Path(__file__).resolve().parents[2] / "studies" / "globalisation" / "published"
NOTE = "Standard errors in parentheses. * p<0.10, ** p<0.05, *** p<0.01"


def table(*cells: tuple[str, str], note: str = NOTE, n: str = "615"):
    """One column of coefficients with what stands below each."""
    rows = [("", "(1)")]
    for k, (above, below) in enumerate(cells, 1):
        rows += [(f"x{k}", above), ("", below)]
    return interpret(Grid((*rows, ("N", n)), notes=(note,)), "t")


def found(*cells: tuple[str, str], note: str = NOTE, n: str = "615", **given: object) -> list[tuple[str, str]]:
    return [(f.level, f.check) for f in audit([table(*cells, note=note, n=n)], Given(**given)).findings]


def test_runs_of_degrees_of_freedom_agree_with_brute_force() -> None:
    rng = np.random.default_rng(1)
    dfs = np.r_[1:80, 100, 1000, np.inf]
    for _ in range(1500):
        middle, half = rng.gamma(1.5, 2), 10 ** rng.uniform(-4, -1)
        t, stars = Interval(max(middle - half, 0), middle + half), int(rng.integers(0, 4))
        got, (low, high) = fitting_df(t, stars, CUTS), bounds(stars, CUTS)
        fits = (2 * stats.t.sf(t.high, dfs) <= high) & (2 * stats.t.sf(t.low, dfs) >= low)
        assert ((dfs >= got.low) & (dfs <= got.high)).tolist() == fits.tolist()


@pytest.mark.parametrize("df", [1, 2, 7, 60, 400])
@pytest.mark.parametrize("level", CUTS)
def test_critical_values_bound_the_runs(df: int, level: float) -> None:
    t = stats.t.isf(level / 2, df)
    assert least_df(t * 1.0000001, level) <= df <= most_df(t * 0.9999999, level)
    assert not most_df(t * 1.0000001, level) >= df


def test_too_many_stars_are_certain() -> None:
    assert found(("0.100***", "(0.060)")) == [("certain", "stars")]


def test_too_few_stars_name_the_degrees_of_freedom_that_would_rescue() -> None:
    finding = audit([table(("1.000**", "(0.110)"))]).findings[0]
    assert (finding.level, finding.check, finding.possible.en) == ("certain", "stars", "***")
    assert "2 degrees of freedom" in finding.why.en and "at most 3 clusters" in finding.why.en


def test_few_clusters_can_explain_few_stars() -> None:
    assert found(("1.000**", "(0.220)")) == [("suspicious", "stars")]  # t of 4.5: ** for t(4), of five clusters
    assert found(("1.000**", "(0.220)"), clusters=26) == [("conditional", "stars")]
    assert found(("1.000**", "(0.220)"), clusters=5) == []


def test_a_column_has_one_number_of_degrees_of_freedom() -> None:
    cells = (("0.0670**", "(0.0318)"), ("0.047**", "(0.0112)"))  # t of 2.107 and 4.196
    assert ("conditional", "stars") in found(*cells)


def test_a_small_sample_has_few_residual_degrees_of_freedom() -> None:
    assert found(("1.000**", "(0.110)"), n="12") == [("suspicious", "stars")]


@pytest.mark.parametrize(
    ("cell", "note"),
    [
        (("0.100***", "(0.060)"), f"{NOTE}. P values by the wild cluster bootstrap"),
        (("1.500***", "(0.900)"), f"Odds ratios. {NOTE}"),
        (("0.100***", "(0.060)"), f"{NOTE}. 显著性来自置换检验"),
    ],
)
def test_other_inference_is_left_alone(cell: tuple[str, str], note: str) -> None:
    assert not [f for f in found(cell, note=note) if f[1] == "stars"]


def test_cutoffs_of_the_note_count() -> None:
    note = "Standard errors in parentheses. * p<0.05, ** p<0.01, *** p<0.001"
    assert found(("0.240**", "(0.100)"), note=note) == [("certain", "stars")]
    assert found(("0.240**", "(0.100)")) == []


def test_without_cutoffs_every_convention_may_hold() -> None:
    assert found(("0.240**", "(0.100)"), note="Standard errors in parentheses") == []
    assert found(("0.100**", "(0.100)"), note="Standard errors in parentheses") == [("certain", "stars")]


def test_unstated_brackets_are_certain_only_if_nothing_fits() -> None:
    note = "* p<0.10, ** p<0.05, *** p<0.01"
    assert found(("0.100***", "(3.000)"), note=note) == []  # a t value
    assert found(("0.100***", "(0.004)"), note=note) == []  # a p value, or a standard error
    assert ("certain", "stars") in found(("0.100***", "(0.500)"), note=note)  # neither


def test_p_values_decide_alone() -> None:
    note = "p values in parentheses. * p<0.10, ** p<0.05, *** p<0.01"
    assert found(("0.100***", "(0.020)"), note=note) == [("certain", "stars")]
    assert found(("0.100**", "(0.010)"), note=note) == []


def test_unmarked_rows_are_conditional() -> None:
    assert ("conditional", "stars") in found(("1.000", "(0.100)"), ("1.000***", "(0.100)"))
    assert found(("1.000", "(0.100)"), ("0.500", "(0.100)")) == []  # a table without stars


def test_rows_with_p_values_instead_of_stars_are_left_alone() -> None:
    note = f"{NOTE}, p values in square brackets"
    assert found(("1.000***", "(0.100)"), ("0.500", "[0.004]"), note=note) == []
    assert found(("1.000***", "[0.000]"), ("0.500", "[0.004]"), note=note) == [("conditional", "stars")]


def test_degrees_of_freedom_in_the_note() -> None:
    note = f"{NOTE}, by the t distribution with 4 degrees of freedom"
    assert found(("1.000**", "(0.220)"), note=note) == []
    assert found(("0.500**", "(0.220)"), note=note) == [("certain", "stars")]


@pytest.mark.parametrize("name", ["002_t3", "002_t4", "002_t5", "002_t6"])
def test_nothing_on_the_published_tables_of_002(name: str) -> None:
    done = audit([GLOBALISATION / f"{name}.json"])
    assert not [f for f in done.findings if f.check == "stars"] and done.ok


def test_all_cells_of_002_were_looked_at() -> None:
    done = audit([GLOBALISATION / f"002_t{k}.json" for k in (3, 4, 5, 6)])
    cells = [e for t in done.tables for e in t.estimates]
    assert len(cells) == 139 and all(e.se is not None for e in cells) and not done.unread


def test_001_table_2_has_stars_that_no_plausible_distribution_gives() -> None:
    done = audit([PUBLISHED / "001_t2.json"])
    certain = [f.where for f in done.findings if (f.level, f.check) == ("certain", "stars")]
    assert certain == [f"001_t2: row '常数项', column {k}" for k in (1, 4, 5, 6)]


def _impossible(coefficient: float, se: float, digits: int, stars: int, least: int) -> bool:
    """Brute force over a fine grid of both rounding intervals and all degrees of freedom."""
    half = 0.5 * 10.0**-digits
    b = np.abs(np.linspace(coefficient - half, coefficient + half, 15))
    s = np.linspace(max(se - half, 1e-12), se + half, 15)
    t = (b[:, None] / s[None, :]).ravel()
    low, high = bounds(stars, CUTS)
    return not any(
        ((2 * stats.t.sf(t, df) <= high) & (2 * stats.t.sf(t, df) >= low)).any()
        for df in (*range(least, 30), 100, np.inf)
    )


def test_every_shifted_star_that_brute_force_proves_impossible_is_found() -> None:
    rng = np.random.default_rng(7)
    proven = 0
    for _ in range(200):
        digits, t = int(rng.integers(2, 6)), abs(rng.standard_normal() * 3)
        se = float(np.round(10 ** rng.uniform(-1.5, 0.5), digits)) or 0.1
        b = float(np.round(t * se, digits))
        right = sum(2 * stats.norm.sf(t) <= c for c in CUTS)
        stars = int(np.clip(right + rng.choice([-1, 1]), 0, 3))
        cell = (f"{b:.{digits}f}{'*' * stars}", f"({se:.{digits}f})")
        got = [f for f in audit([table(cell, ("9.0***", "(1.0)"))]).findings if "x1" in f.where and f.check == "stars"]
        if _impossible(b, se, digits, stars, 4):
            proven += 1
            assert got and got[0].level in {"certain", "conditional"}
        else:
            assert not [f for f in got if f.level == "certain"]
    assert proven > 50
