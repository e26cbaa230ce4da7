"""Pack the yearly WIOD 2013 tables for the study `globalisation_1995_2011`.

    python benchmarks/trim_wiod2013.py SOURCE [TARGET]

SOURCE holds wiod2013_1995.npz ... wiod2013_2011.npz; TARGET is studies/globalisation_1995_2011/data/wiod2013 unless
given. The numbers stay as they are, arrays other than the five named below are dropped, and the manifest with the
digests is written. The same input gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
from trim_globalisation_data import packed

YEARS = range(1995, 2012)
KEPT = ("Z", "F", "x", "countries", "industries")
TARGET = Path(__file__).resolve().parents[1] / "studies/globalisation_1995_2011/data/wiod2013"


def main(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    digests = {}
    for name in (f"wiod2013_{year}.npz" for year in YEARS):
        with np.load(source / name, allow_pickle=False) as held:
            content = packed({array: held[array] for array in KEPT})
        (target / name).write_bytes(content)
        digests[name] = hashlib.sha256(content).hexdigest()
        print(f"{name}: {len(content) / 1e6:.2f} MB")
    manifest = {"layout": "wiod2013-arrays", "sha256": digests}
    (target / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else TARGET)
