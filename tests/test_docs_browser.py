"""The documentation, built as a reader gets it, in a real browser: nothing beyond the margin of a phone, no barrier
that axe-core finds."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe import barriers

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
for library in ("sphinx", "myst_parser", "furo", "pypandoc"):
    pytest.importorskip(library, reason=f"{library} is not installed, so that the documentation cannot be built")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
ROOT = Path(__file__).resolve().parent.parent
PAGES = ("index", "language", "search", "operators/conv", "cookbook/batch-norm", "verdicts/undecided", "api/index")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation from a copy of its sources, so that nothing that was made before is taken for made now."""
    folder = tmp_path_factory.mktemp("docs")
    for name in ("docs", "derivations", "numeric"):
        ignored = shutil.ignore_patterns("_build", "operators", "cookbook", "verdicts") if name == "docs" else None
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "docs", "built"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return folder / "built"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.mark.parametrize("name", PAGES)
def test_the_documentation_can_be_read(built: Path, browser: Any, name: str) -> None:
    """By day and by night axe-core finds nothing, nothing comes from the network, and a phone need not scroll
    sideways."""
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport={"width": 1200, "height": 900}, color_scheme=scheme)
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto((built / f"{name}.html").as_uri())
        assert barriers(page) == []
        page.set_viewport_size({"width": 375, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
        assert all(address.startswith(("file:", "data:")) for address in asked)
        context.close()
