"""Texts with a delimiter: what is detected, repaired, cut and refused, each said with its place."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import econloom as el
from econloom.core.errors import DataError, UsageError
from econloom.core.labels import Label
from econloom.data.readers import column_names, delimited, encodings, make

YEARBOOK = (
    '表1 各地区生产总值\n单位：亿元\n地区,年份,GDP（亿元）,"人口\n(万人)"\n北　京,2015年,"12,345.6",２０１５\n'
    "天津,2015年,—,…\n上海,2016年,1,缺失\n\n注：数据为年末数。\n资料来源：国家统计局, 2017\n"
)


@pytest.fixture
def file(tmp_path):
    folder = tmp_path / "年鉴 数据"
    folder.mkdir()

    def write(content, name="表 一.csv"):
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return folder / name

    return write


def messages(reading):
    return [str(r) for r in reading.remarks]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_yearbook_in_any_encoding(file, encoding, ending):
    path = file(YEARBOOK.replace("\n", ending).encode(encoding))
    reading = el.read(path)
    assert reading.frame.to_dict(as_series=False) == {
        "地区": ["北京", "天津", "上海"],
        "年份": [2015, 2015, 2016],
        "GDP（亿元）": [12345.6, None, 1.0],
        "人口(万人)": [2015, None, None],
    }
    assert column_names(path) == reading.columns
    assert reading.settings["encoding"] == encoding
    assert reading.units == {"GDP（亿元）": "亿元", "人口(万人)": "万人"}
    assert reading.labels["GDP（亿元）"] == Label(en="GDP")
    said = messages(reading)[2:]
    assert said == [
        "row 1 above the table left out: '表1 各地区生产总值'",
        "row 2 above the table left out: '单位：亿元'",
        "below the table, cut: '注：数据为年末数。'",
        "below the table, cut: '资料来源：国家统计局 2017'",
        "地区: 1 cell like '北\\u3000京' with blanks inside, closed up (row 5)",
        "年份: 3 cells like '2015年' read as years (row 5, row 6, row 7)",
        "GDP（亿元）: 1 cell with thousands commas read as numbers (row 5)",
        "GDP（亿元）: 1 cell taken as missing: '—' (row 6)",
        "人口(万人): 1 cell with full-width characters read as numbers (row 5)",
        "人口(万人): 1 cell taken as missing: '…' (row 6)",
        "人口(万人): 1 cell taken as missing: '缺失' (row 7)",
    ]


@pytest.mark.parametrize(("mark", "name"), [("\t", "tab"), (";", "';'"), ("|", "'|'"), (",", "','")])
def test_delimiters(file, mark, name):
    reading = el.read(file(f"a{mark}b\n1{mark}x\n2{mark}y\n"))
    assert reading.frame.rows() == [(1, "x"), (2, "y")]
    assert f"delimiter {name}" in messages(reading)


def test_western_and_traditional_encodings(file):
    reading = el.read(file("a,b\nSão Paulo,1\nCuiabá,2\n".encode("cp1252")))
    assert reading.frame["a"].to_list() == ["São Paulo", "Cuiabá"]
    assert reading.settings["encoding"] == "cp1252"
    big5 = file("地區,值\n臺北,1\n高雄,2\n".encode("big5"))
    with pytest.raises(DataError, match="encoding of the text is not clear") as caught:
        el.read(big5)
    assert "big5" in caught.value.hint
    assert el.read(big5, encoding="big5").frame["地區"].to_list() == ["臺北", "高雄"]


def test_a_byte_that_does_not_belong_has_its_row(file):
    for encoding in ("utf-8", "gb18030"):
        content = "地区,x\n北京市海淀区,1\n天津市河北区,2\n上海市,3\n".encode(encoding)
        at = content.index(b"2\n") - 3
        with pytest.raises(DataError, match=rf"row 3: the byte 0x\w\w does not belong in {encoding}"):
            el.read(file(content[:at] + b"\xff" + content[at + 1 :]))
    with pytest.raises(DataError, match="row 2 holds a zero byte"):
        el.read(file(b"a,b\n1,\x002\n"))
    with pytest.raises(UsageError, match="encoding: 'gbx' is not known"):
        el.read(file("a,b\n1,2\n"), encoding="gbx")


def test_header_of_several_rows_and_wide_years(file):
    over = file("地区,GDP,,人口,\n,2010,2011,2010年,2011\n北京,1,2,3,4\n天津,5,6,7,8\n")
    assert el.read(over).columns == ["地区", "GDP_2010", "GDP_2011", "人口_2010", "人口_2011"]
    rows = [("北京", 2010, 1, 3), ("北京", 2011, 2, 4), ("天津", 2010, 5, 7), ("天津", 2011, 6, 8)]
    assert el.read(over, wide=True).frame.rows() == rows
    under = file("地区,2010,,2011,\n,GDP,人口,GDP,人口\n北京,1,3,2,4\n天津,5,7,6,8\n")
    assert el.read(under, wide={"time": "年"}).frame.rows() == rows
    assert el.read(under, wide={"time": "年"}).columns == ["地区", "年", "GDP", "人口"]
    assert column_names(under, make({"wide": True})) == ["地区", "year", "GDP", "人口"]


def test_rows_of_labels_below_the_names(file):
    content = "Stkcd,Accper,B001,B002\n证券代码,会计期间,营业收入,利润\n没有单位,没有单位,元,元\n"
    content += "000001,2010-12-31,1.5,2\n000002,2011-12-31,2.5,3\n"
    reading = el.read(file(content), types={"Accper": "year"})
    assert reading.frame.rows() == [("000001", 2010, 1.5, 2), ("000002", 2011, 2.5, 3)]
    assert reading.labels["B001"] == Label(zh="营业收入") and reading.units == {"B001": "元", "B002": "元"}
    assert "Stkcd: digits with leading zeros, kept as texts" in messages(reading)


def test_a_word_for_missing_in_the_first_row_is_not_a_label(file):
    with pytest.raises(DataError, match=r"column 'x': 2 cells with numbers, 1 with texts: row 2 'n.d.'"):
        el.read(file("地区,x,y\n北京,n.d.,n.d.\n天津,1,2\n上海,2,3\n"))


def test_missing_marks_and_what_is_no_mark(file):
    reading = el.read(file("iso,v,w\nNA,1,\nCN,-,不明\nUS,NA,3\n"), missing="不明")
    assert reading.frame.rows() == [("NA", 1, None), ("CN", None, None), ("US", None, 3)]
    assert "iso: 1 cell 'NA' kept as a code among two-letter codes (row 2)" in messages(reading)
    assert el.read(file("x,n\n无,1\n有,2\n无,3\n")).frame["x"].to_list() == ["无", "有", "无"]


def test_numbers_and_texts_in_one_column(file):
    path = file("a,b\n1,x\n2,3\n4,5\n")
    with pytest.raises(DataError, match="column 'b': 2 cells with numbers, 1 with texts: row 2 'x'") as caught:
        el.read(path)
    assert "types: {b: text}" in caught.value.hint and "missing: ['x']" in caught.value.hint
    assert el.read(path, types={"b": "text"}).frame["b"].to_list() == ["x", "3", "5"]
    assert el.read(path, missing="x").frame["b"].to_list() == [None, 3, 5]
    firms = el.read(file("firm,v\n360,1\nIBM,2\nGE,3\nABB,4\n"))
    assert firms.frame["firm"].to_list() == ["360", "IBM", "GE", "ABB"]
    assert [str(w) for w in firms.warnings] == ["firm: kept as texts, though 1 of its cells are numbers"]


def test_percent_signs_decimal_commas_formula_errors(file):
    assert el.read(file("c,r\na,12.5%\nb,３％\n")).frame["r"].to_list() == [12.5, 3.0]
    with pytest.raises(DataError, match="1 of 2 cells with a percent sign"):
        el.read(file("c,r\na,12.5%\nb,3\n"))
    comma = file("a;b\n1,5;2\n3,25;4\n")
    with pytest.raises(DataError, match="no thousands commas") as caught:
        el.read(comma)
    assert "decimal: ','" in caught.value.hint
    assert el.read(comma, decimal=",").frame["a"].to_list() == [1.5, 3.25]
    error = file("a,b\n1,#DIV/0!\n3,4\n")
    with pytest.raises(DataError, match="column 'b': 1 cell with the error of a formula: row 2 '#DIV/0!'"):
        el.read(error)
    assert el.read(error, missing="#DIV/0!").frame["b"].to_list() == [None, 4]
    with pytest.raises(DataError, match="infinite numbers: row 2 'inf'"):
        el.read(file("a,b\n1,inf\n3,4\n"))


def test_truth_values(file):
    path = file("c,t,u\na,True,yes\nb,FALSE,no\nc,,no\n")
    assert el.read(path).frame["t"].to_list() == [True, False, None]
    assert el.read(path).frame["u"].dtype == pl.String
    assert el.read(path, types={"t": "text"}).frame["t"].to_list() == ["True", "FALSE", None]


def test_a_long_list_of_places_is_cut(file):
    reading = el.read(file("c,x\n" + "a,—\n" * 30 + "b,1\n"))
    assert messages(reading)[-1].endswith("taken as missing: '—' (row 2, row 3, row 4, row 5, row 6 …)")
    assert len(reading.remarks[-1].places) == 20 and reading.remarks[-1].cells == 30


def test_years_and_dates(file):
    assert el.read(file("年份\tx\n2010.0\t1\n2011.0\t2\n")).frame["年份"].dtype == pl.Int64
    dates = file("日期,x\n2010-01-05,1\n2011/12/31,2\n20120105,3\n2013年5月,4\n")
    assert el.read(dates, types={"日期": "year"}).frame["日期"].to_list() == [2010, 2011, 2012, 2013]
    with pytest.raises(DataError, match="column '日期': 1 cell without a year: row 3 '二零一一年'"):
        el.read(file("日期,x\n2010-01-01,2\n二零一一年,2\n"), types={"日期": "year"})
    days = el.read(file("日期,x\n2010-01-05,1\n2011年12月31日,2\n"), types={"日期": "date"}).frame["日期"]
    assert days.dtype == pl.Date and [str(d) for d in days] == ["2010-01-05", "2011-12-31"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a,b\n1,2\n3\n5,6\n", "row 3 has 1"),
        ('a,b\n"x, y",2\n3\n5,6\n', "row 3 has 1"),
        ("a,b\n1,2\n3,4,5\n5,6\n", "row 3 has 3"),
        ('a,b\n1,"2\n3,4\n', "row 2: a quotation mark is out of place"),
        ("1,2,3\n4,5,6\n7,8,9\n", "row 1 looks like data, not like a header"),
        ("a,b,a\n1,2,3\n", r"several columns are called 'a' \(columns 1, 3\)"),
        ("a,b\n", "0 rows below the header"),
        ("  \n \n", "nothing but blanks"),
    ],
)
def test_shapes_that_are_refused(file, content, words):
    with pytest.raises(DataError, match=words):
        el.read(file(content))


def test_options_settle_the_header_and_the_notes(file):
    numbers = file("1,2\n3,4\n")
    assert el.read(numbers, header="none").frame.rows() == [(1, 2), (3, 4)]
    assert el.read(file("x\n\na,b\n1,2\n"), header=3).frame.rows() == [(1, 2)]
    noted = file("c,v,w\na,1,2\nb,,\n来源：年鉴,,\n")
    assert el.read(noted).frame["c"].to_list() == ["a", "b"]
    assert el.read(noted, notes="keep").frame["c"].to_list() == ["a", "b", "来源：年鉴"]
    with pytest.raises(UsageError, match="header: rows 1, 3 do not follow"):
        el.read(numbers, header=[1, 3])
    with pytest.raises(UsageError, match="no option 'sheets', did you mean 'sheet'"):
        el.read(numbers, sheets=1)
    with pytest.raises(UsageError, match="takes no 'sheet'"):
        el.read(numbers, sheet=1)


def test_blank_rows_and_nameless_columns(file):
    reading = el.read(file(",a,b,\n1,x,2,\n\n2,y,3,\n"))
    assert reading.frame.rows() == [(1, "x", 2), (2, "y", 3)]
    assert reading.columns == ["column_1", "a", "b"]
    said = messages(reading)
    assert "1 blank row left out (row 3)" in said and "columns without name and content left out: 4" in said


def test_only_some_columns(file):
    path = file(YEARBOOK.encode("gb18030"))
    assert el.read(path, columns=["年份"]).frame.to_dict(as_series=False) == {"年份": [2015, 2015, 2016]}
    with pytest.raises(DataError, match="no column 'GDP（亿）', did you mean 'GDP（亿元）'"):
        el.read(path, columns=["GDP（亿）"])


def test_large_texts_are_read_alike_from_disk(file, monkeypatch):
    rows = [
        f"{p},{y},{n * 1.5},{n}" for n, (p, y) in enumerate((p, y) for p in ("北京", "天津") for y in range(1900, 2000))
    ]
    text = "省,年,x,n\n" + "\n".join(rows) + "\n注：完。\n"
    for encoding in ("utf-8", "gb18030"):
        for content in (text, text.replace("注：完。\n", "")):
            path = file(content.encode(encoding))
            whole = el.read(path)
            with monkeypatch.context() as patch:
                patch.setattr(delimited, "SMALL", 100)
                patch.setattr(encodings, "SAMPLE", 512)
                small = el.read(path)
            assert small.frame.equals(whole.frame) and small.frame.height == 200
            assert messages(small) == messages(whole)


CELLS = st.one_of(
    st.none(),
    st.text(alphabet="京津沪abc\"',;|\n、", min_size=1, max_size=6).map(str.strip).filter(lambda t: t not in ("", "/")),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(CELLS, st.one_of(st.none(), st.integers(-(2**60), 2**60)), st.floats(-1e9, 1e9)), min_size=1),
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
)
def test_what_was_written_is_read_back(tmp_path_factory, rows, encoding):
    frame = pl.DataFrame(rows, schema={"地区": pl.String, "n": pl.Int64, "x": pl.Float64}, orient="row")
    path = tmp_path_factory.mktemp("往返 一") / "a.csv"
    path.write_bytes(frame.write_csv().encode(encoding))
    back = el.read(path, encoding=encoding, delimiter=",", header=1, notes="keep", types={"地区": "text"}).frame
    marks = ["-", "--", ""]
    kept = frame.with_columns(pl.when(pl.col("地区").is_in(marks)).then(None).otherwise("地区").alias("地区"))
    assert back["地区"].to_list() == kept["地区"].to_list()
    assert back["n"].cast(pl.Int64).equals(kept["n"])
    assert back["x"].cast(pl.Float64).equals(kept["x"])
