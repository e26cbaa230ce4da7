"""A fitted model as plain text and as HTML, for a terminal and a notebook."""

from __future__ import annotations

import math
from html import escape

from econloom.core.estimate import Tidy, stars

HEAD = ("term", "estimate", "std. error", "statistic", "p value", "95% low", "95% high")
CUTS = (0.10, 0.05, 0.01)


def text(tidy: Tidy) -> str:
    """The coefficient table and the statistics, in fixed width."""
    grid = [HEAD, *_rows(tidy)]
    widths = [max(_width(row[j]) for row in grid) for j in range(len(HEAD))]
    lines = [
        "  ".join(_pad(cell, w, left=j == 0) for j, (cell, w) in enumerate(zip(row, widths, strict=True))).rstrip()
        for row in grid
    ]
    rule = "-" * max(map(_width, lines))
    return "\n".join([tidy.formula, rule, lines[0], rule, *lines[1:], rule, *_notes(tidy)])


def html(tidy: Tidy) -> str:
    """The same as one HTML table; every text is escaped."""
    head = "".join(f"<th>{escape(h)}</th>" for h in HEAD)
    body = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in _rows(tidy))
    notes = "<br>".join(escape(note) for note in _notes(tidy))
    return (
        f"<table><caption><code>{escape(tidy.formula)}</code></caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody><tfoot><tr><td colspan='{len(HEAD)}'>{notes}</td></tr></tfoot></table>"
    )


def _rows(tidy: Tidy) -> list[tuple[str, ...]]:
    return [
        (
            c.term,
            _number(c.estimate) + "*" * stars(c.p_value, CUTS),
            *map(_number, (c.std_error, c.statistic)),
            _p_value(c.p_value),
            *map(_number, (c.conf_low, c.conf_high)),
        )
        for c in tidy.coefficients
    ]


def _notes(tidy: Tidy) -> list[str]:
    """What was done, the statistics that exist, and the warnings."""
    law = "normal" if tidy.df is None else f"t({tidy.df:g})"
    effects = f"effects: {' + '.join(tidy.effects)}; " if tidy.effects else ""
    values = [
        f"{name} {value:,}" if isinstance(value, int) else f"{name} {value:.4f}"
        for name, value in tidy.glance.items()
        if value is not None
    ]
    warnings = tidy.extra.get("warnings", ())
    instruments: tuple[str, ...] = ()
    if "instruments" in tidy.extra:
        sides = (" + ".join(tidy.extra[side]) for side in ("endogenous", "instruments"))
        instruments = (f"{tidy.extra['method'].upper()}: {' by '.join(sides)}",)
    return [
        *instruments,
        f"{effects}{tidy.vcov}, convention {tidy.ssc}, {law}; stars at 10, 5 and 1 per cent",
        ", ".join(values),
        *(f"note: {said}" for said in (*tidy.extra.get("remarks", ()), *warnings)),
    ]


def _p_value(value: float) -> str:
    if math.isnan(value):
        return ""
    return "<0.0001" if value < 1e-4 else f"{value:.4f}"


def _number(value: float) -> str:
    if math.isnan(value):
        return ""
    return f"{value:.5g}" if value == 0 or 1e-4 <= abs(value) < 1e5 else f"{value:.3e}"


def _width(cell: str) -> int:
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(c) in "WF" else 1 for c in cell)


def _pad(cell: str, width: int, left: bool) -> str:
    blank = " " * (width - _width(cell))
    return cell + blank if left else blank + cell
