"""Feather, Parquet and DuckDB, and the turning of year columns into rows."""

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import econloom as el
from econloom.core.errors import DataError, UsageError
from econloom.data.readers import column_names, make, wide


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "库 一.duckdb"
    with duckdb.connect(str(path)) as made:
        made.execute(
            "create table 面板 as select * from "
            "(values ('北京', 2010, 1.5::decimal(5, 2)), ('天津', 2011, null)) t(地区, 年, x)"
        )
        made.execute("create table other as select 1 a")
    return path


def test_tables_and_queries(database):
    reading = el.read(database, table="面板")
    assert reading.frame.to_dict(as_series=False) == {"地区": ["北京", "天津"], "年": [2010, 2011], "x": [1.5, None]}
    assert column_names(database, make({"table": "面板"})) == reading.columns
    assert [str(r) for r in reading.remarks] == ["table '面板'", "x: decimal numbers read as floats"]
    total = el.read(database, query="select 地区, sum(x) as x from 面板 group by 1 order by 1")
    assert total.frame["x"].to_list() == [1.5, None]
    assert el.read(database, table="面板", columns=["x"]).columns == ["x"]


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({}, UsageError, "2 tables: other, 面板"),
        ({"table": "othr"}, DataError, "no table 'othr', did you mean 'other'"),
        ({"query": "select * from read_csv('/etc/hostname')"}, DataError, "disabled by configuration"),
        ({"query": "drop table other"}, DataError, "read-only"),
        ({"query": "selec"}, DataError, "syntax error"),
        ({"query": "select * from other where a > 1"}, DataError, "0 rows"),
        ({"query": "select 1", "table": "other"}, UsageError, "either 'table' or 'query'"),
    ],
)
def test_databases_refuse(database, options, kind, words):
    with pytest.raises(kind, match=words):
        el.read(database, **options)


def test_feather(tmp_path):
    frame = pl.DataFrame({"地区": ["北京", None], "x": [1.0, float("nan")]})
    frame.write_ipc(tmp_path / "a.feather")
    assert el.read(tmp_path / "a.feather").frame.rows() == [("北京", 1.0), (None, None)]
    (tmp_path / "b.feather").write_bytes(b"FEA1....")
    with pytest.raises(DataError, match="Feather of version 1"):
        el.read(tmp_path / "b.feather")
    (tmp_path / "c.feather").write_bytes(b"ARROW1\0\0 and nothing else")
    with pytest.raises(DataError, match="cannot be read"):
        el.read(tmp_path / "c.feather")


@pytest.mark.parametrize(
    ("names", "variables"),
    [
        (["c", "2010", "2011"], {"": [2010, 2011]}),
        (["c", "2010年", "2011年"], {"": [2010, 2011]}),
        (["c", "GDP2010", "GDP2011", "pop_2010", "pop_2011"], {"GDP": [2010, 2011], "pop": [2010, 2011]}),
        (["c", "2010_GDP", "2011_GDP"], {"GDP": [2010, 2011]}),
        (["c", "人口2010年", "人口2011年"], {"人口": [2010, 2011]}),
        (["c", "x", "y1", "y2"], None),
        (["c", "gdp_2010"], None),
        (["2010", "2011"], None),
        (["c", "co2", "pm2500", "hs1992"], None),
    ],
)
def test_year_columns_are_recognised(names, variables):
    found = wide.year_columns(names)
    assert (None if found is None else {v: sorted(c) for v, c in found.variables.items()}) == variables


def test_wide_refuses(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("c,year,2010,2011\nA,1,2,3\n")
    with pytest.raises(DataError, match="'year' would be there twice"):
        el.read(path, wide=True)
    path.write_text("c,x,y\nA,1,2\n")
    with pytest.raises(DataError, match="no columns of years"):
        el.read(path, wide=True)
    path.write_text("c,2010,2011\nA,1,many\nB,3,few\nC,3,some\n")
    with pytest.raises(DataError, match="year columns of 'value' hold numbers, but '2011' holds texts"):
        el.read(path, wide=True)
    path.write_text("c,2010,2012\nA,1,\nB,3,\n")
    reading = el.read(path, wide=True)
    assert reading.frame.rows() == [("A", 2010, 1), ("A", 2012, None), ("B", 2010, 3), ("B", 2012, None)]
    assert "value: 2 year columns (2010 to 2012) turned into rows; no column for 2011" in map(str, reading.remarks)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1950, 2049), min_size=2, max_size=6, unique=True),
    st.data(),
)
def test_long_to_wide_and_back(tmp_path_factory, years, data):
    units = ["北京", "天津", "上海"]
    values = data.draw(
        st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=3 * len(years), max_size=3 * len(years)).filter(
            lambda v: any(x is not None for x in v)
        )
    )
    keys = [(u, y) for u in units for y in sorted(years)]
    long = pl.DataFrame(
        [(*k, v) for k, v in zip(keys, values, strict=True)], schema=["地区", "year", "x"], orient="row"
    )
    path = tmp_path_factory.mktemp("宽 表") / "a.csv"
    long.pivot("year", index="地区", values="x").write_csv(path)
    back = el.read(path, wide={"values": "x"}).frame
    assert back.with_columns(pl.col("x").cast(pl.Float64)).equals(long.with_columns(pl.col("x").cast(pl.Float64)))
