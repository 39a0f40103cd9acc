"""The catalogue: every data set with what a stranger has to know, and nothing that is not true."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from geo_mbo.errors import InputError
from geo_mbo.schema import CONTRACTS, KEY_KINDS
from geo_mbo.sources.catalogue import data_set, data_sets, meaning_of, meanings
from geo_mbo.sources.facts_layout import domain, layout_of

ROOT = Path(__file__).resolve().parents[1]
OURS = sorted(
    key
    for key, found in data_sets().items()
    if found.publisher in ("DUO", "OECD", "DANS") and found.becomes == ("indicators",)
)


def test_every_column_that_is_named_has_a_meaning() -> None:
    unknown = {
        f"{found.key}: {column}"
        for found in data_sets().values()
        for column in found.columns
        if meaning_of(column) is None
    }
    assert not unknown


def test_columns_of_years_share_a_meaning() -> None:
    for column in ("JAAR_2021", "JAAR_2040", "MAN2021", "DIPVRW2018", "2020", "2010 VROUW"):
        found = meaning_of(column)
        assert found is not None, column
        assert found.unit == "students", column
    assert meaning_of("KOLOM VAN NIEMAND") is None
    assert meaning_of("instellingscode ") == meanings()["INSTELLINGSCODE"]


@pytest.mark.parametrize("key", sorted(data_sets()))
def test_every_data_set_tells_what_it_is(key: str) -> None:
    found = data_set(key)
    assert found.about["nl"].strip()
    assert found.about["en"].strip()
    assert found.name
    assert found.tested
    assert {*found.becomes} <= {*CONTRACTS, "network"}, found.becomes
    for named in re.findall(r"tests/golden/[\w./-]+\.\w+", found.tested):
        assert (ROOT / named).exists(), named
    if found.fetch:
        assert found.fetch["by"]
        if found.fetch["by"] == "ckan":
            assert re.fullmatch(r"[0-9a-f-]{36}", found.fetch["resource"])
            assert found.fetch["megabytes"] > 0


@pytest.mark.parametrize("key", OURS)
def test_layouts_name_columns_that_the_publisher_has(key: str) -> None:
    found = data_set(key)
    assert {*found.joins} <= {*KEY_KINDS, "board"}
    if found.status == "mapped":
        assert not found.table
        return
    plan = layout_of(found.table, where=key)
    published = {*found.columns}
    for spellings in plan.dims.values():
        assert published & {*spellings}, spellings
    for value in plan.values:
        assert value.unit, value.header
        assert value.measure, value.header
        yearly = re.sub(r"\d{4}", "{year}", " | ".join(published))
        assert not value.needed or value.header in yearly.split(" | "), value.header
    for column in (plan.year, plan.kind):
        assert not column or column in published


def test_one_resource_is_in_the_catalogue_once_a_purpose() -> None:
    """The forecast is there twice on purpose: as an input of its own and among its 35 kin."""
    of_resource: dict[str, list[str]] = {}
    for found in data_sets().values():
        if "resource" in found.fetch:
            of_resource.setdefault(found.fetch["resource"], []).append(found.key)
    twice = [keys for keys in of_resource.values() if len(keys) > 1]
    assert twice == [["forecast", "prognosis_gemeente_onderwijslocatie"]]


def test_all_prognoses_are_there() -> None:
    found = [key for key in data_sets() if key.startswith("prognosis_")]
    assert len(found) == 35
    same = [data_set(f"prognosis_leerweg_instelling{n}") for n in ("", "_2")]
    assert same[0].fetch["resource"] != same[1].fetch["resource"]
    assert same[0].columns == same[1].columns


def test_a_schema_that_nobody_saw_is_mapped_by_the_user() -> None:
    for key in ("travel_distances", "students_retired", "staff_fte", "inspection", "ocw_figures"):
        assert data_set(key).status == "mapped", key
        assert not data_set(key).table, key


def test_a_wrong_name_is_told_with_those_near() -> None:
    with pytest.raises(InputError, match=r"'prognosis_gemente'.*prognosis_gemeente"):
        data_set("prognosis_gemente")


def test_a_wrong_key_of_a_layout_is_told() -> None:
    with pytest.raises(InputError, match=r"x\.csv: .*'mask'.*masks") as error:
        layout_of({"mask": ["-1"], "dimensions": {}}, where="x.csv")
    assert len(error.value.breaches) == 2


@pytest.mark.real_data
def test_columns_and_addresses_are_those_of_the_publisher(real_data: Path) -> None:
    schemas = json.loads((real_data / "duo" / "duo_mbo_resource_schemas.json").read_text("utf-8"))
    of_resource = {
        found.fetch["resource"]: found
        for found in data_sets().values()
        if "resource" in found.fetch and found.columns
    }
    checked = 0
    for facts in schemas["resources"].values():
        found = of_resource.get(facts["resource_id"])
        if found is not None and found.publisher == "DUO":
            published = tuple(column.split(":")[0] for column in facts["columns"])
            if {*published} & {*found.columns}:
                assert found.columns == published, found.key
                checked += 1
    assert checked >= 30
    categories = {"LEERWEG": "LEERWEG", "LEEFTIJDSCATEGORIE": "LEEFTIJDSCATEGORIE"}
    categories |= {"SECTORKAMER NAAM": "SECTORKAMER", "HOOFDGROEP NAAM": "HOOFDGROEP"}
    for theirs, ours in categories.items():
        assert sorted(schemas["domains"][theirs]) == sorted(domain(ours))


@pytest.mark.real_data
def test_resources_are_in_the_portals_own_list(real_data: Path) -> None:
    listed = json.loads((real_data / "duo" / "duo_ckan_catalog_2026-04.json").read_text("utf-8"))
    known = {r["id"] for package in listed for r in package["_resources"]}
    ours = [data_set(key) for key in OURS if "resource" in data_set(key).fetch]
    assert len(ours) > 55
    assert not {found.key for found in ours if found.fetch["resource"] not in known}
