"""Validation errors in the words of the study file: what, where, and the nearest right name."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from econloom.core.errors import Location, StudyFileError, UsageError, did_you_mean
from econloom.study.document import Document, KeyPath


def located(error: ValidationError, source: Document, root: type[BaseModel]) -> StudyFileError:
    """Turn pydantic's errors into one error that lists each with its place."""
    problems: dict[tuple[str, str], UsageError] = {}
    for item in error.errors(include_url=False):
        problem = _problem(item, source, root)
        problems.setdefault((str(problem.where), problem.message), problem)
    ordered = sorted(problems.values(), key=lambda p: (p.where.line or 0, p.where.column or 0) if p.where else (0, 0))
    return StudyFileError(ordered)


def _problem(item: Any, source: Document, root: type[BaseModel]) -> UsageError:
    path = _path(item["loc"], source.data)
    kind, context = item["type"], item.get("ctx", {})
    dotted = ".".join(str(p) for p in path) or "study"
    if kind == "extra_forbidden":
        return _unknown_key(dotted, str(path[-1]), _models_at(root, path[:-1], source.data), source.at(path, key=True))
    if kind == "missing":
        name = str(item["loc"][-1])
        return UsageError(f"{dotted}: the key {name!r} is missing", where=source.at(path, key=True))
    if kind == "literal_error":
        expected = context.get("expected", "")
        known = [e.strip("' ") for e in expected.replace(" or ", ", ").split(", ")]
        value = _shown(item["input"])
        return UsageError(
            f"{dotted}: {value} is not one of {expected}{did_you_mean(str(item['input']), known)}",
            where=source.at(path),
        )
    if kind == "union_tag_invalid":
        return _unknown_kind(item["input"], context, source, path)
    return UsageError(f"{dotted}: {_words(kind, item, context)}", where=source.at(path))


def _unknown_kind(given: Any, context: dict[str, Any], source: Document, path: KeyPath) -> UsageError:
    """A table or figure whose ``kind`` does not exist, or that has none."""
    dotted = ".".join(str(p) for p in path)
    known = [t.strip("'<> ") for t in str(context.get("expected_tags", "")).split(",")]
    kind = given.get("kind") if isinstance(given, dict) else None
    hint = f"kinds: {', '.join(known)}"
    if kind is None:
        return UsageError(f"{dotted}: the key 'kind' is missing", where=source.at(path, key=True), hint=hint)
    message = f"{dotted}.kind: no kind {kind!r}{did_you_mean(str(kind), known)}"
    return UsageError(message, where=source.at((*path, "kind")), hint=hint)


def _unknown_key(dotted: str, key: str, models: list[type[BaseModel]], where: Location) -> UsageError:
    """Suggests a key of this place, or one that belongs a level deeper."""
    fields = list(models[0].model_fields) if models else []
    deeper = {
        inner: outer
        for outer in fields
        for kind in _inside(models[0], outer)
        if isinstance(kind, type) and issubclass(kind, BaseModel)
        for inner in kind.model_fields
        if inner not in fields
    }
    near = did_you_mean(key, [*fields, *deeper])
    hint = f"keys here: {', '.join(fields)}" if fields else None
    for inner, outer in deeper.items():
        if f"{inner!r}?" in near:
            hint = f"written {outer}: {{{inner}: …}}"
    return UsageError(f"{dotted}: unknown key{near}", where=where, hint=hint)


def _path(location: tuple[Any, ...], data: Any) -> KeyPath:
    """The part of pydantic's location that is a path of the file: union branches and missing keys fall out."""
    path: KeyPath = ()
    here = data
    for step in location:
        if (isinstance(here, dict) and step in here) or (
            isinstance(here, list) and isinstance(step, int) and step < len(here)
        ):
            path, here = (*path, step), here[step]
    return path


def _words(kind: str, item: Any, context: dict[str, Any]) -> str:
    value = _shown(item["input"])
    expected = {
        "string_type": "a text",
        "int_type": "a whole number",
        "float_type": "a number",
        "bool_type": "true or false",
        "dict_type": "keys with values",
        "model_type": "keys with values",
        "model_attributes_type": "keys with values",
        "tuple_type": "a list",
        "list_type": "a list",
    }.get(kind)
    if expected:
        return f"expected {expected}, found {value}"
    if kind == "value_error":
        return str(context.get("error", item["msg"]))
    if kind == "string_pattern_mismatch":
        if "0-9a-f" in str(context.get("pattern")):
            return f"{value} is no SHA-256 digest (64 hexadecimal digits)"
        return f"{value} is no name: letters, digits and _, not starting with a digit"
    if kind in {"string_too_short", "too_short"}:
        return "must not be empty"
    if kind == "too_long":
        return f"at most {context.get('max_length')} entries"
    text = str(item["msg"])
    return f"{text[0].lower()}{text[1:]}, found {value}"


def _shown(value: Any) -> str:
    if isinstance(value, dict | list | tuple):
        return "keys with values" if isinstance(value, dict) else "a list"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _models_at(root: type[BaseModel], path: KeyPath, data: Any) -> list[type[BaseModel]]:
    """The models that may stand at ``path``, the likeliest first."""
    candidates: list[Any] = [root]
    here: Any = data
    for step in path:
        here = here[step]  # `path` was walked through the data before
        candidates = [inner for c in candidates for inner in _inside(c, step)]
    models = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
    if len(models) > 1 and isinstance(here, dict):
        models.sort(key=lambda m: -len(set(m.model_fields) & set(here)))
    return models


def _inside(kind: Any, step: Any) -> list[Any]:
    """Types that a value may have one step below a type."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        field = kind.model_fields.get(str(step))
        return _flat(field.annotation) if field else []
    arguments = get_args(kind)
    return [flat for a in arguments for flat in _flat(a)]


def _flat(kind: Any) -> list[Any]:
    """A union's members; an annotated type's own type."""
    if isinstance(kind, type) or not get_args(kind):
        return [kind]
    if hasattr(kind, "__metadata__"):
        return _flat(get_args(kind)[0])
    origin = getattr(kind, "__origin__", None)
    if origin in {dict, tuple, list}:
        return [kind]
    return [flat for a in get_args(kind) if a is not type(None) for flat in _flat(a)]
