"""Folders and files: what is read, and what is said about those that cannot be."""

import json

import numpy as np
import polars as pl
import pytest

from econloom import iot
from econloom.core.errors import DataError, UsageError
from tests.iot import sources


def test_a_folder_gives_yearly_tables(folder):
    tables = iot.read(str(folder))
    assert (tables.years, tables.countries, tables.rest_of_world) == ((2000, 2001), ("AAA", "BBB", "ROW"), "ROW")
    t = tables.table(2001)
    assert t.balance().holds() and t.countries == tables.countries and t.sectors == sources.SECTORS
    national = sources.arrays()[0]
    np.testing.assert_allclose(t.x[:6], national["output"][1].ravel(), rtol=1e-12)
    known = tables.known_totals(2001)
    np.testing.assert_allclose(known.value_added[:2], (t.v * t.x).reshape(3, 3).sum(1)[:2], rtol=1e-11)
    np.testing.assert_allclose(known.final_demand[:2], t.Y.sum(0)[:2], rtol=1e-11)
    assert np.isnan(known.value_added[2]) and len(tables.files) == 3
    assert tables.events[0].kind == "read" and "not official" in tables.events[0].message


def test_tidy_frame_and_progress(folder):
    tables = iot.read(folder)
    calls = []
    plain = iot.trade_benefit_indices(tables, "plain", progress=lambda done, total: calls.append((done, total)))
    assert calls == [(0, 2), (1, 2), (2, 2)]
    assert plain.schema == {"code": pl.String, "year": pl.Int64, "tbi": pl.Float64}
    assert plain.rows()[0][:2] == ("AAA", 2000) and plain["code"].unique().sort().to_list() == ["AAA", "BBB"]
    expected = iot.trade_benefit_index(tables.table(2001))[1]
    assert plain.filter(code="BBB", year=2001)["tbi"].item() == pytest.approx(expected, rel=1e-12)
    flows = iot.yearly_value_added_absorbed(tables)
    known = iot.trade_benefit_indices(tables, absorbed=flows)
    np.testing.assert_allclose(known["tbi"], plain["tbi"], rtol=1e-9)  # here the national totals are the table's own
    with pytest.raises(UsageError, match="did you mean 'plain'"):
        iot.trade_benefit_indices(tables, "plane")
    with pytest.raises(UsageError, match="absorbed has shape"):
        iot.trade_benefit_indices(tables, absorbed=flows[:1])


@pytest.mark.parametrize("year", [1999, 2002, "2000", True, 2000.0, None])
def test_years_that_are_not_there(folder, year):
    tables = iot.read(folder)
    for ask in (tables.table, tables.known_totals):
        with pytest.raises(UsageError, match=r"no table for .* 2000-2001|a year is an integer"):
            ask(year)


def test_paths_that_hold_nothing_known(tmp_path):
    with pytest.raises(DataError, match="no such file or folder"):
        iot.read(tmp_path / "nothing")
    with pytest.raises(DataError, match=r"unknown layout; looked for national.npz"):
        iot.read(tmp_path)
    (tmp_path / "table.npz").write_text("country,sector\n")
    with pytest.raises(DataError, match="not an npz file"):
        iot.read(tmp_path / "table.npz")
    np.savez(tmp_path / "other.npz", a=np.ones(3))
    with pytest.raises(DataError, match="missing arrays format, Z, Y"):
        iot.read(tmp_path / "other.npz")
    for wrong in (3, None, b"x"):
        with pytest.raises(UsageError, match="a path is needed"):
            iot.read(wrong)
    with pytest.raises(DataError):
        iot.read("a\0b")


def test_pickles_are_not_opened(folder):
    national = sources.arrays()[0]
    national["domestic"] = national["domestic"].astype(object)
    np.savez(folder / "national.npz", **national)
    with pytest.raises(DataError, match="damaged"):
        iot.read(folder)


@pytest.mark.parametrize("name", sources.FILES)
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(DataError, match=f"missing {name}"):
        iot.read(folder)


def national_change(name, place, value):
    def change(parts):
        parts[0][name][place] = value

    return change


