"""Exporting a study."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from econloom import __version__
from econloom.core.errors import UsageError, did_you_mean, listed
from econloom.core.frame import Variable
from econloom.study.catalog import Facts
from econloom.study.export import files
from econloom.study.export.collect import collect
from econloom.study.export.data import Data
from econloom.study.export.folder import RECORD, ExportFolder
from econloom.study.export.r import script as r
from econloom.study.export.stata import script as stata
from econloom.study.export.statement import Described, LeftOut, Row
from econloom.study.export.statements import Statements
from econloom.study.plan import Plan
from econloom.study.run import Listener
from econloom.study.schema import DEFAULT

Program = Literal["stata", "r"]
Writer = Callable[..., Any]


@dataclass(frozen=True)
class _Program:
    """How a program is written for."""

    write: Writer
    suffix: str
    data: Callable[[Data, Path], None]
    ending: str


PROGRAMS: Mapping[str, _Program] = {
    "stata": _Program(stata.write, ".do", files.write_dta, ".dta"),
    "r": _Program(r.write, ".R", files.write_csv, ".csv"),
}


@dataclass(frozen=True)
class Export:
    """A finished export.

    Attributes
    ----------
    program : str
    path : Path
        The folder.
    script : Path
    columns : mapping of str to str
        Address of every column that is in the script (``t3.c3``), and the model that it shows.
    rows : tuple of Row
        Every coefficient and statistic with what is compared of it.
    left_out : tuple of LeftOut
        What is not exported or not compared, with the reason.
    files : tuple of str
    """

    program: str
    path: Path
    script: Path
    columns: Mapping[str, str]
    rows: tuple[Row, ...]
    left_out: tuple[LeftOut, ...]
    files: tuple[str, ...]

    @property
    def compared(self) -> int:
        """Numbers that the script compares."""
        return sum(r.compared != "none" for r in self.rows)

    def __repr__(self) -> str:
        counts = f"{len(set(self.columns.values()))} models, {self.compared} of {len(self.rows)} numbers compared"
        return f"Export({self.program}: {counts}; {self.script})"


def export(
    plan: Plan,
    facts: Mapping[str, Facts],
    programs: Sequence[str],
    folders: Sequence[str | Path],
    tables: Iterable[str] | None = None,
    version: str = DEFAULT,
    tell: Listener | None = None,
    cache: bool = True,
) -> tuple[Export, ...]:
    """Export a study for one or several programs; the models are estimated once.

    Parameters
    ----------
    plan : Plan
    facts : mapping
        Of the sources, by version.
    programs : sequence of {"stata", "r"}
    folders : sequence of path
        One for each program.
    tables : iterable of str, optional
        Only these tables and figures.
    version : str
    tell : callable, optional
        Told of every step as a :class:`econloom.study.run.Tick`.
    cache : bool
        Take values that runs left in the user's cache.

    Raises
    ------
    UsageError
        An unknown program, version, table or figure; no model among the tables.
    OutputError
        A folder that cannot be written or is not an export's.
    """
    for name in programs:
        if name not in PROGRAMS:
            raise UsageError(f"no export for {name!r}{did_you_mean(name, PROGRAMS)}", hint=listed(PROGRAMS))
    if version not in plan.outputs:
        known = listed(plan.outputs)
        raise UsageError(f"no version {version!r}{did_you_mean(version, plan.outputs)}", hint=f"versions: {known}")
    names = plan.chosen(tables)
    homes = [ExportFolder(f, plan.spec.study, p) for f, p in zip(folders, programs, strict=True)]
    found = collect(plan, facts, names, version, tell or (lambda tick: None), cache)
    made = Statements(_words(plan))
    if found.panel is not None:
        made.home(found.panel)
    for shown in found.shown:
        made.add(shown)
    described = [made.describe(s) for s in found.summarised]
    if not made.all and not described:
        raise UsageError(f"no model to export in {listed(names)}", hint="choose tables of models")
    left = (*made.left_out, *found.left_out, *_matched(plan), *_versions(plan, version))
    return tuple(_written(plan, made, described, left, p, h) for p, h in zip(programs, homes, strict=True))


def _words(plan: Plan) -> dict[str, Variable]:
    """What the study says of columns, of its panels and at its top."""
    spec = plan.spec
    inner = {n: v for panel in spec.all_panels.values() for n, v in panel.variables.items()}
    return {n: Variable(v.label, v.unit) for n, v in {**inner, **spec.variables}.items()}


def _matched(plan: Plan) -> list[LeftOut]:
    """Samples that econloom draws by matching."""
    found = []
    for name, sample in plan.spec.samples.items():
        if (match := sample.match) is None:
            continue
        call = f"psmatch2 {match.of} {' '.join(match.on)}, {match.score} neighbor({match.k})"
        why = f"drawn by econloom, exported as columns; {call}, or MatchIt::matchit, draws one alike but for ties"
        found.append(LeftOut(f"sample {name}", why))
    return found


def _versions(plan: Plan, version: str) -> list[LeftOut]:
    """The versions that are not exported."""
    others = [v for v in plan.outputs if v != version]
    return [LeftOut("versions " + listed(others, 30), "each is an export of its own: --version NAME")] if others else []


def _written(
    plan: Plan, made: Statements, described: Sequence[Described], left: Sequence[LeftOut], program: str,
    home: ExportFolder,
) -> Export:  # fmt: skip
    """The files of one program."""
    way = PROGRAMS[program]
    used = {*(s.data for s in made.all), *(d.data for d in described)}
    data = {d.name: d for d in made.data if d.name in used}
    script = way.write(plan.spec, made.all, described, data, left)
    name = f"{plan.spec.study}{way.suffix}"
    with home.writing() as staging:
        (staging / "data").mkdir()
        for one in data.values():
            way.data(one, staging / "data" / f"{one.name}{way.ending}")
        (staging / name).write_text(script.text, encoding="utf-8", newline="\n")
        files.write_expected(script.rows, staging / "expected.csv")
        files.write_names(list(data.values()), staging / "names.csv")
        written = sorted([*(p.relative_to(staging).as_posix() for p in staging.rglob("*") if p.is_file()), RECORD])
        record = {
            "econloom": __version__,
            "study": plan.spec.study,
            "program": program,
            "columns": made.columns,
            "left_out": [{"what": one.what, "why": one.why} for one in script.left_out],
            "files": written,
        }
        (staging / RECORD).write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return Export(
        program, home.path, home.path / name, dict(made.columns), script.rows, script.left_out, tuple(written)
    )  # fmt: skip
