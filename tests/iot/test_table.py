"""What a table refuses, what it reports, and how it is saved."""

import pickle

import numpy as np
import pytest

from econloom import iot
from econloom.core.errors import DataError, EstimationError, OutputError, UsageError
from econloom.core.lineage import Event
from tests.iot import leather


def build(**changes):
    given = {"Z": leather.Z, "Y": leather.Y, "countries": leather.COUNTRIES, "sectors": leather.SECTORS}
    return iot.IOTable(**(given | changes))


def changed(array, place, value):
    copy = np.array(array, dtype=float)
    copy[place] = value
    return copy


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Z": leather.Z[:8]}, r"Z has shape \(8, 9\), expected \(9, 9\)"),
        ({"Y": leather.Y[:, :2]}, r"Y has shape \(9, 2\), expected \(9, 3\)"),
        ({"Z": changed(leather.Z, (4, 2), np.nan)}, "1 rows of Z or Y hold NaN .* TUR Textile"),
        ({"Y": changed(leather.Y, (0, 2), np.inf)}, "NaN or infinite numbers: ARG Agriculture"),
        ({"Y": changed(leather.Y, (2, 0), -500)}, "negative output in 1 sectors: ARG Transport.Equipment -492"),
        ({"countries": ["ARG", "TUR", "ARG"]}, "countries: duplicate labels ARG"),
        ({"sectors": ["a", None, "c"]}, "sectors: label missing at place 2"),
        ({"sectors": ["a", " ", "c"]}, "sectors: label missing at place 2"),
        ({"countries": []}, "countries: no labels"),
        ({"Z": np.full((9, 9), "a")}, "Z: not an array of real numbers"),
        ({"Z": [[1, 2], [3]]}, "Z: not an array of real numbers"),
        ({"Z": leather.Z + 0j}, "Z: not an array of real numbers"),
        ({"x": leather.x[:4]}, r"x has shape \(4,\)"),
        ({"x": changed(leather.x, 3, np.nan)}, "x is NaN or infinite in 1 rows: TUR Agriculture"),
        ({"v": changed(leather.v, 3, np.nan)}, "v is NaN or infinite"),
        ({"x": changed(leather.x, 5, 50)}, "unbalanced .* in 1 of 9 rows .*TUR Transport.*output 50, accounted 43.2"),
    ],
)
def test_refuses(changes, message):
    with pytest.raises(DataError, match=message):
        build(**changes)


def test_wrong_calls():
    with pytest.raises(UsageError, match="a list of labels"):
        build(countries="ARG")
    with pytest.raises(UsageError, match="a list of labels"):
        build(countries=3)
    with pytest.raises(UsageError, match="balance_tolerance"):
        build(balance_tolerance=-1)


def test_unbalanced_rows_come_worst_first():
    x = np.array(leather.x)
    x[[1, 7]] += [20, 40]
    with pytest.raises(DataError) as caught:
        build(x=x)
    text = caught.value.message
    assert text.index("DEU Textile") < text.index("ARG Textile") and "gap 40" in text


def test_gaps_are_reported_when_x_or_v_are_others():
    x = changed(leather.x, 5, 50)
    report = build(x=x, balance_tolerance=0.2).balance()
    assert not report.holds()
    assert report.worst_rows()[0].label == "TUR Transport.Equipment"
    assert abs(report.worst_rows()[0].gap - 6.8) < 1e-9
    assert abs(report.column_gap).max() < 1e-9  # v = 1 - colsum(A) with that x
    report = build(v=changed(leather.v, 0, 0.5)).balance()
    assert report.worst_columns(1)[0].label == "ARG Agriculture"
    assert abs(report.column_gap[0] - (0.6731016731 - 0.5) * 77.7) < 1e-6
    assert "ARG Agriculture: output 77.7" in str(report)


def test_tables_are_frozen_and_leave_their_input_alone():
    Z = leather.Z.copy()
    t = build(Z=Z)
    iot.value_added_absorbed(t)
    np.testing.assert_array_equal(Z, leather.Z)
    with pytest.raises(ValueError, match="read-only"):
        t.Z[0, 0] = 1
    with pytest.raises(AttributeError):
        t.x = None


def test_other_memory_layouts_and_kinds_give_the_same():
    expected = iot.value_added_absorbed(build())
    for Z in (np.asfortranarray(leather.Z), leather.Z.tolist(), leather.Z.astype(object)):
        np.testing.assert_allclose(iot.value_added_absorbed(build(Z=Z)), expected, rtol=1e-13)


