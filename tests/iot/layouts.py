# ruff: noqa: E501
"""Small tables written in the official layouts, as their documentation and programs that read them describe them."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import polars as pl

from econloom.iot import IOTable

CODES16, CODES13 = ("A01", "A02", "B"), ("AtB", "C", "15t16")
NAMES = ("Crop and animal production", "Forestry", "Mining")
USES = 5


def made(countries, sectors, seed=0, S=3):
    """Z, final use by destination and category (n, G, 5), and the table they make."""
    rng = np.random.default_rng(seed)
    n, G = len(countries) * S, len(countries)
    Z, F = rng.uniform(1, 9, (n, n)).round(6), rng.uniform(1, 30, (n, G, USES)).round(6)
    F[0, 0, 4] = -3.25  # inventories drawn down
    return Z, F, IOTable(Z, F.sum(axis=2), countries, sectors)


def numbered(kind, countries, seed=0):
    """Rows of a WIOD or ADB sheet, and its table."""
    codes = CODES16 if kind == "wiod2016" else ("c1", "c2", "c3")
    Z, F, t = made(countries, codes, seed)
    S, G = 3, len(countries)
    first = {"wiod2016": 57, "wiod2013": 37}.get(kind)
    uses = [f"F{k + 1}" for k in range(USES)] if first is None else [f"c{first + k}" for k in range(USES)]
    heads = [f"c{k + 1}" for k in range(S)] * G + uses * G
    owners = [c for c in countries for _ in range(S)] + [c for c in countries for _ in range(USES)]
    industries = (
        list(CODES16 if kind == "wiod2016" else CODES13) * G + ["CONS_h", "CONS_np", "CONS_g", "GFCF", "INVEN"] * G
    )
    names = list(NAMES) * G + ["Final consumption expenditure by households"] * (USES * G)
    last = {"wiod2016": ("GO", "Total output", "TOT", "c62"), "wiod2013": ("", "Total output", "", "")}.get(
        kind, ("", "TOTAL", "ToT", "")
    )
    top = [["", "", "", "", *row, end] for row, end in zip((industries, names, owners, heads), last, strict=True)]
    if kind == "adb-mrio":
        top[0] = [""] * len(top[0])
    rows = [["Multiregional table", *[""] * (len(top[0]) - 1)], ["millions of US$", *[""] * (len(top[0]) - 1)], *top]
    prefix = "r" if kind == "wiod2016" else "c"
    flat = F.reshape(len(Z), -1)
    for i in range(len(Z)):
        c, s = divmod(i, S)
        code = CODES16[s] if kind == "wiod2016" else CODES13[s] if kind == "wiod2013" else ""
        rows.append(
            [code, NAMES[s], countries[c], f"{prefix}{s + 1}", *Z[i].tolist(), *flat[i].tolist(), float(t.x[i])]
        )
    for code, text, number, values in (
        ("II_fob", "Total intermediate consumption", "r60" if kind != "wiod2016" else "r65", Z.sum(0)),
        ("VA", "Value added at basic prices", "r64" if kind != "wiod2016" else "r70", t.x - Z.sum(0)),
        ("GO", "Output at basic prices", "r69" if kind != "wiod2016" else "r73", t.x),
    ):
        total = [code if kind == "wiod2016" else "", text, "TOT", number]
        rows.append([*total, *values.tolist(), *[0.0] * (flat.shape[1]), 0.0])
    return rows, t


def r_frame(countries, seed=0):
    """The frame `wiot` of WIOD 2016 in R, and its table."""
    Z, F, t = made(countries, CODES16, seed)
    n, G, flat = len(Z), len(countries), F.reshape(len(Z), -1)
    body = np.vstack([np.hstack([Z, flat, t.x[:, None]]), np.append(t.x - Z.sum(0), np.zeros(flat.shape[1] + 1))])
    heads = [f"{c}{k + 1}" for c in countries for k in range(3)] + [
        f"{c}{57 + k}" for c in countries for k in range(USES)
    ]
    frame = pl.DataFrame({
        "IndustryCode": [*CODES16 * G, "VA"], "IndustryDescription": [*NAMES * G, "Value added"],
        "Country": [c for c in countries for _ in range(3)] + ["TOT"], "RNr": [1, 2, 3] * G + [70], "Year": [2014] * (n + 1),
    })  # fmt: skip
    return frame.with_columns(pl.Series(h, body[:, k]) for k, h in enumerate([*heads, "TOT"])), t


def icio(countries, seed=0, merged=False):
    """Rows of an OECD ICIO csv, and its table; with ``merged`` China and Mexico are split in rows and columns of use."""
    split = {"CHN": ("CN1", "CN2"), "MEX": ("MX1", "MX2")} if merged else {}
    sectors = ("01T02", "05T06", "10T12")
    rows_of = [p for c in countries for p in split.get(c, (c,))]
    Z, F, wide = made(rows_of, sectors, seed)
    labels = [f"{c}_{s}" for c in rows_of for s in sectors]
    final = np.zeros((len(Z), len(countries), USES))
    owner = [i for i, c in enumerate(countries) for _ in split.get(c, (c,))]
    for k, i in enumerate(owner):
        final[:, i] += F[:, k]
    heads = [f"{c}_{u}" for c in countries for u in ("HFCE", "NPISH", "GGFC", "GFCF", "INVNT")]
    flat = final.reshape(len(Z), -1)
    grid = [["V1", *labels, *heads, "OUT"]]
    grid += [[label, *Z[i].tolist(), *flat[i].tolist(), float(wide.x[i])] for i, label in enumerate(labels)]
    grid += [[f"{c}_TAXSUB", *[0.5] * (len(grid[0]) - 2), 0] for c in countries]
    grid.append(["VA", *(wide.x - Z.sum(0)).tolist(), *[0] * len(heads), 0])
    grid.append(["OUT", *wide.x.tolist(), *[0] * len(heads), 0])
    member = np.kron(np.eye(len(countries))[owner], np.eye(3))
    t = IOTable(member.T @ Z @ member, member.T @ final.sum(axis=2), countries, sectors)
    return grid, t


FIGARO_SECTORS, FIGARO_USES = ("A01", "C10T12", "U"), ("P3_S13", "P3_S14", "P3_S15", "P51G", "P5M")


def figaro(countries, seed=0):
    """Rows of a FIGARO matrix, the rows of its flat form, and the table."""
    Z, F, t = made(countries, FIGARO_SECTORS, seed)
    labels = [f"{c}_{s}" for c in countries for s in FIGARO_SECTORS]
    heads = [f"{c}_{u}" for c in countries for u in FIGARO_USES]
    body = np.hstack([Z, F.reshape(len(Z), -1)])
    grid = [["rowLabels", *labels, *heads], *([label, *body[i].tolist()] for i, label in enumerate(labels))]
    flat = [["icioiRow", "icioiCol", "refArea", "rowIi", "counterpartArea", "colIi", "obsValue"]]
    added = [("W2_D1", (t.x - Z.sum(0)) * 0.6), ("W2_B2A3G", (t.x - Z.sum(0)) * 0.4)]
    for name, values in added:
        grid.append([name, *values.tolist(), *[0.0] * len(heads)])
    for row in grid[1:]:
        for head, value in zip(grid[0][1:], row[1:], strict=True):
            flat.append([row[0], head, *row[0].split("_", 1), *head.split("_", 1), value])
    return grid, flat, t


def province(seed=0, chinese=True):
    """Rows of a provincial table, its flows, final use, exports, imports and output."""
    rng = np.random.default_rng(seed)
    sectors = ["01", "02", "03"]
    Z = rng.uniform(1, 9, (3, 3)).round(4)
    F, E, M = (
        rng.uniform(5, 20, (3, 5)).round(4),
        rng.uniform(5, 9, (3, 2)).round(4),
        rng.uniform(1, 4, (3, 2)).round(4),
    )
    err = np.array([0.25, -0.5, 0.0])
    x = Z.sum(1) + F.sum(1) + E.sum(1) - M.sum(1) + err
    names = ["农产品", "煤炭", "食品"]
    codes = [
        *sectors,
        "TIU",
        "FU101",
        "FU102",
        "THC",
        "FU103",
        "TC",
        "FU201",
        "FU202",
        "GCF",
        "EX",
        "OF",
        "TFU",
        "IM",
        "IF",
        "ERR",
        "GO",
    ]
    words = [*names, "中间使用合计", "农村居民消费支出", "城镇居民消费支出", "居民消费支出小计", "政府消费支出", "最终消费支出合计",
             "固定资本形成总额", "存货增加", "资本形成总额合计", "出口", "国内省外流出", "最终使用合计", "进口", "国内省外流入", "其他", "总产出"]  # fmt: skip
    rows = [["2012年投入产出表", *[""] * 20], ["单位：万元", *[""] * 20], ["", "", *words], ["", "代码", *codes]]
    for i in range(3):
        f = F[i]
        values = [*Z[i], Z[i].sum(), f[0], f[1], f[0] + f[1], f[2], f[:3].sum(), f[3], f[4], f[3:].sum(), E[i, 0], E[i, 1],
                  f.sum() + E[i].sum(), M[i, 0], M[i, 1], err[i], x[i]]  # fmt: skip
        rows.append([names[i], sectors[i], *(float(v) for v in values)])
    rows.append(["中间投入合计", "TII", *Z.sum(0).tolist(), *[""] * 16])
    rows.append(["增加值合计", "TVA", *(x - Z.sum(0)).tolist(), *[""] * 16])
    rows.append(["总投入", "TI", *x.tolist(), *[""] * 16])
    return rows, Z, F.sum(1), E.sum(1), M.sum(1), err, x


def write_csv(path: Path, rows, separator=",", encoding="utf-8"):
    text = "\n".join(separator.join(repr(v) if isinstance(v, float) else str(v) for v in row) for row in rows)
    path.write_bytes((text + "\n").encode(encoding))
    return path


def write_xlsx(path: Path, rows, sheet="2014"):
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    for row in rows:
        page.append([None if v == "" else v for v in row])
    notes = book.create_sheet("Legend")
    notes.append(["Code", "Country"])
    book.save(path)
    return path


def write_xlsb(path: Path, rows, sheet="2014"):
    """A binary workbook by hand: records of [MS-XLSB] for rows, numbers and inline texts."""

    def record(kind, data=b""):
        head = bytes([kind]) if kind < 128 else bytes([(kind & 0x7F) | 0x80, kind >> 7])
        size, out = len(data), b""
        while True:
            out += bytes([(size & 0x7F) | (0x80 if size > 127 else 0)])
            size >>= 7
            if not size:
                return head + out + data

    def text(value):
        return struct.pack("<I", len(value)) + value.encode("utf-16-le")

    width = max(len(r) for r in rows)
    body = record(129) + record(148, struct.pack("<4I", 0, len(rows) - 1, 0, width - 1)) + record(145)
    for r, row in enumerate(rows):
        body += record(0, struct.pack("<IIHHBI", r, 0, 300, 0, 0, 0))
        for c, value in enumerate(row):
            place = struct.pack("<II", c, 0)
            if isinstance(value, str):
                body += record(6, place + text(value)) if value else b""
            else:
                body += record(5, place + struct.pack("<d", value))
    body += record(146) + record(130)
    bundle = struct.pack("<II", 0, 1) + text("rId1") + text(sheet)
    book = record(131) + record(143) + record(156, bundle) + record(144) + record(132)
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    parts = {
        "[Content_Types].xml": '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>',
        "_rels/.rels": f'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{relation}/officeDocument" Target="xl/workbook.bin"/></Relationships>',
        "xl/_rels/workbook.bin.rels": f'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{relation}/worksheet" Target="worksheets/sheet1.bin"/></Relationships>',
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        archive.writestr("xl/workbook.bin", book)
        archive.writestr("xl/worksheets/sheet1.bin", body)
    path.write_bytes(packed.getvalue())
    return path
