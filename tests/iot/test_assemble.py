"""Assembling one year: by hand, its margins, and what happens to sectors that cannot produce."""

import numpy as np
import pytest

from econloom import iot
from econloom.core.errors import DataError, UsageError
from tests.iot import sources


def small(year=0):
    national, bilateral, rest = sources.arrays()
    return [
        national["domestic"][year], national["imports"][year],
        bilateral["intermediate"][year], bilateral["final"][year], rest["domestic"],
    ]  # fmt: skip


def test_import_proportionality_by_hand():
    # One country (two sectors) and ROW. Imports of product 1: users 1 and 3, final use 6; of 2: 0, 0 and 5.
    domestic = np.array([[[10.0, 20, 70], [5, 5, 40]]])
    imports = np.array([[[1.0, 3, 6], [0, 0, 5]]])
    intermediate = np.array([[[0.0, 0], [8, 2]], [[4, 0], [30, 9]]])  # [origin, destination, product]
    final = np.array([[[0.0, 0], [3, 1]], [[6, 5], [50, 60]]])
    rest = np.array([[2.0, 4], [0, 0]])  # ROW's row 2 is empty: its flows of product 2 go by the column totals 2 : 4
    made = iot.assemble.assemble_year(domestic, imports, intermediate, final, rest)
    # Row A1 sells 10, 20 at home, 8 to ROW's users by 2/6 and 4/6; A2: 2 by the same column shares.
    # Row ROW1 sells 4 to A's users by 1/4 and 3/4, 30 at home by 2/6 and 4/6; ROW2: 0 to A, 9 at home.
    expected = [[10, 20, 8 / 3, 16 / 3], [5, 5, 2 / 3, 4 / 3], [1, 3, 10, 20], [0, 0, 3, 6]]
    np.testing.assert_allclose(made.Z, expected, rtol=1e-15)
    np.testing.assert_allclose(made.Y, [[70, 3], [40, 1], [6, 50], [5, 60]])
    assert made.mended == ()


def test_margins_are_kept():
    domestic, imports, intermediate, final, rest = small()
    before = [a.copy() for a in (domestic, imports, intermediate, final, rest)]
    made = iot.assemble.assemble_year(domestic, imports, intermediate, final, rest)
    for old, new in zip(before, (domestic, imports, intermediate, final, rest), strict=True):
        np.testing.assert_array_equal(old, new)
    Z = made.Z.reshape(3, 3, 3, 3)
    np.testing.assert_allclose(Z.sum(3)[2], np.moveaxis(intermediate, 1, 2)[2], rtol=1e-13)
    for d in range(2):
        np.testing.assert_allclose(Z[d, :, d], domestic[d, :, :3])
        abroad = [o for o in range(3) if o != d]
        np.testing.assert_allclose(Z[abroad, :, d].sum(0), imports[d, :, :3], rtol=1e-12)
        np.testing.assert_allclose(made.Y.reshape(3, 3, 3)[abroad, :, d].sum(0), imports[d, :, 3:].sum(1), rtol=1e-12)


def test_negative_output_is_floored():
    parts = small()
    parts[3][2, 2, 1] = -5000  # ROW s2: sales sum to less than zero
    made = iot.assemble.assemble_year(*parts)
    (mended,) = made.mended
    assert mended.row == 7 and mended.output < 0 and (mended.added, mended.moved) == (5000, 0)
    parts[3][2, 2, 1] = 0
    plain = iot.assemble.assemble_year(*parts)
    np.testing.assert_array_equal(made.Z, plain.Z)
    np.testing.assert_array_equal(made.Y, plain.Y)
    t = iot.IOTable(made.Z, made.Y, ["A", "B", "ROW"], sources.SECTORS)
    assert abs(t.x[7] - mended.output - 5000) < 1e-9 and t.balance().holds()
    np.testing.assert_allclose(iot.value_added_absorbed(t).sum(0), made.Y.sum(0), rtol=1e-11)
    parts[3][2, 2, 1] = -5000
    with pytest.raises(DataError, match="row 7"):
        iot.assemble.assemble_year(*parts, negative_output="refuse")


def test_negative_final_use_beside_positive_output_is_left_alone():
    parts = small()
    parts[3][2, 2, 1] = -5
    made = iot.assemble.assemble_year(*parts)
    assert made.mended == () and made.Y[7, 2] == -5


def test_inputs_of_a_sector_that_sells_nothing_become_final_use():
    parts = small()
    domestic, imports, intermediate, final, rest = parts
    intermediate[2, :, 1], final[2, :, 1] = 0, 0
    made = iot.assemble.assemble_year(domestic, imports, intermediate, final, rest)
    (mended,) = made.mended
    assert (mended.row, mended.output, mended.added) == (7, 0, 0) and mended.moved > 0
    assert not made.Z[:, 7].any() and not made.Z[7].any()
    t = iot.IOTable(made.Z, made.Y, ["A", "B", "ROW"], sources.SECTORS)
    assert t.balance().holds() and t.x[7] == 0
    np.testing.assert_allclose(t.x[:6], (domestic.sum(2) + (intermediate + final).sum(1)[:2]).ravel(), rtol=1e-12)


def test_wrong_calls():
    with pytest.raises(UsageError, match="did you mean 'refuse'"):
        iot.assemble.assemble_year(*small(), negative_output="refus")
    parts = small()
    parts[2] = parts[2][:, :2]
    with pytest.raises(UsageError, match="shapes do not fit"):
        iot.assemble.assemble_year(*parts)


def test_flows_into_an_empty_table_are_refused():
    parts = small()
    parts[4] = np.zeros((3, 3))
    with pytest.raises(DataError, match="no intermediate use"):
        iot.assemble.assemble_year(*parts)
