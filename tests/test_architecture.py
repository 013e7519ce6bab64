"""The walls between the parts: who may import whom, and what no source file may contain.

Read from the syntax trees, so that an import inside a function counts as much as one at the top of a file.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted([*ROOT.glob("derivations/**/*.py"), *ROOT.glob("numeric/**/*.py")])
HEAVY = ("sympy", "islpy", "z3", "matplotlib", "scipy", "hypothesis", "torch", "jax", "pypandoc")
STANDARD = sys.stdlib_module_names


def imports(tree: ast.AST, package: str = "") -> Iterator[str]:
    """The dotted names of the modules that a syntax tree imports, relative ones resolved within `package`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            prefix = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*prefix, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def imported(path: Path) -> set[str]:
    package = ".".join(path.relative_to(ROOT).parent.parts)
    return set(imports(ast.parse(path.read_text(encoding="utf-8")), package))


def under(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def forbidden_calls(tree: ast.AST) -> list[str]:
    """Calls by which text becomes code."""
    return [
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("eval", "exec", "compile", "__import__")
    ]


@pytest.fixture(params=SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def source(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def test_the_sources_are_found() -> None:
    """The glob of this file matches both packages, so that the rules below are about something."""
    assert {path.relative_to(ROOT).parts[0] for path in SOURCES} == {"derivations", "numeric"}
    assert len(SOURCES) > 20


def test_numeric_does_not_know_the_symbolic_half(source: Path) -> None:
    """numeric/ imports neither derivations nor SymPy."""
    if source.relative_to(ROOT).parts[0] == "numeric":
        assert not [name for name in imported(source) if under(name, "derivations", "sympy")]


def test_one_door_to_numeric(source: Path) -> None:
    """In derivations/ only crosscheck.py (or the modules of a package of that name) imports numeric."""
    parts = source.relative_to(ROOT).parts
    if parts[0] == "derivations" and not parts[1].startswith("crosscheck"):
        assert not [name for name in imported(source) if under(name, "numeric")]


def test_the_kernel_stands_alone(source: Path) -> None:
    """derivations/core/ imports the standard library, isl, z3 and itself; nothing else, SymPy least of
    all."""
    if source.relative_to(ROOT).parts[:2] != ("derivations", "core"):
        return
    for name in imported(source):
        allowed = under(name, "islpy", "z3", "derivations.core") or name.split(".")[0] in STANDARD
        assert allowed or name == "derivations", f"{source.name} imports {name}"
        assert name != "derivations", f"{source.name} imports from the package derivations itself"


def test_no_renderer_is_imported_by_what_it_renders(source: Path) -> None:
    """The command line, its questions, lines, explanations and the report are leaves: nothing but themselves imports
    them."""
    shown = (f"derivations.show.{name}" for name in ("lines", "explain", "report"))
    leaves = ("derivations.cli", "derivations.asked", *shown)
    parts = source.relative_to(ROOT).parts
    if parts[0] == "derivations" and parts[1] not in ("cli.py", "asked.py", "show"):
        assert not [name for name in imported(source) if under(name, *leaves)]


def test_only_the_judge_looks_at_expectations(source: Path) -> None:
    """Provers (core, meaning, search, crosscheck, derive, repair) never read what an author expects."""
    provers = ("core", "meaning", "search", "crosscheck", "steps", "repair")
    parts = source.relative_to(ROOT).parts
    if parts[0] == "derivations" and parts[1] in provers:
        names = {
            node.attr for node in ast.walk(ast.parse(source.read_text())) if isinstance(node, ast.Attribute)
        }
        assert not names & {"expectation", "expectations"}


def test_no_text_becomes_code(source: Path) -> None:
    """No source file calls eval, exec, compile or __import__ (`re.compile` and its like are attributes, not
    these)."""
    assert not forbidden_calls(ast.parse(source.read_text(encoding="utf-8")))


def test_no_sympy_parser(source: Path) -> None:
    """Nothing uses SymPy's text parsers, which evaluate what they read."""
    assert not [name for name in imported(source) if under(name, "sympy.parsing")]
    names = {node.id for node in ast.walk(ast.parse(source.read_text())) if isinstance(node, ast.Name)}
    assert not names & {"parse_expr", "parse_latex", "parse_mathematica"}


@pytest.mark.parametrize(
    "line", ["import derivations.formulas.claims", "from derivations.formulas import claims", "import sympy as s"]
)
def test_the_rules_see_a_breach(line: str) -> None:
    """Each spelling of a forbidden import is seen, inside a function too."""
    tree = ast.parse(f"def f():\n    {line}\n")
    assert any(under(name, "derivations", "sympy") for name in imports(tree))
    assert forbidden_calls(ast.parse("x = eval('1')")) == ["eval"]


def loaded_by(statement: str) -> set[str]:
    command = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, cwd=ROOT, check=True
    )
    return {name.split(".")[0] for name in done.stdout.split()}


def test_no_room_has_a_public_name() -> None:
    """`from derivations import derive` and every operator's name give what they promise, not a folder of that name."""
    import derivations
    from derivations.words import all_words

    rooms = {path.parent.name for path in (ROOT / "derivations").glob("*/__init__.py")}
    rooms |= {path.stem for path in (ROOT / "derivations").glob("*.py")}
    assert not rooms & {*derivations._API, "derive", *all_words()}


def test_importing_numeric_is_light() -> None:
    """`import numeric` loads none of SymPy, Hypothesis, SciPy, Torch, nor derivations."""
    assert not loaded_by("import numeric") & {*HEAVY, "derivations"}


def test_importing_the_command_line_is_light() -> None:
    """`import derivations.cli` loads neither SymPy nor the solvers nor NumPy, so that --help answers at
    once."""
    assert not loaded_by("import derivations.cli") & {*HEAVY, "numpy", "numeric", "lark", "markdown_it"}
