"""Small folders in the layout `wiod2013-arrays`, made from a seed and rounded to integers like the shipped ones."""

import hashlib
import json

import numpy as np

YEARS, COUNTRIES, SECTORS = (1995, 1996, 1997), ("AUS", "ROM", "RoW"), ("c1", "c2")
HARMONISED = ("AUS", "ROU", "ROW")


def arrays(seed):
    """One year: unrounded flows in the hundreds, rounded afterwards; stated output is the unrounded sum, rounded."""
    rng = np.random.default_rng(seed)
    G, n = len(COUNTRIES), len(COUNTRIES) * len(SECTORS)
    Z, F = rng.uniform(0, 50, (n, n)), rng.uniform(0, 100, (n, 5 * G))
    x = Z.sum(axis=1) + F.sum(axis=1)
    content = {name: np.rint(values).astype(np.int32) for name, values in {"Z": Z, "F": F, "x": x}.items()}
    return {**content, "countries": np.array(COUNTRIES), "industries": np.array(SECTORS)}


def years():
    """Every year's arrays."""
    return {year: arrays(year) for year in YEARS}


def write(folder, content, manifest=False):
    """Write the yearly files (and their digests) and return the folder."""
    digests = {}
    for year, held in content.items():
        path = folder / f"wiod2013_{year}.npz"
        np.savez_compressed(path, **held)
        digests[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    if manifest:
        (folder / "manifest.json").write_text(json.dumps({"layout": "wiod2013-arrays", "sha256": digests}))
    return folder
