"""The house rules: what is public has a docstring and a page; README's two commands are there; nothing names a host."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

import econloom as el
from econloom.cli import app
from econloom.data.functions import FUNCTIONS
from econloom.study.language.figures import Figure
from econloom.study.language.study import StudySpec
from econloom.study.language.tables import RegressionTable, Table
from econloom.study.statistics import TESTS

ROOT = Path(__file__).resolve().parents[1]
DOCS = {p.stem: p.read_text(encoding="utf-8") for p in (ROOT / "docs").glob("*.md")}
ALL_DOCS = "\n".join([*DOCS.values(), (ROOT / "README.md").read_text(encoding="utf-8")])
PUBLIC = [n for n in el.__all__ if not n.startswith("_")]
SOURCES = sorted((ROOT / "src").rglob("*.py"))


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_have_a_docstring_and_a_page(name: str) -> None:
    assert (inspect.getdoc(getattr(el, name)) or "").strip()
    assert f"el.{name}" in ALL_DOCS


@pytest.mark.parametrize("name", [n for n in PUBLIC if isinstance(getattr(el, n), ModuleType) and n != "errors"])
def test_what_public_modules_offer_has_a_docstring_and_a_page(name: str) -> None:
    module = getattr(el, name)
    for inner in getattr(module, "__all__", ()):
        value = getattr(module, inner)
        assert (inspect.getdoc(value) or "").strip(), f"el.{name}.{inner}"
        assert inner in ALL_DOCS, f"el.{name}.{inner} stands on no page"


def test_every_command_is_documented() -> None:
    for command in app.registered_commands:
        name = command.name or command.callback.__name__
        assert f"`econloom {name}" in DOCS["cli"], name


@pytest.mark.parametrize("word", [*FUNCTIONS, *TESTS])
def test_functions_and_tests_are_documented(word: str) -> None:
    assert re.search(rf"\b{word}\b", ALL_DOCS)


@pytest.mark.parametrize("model", [StudySpec, RegressionTable, *Table.__subclasses__(), *Figure.__subclasses__()])
def test_keys_of_the_study_language_are_documented(model: type) -> None:
    page = DOCS["study-language"]
    for name, field in model.model_fields.items():
        assert f"`{field.alias or name}" in page or f"{field.alias or name}:" in page, f"{model.__name__}.{name}"


def test_a_makefile_with_the_two_commands() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in ("demo", "test", "lint", "bench"):
        assert re.search(rf"^{command}:", text, re.M)
    assert "make demo" in readme and "make test" in readme


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT / "src").as_posix())
def test_files_stay_small(path: Path) -> None:
    """Files of at most 400 lines."""
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= 400


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT / "src").as_posix())
def test_no_bare_except_and_nothing_left_to_do(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", text)
    handlers = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.ExceptHandler)]
    assert all(h.type is not None for h in handlers)
