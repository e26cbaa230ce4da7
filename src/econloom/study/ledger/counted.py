"""How many specifications were run, and how many are printed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from econloom.core.errors import OutputError, plural
from econloom.core.labels import Label
from econloom.study.ledger.book import COLUMNS, FILE, IDENTITY, Row, read
from econloom.study.results import COEFFICIENTS
from econloom.study.schema import DEFAULT
from econloom.study.store import RUN_FILE, Folder

PLACES: dict[str, Label] = {
    "printed": Label("现印于各表图的列", "printed now, in columns of tables and figures"),
    "curve": Label("现于设定曲线", "in specification curves now"),
    "version": Label("现于其他版本", "in other versions of the study now"),
    "gone": Label("曾运行而现不在结果中", "run before, in no result now"),
}
"""Where the specifications of a ledger are now."""


@dataclass(frozen=True)
class Ledger:
    """Every specification that was run.

    Attributes
    ----------
    study : str
    frame : polars.DataFrame
        The rows of ``ledger.csv`` (n, estimate, p_value as numbers), and ``place``: ``printed``, ``curve``,
        ``version`` or ``gone``.
    """

    study: str
    frame: pl.DataFrame

    @property
    def runs(self) -> int:
        """Runs that added rows."""
        return self.frame["run"].n_unique()

    @property
    def distinct(self) -> pl.DataFrame:
        """Each specification once, though it may stand in several tables: its most visible row."""
        rank = pl.col("place").replace_strict({place: n for n, place in enumerate(PLACES)})
        what = [c for c in IDENTITY if c not in {"table", "column", "group"}]
        return self.frame.sort(rank, maintain_order=True).unique(what, keep="first", maintain_order=True)

    @property
    def counts(self) -> dict[str, int]:
        """Different specifications by where they are now."""
        found = dict(self.distinct.group_by("place").len().rows())
        return {place: found.get(place, 0) for place in PLACES}

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        dates = self.frame["date"].to_list()
        return {
            "study": self.study, "specifications": sum(self.counts.values()), "runs": self.runs,
            "first": min(dates, default=None), "last": max(dates, default=None), "places": self.counts,
        }  # fmt: skip

    def text(self, lang: str) -> str:
        """A few lines for a reader."""
        counts = self.counts
        total, date = sum(counts.values()), min(self.frame["date"].to_list(), default="")[:10]
        head = Label(
            f"{self.study}：自{date}以来，{self.runs}次运行共{total:,}个设定",
            f"{self.study}: {total:,} specifications in {plural(self.runs, 'run')} since {date}",
        )
        lines = [f"  {counts[k]:>8,}  {label.text(lang)}" for k, label in PLACES.items() if counts[k]]  # type: ignore[arg-type]
        return "\n".join([head.text(lang), *lines])  # type: ignore[arg-type]


def opened(folder: str | Path, study: str) -> Ledger:
    """The ledger of an output folder.

    Parameters
    ----------
    folder : path
    study : str
        Its name: the folder of another study is refused.

    Raises
    ------
    OutputError
        No run there, another study's, a run of an older version without a ledger, or a damaged one.
    """
    path = Path(folder)
    if not (path / RUN_FILE).is_file():
        raise OutputError(f"{path}: no run here", hint="econloom run STUDY, or --out FOLDER")
    Folder(path, study)
    if not (path / FILE).is_file():
        raise OutputError(f"{path}: the run has no {FILE}: it is of an older econloom", hint="econloom run STUDY")
    rows = read(path)
    numbers = [pl.col(k).cast(pl.Float64, strict=False) for k in ("estimate", "p_value")]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String)).with_columns(
        pl.col("n").cast(pl.Int64, strict=False), *numbers
    )
    now = _now(path)
    return Ledger(study, frame.with_columns(pl.Series("place", [_place(row, now) for row in rows], dtype=pl.String)))


def _now(folder: Path) -> set[tuple[str, ...]]:
    """What the results hold: version, table, column, term, n and estimate."""
    try:
        found = pl.read_csv(folder / "results.csv", schema=dict(COEFFICIENTS))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise OutputError(f"{folder / 'results.csv'}: cannot be read: {error}", hint="econloom run STUDY") from error
    columns = found.select("version", "table", "column", "term", "n", "estimate").rows()
    return {
        (*("" if v is None else str(v) for v in row[:5]), "" if row[5] is None else f"{row[5]:.10g}") for row in columns
    }


def _place(row: Row, now: set[tuple[str, ...]]) -> str:
    key = tuple(row[k] for k in ("version", "table", "column", "term", "n", "estimate"))
    if key not in now:
        return "gone"
    if row["version"] != DEFAULT:
        return "version"
    return "curve" if row["column"].startswith("s") else "printed"
