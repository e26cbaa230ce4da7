"""Make the pictures of the documentation from a finished run of the study globalisation.

    econloom run studies/globalisation --out RUN
    python docs/pictures/make.py RUN

Needs LibreOffice (soffice), pdftoppm and a Chinese font.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl
from PIL import Image, ImageChops

from econloom.core.labels import Label
from econloom.report import figures

HERE = Path(__file__).parent
# as the study's list of developed countries
DEVELOPED = "AUS|AUT|BEL|CAN|CHE|DEU|DNK|ESP|FIN|FRA|GBR|GRC|IRL|ITA|JPN|KOR|LUX|NLD|NOR|PRT|SWE|USA"


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
        subprocess.run(
            ["pdftoppm", "-png", "-r", str(dpi), "-singlefile", "table.pdf", "table"], cwd=folder, check=True
        )
        save(Image.open(Path(folder) / "table.png"), name)


def trend(panel: pl.DataFrame) -> figures.Trend:
    """Figure 1 of the study: mean indices of developed and developing countries."""
    developed = pl.col("code").str.contains(f"^({DEVELOPED})$")
    groups = {
        "developed": (Label(zh="发达国家", en="Developed"), developed),
        "developing": (Label(zh="发展中国家", en="Developing"), ~developed),
    }
    labels = {"year": Label(zh="年份", en="Year")}
    spec = figures.TrendSpec("figure1", Label(), "year", ("KOFGIdj", "KOFEcGIdj"), labels=labels)
    return figures.trend(panel, groups, spec)


def main(run: Path) -> None:
    """All pictures."""
    page(run / "tables" / "t3.docx", "table3.png")
    with tempfile.TemporaryDirectory() as folder:
        made = figures.write_all(trend(pl.read_parquet(run / "panel.parquet")), folder, "zh", ("png",))
        save(Image.open(made[0]), "figure1.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
