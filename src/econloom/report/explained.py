"""What a web page says of its numbers: a panel that opens on a cell, with sections that many cells share held once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from econloom.core.labels import Label, Lang

Lines = tuple[tuple[str, str, str, int], ...]
"""Label, text, place in the study file, depth."""
_OPEN = Label("这个数字从何而来", "Where this number comes from")
_CLOSE = Label("关闭", "Close")
_HELP = Label(
    "点击任一数字（或用Tab选中后按Enter）可查看其来历。",
    "Click a number, or focus it with Tab and press Enter, to see where it comes from.",
)
STYLE = """<style>
[data-source].why { cursor: pointer; }
[data-source].why:hover, [data-source].why:focus-visible { outline: 1.5px solid #2a5db0; outline-offset: -1px; }
[data-source].why[aria-expanded="true"] { background: #dfe9f7 !important; }
#why { position: fixed; top: 0; right: 0; bottom: 0; width: min(38em, 100%); overflow: auto; padding: 1em 1.2em 2em;
  box-sizing: border-box; background: #fff; color: #111; border-left: 1px solid #888; font-size: 0.88em; z-index: 9; }
#why[hidden] { display: none; }
#why h2 { font-size: 1.1em; margin: 0 2.5em 0.5em 0; overflow-wrap: anywhere; }
#why h3 { font-size: 1em; margin: 1em 0 0.2em; }
#why ul { list-style: none; margin: 0; padding: 0; }
#why li { overflow-wrap: anywhere; padding-left: calc(var(--depth) * 1.2em + 1em); text-indent: -1em; }
#why .at { color: #555; white-space: nowrap; }
#why button { position: absolute; top: 0.7em; right: 0.9em; font: inherit; }
.why-help { text-align: center; font-size: 0.85em; color: #555; }
@media print { #why { position: static; width: auto; border: 0; border-top: 1px solid #888; page-break-before: always; }
  #why button, .why-help { display: none; } [data-source].why { outline: 0 !important; } }
</style>"""
_SCRIPT = """<script>
(() => {
  const said = JSON.parse(document.getElementById("why-data").textContent);
  const panel = document.getElementById("why"), title = panel.querySelector("h2"), body = panel.querySelector("div");
  let from = null;
  const add = (parent, name, text) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    return parent.appendChild(made);
  };
  const close = () => {
    panel.hidden = true;
    if (from) { from.setAttribute("aria-expanded", "false"); from.focus(); from = null; }
  };
  const open = (cell) => {
    const address = cell.dataset.source, sections = said.cells[address];
    if (!sections) return;
    if (from) from.setAttribute("aria-expanded", "false");
    from = cell;
    cell.setAttribute("aria-expanded", "true");
    title.textContent = address;
    body.replaceChildren();
    for (const number of sections) {
      const [heading, lines] = said.sections[number];
      add(body, "h3", heading);
      const list = add(body, "ul");
      for (const [label, text, at, depth] of lines) {
        const item = add(list, "li");
        item.style.setProperty("--depth", depth);
        if (label) add(item, "b", label);
        item.append((label && text ? said.colon : "") + text);
        if (at) { item.append(" "); add(item, "span", "[" + at + "]").className = "at"; }
      }
    }
    panel.hidden = false;
    panel.scrollTop = 0;
    panel.focus();
  };
  for (const cell of document.querySelectorAll("[data-source]")) {
    if (!(cell.dataset.source in said.cells)) continue;
    cell.classList.add("why");
    cell.tabIndex = 0;
    cell.setAttribute("role", "button");
    cell.setAttribute("aria-haspopup", "dialog");
    cell.setAttribute("aria-expanded", "false");
  }
  document.addEventListener("click", (event) => {
    const cell = event.target.closest("[data-source].why");
    if (cell) open(cell);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) { close(); return; }
    if (event.key !== "Enter" && event.key !== " ") return;
    const cell = event.target.closest("[data-source].why");
    if (cell) { event.preventDefault(); open(cell); }
  });
  panel.querySelector("button").addEventListener("click", close);
})();
</script>"""


@dataclass
class Explained:
    """Sections of explanations, each distinct one once, and those of every cell.

    Attributes
    ----------
    sections : list of (str, lines)
    cells : dict of str to list of int
        By address: places of its sections.
    """

    sections: list[tuple[str, Lines]] = field(default_factory=list)
    cells: dict[str, list[int]] = field(default_factory=dict)
    _places: dict[tuple[str, Lines], int] = field(default_factory=dict)

    def add(self, address: str, sections: Sequence[tuple[str, Lines]]) -> None:
        """The explanation of a cell.

        Examples
        --------
        >>> made = Explained()
        >>> made.add("t1.c1.x", [("Run", (("version", "1", "", 0),))])
        >>> made.add("t1.c2.x", [("Run", (("version", "1", "", 0),))])
        >>> made.cells, len(made.sections)
        ({'t1.c1.x': [0], 't1.c2.x': [0]}, 1)
        """
        for section in sections:
            if section not in self._places:
                self._places[section] = len(self.sections)
                self.sections.append(section)
        self.cells[address] = [self._places[section] for section in sections]

    def html(self, lang: Lang) -> str:
        """The panel, its data and its script, for the end of a page's body."""
        data = {"colon": "：" if lang == "zh" else ": ", "sections": self.sections, "cells": self.cells}
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/").replace("<!", "<\\!")
        words: Mapping[str, str] = {"open": escape(_OPEN.text(lang)), "close": escape(_CLOSE.text(lang))}
        panel = (
            f'<aside id="why" role="dialog" aria-label="{words["open"]}" tabindex="-1" hidden>'
            f'<button type="button">{words["close"]}</button><h2></h2><div></div></aside>'
        )
        return f'{panel}\n<script type="application/json" id="why-data">{text}</script>\n{_SCRIPT}'

    @staticmethod
    def help(lang: Lang) -> str:
        """A line on top of the page that says what a click does."""
        return f'<p class="why-help">{escape(_HELP.text(lang))}</p>'
