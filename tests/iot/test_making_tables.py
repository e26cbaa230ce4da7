"""Aggregation, RAS and GRAS, choices for negative and idle sectors, parquet."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econloom import iot
from econloom.core.errors import DataError, EstimationError, OutputError, UsageError
from tests.iot import leather
from tests.iot.test_identities import tables

TABLE = iot.IOTable(leather.Z, leather.Y, leather.COUNTRIES, leather.SECTORS)


@settings(max_examples=60, deadline=None)
@given(tables(), st.integers(0, 2**32 - 1))
def test_aggregation_preserves_totals(t, seed):
    rng = np.random.default_rng(seed)
    countries = {c: f"K{rng.integers(2)}" for c in t.countries if rng.random() < 0.8}
    sectors = {s: f"k{rng.integers(2)}" for s in t.sectors if rng.random() < 0.8}
    found = iot.aggregate(t, countries, sectors)
    scale = max(t.x.max(), 1)
    new = [countries.get(c, c) for c in t.countries]
    assert found.countries == tuple(dict.fromkeys(new))
    assert found.balance().holds()
    for total in (lambda u: u.Z.sum(), lambda u: u.Y.sum(), lambda u: u.x.sum(), lambda u: (u.v * u.x).sum()):
        assert abs(total(found) - total(t)) <= 1e-9 * scale
    for k, name in enumerate(found.countries):
        own = [i for i, c in enumerate(new) if c == name]
        assert abs(found.Y[:, k].sum() - t.Y[:, own].sum()) <= 1e-9 * scale
    for i, j in np.ndindex(found.n, found.n):
        rows = [k for k in range(t.n) if _new(t, k, countries, sectors) == found.label(i)]
        columns = [k for k in range(t.n) if _new(t, k, countries, sectors) == found.label(j)]
        assert abs(found.Z[i, j] - t.Z[np.ix_(rows, columns)].sum()) <= 1e-9 * scale


def _new(t, row, countries, sectors):
    c, s = divmod(row, len(t.sectors))
    return f"{countries.get(t.countries[c], t.countries[c])} {sectors.get(t.sectors[s], t.sectors[s])}"


def test_aggregation_to_two_economies_keeps_what_crosses_their_border():
    two = iot.aggregate(TABLE, {"TUR": "TUR"}, rest="ROW")
    assert two.countries == ("ROW", "TUR")
    assert iot.gross_exports(two)[3:, 0].sum() == pytest.approx(113.6, rel=1e-12)
    assert iot.aggregate(TABLE).countries == TABLE.countries
    np.testing.assert_array_equal(iot.aggregate(TABLE).Z, TABLE.Z)
    assert "3 to 2 economies" in two.events[-1].message


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: iot.aggregate(TABLE, {"TRU": "X"}), "the table has no TRU, did you mean 'TUR'"),
        (lambda: iot.aggregate(TABLE, sectors={"Agriculture": " "}), "none of them empty"),
        (lambda: iot.ras([[1]], [1], [1], negatives="grass"), "did you mean 'gras'"),
        (lambda: iot.ras([[1, 2]], [1], [1]), r"matrix \(1, 2\) with totals \(1,\) and \(1,\)"),
        (lambda: iot.ras([[1]], [1], [1], tolerance=0), "tolerance is a share"),
        (lambda: iot.ras([["a"]], [1], [1]), "arrays of real numbers"),
        (lambda: iot.from_flows([[1]], [[1]], ["A"], ["s"], zero_output="kept"), "did you mean 'keep'"),
    ],
)
def test_wrong_calls(call, words):
    with pytest.raises(UsageError, match=words):
        call()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_ras_meets_its_totals_and_keeps_zeros_and_cross_ratios(m, k, seed):
    rng = np.random.default_rng(seed)
    A = rng.random((m, k)) * (rng.random((m, k)) < 0.7)
    target = A * np.exp(rng.normal(size=(m, k)))  # same zeros: the totals can be met
    found = iot.ras(A, target.sum(axis=1), target.sum(axis=0), max_iterations=20_000)
    scale = max(target.sum(axis=1).max(), target.sum(axis=0).max(), 1e-300)
    assert found.converged and found.gap <= 1e-10 and len(found.gaps) == found.iterations
    np.testing.assert_allclose(found.matrix.sum(axis=1), target.sum(axis=1), atol=2e-10 * scale)
    np.testing.assert_allclose(found.matrix.sum(axis=0), target.sum(axis=0), atol=2e-10 * scale)
    np.testing.assert_array_equal(found.matrix == 0, A == 0)
    np.testing.assert_allclose(found.matrix, found.rows[:, None] * A * found.columns, rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 6), st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_gras_meets_its_totals_and_keeps_signs(m, k, seed):
    rng = np.random.default_rng(seed)
    A = rng.random((m, k)) + 0.05
    A[rng.random((m, k)) < 0.15] *= -0.3
    r, s = np.exp(0.5 * rng.normal(size=m)), np.exp(0.5 * rng.normal(size=k))
    known = np.where(A > 0, r[:, None] * A * s, A / (r[:, None] * s))  # the form that solves GRAS for its own totals
    u, w = known.sum(axis=1), known.sum(axis=0)
    found = iot.ras(A, u, w, negatives="gras", max_iterations=50_000, tolerance=1e-12)
    np.testing.assert_allclose(found.matrix, known, rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(np.sign(found.matrix), np.sign(A))


def test_gras_of_a_row_with_negative_cells_only():
    A = np.array([[2.0, 1], [-1, -2]])
    found = iot.ras(A, [4, -2], [2, 0], negatives="gras")
    np.testing.assert_allclose(found.matrix.sum(axis=1), [4, -2], atol=1e-8)
    assert (found.matrix[1] < 0).all()


def test_negative_cells_can_be_held():
    A = np.array([[2.0, 1, -1], [1, 3, 2]])
    found = iot.ras(A, [3, 8], [4, 5, 2], negatives="keep")
    assert found.matrix[0, 2] == -1
    np.testing.assert_allclose(found.matrix.sum(axis=0), [4, 5, 2], atol=1e-8)
    np.testing.assert_allclose(found.matrix.sum(axis=1), [3, 8], atol=1e-8)


def test_a_total_of_zero_empties_its_line():
    found = iot.ras([[1, 2], [3, 4]], [0, 7], [3, 4])
    np.testing.assert_allclose(found.matrix, [[0, 0], [3, 4]], atol=1e-9)


def test_ras_that_cannot_converge_says_so():
    A = [[1, 0], [1, 1]]
    with pytest.raises(EstimationError, match=r"not converged after 50 iterations.*row \d sums to"):
        iot.ras(A, [3, 1], [2, 2], max_iterations=50)
    found = iot.ras(A, [3, 1], [2, 2], max_iterations=50, strict=False)
    assert not found.converged and found.iterations == 50 and "not converged" in str(found)


@pytest.mark.parametrize(
    ("matrix", "rows", "columns", "words"),
    [
        ([[1, np.nan]], [1], [1, 1], "matrix has NaN or infinite numbers at 0, 1"),
        ([[1, -1]], [1], [1, 0], "1 negative cells, the first at 0, 1"),
        ([[1, 1]], [1], [1, 1], "row totals sum to 1, column totals to 2"),
        ([[1, 1], [0, 0]], [1, 1], [1, 1], "1 rows cannot reach their totals, the first is row 1"),
        ([[1, 1]], [-2], [-1, -1], "no cell of that sign"),
    ],
)
def test_ras_refuses(matrix, rows, columns, words):
    with pytest.raises(DataError, match=words):
        iot.ras(matrix, rows, columns)


Z = [[1.0, 2, 0], [0, 1, 0], [0, 3, 0]]
F = [[5.0, -1, 2, 0, 1, 0], [1, 0, 7, -9, 0, 0], [4, 0, 0, 0, 0, -1]]
NAMES = (["A", "B", "C"], ["all"])


def test_negative_final_use_by_choice():
    with pytest.raises(DataError, match="negative output in 1 sectors: B all"):
        iot.from_flows(np.array(Z), [[5, 0, 0], [1, -9, 0], [4, 0, 0]], *NAMES)
    some = iot.from_flows(
        Z, [*F[:1], [0, 0, 7, -9, 0, 0], *F[2:]], *NAMES, negative_final_use="floor_if_output_negative"
    )
    np.testing.assert_array_equal(some.Y, [[4, 2, 1], [0, 7, 0], [4, 0, -1]])
    assert some.events[0].detail["added"] == {"B all": 9.0}
    every = iot.from_flows(Z, F, *NAMES, negative_final_use="floor")
    np.testing.assert_array_equal(every.Y, [[5, 2, 1], [1, 7, 0], [4, 0, 0]])
    assert every.events[0].cells == 3 and "B all, " in every.events[0].message
    with pytest.raises(DataError, match="negative final use in 3 sectors, 11 in all: B all"):
        iot.from_flows(Z, F, *NAMES, negative_final_use="refuse")


def test_sectors_without_output_by_choice():
    idle = np.array([[1.0, 2, 3], [0, 1, 1], [0, 0, 0]])
    final = [[5.0, 1, 1], [1, 4, 1], [0, 0, 0]]
    kept = iot.from_flows(idle, final, *NAMES)
    assert kept.v[2] == 0 and "sectors without output: 1 (C all)" in kept.events[0].message
    moved = iot.from_flows(idle, final, *NAMES, zero_output="inputs_to_final_use")
    np.testing.assert_array_equal(moved.Y[:, 2], [4, 2, 0])
    assert moved.balance().holds() and moved.x.sum() == kept.x.sum()
    assert abs(iot.decompose.gaps(iot.decompose.wwz(moved), "wwz")["gap"]).max() < 1e-12
    with pytest.raises(DataError, match="1 sectors without output: C all"):
        iot.from_flows(idle, final, *NAMES, zero_output="refuse")
    assert idle[0, 2] == 3


@pytest.mark.parametrize(
    ("flows", "final", "words"),
    [
        ([[1.0, np.nan], [1, 1]], [[1.0, 1], [1, 1]], "Z has NaN or infinite numbers, the first in row 0"),
        ([[1.0, 1]], [[1.0, 1], [1, 1]], "Z has shape"),
        ([[1.0, 1], [1, 1]], [[1.0, 1, 1], [1, 1, 1]], "F"),
        ("abc", [[1.0]], "not an array of real numbers"),
    ],
)
def test_flows_that_are_none(flows, final, words):
    with pytest.raises(DataError, match=words):
        iot.from_flows(flows, final, ["A", "B"], ["s"])


@settings(max_examples=25, deadline=None)
@given(t=tables())
def test_parquet_gives_the_table_back(t, tmp_path_factory):
    path = tmp_path_factory.mktemp("表") / "投入产出.parquet"
    named = iot.IOTable(t.Z, t.Y, [f"{c}:中" for c in t.countries], t.sectors, t.x, 0.9 * t.v, balance_tolerance=0.02)
    named.to_parquet(path)
    again = iot.read(path)
    for name in ("Z", "Y", "x", "v"):
        np.testing.assert_array_equal(getattr(again, name), getattr(named, name))
    assert (again.countries, again.sectors, again.balance_tolerance) == (named.countries, named.sectors, 0.02)


def test_events_survive_parquet(tmp_path):
    table = iot.aggregate(TABLE, {"TUR": "TUR"}, rest="ROW")
    table.to_parquet(tmp_path / "t.parquet")
    assert iot.IOTable.from_parquet(tmp_path / "t.parquet").events == table.events


def test_damaged_parquet(tmp_path):
    path = tmp_path / "t.parquet"
    with pytest.raises(DataError, match="no such file"):
        iot.IOTable.from_parquet(path)
    path.write_bytes(b"PAR1 something else")
    with pytest.raises(DataError, match="not a parquet file, or damaged"):
        iot.read(path)
    TABLE.to_parquet(path)
    good = pl.read_parquet(path)
    for change, words in {
        "no x": (good.drop("x"), "missing: x"),
        "order": (good.reverse(), "column about"),
        "column": (good.drop("Z:TUR:Agriculture"), "1 columns missing, the first is 'Z:TUR:Agriculture'"),
        "text": (good.with_columns(x=pl.lit("a")), "'x' is not of numbers"),
        "null": (good.with_columns(v=pl.lit(None, pl.Float64)), "empty cells in 'v'"),
        "nan": (good.with_columns(pl.lit(float("nan")).alias("Y:DEU")), "NaN"),
        "format": (good.with_columns(about=pl.lit('{"format": "x"}')), "format 'x'"),
        "rows": (good.head(8), "rows are not all sectors"),
    }.values():
        change.write_parquet(path)
        with pytest.raises(DataError, match=words):
            iot.read(path)
    with pytest.raises(OutputError, match="cannot be written"):
        TABLE.to_parquet(tmp_path / "none" / "t.parquet")
