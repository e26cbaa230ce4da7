"""init, check and run, on the files that people have, in folders with Chinese names and blanks."""

import json

import numpy as np
import openpyxl
import polars as pl
import pytest

import econloom as el
from econloom.cli import health, run_command
from econloom.study.starting import start

CITIES = ["合肥市", "襄樊市", "巢湖市", "南京市", "杭州市", "武汉市", "宁波市", "苏州市"]
YEARS = list(range(2006, 2012))


def rows():
    rng = np.random.default_rng(1)
    keys = pl.DataFrame({"城市": CITIES}).join(pl.DataFrame({"年份": YEARS}), how="cross")
    x = rng.normal(50, 9, keys.height).round(2)
    noise = rng.normal(size=keys.height)
    return keys.with_columns(
        pl.Series("GDP（亿元）", (300 + 2 * x + noise).round(2)),
        pl.Series("外资占比", x),
        pl.Series("人口", rng.integers(100, 400, keys.height)),
    )


def gb_csv(folder):
    (folder / "城市 面板.csv").write_bytes(rows().write_csv().encode("gb18030"))
    return "城市 面板.csv"


def yearbook(folder):
    """Two merged rows of header, full-width digits, notes."""
    wide = rows().pivot("年份", index="城市", values=["GDP（亿元）", "外资占比"])
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["表2-1 主要指标"])
    sheet.append(["城市", "GDP", *[None] * 5, "外资占比"])
    sheet.append([None, *YEARS, *(f"{y}年" for y in YEARS)])
    digits = str.maketrans("0123456789.", "０１２３４５６７８９．")
    for n, row in enumerate(wide.iter_rows()):
        sheet.append([row[0], *(str(v).translate(digits) if n == 2 else v for v in row[1:7]), *row[7:]])
    sheet.append([])
    sheet.append(["注：本表按当年价格计算。"])
    sheet.append(["资料来源：统计年鉴"])
    for cells in ("A2:A3", "B2:G2", "H2:M2"):
        sheet.merge_cells(cells)
    book.save(folder / "年鉴 一.xlsx")
    return "年鉴 一.xlsx"


def old_stata(folder):
    """Version 114 with labels and value labels in GBK."""
    made = (
        rows()
        .rename({"城市": "city", "年份": "year", "GDP（亿元）": "gdp", "外资占比": "fdi", "人口": "pop"})
        .to_pandas()
    )
    made["city"] = [CITIES.index(c) + 1 for c in made["city"]]
    labels = {n: f"C{n:05d}" for n in range(1, len(CITIES) + 1)}
    path = folder / "旧 数据.dta"
    made.to_stata(
        path, version=114, write_index=False, variable_labels={"gdp": "GGGGGGGG"}, value_labels={"city": labels}
    )
    content = path.read_bytes().replace(b"GGGGGGGG", "生产总值".encode("gbk"))
    for n, name in enumerate(CITIES, 1):
        content = content.replace(labels[n].encode(), name.encode("gbk"))
    path.write_bytes(content)
    return "旧 数据.dta"


def wide_csv(folder):
    rows().pivot("年份", index="城市", values="GDP（亿元）").rename(lambda c: f"{c}年" if c[0] == "2" else c).write_csv(
        folder / "宽 表.csv"
    )
    return "宽 表.csv"


@pytest.fixture
def here(tmp_path, monkeypatch):
    folder = tmp_path / "我的 论文" / "原始 数据"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder.parent)
    return folder


@pytest.mark.parametrize(
    ("make", "unit", "time", "tables"),
    [
        (gb_csv, "城市", "年份", {"descriptives", "baseline"}),
        (yearbook, "城市", "年份", {"descriptives", "baseline"}),
        (old_stata, "city_label", "year", {"descriptives", "baseline"}),
        (wide_csv, "城市", "年份", {"descriptives"}),
    ],
)
def test_init_check_run(here, make, unit, time, tables, capsys):
    name = make(here)
    assert run_command(["init", f"原始 数据/{name}"]) == 0
    said = capsys.readouterr().out
    assert f"unit   {unit}" in said and "48 rows, 8 units, 6 periods (2006 to 2011), balanced" in said
    assert "襄阳市 since 2010" in said and "巢湖市: abolished after 2010" in said
    assert run_command(["check", "study.yaml"]) == 0
    assert run_command(["run", "study.yaml"]) == 0
    record = json.loads((here.parent / "out/run.json").read_text(encoding="utf-8"))
    assert set(record["tables"]) == tables
    panel = pl.read_parquet(here.parent / "out/panel.parquet")
    assert panel.select(pl.col(unit), pl.col(time)).n_unique() == 48
    values = panel[("gdp" if make is old_stata else "GDP" if make is not wide_csv else "宽_表")]
    truth = rows().sort("城市", "年份")["GDP（亿元）"]
    assert np.allclose(panel.with_columns(values.alias("v")).sort(unit, time)["v"], truth, rtol=1e-12)


def test_labels_of_the_file_are_labels_of_tables(here):
    old_stata(here)
    assert run_command(["init", "原始 数据/旧 数据.dta"]) == 0
    study = el.study("study.yaml")
    assert study.spec.variables["gdp"].label.zh == "生产总值"
    table = study.run().tables["baseline"]
    assert "生产总值" in json.dumps([c.label.text("zh") for row in table.header for c in row], ensure_ascii=False)


