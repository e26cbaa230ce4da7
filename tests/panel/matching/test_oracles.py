"""Against R's Matching 4.10-8 and MatchIt 4.5.1 (Debian) and Stata's teffects.

lalonde: numbers of R 4.x with the two packages, by the programs below, which run again where R is installed. Means and
effects are sums of a few hundred numbers: 1e-9 relative; they depend on the score's coefficients only through the
pairs. cattaneo2: a public Stata log (carlos-mendez.org/post/stata_matching, Stata SE) and the manual's example of
``teffects psmatch``, printed to the digits given.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from statsmodels.treatment.tests.results import results_teffects

import econloom as el
from tests.panel.matching.samples import LALONDE, below_first, cattaneo, lalonde
from tests.panel.r_programs import needs_r, run_r

MATCHING: dict[str, tuple[dict[str, object], str, tuple[float, float]]] = {
    "ties": ({"tolerance": 1e-5, "variance": "equal"}, "p, M=1", (1933.39187577477, 1090.60464379093)),
    "exact ties": ({"variance": "equal"}, "p, M=1, distance.tolerance=1e-16", (1968.79971585586, 1085.81556292861)),
    "neighbours": ({"tolerance": 1e-5, "neighbours": 1}, "p, M=1, Var.calc=1", (1933.39187577477, 1130.12915587801)),
    "two of three": (
        {"tolerance": 1e-5, "k": 2, "neighbours": 3}, "p, M=2, Var.calc=3", (1802.16151161261, 1075.85870881642),
    ),
    "bias": (
        {"tolerance": 1e-5, "variance": "equal", "bias_adjust": ["age", "educ"]},
        "p, M=1, BiasAdjust=TRUE, Z=X[, c('age', 'educ')]", (1920.35091650577, 1086.72507274539),
    ),
    "mahalanobis": (
        {"tolerance": 1e-5, "variance": "equal", "k": 2, "distance": "mahalanobis", "bias_adjust": True},
        "X, M=2, Weight=2, BiasAdjust=TRUE, Z=X", (640.613377258121, 1077.04671374342),
    ),
    "population": (
        {"tolerance": 1e-5, "variance": "equal", "distance": "scaled", "estimand": "ate"},
        "X, M=1, estimand='ATE'", (-635.028202394137, 1128.99870003246),
    ),
    "population, neighbours": (
        {"tolerance": 1e-5, "neighbours": 1, "distance": "mahalanobis", "estimand": "ate"},
        "X, M=1, Weight=2, estimand='ATE', Var.calc=1", (-495.407787410423, 1142.04059846919),
    ),
}  # fmt: skip
HEAD = """
suppressMessages({library(Matching); library(MatchIt)})
d$race <- factor(d$race); f <- treat ~ age + educ + race + married + nodegree + re74 + re75
g <- glm(f, binomial, d); p <- g$fitted.values; X <- model.matrix(g)[, -1]
"""


@pytest.mark.parametrize("name", MATCHING)
def test_matching_of_r(name: str) -> None:
    options, _, (estimate, error) = MATCHING[name]
    found = el.matching.match(LALONDE, lalonde(), "re78", **options).effect
    assert found.estimate == pytest.approx(estimate, rel=1e-9)
    assert found.std_error == pytest.approx(error, rel=1e-9)


@needs_r("Matching")
def test_matching_of_r_says_so_still(tmp_path) -> None:
    lines = [
        f"m <- Match(d$re78, d$treat, {call}); out[['{name}']] <- c(m$est, m$se)"
        for name, (_, call, _) in MATCHING.items()
    ]
    found = run_r(HEAD + "\n".join(lines), lalonde(), tmp_path)
    for name, (_, _, numbers) in MATCHING.items():
        assert found[name] == pytest.approx(numbers, rel=1e-9), name


def test_a_caliper_drops_whom_matching_drops() -> None:
    """Match(..., caliper=.05): 5 treated dropped, 1977.04882787963 (its errors divide by another number of rows)."""
    found = el.matching.match(LALONDE, lalonde(), "re78", tolerance=1e-5, caliper=0.05)
    assert found.effect.estimate == pytest.approx(1977.04882787963, rel=1e-9)
    assert [d.rows for d in found.sample.drops if d.reason.startswith("treated without")] == [5]


MATCHIT = {  # matchit(distance = the matrix of |p_i - p_j|), rows sorted for m.order; ATT of lm(re78 ~ treat, weights)
    "data": ({"order": "data"}, 894.367480270270, {0: 253, 1: 295, 2: 554, 3: 410, 4: 324, 5: 402}),
    "largest": ({"order": "largest"}, 894.367480270270, {0: 484, 1: 389, 2: 225}),
    "smallest": ({"order": "smallest"}, 894.367480270270, {}),
    "two": ({"order": "largest", "k": 2}, 220.288640675676, {}),
    "exact": ({"order": "data", "exact": "married"}, 965.961346216216, {}),
    "within": ({"distance": "mahalanobis", "covariance": "within"}, 516.636668378378, {0: 552, 1: 525, 2: 600, 3: 607}),
}


@pytest.mark.parametrize("name", MATCHIT)
def test_matchit_without_replacement(name: str) -> None:
    options, estimate, pairs = MATCHIT[name]
    found = el.matching.match(LALONDE, lalonde(), "re78", replacement=False, **options)
    assert found.effect.estimate == pytest.approx(estimate, rel=1e-9)
    made = dict(found.pairs().select("row", "match").rows())
    assert {i: made[i] for i in pairs} == pairs


def test_matchit_with_replacement() -> None:
    found = el.matching.match(LALONDE, lalonde(), "re78", ties="first")
    assert found.effect.estimate == pytest.approx(1967.93968432432, rel=1e-9)


@needs_r("MatchIt")
def test_matchit_says_so_still(tmp_path) -> None:
    program = (
        HEAD
        + """
