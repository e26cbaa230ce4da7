import json

import polars as pl
import pytest

import econloom as el
from econloom.core.errors import DataError, EconloomError, EstimationError
from econloom.study import shipped
from tests.study import small

RESULTS = [
    "version", "table", "group", "column", "stage", "outcome", "term", "estimate", "std_error", "statistic", "p_value",
    "conf_low", "conf_high", "stars", "n", "n_clusters", "r2", "r2_within", "r2_within_unit", "vcov", "ssc",
]  # fmt: skip
VALUES = ["version", "table", "row", "column", "value"]


def record(folder):
    return json.loads((folder / "out/run.json").read_text(encoding="utf-8"))


def rows(folder, name):
    return pl.read_csv(folder / "out" / name)


def test_the_files_of_a_run(folder):
    done = el.study(folder).run()
    out = folder / "out"
    there = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    assert there == set(done.files) == set(record(folder)["files"])
    tables = ("t1", "t3", "t4", "t3_versions", "codebook")
    whole = {
        "ledger.csv",
        "results.csv",
        "values.csv",
        "panel.parquet",
        "run.json",
        "plan.json",
        "report.docx",
        "report.html",
        "why.json",
        "samples.parquet",
        "audit.json",
    }
    kinds = ("docx", "tex", "html", "md", "xlsx", "csv")
    assert there == whole | {f"tables/{t}.{kind}" for t in tables for kind in kinds}
    assert rows(folder, "results.csv").columns == RESULTS
    assert rows(folder, "values.csv").columns == VALUES
    assert pl.read_parquet(out / "panel.parquet").equals(done.panel.frame)
    assert {"code", "year", "RQ", "rq_filled", "growth"} <= set(done.panel.columns)


def test_the_rows_of_a_run(folder):
    done = el.study(folder).run()
    assert done.results["version"].unique(maintain_order=True).to_list() == ["default", "straight", "edition1"]
    first = done.results.filter(version="default", table="t3", column="c1", term="tbi").row(0, named=True)
    assert (first["outcome"], first["stage"], first["vcov"], first["ssc"]) == ("y", "main", "cluster(code)", "xtreg")
    assert (first["n"], first["n_clusters"]) == (42, 7)
    assert first["conf_low"] < first["estimate"] < first["conf_high"]
    early = done.results.filter(version="default", column="c3", term="tbi")["n"].item()
    assert early == 35
    main = small.frames()[0]
    value = done.values.filter(version="default", column="BEI", row="2003")["value"].item()
    assert value == main.filter(code="BEI", year=2003)["tbi"].item()
    assert done.values.height == 3 * 2 * 6


def test_two_runs_are_alike(folder, tmp_path):
    one, other = (el.study(folder).run(out=tmp_path / name) for name in ("a", "b"))
    assert one.results.equals(other.results) and one.values.equals(other.values)
    assert one.panel.frame.equals(other.panel.frame)


def test_one_table_alone_carries_the_others_over(folder):
    whole = el.study(folder).run()
    timed = {"run.json", "plan.json", "ledger.csv"}
    before = {n: (folder / "out" / n).read_bytes() for n in whole.files if n not in timed}
    done = el.study(folder).run(["t1"])
    assert list(done.tables) == ["t1"] and done.stale == ()
    after = {n: (folder / "out" / n).read_bytes() for n in done.files if n not in timed}
    assert set(after) == set(before)
    assert {n for n in after if after[n] != before[n]} <= {"tables/t1.docx"}
    assert set(record(folder)["tables"]) == {"t1", "t3", "t4", "t3_versions"}


def test_carried_tables_of_a_changed_study_are_stale(folder):
    el.study(folder).run()
    small.rewrite(folder, small.TEXT.replace('tbi | code + year", sample', 'tbi | code", sample'))
    done = el.study(folder).run(["t1"])
    assert set(done.stale) == {"t3", "t3_versions"}
    assert {t: e["stale"] for t, e in record(folder)["tables"].items()} == {
        "t1": False, "t3": True, "t3_versions": True, "t4": False,
    }  # fmt: skip
    done = el.study(folder).run()
    assert done.stale == () and not any(e["stale"] for e in record(folder)["tables"].values())


def test_a_table_that_left_the_study_leaves_the_folder(folder):
    el.study(folder).run()
    text = small.TEXT[: small.TEXT.index("  t4:")] + small.TEXT[small.TEXT.index("\nversions:") :]
    el.study(small.rewrite(folder, text)).run(["t1"])
    assert not list((folder / "out/tables").glob("t4.*"))
    assert "t4" not in rows(folder, "results.csv")["table"].to_list()


def test_versions_say_what_they_change(folder):
    done = el.study(folder).run()
    by_version = done.results.filter(table="t3", column="c2", term="RQ").select("version", "estimate")
    assert by_version["estimate"].n_unique() == 3
    grid = done.tables["t3_versions"]
    assert [r.label.text("en") for r in grid.rows if r.role == "estimate"]


