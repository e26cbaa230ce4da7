# ruff: noqa: E501
"""Parsers against small files in the official layouts; the cache; faults of files, by hand and at random."""

from __future__ import annotations

import numpy as np
import pytest

from econloom import iot
from econloom.core.errors import DataError, EconloomError, UsageError
from tests.iot import layouts

THREE = ("CHN", "USA", "ROW")
HERE = "tests/iot/official/WIOT2014_October16_ROW.RData"


@pytest.fixture(autouse=True)
def kept(tmp_path_factory, monkeypatch):
    """A cache folder for each test."""
    place = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("ECONLOOM_CACHE", str(place))
    return place / "iot"


def same(found, expected, rtol=1e-14):
    assert found.countries == tuple(expected.countries)
    assert found.sectors == tuple(expected.sectors)
    for name in ("Z", "Y", "x", "v"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=rtol, atol=1e-14)


WRITERS = {"csv": layouts.write_csv, "xlsx": layouts.write_xlsx, "xlsb": layouts.write_xlsb}


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize(
    ("kind", "name"),
    [("wiod2016", "WIOT2014_Nov16_ROW"), ("wiod2013", "WIOT95_ROW_Apr12"), ("adb-mrio", "ADB-MRIO-2019")],
)
def test_numbered_sheets(kind, name, suffix, tmp_path):
    rows, expected = layouts.numbered(kind, THREE)
    path = WRITERS[suffix](tmp_path / f"{name}.{suffix}", rows)
    assert iot.layout_of(path) == kind
    found = iot.read(path)
    same(found, expected)
    assert f"layout {kind}" in found.events[0].message
    added = next(e for e in found.events if "value added" in e.message).detail
    assert added["stated"] == pytest.approx(added["used"], rel=1e-12)


def test_a_frame_of_r_saved_by_r():
    """Written by R 4.2.2, `save(wiot, file = ...)`, from `layouts.r_frame`."""
    pytest.importorskip("pyreadr")
    assert iot.layout_of(HERE) == "wiod2016"
    same(iot.read(HERE), layouts.r_frame(THREE)[1])


def test_the_same_frame_as_csv(tmp_path):
    frame, expected = layouts.r_frame(THREE)
    frame.write_csv(tmp_path / "wiot_2014.csv")
    same(iot.read(tmp_path / "wiot_2014.csv"), expected)


@pytest.mark.parametrize("merged", [False, True])
def test_icio(merged, tmp_path):
    countries = ("AUS", "CHN", "MEX", "ROW")
    rows, expected = layouts.icio(countries, merged=merged)
    path = layouts.write_csv(tmp_path / "ICIO2021_2018.csv", rows)
    assert iot.layout_of(path) == "oecd-icio"
    found = iot.read(path)
    same(found, expected, rtol=1e-12)
    assert any("CN1 -> CHN" in e.message for e in found.events) == merged


def test_icio_of_a_release_with_the_rest_of_the_world_inside_and_categories_first(tmp_path):
    rows, expected = layouts.icio(("ROW", "AUS", "CHN"))
    rows[0] = [
        f"{h.split('_')[1]}_{h.split('_')[0]}" if "_" in h and not h.split("_")[1][0].isdigit() else h for h in rows[0]
    ]
    found = iot.read(layouts.write_csv(tmp_path / "2016.csv", rows))
    assert found.countries == ("AUS", "CHN", "ROW")
    assert found.x.sum() == pytest.approx(expected.x.sum(), rel=1e-12)
    np.testing.assert_allclose(found.Z[-3:, -3:], expected.Z[:3, :3])
    np.testing.assert_allclose(found.Y[:3, 0], expected.Y[3:6, 1])