def bilateral_change(name, place, value):
    def change(parts):
        parts[1][name][place] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (national_change("domestic", (0, 1, 0, 0), np.nan), "domestic has 1 NaN or infinite"),
        (national_change("domestic", (0, 1, 0, 0), 300), "do not agree; worst 2000 BBB s1"),
        (national_change("imports", (1, 0, 2, 4), 400), "worst 2001 AAA final use 2"),
        (national_change("output", (1, 0, 2), 1), "domestic sales and exports against output"),
        (national_change("exports", (1, 0, 2), 1), "2001 AAA s3"),
        (national_change("imports", (1, 0, 2, 1), -3), "imported intermediate use has 1 negative cells, down to -3"),
        (national_change("years", 1, 2000), "years must be a rising list"),
        (national_change("countries", 1, "AAA"), "duplicate labels AAA"),
        (national_change("sectors", 1, ""), "label missing at place 2"),
        (national_change("sectors", 1, "s9"), "columns must be the sectors"),
        (bilateral_change("intermediate", (0, 1, 2, 0), 300), "bilateral flows against national exports"),
        (bilateral_change("intermediate", (0, 2, 1, 0), 300), "bilateral flows against national intermediate imports"),
        (bilateral_change("final", (0, 2, 1, 0), 300), "bilateral flows against national final imports"),
        (bilateral_change("intermediate", (0, 2, 2, 0), -1), "intermediate has 1 negative cells"),
        (bilateral_change("final", (0, 0, 0, 0), 1), "flows of a country to itself must be 0"),
        (bilateral_change("countries", 0, "XXX"), "they differ in AAA, XXX"),
        (bilateral_change("years", 1, 2002), "years are not those of national.npz; they differ in 2001, 2002"),
        (lambda p: p[1].update(unit=np.array(-1.0)), "unit -1 is not positive"),
        (lambda p: p[1].update(final=p[1]["final"][:1]), r"final has shape \(1, 3, 3, 3\), expected \(2, 3, 3, 3\)"),
        (lambda p: p[0].update(output=p[0]["output"].astype(str)), "output is no array of real numbers"),
        (lambda p: p[0].pop("purchases"), "missing arrays purchases"),
        (lambda p: p[2].update(domestic=np.zeros((3, 3))), "the domestic block is empty"),
        (lambda p: p[2].update(sectors=np.array(["s1", "s3", "s2"])), "they differ in their order"),
    ],
)
def test_contents_that_cannot_be(tmp_path, change, message):
    parts = sources.arrays()
    change(parts)
    with pytest.raises(DataError, match=message):
        iot.read(sources.write(tmp_path, parts))


def test_negative_output_is_reported_and_can_be_refused(tmp_path):
    parts = sources.arrays()
    parts[1]["final"][1, 2, 2, 1] = -5000
    sources.write(tmp_path, parts)
    tables = iot.read(tmp_path)
    (warning,) = tables.events[1:]
    assert warning.kind == "warning" and "2001: no positive output in ROW s2 -4" in warning.message
    assert warning.detail["choice"] == "floor_final_use" and list(warning.detail["output"]) == ["ROW s2"]
    assert tables.table(2000).events == () and tables.table(2001).events[0].message == warning.message
    assert tables.table(2001).balance().holds()
    strict = iot.read(tmp_path, negative_output="refuse")
    assert strict.table(2000).events == ()
    with pytest.raises(DataError, match="ROW s2"):
        strict.table(2001)
    with pytest.raises(UsageError, match="did you mean"):
        iot.read(tmp_path, negative_output="floor_final")


def test_manifest(tmp_path):
    sources.write(tmp_path, sources.arrays(), manifest=True)
    assert iot.read(tmp_path).events[0].detail["checked_against_manifest"]
    parts = sources.arrays()
    parts[0]["domestic"][0, 0, 0, 0] += 3  # within rounding: only the digest can tell
    np.savez_compressed(tmp_path / "national.npz", **parts[0])
    with pytest.raises(DataError, match="not as the manifest says"):
        iot.read(tmp_path)
    for text in ("", "[]", "{}", '{"layout": "x"}', "\xff", json.dumps({"layout": "wiod2016-assembled", "sha256": 1})):
        (tmp_path / "manifest.json").write_text(text, encoding="latin-1")
        with pytest.raises(DataError, match="not a manifest"):
            iot.read(tmp_path)
    (tmp_path / "manifest.json").unlink()
    assert not iot.read(tmp_path).events[0].detail["checked_against_manifest"]
