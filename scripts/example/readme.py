"""The text that goes with the example, with the counts of what was made."""

from __future__ import annotations

from importlib import metadata

import pyogrio
import shapely

from . import names, tables
from .land import Floats, Land
from .people import TINY, works

_TEXT = """\
# The example: a province that does not exist

**Everything in this folder is made up.** No gemeente, place, postcode, institution, programme,
road or number of people here is real, and none was taken from a real file. Only the *form* of the
files is real: the names and order of the columns, the codes for hidden numbers, the spelling.

Two provinces, {pv91} (PV91) and {pv92} (PV92), lie in the North Sea, in RD New (EPSG:28992) at about
x 20,000-80,000 and y 520,000-590,000, where there is nothing but water. They have {gemeenten}
gemeenten, {pc4s} PC4s, {inhabitants:,} inhabitants, {sites} teaching locations of 6 institutions,
{programmes} programmes ({offers} times offered), {students:,} students in 2025 and a road map of
{nodes:,} nodes.

Codes that are not in use in reality: gemeenten GM9101 and up, PC4 from the gaps 4945-5010,
6746-6810 and 8942-9000, institutions 91AA-91AF, locations 901X..., crebo 98001 and up, telephone
numbers of zeros, addresses under `.example`.

## How it was made

`python scripts/make_example.py` makes all of it from one seed, in about ten seconds, without reading
or fetching anything. The same versions of the libraries give the same bytes: `SHA256SUMS` has the
digests, and these were the versions:

    {versions}

Coast and borders are fractal lines around places chosen by hand. Streets are bent grids joined by
the Urquhart graph of all crossings; main roads follow the shortest paths between places. Students
are drawn **one by one**: home, programme and site, age, sex, and the years in which they are there.
The chance of a programme at a site is its popularity times exp(-distance by road / 12 km), times a
taste for an institution that differs by gemeente. So most go near, but not always nearest. Every
file is a count of these same students, and agrees with the others but for what is hidden.

## Files

| file | publisher | form |
|---|---|---|
| `instellingenmbo.csv` | DUO, addresses mbo | comma, UTF-8 with mark; head offices only |
| `mbo_opleidingsaanbod.csv` | DUO/RIO, programmes on offer | comma, UTF-8 with mark |
| `{residence}` | DUO, students by gemeente of residence | comma, UTF-8 with mark; -1 hides 1-4 |
| `{courses}` | DUO, students by programme | comma, UTF-8 with mark; -1 hides 1-4 |
| `{forecast}` | DUO, prognosis | comma, UTF-8 with mark; -1 hides 1-4, a few are bare |
| `onderwijslocaties.csv` | RIO, locations | comma, UTF-8 with mark; WGS84 |
| `cbsgebiedsindelingen2025.gpkg` | CBS/PDOK | layers `gemeente_gegeneraliseerd` and `provincie_gegeneraliseerd`, RD New |
| `cbs_pc4_2024.gpkg` | CBS | layer `postcode4`, RD New; -99997 hides |
| `83502NED.csv` | CBS StatLine, inhabitants by PC4 and age | semicolon, quoted, UTF-8 with mark; rounded to 5 |
| `gemeente_herindelingen.csv` | this project | comma, UTF-8; merged gemeenten |
| `wegen.osm.pbf` | OpenStreetMap | PBF without users and times |
| `gtfs.zip` | GTFS | one railway, 12 bus lines, a ferry; 2025-08-18 to 2026-07-17; {trips:,} trips, {stops} stops |

`study.toml`, which says how the program uses these files, was written by hand.

## Institutions

{institutions}

**Vavo is {vavo}**: it offers vmbo-tl, havo and vwo for adults (`OPLEIDINGSEENHEID_TYPE` =
`VAVOOPLEIDING`, level `VO-...`, no LEERTRAJECT, no MBONIVEAU) beside a few mbo programmes. DUO's mbo
files do not count vavo students, so only its mbo students occur in them; vavo is seen in the offer.

## What was assumed

* `MBONIVEAU` and `OPLEIDINGSEENHEID_NIVEAU` are written `MBO-1` .. `MBO-4`, and the types
  `MBOKWALIFICATIE`, `VAVOOPLEIDING` and `AANGEBODEN...`, as in the value lists of the RIO interface.
  How the CSV writes them was not seen.
* The spelling of `83502NED.csv` is from memory of StatLine's downloads.
* In the -11- file students from abroad have the same word for `WOONPROVINCIE` and `WOONGEMEENTE`; in
  the prognosis they are in one row of `Gemeentenaam` = `Overig`. Nothing is known of either in detail.
* The -11- file keeps the old name of the merged gemeente in the years before the merger. Whether
  DUO does, or writes today's names over all years, was not seen; an importer must stand both.
* The column `KWALIFICATIEDOSSIER` holds a name; DOMEIN holds the name of the hoofdgroep.

## Hard cases, and where they are

| case | where |
|---|---|
| hidden numbers | -1 in the -11- and -03- files and in the prognosis; in the prognosis some 1-4 are bare |
| merged gemeente | {merged_name} ({merged_old}), part of Hoge Rietlanden ({merged_new}) from {merged_date}: in the -11- file only in 2021 and 2022; PC4s {merged_pc4s} |
| one name in two provinces | `Broekwaarde (H.)` ({twin1}) and `Broekwaarde (Z.)` ({twin2}); in the -11- file both are `Broekwaarde`, and only WOONPROVINCIE tells which |
| students from abroad or unknown | WOONPROVINCIE `BELGIE`, `DUITSLAND`, `OVERIG BUITENLAND`, `ONBEKEND` |
| lost apostrophe | `'s-Jorisveen` (GM9112); DUO's capitals in instellingenmbo.csv |
| names with apostrophe and ampersand | `Beroepscollege 't Want & Roer`, `Kwelder & Klei College` |
| hyphens in the location text | `901X002-Jonkvrouw-Adelheidlaan-Haverdam`, `901X007-Sint-Jorisdreef-'s-Jorisveen`, `901X018-Noord-Zuidlaan-Lindewaarde`, `901X023-Oude-Turfvaartweg-Poelgaarde` |
| site without coordinates | {blank} (it has a postcode) |
| two sites at one address | {same1} of ROC Havermonde and {same2} of the vavo |
| locations that no mbo uses | 901X101 and up; some without postcode; 901X199 has tropical coordinates |
| island, by ferry only | Vlieterplaat (GM9120): `route=ferry`, 35 minutes, in wegen.osm.pbf and gtfs.zip |
| bicycle ferry over the estuary | `Fietsveer Oude Mond`: not for cars |
| cut-off part of the road map | PC4 {islet}, an islet in the estuary: roads, no way out |
| village with a one-way loop | near RD ({hole_x:.0f}, {hole_y:.0f}): cars only by the `Ringlaantje`, bicycles by two ways |
| few bridges | three: motorway A902, Haverdam, and one 9 km upstream |
| lacuna | crebo {lacuna}, only in Wierdinge: over 45 minutes by car from Vlierhaven, far more by bicycle |
| doubling | crebo {doubled}, at 901X003 (ROC Havermonde) and 901X020 (Kwelder & Klei College), 2 km apart, fewer than 18 students each |
| decline | Grauwerkapel and Vlierhaven: about a quarter fewer students in 2035 than in 2025 |
| growth | Walmeerde, Lindewaarde and 's-Jorisveen: over 10 % more |
| PC4s over a gemeente border | some, by a few hundred metres up to a few kilometres |
| hidden inhabitants | -99997 for 15-24 in PC4s {small} |
| tags | `oneway` yes and -1, `oneway:bicycle=no`, `junction=roundabout`, `maxspeed` 30 / NL:urban / walk / none, `access` private and no, `motor_vehicle=no`, `bicycle=use_sidepath`, `foot=no`, bollards, steps, tracks, {restrictions} turn restrictions, a park with paths in Haverdam |
| times after midnight | stop_times.txt of gtfs.zip has hours 24 and 25 |
"""  # noqa: E501  (a table row is one line)


