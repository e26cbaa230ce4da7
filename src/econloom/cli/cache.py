"""The verb `cache`: what is kept of runs."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from econloom.cli.app import AsJson, app, print_json
from econloom.core.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from econloom.study.cache.inventory import Kept

ACTIONS = ("list", "verify", "clean")


@app.command()
def cache(
    action: Annotated[str, typer.Argument(help="list, verify or clean.")] = "list",
    study: Annotated[str | None, typer.Argument(help="Only entries of this study.", show_default=False)] = None,
    max_size: Annotated[
        str | None, typer.Option("--max-size", help="clean: let the least recently used go until so much is left (2G).")
    ] = None,
    old: Annotated[bool, typer.Option("--old", help="clean: only entries of other versions of the code.")] = False,
    as_json: AsJson = False,
) -> None:
    """List, verify or clean the values that are kept between runs."""
    if action not in ACTIONS:
        raise UsageError(f"no action {action!r}{did_you_mean(action, ACTIONS)}", hint=f"one of {', '.join(ACTIONS)}")
    if action != "clean" and (max_size is not None or old):
        raise UsageError("--max-size and --old belong to: econloom cache clean")
    from econloom.study.cache import place

    folder = place.folder()
    if folder is None:
        raise UsageError(f"the cache is switched off ({place.VARIABLE}=off)", hint=f"unset {place.VARIABLE}")
    {"list": _list, "verify": _verify, "clean": _clean}[action](folder, study, as_json, max_size, old)


def _chosen(found: list[Kept], study: str | None) -> list[Kept]:
    if study is None:
        return found
    names = sorted({k.study for k in found})
    wanted = _name(study)
    if wanted not in names:
        hint = f"studies: {', '.join(n for n in names if n)}" if any(names) else "the cache is empty"
        raise UsageError(f"nothing is kept of a study {wanted!r}{did_you_mean(wanted, names)}", hint=hint)
    return [k for k in found if k.study == wanted]


def _name(study: str) -> str:
    """The name of a study: as it is, or that of a study file or folder."""
    path = Path(study)
    if not path.exists():
        return study
    from econloom.study.schema import load

    return load(path).study


def _list(folder: Path, study: str | None, as_json: bool, *_: Any) -> None:
    from econloom.study.cache import inventory, place

    found = _chosen(inventory.entries(folder), study)
    total = sum(k.size for k in found)
    if as_json:
        print_json(
            {"folder": str(folder), "limit": place.limit(), "size": total, "entries": [k.to_dict() for k in found]}
        )
        return
    groups: dict[str, list[Kept]] = {}
    for kept in found:
        groups.setdefault(kept.study or "(unreadable)", []).append(kept)
    for name, members in sorted(groups.items()):
        size, outdated = sum(k.size for k in members), sum(not k.current for k in members)
        other = f", {outdated} of other versions of the code" if outdated else ""
        print(f"  {name:<24} {len(members):>6} entries {place.shown_size(size):>10}, last used "
              f"{_age(max(k.used for k in members))}{other}")  # fmt: skip
        if study is not None:
            for kept in members:
                what = kept.header.about.get("name", "") if kept.header else kept.fault
                print(f"    {place.shown_size(kept.size):>10}  {_age(kept.used):<14} {what}")
    print(f"{folder}: {len(found)} entries, {place.shown_size(total)} of at most {place.shown_size(place.limit())}")


def _verify(folder: Path, study: str | None, as_json: bool, *_: Any) -> None:
    from econloom.study.cache import inventory

    _chosen(inventory.entries(folder), study)
    found = [k for k in inventory.verified(folder) if study is None or k.study in {_name(study), ""}]
    bad = [k for k in found if k.fault is not None]
    if as_json:
        print_json({"ok": not bad, "folder": str(folder), "entries": len(found), "damaged": [k.to_dict() for k in bad]})
    else:
        for kept in bad:
            print(f"{kept.path}: {kept.fault}", file=sys.stderr)
        more = "; the next run makes their values again" if bad else ""
        print(f"{folder}: {len(found)} entries read through, {len(bad)} damaged{more}")
    if bad:
        raise typer.Exit(1)


def _clean(folder: Path, study: str | None, as_json: bool, max_size: str | None, old: bool) -> None:
    from econloom.study.cache import inventory, place

    limit = place.parse_size(max_size, "--max-size") if max_size is not None else None
    found = _chosen(inventory.entries(folder), study)
    if old:
        found = [k for k in found if not k.current]
    if limit is not None:
        left = sum(k.size for k in found)
        going = []
        for kept in found:
            if left <= limit:
                break
            going.append(kept)
            left -= kept.size
        found = going
    number, size = inventory.remove(found)
    if as_json:
        print_json({"ok": True, "folder": str(folder), "removed": number, "size": size})
        return
    print(f"{folder}: {number} entries removed, {place.shown_size(size)}")


def _age(moment: float) -> str:
    """How long ago, for people."""
    seconds = max(0.0, time.time() - moment)
    for length, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds / length:.0f} {name} ago"
    return "just now"
