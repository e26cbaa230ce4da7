"""The layout `wiod2013-arrays`: what is read, what is said about it, and what is refused."""

import json
import pickle

import numpy as np
import pytest

from econloom import iot
from econloom.core.errors import DataError, UsageError
from tests.iot import arrays2013


def said(events, part):
    (found,) = [e for e in events if part in e.message]
    return found


def test_a_folder_gives_yearly_tables(folder_2013):
    tables = iot.read(folder_2013)
    assert (tables.years, tables.countries, tables.sectors) == (
        arrays2013.YEARS, arrays2013.HARMONISED, arrays2013.SECTORS
    )  # fmt: skip
    assert (tables.layout, tables.rest_of_world, len(tables.files)) == ("wiod2013-arrays", "ROW", 3)
    assert repr(tables) == "YearlyTables(1995-1997, 3 economies x 2 sectors)"
    t, held = tables.table(1996), arrays2013.arrays(1996)
    np.testing.assert_array_equal(t.Z, held["Z"])
    np.testing.assert_array_equal(t.Y[:, 1], held["F"][:, 5:10].sum(axis=1))
    np.testing.assert_array_equal(t.x, held["Z"].sum(axis=1) + held["F"].sum(axis=1))
    np.testing.assert_allclose(t.v, 1 - held["Z"].sum(axis=0) / t.x, rtol=1e-15)
    assert t.balance().holds(1e-12)


def test_codes_and_stated_output_are_said(folder_2013):
    tables = iot.read(folder_2013)
    assert "ROM -> ROU, RoW -> ROW" in said(tables.events, "harmonised").message
    gaps = said(tables.events, "stated output").detail["worst"]
    sizes = [abs(g["stated"] - g["used"]) for g in gaps]
    assert sizes == sorted(sizes, reverse=True)
    held = {y: arrays2013.arrays(y) for y in tables.years}
    expected = {y: np.abs(a["x"] - a["Z"].sum(1) - a["F"].sum(1)).max() for y, a in held.items()}
    assert sizes[0] == max(expected.values()) > 0
    of_one_year = said(tables.table(1996).events, "stated output")
    worst = of_one_year.detail["worst"][0]
    assert worst["year"] == 1996 and abs(worst["stated"] - worst["used"]) == expected[1996]


def test_exact_tables_say_nothing_about_gaps(tmp_path):
    held = arrays2013.arrays(1995)
    held["x"] = held["Z"].sum(axis=1) + held["F"].sum(axis=1)
    held["countries"] = np.array(arrays2013.HARMONISED)
    tables = iot.read(arrays2013.write(tmp_path, {1995: held}))
    assert [e.kind for e in tables.events] == ["read"] and tables.table(1995).events == ()
    assert repr(tables).startswith("YearlyTables(1995, ")


def test_known_totals_are_refused_with_the_reason(folder_2013):
    tables = iot.read(folder_2013)
    told = []
    for ask in (
        lambda: tables.known_totals(1995),
        lambda: iot.trade_benefit_indices(tables, progress=lambda *a: told.append(a)),
        lambda: iot.trade_benefit_indices(tables, "known_totals", absorbed=np.zeros((3, 3, 3))),
    ):
        with pytest.raises(UsageError, match=r"no known totals: .*no value-added row") as caught:
            ask()
        assert "form='plain'" in str(caught.value)
    assert told == []  # refused before anything is solved
    frame = iot.trade_benefit_indices(tables, "plain")
    assert frame["code"].unique().sort().to_list() == ["AUS", "ROU"] and frame.height == 6


def test_sectors_without_output_and_negative_value_added(tmp_path):
    content = arrays2013.years()
    idle, costly = content[1995], content[1996]
    idle["Z"][3], idle["Z"][:, 3], idle["F"][3] = 0, 0, 0
    costly["Z"][:, 2] *= 100
    costly["x"] = costly["Z"].sum(axis=1) + costly["F"].sum(axis=1)
    idle["x"] = idle["Z"].sum(axis=1) + idle["F"].sum(axis=1)
    tables = iot.read(arrays2013.write(tmp_path, content))
    t = tables.table(1995)
    assert (t.x[3], t.v[3]) == (0, 0) and t.balance().holds()
    assert said(tables.events, "without output").detail["idle"] == {1995: ["ROU c2"], 1996: [], 1997: []}
    assert said(t.events, "without output").message == "sectors without output, v = 0 there: 1"
    negative = said(tables.events, "negative value added").detail["negative"]
    assert list(negative) == [1996] and negative[1996]["ROU c1"] == tables.table(1996).v[2] < 0
    assert np.isfinite(iot.yearly_value_added_absorbed(tables)).all()


