"""Size of a map page against plain folium with one GeoJSON layer a variable."""

from __future__ import annotations

import tempfile
from pathlib import Path

import folium

from benchmarks.places import EXAMPLE
from benchmarks.row import Row


def rows(*, quick: bool) -> list[Row]:  # noqa: ARG001  both take a moment
    from geo_mbo.study import read_study, run_study

    with tempfile.TemporaryDirectory() as folder:
        outcome = run_study(read_study(EXAMPLE / "study.toml"), folder=Path(folder), offline=True)
        sizes = {path.name: path.stat().st_size / 1e6 for path in outcome.written}
        areas = outcome.tables.areas
        postcodes = areas[areas["level"] == "pc4"].to_crs(4326)
        plain = folium.Map()
        for mode in outcome.matrix.modes:
            for rank in (1, 2, 3):
                layer = postcodes[["area_id", "name", "geometry"]].assign(rank=rank, mode=mode)
                folium.GeoJson(layer, name=f"{mode} {rank}").add_to(plain)
        theirs = len(plain.get_root().render().encode()) / 1e6
    case = "reistijd.html, four modes x three providers, Leaflet inside (folium: not)"
    return [Row("maps", case, sizes["reistijd.html"], "folium, a layer each", theirs, "MB", 1)]