def versions() -> str:
    """Return the versions of the libraries that shape the bytes."""
    own = [f"{m} {metadata.version(m)}" for m in ("numpy", "scipy", "pandas", "pyproj", "osmium")]
    return ", ".join([*own, f"GEOS {shapely.geos_version_string}", f"GDAL {_gdal()}"])


def _gdal() -> str:
    return ".".join(map(str, pyogrio.__gdal_version__))


def text(counts: dict[str, int], land: Land, merged: list[int], hole: Floats) -> str:
    """Return the README of the example."""
    lines = [
        f"* {i.brin} {i.name} ({i.kind}), {sum(s.brin == i.brin for s in names.sites())} sites"
        + (", **vavo**" if i.brin == names.VAVO else "")
        for i in names.INSTITUTIONS
    ]
    islet = next(p.number for p in land.pc4s if p.weight == TINY["islet"])
    small = sorted([islet, *(land.pc4s[i].number for i in works(land.pc4s))])
    old, name, new, date = names.MERGED
    return _TEXT.format(
        **counts,
        versions=versions(),
        pv91=names.PROVINCES["PV91"],
        pv92=names.PROVINCES["PV92"],
        residence=tables.RESIDENCE,
        courses=tables.COURSES,
        forecast=tables.FORECAST,
        institutions="\n".join(lines),
        vavo=f"{names.VAVO}, {names.INSTITUTIONS[-1].name}",
        merged_name=name,
        merged_old=old,
        merged_new=new,
        merged_date=date,
        merged_pc4s=" and ".join(map(str, merged)),
        twin1=names.TWINS[0],
        twin2=names.TWINS[1],
        blank=names.NO_COORDINATES,
        same1=names.SAME_ADDRESS[0],
        same2=names.SAME_ADDRESS[1],
        islet=islet,
        hole_x=hole[0],
        hole_y=hole[1],
        lacuna=names.LACUNA,
        doubled=names.DOUBLED,
        small=", ".join(map(str, small)),
    )
