"""Writes "Where things are" into CONTRIBUTING.md: the rooms of the tree, each with the first sentence of its opening.

    python tools/write_tree.py
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- tree: written by tools/write_tree.py -->\n", "<!-- end of the tree -->\n"


def opening(path: Path) -> str:
    """The first sentence of a module's docstring, on one line."""
    text = " ".join((ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split())
    sentence, dot, _ = text.partition(". ")
    return sentence + (dot.strip() or "")


def tree() -> str:
    """The rooms and the files at the top, as a table."""
    rows = ["| | |", "|---|---|"]
    for package in ("derivations", "numeric"):
        files = sorted(path for path in (ROOT / package).glob("*.py") if path.name != "__init__.py")
        rows += [f"| `{package}/{path.name}` | {opening(path)} |" for path in files]
        rooms = sorted((ROOT / package).glob("*/__init__.py"))
        rows += [f"| `{package}/{path.parent.name}/` | {opening(path)} |" for path in rooms]
    return "\n".join(rows) + "\n"


def written(page: str) -> str:
    """The page with the tree of now between its marks."""
    head, _, rest = page.partition(BEGIN)
    return head + BEGIN + "\n" + tree() + "\n" + END + rest.partition(END)[2]


def main() -> int:
    """Writes the page."""
    path = ROOT / "CONTRIBUTING.md"
    path.write_text(written(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
