"""Accounting identities on random tables, and the slow dense reference beside the factored solves."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from econloom import iot
from tests.iot import leather


@st.composite
def tables(draw, countries=(1, 4), sectors=(1, 4)):
    """Productive tables with zero cells, zero-output sectors and negative final-use cells."""
    G, S, seed = draw(st.integers(*countries)), draw(st.integers(*sectors)), draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    n = G * S
    Z = rng.uniform(0, 10, (n, n)) * (rng.random((n, n)) < draw(st.floats(0, 1)))
    Y = rng.uniform(1, 50, (n, G)) * np.exp(rng.normal(0, 2, (n, 1)))
    idle = rng.random(n) < draw(st.floats(0, 0.4))
    Z[idle], Y[idle], Z[:, idle] = 0, 0, 0
    inventories = rng.random(n) < 0.2
    Y[inventories, 0] -= 0.5 * Y[inventories].min(axis=1)
    missing = 1.2 * Z.sum(axis=0) - Z.sum(axis=1) - Y.sum(axis=1)
    Y[:, -1] += np.maximum(missing, 0)
    return iot.IOTable(Z, Y, [f"C{i}" for i in range(G)], [f"s{i}" for i in range(S)])


def dense_reference(t):
    """V B Y written out with the full inverse and diagonal matrices."""
    A = np.zeros((t.n, t.n))
    for j in range(t.n):
        if t.x[j] > 0:
            A[:, j] = t.Z[:, j] / t.x[j]
    B = np.linalg.inv(np.eye(t.n) - A)
    flows = np.diag(t.v) @ B @ t.Y
    S = len(t.sectors)
    return np.array([flows[i * S : (i + 1) * S].sum(axis=0) for i in range(len(t.countries))])


@settings(max_examples=150, deadline=None)
@given(tables())
def test_identities(t):
    scale = max(t.x.max(), 1)
    flows = iot.value_added_absorbed(t)
    np.testing.assert_allclose(iot.leontief.factor(t).solve(t.Y.sum(axis=1)), t.x, atol=1e-9 * scale)
    by_country = (t.v * t.x).reshape(len(t.countries), -1).sum(axis=1)
    np.testing.assert_allclose(flows.sum(axis=1), by_country, atol=1e-9 * scale)
    np.testing.assert_allclose(flows.sum(axis=0), t.Y.sum(axis=0), atol=1e-9 * scale)
    assert t.balance().holds()


@settings(max_examples=100, deadline=None)
@given(tables())
def test_against_the_dense_reference(t):
    np.testing.assert_allclose(iot.value_added_absorbed(t), dense_reference(t), atol=1e-9 * max(t.x.max(), 1))


@settings(max_examples=60, deadline=None)
@given(tables(countries=(2, 2)))
def test_two_economies_mirror_each_other(t):
    first, second = iot.trade_benefit_index(t)
    if np.isnan(first):
        assert np.isnan(second)
    else:
        assert abs(first + second) < 1e-9


@settings(max_examples=60, deadline=None)
@given(tables())
def test_index_lies_between_minus_one_and_one_without_negative_flows(t):
    flows = iot.value_added_absorbed(t)
    index = iot.trade_benefit_index(t, absorbed=np.maximum(flows, 0))
    assert np.all(np.isnan(index) | (np.abs(index) <= 1 + 1e-12))


@settings(max_examples=60, deadline=None)
@given(tables())
def test_both_forms_agree_when_the_totals_are_the_tables_own(t):
    flows = iot.value_added_absorbed(t)
    known = iot.trade_benefit_index(t, flows.sum(axis=1), flows.sum(axis=0), absorbed=flows)
    plain = iot.trade_benefit_index(t, absorbed=flows)
    traded = flows.sum(axis=1) + flows.sum(axis=0) - 2 * flows.diagonal() > 1e-6 * max(t.x.max(), 1)
    np.testing.assert_allclose(known[traded], plain[traded], atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(tables(), st.floats(1e-3, 1e3))
def test_index_knows_no_units(t, factor):
    scaled = iot.IOTable(t.Z * factor, t.Y * factor, t.countries, t.sectors)
    np.testing.assert_allclose(scaled.v, t.v, atol=1e-9)
    np.testing.assert_allclose(
        iot.value_added_absorbed(scaled), factor * iot.value_added_absorbed(t), atol=1e-8 * factor * max(t.x.max(), 1)
    )


@settings(max_examples=40, deadline=None)
@given(tables(), st.randoms(use_true_random=False))
def test_order_of_countries_does_not_matter(t, random):
    order = list(range(len(t.countries)))
    random.shuffle(order)
    S = len(t.sectors)
    rows = np.concatenate([np.arange(i * S, (i + 1) * S) for i in order])
    mixed = iot.IOTable(t.Z[np.ix_(rows, rows)], t.Y[rows][:, order], [t.countries[i] for i in order], t.sectors)
    expected = iot.value_added_absorbed(t)[np.ix_(order, order)]
    np.testing.assert_allclose(iot.value_added_absorbed(mixed), expected, atol=1e-9 * max(t.x.max(), 1))


def test_leather_against_decompr_and_exvatools():
    t = iot.IOTable(leather.Z, leather.Y, leather.COUNTRIES, leather.SECTORS, x=leather.x)
    np.testing.assert_allclose(t.v, leather.v, atol=5e-11)  # ten printed digits
    L = iot.leontief.factor(t).solve(np.eye(9))
    for (i, j), entry in leather.B.items():
        assert abs(L[i - 1, j - 1] - entry) < 5e-12  # twelve printed digits
    flows = iot.value_added_absorbed(t)
    np.testing.assert_allclose(flows.sum(axis=1) - flows.diagonal(), leather.VAX, atol=5e-10)
    assert t.balance().holds()


def test_transposed_solve():
    t = iot.IOTable(leather.Z, leather.Y, leather.COUNTRIES, leather.SECTORS)
    factors = iot.leontief.factor(t)
    inverse = np.linalg.inv(np.eye(9) - t.coefficients())
    np.testing.assert_allclose(factors.solve_transposed(t.v), np.ones(9), rtol=1e-13)
    np.testing.assert_allclose(factors.solve_transposed(leather.Y), inverse.T @ leather.Y, rtol=1e-12)
    np.testing.assert_allclose(factors.solve(leather.Y), inverse @ leather.Y, rtol=1e-12)
    M = np.eye(9) - t.coefficients()
    exact = 1 / (np.linalg.norm(M, np.inf) * np.linalg.norm(inverse, np.inf))
    assert exact <= factors.rcond * (1 + 1e-12) <= 3 * exact  # an estimate of the norm from below