def test_negative_output_is_floored_or_refused(tmp_path):
    content = arrays2013.years()
    held = content[1996]
    held["Z"][5], held["F"][5], held["x"][5] = 0, 0, 0
    held["F"][5, [0, 10]] = 4, -6
    tables = iot.read(arrays2013.write(tmp_path, content))
    warning = said(tables.events, "no positive output")
    assert warning.message.startswith("1996: no positive output in ROW c2 -2; negative final use set to 0 (+6)")
    t = tables.table(1996)
    assert t.x[5] == 4 and warning.message in [e.message for e in t.events]
    strict = iot.read(tmp_path, negative_output="refuse")
    assert strict.table(1995).n == 6
    with pytest.raises(DataError, match="1996: no positive output in ROW c2"):
        strict.table(1996)
    with pytest.raises(UsageError, match="did you mean 'refuse'"):
        iot.read(tmp_path, negative_output="refuze")


def test_inputs_of_a_sector_that_sells_nothing(tmp_path):
    content = arrays2013.years()
    held = content[1996]
    held["Z"][5], held["F"][5], held["x"][5] = 0, 0, 0
    arrays2013.write(tmp_path, content)
    for choice in ("floor_final_use", "refuse"):  # no final use to floor, so nothing to refuse
        tables = iot.read(tmp_path, negative_output=choice)
        assert "booked as final use" in said(tables.events, "no positive output").message
        assert tables.table(1996).balance().holds()


def test_a_missing_year_is_said_and_cannot_be_asked_for(tmp_path):
    content = arrays2013.years()
    del content[1996]
    tables = iot.read(arrays2013.write(tmp_path, content))
    assert said(tables.events, "no table for 1996").detail == {"missing_years": [1996]}
    with pytest.raises(UsageError, match=r"no table for 1996: .* has 1995, 1997"):
        tables.table(1996)


def test_manifest(tmp_path):
    arrays2013.write(tmp_path, arrays2013.years(), manifest=True)
    assert iot.read(tmp_path).events[0].detail["checked_against_manifest"]
    path = tmp_path / "wiod2013_1996.npz"
    whole = path.read_bytes()
    path.unlink()
    with pytest.raises(DataError, match=r"wiod2013_1996.npz missing, which the manifest lists"):
        iot.read(tmp_path)
    path.write_bytes(whole + b" ")
    with pytest.raises(DataError, match=r"wiod2013_1996.npz not as the manifest says"):
        iot.read(tmp_path)
    path.write_bytes(whole)
    (tmp_path / "wiod2013_1998.npz").write_bytes(whole)
    with pytest.raises(DataError, match=r"nothing about wiod2013_1998.npz"):
        iot.read(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({"layout": "wiod2013", "sha256": {}}))
    with pytest.raises(DataError, match="not a manifest"):
        iot.read(tmp_path)


def change(name, place, value):
    def changed(held):
        held[name][place] = value

    return changed


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (change("Z", (0, 1), -3), "Z has 1 negative cells, down to -3"),
        (change("x", 2, -3), "x has 1 negative cells"),
        (change("x", 2, 10_000), "in 1 rows the output x is not the sum of sales.*ROU c1: output 10,000"),
        (change("countries", 0, "AUT"), "countries are not those of wiod2013_1995.npz; they differ in AUS, AUT"),
        (change("industries", slice(None), ["c2", "c1"]), "industries are not those .* they differ in their order"),
        (change("industries", 0, "c2"), "duplicate labels c2"),
        (change("countries", 0, ""), "label missing at place 1"),
        (lambda held: held.pop("F"), "missing arrays F"),
        (lambda held: held.update(F=held["F"][:, :-1]), r"F has shape \(6, 14\), expected 6 rows and a multiple of 3"),
        (lambda held: held.update(F=held["F"][0]), r"F has shape \(15,\)"),
        (lambda held: held.update(F=held["F"][:5]), r"F has shape \(5, 15\)"),
        (lambda held: held.update(Z=held["Z"][:5]), r"Z has shape \(5, 6\), expected \(6, 6\)"),
        (lambda held: held.update(Z=held["Z"] * np.nan), "Z has 36 NaN or infinite"),
        (lambda held: held.update(x=held["x"].astype(str)), "x is no array of real numbers"),
        (lambda held: held.update(countries=np.arange(3)), "countries is no list of texts"),
        (lambda held: held.update(Z=held["Z"].astype(object)), "damaged"),
    ],
)
def test_one_year_that_cannot_be(tmp_path, damage, message):
    content = arrays2013.years()
    damage(content[1996])
    with pytest.raises(DataError, match=f"wiod2013_1996.npz: .*{message}"):
        iot.read(arrays2013.write(tmp_path, content))


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (["AUS", "ROM", "ZZZ"], "last economy must be the rest of the world .* not ZZZ"),
        (["ROU", "ROM", "RoW"], "duplicate labels ROU"),
    ],
)
def test_codes_that_cannot_be(tmp_path, codes, message):
    content = arrays2013.years()
    for held in content.values():
        held["countries"] = np.array(codes)
    with pytest.raises(DataError, match=message):
        iot.read(arrays2013.write(tmp_path, content))


def test_pickled_tables_are_the_same(folder_2013):
    tables = iot.read(folder_2013)
    again = pickle.loads(pickle.dumps(tables))
    np.testing.assert_array_equal(again.table(1997).Z, tables.table(1997).Z)
    assert again.events == tables.events
