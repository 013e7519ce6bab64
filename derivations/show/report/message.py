"""What is said of a file of the report, or of a place in a document."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Message:
    """What is said of a file or of a place in a document; failed where the report is not whole."""

    text: str
    is_problem: bool = False
    failed: bool = False
