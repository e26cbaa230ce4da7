from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from econloom.audit.replicate import read_printed
from econloom.core.errors import DataError
from tests.audit.small import cell, column, grid, printed, regression

PUBLISHED = Path(__file__).parents[2] / "studies" / "globalisation" / "published"
SMALL = regression(
    {"TBI": {"1": cell("11.5545", 3, "3.5239")}, "RQ": {"1": cell("-0.0351", 0, "0.0268")}}, [column("1", F="12.5**")]
)


def test_every_number_has_its_address(tmp_path: Path) -> None:
    table = printed(SMALL, tmp_path)
    found = {(c.column, c.term, c.kind): (c.text, c.stars) for c in table.cells}
    assert found == {
        ("1", "TBI", "coefficient"): ("11.5545", 3),
        ("1", "TBI", "se"): ("3.5239", 0),
        ("1", "RQ", "coefficient"): ("-0.0351", 0),
        ("1", "RQ", "se"): ("0.0268", 0),
        ("1", "N", "n"): ("615", 0),
        ("1", "R2", "r2"): ("0.4420", 0),
        ("1", "F", "statistic"): ("12.5**", 2),
    }


@pytest.mark.parametrize(("name", "numbers"), [("t1", 120), ("t3", 52), ("t4", 80), ("t5", 60), ("t6", 120)])
def test_published_tables(name: str, numbers: int) -> None:
    table = read_printed(PUBLISHED / f"002_{name}.json")
    assert len(table.cells) == numbers
    assert all(c.number is not None for c in table.cells) and not table.repaired


def test_lost_points_are_repaired_and_said(tmp_path: Path) -> None:
    document = copy.deepcopy(SMALL)
    document["rows"][0]["cells"]["1"]["coef_s"] = "１１ ５５４５"
    table = printed(document, tmp_path)
    assert next(c.text for c in table.cells if c.term == "TBI") == "１１ ５５４５"
    assert table.repaired == (
        f"{table.path}: column '1', 'TBI': '１１ ５５４５' read as 11.5545: decimal point lost to a blank",
    )


def test_unreadable_numbers_stay_as_cells(tmp_path: Path) -> None:
    document = copy.deepcopy(SMALL)
    document["rows"][0]["cells"]["1"] |= {"se": None, "se_s": "3.5?39"}
    unread = printed(document, tmp_path).cell("1", "TBI", "se")
    assert unread is not None and unread.number is None and "3.5?39" in unread.problem


def test_dashes_are_empty_cells(tmp_path: Path) -> None:
    document = copy.deepcopy(SMALL)
    document["columns"][0] |= {"r2": None, "r2_s": "—"}
    assert printed(document, tmp_path).cell("1", "R2", "r2") is None


def test_descriptive_columns_of_counts_are_n(tmp_path: Path) -> None:
    document = grid({"Gini": {"n": "364", "mean": "0.1657"}}, ["n", "mean"]) | {"kind": "descriptive"}
    document["columns"][0]["stat"] = "n"
    assert [c.kind for c in printed(document, tmp_path).cells] == ["n", "value"]


FAULTS: list[tuple[Any, str]] = [
    (lambda d: d.pop("kind"), "kind is missing"),
    (lambda d: d.update(kind="regresion"), "did you mean 'regression'"),
    (lambda d: d.update(kind="composition"), "kind is 'composition'"),
    (lambda d: d.update(columns=[]), "columns is [], not a list with at least one"),
    (lambda d: d["columns"].append(column("1")), "id '1' is not unique"),
    (lambda d: d.update(rows=None), "rows is missing"),
    (lambda d: d["rows"].append(d["rows"][0]), "term 'TBI' is not unique"),
    (lambda d: d["rows"][0]["cells"].update({"2": cell("1.0")}), "column '2', which is not among the columns 1"),
    (lambda d: d["rows"][0]["cells"]["1"].update(coef=11.5544), "coef is 11.5544 but coef_s reads '11.5545'"),
    (lambda d: d["rows"][0]["cells"]["1"].update(coef_s="n.s."), "coef_s cannot be read"),
    (lambda d: d["rows"][0]["cells"]["1"].update(coef_s="11.5545**"), "stars is 3"),
    (lambda d: d["rows"][0]["cells"]["1"].update(stars="***"), "stars is '***'"),
    (lambda d: d["rows"][0]["cells"]["1"].update(stars=4), "stars is 4"),
    (lambda d: d["rows"][0]["cells"]["1"].update(stars=True), "stars is True"),
    (lambda d: d["rows"][0]["cells"]["1"].pop("se"), "se and se_s must stand together"),
    (lambda d: d["rows"][0]["cells"]["1"].pop("coef"), "no coef"),
    (lambda d: d["rows"][0]["cells"]["1"].update(se=None), "se is null but se_s reads '3.5239'"),
    (lambda d: d["rows"][0]["cells"]["1"].update(se_s=None), "the printed string, is None"),
    (lambda d: d["rows"][0]["cells"]["1"].update(se_s=3.5239), "not a string as printed"),
    (lambda d: d["rows"][0]["cells"]["1"].update(se="3.5"), "se is '3.5', not a number"),
    (lambda d: d["rows"][0].update(cells=[1]), "not an object with keys"),
    (lambda d: d["columns"][0]["stats"].update(LR=12.5), "give it as printed"),
]


