"""An attack on what a study writes: every number of every file in one linear system.

The attacker knows who publishes what and how, reads all files, and wants the counts of one to four
that were planted. He has his own linear programming: not the one that the program guards itself
with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyogrio
import pytest
from python_calamine import CalamineWorkbook
from scipy.optimize import linprog

from geo_mbo.analysis import Choices, find
from geo_mbo.analysis.released import released
from geo_mbo.counts import COUNTS
from geo_mbo.export import write_geopackage, write_run_record
from geo_mbo.maps import write_maps
from geo_mbo.notes import Note
from geo_mbo.provenance import About, digest
from geo_mbo.report import write_index, write_workbook
from geo_mbo.sample import sample_town
from geo_mbo.tables import Tables
from tests.indicator_town import Cell, indicators

ABOUT = About("Proefstad", made_up=True, created=date(2026, 10, 1), versions={"geo_mbo": "0"})
SMALL = {("GM9003", "90AA001"): 2, ("GM9001", "90AA002"): 4, ("GM9002", "90BB001"): 1}
"""The planted counts; a reader masks them, a hand-made table has them as they are."""

Flow = tuple[str, str]


@dataclass(frozen=True)
class Claim:
    """What a file says: students of these flows together are between low and high."""

    where: str
    flows: frozenset[Flow]
    low: float
    high: float


def true_flows(planted: dict[Flow, int]) -> dict[Flow, int]:
    rows = sample_town().tables.students.query("year == 2024")
    found = {
        (str(row.origin_id), str(row.site_id)): int(row.students)
        for row in rows.itertuples(index=False)
    }
    return found | planted


def town(planted: dict[Flow, int], *, totals: bool) -> Tables:
    """Give the town with the planted counts unmasked; with totals that a data set tells exactly."""
    tables, flows = sample_town().tables, true_flows(planted)
    students = tables.students.copy()
    for at, row in students[students["year"] == 2024].iterrows():
        students.loc[at, list(COUNTS)] = float(flows[row["origin_id"], row["site_id"]])
    made = [tables.indicators]
    if totals:
        for kind, key_of in (
            ("municipality", lambda flow: flow[0] if flow[0].startswith("GM") else None),
            ("site", lambda flow: flow[1]),
            ("institution", lambda flow: flow[1][:4]),
        ):
            sums: dict[str, int] = {}
            for flow, number in flows.items():
                key = key_of(flow)
                if key:
                    sums[key] = sums.get(key, 0) + number
            cells: list[Cell] = [(kind, key, 2024, number) for key, number in sums.items()]
            made.append(indicators(f"Studenten per {kind}", "students", f"DUO {kind}", cells))
    return replace(tables, students=students, indicators=pd.concat(made, ignore_index=True))


def published(folder: Path, tables: Tables) -> Path:
    """Write everything that a study writes."""
    matrix, notes = sample_town().matrix, list[Note]()
    found = find(tables, matrix, Choices(mode="bike", limit_min=30), notify=notes.append)
    told = (tables, found, ABOUT, notes)
    files = [
        write_index(folder, *told),
        *write_maps(folder, tables, found, matrix, ABOUT, notes=notes),
        write_geopackage(folder / "resultaten.gpkg", *told, matrix=matrix),
        write_workbook(folder / "resultaten.xlsx", *told, lang="en"),
    ]
    write_run_record(folder / "run.json", ABOUT, notes, files)
    return folder


def claims(folder: Path, flows: list[Flow]) -> Iterator[Claim]:
    """Read back every number of students of 2024."""

    def those(where: str, low: Any, high: Any, *, home: Any = None, at: Any = None) -> Claim:
        mine = [
            flow
            for flow in flows
            if (home is None or (flow[0].startswith("GM") if home == "GM" else flow[0] == home))
            and (at is None or flow[1].startswith(at))
        ]
        return Claim(where, frozenset(mine), float(low), float(high))

    yield from _of_geopackage(folder / "resultaten.gpkg", those)
    yield from _of_workbook(folder / "resultaten.xlsx", those)
    yield from _of_map(folder / "verzorgingsgebieden.html", those)


def _of_geopackage(path: Path, those: Any) -> Iterator[Claim]:
    names = {str(name) for name, _ in pyogrio.list_layers(path)}

    def layer(name: str) -> pd.DataFrame:
        parts = [n for n in (name, f"{name}_rest") if n in names]
        return pd.concat(
            [pyogrio.read_dataframe(path, layer=n, read_geometry=False) for n in parts]
        )

    ends = ["studenten_laag", "studenten_hoog"]
    for name in ("herkomst_bestemming", "verzorgingsgebieden"):
        for row in layer(name).to_dict("records"):
            keys = {"home": row["gemeente_code"], "at": row["locatie_code"]}
            yield those(name, *(row[end] for end in ends), **keys)
    for name, key, side in (
        ("gemeenten", "gemeente_code", "home"),
        ("onderwijslocaties", "locatie_code", "at"),
        ("instellingen", "instelling_code", "at"),
    ):
        for row in layer(name).dropna(subset=ends).to_dict("records"):
            more = {"home": "GM"} if name == "instellingen" else {}
            yield those(name, *(row[end] for end in ends), **{side: row[key]}, **more)
    told = layer("kenmerken")
    told = told[told["kenmerk"].str.startswith("Studenten per")]
    for row in told.dropna(subset=["waarde_laag"]).to_dict("records"):
        kind = row["kenmerk"].split()[-1]
        if kind not in {"municipality", "site", "institution"} or not row["code"]:
            continue
        keys = {"home": row["code"]} if row["code"].startswith("GM") else {"at": row["code"]}
        if row["code"][:2] in {"GM", "90"}:
            yield those("kenmerken", row["waarde_laag"], row["waarde_hoog"], **keys)


def _of_workbook(path: Path, those: Any) -> Iterator[Claim]:
    book = CalamineWorkbook.from_path(path)
    for name, home, at, words in (
        ("Catchments", "Municipality code", "Site code", "Students, {}"),
        ("Trips by home municipality", "Municipality code", None, "Students, {}"),
        ("Trips by site", None, "Site code", "Students, {}"),
        ("Institutions", None, "Institution code (BRIN)", "Students, {}"),
        ("Forecast municipalities", "Municipality code", None, "Students in the base year, {}"),
        ("Forecast sites", None, "Site code", "Students in the base year, {}"),
        ("Indicators", "Code", None, "Value, {}"),
    ):
        head, *rows = book.get_sheet_by_name(name).to_python()
        for values in rows:
            row = dict(zip(head, values, strict=True))
            low, high = (row[words.format(end)] for end in ("least", "most"))
            code, site = (row.get(key) if key else None for key in (home, at))
            if name == "Indicators":
                if not str(row["Indicator"]).startswith("Studenten per") or low == "":
                    continue
                code, site = (code, None) if str(code).startswith("GM") else (None, code)
                if str(code or site)[:2] not in {"GM", "90"}:
                    continue
            if name == "Trips by home municipality" and not str(code).startswith("GM"):
                continue  # of whom no trip is told
            if name in {"Trips by site", "Institutions"}:
                code = "GM"
            if low != "":
                yield those(name, low, high, home=code, at=site)


def _of_map(path: Path, those: Any) -> Iterator[Claim]:
    page = path.read_text("utf-8")
    found = re.search(r'id="gm-data">(.*?)</script>', page, re.DOTALL)
    assert found
    data = json.loads(found.group(1))
    areas, sites = data["areas"]["municipality"]["id"], data["sites"]["id"]
    view = data["catchment"]
    rows = view["rows"]
    for k, (site, area) in enumerate(zip(rows["site"], rows["area"], strict=True)):
        home = areas[area] if area >= 0 else data["elsewhere"][-2 - area]
        hidden = rows["low"][k] is None
        ends = (1, 4) if hidden else (rows["low"][k], rows["high"][k])
        yield those("map", *ends, home=home, at=sites[site])
    for of, names, side in ((view["totals"], sites, "at"), (view["areas"], areas, "home")):
        for name, low, high in zip(names, of["low"], of["high"], strict=True):
            if low is not None:
                yield those("map", low, high, **{side: name})


def bounds(told: list[Claim], flows: list[Flow], wanted: Flow) -> tuple[float, float]:
    """Give the least and the greatest number of a flow within all claims."""
    rows = np.array([[flow in claim.flows for flow in flows] for claim in told], dtype=float)
    above = np.vstack([rows, -rows])
    most = np.array([c.high + 0.051 for c in told] + [0.051 - c.low for c in told])
    cost = np.array([flow == wanted for flow in flows], dtype=float)
    found = [linprog(s * cost, A_ub=above, b_ub=most, bounds=(0, None)) for s in (1, -1)]
    assert all(one.status == 0 for one in found)
    return float(found[0].fun), float(-found[1].fun)


@pytest.mark.parametrize("totals", [False, True])
def test_no_planted_count_can_be_worked_out_of_all_files(tmp_path: Path, totals: bool) -> None:
    flows = true_flows(SMALL)
    folder = published(tmp_path, released(town(SMALL, totals=totals), notify=lambda _: None))
    told = list(claims(folder, list(flows)))
    assert len(told) > 50
    for claim in told:
        # What is told has to hold: the true numbers are within it.
        number = sum(flows[flow] for flow in claim.flows)
        assert claim.low - 0.051 <= number <= claim.high + 0.051, claim
    for flow in SMALL:
        low, high = bounds(told, list(flows), flow)
        assert low <= 1.2, (flow, low, high)
        assert high >= 3.8, (flow, low, high)


def test_the_attack_succeeds_where_nothing_guards(tmp_path: Path) -> None:
    """Counts are hidden where they are drawn, and their totals tell them: the reason for it all."""
    flows = true_flows(SMALL)
    told = list(claims(published(tmp_path, town(SMALL, totals=True)), list(flows)))
    found = {flow: bounds(told, list(flows), flow) for flow in SMALL}
    for flow, number in SMALL.items():
        assert found[flow] == pytest.approx((number, number), abs=0.2)


def test_files_are_the_same_whichever_small_number_it_is(tmp_path: Path) -> None:
    """What no byte depends on nobody can read, by whatever sum."""
    seen = []
    for k in (1, 2, 3, 4):
        planted = dict.fromkeys(SMALL, k)
        folder = tmp_path / str(k)
        folder.mkdir()
        published(folder, released(town(planted, totals=False)))
        seen.append({path.name: digest(path) for path in sorted(folder.iterdir())})
    assert len(seen[0]) == 8
    assert all(other == seen[0] for other in seen)
