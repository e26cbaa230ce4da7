from __future__ import annotations

from pathlib import Path

import pytest

from econloom.core.errors import UsageError
from econloom.core.labels import Label
from econloom.core.table import Style
from econloom.report import format as fmt
from econloom.report import presets
from econloom.report.tables import regression
from tests.report.conftest import TBI, model, spec


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_loads_and_prints_a_table(name: str) -> None:
    table = regression([model(TBI)], presets.load(name).apply(spec()))
    assert table.style.name == name
    assert fmt.caption(table, "zh") and fmt.caption(table, "en")


def test_the_default_style_is_the_chinese_preset() -> None:
    assert presets.load("chinese").style == Style()


def test_aer_has_no_stars_and_its_own_caption() -> None:
    table = regression([model(TBI)], presets.load("aer").apply(spec()))
    assert table.rows[0].cells[0].stars == 0
    assert fmt.caption(table, "en") == "Table 3—Baseline results"
    assert [r.label.text("en") for r in table.rows][-2] == "Observations"
    assert not any(r.rule_above for r in table.rows)


def test_a_file_of_the_user(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        '[style]\nsize = 9\nyes = "✓"\n[style.words]\nn = {zh = "样本", en = "Obs."}\n[table]\ndigits = 2\n'
    )
    preset = presets.load(file)
    assert (preset.style.size, preset.digits, preset.style.name) == (9.0, 2, "mine")
    assert preset.style.yes == Label.same("✓") and preset.style.word("n").text("en") == "Obs."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[stile]\n", "unknown key 'stile', did you mean 'style'"),
        ("[style]\nsise = 9\n", "style: unknown key 'sise', did you mean 'size'"),
        ('[style]\nsize = "9"\n', "style.size: '9' is no float"),
        ('[style]\npanel_align = "middle"\n', "style.panel_align: 'middle'"),
        ('[style]\ncaption = {zh = "表{nummer}"}\n', "unknown place 'nummer'"),
        ('[style]\nyes = {cn = "是"}\n', "style.yes: unknown key 'cn'"),
        ("[table]\nstars = 3\n", "table.stars: 3 is no list"),
        ("[style\n", "Expected"),
    ],
)
def test_faults_of_a_file_are_named(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=message):
        presets.load(file)


def test_unknown_presets_are_suggested(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown preset 'chinse', did you mean 'chinese'"):
        presets.load("chinse")
    with pytest.raises(UsageError, match="cannot be read"):
        presets.load(tmp_path / "none.toml")