def test_names_with_full_stops_keep_their_cells(tmp_path):
    text = small.TEXT.replace("sha256: MAIN", "").replace("columns: ['BEI', 'TIA']", "columns: ['U.S.', 'TIA']")
    folder = small.write(tmp_path, text.replace("    \n", ""), pinned=False)
    for name, read, put in (
        ("regions.csv", pl.read_csv, pl.DataFrame.write_csv),
        ("more.parquet", pl.read_parquet, pl.DataFrame.write_parquet),
    ):
        file = folder / "data" / name
        put(read(file).with_columns(pl.col("code").replace("BEI", "U.S.")), file)
    values = el.study(folder).run().values
    assert set(values["column"]) == {"U.S.", "TIA"} and set(values["row"]) == {str(y) for y in small.YEARS}
    turned = text.replace("rows: year\n    columns: ['U.S.', 'TIA']", "rows: code\n    columns: [2001]")
    values = el.study(small.rewrite(folder, turned.replace("    \n", ""), pinned=False)).run().values
    assert "U.S." in set(values["row"]) and set(values["column"]) == {"2001"}


def test_two_fills_of_one_column_keep_both_flags(tmp_path):
    text = small.TEXT.replace("growth: diff(lnGDP)", "rq2: interpolate(rq)\n  rq_kept: carry_forward(rq, limit=1)")
    frame = el.study(small.write(tmp_path, text)).run().panel.frame
    flags = [c for c in frame.columns if c.endswith("_filled")]
    assert flags == ["rq_filled", "rq2_rq_filled", "rq_kept_rq_filled"]
    for variable, flag in zip(("RQ", "rq2", "rq_kept"), flags, strict=True):
        assert (frame[flag] == (frame["rq"].is_null() & frame[variable].is_not_null())).all()


@pytest.mark.parametrize(
    ("old", "new", "kind", "words"),
    [
        ("log(gdp)", "log(tbi)", DataError, r"log\(\) has no value in .* rows: BEI 200"),
        ("[2001, 2006]", "[1999, 2006]", DataError, r"the span 1999-2006 has periods without data: 1999"),
        ("[2001, 2006]", "[2001, 20060000000000000000000]", DataError, "periods without data"),
        ("year <= 2005", "year > 3000", EstimationError, "no rows are left"),
        ("code == 'HLJ'", "year > 3000", DataError, r"drops no row \(no trade\)"),
        ("code == 'HLJ'", "year > 1000", DataError, "drops all 48 rows"),
        ("code == 'HLJ'", "code == 'HJL'", EconloomError, "no row has 'HJL' here"),
        ("edition == 2", "edition == 3", DataError, "no row where edition == 3"),
        (", where: edition == 2", "", DataError, r"more: 48 duplicate keys \(code x year\)"),
        ("['BEI', 'TIA']", "['BEI', 'TIN']", DataError, "no code 'TIN' in the panel, did you mean"),
        ("['BEI', 'TIA']", "[99999999999999999999999]", DataError, "in the panel"),
        ("interpolate(rq)", "log(gdp - gdp)", DataError, "has no value"),
        ("y ~ tbi | code]", "code ~ tbi | code]", EconloomError, "text|String"),
    ],
)
def test_faults_that_only_the_data_show(tmp_path, old, new, kind, words):
    folder = small.write(tmp_path, small.TEXT.replace(old, new, 1))
    with pytest.raises(kind, match=words) as caught:
        el.study(folder).run()
    assert "study.yaml:" in str(caught.value)
    assert not (folder / "out").exists()


def edited(tmp_path, change):
    """The small study, not pinned, with its csv rows changed."""
    folder = small.write(tmp_path, pinned=False)
    change(pl.read_csv(folder / "data/regions.csv")).write_csv(folder / "data/regions.csv")
    return el.study(folder)


DATA_FAULTS = {
    "duplicates": (lambda d: pl.concat([d, d.head(3)]), r"3 duplicate keys \(code x year\): BEI 2001 \(2 rows\)"),
    "missing key": (
        lambda d: d.with_columns(code=pl.when(pl.col("year") > 2001).then("code")),
        "key 'code' is missing",
    ),
    "half years": (lambda d: d.with_columns(pl.col("year") + 0.5), "not whole numbers: 2001.5"),
    "years in words": (lambda d: d.with_columns(pl.col("year").cast(pl.String) + "年春"), "holds String"),
    "numbers for codes": (lambda d: d.with_columns(pl.col("code").rank("dense")), "holds String, the panel's Int64"),
    "no number": (lambda d: d.with_columns(gdp=pl.lit("many")), "needs numbers here, this is text"),
    "all missing": (lambda d: d.with_columns(tbi=pl.lit(None, pl.Float64)), "no rows are left"),
    "all the same": (lambda d: d.with_columns(tbi=1.0), "holds one value"),
    "negative": (lambda d: d.with_columns(-pl.col("gdp")), "has no value in 42 rows"),
    "infinite": (lambda d: d.with_columns(gdp=float("inf")), "infinite"),
    "a row less in every unit": (lambda d: d.filter(pl.col("year") != 2003), "periods without data: 2003"),
}


