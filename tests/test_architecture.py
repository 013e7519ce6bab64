"""The walls between the parts: who may import whom, and what no source file may contain.

Read from the syntax trees, so that an import inside a function counts as much as one at the top of a file.
"""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("derivations", "numeric", "recheck")
SOURCES = sorted(path for package in PACKAGES for path in ROOT.glob(f"{package}/**/*.py"))
HEAVY = ("sympy", "islpy", "z3", "cvc5", "matplotlib", "scipy", "hypothesis", "torch", "jax", "pypandoc")
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
    """The glob of this file matches all packages, so that the rules below are about something."""
    assert {path.relative_to(ROOT).parts[0] for path in SOURCES} == set(PACKAGES)
    assert len(SOURCES) > 20


# The one table: who may import whom. A module imports modules of its own row and of the rows above it, nothing below;
# the longest prefix counts. Imports inside functions count as much as those at the top of a file.
LAYERS = (
    ("core",),
    ("formulas", "judgement.verdict", "language.remarks"),  # what is said and what is answered: plain records
    ("operators",),
    ("typeset",),
    # texts with places, how statements begin, and messages that point into them
    ("language.errors", "language.limits", "language.source", "language.openings"),
    ("language.private", "language.tables"),
    ("notation",),
    ("language",),
    ("meaning",),
    ("search",),
    ("crosscheck",),
    ("judgement",),
    ("steps",),
    ("repair",),
    ("entries",),
    ("show",),
    ("reference",),
    ("batch",),
    ("reading",),
    ("choosing", "watching"),
    ("editing",),
    ("words", "api", "asked"),
    ("serving", "campaigns"),
    ("commands",),
    ("cli", "pytest_plugin", "__init__"),
)
# Where an import may stand inside a function: the doors of the package, so that they open at once, and the run, which
# answers an unchanged document from the cache without loading SymPy, as does what walks over its blocks; the faces of
# records in notebooks load the report when one is shown; the page's server has no formula's code in its own process,
# only in its workers; Dask and the writers of other formats are loaded where they are asked for.
DOORS = (
    "api", "asked", "cli", "words", "pytest_plugin", "__init__", "batch.run", "batch.workers", "show.notebook",
    "serving.command", "serving.worker", "editing.judging", "campaigns.command", "language.blocks", "choosing.nothing",
    "commands.verify",
)  # fmt: skip
MODULES = {
    ".".join(path.relative_to(ROOT / "derivations").with_suffix("").parts).removesuffix(".__init__"): path
    for path in SOURCES
    if path.is_relative_to(ROOT / "derivations")
}


def layer(module: str) -> int:
    """The row of a module in the table."""
    found = [
        (len(prefix), number)
        for number, prefixes in enumerate(LAYERS)
        for prefix in prefixes
        if module == prefix or module.startswith(prefix + ".")
    ]
    assert found, f"{module} is in no row of the table: put it into a room, or give its room a row"
    return max(found)[1]


def imported_modules(module: str, tree: ast.AST) -> set[str]:
    """The modules of derivations that one imports, wherever the import stands."""
    package = MODULES[module].relative_to(ROOT).parent.parts
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("derivations.") for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1]] if node.level else []
            base += node.module.split(".") if node.module else []
            if base[:1] == ["derivations"]:
                whole = [".".join([*base[1:], alias.name]) for alias in node.names]
                found |= {name if name in MODULES else ".".join(base[1:]) for name in whole}
    return {name for name in found if name in MODULES and name != module}


