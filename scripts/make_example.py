"""Make the example province: ``python scripts/make_example.py [folder]``.

Everything in ``data/example`` is made up and comes from this script and one seed, so that the
same versions of the libraries give the same bytes.  Nothing is read, and nothing real occurs.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from pathlib import Path

import numpy as np
from example import extras, land, names, osm, people, readme, streets, tables, timetable

SEED = 20251001
SUMS = "SHA256SUMS"
FILES = (
    tables.COURSES,
    tables.RESIDENCE,
    "83502NED.csv",
    "README.md",
    "cbs_pc4_2024.gpkg",
    "cbsgebiedsindelingen2025.gpkg",
    "gemeente_herindelingen.csv",
    "gtfs.zip",
    "instellingenmbo.csv",
    "mbo_opleidingsaanbod.csv",
    tables.FORECAST,
    "onderwijslocaties.csv",
    "wegen.osm.pbf",
)
FOLDER = Path(__file__).resolve().parents[1] / "data" / "example"


def site_spots() -> land.Floats:
    """Return where the sites stand."""
    town = {g.code: (g.x * 1000, g.y * 1000) for g in names.GEMEENTEN}
    return np.array(
        [(town[s.gemeente][0] + s.dx, town[s.gemeente][1] + s.dy) for s in names.sites()]
    )


def make_roads(
    ground: land.Land, spots: land.Floats, rng: np.random.Generator
) -> tuple[streets.Network, list[int], dict[str, tuple[int, int]], land.Floats]:
    """Return the road map, the nodes of the sites, the ends of the ferries, the loop village."""
    hamlet = next(p for p in ground.pc4s if p.gemeente == "GM9108" and not p.urban)
    islet = next(p for p in ground.pc4s if p.weight == people.TINY["islet"])
    hole = np.array([hamlet.x, hamlet.y])
    net = streets.build_streets(ground, hole, rng)
    extras.make_trunks(net)
    extras.add_park(net, np.array([52_700.0, 559_900.0]), 330)
    extras.add_loop_village(net, hole)
    extras.add_cycleways(net, rng)
    site_nodes = extras.add_service(net, spots, rng)
    extras.add_bollards(net, 40, rng)
    extras.add_roundabouts(net, 16, rng)
    extras.add_motorways(net, ground)
    ferries = extras.add_ferries(net)
    extras.repair(net, np.array([islet.x, islet.y]))
    return net, site_nodes, ferries, hole


def make(folder: Path) -> dict[str, int]:
    """Make every file of the example; return what was counted.

    Parameters
    ----------
    folder : Path
        Where to write; it is made when absent.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # One stream of chance per part, so that a change in one leaves the others as they are.
    rng = dict(
        zip(
            ("land", "roads", "bans", "people", "students", "years", "locations"),
            np.random.default_rng(SEED).spawn(7),
            strict=True,
        )
    )
    ground = land.build_land(rng["land"])
    spots = site_spots()
    net, site_nodes, ferries, hole = make_roads(ground, spots, rng["roads"])
    bans = extras.restrictions(net, 36, rng["bans"])
    counts = osm.write_osm(folder / "wegen.osm.pbf", net, bans)
    harbours = ferries["Veer Zoutkerke - Vlieterplaat"]
    feed = timetable.write_gtfs(folder / "gtfs.zip", timetable.build_feed(net, harbours))

    bands = people.inhabitants(ground.pc4s, rng["people"])
    homes = np.array([(p.x, p.y) for p in ground.pc4s])
    metres = people.road_metres(net, site_nodes, homes)
    frame = people.students(ground.pc4s, bands, metres, rng["students"])
    merged = [p.number for p in ground.pc4s if p.gemeente == names.MERGED[2] and not p.urban][:2]
    address = tables.addresses(ground, spots)
    tables.write_maps(folder, ground, bands)
    tables.write_institutions(folder / "instellingenmbo.csv", address)
    counts["offers"] = tables.write_offer(folder / "mbo_opleidingsaanbod.csv", address)
    tables.write_residence(folder / tables.RESIDENCE, frame, merged)
    tables.write_courses(folder / tables.COURSES, frame)
    tables.write_forecast(folder / tables.FORECAST, frame, address, rng["years"])
    tables.write_locations(folder / "onderwijslocaties.csv", address, ground, rng["locations"])
    tables.write_ages(folder / "83502NED.csv", ground, bands)
    tables.write_merger(folder / "gemeente_herindelingen.csv")
    counts |= {
        "gemeenten": len(ground.gemeenten),
        "pc4s": len(ground.pc4s),
        "sites": len(names.sites()),
        "programmes": len(names.programmes()),
        "students": int(frame["y2025"].sum()),
        "inhabitants": int(bands.sum()),
        "trips": feed["trips"],
        "stops": feed["stops"],
    }
    text = readme.text(counts, ground, merged, hole)
    (folder / "README.md").write_text(text, encoding="utf-8", newline="\n")
    sums = "".join(f"{digest}  {name}\n" for name, digest in digests(folder).items())
    (folder / SUMS).write_text(sums, encoding="utf-8", newline="\n")
    return counts


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file that this script makes, and of no other."""
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}


def main() -> None:
    """Make the example and print what is in it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    folder = parser.parse_args().folder
    start = time.perf_counter()
    counts = make(folder)
    for name, n in sorted(counts.items()):
        print(f"{name:<14}{n:>9,}")
    for name, digest in digests(folder).items():
        print(f"{digest[:16]}  {(folder / name).stat().st_size:>9,}  {name}")
    print(f"{time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
