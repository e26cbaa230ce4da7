"""Texts that a file gives for its columns, as labels in Chinese or English."""

from __future__ import annotations

import re
from collections.abc import Collection

from econloom.core.labels import Label
from econloom.data.readers.layout import Header, split_unit

_HAN = re.compile(r"[\u3400-\u9fff]")


def as_label(text: str) -> Label:
    """A text as the Chinese label where it has a Chinese character, else as the English one.

    Examples
    --------
    >>> as_label("人均产值").zh, as_label("Income").en
    ('人均产值', 'Income')
    """
    return Label(zh=text) if _HAN.search(text) else Label(en=text)


def labels_of(header: Header, names: Collection[str]) -> tuple[dict[str, Label], dict[str, str]]:
    """Labels and units of columns, from the second row of a header or from names such as ``产值（亿元）``."""
    labels: dict[str, Label] = {}
    units: dict[str, str] = {}
    for name in names:
        text, unit = split_unit(header.labels.get(name, name))
        if unit is not None:
            units[name] = unit
        if text != name:
            labels[name] = as_label(text)
    return labels, units
