"""PyTorch's functions, one row each, in terms of the same arrays; torch need not be installed to read them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

ROWS: dict[str, Callable[..., Any]] = {}
METHODS: dict[str, str] = {}