@pytest.mark.parametrize(("change", "words"), DATA_FAULTS.values(), ids=DATA_FAULTS)
def test_faults_of_the_data(tmp_path, change, words):
    with pytest.raises(EconloomError, match=words) as caught:
        edited(tmp_path, change).run()
    assert caught.value.exit_code in {2, 3, 4}


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.sample(fraction=1.0, shuffle=True, seed=3),
        lambda d: d.with_columns(pl.col("year").cast(pl.Float64)),
        lambda d: d.with_columns(pl.lit(k).alias(f"c{k}") for k in range(300)),
    ],
    ids=["shuffled rows", "float years", "many columns"],
)
def test_what_does_not_matter(tmp_path, change):
    done = edited(tmp_path, change).run(out=tmp_path / "changed")
    plain = el.study(small.write(tmp_path / "plain")).run()
    assert done.results.select(RESULTS[:7]).equals(plain.results.select(RESULTS[:7]))
    for column in ("estimate", "std_error"):
        assert (done.results[column] / plain.results[column] - 1).abs().max() < 1e-10


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[0.10, 0.05, 0.01]", "[]"),
        ("[0.10, 0.05, 0.01]", "[0.05]"),
        ("digits: 3", "digits: 0"),
        ("digits: 3", "digits: 12"),
        ("      - y ~ tbi | code + year\n", "      - y ~ tbi | code + year\n" * 38),
        ("  t4:", "  基准回归:"),
        ("zh: lnGDP, en: lnGDP", "zh: '<b>&\"|*_^$\\', en: '<script>x</script>'"),
        ("zh: lnGDP, en: lnGDP", 'zh: "a\\nb", en: "a\\tb\\x07"'),
        ("growth: diff(lnGDP)", "log: log(gdp)\n  'and': log + 1\n  'in': '`and` + log'"),
        ("growth: diff(lnGDP)", "__x: log(gdp)\n  __new: carry_forward(__x)\n  __y: mean(__x, by=code)"),
        ("rows: year\n    columns: ['BEI', 'TIA']", "rows: code\n    columns: [2001, 2006]"),
        ("  t4:\n    title: {zh: 另一表, en: Another}", "  t4:\n    title: 注：另一表"),
    ],
)
def test_odd_but_legal(tmp_path, old, new):
    assert old in small.TEXT
    for lang in ("zh", "en"):
        done = el.study(small.write(tmp_path / lang, small.TEXT.replace(old, new, 1))).run(lang=lang)
        assert done.results["estimate"].null_count() == 0


def test_units_and_times_of_any_name(tmp_path):
    """Names that econloom uses inside change nothing."""
    main, more = small.frames()
    plain = el.study(small.write(tmp_path)).run().results
    for names in (("v", "new"), ("__old", "__value"), ("单位", "年 份")):
        folder = tmp_path / names[0]
        folder.mkdir()
        renamed = {"code": names[0], "year": names[1]}
        main.rename(renamed).write_csv(folder / "regions.csv")
        more.rename(renamed).write_parquet(folder / "more.parquet")
        text = json.dumps(small.data(), ensure_ascii=False).replace("data/", "")
        unit, time = (n if n.isidentifier() else f"`{n}`" for n in names)
        text = text.replace('"code"', f'"{names[0]}"').replace('"year"', f'"{names[1]}"')
        for a, b in (("code in", f"{unit} in"), ("code ==", f"{unit} =="), ("year <", f"{time} <"),
                     ("| code + year", f"| {unit} + {time}"), ("| code", f"| {unit}")):  # fmt: skip
            text = text.replace(a, b)
        done = el.study(json.loads(text), folder).run()
        assert done.results.select("term", "estimate", "std_error").equals(
            plain.select("term", "estimate", "std_error")
        )


def test_a_shipped_study_is_copied_once(tmp_path):
    copy = shipped.unpack("globalisation", tmp_path / "新 文件夹")
    assert (copy / "study.yaml").is_file() and not (copy / "out").exists()
    (copy / "study.yaml").write_text("mine")
    assert shipped.unpack("globalisation", tmp_path / "新 文件夹") == copy
    assert (copy / "study.yaml").read_text() == "mine"
    (tmp_path / "other/globalisation").mkdir(parents=True)
    with pytest.raises(EconloomError, match="something else already"):
        shipped.unpack("globalisation", tmp_path / "other")
    with pytest.raises(EconloomError, match="no shipped study 'globalization', did you mean 'globalisation'"):
        shipped.unpack("globalization", tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(EconloomError, match="cannot be written"):
        shipped.unpack("globalisation", tmp_path / "file")
