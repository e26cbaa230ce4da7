"""A 3-country, 2-sector table whose every result can be had with pencil and paper.

Sales (rows) to industries: A1 to itself 20 and to B2 16; B1 to B2 8; B2 to C2 20; C1 to A2 5; nothing else.
Final use by A, B, C:  A1 40 14 10 | A2 30 0 20 | B1 2 30 0 | B2 10 40 10 | C1 0 5 10 | C2 25 15 60.
Output = sales:  A1 20+16+64 = 100, A2 50, B1 8+32 = 40, B2 20+60 = 80, C1 5+15 = 20, C2 100.
v = (output - inputs) / output:  A1 80/100 = .8, A2 (50-5)/50 = .9, B1 1, B2 (80-16-8)/80 = .7, C1 1, C2 80/100 = .8.
"""

import numpy as np
import pytest

from econloom import iot
from econloom.core.errors import UsageError

x = [100, 50, 40, 80, 20, 100]
v = [0.8, 0.9, 1, 0.7, 1, 0.8]


@pytest.fixture
def table():
    Z = np.zeros((6, 6))
    A1, A2, B1, B2, C1, C2 = range(6)
    Z[A1, A1], Z[A1, B2], Z[B1, B2], Z[B2, C2], Z[C1, A2] = 20, 16, 8, 20, 5
    Y = [[40, 14, 10], [30, 0, 20], [2, 30, 0], [10, 40, 10], [0, 5, 10], [25, 15, 60]]
    return iot.IOTable(Z, Y, ["A", "B", "C"], ["1", "2"])


def test_output_and_value_added_shares(table):
    np.testing.assert_allclose(table.x, x, rtol=1e-15)
    np.testing.assert_allclose(table.v, v, rtol=1e-15)
    assert table.balance().holds()


def test_leontief_columns(table):
    # One unit of A1 needs 1/(1-.2) = 1.25 of A1. One of B2 needs .2 x 1.25 = .25 of A1, .1 of B1, 1 of B2.
    # One of C2 needs .2 of B2, hence .05 of A1 and .02 of B1, and 1 of C2.
    L = iot.leontief.factor(table).solve(np.eye(6))
    np.testing.assert_allclose(L[:, 0], [1.25, 0, 0, 0, 0, 0], atol=1e-15)
    np.testing.assert_allclose(L[:, 3], [0.25, 0, 0.1, 1, 0, 0], atol=1e-15)
    np.testing.assert_allclose(L[:, 5], [0.05, 0, 0.02, 0.2, 0, 1], atol=1e-15)


def test_value_added_absorbed(table):
    # Value added in one unit of a product, by origin (v times the columns of L):
    #   A1: A .8 x 1.25 = 1.   A2: A .9, C .1.   B1: B 1.   B2: A .8 x .25 = .2, B .1 + .7 = .8.
    #   C1: C 1.   C2: A .8 x .05 = .04, B .02 + .7 x .2 = .16, C .8.
    # Absorbed in A (40 30 2 10 0 25):  A 40 + 27 + 2 + 1 = 70,  B 2 + 8 + 4 = 14,  C 3 + 20 = 23;  sum 107
    # Absorbed in B (14 0 30 40 5 15):  A 14 + 8 + .6 = 22.6,  B 30 + 32 + 2.4 = 64.4,  C 5 + 12 = 17;  sum 104
    # Absorbed in C (10 20 0 10 10 60): A 10 + 18 + 2 + 2.4 = 32.4,  B 8 + 9.6 = 17.6,  C 2 + 10 + 48 = 60;  sum 110
    expected = [[70, 22.6, 32.4], [14, 64.4, 17.6], [23, 17, 60]]
    np.testing.assert_allclose(iot.value_added_absorbed(table), expected, rtol=1e-14)


def test_trade_benefit_index(table):
    # A: out 22.6 + 32.4 = 55, in 14 + 23 = 37.  B: out 31.6, in 39.6.  C: out 40, in 50.
    expected = [18 / 92, -8 / 71.2, -10 / 90]
    np.testing.assert_allclose(iot.trade_benefit_index(table), expected, rtol=1e-13)


def test_known_totals_form(table):
    # Value added 80 + 45 = 125, 40 + 56 = 96, 20 + 80 = 100; final demand 107, 104, 110: A (125-107)/(125+107-140).
    same = iot.trade_benefit_index(table, value_added=[125, 96, 100], final_demand=[107, 104, 110])
    np.testing.assert_allclose(same, [18 / 92, -8 / 71.2, -10 / 90], rtol=1e-13)
    # Other totals for A only: (130 - 100) / (130 + 100 - 140) = 30/90; nothing known about B.
    other = iot.trade_benefit_index(table, value_added=[130, np.nan, 100], final_demand=[100, 104, 110])
    np.testing.assert_allclose(other, [1 / 3, np.nan, -10 / 90], rtol=1e-13)


def test_domestic_value_added_in_exports(table):
    # Multipliers v' (I - A_ii)^-1:  A .8/(1 - .2) = 1 and .9;  B 1 and .7 + 1 x .1 = .8;  C 1 and .8.
    # Exports of A: A1 to B 16 + 14 = 30, to C 10; A2 to C 20.  Value added: to B 30, to C 10 + 18 = 28.
    # Exports of B: B1 to A 2; B2 to A 10, to C 20 + 10 = 30.  To A 2 + 8 = 10, to C 24.
    # Exports of C: C1 to A 5, to B 5; C2 to A 25, to B 15.  To A 5 + 20 = 25, to B 5 + 12 = 17.
    exports = [[0, 30, 10], [0, 0, 20], [2, 0, 0], [10, 0, 30], [5, 5, 0], [25, 15, 0]]
    np.testing.assert_array_equal(iot.gross_exports(table), exports)
    expected = [[0, 30, 28], [10, 0, 24], [25, 17, 0]]
    np.testing.assert_allclose(iot.domestic_value_added_exported(table), expected, rtol=1e-14)
    # A: out 58, in 35.  B: out 34, in 47.  C: out 42, in 52.
    index = iot.trade_benefit_index(table, flows="domestic_value_added")
    np.testing.assert_allclose(index, [23 / 93, -13 / 81, -10 / 94], rtol=1e-13)


def test_index_needs_both_totals_of_the_right_length(table):
    with pytest.raises(UsageError, match="together"):
        iot.trade_benefit_index(table, value_added=[1, 2, 3])
    with pytest.raises(UsageError, match="one number for each of 3"):
        iot.trade_benefit_index(table, value_added=[1, 2], final_demand=[1, 2])
    with pytest.raises(UsageError, match="infinite for B"):
        iot.trade_benefit_index(table, value_added=[1, np.inf, 1], final_demand=[1, 2, 3])
