"""The project's own large runs, loaded from its checkout: their generators are tests of gradproof and no part of it.

Law: what a number gives is what the checkout's `benchmarks/campaigns.py` gives for it; where there is no checkout, that
is said, with how to get one. A worker of a cluster loads them by itself, from its own checkout.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

MODULE = "benchmarks.campaigns"


class NoCheckout(RuntimeError):
    """gradproof is installed without its repository."""


@cache
def runs() -> Any:
    """The module of the checkout; raises NoCheckout."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "benchmarks" / "campaigns.py").is_file():
        raise NoCheckout(
            "this run's generators are in gradproof's repository (benchmarks/), not in the installed package; "
            "run it from a checkout with `pip install -e '.[test,cluster]'`, on each machine of a cluster"
        )
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return import_module(MODULE)


def own_record(name: str, number: int) -> dict[str, Any]:
    """The record of a number of a run."""
    record: dict[str, Any] = runs().RUNS[name](number)
    return record


def lost_record(name: str, number: int, reason: str) -> dict[str, Any]:
    """The record of a number that no worker survives."""
    return {"number": number, "word": "lost", "reason": f"{name}: {reason}", "wrong": []}
