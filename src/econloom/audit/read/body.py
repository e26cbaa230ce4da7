"""The body of a regression table: estimates, what stands in brackets below or beside, statistics, marks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from econloom.audit.noting import Brackets, Note
from econloom.audit.numerals import Numeral
from econloom.audit.paper import Estimate, Mark, Parens, Statistic, Unread
from econloom.audit.read.cells import Bracketed, Parsed, parse
from econloom.audit.read.layout import Layout
from econloom.audit.words import is_dash, piece_of, role_of, said_base, said_yes

Where = Literal["estimate", "statistic", "none"]
_PANEL = re.compile(r"^\s*(?:panel\b|面板|子表|板块)|^\s*[A-H][.、:：]\s", re.IGNORECASE)


@dataclass
class Body:
    """What has been read so far.

    Attributes
    ----------
    estimates, statistics, marks, unread : list
    """

    name: str
    note: Note
    parens: Parens | None
    estimates: dict[tuple[str, str, str], Estimate] = field(default_factory=dict)
    statistics: list[Statistic] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    panel: str = ""
    row: str = ""
    last: Where = "none"
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    open_statistics: dict[str, int] = field(default_factory=dict)

    def complain(self, column: str, text: str, why: str) -> None:
        """List a cell that could not be read."""
        parts = [f"row {self.row!r}"] * bool(self.row) + [f"column {column}"] * bool(column)
        self.unread.append(Unread(f"{self.name}: {', '.join(parts)}", text, why))

    def start(self, label: str) -> None:
        """A new row of estimates; one whose label stands twice in a panel gets a number."""
        self.seen[self.panel, label] += 1
        count = self.seen[self.panel, label]
        self.row, self.last = (label if count == 1 else f"{label} ({count})"), "estimate"

    def estimate(self, column: str, cell: Parsed, text: str) -> None:
        """A cell of a row of estimates."""
        assert cell.number is not None
        made = Estimate(self.row, column, cell.number, cell.stars, panel=self.panel, text=" ".join(text.split()))
        self.estimates[self.panel, self.row, column] = made
        for bracketed in cell.bracketed:
            self.attach(column, bracketed, "", cell.stars)

    def attach(self, column: str, found: Bracketed, text: str, stars: int = 0, kind: str | None = None) -> None:
        """A number in brackets, or of a row of its own, below an estimate."""
        key = (self.panel, self.row, column)
        held = self.estimates.get(key)
        if held is None:
            self.complain(column, text, "brackets without a coefficient above")
            return
        words = " ".join(text.split())
        if words and not held.text.endswith(f" {words}"):  # several brackets of one cell come one by one
            held = replace(held, text=f"{held.text} {words}")
        if stars and not held.stars:
            held = replace(held, stars=stars)
        self.estimates[key] = _attached(held, found, kind or self._kind(found))

    def _kind(self, found: Bracketed) -> str | None:
        if len(found.numbers) == 2:
            return "ci"
        said = self.note.holds(found.kind)
        return said or (self.parens if found.kind == "()" else None)


def _attached(e: Estimate, found: Bracketed, kind: str | None) -> Estimate:
    first = found.numbers[0]
    if kind == "ci":
        if len(found.numbers) == 2 and e.interval is None:
            return replace(e, interval=(first, found.numbers[1]))
        return e
    if kind == "se":
        return replace(e, se=first) if e.se is None else replace(e, also=(*e.also, first))
    if kind == "t" and e.t is None:
        return replace(e, t=first)
    if kind == "p" and e.p is None:
        return replace(e, p=first)
    alone = e.se is None and e.t is None and e.p is None and e.unclear is None
    return replace(e, unclear=first) if kind is None and alone and found.kind != "{}" else e


def read(layout: Layout, name: str, note: Note, parens: Parens | None) -> Body:
    """Read the rows of a regression table in order."""
    made = Body(name, note, parens)
    panels = _panels(layout)
    ids = [c.id for c in layout.columns]
    for number, (label, cells) in enumerate(zip(layout.labels, layout.body, strict=True)):
        if layout.groups:
            made.panel = layout.groups[number]
        if not any(cells):
            if number in panels:
                made.panel, made.last = label, "none"
            continue
        _row(made, label, dict(zip(ids, cells, strict=True)))
    _settle(made)
    return made


def _panels(layout: Layout) -> set[int]:
    """Rows that head a panel: so called, or with the same labels below as another such row."""
    heads = [n for n, cells in enumerate(layout.body) if not any(cells) and layout.labels[n]]
    named = {n for n in heads if _PANEL.match(layout.labels[n])}
    if named or not heads:
        return named
    ends = [*heads[1:], len(layout.labels)]
    below = [
        {x for x in layout.labels[a + 1 : b] if x and role_of(x) is None} for a, b in zip(heads, ends, strict=True)
    ]
    return {n for k, n in enumerate(heads) if any(below[k] & other for j, other in enumerate(below) if j != k)}


def _row(made: Body, label: str, cells: dict[str, str]) -> None:
    texts = {k: t for k, t in cells.items() if t and not is_dash(t)}
    parsed = {k: parse(t) for k, t in texts.items()}
    bare = any(p.number is not None for p in parsed.values())
    bracketed = any(p.bracketed for p in parsed.values())
    role, piece = role_of(label) if label else None, piece_of(label) if label else None
    if texts and all(said_yes(t) is not None for t in texts.values()) and not (bare and role):
        made.last = "none"
        made.marks += [Mark(label, k, t, said_yes(t), made.panel) for k, t in texts.items()]
    elif bracketed and not bare and (not label or piece or (made.last == "estimate" and role == "p")):
        _below(made, texts, parsed, piece)
    elif bare and not bracketed and made.last == "estimate" and piece in {"se", "t", "p"} and len(label) > 1:
        _numbers_below(made, texts, parsed, str(piece))
    elif role is not None:
        _statistics(made, label, role, texts, parsed)
    elif not label and bare:
        made.row = ""
        for k, t in texts.items():
            made.complain(k, t, "a number in a row without a label")
    elif not label and all(map(said_base, texts.values())):
        made.marks += [Mark(made.row, k, t, None, made.panel) for k, t in texts.items()]
    elif not label:
        for k, t in texts.items():
            made.complain(k, t, parsed[k].problem or "a cell in a row without a label")
    else:
        _estimates(made, label, texts, parsed)


def _estimates(made: Body, label: str, texts: dict[str, str], parsed: dict[str, Parsed]) -> None:
    if texts and all(_said(t, parsed[k]) for k, t in texts.items()):
        made.last = "none"
        made.marks += [Mark(label, k, t, said_yes(t), made.panel) for k, t in texts.items()]
        return
    made.start(label)
    for k, p in parsed.items():
        yes = said_yes(texts[k])
        if p.number is not None:
            made.estimate(k, p, texts[k])
        elif yes is not None or said_base(texts[k]):
            made.marks.append(Mark(label, k, texts[k], yes, made.panel))
        else:
            made.complain(k, texts[k], p.problem or "no coefficient outside of brackets")


def _said(text: str, parsed: Parsed) -> bool:
    """Whether a cell holds words without any digit, or an interval of which no estimate is printed."""
    alone = parsed.number is None and bool(parsed.bracketed)
    return (alone and all(len(b.numbers) == 2 for b in parsed.bracketed)) or (
        any(c.isalpha() for c in text) and not any(c.isdigit() for c in text)
    )


def _below(made: Body, texts: dict[str, str], parsed: dict[str, Parsed], piece: str | None) -> None:
    kind = {"low": "ci", "high": "ci", "coefficient": None}.get(piece or "", piece)
    for k, p in parsed.items():
        if said_base(texts[k]):
            made.marks.append(Mark(made.row, k, texts[k], None, made.panel))
        elif not p.bracketed:
            made.complain(k, texts[k], p.problem or "no number in brackets")
        for found in p.bracketed:
            if made.last == "statistic":
                _p_of_statistic(made, k, found)
            elif made.last == "estimate":
                made.attach(k, found, texts[k], p.stars, kind)
            else:
                made.complain(k, texts[k], "brackets without a number above")


def _numbers_below(made: Body, texts: dict[str, str], parsed: dict[str, Parsed], piece: str) -> None:
    for k, p in parsed.items():
        if p.number is None:
            made.complain(k, texts[k], p.problem)
        else:
            made.attach(k, Bracketed("()", (p.number,)), f"({texts[k]})", kind=piece)


def _p_of_statistic(made: Body, column: str, found: Bracketed) -> None:
    place = made.open_statistics.get(column)
    if place is not None and found.kind != "{}" and len(found.numbers) == 1:
        made.statistics[place] = _with_p(made.statistics[place], found, made.note)


def _statistics(made: Body, label: str, role: str, texts: dict[str, str], parsed: dict[str, Parsed]) -> None:
    made.row, made.last = label, "statistic"
    made.open_statistics = {}
    for k, p in parsed.items():
        yes = said_yes(texts[k])
        if p.number is None:
            if yes is not None:
                made.marks.append(Mark(label, k, texts[k], yes, made.panel))
            else:
                made.complain(k, texts[k], p.problem or "no number outside of brackets")
            continue
        percent = texts[k].rstrip().endswith(("%", "％"))
        made.open_statistics[k] = len(made.statistics)
        statistic = Statistic(label, k, "other" if percent else role, p.number, p.stars, panel=made.panel)
        for found in p.bracketed:
            statistic = _with_p(statistic, found, made.note) if len(found.numbers) == 1 else statistic
        made.statistics.append(statistic)


def _with_p(s: Statistic, found: Bracketed, note: Note) -> Statistic:
    """The statistic with the p value in its brackets: square ones, or those of which the note says so."""
    number: Numeral = found.numbers[0]
    kind: Brackets = found.kind
    fits = 0 <= number.value <= 1
    return replace(s, p=number) if s.p is None and fits and (kind == "[]" or note.holds(kind) == "p") else s


def _settle(made: Body) -> None:
    """Statistics of a heading without estimates belong to the whole table, where there is but one panel."""
    panels = {e.panel for e in made.estimates.values()}
    made.statistics = [s if s.panel in panels or len(panels) > 1 else replace(s, panel="") for s in made.statistics]
    if len(panels) == 1 and panels != {""}:
        only = next(iter(panels))
        made.statistics = [replace(s, panel=only) if s.panel == "" else s for s in made.statistics]


def separate(layout: Layout, name: str, note: Note) -> Iterator[Estimate | Statistic | Unread]:
    """A table whose coefficients, standard errors, t and p have columns of their own."""
    groups = _grouped(layout)
    for label, cells in zip(layout.labels, layout.body, strict=True):
        for column, places in groups:
            yield from _pieced(layout, label, cells, column, places, f"{name}: row {label!r}, column {column}")


def _grouped(layout: Layout) -> list[tuple[str, dict[str, int]]]:
    """Runs of columns, each from one coefficient to the next."""
    found: list[tuple[str, dict[str, int]]] = []
    for n, head in enumerate(layout.header[-1]):
        piece = piece_of(head)
        if piece == "coefficient" or not found:
            above = [h[n] for h in layout.header[:-1] if h[n]]
            found.append((above[-1] if above else str(len(found) + 1), {}))
        if piece is not None:
            found[-1][1].setdefault(piece, n)
    ids = [c for c, _ in found]
    return [(c if ids.count(c) == 1 else str(k), p) for k, (c, p) in enumerate(found, 1)]


def _pieced(
    layout: Layout, label: str, cells: Sequence[str], column: str, places: dict[str, int], where: str
) -> Iterator[Estimate | Statistic | Unread]:
    parsed = {piece: parse(cells[n]) for piece, n in places.items() if cells[n] and not is_dash(cells[n])}
    for piece, p in parsed.items():
        if p.problem:
            yield Unread(where, cells[places[piece]], p.problem)
    first = parsed.get("coefficient")
    if first is None or first.number is None or not label:
        return
    role = role_of(label)
    if role is not None and len(parsed) == 1:
        yield Statistic(label, column, role, first.number, first.stars)
        return
    text = " ".join(" ".join(cells[n].split()) for n in places.values() if cells[n])
    made = Estimate(label, column, first.number, max((p.stars for p in parsed.values()), default=0), text=text)
    for piece in ("se", "t", "p", "ci"):
        made = _from_piece(made, piece, parsed.get(piece))
    low, high = (parsed[k].number if k in parsed else None for k in ("low", "high"))
    yield replace(made, interval=(low, high)) if low is not None and high is not None else made


def _from_piece(e: Estimate, piece: str, found: Parsed | None) -> Estimate:
    if found is None:
        return e
    if found.bracketed:
        return _attached(e, found.bracketed[0], piece)
    return e if found.number is None else _attached(e, Bracketed("()", (found.number,)), piece)
