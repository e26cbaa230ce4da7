"""Tables of real estimations: nothing impossible in correct ones, everything that brute force proves in wrong ones.

A fixed part of what ``benchmarks/audit.py`` does with ten thousand; seeds and numbers are fixed beforehand.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.audit import audit
from tests.audit.drawn import fast, peers
from tests.audit.drawn.brute import impossible
from tests.audit.drawn.judging import audited, drawn, planted

SEED = 20261125


@pytest.mark.parametrize(("engine", "tables"), [(fast, 200), (peers, 25)])
def test_nothing_impossible_in_correct_tables(engine: ModuleType, tables: int) -> None:
    for number in range(tables):
        _, table = drawn(SEED, number, engine)
        assert not [str(f) for f in audited(table) if f.level != "suspicious"], number
        assert not impossible(table) - {"copy"}, number  # random effects without variance of units are least squares


def test_errors_that_brute_force_proves_are_found() -> None:
    proven = 0
    for number in range(250):
        rng, table = drawn(SEED + 1, number)
        error = planted(rng, table)
        if error is not None:
            assert not error.missed, (number, error.kind)
            assert not error.unproven, (number, error.kind)
            proven += bool(error.proven)
    assert proven > 100


def test_quick_estimators_agree_with_statsmodels_and_linearmodels() -> None:
    rng = np.random.default_rng(5)
    n, periods = 120, 6
    unit = np.repeat(np.arange(n // periods), periods)
    z = rng.standard_normal((n, 2))
    x = np.column_stack([z.sum(axis=1) + rng.standard_normal(n), rng.standard_normal(n), np.ones(n)])
    y = x @ [0.5, -0.3, 0.2] + rng.standard_normal(n) + rng.standard_normal(n // periods)[unit]
    pairs = [(m.ols(y, x, kind, unit) for m in (fast, peers)) for kind in ("iid", "hc1", "cluster")]
    exogenous = np.column_stack([z, x[:, 1:]])
    pairs += [(m.tsls(y, x, exogenous, "iid", unit, small) for m in (fast, peers)) for small in (True, False)]
    pairs += [(m.tsls(y, x, exogenous, "hc1", unit, True) for m in (fast, peers))]
    pairs += [(m.within(y, x[:, :2], unit, periods) for m in (fast, peers))]
    pairs += [(m.random_effects(y, x, unit, periods) for m in (fast, peers))]
    pairs += [(m.logit((y > 0).astype(float), x) for m in (fast, peers))]
    for a, b in pairs:
        np.testing.assert_allclose(a.b, b.b, rtol=1e-8)
        np.testing.assert_allclose(a.v, b.v, rtol=1e-6)
        np.testing.assert_allclose([a.ssr, a.loglik], [b.ssr, b.loglik], rtol=1e-8)


def test_tables_of_econloom_itself() -> None:
    rng = np.random.default_rng(SEED)
    for clusters in (8, 40):
        unit = np.repeat(np.arange(clusters), 6)
        x, z, u = (rng.standard_normal(len(unit)) for _ in range(3))
        columns = {"y": 0.3 * x + u, "x": x + 0.4 * z, "c": rng.standard_normal(len(unit)), "z": z, "unit": unit}
        data = pl.DataFrame(columns)
        for vcov in (el.iid(), el.cluster("unit")):
            fits = [el.ols("y ~ x", data, vcov=vcov), el.ols("y ~ x + c", data, vcov=vcov),
                    el.ols("y ~ x + c | unit", data, vcov=vcov), el.iv("y ~ c | x ~ z", data, vcov=vcov)]  # fmt: skip
            done = audit([el.etable(fits)])
            assert not done.unread and not [str(f) for f in done.findings if f.level != "suspicious"]
