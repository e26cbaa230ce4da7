"""Stata 13's ``xtreg, fe`` and ``regress`` on simulated panels.

Data, do-file and log come with linearmodels 7 (tests/panel/results, NCSA licence): ``simulated-panel.dta``,
``execute-stata-simulated-data.py``, ``stata-panel-simulated-results.txt``. The log prints 12 digits.
"""

from importlib import resources

import pandas as pd
import polars as pl
import pytest

import econloom as el

HERE = resources.files("linearmodels.tests.panel.results")
VCOV = {"conventional": el.iid(), "robust": el.cluster("firm"), "cluster": el.cluster("firm")}
CASES = [(v, w, e) for v in VCOV for w in ("", "weighted") for e in ("", "_light", "_heavy")]


@pytest.fixture(scope="module")
def panel() -> pl.DataFrame:
    with resources.as_file(HERE.joinpath("simulated-panel.dta")) as path:
        return pl.from_pandas(pd.read_stata(path).drop(columns=["time", "firm_id"]))


@pytest.fixture(scope="module")
def log() -> dict[str, str]:
    sections = HERE.joinpath("stata-panel-simulated-results.txt").read_text().split("#################!")[1:]
    return dict(s.split("!####################", 1) for s in sections)


def printed(section: str) -> dict[str, float]:
    """First number of each line that has a name: coefficients and statistics."""
    found: dict[str, float] = {}
    for line in section.split("***")[0].splitlines():
        name, _, value = line.partition("\t")
        if name and value:
            found[name.strip()] = float(value)
    return found


def variance(section: str, name: str) -> float:
    rows = section.split("V\t")[1].splitlines()
    head = rows[1].strip().split("\t")
    row = next(r for r in rows[2:] if r.split("\t")[0].strip() == name).split("\t")[1:]
    return float(row[head.index(name)])


def names(ending: str) -> list[str]:
    return [f"x{k}{ending}" for k in range(1, 6)]


@pytest.mark.parametrize(("kind", "weights", "ending"), CASES)
def test_xtreg_fe(panel: pl.DataFrame, log: dict[str, str], kind: str, weights: str, ending: str) -> None:
    section = log[f"fixed_effect-{kind}-{weights}-{ending}"]
    truth = printed(section)
    formula = f"y{ending} ~ {' + '.join(names(ending))} | firm"
    fit = el.ols(formula, panel, vcov=VCOV[kind], weights="w" if weights else None, ssc="xtreg")
    for row in fit.tidy().iter_rows(named=True):
        name = "_cons" if row["term"] == "(Intercept)" else row["term"]
        assert row["estimate"] == pytest.approx(truth[name], rel=1e-7, abs=1e-10)
        assert row["std_error"] ** 2 == pytest.approx(variance(section, name), rel=1e-6)
    glance = fit.glance().row(0, named=True)
    assert glance["n"] == truth["N"]
    assert glance["n_units"] == truth["N_g"]
    assert fit.inference.df == truth["df_r"]
    assert glance["r2_within_unit"] == pytest.approx(truth["r2_w"], abs=1e-9)
    assert glance["loglik"] == pytest.approx(truth["ll"], abs=1e-6)
    assert glance["r2_adjusted"] == pytest.approx(truth["r2_a"], abs=1e-9)


@pytest.mark.parametrize(("kind", "ending"), [(v, e) for v in VCOV for e in ("", "_light", "_heavy")])
def test_regress(panel: pl.DataFrame, log: dict[str, str], kind: str, ending: str) -> None:
    section = log[f"pooled-{kind}--{ending}"]
    truth = printed(section)
    vcov = {"conventional": el.iid(), "robust": el.hc1(), "cluster": el.cluster("firm")}[kind]
    fit = el.ols(f"y{ending} ~ {' + '.join(names(ending))}", panel, vcov=vcov)
    for row in fit.tidy().iter_rows(named=True):
        name = "_cons" if row["term"] == "(Intercept)" else row["term"]
        assert row["estimate"] == pytest.approx(truth[name], rel=1e-7, abs=1e-10)
        assert row["std_error"] ** 2 == pytest.approx(variance(section, name), rel=1e-6)
    glance = fit.glance().row(0, named=True)
    assert (glance["n"], fit.inference.df) == (truth["N"], truth["df_r"])
    for ours, theirs in {"r2": "r2", "r2_adjusted": "r2_a", "sigma": "rmse", "loglik": "ll"}.items():
        assert glance[ours] == pytest.approx(truth[theirs], rel=1e-8)
