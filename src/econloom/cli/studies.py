"""The verbs of a study: demo, check, plan, run, replicate, open, schema."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from econloom.cli.app import AsJson, Lang, Language, app, print_json, progress_bar
from econloom.core.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from econloom.study import Run, Study

StudyPath = Annotated[Path, typer.Argument(help="A study file, or a folder with a study.yaml.", show_default=False)]
TableNames = Annotated[list[str] | None, typer.Argument(help="Only these tables.", show_default=False)]

Jobs = Annotated[
    int | None, typer.Option("--jobs", "-j", help="Processes at once.", show_default="as many as processors")
]
UseCache = Annotated[
    bool, typer.Option("--cache/--no-cache", help="Use values kept from earlier runs, and keep new ones.")
]


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where to put the study.")] = Path("econloom-demo"),
    as_json: AsJson = False,
    lang: Lang = Language.zh,
) -> None:
    """Copy the study `globalisation` with its data to a folder and run it."""
    from econloom.study import shipped

    study = shipped.unpack("globalisation", folder)
    if not as_json:
        print(f"study: {study}")
    _run(study, None, None, as_json, lang)


@app.command()
def check(study: StudyPath, as_json: AsJson = False) -> None:
    """Find every fault of a study file and its sources that can be found without running."""
    plan = _open(study).plan()
    facts = {
        "ok": True,
        "study": plan.spec.study,
        "tables": list(plan.spec.tables),
        "figures": list(plan.spec.figures),
        "warnings": list(plan.warnings),
    }
    if as_json:
        print_json(facts)
        return
    for warning in plan.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    counts = f"{len(plan.spec.tables)} tables, {len(plan.spec.figures)} figures, {len(plan.outputs)} versions"
    print(f"{study}: no fault found ({counts})")


@app.command()
def plan(
    study: StudyPath,
    tables: TableNames = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the last run.", show_default="STUDY/out")] = None,
    as_json: AsJson = False,
) -> None:
    """Print every step in order: kept from an earlier run or to be run, and why; nothing is run."""
    opened = _open(study)
    listing = opened.plan().to_dict(tables)
    outlook = {o.step.digest: o for o in opened.outlook(tables, out or _default_out(study))}
    for step in listing["steps"]:
        told = outlook[step["digest"]]
        step |= {"state": told.state, "why": told.why}
    if as_json:
        print_json(listing)
        return
    print(f"{listing['study']}: {len(listing['steps'])} steps, versions {', '.join(listing['versions'])}")
    for step in listing["steps"]:
        needs = f"  <- {', '.join(map(str, step['needs']))}" if step["needs"] else ""
        late = f"  [{step['state']}: {step['why']}]" if step["why"] else f"  [{step['state']}]"
        print(f"{step['step']:>4}  {step['name']}{needs}{late}")
    runs = [o.step for o in outlook.values() if o.state == "run"]
    models = sum(s.kind == "estimate" for s in runs)
    print(f"{len(runs)} of {len(outlook)} steps will run, among them {models} models" if runs else "nothing will run")


@app.command()
def run(
    study: StudyPath,
    tables: TableNames = None,
    out: Annotated[Path | None, typer.Option("--out", help="Output folder.", show_default="STUDY/out")] = None,
    jobs: Jobs = None,
    cache: UseCache = True,
    as_json: AsJson = False,
    lang: Lang = Language.zh,
) -> None:
    """Run a study, or some of its tables, and write the results; what still holds is not done again."""
    _run(study, tables, out, as_json, lang, jobs, cache)


@app.command()
def replicate(
    study: StudyPath,
    out: Annotated[Path | None, typer.Option("--out", help="Output folder.", show_default="STUDY/out")] = None,
    as_json: AsJson = False,
    lang: Lang = Language.zh,
) -> None:
    """Compare a study with the printed tables that it names, cell by cell; runs it first where needed."""
    from econloom.study import replication

    opened = _open(study)
    folder = out or _default_out(study)
    if not opened.is_current(folder):
        with progress_bar(as_json) as listener:
            opened.run(None, folder, lang.value, listener)
    found = replication.replicate(opened.spec, folder)
    written = replication.write(found, folder, lang.value)
    if as_json:
        print_json({"ok": found.ok, "problems": list(found.problems()), "cells": found.cells.to_dicts()})
    else:
        print("\n".join(replication.lines(found)))
        print(f"every cell in {written / 'cells.csv'}")
    if not found.ok:
        raise typer.Exit(1)


@app.command(name="open")
def open_(
    study: StudyPath,
    table: Annotated[str | None, typer.Argument(help="A table; the folder without it.", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Output folder.", show_default="STUDY/out")] = None,
    as_json: AsJson = False,
) -> None:
    """Open the finished tables: the folder, or one table's Word file."""
    from econloom.study.store import Folder

    opened = _open(study)
    folder = Folder(out or _default_out(study), opened.spec.study)
    record = folder.previous()
    if not record:
        raise UsageError(f"{folder.path}: no finished run", hint=f"econloom run {study}")
    if table is not None and table not in record["tables"]:
        raise UsageError(f"no table {table!r}{did_you_mean(table, record['tables'])}", hint=", ".join(record["tables"]))
    path = folder.path / "tables" / (f"{table}.docx" if table else "")
    if as_json:
        print_json({"path": str(path.resolve())})
        return
    print(path)
    if sys.stdout.isatty():
        typer.launch(str(path))


