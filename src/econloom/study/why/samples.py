"""Rows that models used: one row for each row of a prepared panel, one boolean column for each distinct sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from econloom.core.frame import Panel
from econloom.core.lineage import SampleLog

BoolArray = npt.NDArray[np.bool_]
FILE = "samples.parquet"
VERSION = "version"


def file_of(panel: str, main: str) -> str:
    """The file of a panel's samples: ``samples.parquet`` of the main one, ``samples-NAME.parquet`` of another."""
    return FILE if panel == main else f"samples-{panel}.parquet"


@dataclass
class Samples:
    """The samples of a run.

    Attributes
    ----------
    main : str
        Name of the main panel.
    keys : dict of (version, panel) to DataFrame
        Key columns of the panels, a row each.
    used : dict of str to dict of str to bool array
        By sample, then by version: which of the panel's rows.
    panels : dict of str to str
        The panel of each sample.
    """

    main: str = ""
    keys: dict[tuple[str, str], pl.DataFrame] = field(default_factory=dict)
    used: dict[str, dict[str, BoolArray]] = field(default_factory=dict)
    panels: dict[str, str] = field(default_factory=dict)
    _of: dict[str, str] = field(default_factory=dict)

    def add(self, version: str, panel: str, keys: Panel, log: SampleLog, address: str) -> str:
        """The id of a model's sample; the same column of a table keeps its id in other versions where it can."""
        assert log.rows is not None
        rows = np.zeros(keys.height, dtype=np.bool_)
        rows[log.rows] = True
        self.keys.setdefault((version, panel), keys.frame)
        return self.entered(version, panel, rows, address)

    def entered(self, version: str, panel: str, rows: BoolArray, address: str) -> str:
        """The id of some rows of a panel."""
        mine = [s for s, of in self.panels.items() if of == panel]
        liked = self._of.get(address)
        for sample in sorted(mine, key=lambda s: s != liked):
            there = self.used[sample].get(version)
            if there is not None and np.array_equal(there, rows):
                return sample
        free = liked if liked in mine and version not in self.used[liked] else None
        sample = free or f"s{len(self.used) + 1}"
        self.used.setdefault(sample, {})[version] = rows
        self.panels[sample] = panel
        self._of.setdefault(address, sample)
        return sample

    def records(self) -> dict[str, dict[str, Any]]:
        """File, panel and size of every sample."""
        return {
            sample: {
                "file": file_of(self.panels[sample], self.main),
                "panel": self.panels[sample],
                "n": {version: int(rows.sum()) for version, rows in by_version.items()},
            }
            for sample, by_version in self.used.items()
        }

    def frames(self, names: Mapping[str, str]) -> Mapping[str, pl.DataFrame]:
        """The frames by file: version, the keys, and the samples; null in versions that a sample is not of.

        Parameters
        ----------
        names : mapping of str to str
            What the samples are called, in order.
        """
        found: dict[str, list[pl.DataFrame]] = {}
        for (version, panel), keys in self.keys.items():
            held = {
                names[s]: self.used[s][version] for s in names if self.panels[s] == panel and version in self.used[s]
            }
            made = keys.select(pl.lit(version).alias(VERSION), pl.all()).with_columns(
                pl.Series(sample, rows) for sample, rows in held.items()
            )
            found.setdefault(file_of(panel, self.main), []).append(made)
        whole = {file: pl.concat(parts, how="diagonal_relaxed") for file, parts in found.items()}
        return {file: _in_order(frame, list(names.values())) for file, frame in whole.items()}

    def carry(self, version: str, panel: str, old: pl.DataFrame, sample: str, address: str) -> str | None:
        """The id of a sample of an earlier run; None where the panel does not have its rows any more.

        Parameters
        ----------
        old : DataFrame
            Of the earlier run's file, this version's rows.
        sample : str
            Column of it.
        """
        if sample not in old.columns:
            return None
        names = [c for c in old.columns[1:] if c not in self.used and not _is_sample(old, c)]
        here = self.keys.setdefault((version, panel), old.select(names))
        if here.columns != names:
            return None
        chosen = old.filter(pl.col(sample)).select(names).with_columns(pl.lit(True).alias(sample))
        try:
            rows = here.join(chosen, on=names, how="left", maintain_order="left")[sample].fill_null(False)
        except pl.exceptions.PolarsError:
            return None
        if int(rows.sum()) != chosen.height:
            return None
        return self.entered(version, panel, rows.to_numpy(), address)


def _in_order(frame: pl.DataFrame, samples: list[str]) -> pl.DataFrame:
    keys = [c for c in frame.columns if c not in samples]
    return frame.select(keys + [s for s in samples if s in frame.columns])


def _is_sample(frame: pl.DataFrame, column: str) -> bool:
    return frame.schema[column] == pl.Boolean and column[:1] == "s" and column[1:].isdecimal()
