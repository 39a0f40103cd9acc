"""What all tests share: where the example and the real data are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import browser, browser_page
from tests.land_fixtures import areas, changes, golden, told

__all__ = ["areas", "browser", "browser_page", "changes", "golden", "told"]

ROOT = Path(__file__).resolve().parents[1]
REAL_DATA = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def own_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Let no test see, or touch, what the user fetched or kept."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        for name in ("GEO_MBO_STORE", "GEO_MBO_MIRROR"):
            patch.delenv(name, raising=False)
        yield folder


@pytest.fixture(scope="session")
def example() -> Path:
    """Folder of the embedded example."""
    return ROOT / "data" / "example"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real data beside the project; the test is skipped where it is absent."""
    if not REAL_DATA.is_dir():
        pytest.skip("the real data (../shared/data) are not here")
    return REAL_DATA
