import hashlib

import polars as pl
import pytest

from econloom.core.errors import DataError
from econloom.data import readers

FRAME = pl.DataFrame({"国家": ["BEI", "TIA", None], "year": [2001, 2002, 2003], "x": [1.5, None, float("nan")]})


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "数据 一"
    folder.mkdir()
    FRAME.write_parquet(folder / "a.parquet")
    (folder / "a.csv").write_text("国家,year,x\nBEI,2001,1.5\nTIA,2002,NA\n,2003,NaN\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_both_kinds_read_alike(folder, name):
    frame = readers.read_frame(folder / name)
    assert frame.equals(FRAME.with_columns(pl.col("x").fill_nan(None)))
    assert readers.column_names(folder / name) == FRAME.columns
    assert readers.read_frame(folder / name, ["x", "year"]).columns == ["x", "year"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("b.csv", b"", "the file is empty"),
        ("b.csv", b"a,b\n", "0 rows"),
        ("b.csv", b"\n\n", "nothing but blanks"),
        ("b.csv", b"a,b\n1,2\n1,2,3,4\n", "row 3 has 4"),
        ("b.csv", b"a,b,a\n1,2,3\n", "several columns are called 'a'"),
        ("b.parquet", b"a,b\n1,2\n", "cannot be read"),
        ("b.ods", b"x", r"unknown kind of file '.ods'"),
        ("b", b"x", "no ending"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words):
        readers.read_frame(tmp_path / name)


def test_files_that_are_not_there(folder):
    with pytest.raises(DataError, match=r"no such file, did you mean 'a\.(csv|parquet)'"):
        readers.read_frame(folder / "a.cvs")
    with pytest.raises(DataError, match="does not exist either"):
        readers.read_frame(folder / "nowhere/a.csv")
    with pytest.raises(DataError, match="a folder, not a file"):
        readers.read_frame(folder)
    with pytest.raises(DataError, match="File name too long"):
        readers.read_frame(folder / ("x" * 400 + ".csv"))
    with pytest.raises(DataError, match="no column 'yaer', did you mean 'year'"):
        readers.read_frame(folder / "a.csv", ["yaer"])


def test_a_damaged_parquet_file_is_refused_or_read(folder):
    content = (folder / "a.parquet").read_bytes()
    for place in range(0, len(content), 7):
        (folder / "a.parquet").write_bytes(content[:place] + bytes([content[place] ^ 0x5A]) + content[place + 1 :])
        try:
            readers.read_frame(folder / "a.parquet")
        except DataError as error:
            assert "a.parquet" in str(error)


def test_a_csv_column_without_content_holds_numbers(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,\n2,NA\n")
    assert readers.read_frame(tmp_path / "a.csv")["b"].dtype == pl.Float64


def test_categories_are_texts(tmp_path):
    pl.DataFrame({"a": ["x", "y"]}, schema={"a": pl.Categorical}).write_parquet(tmp_path / "a.parquet")
    assert readers.read_frame(tmp_path / "a.parquet")["a"].to_list() == ["x", "y"]
    assert readers.read_frame(tmp_path / "a.parquet")["a"].dtype == pl.String


def test_csv_of_other_systems(tmp_path):
    (tmp_path / "a.csv").write_bytes("\ufeff国家,x\r\nBEI,1\r\n".encode())
    assert readers.read_frame(tmp_path / "a.csv").to_dict(as_series=False) == {"国家": ["BEI"], "x": [1]}


def test_the_digest_is_of_names_and_contents(folder):
    assert readers.digest(folder / "a.csv") == hashlib.sha256((folder / "a.csv").read_bytes()).hexdigest()
    whole = readers.digest(folder)
    (folder / "README.md").write_text("notes")
    (folder / ".hidden").write_text("x")
    assert readers.digest(folder) == whole
    (folder / "a.csv").rename(folder / "b.csv")
    assert readers.digest(folder) != whole
