"""Stata 13's ``ivregress`` on the housing data of 1980 and on simulated data.

Data, do-files and logs come with linearmodels 7 (tests/iv/results, NCSA licence). The logs print 12 digits;
``aweights`` and simulated data are stored in single precision there.
"""

from __future__ import annotations

from importlib import resources

import numpy as np
import pandas as pd
import polars as pl
import pytest

import econloom as el
from tests.panel.stata_logs import covariance, names, sections, statistics

HERE = resources.files("linearmodels.tests.iv.results")
HOUSING = sections(HERE.joinpath("stata-iv-housing-results.txt").read_text())
SIMULATED = sections(HERE.joinpath("stata-iv-simulated-results.txt").read_text())
VCOV = {"unadjusted": el.iid(), "robust": el.hc1(), "cluster": el.cluster("division")}
KINDS = {"y_unadjusted": el.iid(), "y_robust": el.hc1(), "y_clustered": el.cluster("cluster_id")}
VCE = {"vce(unadjusted)": "y_unadjusted", "vce(robust)": "y_robust", "vce(cluster cluster_id)": "y_clustered"}
TITLES = [t for t in SIMULATED if not t.startswith("gmm") and any(v in t for v in VCE)]


@pytest.fixture(scope="module")
def housing() -> pl.DataFrame:
    return pl.from_pandas(pd.read_csv(HERE.joinpath("housing.csv").open()))


@pytest.fixture(scope="module")
def simulated() -> pl.DataFrame:
    with resources.as_file(HERE.joinpath("simulated-data.dta")) as path:
        return pl.from_pandas(pd.read_stata(path))


def agree(fit: el.panel.fit.Fit, section: str) -> None:
    truth, V = statistics(section), covariance(section)
    terms = names(fit)
    np.testing.assert_allclose(fit.estimate.coefficients, [truth[t] for t in terms], rtol=2e-8)
    np.testing.assert_allclose(fit.vcov, [[V[a, b] for b in terms] for a in terms], rtol=1e-6, atol=1e-9)
    glance = fit.glance_values
    assert fit.estimate.rss == pytest.approx(truth["rss"], rel=1e-7)
    if "r2" in truth:  # Stata prints none without a constant
        assert glance["r2"] == pytest.approx(truth["r2"], rel=1e-7)
        assert glance["r2_adjusted"] == pytest.approx(truth["r2_a"], rel=1e-7)
    if "kappa" in truth:
        assert glance["kappa"] == pytest.approx(truth["kappa"], rel=1e-8)


@pytest.mark.parametrize("small", ["small", "asymptotic"])
@pytest.mark.parametrize("kind", VCOV)
@pytest.mark.parametrize("method", ["2sls", "liml"])
def test_housing(housing: pl.DataFrame, method: str, kind: str, small: str) -> None:
    ssc = "fixest" if small == "small" else "none"
    fit = el.iv("rent ~ pcturban | hsngval ~ faminc + region", housing, vcov=VCOV[kind], method=method, ssc=ssc)  # type: ignore[arg-type]
    section = HOUSING[f"{method}-{kind}-{small}"]
    agree(fit, section)
    if small == "small":
        assert fit.tests["wald"].statistic == pytest.approx(statistics(section)["F"], rel=1e-7)


def test_overidentification(housing: pl.DataFrame) -> None:
    """The objective of two-step GMM; Stata's weights are centred at zero, as ours."""
    for kind in ("robust", "cluster"):
        fit = el.iv("rent ~ pcturban | hsngval ~ faminc + region", housing, vcov=VCOV[kind])
        truth = statistics(HOUSING[f"gmm-{kind}-asymptotic"])["J"]
        assert fit.tests["hansen_j"].statistic == pytest.approx(truth, rel=1e-8)
    fit = el.iv("rent ~ pcturban | hsngval ~ faminc + region", housing)
    assert fit.tests["sargan"].statistic == pytest.approx(
        statistics(HOUSING["gmm-unadjusted-asymptotic"])["J"], rel=1e-8
    )
    assert fit.tests["sargan"].df == (3,)
    assert fit.tests["cragg_donald_f"].statistic == pytest.approx(13.29778, rel=1e-6)  # R AER: weak instruments
    assert fit.tests["endogeneity"].statistic == pytest.approx(15.90668, rel=1e-6)  # R AER: Wu-Hausman, F(1, 46)
    assert fit.tests["endogeneity"].df == (1, 46)


@pytest.mark.parametrize("title", TITLES)
def test_simulated(simulated: pl.DataFrame, title: str) -> None:
    method, endog, exog, instr, weighted, vce, other = title.replace("x-", "x").split("-")
    outcome = VCE[vce]
    parts = {
        "x": ["x1", "x2"][: int(endog[-1])],
        "w": ["x3", "x4", "x5"][: int(exog[-1])],
        "z": ["z1", "z2"][: int(instr[-1])],
    }
    constant = "0" if "noconstant" in other else "1"
    formula = f"{outcome} ~ {' + '.join([constant, *parts['w']])} | {' + '.join(parts['x'])} ~ {' + '.join(parts['z'])}"
    fit = el.iv(
        formula, simulated, vcov=KINDS[outcome], method=method, weights="weights" if "True" in weighted else None,
        ssc="fixest" if "small" in other else "none",
    )  # type: ignore[arg-type]  # fmt: skip
    agree(fit, SIMULATED[title])