def test_figaro_matrix_and_flat(tmp_path):
    grid, flat, expected = layouts.figaro(("AT", "DE", "FIGW1"))
    one = layouts.write_csv(tmp_path / "matrix_eu-ic-io_ind-by-ind_24ed_2020.csv", grid)
    two = layouts.write_csv(tmp_path / "flatfile_eu-ic-io_ind-by-ind_24ed_2020.csv", flat)
    assert iot.layout_of(one) == iot.layout_of(two) == "figaro"
    same(iot.read(one), expected)
    same(iot.read(two), expected)
    heads = [h.replace("Ii", "Pi") for h in flat[0]]
    same(iot.read(layouts.write_csv(tmp_path / "flat_prod_2020.csv", [heads, *flat[1:]])), expected)


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_province(suffix, tmp_path):
    rows, Z, F, E, M, err, x = layouts.province()
    path = WRITERS[suffix](tmp_path / f"北京2012.{suffix}", rows)
    assert iot.layout_of(path) == "national"
    found = iot.read(path)
    assert (found.countries, found.sectors) == (("北京2012",), ("01", "02", "03"))
    np.testing.assert_allclose(found.Z, Z)
    np.testing.assert_allclose(found.x, x)
    np.testing.assert_allclose(found.Y[:, 0], F + E - M + err)
    home = iot.read(path, imports="removed", economy="BEI")
    share = M / (Z.sum(1) + F)
    assert home.countries == ("BEI",)
    np.testing.assert_allclose(home.Z, Z * (1 - share)[:, None])
    np.testing.assert_allclose(home.x, x)


def test_a_country_with_english_names_in_gb18030_or_semicolons(tmp_path):
    rows = [["", "Farming", "Mining", "Household consumption", "Exports", "Imports", "Output"],
            ["Farming", 1, 2, 5, 3, 1, 10], ["Mining", 4, 0, 3, 2, "", 9], ["Value added", 5, 7, "", "", "", ""]]  # fmt: skip
    found = iot.read(layouts.write_csv(tmp_path / "land.csv", rows, separator=";"))
    assert found.x.tolist() == [10, 9]
    assert found.v.tolist() == pytest.approx([0.5, 7 / 9])
    province = layouts.province()[0]
    assert iot.read(layouts.write_csv(tmp_path / "省2012.csv", province, encoding="gb18030")).n == 3


def test_a_folder_of_years(tmp_path):
    folder = tmp_path / "数据"
    folder.mkdir()
    expected = {}
    for year in (2001, 2000):
        rows, expected[year] = layouts.icio(("AUS", "CHN", "ROW"), seed=year)
        layouts.write_csv(folder / f"ICIO2021_{year}.csv", rows)
    (folder / "ReadMe.txt").write_text("no year")
    tables = iot.read(folder)
    assert (tables.years, tables.layout, tables.rest_of_world) == ((2000, 2001), "oecd-icio", "ROW")
    for year in tables.years:
        same(tables.table(year), expected[year])
    assert len(tables.files) == 2
    with pytest.raises(UsageError, match="no national accounts"):
        tables.known_totals(2000)
    rows, _ = layouts.icio(("AUS", "CHN", "USA"), seed=3)
    layouts.write_csv(folder / "ICIO2021_2002.csv", rows)
    with pytest.raises(DataError, match=r"2002.csv: countries are not those of ICIO2021_2000.csv; .* ROW, USA"):
        iot.read(folder).table(2002)
    layouts.write_csv(folder / "again_2002.csv", rows)
    with pytest.raises(DataError, match="two files of 2002"):
        iot.read(folder)


# the cache


def test_a_table_is_kept_and_taken(tmp_path, kept, monkeypatch):
    path = layouts.write_csv(tmp_path / "ICIO2021_2018.csv", layouts.icio(THREE)[0])
    first = iot.read(path)
    assert len(list(kept.iterdir())) == 1
    monkeypatch.setattr("econloom.iot.parsers.labelled.parse", lambda *a: pytest.fail("parsed again"))
    same(iot.read(path), first)
    assert [e.message for e in iot.read(path).events] == [e.message for e in first.events]
    with pytest.raises(pytest.fail.Exception):
        iot.read(path, cache=False)


def test_another_content_or_choice_is_another_entry(tmp_path, kept):
    path = layouts.write_csv(tmp_path / "t.csv", layouts.province()[0])
    iot.read(path)
    iot.read(path, imports="removed")
    iot.read(path, negative_output="refuse")
    layouts.write_csv(path, layouts.province(seed=1)[0])
    iot.read(path)
    assert len(list(kept.iterdir())) == 4


