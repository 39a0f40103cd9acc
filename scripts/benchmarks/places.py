"""What the benchmarks measure on: the embedded example, and real data where they are."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "data" / "example"
REAL_DATA = ROOT.parent / "shared" / "data"


def quiet(*_: object) -> None:
    """Take a note and say nothing: notes are not what is measured."""


@cache
def example_network() -> Any:
    from geo_mbo.network import read_network

    return read_network(EXAMPLE / "wegen.osm.pbf", modes=("bike", "car"), notify=quiet)


@cache
def example_tables() -> Any:
    from geo_mbo.study import read_study
    from geo_mbo.study.inputs import read_tables

    return read_tables(read_study(EXAMPLE / "study.toml"), offline=True, notify=quiet)
