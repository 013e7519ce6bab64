"""Counts the lines that must be right for *proved*: what the referee and the reading of a claim into its goal import.

    python tools/trusted_lines.py [-v]

A module counts where `derivations.core.referee` (who alone makes proofs) or `derivations.meaning.statement` (what a
goal says) reaches it by imports, and with them those of `derivations.judgement` that hand the referee's word on,
and `derivations.meaning.lemmas`, by which one statement stands for another.
Search, which these ask, does not: what it hands over is checked. Lines are those of code: no blank ones, comments
and docstrings.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SEEDS = ("derivations.core.referee", "derivations.meaning.statement")
ALONE = (  # counted without what they import
    *(f"derivations.judgement.{name}" for name in ("decision", "means", "special", "unknowns")),
    "derivations.meaning.lemmas",
)


def path_of(module: str) -> Path | None:
    """The file of a module of this project."""
    base = ROOT.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def imports(module: str) -> set[str]:
    """The modules of `derivations` that a module imports when it runs."""
    path = path_of(module)
    found: set[str] = set()
    if path is None:
        return found
    for node in _statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "derivations":
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name for name in (node.module, *inner) if path_of(name) is not None}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "derivations"}
    return found


def _statements(tree: ast.AST) -> list[ast.AST]:
    """Every node but those under `if TYPE_CHECKING`."""
    found: list[ast.AST] = [tree]
    for child in ast.iter_child_nodes(tree):
        if not (isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING"):
            found += _statements(child)
    return found


def trusted() -> dict[str, int]:
    """The trusted modules with their lines of code."""
    open_ones, found = list(SEEDS), set(SEEDS)
    while open_ones:
        new = imports(open_ones.pop()) - found
        found |= new
        open_ones += sorted(new)
    return {name: lines_of(path) for name in sorted({*found, *ALONE}) if (path := path_of(name)) is not None}


@cache
def lines_of(path: Path) -> int:
    """Lines of code in a file."""
    text = path.read_text(encoding="utf-8")
    documented = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    blank = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    coded = {
        line
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type not in blank
        for line in range(token.start[0], token.end[0] + 1)
    }
    return len(coded - documented)


def main() -> int:
    """Prints the count, with -v of each module."""
    found = trusted()
    if "-v" in sys.argv[1:]:
        for name, lines in sorted(found.items(), key=lambda item: -item[1]):
            print(f"{lines:6}  {name}")
    rooms: dict[str, int] = {}
    for name, lines in found.items():
        room = ".".join(name.split(".")[:2])
        rooms[room] = rooms.get(room, 0) + lines
    print(f"{sum(found.values()):,} lines in {len(found)} files:", ", ".join(f"{r} {n:,}" for r, n in rooms.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
