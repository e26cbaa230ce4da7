"""The verbs of the command line. Everything heavy is imported inside them, so that ``--help`` is quick."""

from __future__ import annotations

from econloom.cli import audits as audits
from econloom.cli import cache as cache
from econloom.cli import diffs as diffs
from econloom.cli import exports as exports
from econloom.cli import ledgers as ledgers
from econloom.cli import packs as packs
from econloom.cli import simulate as simulate
from econloom.cli import starting as starting
from econloom.cli import studies as studies
from econloom.cli import tables as tables
from econloom.cli import why as why
from econloom.cli.app import app, run_command

__all__ = ["app", "run_command"]
