"""Linkages against explicit loops, a table worked by hand, identities, and wrong input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econloom import iot
from econloom.core.errors import DataError, UsageError
from econloom.iot import IOTable, linkages
from tests.iot import leather

CODES = ["CHN", "USA", "BRA", "DEU", "ROW"]


def table(seed=0, G=5, S=3):
    rng = np.random.default_rng(seed)
    n = G * S
    return IOTable(rng.uniform(0, 5, (n, n)), rng.uniform(5, 20, (n, G)), CODES[:G], [f"s{i}" for i in range(S)])


def slow(t, own, partners, side, penetration="world"):
    """Penetration and sector indices by loops over countries and sectors, straight from the formulas."""
    G, S = len(t.countries), len(t.sectors)

    def z(o, i, d, j):
        return t.Z[o * S + i, d * S + j]

    others = [g for g in range(G) if g not in own]
    weigh = others if penetration == "world" else partners
    x = [sum(t.x[c * S + i] for c in own) for i in range(S)]
    imp, exp = np.zeros(S), np.zeros(S)
    for i in range(S):
        m_int = sum(z(o, i, d, j) for o in weigh for d in own for j in range(S))
        e_int = sum(z(d, i, o, j) for o in weigh for d in own for j in range(S))
        m = sum(z(o, i, d, j) for o in others for d in own for j in range(S))
        m += sum(t.Y[o * S + i, d] for o in others for d in own)
        e = sum(z(d, i, o, j) for o in others for d in own for j in range(S))
        e += sum(t.Y[d * S + i, o] for o in others for d in own)
        imp[i], exp[i] = m_int / (x[i] + m - e), e_int / x[i]
    fw, bw = np.zeros(S), np.zeros(S)
    for i in range(S):
        for j in range(S):
            rc = sum(z(o, i, d, j) for o in partners for d in own) / x[j]
            cr = sum(z(d, i, o, j) for o in partners for d in own) / x[i]
            fw[i if side == "supplier" else j] += imp[i] * rc
            bw[i] += exp[i] * cr
    return fw, bw


@pytest.mark.parametrize("side", ["supplier", "user"])
@pytest.mark.parametrize("penetration", ["world", "partners"])
@pytest.mark.parametrize(("own", "partners"), [(["CHN"], None), (["CHN"], ["USA", "DEU"]), (["BRA", "USA"], ["ROW"])])
def test_indices_are_those_of_loops(side, penetration, own, partners):
    t = table(1)
    found = linkages.intermediate(t, own, partners, penetration=penetration)
    place = [CODES.index(c) for c in own]
    group = [g for g in range(5) if g not in place] if partners is None else [CODES.index(c) for c in partners]
    fw, bw = slow(t, place, group, side, penetration)
    np.testing.assert_allclose(found.sector_index("import", side), fw, rtol=1e-12)
    np.testing.assert_allclose(found.sector_index("export", side), bw, rtol=1e-12)


def test_a_table_worked_by_hand():
    """ARG of `leather`: imported intermediates of Agriculture 1.1+1.9+.2 (TUR), 1.2+4.2+.3 (DEU); x = 77.7."""
    t = IOTable(leather.Z, leather.Y, leather.COUNTRIES, leather.SECTORS, leather.x, leather.v)
    found = linkages.intermediate(t, "ARG", form="level")
    np.testing.assert_allclose(found.imports[0], [1.1 + 1.2, 1.9 + 4.2, 0.2 + 0.3], rtol=1e-14)
    np.testing.assert_allclose(found.exports[0], [3.2 + 3.1, 4.3 + 2.8, 0.4 + 4.9], rtol=1e-14)
    imported, exported = 3.2 + 5.7, 7.9 + 10.8
    m, e = imported + 7.5 + 9.2, exported + 6.1 + 8.4
    assert found.import_penetration[0] == pytest.approx(imported / (77.7 + m - e), rel=1e-14)
    assert found.export_penetration[0] == pytest.approx(exported / 77.7, rel=1e-14)
    share = linkages.intermediate(t, "ARG")
    np.testing.assert_allclose(share.imports[0] * np.array([77.7, 58.3, 19]), found.imports[0], rtol=1e-14)
    np.testing.assert_allclose(share.exports[0] * 77.7, found.exports[0], rtol=1e-14)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["supplier", "user"]), st.sampled_from(["coefficient", "level"]))
def test_groups_that_make_up_the_world_add_up(seed, side, form):
    t = table(seed)
    whole, *parts = (linkages.intermediate(t, "CHN", p, form) for p in (None, ["USA", "DEU"], ["BRA", "ROW"]))
    for flow in linkages.FLOWS:
        total = sum(p.sector_index(flow, side) for p in parts)
        np.testing.assert_allclose(total, whole.sector_index(flow, side), rtol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_the_collapsed_table_has_the_same_linkages(seed):
    t = table(seed)
    two = linkages.collapse(t, ["CHN", "BRA"])
    assert two.countries == ("CHN+BRA", "ROW")
    np.testing.assert_allclose(two.x[:3], t.x[:3] + t.x[6:9], rtol=1e-12)
    assert two.balance().largest < 1e-12
    before, after = linkages.intermediate(t, ["CHN", "BRA"]), linkages.intermediate(two, "CHN+BRA")
    np.testing.assert_allclose(after.imports, before.imports, rtol=1e-12)
    np.testing.assert_allclose(after.exports, before.exports, rtol=1e-12)
    np.testing.assert_allclose(after.import_penetration, before.import_penetration, rtol=1e-12)
    added = (t.v * t.x).reshape(5, 3)
    np.testing.assert_allclose((two.v * two.x)[3:], added[[1, 3, 4]].sum(axis=0), rtol=1e-12)


def test_a_sector_without_output_has_no_linkage():
    t = table(2)
    Z, Y = t.Z.copy(), t.Y.copy()
    Z[0], Y[0], Z[:, 0] = 0, 0, 0
    found = linkages.intermediate(IOTable(Z, Y, CODES, t.sectors), "CHN")
    assert not found.imports[:, 0].any()
    assert not found.exports[0].any()
    assert found.export_penetration[0] == 0


def test_names_of_the_paper_are_the_reverse_of_usual_ones():
    assert (linkages.FLOWS["import"].paper, linkages.FLOWS["import"].usual) == ("forward", "backward")
    assert (linkages.FLOWS["export"].paper, linkages.FLOWS["export"].usual) == ("backward", "forward")
    assert "前向" in linkages.FLOWS["import"].label.text("zh")
    frame = linkages.indices(table(), "CHN")
    assert dict(zip(frame["flow"], frame["paper_name"], strict=True)) == {"import": "forward", "export": "backward"}


def test_dated_groups():
    t = table()
    assert linkages.intermediate(t, "CHN", "oecd", year=2013).partners == ("USA", "DEU")
    assert linkages.intermediate(t, "CHN", "non_oecd@2013").partners == ("BRA", "ROW")
    with pytest.raises(UsageError, match="needs the year"):
        linkages.intermediate(t, "CHN", "oecd")
    with pytest.raises(UsageError, match="begins in 1961"):
        linkages.oecd_members(1950)
    then = linkages.indices(t, "CHN", lambda year: ["USA"] if year < 2000 else ["DEU"], year=1999)
    assert then["value"].to_list() == linkages.indices(t, "CHN", "USA", year=1999)["value"].to_list()


def test_every_year_of_real_tables(real):
    frame = linkages.indices(real, "CHN")
    assert frame.height == 15 * 2 * 56
    assert frame["value"].is_finite().all()
    assert frame["value"].min() >= 0
    parts = [linkages.indices(real.table(2007), "CHN", p)["value"] for p in ("oecd@2013", "non_oecd@2013")]
    whole = linkages.indices(real.table(2007), "CHN")["value"]
    np.testing.assert_allclose(parts[0] + parts[1], whole, rtol=1e-12, atol=1e-18)
    shadow = linkages.indices(real.table(2007), linkages.BRICS_SHADOW)
    assert set(shadow["economy"]) == {"BRA+RUS+IND"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"economy": "CHE"}, "economy: unknown code CHE, did you mean 'CHN'"),
        ({"partners": ["USA", "DUE"]}, "partners: unknown code DUE, did you mean 'DEU'"),
        ({"partners": ["CHN"]}, "no economy of the table but CHN"),
        ({"partners": ["USA", "USA"]}, "USA is listed twice"),
        ({"partners": []}, "a code or a list of codes"),
        ({"economy": CODES}, "no economy of the table"),
        ({"form": "levels"}, "form 'levels' is unknown, did you mean 'level'"),
        ({"penetration": "all"}, "penetration 'all' is unknown"),
        ({"partners": "oecd@abc"}, "a year is needed after @"),
        ({"economy": 3}, "a list of codes is needed, not 3"),
    ],
)
def test_wrong_choices_are_named(arguments, message):
    with pytest.raises(UsageError, match=message):
        linkages.intermediate(table(), **{"economy": "CHN", **arguments})


def test_absorption_that_is_not_positive_is_refused():
    t = table(3)
    Y = t.Y.copy()
    imported = t.Z[3::3, :3].sum() + t.Y[3::3, 0].sum()
    Y[0, 0] = -(t.Z[0, :3].sum() + imported + 1)  # use at home below zero, sales abroad keep output above it
    Y[0, 1] += 500
    with pytest.raises(DataError, match=r"CHN: imports of intermediates, but domestic absorption .* s0 \(-"):
        linkages.intermediate(IOTable(t.Z, Y, CODES, t.sectors), "CHN")


def test_wrong_sides_and_flows():
    found = linkages.intermediate(table(), "CHN")
    with pytest.raises(UsageError, match="side 'users' is unknown, did you mean 'user'"):
        found.sector_index("import", "users")
    with pytest.raises(UsageError, match="flow 'forward' is unknown"):
        found.sector_index("forward")
    with pytest.raises(UsageError, match="IOTable or yearly tables"):
        linkages.indices([1, 2])
    assert iot.linkages is linkages
