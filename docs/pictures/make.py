"""Make the pictures of the documentation from a finished run of the study globalisation.

    econloom run studies/globalisation --out RUN
    python docs/pictures/make.py RUN

Needs LibreOffice (soffice), pdftoppm, a Chinese font, and for one picture XeLaTeX with ctex.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

from econloom.core.estimate import Unavailable
from econloom.report.render import latex

HERE = Path(__file__).parent


def trimmed(image: Image.Image, border: int = 18) -> Image.Image:
    """Without the white around it."""
    plain = image.convert("RGB")
    box = ImageChops.difference(plain, Image.new("RGB", plain.size, "white")).getbbox()
    left, top, right, bottom = box or (0, 0, *plain.size)
    framed = Image.new("RGB", (right - left + 2 * border, bottom - top + 2 * border), "white")
    framed.paste(plain.crop((left, top, right, bottom)), (border, border))
    return framed


def save(image: Image.Image, name: str) -> None:
    """As a small PNG of 32 greys and colours."""
    trimmed(image).quantize(32).save(HERE / name, optimize=True)
    print(f"{name}: {(HERE / name).stat().st_size / 1000:.0f} kB")


def page(document: Path, name: str, dpi: int = 110) -> None:
    """The first page of a Word file as a picture."""
    with tempfile.TemporaryDirectory() as folder:
        profile = f"-env:UserInstallation=file://{folder}/profile"
        shutil.copy(document, Path(folder) / "table.docx")
        convert = ["soffice", profile, "--headless", "--convert-to", "pdf", "table.docx"]
        subprocess.run(convert, cwd=folder, check=True, capture_output=True)
        first_page((Path(folder) / "table.pdf").read_bytes(), name, dpi)


def typeset(fragment: Path, name: str, dpi: int = 110) -> None:
    """A LaTeX table as a picture, where a TeX engine is installed."""
    made = latex.compile_pdf(latex.document(fragment.read_text(encoding="utf-8"), "zh"))
    if isinstance(made, Unavailable):
        print(f"{name}: {made.reason}")
    else:
        first_page(made, name, dpi)


def first_page(pdf: bytes, name: str, dpi: int) -> None:
    """The first page of a PDF as a picture."""
    command = ["pdftoppm", "-png", "-r", str(dpi), "-singlefile"]
    done = subprocess.run(command, input=pdf, check=True, capture_output=True)
    save(Image.open(io.BytesIO(done.stdout)), name)


def main(run: Path) -> None:
    """All pictures."""
    page(run / "tables" / "t3.docx", "table3.png")
    page(run / "tables" / "t4.docx", "table4.png")
    typeset(run / "tables" / "t4.tex", "table4_latex.png")
    figures = (("f1", "figure1.png", 1280), ("leave_one_out", "leave_one_out.png", 640),
               ("curve", "specification_curve.png", 900))  # fmt: skip
    for figure, name, width in figures:
        image = Image.open(run / "figures" / f"{figure}.png").convert("RGB")
        image.thumbnail((width, 4 * width), Image.Resampling.LANCZOS)
        save(image, name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
