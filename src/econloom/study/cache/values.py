"""Values as bytes: panels that a value was made from are named by their step, not written again."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Iterable
from typing import Any

from econloom.core.frame import Panel
from econloom.study.cache.entry import DamagedError

Panels = dict[int, tuple[str, str]]
_FAULTS = (pickle.UnpicklingError, AttributeError, ImportError, IndexError, KeyError, TypeError, ValueError, EOFError)


class UnfitError(Exception):
    """A value that cannot be written; its text says why."""


def named(inputs: Iterable[tuple[str, Any]]) -> Panels:
    """Panels among the inputs of a step, by identity: (digest, attribute that holds it)."""
    found: Panels = {}
    for digest, value in inputs:
        held = getattr(value, "panel", None)
        if isinstance(value, Panel):
            found[id(value)] = (digest, "")
        elif isinstance(held, Panel):
            found[id(held)] = (digest, "panel")
    return found


class _Writer(pickle.Pickler):
    def __init__(self, file: io.BytesIO, panels: Panels) -> None:
        super().__init__(file, protocol=5)
        self.panels = panels
        self.needs: dict[str, None] = {}

    def persistent_id(self, obj: Any) -> tuple[str, str] | None:
        if not isinstance(obj, Panel) or id(obj) not in self.panels:
            return None
        self.needs[self.panels[id(obj)][0]] = None
        return self.panels[id(obj)]


class _Reader(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, value_of: Callable[[str], Any]) -> None:
        super().__init__(file)
        self.value_of = value_of

    def persistent_load(self, pid: Any) -> Any:
        digest, attribute = pid
        value = self.value_of(digest)
        return getattr(value, attribute) if attribute else value


def to_bytes(value: Any, panels: Panels) -> tuple[bytes, list[str]]:
    """A value as bytes, and the steps whose panels it names.

    Raises
    ------
    UnfitError
        It holds something that cannot be written.
    """
    file = io.BytesIO()
    writer = _Writer(file, panels)
    try:
        writer.dump(value)
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError) as error:
        raise UnfitError(str(error)) from error
    return file.getvalue(), list(writer.needs)


def from_bytes(content: bytes, value_of: Callable[[str], Any]) -> Any:
    """A value from its bytes; ``value_of`` gives the value of a step that it names.

    Raises
    ------
    DamagedError
    """
    try:
        return _Reader(io.BytesIO(content), value_of).load()
    except _FAULTS as error:
        raise DamagedError(f"cannot be read: {type(error).__name__}: {error}") from error