GRAPH = {
    module: imported_modules(module, ast.parse(path.read_text(encoding="utf-8"))) for module, path in MODULES.items()
}


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The sets of modules that import each other, directly or on the way (strongly connected components)."""
    order: list[str] = []
    seen: set[str] = set()

    def visit(node: str, edges: dict[str, set[str]], into: list[str]) -> None:
        stack = [(node, iter(sorted(edges.get(node, ()))))]
        seen.add(node)
        while stack:
            here, rest = stack[-1]
            nearest = next((other for other in rest if other not in seen), None)
            if nearest is None:
                stack.pop()
                into.append(here)
            else:
                seen.add(nearest)
                stack.append((nearest, iter(sorted(edges.get(nearest, ())))))

    for node in sorted(graph):
        if node not in seen:
            visit(node, graph, order)
    backwards: dict[str, set[str]] = {}
    for node, others in graph.items():
        for other in others:
            backwards.setdefault(other, set()).add(node)
    seen.clear()
    found = []
    for node in reversed(order):
        if node not in seen:
            component: list[str] = []
            visit(node, backwards, component)
            if len(component) > 1:
                found.append(sorted(component))
    return found


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_go_upwards_in_the_table(module: str) -> None:
    """A module imports nothing from a row below its own."""
    wrong = {other for other in GRAPH[module] if layer(other) > layer(module)}
    assert not wrong, f"{module} imports {', '.join(sorted(wrong))}, which the table has below it"


def test_there_are_no_circles() -> None:
    """No set of modules imports itself in a circle, imports inside functions included."""
    assert circles(GRAPH) == []


def test_circles_are_seen() -> None:
    """The search for circles finds one of three."""
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}) == [["a", "b", "c"]]


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_stand_at_the_top(module: str) -> None:
    """Only the doors of the package import modules of their own inside functions; what is imported for the types alone
    is loaded by no run."""
    if module in DOORS or MODULES[module].name == "__init__.py":
        return
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    top = {id(node) for node in tree.body}
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            top |= {id(each) for each in node.body}
    inner = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and id(node) not in top and under(node.module or "", "derivations")
    ]
    assert not inner, f"{module} imports inside functions or under conditions, lines {inner}"


def test_the_top_of_the_package_is_short() -> None:
    """At most six files stand beside the rooms."""
    assert len(list((ROOT / "derivations").glob("*.py"))) <= 6


def test_numeric_does_not_know_the_symbolic_half(source: Path) -> None:
    """numeric/ imports neither derivations nor SymPy."""
    if source.relative_to(ROOT).parts[0] == "numeric":
        assert not [name for name in imported(source) if under(name, "derivations", "sympy")]


def test_a_recheck_knows_no_prover(source: Path) -> None:
    """recheck/ imports the solvers, the standard library and itself; nobody but the command line imports it."""
    package, *rest = source.relative_to(ROOT).parts
    if package == "recheck":
        for name in imported(source):
            assert under(name, "recheck", "islpy", "z3", "cvc5") or name.split(".")[0] in STANDARD, name
    elif rest != ["cli.py"]:
        assert not [name for name in imported(source) if under(name, "recheck")]


def test_one_door_to_numeric(source: Path) -> None:
    """In derivations/ only crosscheck.py (or the modules of a package of that name) imports numeric."""
    parts = source.relative_to(ROOT).parts
    if parts[0] == "derivations" and not parts[1].startswith("crosscheck"):
        assert not [name for name in imported(source) if under(name, "numeric")]


def test_the_kernel_stands_alone(source: Path) -> None:
    """derivations/core/ imports the standard library, isl, z3, cvc5 and itself; nothing else, SymPy
    least of all."""
    if source.relative_to(ROOT).parts[:2] != ("derivations", "core"):
        return
    for name in imported(source):
        allowed = under(name, "islpy", "z3", "cvc5", "derivations.core") or name.split(".")[0] in STANDARD
        assert allowed or name == "derivations", f"{source.name} imports {name}"
        assert name != "derivations", f"{source.name} imports from the package derivations itself"


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


def test_contributing_shows_the_tree() -> None:
    """*Where things are* is what the rooms' openings say; `python tools/write_tree.py` writes it."""
    spec = importlib.util.spec_from_file_location("write_tree", ROOT / "tools" / "write_tree.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert tool.written(page) == page
    assert "| `derivations/core/` |" in page


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


LONG = 500  # lines of a file; whoever needs more says why at its head


def test_long_files_say_why(source: Path) -> None:
    """A file of more than 500 lines says in its opening why it is one file; no other does."""
    text = source.read_text(encoding="utf-8")
    opening = ast.get_docstring(ast.parse(text)) or ""
    assert ("Over 500 lines: " in opening) == (len(text.splitlines()) > LONG)
