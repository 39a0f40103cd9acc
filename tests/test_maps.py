"""The maps as values: geometry, classes, packing, privacy and what a page may hold."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo_mbo.analysis import Choices, Findings, find
from geo_mbo.maps import write_maps
from geo_mbo.maps.classes import (
    INSTITUTIONS,
    SEQUENTIAL,
    class_of,
    count_breaks,
    minute_breaks,
    programme_breaks,
    spread_colours,
)
from geo_mbo.maps.geometry import latlon, topology
from geo_mbo.maps.pack import NONE, packed_minutes, packed_shares, plain, rough_people, shown_counts
from geo_mbo.maps.page import VIEWS, json_in_script
from geo_mbo.maps.shared import Basis, shared_data
from geo_mbo.maps.story import finding
from geo_mbo.maps.views import catchment_view, coverage_view, travel_view
from geo_mbo.messages import catalogue
from geo_mbo.notes import Note
from geo_mbo.provenance import About, Source
from geo_mbo.sample import SampleTown, sample_town
from geo_mbo.tables import no_tables

ABOUT = About(
    "Aldermeer",
    made_up=True,
    sources=(Source("a", "b", "c", "Kadaster / CBS, 2025"), Source("a", "b", "c", "© OSM, ODbL")),
)


def quiet(_: Note) -> None:
    """Keep the notes of the sample out of the log."""


@pytest.fixture(scope="module")
def town() -> SampleTown:
    return sample_town()


@pytest.fixture(scope="module")
def findings(town: SampleTown) -> Findings:
    return find(town.tables, town.matrix, notify=quiet)


@pytest.fixture(scope="module")
def basis(town: SampleTown, findings: Findings) -> Basis:
    return Basis(town.tables, findings, town.matrix)


def unpacked(text: str) -> np.ndarray:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype=np.uint8)


def minutes_back(text: str, columns: int) -> np.ndarray:
    return unpacked(text).reshape(-1, columns).cumsum(axis=1, dtype=np.uint8)


def data_of(path: Path) -> dict:
    found = re.search(r'id="gm-data">(.*?)</script>', path.read_text("utf-8"), re.DOTALL)
    assert found
    return json.loads(found[1])


class TestGeometry:
    def boxes(self) -> gpd.GeoDataFrame:
        shapes = [shapely.box(1e5 + x, 4e5 + y, 1e5 + x + 9e3, 4e5 + y + 9e3) for x, y in GRID]
        return gpd.GeoDataFrame(geometry=shapes, crs=28992)

    def used(self, topo: dict) -> Counter[int]:
        found: Counter[int] = Counter()
        for geometry in topo["objects"]["areas"]["geometries"]:
            many = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
            for rings in many:
                for ring in rings:
                    found.update(at if at >= 0 else ~at for at in ring)
        return found

    def test_a_shared_border_is_one_arc(self) -> None:
        used = self.used(topology(self.boxes()))
        assert max(used.values()) == 2
        assert sum(n == 2 for n in used.values()) == 4

    def test_slivers_and_overlaps_are_mended_and_the_frame_is_unchanged(self) -> None:
        areas = self.boxes()
        areas.loc[0, "geometry"] = shapely.box(1e5, 4e5, 1e5 + 9e3 - 1, 4e5 + 9e3 + 1)
        before = areas.copy(deep=True)
        assert sum(n == 2 for n in self.used(topology(areas)).values()) == 4
        assert areas.geom_equals(before).all()

    def test_places_are_where_they_should_be(self) -> None:
        amersfoort = gpd.GeoSeries(gpd.points_from_xy([155_000], [463_000]), crs=28992)
        assert latlon(amersfoort)[0] == pytest.approx([52.15517, 5.38721], abs=1e-4)
        assert latlon(gpd.GeoSeries([shapely.Point()], crs=28992)) == [[]]

    def test_no_areas_are_an_empty_topology(self) -> None:
        empty = gpd.GeoDataFrame(geometry=gpd.GeoSeries([], crs=28992))
        assert topology(empty)["objects"]["areas"]["geometries"] == []

    def test_a_decoded_area_lies_over_the_area(self, town: SampleTown) -> None:
        areas = town.tables.areas.query("level == 'municipality'").reset_index(drop=True)
        topo = topology(areas)
        scale, shift = topo["transform"]["scale"], topo["transform"]["translate"]
        arcs = [np.cumsum(arc, axis=0) * scale + shift for arc in topo["arcs"]]
        for k, geometry in enumerate(topo["objects"]["areas"]["geometries"]):
            rings = geometry["arcs"][0] if geometry["type"] == "MultiPolygon" else geometry["arcs"]
            lines = [arcs[at] if at >= 0 else arcs[~at][::-1] for at in rings[0]]
            shape = gpd.GeoSeries([shapely.Polygon(np.vstack(lines))], crs=4326).to_crs(28992)[0]
            assert shape.symmetric_difference(areas.geometry[k]).area < 0.01 * shape.area


GRID = [(0, 0), (9e3, 0), (0, 9e3), (9e3, 9e3)]


class TestPacking:
    @given(
        st.lists(
            st.one_of(st.floats(0, 240), st.just(float("inf")), st.just(float("nan"))), min_size=1
        )
    )
    def test_minutes_come_back_rounded_up(self, values: list[float]) -> None:
        row = np.array([values])
        back = minutes_back(packed_minutes(row), len(values))[0]
        for value, code in zip(values, back, strict=True):
            assert code == NONE if not np.isfinite(value) else 0 <= code - value + 1e-5 < 1 + 2e-5

    def test_within_a_whole_limit_stays_exact(self) -> None:
        minutes = np.array([[44.2, 45.0, 45.01, np.inf]])
        codes = minutes_back(packed_minutes(minutes), 4)[0]
        assert (codes <= 45).tolist() == (minutes[0] <= 45).tolist()

    def test_some_is_never_none_and_never_all(self) -> None:
        codes = unpacked(packed_shares(np.array([[0, 1e-6, 1 - 1e-6, 1, np.nan]])))
        assert codes.tolist() == [0, 1, 199, 200, NONE]

    def test_small_counts_are_not_there(self) -> None:
        counts = pd.DataFrame(
            {
                "students": [0.0, 2.5, 3.0, 5.0, 12.5],
                "students_low": [0.0, 1.0, 3.0, 5.0, 11.0],
                "students_high": [0.0, 4.0, 3.0, 5.0, 14.0],
            }
        )
        assert shown_counts(counts)["n"] == [0, None, None, 5, 12.5]
        assert shown_counts(counts)["high"] == [0, None, None, 5, 14]

    def test_plain_numbers_are_json(self) -> None:
        assert json.dumps(plain([1.26, np.nan, np.inf, 3.0])) == "[1.3, null, -1, 3]"
        assert rough_people([1, 4.9, 5, np.nan]) == [2.5, 2.5, 5, 0]


class TestClasses:
    def test_a_break_belongs_to_the_class_below(self) -> None:
        assert class_of([0, 15, 15.1, 61, np.nan], [15, 30, 45, 60]).tolist() == [0, 0, 1, 4, -1]

    @given(st.lists(st.integers(0, 100_000)))
    def test_breaks_are_four_and_rise(self, counts: list[int]) -> None:
        breaks = count_breaks(counts)
        assert len(breaks) == 4
        assert sorted(set(breaks)) == breaks

    def test_breaks_without_figures(self) -> None:
        assert minute_breaks([]) == [15, 30, 45, 60]
        assert minute_breaks([np.inf, np.nan]) == [15, 30, 45, 60]
        assert len(set(programme_breaks(1))) == 4

    def test_colours_of_neighbours_differ(self) -> None:
        rng = np.random.default_rng(3)
        places = rng.uniform(0, 100, (60, 2))
        km = np.hypot(*(places[:, None] - places).T)
        near = np.where(km < 15, 1.0, 0.0) - np.eye(60)
        colours = np.array(spread_colours(near, len(INSTITUTIONS)))
        clash = (colours[:, None] == colours) & (near > 0)
        assert not clash.any()

    def test_the_palette_darkens(self) -> None:
        light = [int(c[1:3], 16) * 2 + int(c[3:5], 16) * 5 + int(c[5:], 16) for c in SEQUENTIAL]
        assert light == sorted(light, reverse=True)


class TestViews:
    def test_each_site_keeps_its_own_minutes(self, basis: Basis) -> None:
        shared = shared_data(basis)
        back = minutes_back(shared["minutes"]["bike"], len(basis.origins))
        given = basis.matrix.minutes("bike")
        for k, site in enumerate(shared["sites"]["id"]):
            column = given[:, list(basis.matrix.sites).index(site)]
            wanted = np.where(np.isfinite(column), np.ceil(column - 1e-6), NONE)
            order = [list(basis.matrix.origins).index(o) for o in basis.origins["origin_id"]]
            assert back[k].tolist() == wanted[order].tolist()

    def test_order_of_rows_does_not_matter(self, town: SampleTown, findings: Findings) -> None:
        tables = town.tables
        mixed = replace(
            tables, sites=tables.sites[::-1], areas=tables.areas[::-1], offers=tables.offers[::-1]
        )
        turned = replace(findings, catchment=findings.catchment[::-1], gaps=findings.gaps)
        straight, back = (
            Basis(t, f, town.matrix) for t, f in ((tables, findings), (mixed, turned))
        )
        for view in (catchment_view, travel_view, coverage_view):
            assert view(straight) == view(back)
        assert shared_data(straight)["sites"] == shared_data(back)["sites"]

    def test_no_masked_figure_is_in_the_data(self, basis: Basis) -> None:
        view = catchment_view(basis)
        rows = pd.DataFrame(view["rows"])
        hidden = rows["n"].isna()
        assert hidden.any()
        assert rows.loc[hidden, ["share", "low", "high"]].isna().all(axis=None)
        assert not ((rows["high"] > 0) & (rows["high"] < 5)).any()
        students = travel_view(basis)["students"]["bike"]
        masked = np.array(students["masked"], dtype=bool)
        for name in ("n", "p50", "mean", "km", "reached"):
            assert all(v is None for v, m in zip(students[name], masked, strict=True) if m)

    def test_those_from_abroad_are_kept_and_come_last(self, basis: Basis) -> None:
        rows = pd.DataFrame(catchment_view(basis)["rows"])
        assert (rows["area"] <= -2).any()
        for _, mine in rows.groupby("site"):
            abroad = (mine["area"] < 0).to_numpy()
            assert (np.diff(abroad.astype(int)) >= 0).all()

    def test_a_candidate_offers_nothing_yet(self, town: SampleTown, findings: Findings) -> None:
        extra = town.tables.offers.iloc[[0]].assign(site_id="90BB901")
        offers = pd.concat([town.tables.offers, extra], ignore_index=True)
        basis = Basis(replace(town.tables, offers=offers), findings, town.matrix)
        at = list(basis.sites["site_id"]).index("90BB901")
        assert all(at not in sites for sites in coverage_view(basis)["programmes"]["sites"])

    def test_shares_are_those_of_the_measure(self, basis: Basis) -> None:
        view = coverage_view(basis)
        codes = unpacked(view["share"]["bike"]).reshape(len(view["programmes"]["id"]), -1)
        rows = basis.findings.coverage.query("mode == 'bike'")
        for row in rows.itertuples():
            p = view["programmes"]["id"].index(row.programme_id)
            a = list(basis.municipalities["area_id"]).index(row.area_id)
            assert codes[p, a] / 200 == pytest.approx(row.share_out, abs=0.0051)

    def test_people_out_are_those_of_the_measure(self, basis: Basis) -> None:
        view = coverage_view(basis)
        rows = basis.findings.coverage.query("mode == 'bike'")
        total = rows.groupby("programme_id")["young_people_out"].sum()
        assert view["out_total"]["bike"] == [round(total[p]) for p in view["programmes"]["id"]]
        grid = json.loads(zlib.decompress(base64.b64decode(view["out"]["bike"])))
        row = rows.iloc[0]
        p = view["programmes"]["id"].index(row["programme_id"])
        a = list(basis.municipalities["area_id"]).index(row["area_id"])
        assert grid[p][a] == pytest.approx(row["young_people_out"], abs=2.5)


@pytest.fixture(scope="module")
def paths(
    tmp_path_factory: pytest.TempPathFactory, town: SampleTown, findings: Findings
) -> list[Path]:
    folder = tmp_path_factory.mktemp("maps")
    return write_maps(folder, town.tables, findings, town.matrix, ABOUT)


class TestPages:
    def test_three_files_by_name(self, paths: list[Path]) -> None:
        assert [path.stem for path in paths] == list(VIEWS)

    def test_nothing_is_loaded_from_outside(self, paths: list[Path]) -> None:
        for path in paths:
            html = path.read_text("utf-8")
            assert not re.findall(r'(?:src|href)\s*=\s*"(?!data:)[^"]*\.(?:js|css|png)"', html)
            assert not re.findall(r"<(?:script|link|img)[^>]+https?://", html)
            assert "@import" not in html

    def test_every_source_and_made_up_are_told(self, paths: list[Path]) -> None:
        for path in paths:
            html = path.read_text("utf-8")
            assert all(html.count(line) >= 2 for line in ABOUT.attributions)
            assert html.count(catalogue("nl")["map.made_up_title"]) >= 2

    def test_parameters_have_words(
        self, tmp_path: Path, town: SampleTown, findings: Findings
    ) -> None:
        about = replace(ABOUT, parameters={"year": 2024, "geocode": False, "search_limit_min": 60})
        html = write_maps(tmp_path, town.tables, findings, town.matrix, about)[1].read_text("utf-8")
        assert "Jaar van de studenten" in html
        assert "False" not in re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
        assert data_of(tmp_path / "reistijd.html")["search_limit"] == 60

    def test_a_share_is_of_the_young_people_of_the_region(self, town: SampleTown) -> None:
        # All 400 of Aldermeer are within reach; those of the municipalities around do not count.
        asked = Choices(mode="car", focus=frozenset(["GM9001"]))
        found = find(town.tables, town.matrix, asked, notify=quiet)
        told = finding("reistijd", Basis(town.tables, found, town.matrix), "nl")
        assert told.startswith("Van de jongeren kan 100 % met de auto")

    def test_a_region_knows_its_surroundings(self, town: SampleTown, basis: Basis) -> None:
        asked = Choices(mode="bike", focus=frozenset(["GM9001"]))
        found = find(town.tables, town.matrix, asked, notify=quiet)
        told = shared_data(Basis(town.tables, found, town.matrix))["areas"]["municipality"]
        about = dict(zip(told["id"], told["about"], strict=True))
        assert about == {"GM9001": 1, "GM9002": 0, "GM9003": 0}
        assert shared_data(basis)["areas"]["municipality"]["about"] is None

    def test_the_policy_names_each_script(self, paths: list[Path]) -> None:
        html = paths[0].read_text("utf-8")
        policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
        assert policy
        assert "unsafe" not in policy[1]
        assert policy[1].count("sha256-") == 4

    def test_a_second_run_writes_the_same(
        self, paths: list[Path], tmp_path: Path, town: SampleTown, findings: Findings
    ) -> None:
        again = write_maps(tmp_path, town.tables, findings, town.matrix, ABOUT)
        assert [p.read_bytes() for p in again] == [p.read_bytes() for p in paths]

    def test_tables_without_rows_give_maps(self, tmp_path: Path, town: SampleTown) -> None:
        bare = replace(
            no_tables(),
            areas=town.tables.areas.query("level != 'pc4'"),
            sites=town.tables.sites,
            origins=town.tables.origins,
        )
        findings = find(bare, town.matrix, notify=quiet)
        paths = write_maps(tmp_path, bare, findings, town.matrix, ABOUT, lang="en")
        assert data_of(paths[0])["areas"]["pc4"] is None
        assert all('lang="en"' in path.read_text("utf-8") for path in paths)

    def test_json_cannot_end_its_script(self) -> None:
        hostile = {"a": "</script><!--", "b": "\u2028", "c": 'x"\\'}
        written = json_in_script(hostile)
        assert "<" not in written
        assert json.loads(written) == hostile


class TestMessages:
    def test_every_word_of_the_scripts_is_in_the_catalogue(self) -> None:
        folder = Path(write_maps.__code__.co_filename).parents[1] / "resources" / "maps"
        used = set()
        for path in (folder / "js").glob("*.js"):
            used |= set(re.findall(r"\bt\('([a-z0-9_.]+)'[,)]", path.read_text("utf-8")))
        used |= set(re.findall(r't\("(\w+)"\)', (folder / "page.html.j2").read_text("utf-8")))
        words = {key.removeprefix("map.") for key in catalogue("nl")}
        assert len(used) > 90
        assert not used - words

    def test_no_script_writes_markup_or_runs_text(self) -> None:
        folder = Path(write_maps.__code__.co_filename).parents[1] / "resources" / "maps" / "js"
        for path in folder.glob("*.js"):
            text = path.read_text("utf-8")
            for bad in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "new Function"):
                assert bad not in text, f"{path.name}: {bad}"
            assert len(text.splitlines()) < 400
