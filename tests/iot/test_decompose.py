"""Decompositions of gross exports: printed answers, slow dense forms, identities."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings

from econloom import iot
from econloom.core.errors import DataError, UsageError
from econloom.iot import decompose
from tests.iot import decomposed as oracle
from tests.iot import leather
from tests.iot.test_identities import tables

PRINTED = 1e-9  # relative; the answers are printed with 10 digits
TABLE = iot.IOTable(leather.Z, leather.Y, leather.COUNTRIES, leather.SECTORS)


def _close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=PRINTED)


def test_the_nine_terms_of_leather():
    frame = decompose.kww(TABLE)
    assert frame.columns == ["exporter", "exports", *oracle.KWW_NAMES]
    for row in frame.iter_rows():
        _close(row[2:], oracle.KWW[row[0]])


def test_the_sixteen_terms_of_leather():
    frame = decompose.wwz(TABLE)
    assert frame.columns == ["exporter", "sector", "importer", "exports", *oracle.WWZ_NAMES]
    _close(frame.select(oracle.WWZ_NAMES).sum().row(0), oracle.WWZ_WORLD)
    rows = {row[:3]: row[4:] for row in frame.iter_rows()}
    assert len(rows) == 3 * 3 * 2
    for key, expected in oracle.WWZ_ROWS.items():
        _close(rows[key], expected)


def test_borin_mancini_of_leather():
    for approach in ("source", "sink"):
        frame = decompose.borin_mancini(TABLE, approach, by="exporter")
        for exporter, *found in frame.select("exporter", *oracle.BM_NAMES).iter_rows():
            _close(found, oracle.BM_SOURCE[exporter])
    _close(frame["VAXIM"], oracle.BM_SINK_VAXIM)
    frame = decompose.borin_mancini(TABLE, "kww", by="exporter")
    _close(frame["FVA"], oracle.BM_KWW_FVA)
    _close(frame["FDC"], oracle.BM_KWW_FDC)


def test_participation_of_leather():
    oecd = iot.participation(TABLE)
    _close(oecd["gvc_backward"], oracle.OECD_BACKWARD)
    _close(oecd["gvc_forward"], oracle.OECD_FORWARD)
    other = iot.participation(TABLE, method="borin_mancini")
    _close(other["gvc_backward"], [oracle.BM_SOURCE[c][-2] for c in leather.COUNTRIES])
    _close(other["gvc_forward"], [oracle.BM_SOURCE[c][-1] for c in leather.COUNTRIES])
    backward, forward = oecd["backward"].to_numpy(), oecd["forward"].to_numpy()
    _close(oecd["position"], np.log((1 + forward) / (1 + backward)))


@settings(max_examples=40, deadline=None)
@given(tables())
def test_terms_add_up_to_gross_exports(t):
    scale = max(t.x.max(), 1)
    a = iot.Accounts(t)
    for method, frame in {
        "kww": decompose.kww(a),
        "wwz": decompose.wwz(a),
        "borin_mancini": decompose.borin_mancini(a, "sink"),
    }.items():
        gap = decompose.gaps(frame, method)["gap"]
        assert gap.abs().fill_null(0).sum() <= 1e-9 * scale
    source = decompose.borin_mancini(a)
    assert decompose.gaps(source, "borin_mancini")["gap"].abs().sum() <= 1e-9 * scale
    content = iot.exports_content(a)
    np.testing.assert_allclose(content["dva"] + content["ddc"] + content["fva"], content["exports"], atol=1e-9 * scale)


@settings(max_examples=40, deadline=None)
@given(tables())
def test_the_sixteen_terms_add_up_to_the_nine(t):
    a = iot.Accounts(t)
    nine, sixteen = decompose.kww(a), decompose.wwz(a, by="exporter")
    for term, parts in decompose.WWZ_IN_KWW.items():
        np.testing.assert_allclose(
            sixteen.select(pl.sum_horizontal(parts)).to_series(), nine[term], atol=1e-9 * max(t.x.max(), 1)
        )


@settings(max_examples=40, deadline=None)
@given(tables())
def test_source_and_sink_have_the_same_totals(t):
    a = iot.Accounts(t)
    source, sink = (decompose.borin_mancini(a, approach, by="exporter") for approach in ("source", "sink"))
    for name in set(oracle.BM_NAMES):
        np.testing.assert_allclose(source[name], sink[name], atol=1e-9 * max(t.x.max(), 1))


@settings(max_examples=30, deadline=None)
@given(tables())
def test_nine_terms_against_the_dense_form(t):
    d, frame = oracle.Dense(t), decompose.kww(t)
    for s, row in enumerate(frame.iter_rows()):
        np.testing.assert_allclose(row[2:], oracle.kww(d, s), atol=1e-9 * max(t.x.max(), 1))


@settings(max_examples=20, deadline=None)
@given(tables())
def test_sixteen_terms_against_the_dense_form(t):
    d, frame = oracle.Dense(t), decompose.wwz(t)
    found = frame.select(oracle.WWZ_NAMES).to_numpy().reshape(d.G, d.S, max(d.G - 1, 0), 16)
    for s in range(d.G):
        for k, r in enumerate(d.others(s)):
            expected = np.stack(oracle.wwz(d, s, r), axis=1)
            np.testing.assert_allclose(found[s, :, k], expected, atol=1e-9 * max(t.x.max(), 1))


@pytest.mark.parametrize("approach", ["source", "sink"])
@settings(max_examples=15, deadline=None)
@given(t=tables())
def test_borin_mancini_against_the_struck_out_inverse(approach, t):
    d, frame = oracle.Dense(t), decompose.borin_mancini(t, approach)
    for s in range(d.G):
        for r in d.others(s):
            rows = frame.filter(exporter=t.countries[s], importer=t.countries[r])
            for name, expected in oracle.borin_mancini(d, s, r, approach).items():
                np.testing.assert_allclose(rows[name], expected, atol=1e-9 * max(t.x.max(), 1), err_msg=name)


@settings(max_examples=30, deadline=None)
@given(tables())
def test_content_and_specialisation_against_the_dense_form(t):
    d, scale = oracle.Dense(t), max(t.x.max(), 1)
    a = iot.Accounts(t)
    vertical, chains = iot.vertical_specialisation(a), iot.participation(a, by="sector")
    forward = chains["gvc_forward"].to_numpy().reshape(d.G, d.S)
    for s in range(d.G):
        row = vertical.row(s, named=True)
        own = d.others(s)
        imported = sum((d.A[t_][s].sum(axis=0) for t_ in own), np.zeros(d.S))
        E = d.total(s)
        in_others = sum((d.v[s] * (d.B[s][r] @ d.total(r)) for r in own), np.zeros(d.S))
        np.testing.assert_allclose(row["vs_hiy"], imported @ d.L[s] @ E, atol=1e-9 * scale)
        np.testing.assert_allclose(row["vs"], sum(d.v[r] @ d.B[r][s] @ E for r in own), atol=1e-9 * scale)
        np.testing.assert_allclose(row["vs1"], in_others.sum(), atol=1e-9 * scale)
        returned = sum(d.v[s] @ d.B[s][r] @ d.E[r][s] for r in own)
        np.testing.assert_allclose(row["vs1_returned"], returned, atol=1e-9 * scale)
        np.testing.assert_allclose(forward[s], in_others, atol=1e-9 * scale)
        np.testing.assert_allclose(row["exports"] - row["vs_hiy"], d.v[s] @ d.L[s] @ E, atol=1e-9 * scale)


@settings(max_examples=30, deadline=None)
@given(tables())
def test_value_added_by_sector_sums_by_row_and_column(t):
    scale = max(t.x.max(), 1)
    flows = iot.absorption(t, by="sector")["value_added"].to_numpy().reshape(t.n, -1)
    np.testing.assert_allclose(flows.sum(axis=1), t.v * t.x, atol=1e-9 * scale)
    np.testing.assert_allclose(flows.sum(axis=0), t.Y.sum(axis=0), atol=1e-9 * scale)
    np.testing.assert_allclose(
        iot.absorption(t)["value_added"].to_numpy().reshape(len(t.countries), -1),
        iot.value_added_absorbed(t),
        atol=1e-9 * scale,
    )


def test_domestic_value_added_is_the_one_of_the_array_form():
    frame = iot.exports_content(TABLE, by=("exporter", "importer"))
    flows = iot.domestic_value_added_exported(TABLE)
    _close(frame["dva"], flows[~np.eye(3, dtype=bool)])


def test_rows_can_be_summed_by_key():
    full = decompose.wwz(TABLE)
    for by in (("exporter",), ("exporter", "importer"), ("exporter", "sector"), ("importer", "exporter")):
        found = decompose.wwz(TABLE, by=by)
        keys = [key for key in ("exporter", "sector", "importer") if key in by]
        expected = full.group_by(keys, maintain_order=True).agg(pl.col("exports", *oracle.WWZ_NAMES).sum())
        assert found.select(keys).equals(expected.select(keys))
        _close(found.drop(keys).to_numpy(), expected.drop(keys).to_numpy())


def test_one_economy_exports_nothing():
    t = iot.IOTable([[1.0, 2], [3, 1]], [[5.0], [6]], ["CHN"], ["a", "b"])
    assert decompose.wwz(t).height == 0
    assert decompose.kww(t).row(0) == ("CHN", *[0.0] * 10)
    assert iot.participation(t).row(0)[1:] == (0.0, 0.0, 0.0, None, None, None, None)
    assert decompose.borin_mancini(t, "sink", by="exporter")["DVA"].to_list() == [0.0]


def test_a_gap_is_reported_when_value_added_is_given():
    t = iot.IOTable(leather.Z, leather.Y, leather.COUNTRIES, leather.SECTORS, v=0.9 * TABLE.v)
    gap = decompose.gaps(decompose.wwz(t, by="exporter"), "wwz")
    _close(gap["gap"] / gap["exports"], [0.1] * 3)
    assert gap["exporter"].to_list() == ["DEU", "TUR", "ARG"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: decompose.wwz(TABLE, by=("exporter", "importr")), "'importr' is unknown, did you mean 'importer'"),
        (lambda: decompose.wwz(TABLE, by="sector"), "the exporter among them"),
        (lambda: decompose.wwz(TABLE, by=("exporter", "exporter")), "every key once"),
        (lambda: decompose.wwz(leather.Z), "an IOTable is needed, not ndarray"),
        (lambda: decompose.borin_mancini(TABLE, "sinks"), "approach 'sinks' is unknown, did you mean 'sink'"),
        (lambda: decompose.terms("www"), "decomposition 'www' is unknown"),
        (lambda: decompose.gaps(decompose.kww(TABLE), "wwz"), "no wwz frame, columns missing: DVA_INTrexI1"),
        (lambda: iot.participation(TABLE, by="row"), "by='row' is unknown"),
        (lambda: iot.participation(TABLE, method="oced"), "did you mean 'oecd'"),
        (lambda: iot.indicators(TABLE, ["wwz", "kwww"]), "indicator 'kwww' is unknown, did you mean 'kww'"),
        (lambda: iot.indicators(TABLE, []), "no indicator named"),
    ],
)
def test_wrong_calls_say_what_is_wrong(call, words):
    with pytest.raises(UsageError, match=words.replace("(", r"\(")):
        call()


def test_a_table_that_is_none_is_refused_before_anything_is_solved():
    for cell, words in ((np.nan, "NaN"), (-1000.0, "negative output")):
        Z = leather.Z.copy()
        Z[4, 4] = cell
        with pytest.raises(DataError, match=words):
            iot.IOTable(Z, leather.Y, leather.COUNTRIES, leather.SECTORS)


@pytest.mark.parametrize("name", list(iot.INDICATORS))
def test_every_indicator_has_the_columns_that_it_lists(name):
    indicator = iot.INDICATORS[name]
    frame = iot.indicators(TABLE, [name])[name]
    assert frame.columns == [*indicator.keys, *(m.name for m in indicator.measures)]
    assert all(dtype == pl.Float64 for dtype in frame.dtypes[len(indicator.keys) :])
    assert indicator.name == name
    assert indicator.label.zh and indicator.label.en
    described = iot.described().filter(indicator=name)
    assert described["column"].to_list() == frame.columns
    assert described.select("zh", "en").null_count().row(0) == (0, 0)


def test_terms_have_two_languages_and_a_formula():
    for method in ("kww", "wwz", "borin_mancini"):
        frame = decompose.terms(method)
        assert frame.null_count().sum_horizontal().item() == 0
        assert frame["term"].n_unique() == frame.height


def test_terms_of_a_table_that_the_study_ships(real_2013):
    a = iot.Accounts(real_2013.table(2011))
    for method, frame in (("wwz", decompose.wwz(a)), ("kww", decompose.kww(a))):
        worst = decompose.gaps(frame, method, 1).row(0, named=True)
        assert abs(worst["gap"]) <= 1e-9 * a.table.x.max(), worst


@settings(max_examples=30, deadline=None)
@given(tables())
def test_ghosh_and_upstreamness_against_the_dense_form(t):
    allocation = iot.leontief.ghosh_coefficients(t)
    for i, j in np.ndindex(t.n, t.n):
        expected = t.Z[i, j] / t.x[i] if t.x[i] > 0 and t.x[j] > 0 else 0.0
        assert abs(allocation[i, j] - expected) <= 1e-12 * max(expected, 1)
    ghosh = np.linalg.inv(np.eye(t.n) - allocation)
    np.testing.assert_allclose(iot.leontief.ghosh_inverse(t), ghosh, rtol=1e-7, atol=1e-9)
    frame = iot.upstreamness(t)
    active = t.x > 0
    assert frame["upstreamness"].is_null().to_list() == list(~active)
    np.testing.assert_allclose(frame["upstreamness"].to_numpy()[active], ghosh.sum(axis=1)[active], rtol=1e-7)
    leontief = np.linalg.inv(np.eye(t.n) - t.coefficients())
    np.testing.assert_allclose(frame["downstreamness"].to_numpy()[active], leontief.sum(axis=0)[active], rtol=1e-9)


def test_upstreamness_by_country_is_a_mean_weighted_by_output():
    sectors, countries = iot.upstreamness(TABLE), iot.upstreamness(TABLE, by="country")
    weighted = sectors.group_by("country", maintain_order=True).agg(
        (pl.col("upstreamness", "downstreamness") * pl.col("output")).sum() / pl.col("output").sum()
    )
    _close(countries["upstreamness"], weighted["upstreamness"])
    _close(countries["downstreamness"], weighted["downstreamness"])
    assert countries["output"].sum() == pytest.approx(TABLE.x.sum())
