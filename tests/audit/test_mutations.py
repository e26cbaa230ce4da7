"""Files of every format with bytes flipped, cut, doubled or cut off: an answer or a clear error, never a traceback."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from econloom.audit import audit
from econloom.cli import run_command
from econloom.core.errors import DataError
from econloom.report import render
from tests.audit.test_pdf import HERE
from tests.audit.test_readers import transcribed, wrong_table

SEED, EACH = 20261126, 40
KINDS = ("docx", "xlsx", "tex", "html", "md", "csv", "json")


def bytes_of(kind: str, folder: Path) -> bytes:
    if kind == "json":
        return json.dumps(transcribed()).encode()
    return render.write(wrong_table(), folder / f"whole.{kind}", "en").read_bytes()


def spoilt(content: bytes, rng: np.random.Generator) -> bytes:
    """One to four faults."""
    made = bytearray(content)
    for _ in range(int(rng.integers(1, 5))):
        if not made:
            break
        at, length = int(rng.integers(0, len(made))), int(rng.integers(1, 40))
        what = rng.integers(0, 5)
        if what == 0:
            made[at] ^= int(rng.integers(1, 256))
        elif what == 1:
            del made[at : at + length]
        elif what == 2:
            made[at:at] = made[at : at + length] * int(rng.integers(1, 5))
        elif what == 3:
            made[at:at] = bytes(rng.choice(list(b"(){}[]<>&\\|,;\"'*-\x00\xff0.e"), length).tolist())
        else:
            del made[at:]
    return bytes(made)


def inside(content: bytes, rng: np.random.Generator) -> bytes:
    """An office file whose parts, not their packing, are spoilt."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as whole, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in whole.namelist():
            part = whole.read(name)
            chosen = name.endswith(("document.xml", "sheet1.xml", "sharedStrings.xml", "styles.xml", "workbook.xml"))
            made.writestr(name, spoilt(part, rng) if chosen and rng.random() < 0.7 else part)
    return out.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_spoilt_files_give_an_answer_or_a_clear_error(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(SEED)
    content = bytes_of(kind, tmp_path)
    path = tmp_path / f"坏.{kind}"
    for n in range(EACH):
        packed = kind in {"docx", "xlsx"} and n % 4
        path.write_bytes(inside(content, rng) if packed else spoilt(content, rng))
        with contextlib.suppress(DataError):
            done = audit([path])
            assert done.to_dict()["findings"] is not None


def test_spoilt_pdf_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(SEED)
    content = (HERE / "t3.pdf").read_bytes()
    path = tmp_path / "t.pdf"
    for _ in range(12):
        path.write_bytes(spoilt(content, rng))
        with contextlib.suppress(DataError):
            audit([path])


def test_the_command_line_has_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(SEED)
    content = bytes_of("docx", tmp_path)
    path = tmp_path / "t.docx"
    for _ in range(4):
        path.write_bytes(spoilt(content, rng))
        assert run_command(["audit", str(path)]) in {0, 1, 3}
        assert "Traceback" not in capsys.readouterr().err


def test_merged_cells_that_contradict_each_other(tmp_path: Path) -> None:
    text = "<table><tr><td colspan=99999 rowspan=9999>x</td><td rowspan=0>(1)</td></tr><tr><td>0.5**</td></tr></table>"
    path = tmp_path / "t.html"
    path.write_text(text, encoding="utf-8")
    assert audit([path]).numbers <= 1


def test_a_zip_bomb_of_many_parts_and_a_nested_one(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("word/document.xml", b"0" * 20_000_000)
    path = tmp_path / "t.docx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("word/document.xml", inner.getvalue())
        for n in range(200):
            made.writestr(f"word/media/{n}.bin", b"0" * 100_000)
    with pytest.raises(DataError, match="damaged"):
        audit([path])
