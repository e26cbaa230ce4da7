"""Small folders in the layout `wiod2016-assembled`, made from a seed, for tests that need no real data."""

import hashlib
import json

import numpy as np

YEARS, MEMBERS, SECTORS = (2000, 2001), ("AAA", "BBB"), ("s1", "s2", "s3")
FILES = ("national.npz", "bilateral.npz", "rest_of_world.npz")


def arrays(seed=1):
    """Three dictionaries of arrays that agree with one another, one for each file; numbers in the hundreds."""
    rng = np.random.default_rng(seed)
    T, K, S, C = len(YEARS), len(MEMBERS), len(SECTORS), 2
    G = K + 1
    flows = rng.uniform(50, 100, (2, T, G, G, S))
    flows[:, :, range(K), range(K)] = 0
    split = rng.uniform(0.5, 1.5, (T, K, S, S + C))
    split[..., :S] /= split[..., :S].sum(-1, keepdims=True)
    split[..., S:] /= split[..., S:].sum(-1, keepdims=True)
    into = flows.sum(2)[:, :, :K]
    imports = np.concatenate([split[..., :S] * into[0][..., None], split[..., S:] * into[1][..., None]], -1)
    domestic = rng.uniform(50, 100, (T, K, S, S + C))
    domestic[..., S:] += 500
    exports = flows.sum((0, 3))[:, :K]
    national = {
        "years": np.array(YEARS),
        "sectors": np.array(SECTORS),
        "countries": np.array(MEMBERS),
        "columns": np.array([*SECTORS, "cons", "inv"]),
        "domestic": domestic,
        "imports": imports,
        "purchases": domestic.sum(2) + imports.sum(2),
        "exports": exports,
        "output": domestic.sum(3) + exports,
    }
    bilateral = {
        "years": np.array(YEARS),
        "sectors": np.array(SECTORS),
        "countries": np.array([*MEMBERS, "ROW"]),
        "unit": np.array(1.0),
        "intermediate": flows[0],
        "final": flows[1],
    }
    bilateral["final"][:, K, K] += 500
    return national, bilateral, {"sectors": np.array(SECTORS), "domestic": rng.uniform(1, 2, (S, S))}


def write(folder, parts, manifest=False):
    """Write the three files (and their digests) and return the folder."""
    for name, content in zip(FILES, parts, strict=True):
        np.savez_compressed(folder / name, **content)
    if manifest:
        digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
        (folder / "manifest.json").write_text(json.dumps({"layout": "wiod2016-assembled", "sha256": digests}))
    return folder
