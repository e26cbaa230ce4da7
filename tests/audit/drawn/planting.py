"""Errors planted in correct tables, one a table."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.audit.drawn.sheets import Cell, Descriptive, Foot, Sheet

Table = Sheet | Descriptive
FEET = {
    "likelihood ratio": ("LR test", "LR chi2"),
    "R2": ("R2", "Adj. R2", "Pseudo R2"),
    "AIC or BIC": ("AIC", "BIC"),
    "log likelihood": ("Log likelihood",),
    "first-stage F": ("First-stage F", "Kleibergen-Paap rk Wald F", "Cragg-Donald Wald F"),
    "F": ("F",),
    "chi-squared": ("Hausman test", "Wald chi2", "Sargan test", "Anderson LM"),
    "Sobel or ab": ("Sobel z", "Indirect effect"),
}


def transposed(text: str, rng: np.random.Generator) -> str:
    """Two unequal neighbouring digits exchanged; the same text where there are none."""
    places = [k for k in range(len(text) - 1) if text[k].isdigit() and text[k + 1].isdigit() and text[k] != text[k + 1]]
    if not places:
        return text
    k = int(rng.choice(places))
    return text[:k] + text[k + 1] + text[k] + text[k + 2 :]


def plant(rng: np.random.Generator, table: Table) -> tuple[str, Table] | None:
    """The kind of an error and the table with it; None where the draw changes nothing."""
    kinds = DESCRIPTIVE if isinstance(table, Descriptive) else _kinds(table)
    kind = str(rng.choice(list(kinds)))
    made = table.copy()
    kinds[kind](rng, made)
    return None if made.grid() == table.grid() else (kind, made)


def _kinds(sheet: Sheet) -> dict[str, Callable[..., None]]:
    held = {n for c in sheet.columns for n in c.foot}
    kinds = dict(REGRESSION)
    if sheet.brackets == "se+t":
        kinds["wrong t"] = _t
    if sheet.brackets == "se+ci":
        kinds["wrong interval"] = _interval
    for kind, names in FEET.items():
        if held & set(names):
            kinds[kind] = _foot(names)
    if any(f.p for c in sheet.columns for f in c.foot.values()):
        kinds["p of a test"] = _p
    if any(f.stars for c in sheet.columns for f in c.foot.values()):
        kinds["stars of a test"] = _stars_of_test
    return kinds


def _cell(rng: np.random.Generator, sheet: Sheet) -> Cell:
    column = sheet.columns[int(rng.integers(len(sheet.columns)))]
    return column.cells[str(rng.choice(list(column.cells)))]


def _star(rng: np.random.Generator, sheet: Sheet) -> None:
    cell = _cell(rng, sheet)
    cell.stars = int(np.clip(cell.stars + rng.choice([-1, 1]), 0, 3))


def _swapped(rng: np.random.Generator, sheet: Sheet) -> None:
    """The brackets of two cells of one column."""
    column = sheet.columns[int(rng.integers(len(sheet.columns)))]
    if len(column.cells) < 2:
        return
    a, b = (column.cells[str(k)] for k in rng.choice(list(column.cells), 2, replace=False))
    for name in {"se": ("se",), "t": ("t",), "p": ("p",)}.get(sheet.brackets, ("se",)):
        first, second = getattr(a, name), getattr(b, name)
        setattr(a, name, second)
        setattr(b, name, first)


def _digits(rng: np.random.Generator, sheet: Sheet) -> None:
    cell = _cell(rng, sheet)
    cell.b = transposed(cell.b, rng)


def _bracket(rng: np.random.Generator, sheet: Sheet) -> None:
    cell = _cell(rng, sheet)
    name = {"t": "t", "p": "p"}.get(sheet.brackets, "se")
    setattr(cell, name, transposed(getattr(cell, name), rng))


def _sign(rng: np.random.Generator, sheet: Sheet) -> None:
    cell = _cell(rng, sheet)
    cell.b = cell.b[1:] if cell.b.startswith("-") else f"-{cell.b}"


def _n(rng: np.random.Generator, sheet: Sheet) -> None:
    foot = sheet.columns[int(rng.integers(len(sheet.columns)))].foot["N"]
    changed = transposed(foot.text, rng)
    foot.text = changed if not changed.startswith("0") and rng.random() < 0.7 else str(int(foot.text) + 1)


def _copied(rng: np.random.Generator, sheet: Sheet) -> None:
    """A column's coefficients over those of another with the same terms, else over the terms that both have."""
    a, b = (sheet.columns[int(k)] for k in rng.choice(len(sheet.columns), 2, replace=False))
    alike = [(c, d) for c in sheet.columns for d in sheet.columns if c is not d and set(c.cells) == set(d.cells)]
    if alike and rng.random() < 0.7:
        a, b = alike[int(rng.integers(len(alike)))]
    b.cells |= {t: cell for t, cell in a.cells.items() if t in b.cells}


def _t(rng: np.random.Generator, sheet: Sheet) -> None:
    cell = _cell(rng, sheet)
    cell.t = transposed(cell.t, rng)


def _interval(rng: np.random.Generator, sheet: Sheet) -> None:
    cell = _cell(rng, sheet)
    low, high = cell.ci
    cell.ci = (transposed(low, rng), high) if rng.random() < 0.5 else (low, transposed(high, rng))


def _feet(sheet: Sheet, names: tuple[str, ...]) -> list[Foot]:
    return [c.foot[n] for c in sheet.columns for n in names if n in c.foot]


def _foot(names: tuple[str, ...]) -> Callable[..., None]:
    def planted(rng: np.random.Generator, sheet: Sheet) -> None:
        held = _feet(sheet, names)
        foot = held[int(rng.integers(len(held)))]
        foot.text = transposed(foot.text, rng)

    return planted


def _p(rng: np.random.Generator, sheet: Sheet) -> None:
    held = [f for c in sheet.columns for f in c.foot.values() if f.p]
    foot = held[int(rng.integers(len(held)))]
    foot.p = transposed(foot.p, rng)


def _stars_of_test(rng: np.random.Generator, sheet: Sheet) -> None:
    held = [f for c in sheet.columns for f in c.foot.values() if f.stars]
    foot = held[int(rng.integers(len(held)))]
    foot.stars = int(np.clip(foot.stars + rng.choice([-1, 1]), 0, 3))


def _value(*names: str) -> Callable[..., None]:
    def planted(rng: np.random.Generator, table: Descriptive) -> None:
        sample = table.samples[str(rng.choice(list(table.samples)))]
        row = sample[str(rng.choice(list(sample)))]
        name = str(rng.choice([n for n in names if n in row]))
        row[name] = transposed(row[name], rng)

    return planted


def _difference(rng: np.random.Generator, table: Descriptive) -> None:
    if table.differences:
        name = str(rng.choice(list(table.differences)))
        table.differences[name] = transposed(table.differences[name], rng)


REGRESSION: dict[str, Callable[..., None]] = {
    "star off by one": _star, "swapped brackets": _swapped, "digits of a coefficient": _digits,
    "digits of a bracket": _bracket, "sign": _sign, "wrong N": _n, "copied column": _copied,
}  # fmt: skip
DESCRIPTIVE: dict[str, Callable[..., None]] = {
    "wrong mean": _value("Mean"), "wrong SD": _value("Std. Dev."), "wrong extreme": _value("Min", "Max"),
    "wrong quantile": _value("p25", "Median", "p75", "Max"), "wrong difference": _difference,
    "wrong N of a sample": _value("N"),
}  # fmt: skip
