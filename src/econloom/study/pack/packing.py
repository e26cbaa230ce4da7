"""The pack of a study: its files chosen, described, and written as one zip."""

from __future__ import annotations

import hashlib
import json
import platform
import posixpath
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import econloom
from econloom.audit import Audit, audit, shown
from econloom.core.errors import OutputError, UsageError
from econloom.core.labels import Lang
from econloom.report.render import render
from econloom.study.cache.record import PLAN_FILE
from econloom.study.pack import pins, readme, wheel
from econloom.study.pack.archive import Entry, write
from econloom.study.pack.described import licence_file, size
from econloom.study.pack.places import Chain, Places
from econloom.study.pack.sources import Kept, kept, said_beside, to_dict
from econloom.study.store import Folder

if TYPE_CHECKING:
    from econloom.study import Study
    from econloom.study.run import Listener

FORMAT = 1
LIMIT = 2_000.0
_PERSONAL = re.compile(rb"(?:/home/|/Users/|[A-Za-z]:\\+Users\\+)[^\s/\\\"'|,;)]+")
_TEXTS = {".md", ".yaml", ".yml", ".json", ".py", ".txt", ".toml", ".csv", ".sh"}
_MOST_TEXT = 20_000_000


@dataclass(frozen=True)
class Packed:
    """A pack.

    Attributes
    ----------
    path : Path or None
        The zip; None where it was only looked at.
    sizes : mapping of str to int
        Bytes of every file, by its place in the pack.
    sources : tuple of dict
        As in ``pack.json``.
    warnings : tuple of str
        Such as a folder of a person named in a text.
    """

    path: Path | None
    sizes: Mapping[str, int]
    sources: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all files, before they are compressed."""
        return sum(self.sizes.values())

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {
            "path": str(self.path) if self.path else None,
            "bytes": self.size,
            "files": dict(self.sizes),
            "sources": list(self.sources),
            "warnings": list(self.warnings),
        }


def pack(study: Study, path: str | Path, results: Path, lang: Lang = "zh", limit: float = LIMIT) -> Packed:
    """Write the pack of a study whose current results lie in a folder.

    Parameters
    ----------
    path : path
        The zip; one that is there is replaced if it is a pack.
    results : Path
        A finished run of the study as it is now.
    lang : {"zh", "en"}
        Of the tables that ``run.py`` makes and of what it says; the README is there in both.
    limit : float
        Megabytes that the files may have together.

    Raises
    ------
    UsageError
        The study has no file, has no rights stated for a source, or is larger than the limit.
    OutputError
        The zip cannot be written, or another file is there.
    """
    target = Path(path)
    _refuse_others(target)
    entries, seen = contents(study, results, lang)
    _refuse_large(seen.sizes, limit)
    top = f"{study.spec.study}-pack"
    write(target, [Entry(f"{top}/{e.name}", e.content, e.executable) for e in entries])
    return Packed(target, seen.sizes, seen.sources, seen.warnings)


def study_as_zip(
    study: Study,
    path: str | Path,
    results: str | Path | None,
    lang: Lang,
    limit: float,
    listener: Listener | None,
    *,
    write: bool,
) -> Packed:
    """Run a study where its results are not current, then pack it; :meth:`econloom.study.Study.pack`."""
    if study.file is None:
        raise UsageError("a study built in Python has no file to pack", hint="write it as a study.yaml")
    _refuse_others(Path(path))
    sources = kept(study.plan(), study.facts, Places.of(study.spec, Chain.of(study.file)))
    folder = Path(results) if results is not None else study.file.parent / "out"
    if not write:
        return contents(study, folder, lang)[1]
    _refuse_large({k.place: k.size for k in sources if k.shipped}, limit)
    if not study.is_current(folder):
        study.run(None, folder, lang, listener)
    return pack(study, path, folder, lang, limit)


def _refuse_large(sizes: Mapping[str, int], limit: float) -> None:
    total = sum(sizes.values())
    if total > limit * 1e6:
        largest = sorted(sizes.items(), key=lambda item: -item[1])[:3]
        named = ", ".join(f"{name} {size(n)}" for name, n in largest)
        raise UsageError(
            f"the pack would hold {size(total)}, more than the limit of {size(round(limit * 1e6))}: {named}",
            hint="raise it with --limit MB, or withhold a source: ship: 'too large; see …'",
        )


def _refuse_others(target: Path) -> None:
    if target.is_dir():
        raise OutputError(f"{target}: a folder", hint="name a file: --out pack.zip")
    if not target.parent.is_dir():
        raise OutputError(f"{target.parent}: no such folder")
    if target.exists():
        try:
            with zipfile.ZipFile(target) as old:
                ours = any(n.count("/") == 1 and n.endswith("/pack.json") for n in old.namelist())
        except (OSError, zipfile.BadZipFile):
            ours = False
        if not ours:
            raise OutputError(f"{target}: is there already, and no pack of econloom", hint="another name with --out")


def contents(study: Study, results: Path, lang: Lang = "zh") -> tuple[list[Entry], Packed]:
    """The files of a pack, without writing any."""
    assert study.file is not None
    plan = study.plan()
    chain = Chain.of(study.file)
    places = Places.of(study.spec, chain)
    sources = kept(plan, study.facts, places)
    file = places.of_file(study.file)
    record = Folder(results, study.spec.study).previous()
    done = _audited(results, record)
    paths = [str(k.file) for k in sources if k.file is not None]
    further = pins.optional_modules(paths, [k.source.layout for k in sources])
    exact = pins.libraries(further)
    about = _about(study, file, sources, exact, record, lang)
    entries = [
        *_study_files(study, chain, places),
        *(Entry(place, p) for k in sources if k.shipped for p, place in k.files()),
        *_expected(results, record),
        Entry("DATA-LICENCES.md", licence_file(sources).encode()),
        Entry("requirements.txt", pins.requirements(exact).encode()),
        Entry(f"econloom/{wheel.file_name()}", wheel.build(exact)),
        Entry("run.py", (Path(__file__).with_name("rerun.py")).read_bytes(), executable=True),
        Entry("run.sh", b'#!/bin/sh\nexec "${PYTHON:-python3}" "$(dirname "$0")/run.py" "$@"\n', executable=True),
        Entry("pack.json", (json.dumps(about, ensure_ascii=False, indent=1) + "\n").encode()),
        Entry("audit.json", (json.dumps(done.to_dict(), ensure_ascii=False, indent=1) + "\n").encode()),
        *(Entry(f"audit{end}.md", _audit_page(done, language)) for end, language in _LANGUAGES),
    ]
    entries = list({e.name: e for e in entries}.values())
    sizes = {e.name: e.size for e in entries}
    said = readme.Said(plan, file, places, sources, exact, record, _seconds(results, record), done, sizes)
    entries += [Entry(f"README{end}.md", readme.text(said, language).encode()) for end, language in _LANGUAGES]
    entries.append(Entry("MANIFEST.csv", _manifest(entries)))
    entries.sort(key=lambda e: e.name)
    described = tuple(to_dict(k) for k in sources)
    return entries, Packed(None, {e.name: e.size for e in entries}, described, tuple(_personal(entries)))


_LANGUAGES: tuple[tuple[str, Lang], ...] = (("", "en"), (".zh", "zh"))


def _study_files(study: Study, chain: Chain, places: Places) -> Iterator[Entry]:
    """The study file and those that it extends, readme and licences beside it, presets, printed tables."""
    spec = study.spec
    for file, doc in chain.files:
        yield Entry(places.of_file(file), places.text_of(file, doc).encode())
    for file in said_beside(spec.folder):
        yield Entry(places.of_file(spec.folder / file.name), file)
    presets = {spec.defaults.preset, *(t.preset for t in spec.tables.values())}
    for name in sorted(p for p in presets if p is not None and p.endswith(".toml")):
        yield Entry(places.of_text(name), spec.folder / name)
    if spec.published is not None:
        place = places.of_text(spec.published.path)
        for entry in spec.published.tables.values():
            yield Entry(posixpath.join(place, entry.file), spec.folder / spec.published.path / entry.file)


def _about(
    study: Study, file: str, sources: Sequence[Kept], exact: Mapping[str, str], record: Mapping[str, Any], lang: Lang
) -> dict[str, Any]:
    """``pack.json``."""
    return {
        "pack": FORMAT,
        "study": study.spec.study,
        "title": {"zh": study.spec.title.label.text("zh"), "en": study.spec.title.label.text("en")},
        "file": file,
        "lang": lang,
        "econloom": econloom.__version__,
        "wheel": f"econloom/{wheel.file_name()}",
        "python": record.get("python", platform.python_version()),
        "requirements": "requirements.txt",
        "libraries": dict(exact),
        "sources": [to_dict(k) for k in sources],
    }


def _seconds(results: Path, record: Mapping[str, Any]) -> float:
    """How long a whole run takes; 0 where some steps came from the cache or were carried over."""
    try:
        steps = json.loads((results / PLAN_FILE).read_text(encoding="utf-8"))["steps"]
        whole = not any(s["cached"] or s["carried"] for s in steps)
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0
    return float(record.get("seconds", 0.0)) if whole else 0.0


def _expected(results: Path, record: Mapping[str, Any]) -> Iterator[Entry]:
    """The numbers of the run, and its tables to read."""
    listed = [f for f in record.get("files", ()) if isinstance(f, str)]
    for name in listed:
        if name in {"results.csv", "values.csv"} or (name.startswith("tables/") and name.endswith((".md", ".csv"))):
            yield Entry(f"expected/{name}", results / name)


def _audited(results: Path, record: Mapping[str, Any]) -> Audit:
    """What the audit finds in the run's tables, without the codebook."""
    names = [f for f in record.get("files", ()) if isinstance(f, str)]
    return audit(
        [results / n for n in names if n.startswith("tables/") and n.endswith(".html") and "codebook" not in n]
    )


def _audit_page(done: Audit, lang: Lang) -> bytes:
    return b"\n".join(render(table, "md", lang) for table in shown.tables(done))


def _manifest(entries: Iterable[Entry]) -> bytes:
    lines = ["file,bytes,sha256"]
    for entry in sorted(entries, key=lambda e: e.name):
        whole = hashlib.sha256()
        with entry.open() as stream:
            while part := stream.read(1 << 20):
                whole.update(part)
        name = f'"{entry.name}"' if "," in entry.name or '"' in entry.name else entry.name
        lines.append(f"{name},{entry.size},{whole.hexdigest()}")
    return ("\n".join(lines) + "\n").encode()


def _personal(entries: Iterable[Entry]) -> Iterator[str]:
    """Texts that name the folder of a person."""
    for entry in entries:
        if Path(entry.name).suffix.lower() in _TEXTS and entry.size < _MOST_TEXT:
            found = _PERSONAL.search(entry.read())
            if found is not None:
                line = entry.read()[: found.start()].count(b"\n") + 1
                yield f"{entry.name}:{line} names a person's folder: {found.group().decode(errors='replace')}"
