"""Domestic value added in exports: identities on random tables, a slow form, and printed numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econloom import iot
from econloom.core.errors import EstimationError, UsageError
from tests.iot import leather
from tests.iot.test_identities import tables


def dense_reference(t):
    """The formula with explicit inverses, cell by cell."""
    G, S = len(t.countries), len(t.sectors)
    A, flows = t.coefficients(), np.zeros((G, G))
    for i in range(G):
        own = slice(i * S, (i + 1) * S)
        multiplier = t.v[own] @ np.linalg.inv(np.eye(S) - A[own, own])
        for j in range(G):
            if j != i:
                flows[i, j] = multiplier @ (t.Z[own, j * S : (j + 1) * S].sum(axis=1) + t.Y[own, j])
    return flows


@settings(max_examples=100, deadline=None)
@given(tables())
def test_against_the_dense_reference(t):
    found = iot.domestic_value_added_exported(t)
    np.testing.assert_allclose(found, dense_reference(t), atol=1e-9 * max(t.x.max(), 1))
    assert not found.diagonal().any()


@settings(max_examples=60, deadline=None)
@given(tables())
def test_rows_sum_to_the_domestic_value_added_in_all_exports(t):
    G, S = len(t.countries), len(t.sectors)
    domestic = np.array([t.Z[i * S : (i + 1) * S, i * S : (i + 1) * S].sum(axis=1) for i in range(G)]).ravel()
    home = np.array([t.Y[i * S : (i + 1) * S, i] for i in range(G)]).ravel()
    exports = t.x - domestic - home  # what is not sold at home
    np.testing.assert_allclose(iot.gross_exports(t).sum(axis=1), exports, atol=1e-9 * max(t.x.max(), 1))
    A = t.coefficients()
    for i, total in enumerate(iot.domestic_value_added_exported(t).sum(axis=1)):
        own = slice(i * S, (i + 1) * S)
        expected = t.v[own] @ np.linalg.solve(np.eye(S) - A[own, own], exports[own])
        np.testing.assert_allclose(total, expected, atol=1e-9 * max(t.x.max(), 1))


@settings(max_examples=60, deadline=None)
@given(tables())
def test_at_most_the_exports_where_nothing_is_negative(t):
    t = iot.IOTable(t.Z, np.maximum(t.Y, 0), t.countries, t.sectors)
    exports = iot.gross_exports(t).reshape(len(t.countries), len(t.sectors), -1).sum(axis=1)
    found = iot.domestic_value_added_exported(t)
    if (t.v >= 0).all():
        slack = 1e-9 * max(t.x.max(), 1)
        assert (found >= -slack).all() and (found <= exports + slack).all()


@settings(max_examples=40, deadline=None)
@given(tables(countries=(2, 2)))
def test_two_economies_mirror_each_other(t):
    first, second = iot.trade_benefit_index(t, flows="domestic_value_added")
    assert (np.isnan(first) and np.isnan(second)) or abs(first + second) < 1e-9


@settings(max_examples=40, deadline=None)
@given(tables(), st.floats(1e-3, 1e3))
def test_units_only_scale_it(t, factor):
    scaled = iot.IOTable(t.Z * factor, t.Y * factor, t.countries, t.sectors)
    expected = factor * iot.domestic_value_added_exported(t)
    np.testing.assert_allclose(
        iot.domestic_value_added_exported(scaled), expected, atol=1e-8 * factor * max(t.x.max(), 1)
    )


def test_without_trade_in_intermediates_it_is_value_added_absorbed():
    Z = np.zeros((9, 9))
    for i in range(0, 9, 3):
        Z[i : i + 3, i : i + 3] = leather.Z[i : i + 3, i : i + 3]
    t = iot.IOTable(Z, leather.Y, leather.COUNTRIES, leather.SECTORS)
    absorbed = iot.value_added_absorbed(t)
    np.fill_diagonal(absorbed, 0)
    np.testing.assert_allclose(iot.domestic_value_added_exported(t), absorbed, rtol=1e-12)


def test_leather_against_exvatools_and_decompr():
    t = iot.IOTable(leather.Z, leather.Y, leather.COUNTRIES, leather.SECTORS, x=leather.x)
    np.testing.assert_allclose(iot.domestic_value_added_exported(t).sum(axis=1), leather.DVA, atol=5e-10)


def test_a_closed_circle_at_home_is_named():
    Z, Y = leather.Z.copy(), leather.Y.copy()
    circle = [3, 5]
    Z[:, circle], Z[circle], Y[circle] = 0, 0, 0
    Z[3, 5] = Z[5, 3] = 30
    with pytest.raises(EstimationError, match=r"singular.*TUR"):
        iot.domestic_value_added_exported(iot.IOTable(Z, Y, leather.COUNTRIES, leather.SECTORS))


def test_yearly_flows_and_indices(folder_2013):
    tables, told = iot.read(folder_2013), []
    flows = iot.yearly_domestic_value_added(tables, lambda *a: told.append(a))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    np.testing.assert_array_equal(flows[1], iot.domestic_value_added_exported(tables.table(1996)))
    at_once = iot.trade_benefit_indices(tables, flows="domestic_value_added")
    assert at_once.equals(iot.trade_benefit_indices(tables, "plain", flows="domestic_value_added", exported=flows))
    expected = iot.trade_benefit_index(tables.table(1997), flows="domestic_value_added")[1]
    assert at_once.filter(code="ROU", year=1997)["tbi"].item() == expected
    assert not at_once.equals(iot.trade_benefit_indices(tables, "plain"))


def test_wrong_calls(folder):
    tables = iot.read(folder)  # this layout has known totals
    t = tables.table(2000)
    for ask in (
        lambda: iot.trade_benefit_indices(tables, "known_totals", flows="domestic_value_added"),
        lambda: iot.trade_benefit_index(t, [1, 2, 3], [1, 2, 3], flows="domestic_value_added"),
    ):
        with pytest.raises(UsageError, match="known-totals form needs flows='absorbed'"):
            ask()
    cube = np.zeros((2, 3, 3))
    with pytest.raises(UsageError, match="did you mean 'domestic_value_added'"):
        iot.trade_benefit_indices(tables, flows="domestic_value_ad")
    with pytest.raises(UsageError, match="absorbed= does not go with flows='domestic_value_added'"):
        iot.trade_benefit_indices(tables, flows="domestic_value_added", absorbed=cube)
    with pytest.raises(UsageError, match="exported= does not go with flows='absorbed'"):
        iot.trade_benefit_index(t, exported=cube[0])
    with pytest.raises(UsageError, match=r"exported has shape \(1, 3, 3\), expected \(2, 3, 3\)"):
        iot.trade_benefit_indices(tables, flows="domestic_value_added", exported=cube[:1])