def test_zero_output_sectors_are_safe():
    Z, Y = leather.Z.copy(), leather.Y.copy()
    Z[4], Z[:, 4], Y[4] = 0, 0, 0
    t = build(Z=Z, Y=Y)
    assert t.x[4] == 0 and t.v[4] == 0 and not t.coefficients()[:, 4].any()
    flows = iot.value_added_absorbed(t)
    np.testing.assert_allclose(flows.sum(axis=0), Y.sum(axis=0), rtol=1e-13)
    keep = np.delete(np.arange(9), 4)
    A = (Z / np.where(t.x > 0, t.x, 1))[np.ix_(keep, keep)]
    output = np.linalg.inv(np.eye(8) - A) @ Y[keep]
    home = np.array([0, 0, 0, 1, 1, 2, 2, 2])
    expected = [(t.v[keep][home == c, None] * output[home == c]).sum(axis=0) for c in range(3)]
    np.testing.assert_allclose(flows, expected, rtol=1e-13)


def test_inputs_of_a_sector_without_output_show_up_in_the_balance():
    Z, Y = leather.Z.copy(), leather.Y.copy()
    Z[4], Y[4] = 0, 0
    report = build(Z=Z, Y=Y).balance()
    assert not report.holds() and report.worst_columns(1)[0].label == "TUR Textile.and.Leather"


def test_sales_without_output_show_up_in_the_balance():
    Z, Y = leather.Z.copy(), leather.Y.copy()
    Z[:, 4] = 0
    Y[4] = [-Z[4].sum(), 7, -7]
    t = build(Z=Z, Y=Y)
    report = t.balance()
    assert t.x[4] == 0 and abs(report.idle_sales[4] - 2 * Z[4].sum() - 14) < 1e-9
    assert not report.holds() and "idle   TUR Textile.and.Leather: output 0" in str(report)
    short = np.abs(Y.sum(axis=0) - iot.value_added_absorbed(t).sum(axis=0)).max()
    assert 0 < short <= report.idle_sales[4]


def test_rounding_residue_is_no_output():
    Z, Y = leather.Z.copy(), leather.Y.copy()
    Z[4], Z[:, 4] = 0, 0
    Y[4] = [0.1, 0.2, -0.3]  # sums to 5.6e-17 in floating point
    assert build(Z=Z, Y=Y).x[4] == 0


def test_everything_zero():
    t = build(Z=np.zeros((9, 9)), Y=np.zeros((9, 3)))
    assert not iot.value_added_absorbed(t).any()
    assert np.isnan(iot.trade_benefit_index(t)).all()


def test_singular_system_names_the_closed_circle():
    Z, Y = leather.Z.copy(), leather.Y.copy()
    circle = [1, 5]  # two sectors that sell to each other only, and buy nothing else
    Z[:, circle], Z[circle], Y[circle] = 0, 0, 0
    Z[1, 5] = Z[5, 1] = 30
    with pytest.raises(EstimationError, match="singular") as caught:
        iot.value_added_absorbed(build(Z=Z, Y=Y))
    text = str(caught.value)
    assert "ARG Textile" in text and "TUR Transport" in text and "DEU" not in text
    assert "inputs 30, output 30" in text


def test_nearly_singular_system_is_refused():
    Z, Y = leather.Z.copy(), leather.Y.copy()
    Z[:, 8], Z[8], Y[8] = 0, 0, 0
    Z[8, 8], Y[8, 0] = 1e6, 1e-7
    with pytest.raises(EstimationError, match=r"(ill-conditioned|singular).*DEU Transport"):
        iot.value_added_absorbed(build(Z=Z, Y=Y))


def test_right_hand_sides_are_checked():
    factors = iot.leontief.factor(build())
    for wrong in (np.ones(8), np.ones((3, 9)), np.full(9, np.nan), ["a"] * 9):
        with pytest.raises(UsageError, match="right-hand side"):
            factors.solve(wrong)


def test_saved_and_read_again(tmp_path):
    path = tmp_path / "t.npz"
    t = build(events=(Event("warning", "说明", detail={"year": 2000}),), x=changed(leather.x, 5, 43.3))
    t.to_npz(path)
    again = iot.read(path)
    for name in "ZYxv":
        np.testing.assert_array_equal(getattr(again, name), getattr(t, name))
    assert (again.countries, again.sectors, again.events) == (t.countries, t.sectors, t.events)
    t.to_npz(path)
    assert [p.name for p in tmp_path.iterdir()] == ["t.npz"]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "t.npz"
    build().to_npz(path)
    before = path.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OutputError, match="No space left"):
        build().to_npz(path)
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1
    with pytest.raises(OutputError, match="cannot be written"):
        build().to_npz(tmp_path / "nowhere" / "t.npz")


def test_pickle_keeps_the_table():
    again = pickle.loads(pickle.dumps(build()))
    np.testing.assert_array_equal(iot.value_added_absorbed(again), iot.value_added_absorbed(build()))
