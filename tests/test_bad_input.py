"""Bad input and bad disks: one clear answer each, exit code 1, and nothing half-written."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from geo_mbo.errors import GeoMboError
from geo_mbo.study import measure_study, read_study

PROGNOSIS = "mbo-studentenprognose_gemeente_onderwijslocatie.csv"
OFFERS = "mbo_opleidingsaanbod.csv"
LOCATIONS = "onderwijslocaties.csv"
AREAS = "cbsgebiedsindelingen2025.gpkg"
ROADS = "wegen.osm.pbf"


@pytest.fixture
def copy(example: Path, tmp_path: Path) -> Path:
    """Give a copy of the example that a test may break."""
    folder = tmp_path / "example"
    shutil.copytree(example, folder, ignore=shutil.ignore_patterns("gtfs.zip"))
    return folder


def told(folder: Path) -> tuple[str, str]:
    """Run the study of a broken copy; give what it says in English and in Dutch."""
    with pytest.raises(GeoMboError) as caught:
        measure_study(read_study(folder / "study.toml"), offline=True)
    return caught.value.text("en"), caught.value.text("nl")


def rewritten(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text(encoding="utf-8-sig")), encoding="utf-8-sig")


def layers_changed(path: Path, change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]) -> None:
    """Rewrite both layers of the boundaries."""
    names = ("gemeente_gegeneraliseerd", "provincie_gegeneraliseerd")
    frames = {name: gpd.read_file(path, layer=name) for name in names}
    path.unlink()
    for name, frame in frames.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that there is no CRS is the case itself
            change(frame).to_file(path, layer=name, driver="GPKG")


def swapped(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    turned = shapely.transform(frame.geometry.to_numpy(), lambda points: points[:, ::-1])
    return frame.set_geometry(gpd.GeoSeries(turned, crs=frame.crs))


def add_row(text: str, old: str, new: str) -> str:
    """Repeat the first row that holds `old`, with `new` in its place."""
    row = next(line for line in text.splitlines() if old in line)
    return text.rstrip("\n") + "\n" + row.replace(old, new) + "\n"


CASES: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "a missing column": (
        lambda f: rewritten(f / OFFERS, lambda t: t.replace("LEERTRAJECT", "TRAJECT", 1)),
        (OFFERS, "LEERTRAJECT", "Add or rename"),
    ),
    "a wrong delimiter": (
        lambda f: rewritten(f / LOCATIONS, lambda t: t.replace(",", "#")),
        (LOCATIONS,),
    ),
    "a wrong encoding": (
        lambda f: (f / LOCATIONS).write_bytes("locatie,naam\n1,café\n".encode("utf-16")),
        (LOCATIONS,),
    ),
    "an unknown gemeente": (
        lambda f: rewritten(f / PROGNOSIS, lambda t: t.replace("Haverdam,ROC", "Haverdan,ROC")),
        ("Haverdan", "Haverdam"),
    ),
    "a duplicate key": (
        lambda f: rewritten(f / LOCATIONS, lambda t: add_row(t, "901X002", "901X001")),
        (LOCATIONS, "901X001"),
    ),
    "no coordinate system": (
        lambda f: layers_changed(f / AREAS, lambda g: g.set_crs(None, allow_override=True)),
        (AREAS, "coordinate system"),
    ),
    "degrees where metres are due": (
        lambda f: layers_changed(
            f / AREAS, lambda g: g.to_crs(4326).set_crs(28992, allow_override=True)
        ),
        (AREAS, "degrees"),
    ),
    "swapped axes": (
        lambda f: layers_changed(f / AREAS, swapped),
        (AREAS, "swapped"),
    ),
    "latitude and longitude swapped": (
        lambda f: rewritten(
            f / LOCATIONS,
            lambda t: t.replace("GPS_LATITUDE,GPS_LONGITUDE", "GPS_LONGITUDE,GPS_LATITUDE"),
        ),
        (LOCATIONS, "swapped", "901X001"),
    ),
    "a header without rows": (
        lambda f: rewritten(f / OFFERS, lambda t: t.splitlines()[0] + "\n"),
        (OFFERS, "no rows"),
    ),
    "an empty file": (lambda f: (f / OFFERS).write_bytes(b""), (OFFERS, "empty")),
    "a folder for a file": (
        lambda f: [(f / OFFERS).unlink(), (f / OFFERS).mkdir()],
        (OFFERS, "folder"),
    ),
    "a truncated road map": (
        lambda f: (f / ROADS).write_bytes((f / ROADS).read_bytes()[:100_000]),
        (ROADS,),
    ),
    "a count that is no count": (
        lambda f: rewritten(f / PROGNOSIS, lambda t: t.replace(",2021,12,H", ",2021,twaalf,H", 1)),
        (PROGNOSIS, "twaalf"),
    ),
    "a text file for boundaries": (
        lambda f: (f / AREAS).write_text("these are no boundaries"),
        (AREAS,),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_gets_a_clear_answer(copy: Path, case: str) -> None:
    spoil, words = CASES[case]
    spoil(copy)
    english, dutch = told(copy)
    for word in words:
        assert word in english, english
    assert english != dutch
    assert len(english) > 40, "it says what to do as well"
    assert "Traceback" not in english


def command(study: Path, out: Path, *, largest_file_bytes: int | None = None) -> tuple[int, str]:
    """Run the command in its own process, if asked where no file can grow beyond a size."""

    def limited() -> None:
        if largest_file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file_bytes, largest_file_bytes))

    done = subprocess.run(
        [sys.executable, "-m", "geo_mbo", "run", str(study), "--out", str(out), "--offline"],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limited,
        env={"PATH": "/usr/bin:/bin", "HOME": str(study.parent), "XDG_CACHE_HOME": "/dev/null/x"},
    )
    return done.returncode, done.stderr


def test_a_cache_that_cannot_be_written_stops_nobody(example: Path, tmp_path: Path) -> None:
    out = tmp_path / "maps"
    code, said = command(example / "study.toml", out)
    assert code == 0, said
    told = json.loads((out / "run.json").read_text(encoding="utf-8"))["notes"]
    assert any("/dev/null/x" in str(found) for found in told)


@pytest.mark.parametrize("kilobytes", [50, 390, 3_000])
def test_a_full_disk_leaves_nothing_half_written(
    copy: Path, tmp_path: Path, kilobytes: int
) -> None:
    """The limit is the operating system's own: writing beyond it fails as on a full disk."""
    rewritten_study(copy)
    out = tmp_path / "maps"
    before = {"index.html": "old", "resultaten.gpkg": "old"}
    out.mkdir()
    for name, content in before.items():
        (out / name).write_text(content)
    code, said = command(copy / "study.toml", out, largest_file_bytes=kilobytes * 1000)
    assert code == 1, said
    assert "kan niet worden geschreven" in said
    assert "Traceback" not in said
    for path in out.iterdir():
        assert not path.name.startswith(".half"), "a half file is left"
        whole = path.name in before and path.read_text(errors="replace") == "old"
        assert whole or path.suffix == ".html", path.name
        if path.suffix == ".html" and not whole:
            assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")


def rewritten_study(folder: Path) -> None:
    """Leave out the road map: the network is then not what fills the disk."""
    path = folder / "study.toml"
    text = path.read_text(encoding="utf-8").replace('roads = "wegen.osm.pbf"\n', "")
    path.write_text(text, encoding="utf-8")


def test_an_output_folder_without_permission_is_told(copy: Path) -> None:
    """A place where nobody may write, root neither."""
    rewritten_study(copy)
    code, said = command(copy / "study.toml", Path("/proc/geo_mbo"))
    assert code == 1
    assert "/proc/geo_mbo" in said
    assert "kan niet worden geschreven" in said


def test_an_interrupt_ends_with_130_and_nothing_half(copy: Path, tmp_path: Path) -> None:
    out = tmp_path / "maps"
    process = subprocess.Popen(
        [sys.executable, "-m", "geo_mbo", "run", str(copy / "study.toml"), "--out", str(out)],
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "c")},
        # A shell that runs the tests in the background makes all its children deaf to it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "netwerk" in line:
            process.send_signal(signal.SIGINT)
            break
    _, rest = process.communicate(timeout=120)
    assert process.returncode == 130, rest
    assert "Afgebroken" in rest
    assert not out.exists() or not list(out.iterdir())
