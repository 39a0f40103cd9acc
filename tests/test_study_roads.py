"""The road maps that a study names: neighbours beside the country, and no more than it needs."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from geo_mbo.cache import Cache
from geo_mbo.errors import InputError, StudyError
from geo_mbo.sources.catalogue import data_sets
from geo_mbo.study import read_study
from geo_mbo.study.about import about
from geo_mbo.study.checking import check_table
from geo_mbo.study.inputs import read_tables
from geo_mbo.study.journeys import _roads_recipe, read_roads
from geo_mbo.study.roads import ROAD_MAPS, road_box, road_files
from tests.test_network_merging import halves, untitled
from tests.test_network_nwb import GOLDEN
from tests.test_network_pbf import same


@pytest.fixture(scope="module")
def folder(tmp_path_factory, example):
    """The example with its road map cut in two overlapping halves."""
    to = tmp_path_factory.mktemp("study") / "example"
    shutil.copytree(example, to)
    halves(to / "wegen.osm.pbf", to)
    return to


def study_with(folder, *, roads="", margin=""):
    text = (folder / "study.toml").read_text(encoding="utf-8")
    assert 'roads = "wegen.osm.pbf"' in text
    if roads:
        text = text.replace('roads = "wegen.osm.pbf"', roads)
    text = text.replace("[parameters]", f"[parameters]\n{margin}")
    path = folder / "changed.toml"
    path.write_text(text, encoding="utf-8")
    return read_study(path)


def quiet(_):
    """Take a note and say nothing."""


def test_the_country_and_its_neighbour_are_one_network(folder):
    whole = read_roads(study_with(folder), cache=Cache(), notify=quiet)
    beside = 'roads = "west.osm.pbf"\nroads_belgium = "east.osm.pbf"'
    study = study_with(folder, roads=beside)
    assert [path.name for path in road_files(study)] == ["west.osm.pbf", "east.osm.pbf"]
    both = read_roads(study, cache=Cache(), notify=quiet)
    same(untitled(both), untitled(whole))
    assert both.source == "west.osm.pbf + east.osm.pbf"


def test_a_neighbour_alone_is_refused(folder):
    with pytest.raises(StudyError, match="roads_belgium"):
        study_with(folder, roads='roads_belgium = "east.osm.pbf"')


def test_a_margin_leaves_out_what_lies_beyond(folder, tmp_path):
    study = study_with(folder, margin="road_margin_km = 0")
    tables = read_tables(study, offline=True, notify=quiet)
    assert road_box(study_with(folder), tables, tables.sites) is None
    box = road_box(study, tables, tables.sites)
    assert all(round(100 * side) == pytest.approx(100 * side) for side in box)
    held = tables.origins.to_crs(4326).total_bounds
    assert (np.array(box[:2]) <= held[:2]).all()
    assert (np.array(box[2:]) >= held[2:]).all()
    # A box of a corner only: less is read, and it is kept as something else than the whole.
    small = (box[0], box[1], (box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    cache = Cache(tmp_path)
    sizes = [
        len(read_roads(study, cache=cache, box=part, notify=quiet).tail)
        for part in (None, small, small)
    ]
    assert 0 < sizes[1] == sizes[2] < sizes[0]
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 2


def test_what_is_kept_depends_on_every_map_and_on_the_box(folder):
    study = study_with(folder)
    beside = study_with(folder, roads='roads = "west.osm.pbf"\nroads_belgium = "east.osm.pbf"')
    alone = study_with(folder, roads='roads = "west.osm.pbf"')
    recipes = [
        _roads_recipe(study, study.inputs.roads, ("bike",)),
        _roads_recipe(study, study.inputs.roads, ("bike",), (3.0, 51.0, 4.0, 52.0)),
        _roads_recipe(beside, beside.inputs.roads, ("bike",)),
        _roads_recipe(alone, alone.inputs.roads, ("bike",)),
    ]
    assert all(a != b for k, a in enumerate(recipes) for b in recipes[:k])


def test_a_margin_around_a_file_of_lines_is_refused(folder):
    (folder / "roads.graphml").write_text("<graphml/>")
    study = study_with(folder, roads='roads = "roads.graphml"', margin="road_margin_km = 5")
    with pytest.raises(InputError, match="margin"):
        read_roads(study, cache=Cache(), box=(3.0, 51.0, 4.0, 52.0), notify=quiet)


def test_every_road_map_has_an_address_in_the_catalogue():
    for key in ROAD_MAPS:
        facts = data_sets()[key]
        assert facts.url.startswith("https://download.geofabrik.de/europe/")
        assert facts.url.endswith("-latest.osm.pbf")
        assert facts.fetch["by"] == "file"
    assert len({data_sets()[key].url for key in ROAD_MAPS}) == len(ROAD_MAPS)


def test_a_check_knows_the_national_road_file():
    found = check_table(GOLDEN)
    assert (found.what, found.rows) == ("NWB-wegen", 18)


def test_the_national_road_file_is_credited_where_the_study_says_so(folder):
    shutil.copy(GOLDEN, folder / "nwb.geojson")
    study = study_with(folder, roads='roads = { path = "nwb.geojson", source = "nwb" }')
    told = {source.path: source for source in about(study).sources}
    assert "NWB" in told["nwb.geojson"].name
    network = read_roads(study, cache=Cache(), notify=quiet)
    assert network.source == "nwb.geojson"
