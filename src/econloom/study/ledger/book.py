"""Rows of the ledger: written once, checked whenever they are read."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from econloom import __version__
from econloom.core.errors import OutputError
from econloom.core.estimate import CONSTANT, Tidy
from econloom.core.lineage import SampleLog
from econloom.study.run import Run
from econloom.study.specified import Specified

FILE = "ledger.csv"
IDENTITY = (
    "version", "table", "column", "group", "stage", "outcome", "term", "formula", "sample", "effects", "weights",
    "vcov", "ssc", "n", "estimate", "p_value",
)  # fmt: skip
"""What makes a specification with its result: two rows that agree in these are one."""
COLUMNS = ("id", "run", "date", "econloom", *IDENTITY)
_OUTSIDE = "outside where: "

Row = dict[str, str]


def read(folder: Path) -> list[Row]:
    """The rows of a folder's ledger, oldest first; none where there is no ledger yet.

    Raises
    ------
    OutputError
        It is damaged: which line, and what to do. Nothing is changed.
    """
    file = folder / FILE
    try:
        text = file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return []
    except UnicodeDecodeError as error:
        raise _damaged(file, text_line(file, error.start), "no UTF-8") from error
    except OSError as error:
        raise OutputError(f"{file}: cannot be read: {error.strerror or error}") from error
    return list(_rows(file, text))


def text_line(file: Path, offset: int) -> int:
    """The line of a byte."""
    return file.read_bytes()[:offset].count(b"\n") + 1


def _rows(file: Path, text: str) -> Iterator[Row]:
    if text and not text.endswith("\n"):
        raise _damaged(file, text.count("\n") + 1, "the last line is cut off")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        head = next(reader, None)
        if head is None or tuple(head) != COLUMNS:
            raise _damaged(file, 1, "another header")
        for cells in reader:
            if len(cells) != len(COLUMNS):
                raise _damaged(file, reader.line_num, f"{len(cells)} fields, not {len(COLUMNS)}")
            row = dict(zip(COLUMNS, cells, strict=True))
            if row["id"] != identity(row):
                raise _damaged(file, reader.line_num, "its content does not fit its id")
            yield row
    except csv.Error as error:
        raise _damaged(file, reader.line_num, str(error)) from error


def _damaged(file: Path, line: int, why: str) -> OutputError:
    return OutputError(
        f"{file}: damaged in line {line}: {why}",
        hint="put a copy of it back, or move it aside: the next run begins a new one; nothing was changed",
    )


def identity(row: Mapping[str, str]) -> str:
    """16 hexadecimal digits of a specification with its result."""
    return hashlib.sha256("\x1f".join(row[k] for k in IDENTITY).encode()).hexdigest()[:16]


def extend(folder: Path, run: Run, started: datetime, staging: Path) -> None:
    """Write the ledger of a folder, with what a run adds to it, to the staging folder.

    Parameters
    ----------
    folder : Path
        Of the last run; its rows are taken over byte for byte.
    run : Run
    started : datetime
    staging : Path

    Raises
    ------
    OutputError
        The ledger is damaged.
    """
    known = read(folder)
    before = (folder / FILE).read_bytes() if known else _line(COLUMNS)
    seen = {row["id"] for row in known}
    number = str(max((int(row["run"]) for row in known if row["run"].isdigit()), default=0) + 1)
    stamp = {"run": number, "date": started.isoformat(timespec="seconds"), "econloom": __version__}
    added = []
    for row in entries(run):
        row["id"] = identity(row)
        if row["id"] not in seen:
            seen.add(row["id"])
            added.append(_line((row | stamp)[k] for k in COLUMNS))
    (staging / FILE).write_bytes(before + b"".join(added))


def _line(cells: Iterable[str]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue().encode("utf-8")


def entries(run: Run) -> Iterator[Row]:
    """The specifications of a run: columns of its tables, windows of its event studies, its curves."""
    weights: dict[tuple[str, str | None], str | None] = {}
    for step in run.plan.steps:
        if step.kind == "estimate":
            weights |= {(m["formula"], m["where"]): m["weights"] for m in step.params["models"]}
    by_formula = {formula: w for (formula, _), w in weights.items()}
    for (version, table), models in run.models.items():
        for number, model in enumerate(models, 1):
            yield _of_model(version, table, f"c{number}", model, by_formula.get(model.formula))
    for (version, name), curve in run.curves.items():
        yield from _of_curve(version, name, curve)


def _of_model(version: str, table: str, column: str, model: Tidy, weights: str | None) -> Row:
    """A column; its focal coefficient is the first that is no constant."""
    focal = next((c for c in model.coefficients if c.term != CONSTANT), None)
    group = ", ".join(filter(None, (str(model.extra.get(k, "")) for k in ("group", "companion"))))
    return {
        "version": version, "table": table, "column": column, "group": group, "stage": model.stage,
        "outcome": model.outcome, "term": focal.term if focal else "", "formula": _one_line(model.formula),
        "sample": _sample(model.sample), "effects": " + ".join(model.effects), "weights": weights or "",
        "vcov": model.vcov, "ssc": model.ssc, "n": str(model.glance.get("n") or ""),
        "estimate": _number(focal.estimate if focal else None), "p_value": _number(focal.p_value if focal else None),
    }  # fmt: skip


def _of_curve(version: str, name: str, curve: Specified) -> Iterator[Row]:
    """Every specification of a curve, those without an estimate too."""
    for row in (*curve.frame.iter_rows(named=True), *curve.failed.iter_rows(named=True)):
        yield {
            "version": version, "table": name, "column": f"s{row['number']}", "group": "", "stage": "main",
            "outcome": row["outcome"], "term": row["term"],
            "formula": _one_line(row.get("formula") or f"{row['outcome']} ~ {row['term']} + {row['controls']}"),
            "sample": row["sample"], "effects": row["effects"], "weights": row["weights"] or "", "vcov": row["vcov"],
            "ssc": curve.ssc, "n": str(row.get("n") or ""), "estimate": _number(row.get("estimate")),
            "p_value": _number(row.get("p_value")),
        }  # fmt: skip


def _sample(log: SampleLog) -> str:
    """The conditions that chose the rows, or ``all``."""
    conditions = [d.reason.removeprefix(_OUTSIDE) for d in log.drops if d.reason.startswith(_OUTSIDE)]
    return _one_line("; ".join(conditions)) or "all"


def _number(value: float | None) -> str:
    """Ten digits: what differs beyond them between machines is no other result."""
    return "" if value is None or value != value else f"{value:.10g}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