@app.command()
def schema(
    out: Annotated[Path | None, typer.Option("--out", help="Write to this file.", show_default="the screen")] = None,
) -> None:
    """Print the JSON Schema of study files, for editors."""
    from econloom.study.schema import json_schema
    from econloom.study.store import write_text

    text = json.dumps(json_schema(), ensure_ascii=False, indent=1) + "\n"
    if out is None:
        print(text, end="")
    else:
        write_text(out, text)
        print(out)


def _open(path: Path) -> Study:
    from econloom.study import study

    return study(path)


def folder_of(path: Path) -> Path:
    """The folder of a study that is named by it or by its file."""
    return path if path.is_dir() else path.parent


def _default_out(path: Path) -> Path:
    return folder_of(path) / "out"


def _run(
    path: Path,
    tables: Sequence[str] | None,
    out: Path | None,
    as_json: bool,
    lang: Language,
    jobs: int | None = None,
    cache: bool = True,
) -> None:
    folder = out or _default_out(path)
    record = _standing(path, folder, lang) if cache and not tables else None
    if record is not None:
        _tell(record, folder, as_json, lang, f"nothing has changed since {record['finished']}")
        return
    study = _open(path)
    with progress_bar(as_json) as listener:
        done = study.run(tables, folder, lang.value, listener, jobs, cache)
    assert done.path is not None
    record = json.loads((done.path / "run.json").read_text(encoding="utf-8"))
    _tell(record, done.path, as_json, lang, _said_of(done), [*done.tables, *done.figures])


def _standing(path: Path, folder: Path, lang: Language) -> dict[str, Any] | None:
    """The record of a run of the study as it is now, found without opening the study."""
    from econloom.core.standing import standing

    return standing(path / "study.yaml" if path.is_dir() else path, folder, lang.value)


def _said_of(done: Run) -> str:
    """How much was done."""
    ran = len(done.seconds) - len(done.cached)
    return f"{done.spent:.1f} s, {ran} of {len(done.seconds)} steps" + (" run again" if done.cached else "")


def _tell(
    record: dict[str, Any], out: Path, as_json: bool, lang: Language, how: str, made: Sequence[str] | None = None
) -> None:
    """What a person (or a program) wants to know after a run."""
    if as_json:
        print_json({"ok": True, "out": str(out), **record})
        return
    from econloom.core.told import noteworthy

    for message in noteworthy(record["events"], record["warnings"]):
        print(message, file=sys.stderr)
    print(f"{record['study']}: {how}")
    for key, folder, kind in (("tables", "tables", "docx"), ("figures", "figures", "svg")):
        for name, entry in record[key].items():
            if made is None or name in made:
                title = entry["title"][lang.value] or entry["title"]["zh"] or entry["title"]["en"] or ""
                print(f"  {name:<14} {out / folder / name}.{kind}  {title}")
    for name, entry in {**record["tables"], **record["figures"]}.items():
        if entry["stale"]:
            print(f"  {name:<14} stale: made before the study changed; run it again")
    with suppress(ValueError):
        print(f"results in {out.resolve()}")
