"""What a pack says of each source, and whether its files go in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from econloom.core.errors import StudyFileError, UsageError
from econloom.study import schema
from econloom.study.catalog import Facts, simulated_by
from econloom.study.language.data import Source
from econloom.study.pack.places import Places
from econloom.study.plan import Plan

_BESIDE = re.compile(r"(readme|licen[cs]e|copying|citation|data-licences)", re.IGNORECASE)


@dataclass(frozen=True)
class Kept:
    """One source of a study.

    Attributes
    ----------
    name : str
    source : Source
        As the study has it.
    place : str
        In the pack; empty for a simulated source.
    file : Path or None
        Where it lies now; None for a simulated source.
    digest : str
    columns : tuple of str
        Those that the study names, where they are known.
    size : int
        Bytes of its files.
    versions : tuple of str
        Versions of the study that read it.
    """

    name: str
    source: Source
    place: str
    file: Path | None
    digest: str
    columns: tuple[str, ...] = ()
    size: int = 0
    versions: tuple[str, ...] = ()

    @property
    def shipped(self) -> bool:
        """Whether its files go into the pack."""
        return self.file is not None and self.source.withheld is None

    def files(self) -> list[tuple[Path, str]]:
        """Its files with their places in the pack; the README and licence beside them, too."""
        if self.file is None:
            return []
        if self.file.is_dir():
            inside = [(p, p.relative_to(self.file)) for p in sorted(self.file.rglob("*")) if p.is_file()]
            held = [(p, i) for p, i in inside if not any(part.startswith(".") for part in i.parts)]
            return [(p, f"{self.place}/{i.as_posix()}") for p, i in held]
        folder = self.place.rsplit("/", 1)[0]
        return [(self.file, self.place), *((p, f"{folder}/{p.name}") for p in said_beside(self.file.parent))]


def said_beside(folder: Path) -> list[Path]:
    """Readme, licence and citation files of a folder."""
    return sorted(p for p in folder.iterdir() if p.is_file() and _BESIDE.match(p.name))


def kept(plan: Plan, facts: Mapping[str, Facts], places: Places) -> list[Kept]:
    """Every source of every version, each file once.

    Raises
    ------
    StudyFileError
        Sources that nobody has given leave to ship, or withheld.
    """
    spec = plan.spec
    found: dict[tuple[str, str], Kept] = {}
    for version in (schema.DEFAULT, *spec.versions):
        for name, source in schema.version(spec, version).sources.items():
            fact = facts[version][name]
            key = (name, source.path or fact.digest)
            if key in found:
                old = found[key]
                found[key] = Kept(**{**old.__dict__, "versions": (*old.versions, version)})
                continue
            place = places.of_text(source.path) if source.path is not None else ""
            file = Path(fact.path) if fact.path else None
            columns = _named(fact.columns, plan)
            found[key] = Kept(name, source, place, file, fact.digest, columns, _size(file), (version,))
    silent = [k for k in found.values() if k.file is not None and k.source.ship is None and k.source.licence is None]
    if silent:
        hint = "write 'licence: …' (it is shipped), or 'ship: no' or the reason, and 'obtain: …'; docs/reviewer-pack.md"
        raise StudyFileError([
            UsageError(
                f"sources.{k.name}: may it be given to others? The study names no licence",
                where=spec.document.at(("sources", k.name), key=True),
                hint=hint,
            )
            for k in {k.name: k for k in silent}.values()
        ])  # fmt: skip
    _refuse_twins(list(found.values()), plan)
    return list(found.values())


def _refuse_twins(found: list[Kept], plan: Plan) -> None:
    """A file that one source withholds and another gives away."""
    for k in (k for k in found if k.file is not None and not k.shipped):
        twin = next((o for o in found if o.shipped and f"{k.place}/".startswith(f"{o.place}/")), None)
        if twin is not None:
            message = f"sources.{k.name}: may not be shipped, but its file is in that of {twin.name!r}, which may"
            where = plan.spec.document.at(("sources", k.name), key=True)
            raise UsageError(message, where=where, hint=f"say 'ship: no' of {twin.name!r}, too")


def _size(file: Path | None) -> int:
    if file is None:
        return 0
    return sum(p.stat().st_size for p in file.rglob("*") if p.is_file()) if file.is_dir() else file.stat().st_size


def _named(columns: tuple[str, ...] | None, plan: Plan) -> tuple[str, ...]:
    """Columns of a source that some step of the plan names."""
    if columns is None:
        return ()
    words = _words(plan)
    return tuple(c for c in columns if (set(re.findall(r"\w+", c)) or {c}) <= words)


def _words(plan: Plan) -> set[str]:
    texts = (json.dumps(s.params, ensure_ascii=False, default=str) for s in plan.steps)
    return {word for text in texts for word in re.findall(r"\w+", text)}


def to_dict(entry: Kept) -> dict[str, Any]:
    """JSON-ready: what ``run.py`` looks at before it starts."""
    source = entry.source
    made: dict[str, Any] = {
        "name": entry.name,
        "shipped": entry.shipped,
        "licence": source.licence,
        "cite": source.cite,
    }
    if entry.file is None:
        simulator, seed, process = simulated_by(source)
        return made | {"simulated": simulator, "seed": seed, "process": process}
    return made | {
        "place": entry.place,
        "layout": source.layout,
        "sha256": entry.digest,
        "bytes": entry.size,
        "columns": list(entry.columns),
        "why_not": source.withheld,
        "obtain": source.obtain,
    }
