"""axe-core over a page that a browser has opened, for the tests of every page that this project writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


def barriers(page: Any) -> list[str]:
    """What axe-core finds that keeps somebody from reading: the rule and the place. Skips where it is not installed."""
    module = pytest.importorskip("axe_core_python", reason="axe-core is not installed")
    page.evaluate((Path(module.__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{each['id']}: {node['html'][:200]}" for each in found["violations"] for node in each["nodes"]]
