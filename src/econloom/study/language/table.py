"""What every kind of table has."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from econloom.study.language.base import Identifier, Model, Text, Title
from econloom.study.language.settings import Digits


class Table(Model):
    """What every kind of table has."""

    every_version: ClassVar[bool] = True
    """Whether each version has its own, or only the default one."""
    title: Title
    panel: Identifier | None = None
    sample: Identifier | None = None
    digits: Digits | None = None
    notes: tuple[Title, ...] = ()
    preset: Text | None = Field(None, description="Look of the table: the name of a preset, or a .toml file.")
