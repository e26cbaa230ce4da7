"""Errors that say what is wrong, where, and what to do about it.

Every error that econloom raises on purpose is an :class:`EconloomError`. The command line prints it without a
traceback and leaves with its ``exit_code``; anything else that escapes is a defect of econloom.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a text file.

    Attributes
    ----------
    file : str
        The file as the user named it.
    line, column : int or None
        Counted from 1; None when only the file is known.
    source : str or None
        The text of that line, printed under the message with a caret.
    """

    file: str
    line: int | None = None
    column: int | None = None
    source: str | None = None

    def __str__(self) -> str:
        parts = [self.file, *(str(n) for n in (self.line, self.column) if n is not None)]
        return ":".join(parts)

    def excerpt(self) -> str:
        """The source line with a caret below the column, or an empty string."""
        if self.source is None:
            return ""
        text = self.source.rstrip("\n").replace("\t", " ")
        if self.column is None:
            return f"    {text}"
        return f"    {text}\n    {_pad(text[: self.column - 1])}^"


def _pad(text: str) -> str:
    """Blanks as wide as ``text`` on a terminal: two for a full-width character."""
    from unicodedata import east_asian_width

    return "".join("  " if east_asian_width(c) in "WF" else " " for c in text)


class EconloomError(Exception):
    """Base of all errors that a user can cause and mend.

    Parameters
    ----------
    message : str
        What is wrong, in one sentence, with the names involved.
    where : Location, optional
        The place in a file.
    hint : str, optional
        What to do.
    """

    exit_code = 1

    def __init__(self, message: str, *, where: Location | None = None, hint: str | None = None) -> None:
        super().__init__(message, where, hint)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        lines = [head]
        if self.where and (excerpt := self.where.excerpt()):
            lines.append(excerpt)
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.where, self.hint))

    def at(self, where: Location) -> EconloomError:
        """The same error with a place; keeps a place that it already has."""
        return self if self.where else type(self)(self.message, where=where, hint=self.hint)

    def within(self, context: str) -> EconloomError:
        """The same error with ``context: `` before its message."""
        return type(self)(f"{context}: {self.message}", where=self.where, hint=self.hint)


def _rebuild(kind: type[EconloomError], message: str, where: Location | None, hint: str | None) -> EconloomError:
    return kind(message, where=where, hint=hint)


class UsageError(EconloomError):
    """The command, the call or the study file is wrong (exit code 2)."""

    exit_code = 2


class StudyFileError(UsageError):
    """One or more faults of a study, each with its place.

    ``exit_code`` is that of its problems: 3 when all are faults of the data, else 2.
    """

    def __init__(self, problems: Sequence[EconloomError]) -> None:
        self.problems = tuple(problems)
        EconloomError.__init__(self, "\n".join(str(p) for p in self.problems))
        self.exit_code = min((p.exit_code for p in self.problems), default=2)

    def __reduce__(self) -> tuple[object, ...]:
        return (StudyFileError, (self.problems,))

    def at(self, where: Location) -> EconloomError:
        """Already placed: returns itself."""
        return self

    def within(self, context: str) -> EconloomError:
        """The same faults, each with ``context: `` before its message."""
        return StudyFileError([p.within(context) for p in self.problems])


_WINDOW = 70  # characters shown on each side of a caret in a long expression


def _caret(text: str, position: int) -> str:
    """The neighbourhood of ``position`` with a caret below it."""
    start = max(0, position - _WINDOW)
    shown = ("…" if start else "") + text[start : position + _WINDOW].replace("\n", " ").replace("\t", " ")
    shown += "…" if len(text) > position + _WINDOW else ""
    before = shown[: position - start + (1 if start else 0)]
    return f"    {shown}\n    {_pad(before)}^"


class ExpressionError(UsageError):
    """A formula or condition that cannot be read, with a caret under the place.

    Parameters
    ----------
    text : str
        The whole expression.
    position : int
        Offset of the fault in ``text``, counted from 0.
    """

    def __init__(self, message: str, text: str, position: int, hint: str | None = None) -> None:
        self.problem = message
        self.text = text
        self.position = position
        EconloomError.__init__(self, f"{message}\n{_caret(text, position)}", hint=hint)

    def __reduce__(self) -> tuple[object, ...]:
        return (ExpressionError, (self.problem, self.text, self.position, self.hint))

    def at(self, where: Location) -> EconloomError:
        """A :class:`UsageError` with the same words at ``where``."""
        return UsageError(self.message, where=where, hint=self.hint)

    def within(self, context: str) -> EconloomError:
        """The same fault, named after the table or variable whose expression it is."""
        return ExpressionError(f"{context}: {self.problem}", self.text, self.position, self.hint)


class DataError(EconloomError):
    """A source cannot be read or its content is impossible (exit code 3)."""

    exit_code = 3


class EstimationError(EconloomError):
    """A model has no trustworthy estimate: singular, empty, too few clusters (exit code 4)."""

    exit_code = 4


class OutputError(EconloomError):
    """The output folder cannot be written or is not econloom's (exit code 2)."""

    exit_code = 2


def did_you_mean(name: object, candidates: Iterable[str]) -> str:
    """``", did you mean 'cluster'?"`` for the nearest candidate, else an empty string."""
    pool = [str(c) for c in candidates]
    folded = {c.casefold(): c for c in pool}
    near = difflib.get_close_matches(str(name).casefold(), list(folded), n=1, cutoff=0.6)
    return f", did you mean {folded[near[0]]!r}?" if near else ""


def plural(number: int, noun: str) -> str:
    """``1 row``, ``2 rows``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(names: Iterable[object], most: int = 8) -> str:
    """The first ``most`` names with commas, then how many were left out."""
    items = [str(n) for n in names]
    rest = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + rest
