"""The content of a table or figure as one digest: equal content, equal digest, whatever made it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


class UnknownContentError(TypeError):
    """A value whose content cannot be told by its parts."""


def fingerprint(value: Any) -> str | None:
    """SHA-256 of a value of dataclasses, sequences, mappings, texts and numbers; None where it holds anything else.

    Examples
    --------
    >>> fingerprint(("a", 1.0)) == fingerprint(("a", 1.0)) != fingerprint(("a", 1))
    True
    >>> fingerprint(object()) is None
    True
    """
    whole = hashlib.sha256()
    try:
        _add(whole, value)
    except UnknownContentError:
        return None
    return whole.hexdigest()


def _add(whole: Any, value: Any) -> None:
    if value is None or isinstance(value, str | int | float | bool | bytes | np.generic):
        text = value if isinstance(value, bytes) else repr(value).encode("utf-8", "surrogatepass")
        whole.update(f"{type(value).__name__} {len(text)} ".encode())
        whole.update(text)
    elif isinstance(value, np.ndarray) and value.dtype != object:
        whole.update(f"array {value.dtype.str} {value.shape} ".encode())
        whole.update(np.ascontiguousarray(value).tobytes())
    elif is_dataclass(value) and not isinstance(value, type):
        _add_all(whole, type(value).__name__, [(f.name, getattr(value, f.name)) for f in fields(value)])
    elif isinstance(value, Mapping):
        _add_all(whole, "mapping", list(value.items()))
    elif isinstance(value, list | tuple):
        _add_all(whole, type(value).__name__, list(value))
    else:
        raise UnknownContentError(type(value).__name__)


def _add_all(whole: Any, name: str, parts: list[Any]) -> None:
    whole.update(f"{name} {len(parts)} ".encode())
    for part in parts:
        _add(whole, part)
