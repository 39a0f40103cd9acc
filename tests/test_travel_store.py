"""A matrix on disk: the same as in memory, whole or not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from geo_mbo.errors import FileError, InputError
from geo_mbo.travel import Search, TravelMatrix, travel_matrix
from tests.roads import points, random_network
from tests.test_network_pairs import random_places


def asked(roads, **search):
    homes, schools = random_places(3, 40), random_places(4, 7)
    return travel_matrix(
        roads,
        points("origin", homes),
        points("site", schools),
        modes=["bike"],
        search=Search(**search),
        notify=lambda _: None,
    )


@pytest.mark.parametrize("memory_mb", [1e-3, 1024])
@pytest.mark.parametrize("engine", ["plain", "prepared"])
def test_on_disk_and_in_memory_are_the_same(tmp_path, engine, memory_mb):
    roads = random_network(3)
    path = tmp_path / "matrix.zarr"
    kept = asked(roads, engine=engine, memory_mb=memory_mb, store=path)
    due = asked(roads)
    for matrix in (kept, TravelMatrix.open(path)):
        assert matrix.data.identical(due.data) or _same(matrix, due)
        assert (matrix.modes, matrix.source) == (due.modes, due.source)
        assert matrix.origins.equals(due.origins)
    assert [p.name for p in tmp_path.iterdir()] == ["matrix.zarr"]
    part = kept.select(origins=["o7", "o3"], sites=["s2"])
    np.testing.assert_array_equal(part.minutes("bike"), due.minutes("bike")[[7, 3], 2:3])
    assert part.to_long().equals(due.select(origins=["o7", "o3"], sites=["s2"]).to_long())


def _same(one, other):
    for name, values in other.data.data_vars.items():
        np.testing.assert_array_equal(one.data[name].values, values.values)
        assert one.data[name].dtype == values.dtype
    return set(one.data.data_vars) == set(other.data.data_vars)


def test_what_fails_leaves_what_was_there(tmp_path, monkeypatch):
    roads = random_network(3)
    path = tmp_path / "matrix.zarr"
    before = asked(roads, store=path).minutes("bike")

    def fails(*_):
        raise MemoryError

    monkeypatch.setattr("geo_mbo.network.pairs.told_pairs", fails)
    with pytest.raises(MemoryError):
        asked(roads, store=path)
    assert [p.name for p in tmp_path.iterdir()] == ["matrix.zarr"]
    np.testing.assert_array_equal(TravelMatrix.open(path).minutes("bike"), before)


def test_a_store_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileError):
        asked(random_network(3), store=tmp_path / "file" / "matrix.zarr")


def test_doubled_labels_and_nothing_asked(tmp_path):
    roads = random_network(3)
    home = points("origin", [(100_000, 500_000)] * 2).assign(origin_id="twice")
    search = Search(store=tmp_path / "matrix.zarr")
    with pytest.raises(InputError, match="unique"):
        travel_matrix(roads, home, points("site", []), modes=["bike"], search=search)
    none = travel_matrix(
        roads, points("origin", []), points("site", []), modes=["bike"], search=search
    )
    assert none.minutes("bike").shape == (0, 0)


def test_a_folder_of_somebody_else_is_not_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("two years")
    with pytest.raises(FileError, match="other things"):
        asked(random_network(3), store=tmp_path)
    with pytest.raises(FileError, match="other things"):
        random_network(3).save(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "two years"
    asked(random_network(3), store=tmp_path / "matrix.zarr")
    asked(random_network(4), store=tmp_path / "matrix.zarr")
    assert {p.name for p in tmp_path.iterdir()} == {"thesis.txt", "matrix.zarr"}


def test_what_was_there_comes_back_when_its_place_cannot_be_taken(tmp_path, monkeypatch):
    store = tmp_path / "matrix.zarr"
    before = asked(random_network(3), store=store).minutes("bike")
    moves = Path.replace

    def fails_on_the_new(self, target):
        if Path(target) == store and self.name == store.name:
            raise OSError("no room")
        return moves(self, target)

    monkeypatch.setattr(Path, "replace", fails_on_the_new)
    with pytest.raises(FileError, match="no room"):
        asked(random_network(4), store=store)
    np.testing.assert_array_equal(TravelMatrix.open(store).minutes("bike"), before)
    assert [p.name for p in tmp_path.iterdir()] == ["matrix.zarr"]
