"""A YAML file as plain data plus the place of every key and value, with the traps of YAML caught and named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from econloom.core.errors import Location, StudyFileError, UsageError

KeyPath = tuple[str | int, ...]
MAX_BYTES = 2_000_000
MAX_DEPTH = 20

_FULL_WIDTH_KEY = re.compile(r"""^\s*(?:-\s+)?[^\s'"#\[\]{}:，。]{1,40}(?P<colon>：)""")
_BLOCK = re.compile(r"(?:^|[\s:-])[|>][-+0-9]*\s*(?:#.*)?$")  # a line that opens a block of text
_TRUE, _FALSE = {"true", "True", "TRUE"}, {"false", "False", "FALSE"}


@dataclass(frozen=True, slots=True)
class Origin:
    """The file that a mark points into, where it is not the document's own."""

    file: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a value stands (from 1), whether its text is quoted, where its key stands, and in which file."""

    line: int
    column: int
    plain: bool
    one_line: bool
    key_line: int
    key_column: int
    origin: Origin | None = None


@dataclass(frozen=True)
class Document:
    """A study file.

    Attributes
    ----------
    file : str
        As the user named it.
    data : dict
        Plain dicts, lists, texts, numbers, booleans.
    marks : mapping of tuple to Mark
        By path, such as ``("tables", "t3", "columns", 0)``.
    """

    file: str
    data: dict[str, Any]
    marks: Mapping[KeyPath, Mark]
    lines: tuple[str, ...] = field(repr=False, default=())

    def at(self, path: KeyPath, key: bool = False, offset: int | None = None) -> Location:
        """The place of a value (or of its key), or of its nearest known ancestor.

        Parameters
        ----------
        offset : int, optional
            Characters into a one-line text, to point inside an expression.
        """
        while path and path not in self.marks:
            path, offset = path[:-1], None
        if path not in self.marks:
            return Location(self.file)
        mark = self.marks[path]
        home = mark.origin or Origin(self.file, self.lines)
        line, column = (mark.key_line, mark.key_column) if key else (mark.line, mark.column)
        if offset is not None and mark.one_line and not key:
            column += offset + (0 if mark.plain else 1)
        return Location(home.file, line, column, home.lines[line - 1] if line <= len(home.lines) else None)

    def is_plain(self, path: KeyPath) -> bool:
        """Whether the text at ``path`` stands without quotes."""
        return path in self.marks and self.marks[path].plain


def read(path: str | Path) -> Document:
    """Read a study file, or ``study.yaml`` of a folder.

    Raises
    ------
    UsageError
        The file is missing, no UTF-8, or too large.
    StudyFileError
        It is no YAML mapping, or falls into one of the named traps.
    """
    path = Path(path)
    try:
        file = path / "study.yaml" if path.is_dir() else path
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    return parse(_text(file), str(file))


def parse(text: str, file: str) -> Document:
    """Read the text of a study file; ``file`` is its name in messages."""
    lines = tuple(text.splitlines())
    _refuse_traps(lines, file)
    root = _compose(text, file, lines)
    marks: dict[KeyPath, Mark] = {}
    builder = _Builder(file, lines, marks)
    if root is None:
        raise UsageError("the study file is empty", where=Location(file), hint="start from 'econloom demo'")
    if not isinstance(root, MappingNode):
        raise UsageError("a study file is a mapping of keys to values", where=Location(file, 1, 1))
    data = builder.build(root, ())
    if builder.problems:
        raise StudyFileError(builder.problems)
    return Document(file, data, marks, lines)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path}: larger than {MAX_BYTES:,} bytes: this is no study file")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: byte {error.start} is not UTF-8", hint="save the file as UTF-8") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{path}: {reason}") from error


def _refuse_traps(lines: tuple[str, ...], file: str) -> None:
    problems: list[UsageError] = []
    text_below: int | None = None  # indentation of the key whose block of text the lines belong to
    for number, line in enumerate(lines, 1):
        indent = line[: len(line) - len(line.lstrip())]
        if text_below is not None and (not line.strip() or len(indent) > text_below):
            continue
        text_below = len(indent) if _BLOCK.search(line) else None
        if "\t" in indent:
            where = Location(file, number, indent.index("\t") + 1, line)
            problems.append(UsageError("a tab in the indentation", where=where, hint="indent with spaces"))
        elif "\u3000" in indent or "\u00a0" in indent:
            column = next(i for i, c in enumerate(indent, 1) if c in "\u3000\u00a0")
            where = Location(file, number, column, line)
            problems.append(
                UsageError("a full-width or no-break space in the indentation", where=where, hint="type plain spaces")
            )
        elif (match := _FULL_WIDTH_KEY.match(line)) and not _is_prose(match):
            where = Location(file, number, match.start("colon") + 1, line)
            problems.append(
                UsageError("a full-width colon ： after a key", where=where, hint="type ': ' (colon and space)")
            )
    if problems:
        raise StudyFileError(problems)


def _is_prose(match: re.Match[str]) -> bool:
    """An entry of a list such as ``- 注：…``: a note, not a key."""
    words = match.group().strip()
    return words.startswith("- ") and not words[2:-1].isascii()


def _compose(text: str, file: str, lines: tuple[str, ...]) -> Node | None:
    try:
        documents = list(YAML().compose_all(text))
    except MarkedYAMLError as error:
        raise _yaml_error(error, file, lines) from error
    except (YAMLError, ValueError, RecursionError) as error:
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(f"not readable as YAML: {detail}", where=Location(file)) from error
    if len(documents) > 1:
        mark = documents[1].start_mark
        raise UsageError(
            "a second YAML document ('---')",
            where=Location(file, mark.line + 1, mark.column + 1),
            hint="one study a file",
        )
    return documents[0] if documents else None


def _yaml_error(error: MarkedYAMLError, file: str, lines: tuple[str, ...]) -> UsageError:
    mark = error.problem_mark or error.context_mark
    source = lines[mark.line] if mark and mark.line < len(lines) else None
    where = Location(file, mark.line + 1, mark.column + 1, source) if mark else Location(file)
    problem = (error.problem or "not readable as YAML").strip()
    hint = None
    if "cannot start any token" in problem:
        char = source[mark.column] if source and mark.column < len(source) else "?"
        problem, hint = f"a value cannot start with {char!r}", "quote the whole value"
    elif "mapping values are not allowed" in problem:
        problem, hint = "a second ': ' on the line", "quote the value that holds the colon, or correct the indentation"
    elif error.context and "flow" in error.context:
        problem, hint = (
            f"inside {{ }} or [ ]: {problem}",
            "close the bracket; quote expressions that hold commas or brackets",
        )
    return UsageError(problem, where=where, hint=hint)


class _Builder:
    """Nodes to plain data, collecting marks and problems."""

    def __init__(self, file: str, lines: tuple[str, ...], marks: dict[KeyPath, Mark]) -> None:
        self.file = file
        self.lines = lines
        self.marks = marks
        self.problems: list[UsageError] = []
        self.seen: set[int] = set()

    def problem(self, message: str, node: Node, hint: str | None = None) -> None:
        line = node.start_mark.line
        source = self.lines[line] if line < len(self.lines) else None
        where = Location(self.file, line + 1, node.start_mark.column + 1, source)
        self.problems.append(UsageError(message, where=where, hint=hint))

    def build(self, node: Node, path: KeyPath, key: Node | None = None) -> Any:
        if id(node) in self.seen or getattr(node, "anchor", None):
            self.problem(
                "anchors (&) and aliases (*) are not part of the language", node, "define a macro under 'macros:'"
            )
            return None
        self.seen.add(id(node))
        if len(path) > MAX_DEPTH:
            self.problem(f"more than {MAX_DEPTH} levels", node)
            return None
        self.marks[path] = _mark(node, key)
        if isinstance(node, MappingNode):
            return self.mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.build(item, (*path, i)) for i, item in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        return self.scalar(node)

    def mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in self.pairs(node):
            name = key.value
            if name in data:
                self.problem(f"the key {name!r} stands twice", key)
                continue
            if "：" in name and _is_null(value):
                self.problem("a full-width colon ： after a key", key, "type ': ' (colon and space)")
                continue
            if node.flow_style and (_is_null(value) or re.search(r"[()\[\]]", name)):
                hint = "quote the whole expression: an expression with commas or brackets inside { } is split by YAML"
                self.problem(f"{name!r} has no value: part of an expression?", key, hint)
                continue
            if _is_null(value):
                self.problem(f"the key {name!r} has no value", key, "give a value, or remove the key")
                continue
            data[name] = self.build(value, (*path, name), key)
        return data

    def pairs(self, node: MappingNode) -> Iterator[tuple[ScalarNode, Node]]:
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self.problem("a key must be a plain word", key, "quote the expression")
            elif key.value == "<<":
                self.problem("merge keys (<<) are not part of the language", key)
            else:
                yield key, value

    def scalar(self, node: ScalarNode) -> Any:
        tag, text = str(node.tag), node.value
        kind = tag.rsplit(":", 1)[-1]
        if kind in {"str", "timestamp"} or node.style is not None:
            return text
        if kind == "null":
            self.problem("a missing value (null) has no meaning here", node, "give a value, or remove it")
            return None
        if kind == "bool":
            return text in _TRUE if text in _TRUE | _FALSE else text
        if kind in {"int", "float"}:
            return self.number(node, text)
        self.problem(f"the tag {tag!r} is not part of the language", node)
        return None

    def number(self, node: ScalarNode, text: str) -> int | float | str:
        plain = text.replace("_", "")
        try:
            return int(plain)
        except ValueError:
            pass
        try:
            value = float(plain)
        except ValueError:
            return text
        if value != value or value in {float("inf"), float("-inf")}:
            self.problem(f"{text} is not a finite number", node)
        return value


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and str(node.tag).endswith(":null") and node.value == ""


def _mark(node: Node, key: Node | None) -> Mark:
    start = node.start_mark
    at = key.start_mark if key is not None else start
    return Mark(
        line=start.line + 1,
        column=start.column + 1,
        plain=getattr(node, "style", None) is None,
        one_line=isinstance(node, ScalarNode) and node.end_mark.line == start.line and node.style not in {"|", ">"},
        key_line=at.line + 1,
        key_column=at.column + 1,
    )
