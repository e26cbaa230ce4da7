"""The report of a run, opened in a real browser: nothing is fetched, every table and figure is there and fits."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: chromium)")
def test_the_report_opens_offline(real_run, tmp_path: Path) -> None:
    asked: list[str] = []
    said: list[str] = []
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.goto((real_run.path / "report.html").as_uri())
        tables, figures = page.locator("table"), page.locator("figure svg")
        counts = tables.count(), figures.count()
        widths = [box["width"] for box in (tables.nth(n).bounding_box() for n in range(counts[0])) if box]
        cell = page.locator("[data-source='t3.c1.tbi']").first.inner_text()
        links = page.locator("nav a").count()
        panel, first = page.locator("#why"), page.locator("[data-source='t3.c1.tbi']").first
        hidden = panel.is_hidden()
        first.click()
        clicked = panel.inner_text()
        page.keyboard.press("Escape")
        closed = panel.is_hidden()
        page.keyboard.press("Enter")  # focus is back on the cell
        again = panel.inner_text()
        expanded = first.get_attribute("aria-expanded")
        browser.close()
    assert [u for u in asked if not u.startswith("file:")] == [] and said == []
    assert counts == (len(real_run.tables) + 1, len(real_run.figures)) and links == sum(counts)  # and the codebook
    assert max(widths) <= 1100
    assert cell.startswith("11.6073")
    assert hidden and closed and clicked == again and expanded == "true"
    assert clicked.splitlines()[0] == "关闭" and "t3.c1.tbi" in clicked and "[study.yaml:" in clicked
    assert "11.607" in clicked and "标准误" in clicked and "SHA-256" in clicked
