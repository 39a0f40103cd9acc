"""Run benchmarks by name and print one table."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from benchmarks.row import Row

BENCHES = (
    "matrix",
    "engine",
    "national",
    "osm",
    "isochrones",
    "measures",
    "access",
    "provision",
    "flows",
    "maps",
)
app = App(name="scripts/benchmark", help="Ours against a named peer; ratio above 1 is better.")


@app.default
def run(
    *names: str,
    quick: bool = False,
    json_file: Annotated[Path | None, Parameter(name="--json")] = None,
) -> None:
    """Run the named benchmarks, or all.

    Parameters
    ----------
    names
        Which to run: matrix, engine, national, osm, isochrones, measures, access, provision,
        flows, maps.
    quick
        Small cases only; answers within 50 seconds.
    json_file
        Write the rows to this file as JSON too.
    """
    unknown = sorted(set(names) - set(BENCHES))
    if unknown:
        sys.exit(f"no such benchmark: {', '.join(unknown)}; there are: {', '.join(BENCHES)}")
    rows: list[Row] = []
    for name in names or BENCHES:
        rows += import_module(f"benchmarks.{name}").rows(quick=quick)
    show(rows)
    if json_file:
        told = [asdict(row) | {"ratio": row.ratio} for row in rows]
        json_file.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def show(rows: list[Row]) -> None:
    table = Table("bench", "case", "ours", "peer", "theirs", "unit", "ratio", "bar")
    for row in rows:
        ratio = f"{row.ratio:.1f}" + ("" if row.ratio >= row.bar else "  below")
        figures = (f"{row.ours:.4g}", row.peer, f"{row.theirs:.4g}", row.unit, ratio)
        table.add_row(row.bench, row.case, *figures, f"{row.bar:g}")
    Console(width=None if sys.stdout.isatty() else 140).print(table)


if __name__ == "__main__":
    app()
