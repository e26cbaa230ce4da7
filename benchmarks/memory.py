"""Peak memory of one regression beside the bytes of the columns it uses.

    python benchmarks/memory.py [ROWS]

Ten million rows by default: ten regressors, two effects (1 million and 1,000 levels), clustered. The input frame is
not counted; the peak is that of a process which fits once, less the same process with the data loaded and econloom's
code warmed by a small fit.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from regression import UNSET, listed, peak

ALLOWED = 3.0


def main(rows: int = 10_000_000) -> None:
    import panels

    import econloom as el

    formula = f"y ~ {listed(10)} | f1 + f2"
    el.ols(formula, panels.matched(20_000, (2_000, 100), 10), vcov=el.cluster("f1"))
    frame = panels.matched(rows, (rows // 10, 1_000), 10)
    used = sum(frame[name].estimated_size() for name in ("f1", "f2", "y", *(f"x{j}" for j in range(1, 11)))) / 2**20
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak counts from here
    before = peak()
    el.ols(formula, frame, vcov=el.cluster("f1"))
    more = peak() - before
    print(
        f"{rows:,} rows: columns {used:,.0f} MB, peak {more:,.0f} MB more, {more / used:.2f} times (at most {ALLOWED})"
    )


if __name__ == "__main__":
    if any(name in os.environ for name in UNSET):
        clean = {name: value for name, value in os.environ.items() if name not in UNSET}
        os.execve(sys.executable, [sys.executable, *sys.argv], clean)
    main(*map(int, sys.argv[1:]))
