"""Where the files of a study lie in a pack: its relative paths hold, and no folder of its author is named."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from econloom.core.errors import UsageError
from econloom.study import document, schema
from econloom.study.document import Document, KeyPath
from econloom.study.language.study import StudySpec

ROOT = "study"


@dataclass(frozen=True, slots=True)
class Written:
    """A path as it stands in a study file.

    Attributes
    ----------
    at : tuple
        Its place in the file.
    text : str
    """

    at: KeyPath
    text: str


@dataclass(frozen=True)
class Chain:
    """A study file and those that it extends, itself first.

    Attributes
    ----------
    files : tuple of (Path, Document)
    """

    files: tuple[tuple[Path, Document], ...]

    @classmethod
    def of(cls, file: Path) -> Chain:
        """Read them, as :func:`econloom.study.schema.load` does.

        Raises
        ------
        UsageError
            An absolute path to a study that is taken over.
        """
        found = [(file, document.read(file))]
        while isinstance(name := found[-1][1].data.get("extends"), str):
            if Path(name).is_absolute():
                where = found[-1][1].at(("extends",))
                raise UsageError("a pack cannot follow an absolute path", where=where, hint="write it relative")
            path = found[-1][0].parent / name
            path = path / "study.yaml" if path.is_dir() else path
            found.append((path, document.read(path)))
        return cls(tuple(found))


def written(doc: Document) -> Iterator[Written]:
    """Every path that a study file names: sources, also of versions, presets, printed tables, ``extends``."""
    data = doc.data
    if isinstance(data.get("extends"), str):
        yield Written(("extends",), data["extends"])
    yield from _nested(data, (), ())
    for changes, at in [(data.get("change"), ("change",)), *_versions(data)]:
        for dotted, value in changes.items() if isinstance(changes, dict) else ():
            yield from _nested(value, tuple(dotted.split(".")), (*at, dotted))


def _versions(data: Mapping[str, Any]) -> list[tuple[Any, KeyPath]]:
    found = data.get("versions")
    return [(v, ("versions", n)) for n, v in found.items()] if isinstance(found, dict) else []


def _nested(value: Any, keys: tuple[str, ...], at: KeyPath) -> Iterator[Written]:
    """Paths at or below a value, whose keys in the study are known."""
    if isinstance(value, str):
        if _names_a_path(keys, value):
            yield Written(at, value)
    elif isinstance(value, dict) and len(keys) < 3:
        for key, inner in value.items():
            if keys or key in {"sources", "published", "defaults", "tables"}:
                yield from _nested(inner, (*keys, key), (*at, key))


def _names_a_path(keys: tuple[str, ...], value: str) -> bool:
    if keys[:1] == ("sources",):
        return len(keys) == 2 or keys[2:] == ("path",)
    preset = keys == ("defaults", "preset") or (len(keys) == 3 and keys[0] == "tables" and keys[2] == "preset")
    return keys == ("published", "path") or (preset and value.endswith(".toml"))


@dataclass
class Places:
    """The tree of a pack.

    Attributes
    ----------
    folder : Path
        Of the study file.
    own : str
        Where that folder lies in the pack.
    moved : dict of str to str
        Absolute paths, and where they lie in the pack.
    """

    folder: Path
    own: str
    moved: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: StudySpec, chain: Chain) -> Places:
        """Lay out the tree: as deep as the deepest ``..`` of any path, with folders above named by nobody."""
        home = chain.files[0][0].parent
        texts = [_relative(home, file.parent, w.text) for file, doc in chain.files for w in written(doc)]
        texts += [_relative(home, file.parent, file.name) for file, _ in chain.files]
        outside = [t.split("/") for t in texts if t is not None and t.startswith("..")]
        depth = max((p.count("..") for p in outside), default=0)
        names = _above(home.resolve(), outside, depth, spec.study)
        places = cls(home, posixpath.join(ROOT, *names))
        for version in (schema.DEFAULT, *spec.versions):
            for name, source in schema.version(spec, version).sources.items():
                if source.path is not None and Path(source.path).is_absolute():
                    kept = posixpath.join(ROOT, "data", name, Path(source.path).name)
                    places.moved.setdefault(source.path, kept)
        return places

    def of_text(self, text: str, base: Path | None = None) -> str:
        """Where a path of a study file lies in the pack.

        Parameters
        ----------
        text : str
            As written.
        base : Path, optional
            Folder of the file that says so; that of the study by default.
        """
        if text in self.moved:
            return self.moved[text]
        relative = _relative(self.folder, base or self.folder, text)
        if relative is None:
            self.moved[text] = posixpath.join(ROOT, "files", Path(text).name)
            return self.moved[text]
        return posixpath.normpath(posixpath.join(self.own, relative))

    def text_of(self, file: Path, doc: Document) -> str:
        """A study file with its absolute paths exchanged for those in the pack.

        Raises
        ------
        UsageError
            An absolute path that is written over several lines.
        """
        lines = list(doc.lines)
        here = posixpath.dirname(self.of_file(file))
        changes = [w for w in written(doc) if Path(w.text).is_absolute()]
        for w in sorted(changes, key=lambda w: (doc.marks[w.at].line, doc.marks[w.at].column), reverse=True):
            mark = doc.marks[w.at]
            line = lines[mark.line - 1]
            start = line.find(w.text, mark.column - 1)
            if start < 0:
                hint = "write it relative to the study file, on one line"
                raise UsageError("an absolute path that a pack cannot replace", where=doc.at(w.at), hint=hint)
            new = posixpath.relpath(self.of_text(w.text, file.parent), here)
            lines[mark.line - 1] = line[:start] + new + line[start + len(w.text) :]
        return "\n".join(lines) + "\n"

    def of_file(self, file: Path) -> str:
        """Where a study file lies in the pack."""
        return self.of_text(file.name, file.parent)


def _relative(home: Path, base: Path, text: str) -> str | None:
    """A path as seen from the study's folder, with slashes; None for an absolute one."""
    if Path(text).is_absolute():
        return None
    away = os.path.relpath(base.resolve(), home.resolve())
    return posixpath.normpath(posixpath.join(*Path(away).parts, *Path(text).parts))


def _above(home: Path, outside: Sequence[Sequence[str]], depth: int, study: str) -> list[str]:
    """Names of the study's folder and those above it, ``depth`` in all: their own only where a path names them."""
    own = list(home.parts[-depth:]) if depth else []
    spoken: set[int] = set()
    for parts in outside:
        ups = parts.count("..")
        for level, name in zip(range(depth - ups, depth), parts[ups:], strict=False):
            if own[level] != name:
                break
            spoken.add(level)
    taken = {name for parts in outside for name in parts}
    names = []
    for level in range(depth):
        name = own[level] if level in spoken else study if level == depth - 1 else "above"
        while level not in spoken and name in taken:
            name += "_"
        names.append(name)
    return names
