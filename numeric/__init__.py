"""What a formula computes: layers, gradient checks, generated shapes and oracles, on NumPy alone.

Why: a second meaning of every operator, written without the symbolic one, so that the two can contradict
each other.

Law: nothing here imports `derivations` or SymPy; importing `numeric` loads NumPy and nothing heavier.
Names below are loaded from their modules when they are first used.

What it cannot see: all sizes at once. It evaluates at sizes that somebody chose.
"""

from __future__ import annotations

import importlib
from typing import Any

# public name -> the module that defines it
_HOMES: dict[str, str] = {
    "check_gradient": "numeric.checkers",
    "checkers": "numeric.checkers",
    "layers": "numeric.layers",
    "network_zoo": "numeric.network_zoo",
    "networks": "numeric.networks",
    "operators": "numeric.operators",
    "oracles": "numeric.oracles",
    "reference": "numeric.reference",
    "specifications": "numeric.specifications",
    "strategies": "numeric.strategies",
}

__all__ = sorted(set(_HOMES) - {"strategies"})  # Hypothesis is an extra


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'numeric' has no attribute {name!r}; it offers {', '.join(sorted(_HOMES))}")
    module = importlib.import_module(home)
    return module if home == f"numeric.{name}" else getattr(module, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
