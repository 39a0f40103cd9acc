"""The planner's measures in the GeoPackage: names, words, and few people never told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from geo_mbo.analysis import Choices, find
from geo_mbo.export.layers import explained, in_file, label, ready
from geo_mbo.export.measures import measures
from geo_mbo.messages import catalogue
from geo_mbo.sample import sample_town

TOWN = sample_town()
FOUND = find(TOWN.tables, TOWN.matrix, Choices(mode="bike", limit_min=30), notify=lambda _: None)
LAYERS = {layer.name: layer for layer in measures(TOWN.tables, FOUND)}


@pytest.mark.parametrize("name", list(LAYERS))
def test_every_column_has_a_dutch_name_of_its_own_and_a_label(name: str) -> None:
    layer = LAYERS[name]
    names = [in_file(column) for column in layer.frame]
    assert len(set(names)) == len(names)
    assert all(len(one) <= 31 and one == one.lower() for one in names)
    for lang in ("nl", "en"):
        assert {f"layer.{name}", f"layer_about.{name}"} <= set(catalogue(lang))
        assert all(label(column, layer, lang) for column in layer.frame)
    assert explained("state", "nl") != explained("state", "en")


def test_programmes_have_names_and_codes_are_words() -> None:
    told = ready(LAYERS["dekking"], "nl")
    assert set(told["toestand"]) == {"buiten bereik", "bediend"}
    assert set(told.loc[told["opleiding_code"] == "98001", "opleiding"]) == {"Verzorging"}
    assert "log-normaal" in set(ready(LAYERS["reistijd_afname"], "nl")["afname"])
    assert "travel time to the nearest site" in set(ready(LAYERS["bereikbaarheid"], "en")["maat"])


def test_no_number_of_one_to_four_students_is_told() -> None:
    few = FOUND.further.site_differences.assign(
        students=3.0, students_low=3.0, students_high=3.0, drawn=0.06
    )
    found = replace(FOUND, further=replace(FOUND.further, site_differences=few))
    layer = next(one for one in measures(TOWN.tables, found) if one.name == "trekkracht")
    told = ready(layer, "nl")
    assert set(told["studenten"]) == {2.5}
    assert told["trekkracht"].isna().all()


def test_without_rows_there_are_columns() -> None:
    bare = {key: frame.iloc[:0] for key, frame in vars(FOUND.further).items()}
    found = replace(FOUND, further=replace(FOUND.further, **bare))
    for layer in measures(TOWN.tables, found):
        assert list(layer.frame) == list(LAYERS[layer.name].frame)