@pytest.mark.parametrize("seed", range(6))
def test_a_damaged_entry_is_found_and_replaced(seed, tmp_path, kept):
    path = layouts.write_csv(tmp_path / "ICIO2021_2018.csv", layouts.icio(THREE)[0])
    first = iot.read(path)
    entry = next(kept.iterdir())
    content = bytearray(entry.read_bytes())
    rng = np.random.default_rng(seed)
    if seed == 0:
        content = content[: len(content) // 2]
    else:
        for at in rng.integers(0, len(content), 40):
            content[at] ^= 0x5A
    entry.write_bytes(bytes(content))
    found = iot.read(path)
    same(found, first)
    assert any("damaged and is parsed again" in e.message for e in found.events)
    assert not any("damaged" in e.message for e in iot.read(path).events)


def test_no_cache_where_it_is_off_or_cannot_be_written(tmp_path, monkeypatch):
    path = layouts.write_csv(tmp_path / "ICIO2021_2018.csv", layouts.icio(THREE)[0])
    monkeypatch.setenv("ECONLOOM_CACHE", "off")
    iot.read(path)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ECONLOOM_CACHE", str(tmp_path / "file"))
    assert any("is not kept" in e.message for e in iot.read(path).events)


# faults


def changed(rows, at, value):
    rows = [list(r) for r in rows]
    rows[at[0]][at[1]] = value
    return rows


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda r: changed(r, (1, 1), r[1][1] + 40),
            r"1 of 9 rows do not balance.*AUS 01T02: output .*, accounted .*, gap -40",
        ),
        (lambda r: changed(r, (2, 0), "AUS_01T02"), "duplicate row labels AUS 01T02"),
        (lambda r: changed(r, (0, 2), "AUS_01T02"), "duplicate column labels AUS 01T02|missing"),
        (lambda r: changed(r, (3, 0), "AUS_10T13"), "1 rows missing: AUS 10T12"),
        (lambda r: [row for k, row in enumerate(r) if k != 4], "1 rows missing: CHN 01T02"),
        (lambda r: changed(r, (1, 2), "NaN"), r"1 cells are NaN, blank.*AUS 01T02 -> AUS 05T06"),
        (lambda r: changed(r, (1, 2), ""), r"1 cells are NaN, blank"),
        (lambda r: changed(r, (1, 2), "1 234"), r"1 cells are NaN, blank"),
        (lambda r: changed(r, (2, 12), "inf"), r"1 cells are NaN, blank, infinite"),
        (
            lambda r: changed(changed(r, (1, 1), -5.0), (1, -1), r[1][-1] - 5 - r[1][1]),
            "1 negative intermediate flows: AUS 01T02 -> AUS 01T02 -5",
        ),
        (lambda r: changed(r, (1, -1), ""), "output is blank or no number in AUS 01T02"),
        (lambda r: changed(r, (0, 10), "AUT_HFCE"), "columns of no economy of the table: AUT_HFCE"),
    ],
)
def test_faults_of_a_matrix(change, message, tmp_path):
    rows, _ = layouts.icio(("AUS", "CHN", "ROW"))
    path = layouts.write_csv(tmp_path / "ICIO2021_2018.csv", change(rows))
    with pytest.raises(DataError, match=message) as caught:
        iot.read(path)
    assert "ICIO2021_2018.csv" in str(caught.value)


def test_negative_output_is_mended_or_refused_by_choice(tmp_path):
    rows, expected = layouts.icio(("AUS", "CHN", "ROW"))
    short = float(expected.x[0]) + 7
    rows = changed(changed(rows, (1, 14), rows[1][14] - short), (1, -1), -7.0)
    path = layouts.write_csv(tmp_path / "ICIO2021_2018.csv", rows)
    with pytest.raises(DataError, match=r"AUS 01T02 -7|negative"):
        iot.read(path, negative_output="refuse")
    found = iot.read(path)
    assert found.x.min() > 0
    assert any("no positive output in AUS 01T02 -7" in e.message for e in found.events)


