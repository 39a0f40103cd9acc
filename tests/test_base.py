"""The base floor: messages, errors, notes, counts, schema, cache, modes."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point

from geo_mbo import counts, errors, messages, modes, notes, schema
from geo_mbo.cache import Cache, replacing, write_text

PLACEHOLDER = re.compile(r"\{(\w+)[^}]*\}")


def test_both_languages_have_the_same_messages() -> None:
    dutch, english = messages.catalogue("nl"), messages.catalogue("en")
    assert set(dutch) == set(english)
    for key, sentence in dutch.items():
        assert set(PLACEHOLDER.findall(sentence)) == set(PLACEHOLDER.findall(english[key])), key


def test_every_key_in_the_code_is_in_the_catalogue() -> None:
    """A missing key would only show on the day that something is wrong."""
    package = Path(messages.__file__).parent
    known = messages.catalogue("nl")
    absent = []
    patterns = {
        "error": r"(?:Error\.of|Breach)\(\s*\"([a-z0-9_]+)\"",
        "note": r"\bnote\(\s*\"([a-z0-9_]+)\"",
    }
    for path in package.rglob("*.py"):
        code = path.read_text(encoding="utf-8")
        for kind, pattern in patterns.items():
            absent += [
                f"{path.name}: {kind}.{key}"
                for key in re.findall(pattern, code)
                if f"{kind}.{key}" not in known
            ]
    assert not absent


@pytest.mark.parametrize(
    ("value", "dutch", "english"),
    [(1234567.891, "1.234.567,9", "1,234,567.9"), (np.inf, "-", "-"), (np.nan, "-", "-")],
)
def test_numbers_follow_the_language(value: float, dutch: str, english: str) -> None:
    assert messages.number(value, "nl", 1) == dutch
    assert messages.number(value, "en", 1) == english


def test_an_error_tells_all_breaches_in_either_language() -> None:
    error = errors.ContractError(
        [errors.Breach("file_missing", {"path": p}) for p in ("a.csv", "b.csv")]
    )
    assert str(error).count("\n") == 1
    assert "b.csv" in error.text("nl")
    assert isinstance(error, ValueError)


def test_a_note_names_at_most_so_many_rows_and_counts_all() -> None:
    found = notes.note("offline", range(100))
    assert found.count == 100
    assert len(found.rows) == notes.SHOWN_ROWS
    assert found.text("en").endswith("19, ...)")


interval = st.tuples(st.integers(0, 40), st.booleans())


@given(st.lists(interval, min_size=1, max_size=12), st.data())
def test_the_true_share_lies_within_its_bounds(
    cells: list[tuple[int, bool]], data: st.DataObject
) -> None:
    """Whatever the masked cells are, the share that they really give is inside the interval."""
    values = pd.Series([n for n, _ in cells])
    masked = pd.Series([m for _, m in cells])
    true = values.where(~masked, data.draw(st.integers(1, 4)))
    inside = pd.Series(data.draw(st.lists(st.booleans(), min_size=len(cells), max_size=len(cells))))
    table = counts.intervals(values, masked=masked)
    names = list(counts.COUNTS)
    part = table[inside][names].sum().to_frame().T
    whole = table[names].sum().to_frame().T
    share = counts.share(part, whole).iloc[0]
    if true.sum() > 0:
        really = true[inside].sum() / true.sum()
        assert share["share_low"] - 1e-12 <= really <= share["share_high"] + 1e-12
    elif whole["students_high"].iloc[0] == 0:
        assert np.isnan(share["share"])


def test_a_total_keeps_missing_keys_as_groups() -> None:
    cells = counts.intervals(pd.Series([5, 6]), masked=pd.Series([False, False]))
    table = cells.assign(site_id=["a", None])
    assert counts.total(table, ["site_id"])["students"].sum() == 11


def sites(**changes: object) -> gpd.GeoDataFrame:
    """One right site, with changes."""
    row: dict[str, object] = dict.fromkeys(schema.SITES.columns)
    row |= {"site_id": "901X001", "name": "A", "status": "existing", "located_by": "rio"}
    row |= {"located_quality": "exact", "capacity": np.nan} | changes
    return gpd.GeoDataFrame([row], geometry=[Point(120_000, 480_000)], crs=schema.RD)


def test_a_right_table_passes_and_is_not_changed() -> None:
    frame = sites(extra=1)
    before = frame.copy()
    table = schema.checked(frame, schema.SITES)
    assert list(table.columns) == [*schema.SITES.columns, "geometry"]
    assert table["capacity"].dtype == "float64"
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"status": "open"}, "wrong_value"),
        ({"postcode": "0123AB"}, "wrong_value"),
        ({"name": None}, "missing_value"),
        ({"capacity": "many"}, "not_a_number"),
        ({"capacity": -1}, "wrong_value"),
    ],
)
def test_each_breach_is_told(changes: dict[str, object], code: str) -> None:
    with pytest.raises(errors.ContractError) as caught:
        schema.checked(sites(**changes), schema.SITES, source="sites.csv")
    assert [breach.code for breach in caught.value.breaches] == [code]
    assert "sites.csv" in str(caught.value)


def test_all_breaches_come_at_once() -> None:
    with pytest.raises(errors.ContractError) as caught:
        schema.checked(sites(status="open", name=None, capacity=-1), schema.SITES)
    assert len(caught.value.breaches) == 3


def test_a_key_may_occur_once() -> None:
    twice = pd.concat([sites(), sites(name="B")], ignore_index=True)
    with pytest.raises(errors.ContractError, match="2 rows share a key"):
        schema.checked(twice, schema.SITES)


def test_missing_columns_are_all_named() -> None:
    with pytest.raises(errors.ContractError) as caught:
        schema.checked(sites().drop(columns=["name", "status"]), schema.SITES)
    assert [b.params["column"] for b in caught.value.breaches] == ["name", "status"]


@pytest.mark.parametrize(
    ("point", "crs", "code"),
    [
        ((120_000, 480_000), None, "crs_missing"),
        ((4.9, 52.4), 4326, "crs_geographic"),
        ((600_000, 5_800_000), 32631, "crs_other"),
        ((4.9, 52.4), 28992, "degrees_as_metres"),
        ((480_000, 120_000), 28992, "axes_swapped"),
        ((900_000, 900_000), 28992, "outside_rd"),
    ],
)
def test_each_mistake_in_coordinates_has_its_own_message(
    point: tuple[float, float], crs: int | None, code: str
) -> None:
    frame = gpd.GeoDataFrame(sites().drop(columns="geometry"), geometry=[Point(point)], crs=crs)
    with pytest.raises(errors.CrsError) as caught:
        schema.checked(frame, schema.SITES)
    assert caught.value.breaches[0].code == code


@pytest.mark.parametrize("name", schema.CONTRACTS)
def test_an_empty_table_keeps_its_contract(name: str) -> None:
    contract = schema.CONTRACTS[name]
    table = schema.checked(schema.empty(contract), contract)
    assert list(table.columns)[: len(contract.columns)] == list(contract.columns)


def test_the_cache_makes_once_and_tells_the_notes_again(tmp_path: Path) -> None:
    made: list[str] = []
    told: list[notes.Note] = []

    def kept(**made_from: object) -> str:
        def make(notify: notes.Notify) -> str:
            made.append("x")
            notify(notes.note("offline", ["901X001"]))
            return f"value {made_from}"

        return Cache(tmp_path).kept(
            "thing.txt",
            made_from,
            make=make,
            save=lambda value, path: write_text(path, value),
            load=lambda path: path.read_text(encoding="utf-8"),
            notify=told.append,
        )

    assert kept(limit=1) == kept(limit=1)
    assert len(made) == 1
    assert told[0] == told[1]
    assert kept(limit=2) != kept(limit=1)
    assert len(made) == 2


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def fill_the_disk() -> None:
        with replacing(path) as fresh:
            fresh.write_text("half")
            raise OSError(28, "No space left on device")

    with pytest.raises(errors.FileError, match="the disk is full"):
        fill_the_disk()
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(errors.FileError, match="cannot be written"):
        write_text(tmp_path / "file" / "out.txt", "x")


def test_an_electric_bike_is_never_slower_than_a_bike() -> None:
    known = modes.modes()
    for road, kmh in known["bike"].speeds_kmh.items():
        assert known["ebike"].speeds_kmh[road] >= kmh, road


def test_an_unknown_mode_is_told_with_those_known() -> None:
    with pytest.raises(errors.StudyError, match="walk, bike, ebike, car"):
        modes.chosen(["boat"])
