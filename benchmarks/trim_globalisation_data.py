"""Trim the inter-country sources to what the study `globalisation` needs.

    python benchmarks/trim_globalisation_data.py SOURCE [TARGET]

SOURCE holds wiod2016_niot_2000_2014.npz, wiod2016_bilateral_reconstructed.npz and wiod2016_final_use_2014.npz;
TARGET is studies/globalisation/data/wiod2016 unless given. The same input gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import zipfile
from pathlib import Path

import numpy as np

UNIT = 0.001  # millions of US dollars, so thousands of dollars; the margins of the estimated flows are integers
TARGET = Path(__file__).resolve().parents[1] / "studies/globalisation/data/wiod2016"


def national(niot) -> dict[str, np.ndarray]:
    """Sectors and final uses without the columns EXP and GO, which become arrays; of the totals only II_fob."""
    columns = list(niot["columns"])
    kept = columns.index("EXP")
    rows = list(niot["total_rows"])
    return {
        "years": niot["years"],
        "countries": niot["countries"],
        "sectors": niot["sectors"],
        "columns": niot["columns"][:kept],
        "domestic": niot["domestic"][..., :kept],
        "imports": niot["imports"][..., :kept],
        "purchases": niot["totals"][:, :, rows.index("II_fob"), :kept],
        "exports": niot["domestic"][..., kept],
        "output": niot["totals"][:, :, rows.index("GO"), : len(niot["sectors"])],
    }


def bilateral(flows) -> dict[str, np.ndarray]:
    """Thousands of dollars as integers; flows of a country to itself stand in the national tables."""
    total, intermediate = flows["total"].astype(np.float64), flows["intermediate"].astype(np.float64)
    arrays = {"intermediate": intermediate, "final": total - intermediate}
    home = np.arange(len(flows["countries"]) - 1)
    for values in arrays.values():
        values[:, home, home] = 0.0
    rounded = {name: np.rint(values / UNIT).astype(np.int32) for name, values in arrays.items()}
    labels = {name: flows[name] for name in ("years", "countries", "sectors")}
    return {**labels, "unit": np.array(UNIT), **rounded}


def rest_of_world(final_use) -> dict[str, np.ndarray]:
    """The domestic intermediate block of the rest of the world."""
    place = list(final_use["countries"]).index("ROW")
    return {"sectors": final_use["sectors"], "year": np.array(2014), "domestic": final_use["Zdom"][place]}


def packed(arrays: dict[str, np.ndarray]) -> bytes:
    """An npz file whose bytes depend on the arrays only (fixed dates)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            stream = io.BytesIO()
            np.lib.format.write_array(stream, np.asarray(array, order="C"), allow_pickle=False)
            archive.writestr(
                zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), stream.getvalue(), zipfile.ZIP_DEFLATED
            )
    return buffer.getvalue()


def main(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    parts = {
        "national.npz": national(np.load(source / "wiod2016_niot_2000_2014.npz")),
        "bilateral.npz": bilateral(np.load(source / "wiod2016_bilateral_reconstructed.npz")),
        "rest_of_world.npz": rest_of_world(np.load(source / "wiod2016_final_use_2014.npz")),
    }
    digests = {}
    for name, arrays in parts.items():
        content = packed(arrays)
        (target / name).write_bytes(content)
        digests[name] = hashlib.sha256(content).hexdigest()
        print(f"{name}: {len(content) / 1e6:.1f} MB")
    manifest = {"layout": "wiod2016-assembled", "sha256": digests}
    (target / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else TARGET)