def test_several_files_are_joined_by_the_keys_that_fit(here, capsys):
    gb_csv(here)
    rows().select(pl.col("城市").alias("地区"), "年份", 新=pl.col("人口") * 1.5, GDP=1.0).filter(
        pl.col("地区") != "武汉市"
    ).write_csv(here / "b.csv")
    pl.DataFrame({"年份": YEARS, "汇率": [7.9, 7.6, 6.9, 6.8, 6.7, 6.4]}).write_csv(here / "汇 率.csv")
    (here / "c.csv").write_text("k,v\nx,1\ny,2\n")
    files = ["城市 面板.csv", "b.csv", "汇 率.csv", "c.csv"]
    assert run_command(["init", "--json", *(f"原始 数据/{f}" for f in files)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [m.split(":")[0] for m in found["merges"]] == ["b", "汇_率"]
    assert "units not in the source: 武汉市" in found["merges"][0]
    assert (
        len(found["left_out"]) == 1 and "c.csv: no column holds the values of '城市' or '年份'" in found["left_out"][0]
    )
    assert run_command(["run", "study.yaml"]) == 0
    panel = pl.read_parquet("out/panel.parquet")
    assert {"新", "GDP_b", "汇率"} <= set(panel.columns) and panel.height == 48


def test_a_study_file_that_is_there_stays(here, capsys):
    gb_csv(here)
    (here.parent / "study.yaml").write_text("mine")
    assert run_command(["init", "原始 数据/城市 面板.csv"]) == 2
    assert "say --force" in capsys.readouterr().err
    assert (here.parent / "study.yaml").read_text() == "mine"
    assert run_command(["init", "原始 数据/城市 面板.csv", "--force"]) == 0
    assert run_command(["init", "原始 数据/城市 面板.csv", "--out", "无/study.yaml"]) == 2
    assert run_command(["init", "原始 数据/没有.csv", "--out", "b.yaml"]) == 3
    assert sorted(p.name for p in here.parent.iterdir()) == ["study.yaml", "原始 数据"]


def test_why_there_is_no_study(here, capsys):
    cases = {
        "a.csv": ("x,y\n1.5,2\n2.5,3\n", "no column of years or periods was found: name it with --time"),
        "b.csv": (
            "省,年,业,x\n甲,2001,农,1\n甲,2001,工,2\n乙,2001,农,1\n乙,2002,农,3\n",
            "with 业 they are told apart",
        ),
        "c.csv": ("省,年\n甲,2001\n乙,2001\n甲,2002\n", "no column of numbers beside the keys"),
    }
    for name, (content, words) in cases.items():
        (here / name).write_text(content, encoding="utf-8")
        assert run_command(["init", f"原始 数据/{name}"]) == 1
        assert words in capsys.readouterr().err
        assert not (here.parent / "study.yaml").exists()


def test_options_and_keys_can_be_named(here, capsys):
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet("二")):
        sheet.append(["甲", "乙", "y", "x"])
        for n in range(24):
            sheet.append([f"u{n // 6}", n % 6 + 1, n * n % 7 + 0.5, n * 5 % 11 + 0.25])
    book.save(here / "a.xlsx")
    assert run_command(["init", "原始 数据/a.xlsx"]) == 2
    assert "2 sheets hold tables" in capsys.readouterr().err
    assert run_command(["init", "原始 数据/a.xlsx", "-o", "sheet=二", "--unit", "甲", "--time", "乙"]) == 0
    source = el.study("study.yaml").spec.sources["a"]
    assert source.sheet == "二" and el.study("study.yaml").spec.panel.time == "乙"
    assert run_command(["init", "原始 数据/a.xlsx", "-o", "sheat=二", "--force"]) == 2
    assert "did you mean 'sheet'" in capsys.readouterr().err
    assert run_command(["init", "原始 数据/a.xlsx", "-o", "sheet", "--force"]) == 2


def test_dates_are_read_as_years_and_odd_names_become_words(here):
    dates = (
        rows().with_columns(pl.format("{}-12-31", "年份").alias("年份")).rename({"GDP（亿元）": "1 GDP", "人口": "log"})
    )
    dates.write_csv(here / "a.csv")
    begun = start([here / "a.csv"], here.parent)
    assert begun.text is not None and begun.why_not is None
    (here.parent / "study.yaml").write_text(begun.text, encoding="utf-8")
    study = el.study("study.yaml")
    assert dict(study.spec.sources["a"].types) == {"年份": "year"}
    assert {"v_1_GDP", "log_"} <= set(study.run().panel.columns)


def test_row_numbers_are_no_outcome_and_dates_of_stata_are_years(here):
    made = rows().rename({"城市": "city", "年份": "year", "GDP（亿元）": "gdp", "外资占比": "fdi", "人口": "pop"})
    dated = made.with_row_index("rownames", 1).with_columns(pl.date("year", 12, 31).alias("year"))
    dated.to_pandas().astype({"rownames": "int32", "year": "datetime64[ns]"}).to_stata(
        here / "a.dta", write_index=False, version=118
    )
    begun = start([here / "a.dta"], here.parent)
    assert begun.text is not None and "types: {year: year}" in begun.text
    assert "- gdp ~ fdi + pop | city + year" in begun.text


def test_the_doctor_says_what_is_broken(capsys, monkeypatch):
    assert run_command(["doctor"]) == 0
    said = capsys.readouterr().out
    for word in ("versions", "polars", "fonts", "threads", "cache", "optional"):
        assert word in said
    assert run_command(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"]
    monkeypatch.setattr(health, "_requirements", lambda: [("no-such-library", "1.0"), ("polars", "999")])
    assert run_command(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "not installed; pip install 'no-such-library>=1.0'" in said and "older than 999" in said
    monkeypatch.setitem(health._OPTIONAL, "big", ("no_such_module", "reads DuckDB"))
    assert "pip install 'econloom[big]'" in str(next(c for c in health.examine().checks if c.name == "big"))