def test_unknown_layouts_say_what_was_looked_for(tmp_path):
    plain = tmp_path / "prices.csv"
    plain.write_text("year,price\n2000,1\n2001,2\n")
    with pytest.raises(
        DataError, match=r"(?s)unknown layout; looked for\n  wiod2013: a row of codes c1.*oecd-icio: .*AUS_01T02"
    ):
        iot.read(plain)
    with pytest.raises(DataError, match=r"not the layout figaro; looked for heads rowLabels"):
        iot.read(plain, "figaro")
    (tmp_path / "t.pdf").write_text("x")
    with pytest.raises(DataError, match=r"suffix .pdf"):
        iot.read(tmp_path / "t.pdf")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(DataError, match=r"damaged|no cells"):
        iot.read(tmp_path / "empty.csv")
    rows, _ = layouts.icio(THREE)
    path = layouts.write_csv(tmp_path / "ICIO2021_2018.csv", rows)
    with pytest.raises(DataError, match=r"not the layout wiod2016.*it looks like oecd-icio"):
        iot.read(path, "wiod2016")
    with pytest.raises(UsageError, match="imports 'remove' is unknown, did you mean 'removed'"):
        iot.read(path, imports="remove")
    with pytest.raises(DataError, match="a file; the layout wiod2013-arrays is a folder"):
        iot.read(path, "wiod2013-arrays")
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match=r"unknown layout; looked for .*tables with a year in their names"):
        iot.read(tmp_path / "none")
    with pytest.raises(DataError, match="no file with a year in its name"):
        iot.read(tmp_path / "none", "figaro")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: changed(r, (4, 2), "many"), "row 5, column 3: 'many' is no number"),
        (lambda r: changed(r, (3, -1), "XX"), "columns that are no sector and no known use|output is needed"),
        (lambda r: changed(r, (4, -1), 1.0), r"1 of 3 rows do not balance.*01: output 1,"),
        (lambda r: [row[:5] + row[5:-1] for row in r], "unknown layout|one column of output is needed"),
    ],
)
def test_faults_of_a_province(change, message, tmp_path):
    rows = layouts.province()[0]
    if message.startswith("columns that"):
        rows = changed(rows, (2, -1), "")
    path = layouts.write_csv(tmp_path / "省2012.csv", change(rows))
    with pytest.raises(DataError, match=message):
        iot.read(path)


@pytest.mark.parametrize("kind", ["icio", "wiod2016", "flat", "province", "xlsx", "xlsb"])
def test_random_changes_of_a_file_end_in_a_table_or_a_clear_error(kind, tmp_path):
    """120 changes of bytes or cells each: never another exception, never NaN in a table."""
    rng = np.random.default_rng(8)
    writer = WRITERS.get(kind, layouts.write_csv)
    rows = {
        "icio": lambda: layouts.icio(THREE)[0],
        "flat": lambda: layouts.figaro(("AT", "DE"))[1],
        "province": lambda: layouts.province()[0],
    }.get(kind, lambda: layouts.numbered("wiod2016", THREE)[0])()
    suffix = kind if kind in WRITERS else "csv"
    path = tmp_path / f"t2014.{suffix}"
    odd = ["", "NaN", "-1", "x", -5.0, 1e300, "CHN", "c1", "AUS_01T02", "1,5", "表"]
    refused = 0
    for k in range(120):
        if k % 3:
            at = (int(rng.integers(len(rows))), 0)
            at = (at[0], int(rng.integers(len(rows[at[0]]))))
            writer(path, changed(rows, at, odd[int(rng.integers(len(odd)))]))
        else:
            content = bytearray(writer(path, rows).read_bytes())
            for at in rng.integers(0, len(content), 3):
                content[at] = int(rng.integers(256))
            path.write_bytes(bytes(content[: int(rng.integers(1, len(content)))] if k % 2 else content))
        try:
            found = iot.read(path, cache=False)
        except EconloomError as error:
            refused += 1
            assert str(path) in str(error)
        else:
            assert np.isfinite(found.Z).all()
            assert np.isfinite(found.Y).all()
            assert found.x.min() >= 0
    assert refused > 30


def test_labels_of_the_official_releases_are_told_by_year():
    from pathlib import Path

    from econloom.iot.official_tables import year_of

    for name, year in {
        "WIOT2014_Nov16_ROW.xlsb": 2014, "WIOT95_ROW_Apr12.xlsx": 1995, "wiot08_row_sep12.xlsx": 2008,
        "ICIO2021_2018.csv": 2018, "2019_SML.csv": 2019, "ADB-MRIO-2019_Dec2022-2.xlsx": 2019,
        "matrix_eu-ic-io_ind-by-ind_24ed_2020.csv": 2020, "投入产出表2012.xlsx": 2012,
        "ADB-MRIO-2024-August 2025.xlsx": 2024,
    }.items():  # fmt: skip
        assert year_of(Path(name)) == year, name