@pytest.mark.parametrize(("harm", "says"), FAULTS, ids=[s for _, s in FAULTS])
def test_faults_name_file_and_place(harm: Any, says: str, tmp_path: Path) -> None:
    document = copy.deepcopy(SMALL)
    harm(document)
    with pytest.raises(DataError) as error:
        printed(document, tmp_path)
    assert says in str(error.value) and "printed.json" in str(error.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a JSON file"), (b"[1, 2", "not a JSON file"), (b"\xff\xfe\x00", "not a JSON file"),
        (b"[]", "not an object"), (b"[" * 100_000, "nested too deeply"), (b'{"kind": NaN}', "no number of a table"),
        (b'{"kind": "data", "kind": "data"}', "'kind' stands twice"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not a JSON file"),
    ],
    ids=["empty", "cut", "bytes", "list", "deep", "nan", "twice", "digits"],
)  # fmt: skip
def test_files_that_are_no_tables(content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=says):
        read_printed(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_printed(tmp_path / "none.json")
    with pytest.raises(DataError, match="cannot be read"):
        read_printed(tmp_path)


def numbers(path: Path) -> list[tuple[str, str, str, str]]:
    """What a printed table says; not its stars, which have no second statement to check them against."""
    return [(c.kind, str(c.number.value), c.column, c.term) for c in read_printed(path).cells if c.number]


def leaves(node: Any, path: tuple = ()) -> list[tuple]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [leaf for k, v in items for leaf in leaves(v, (*path, k))] or [path]


ODD: list[Any] = [
    None,
    True,
    -1,
    1e308,
    10**400,
    "",
    "x",
    "９９",
    "--",
    [],
    {},
    [[]],
    {"a": 1},
    "1.5***",
    "\ud800",
    0.1,
]


def corrupted(document: Any, draw: random.Random) -> Any:
    """One leaf of the numbers replaced, deleted, or garbled."""
    document = copy.deepcopy(document)
    names = {"coef", "coef_s", "se", "se_s", "t", "t_s", "value", "value_s", "n", "n_s", "r2", "r2_s"}
    *road, last = draw.choice([p for p in leaves(document) if p[-1] in names])
    node = document
    for step in road:
        node = node[step]
    how = draw.randrange(3)
    if how == 0:
        node[last] = draw.choice(ODD)
    elif how == 1:
        del node[last]
    else:
        text = list(str(node[last]))
        text[draw.randrange(len(text))] = draw.choice("0123456789.-−*x ")
        node[last] = "".join(text)
    return document


@pytest.mark.parametrize("seed", range(200))
def test_a_corrupted_number_is_refused_or_harmless(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    source = PUBLISHED / f"002_t{draw.choice([1, 3, 4, 5, 6])}.json"
    path = tmp_path / "t.json"
    path.write_text(json.dumps(corrupted(json.loads(source.read_text("utf-8")), draw)))
    try:
        assert numbers(path) == numbers(source)
    except DataError as error:
        assert str(path) in str(error)


@pytest.mark.parametrize("seed", range(200))
def test_corrupted_bytes_never_fail_otherwise(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    content = bytearray((PUBLISHED / "002_t3.json").read_bytes())
    for _ in range(draw.choice([1, 1, 1, 5, 50])):
        content[draw.randrange(len(content))] = draw.randrange(256)
    path = tmp_path / "t.json"
    path.write_bytes(content[: draw.choice([len(content), draw.randrange(len(content))])])
    try:
        read_printed(path)
    except DataError as error:
        assert str(path) in str(error)