att <- function(m, e = d) coef(lm(re78 ~ treat, match.data(m, data = e), weights = weights))[2]
go <- function(o, ...) {
  e <- d[o, ]; q <- p[o]; D <- abs(outer(q[e$treat == 1], q[e$treat == 0], "-"))
  rownames(e) <- seq_len(nrow(e)); dimnames(D) <- list(which(e$treat == 1), which(e$treat == 0))
  att(matchit(f, e, method = "nearest", distance = D, ...), e)
}
as_is <- 1:614; down <- c(order(-p[1:185]), 186:614); up <- c(order(p[1:185]), 186:614)
out$data <- go(as_is); out$largest <- go(down); out$smallest <- go(up); out$two <- go(down, ratio = 2)
out$exact <- go(as_is, exact = "married"); out$replace <- go(as_is, replace = TRUE)
out$within <- att(matchit(f, d, method = "nearest", distance = "mahalanobis"))
m <- matchit(f, d, method = "nearest", m.order = "largest"); out$along <- att(m)
"""
    )
    found = run_r(program, lalonde(), tmp_path)
    for name, (_, estimate, _) in MATCHIT.items():
        assert found[name] == pytest.approx([estimate], rel=1e-9), name
    assert found["replace"] == pytest.approx([1967.93968432432], rel=1e-9)
    one_sided, nearest = (pytest.approx(v, rel=1e-9) for v in (770.390167837841, 894.367480270270))
    assert found["along"][0] in (one_sided, nearest)


def _pairs_below() -> list[int]:
    made = el.matching.match(LALONDE, lalonde()).by_row
    p, treated = made["score"].to_numpy(), made["treated"].to_numpy()
    some = np.flatnonzero(treated)
    found = below_first(p, treated, some[np.argsort(-p[some], kind="stable")])
    return [found[int(i)] for i in some]


def test_what_matchit_451_of_debian_does_along_a_score() -> None:
    """Its ATT of 770.39017 comes from looking for matches below the treated score only.

    With the distances handed over as a matrix the same program finds the nearest (894.36748), as here.
    """
    frame = lalonde()
    y = frame["re78"].to_numpy()
    treated = frame["treat"].to_numpy() == 1
    assert (y[treated] - y[_pairs_below()]).mean() == pytest.approx(770.39016784, rel=1e-9)


BEFORE = {"(score)": 1.79408605, "age": -0.30944526, "educ": 0.05496466, "racehispan": -0.34984254,
          "racewhite": -1.88186760, "married": -0.82630927, "nodegree": 0.24497023, "re74": -0.72108381,
          "re75": -0.29026291}  # fmt: skip
AFTER = {"age": 0.07176969, "educ": -0.12904256, "racehispan": -0.66286797, "racewhite": -0.72956754,
         "married": -0.05520524, "nodegree": 0.15456488, "re74": -0.05045079, "re75": -0.02568604}  # fmt: skip
RATIOS = {"age": (0.4399955, 0.4568027), "educ": (0.4958934, 0.5721139), "re74": (0.5181285, 1.3289093),
          "re75": (0.9562930, 1.4956200)}  # fmt: skip


def test_balance_as_matchit_prints_it() -> None:
    """summary(matchit(...)): standardised by the treated, before and after 1:1 without replacement (8 digits)."""
    made = el.matching.match(LALONDE, lalonde(), replacement=False).balance
    rows = {r["term"]: r for r in made.iter_rows(named=True)}
    for term, value in BEFORE.items():
        assert rows[term]["before_difference"] == pytest.approx(value, abs=6e-9)
    for term, value in AFTER.items():
        assert rows[term]["after_difference"] == pytest.approx(value, abs=6e-9)
    for term, (before, after) in RATIOS.items():
        assert rows[term]["before_variance_ratio"] == pytest.approx(before, abs=6e-8)
        assert rows[term]["after_variance_ratio"] == pytest.approx(after, abs=6e-8)
    assert rows["married"]["after_variance_ratio"] is None


STATA = {
    ("ate", "nnmatch"): (-210.0558, 29.32803),
    ("att", "nnmatch"): (-238.5204, 30.41661),
    ("ate", "psmatch"): (-229.4492, 25.88746),
    ("att", "psmatch"): (-224.5927, 30.55147),
}


@pytest.mark.parametrize(("estimand", "command"), STATA)
def test_teffects_of_stata(estimand: str, command: str) -> None:
    """``nnmatch, ematch(mmarried prenatal1) biasadj(mage fage medu)``; ``psmatch``, adjusted for the score."""
    options: dict[str, object] = {"errors": "estimated_score", "neighbours": 1}
    if command == "nnmatch":
        adjusted = ["mage", "fage", "medu"]
        options = {"distance": "mahalanobis", "exact": ["married", "early"], "bias_adjust": adjusted}
    formula = "smoke ~ married + mage + fage + medu + early"
    found = el.matching.match(formula, cattaneo(), "bweight", estimand=estimand, **options).effect
    estimate, error = STATA[estimand, command]
    assert found.estimate == pytest.approx(estimate, abs=6e-5)
    assert found.std_error == pytest.approx(error, abs=6e-6)


def test_the_manuals_psmatch() -> None:
    """[TE] teffects psmatch, example 1: -210.9683 (32.021)."""
    formula = "smoke ~ married + mage + mage2 + first + medu"
    options = {"estimand": "ate", "errors": "estimated_score", "neighbours": 1}
    found = el.matching.match(formula, cattaneo(), "bweight", **options).effect
    assert (found.estimate, found.std_error) == (pytest.approx(-210.9683, abs=6e-5), pytest.approx(32.021, abs=6e-4))


@pytest.mark.parametrize(("estimand", "table"), [("ate", "table"), ("att", "table_t")])
def test_inverse_probability_weights_of_stata(estimand: str, table: str) -> None:
    """``teffects ipw (bweight) (mbsmoke mmarried c.mage##c.mage fbaby medu, probit)`` in statsmodels' tests."""
    b, error = np.asarray(results_teffects.results_ipw[table])[0, :2]
    formula = "smoke ~ married + mage + mage2 + first + medu"
    found = el.matching.match(formula, cattaneo(), "bweight", method="ipw", score="probit", estimand=estimand).effect
    assert found.estimate == pytest.approx(b, rel=1e-8)
    assert found.std_error == pytest.approx(error, rel=1e-6)


def test_the_pair_error_of_matchit() -> None:
    """Without replacement the error is that of the pairs' differences: ``sum (d - mean)^2 / n^2``."""
    made = el.matching.match(LALONDE, lalonde(), "re78", replacement=False)
    y = lalonde()["re78"].to_numpy()
    pairs = made.pairs()
    d = pl.Series(y[pairs["row"].to_numpy()] - y[pairs["match"].to_numpy()])
    assert made.effect.std_error == pytest.approx(float(d.std(ddof=0) / len(d) ** 0.5), rel=1e-12)
