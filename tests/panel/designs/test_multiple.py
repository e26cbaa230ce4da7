"""Families of hypotheses: statsmodels, step-down by its definition, draws against the bootstrap of one coefficient."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

import econloom as el
from econloom.core.errors import EstimationError, UsageError
from econloom.core.frame import Panel
from econloom.panel.designs.multiple_testing import stepped_down
from tests.panel.samples import random_panel

FRAME = random_panel(6, n=2_000)
PANEL = Panel(FRAME)


@settings(max_examples=20)  # the peer's holm takes a fifth of a second
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_adjustments_are_those_of_statsmodels(p: list[float]) -> None:
    for name, theirs in (("bonferroni", "bonferroni"), ("holm", "holm"), ("benjamini_hochberg", "fdr_bh")):
        wanted = multipletests(p, method=theirs)[1]
        assert el.multiple.adjust(p, name) == pytest.approx(wanted, abs=1e-12)  # type: ignore[arg-type]


def test_stepping_down_by_its_definition() -> None:
    rng = np.random.default_rng(1)
    t, stars = np.abs(rng.normal(2, 1, 5)), np.abs(rng.normal(size=(5, 199)))
    order = list(np.argsort(-t))
    previous, wanted = 0.0, np.empty(5)
    for k, h in enumerate(order):
        p = (1 + (stars[order[k:]].max(axis=0) >= t[h]).sum()) / 200
        previous = max(previous, p)
        wanted[h] = previous
    assert stepped_down(t, stars) == pytest.approx(wanted)


def _family(vcov: Any = None) -> list[tuple[Any, str]]:
    vcov = vcov or el.cluster("firm")
    one = el.ols("y ~ x1 + x2 | firm + year", PANEL, vcov=vcov)
    two = el.ols("x3 ~ x1 | firm", PANEL, vcov=vcov, where="year > 2000")
    return [(one, "x1"), (one, "x2"), (two, "x1")]


@pytest.mark.parametrize("method", ["wild", "pairs"])
def test_each_alone_is_its_bootstrap_and_the_family_is_stricter(method: Any) -> None:
    family = _family()
    found = el.multiple.romano_wolf(family, draws=999, seed=4, method=method)
    assert (found["p_romano_wolf"] >= found["p_bootstrap"] - 1e-12).all()
    assert found["p_romano_wolf"].max() <= 1
    if method == "wild":
        for (fit, term), p in zip(family, found["p_bootstrap"], strict=True):
            alone = el.wild_bootstrap(fit, term, draws=999, seed=4).p_value
            assert p == pytest.approx(alone, abs=0.03)
    again = el.multiple.romano_wolf(family, draws=999, seed=4, method=method)
    assert again.equals(found)


def test_two_copies_of_one_hypothesis_cost_nothing() -> None:
    """Dependence is used: Bonferroni would double the p value of a hypothesis that comes twice."""
    fit = el.ols("x3 ~ x1 | firm", PANEL, vcov=el.cluster("firm"))
    one = el.multiple.romano_wolf([(fit, "x1")], draws=499)
    two = el.multiple.romano_wolf({"a": (fit, "x1"), "b": (fit, "x1")}, draws=499)
    assert two["p_romano_wolf"].to_list() == [one["p_romano_wolf"][0]] * 2


def test_the_family_keeps_its_level() -> None:
    """Four true nulls, correlated: a false one at 10 per cent in 10 per cent of 150 samples (seed 21, 3.5 errors)."""
    rng = np.random.default_rng(21)
    wrong = 0
    for _ in range(150):
        x, common = rng.normal(size=(2, 60))
        outcomes = {f"y{k}": common + rng.normal(size=60) for k in range(4)}
        panel = Panel(pl.DataFrame({"x": x, "g": np.arange(60) // 2, **outcomes}))
        fits = el.ols("c(y0, y1, y2, y3) ~ x", panel,
                      vcov=el.cluster("g"))  # fmt: skip
        p = el.multiple.romano_wolf([(f, "x") for f in fits], draws=199, seed=2)["p_romano_wolf"]
        wrong += p.min() <= 0.1
    assert abs(wrong / 150 - 0.1) < 3.5 * np.sqrt(0.09 / 150)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: el.multiple.adjust([0.1, 1.2]), UsageError, "between 0 and 1"),
        (lambda: el.multiple.adjust([0.1, float("nan")]), UsageError, "between 0 and 1"),
        (lambda: el.multiple.adjust([]), UsageError, "one for each"),
        (lambda: el.multiple.adjust([0.1], "hollm"), UsageError, "did you mean 'holm'"),
        (lambda: el.multiple.romano_wolf([]), UsageError, "needs a hypothesis"),
        (lambda: el.multiple.romano_wolf([(_family()[0][0], "xx1")]), UsageError, "no coefficient 'xx1', did you mean"),
        (lambda: el.multiple.romano_wolf(_family(), draws=9), UsageError, "too few"),
        (lambda: el.multiple.romano_wolf(_family(el.hc1())), UsageError, "one way of clustering"),
        (lambda: el.multiple.romano_wolf([*_family(), (el.ols("y ~ x1", FRAME, vcov=el.cluster("firm")), "x1")]),
         UsageError, "different panels"),
        (lambda: el.multiple.romano_wolf([(el.iv("y ~ 1 | x1 ~ x2", PANEL, vcov=el.cluster("firm")), "x1")]),
         EstimationError, "beside instruments"),
    ],
)  # fmt: skip
def test_errors(call: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()
