"""What a run loads: a document of which all is remembered is answered without the libraries that decide formulas, and
options are taken without the library that checks them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer import Option
from typer._coercion import build_runtime_param, resolve_type_descriptor

from derivations.commands.options import Unsure, plainly

HEAVY = {"sympy", "numpy", "islpy", "z3", "pydantic", "lark", "mpmath", "multiprocessing", "numeric"}
NOTES = """# Dense

```given
dims N, D, M
tensor X[N, D], W[D, M]
Y = X @ W
loss J(Y)
G = grad(J, Y)
```

```claim weights
grad(J, W) == X.T @ G
```

```remark taste
A matter of taste.
```

```given continue
tensor b[M]
```

```claim wrong
grad(J, W) == X.T @ (G + G)
expect false
```
"""
RUN = """
import sys
from derivations.cli import main
sys.argv = ["gradproof", *sys.argv[1:]]
try:
    main()
finally:
    print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""


def loaded(folder: Path, *arguments: str) -> tuple[int, set[str]]:
    """The status of a run, and what it loaded."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-c", RUN, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, timeout=120)
    return done.returncode, set(done.stderr.split())


@pytest.mark.parametrize(
    "options",
    [[], ["-q"], ["-v", "--durations", "2"], ["--json"], ["-k", "weights"], ["--format", "junit"], ["-j", "2"], ["-x"]],
    ids=" ".join,
)
def test_what_is_remembered_is_answered_without_the_deciders(tmp_path: Path, options: list[str]) -> None:
    """The first run over a document loads SymPy and the solvers; the second none of the heavy libraries."""
    (tmp_path / "notes.md").write_text(NOTES, encoding="utf-8")
    first, needed = loaded(tmp_path, "verify", "notes.md")
    assert first == 0
    assert {"sympy", "lark", "multiprocessing"} <= needed
    second, modules = loaded(tmp_path, "verify", "notes.md", *options)
    assert second == 0
    assert not modules & HEAVY


def test_what_is_new_is_judged(tmp_path: Path) -> None:
    """A claim that was never judged, below remembered ones, loads what it needs."""
    (tmp_path / "notes.md").write_text(NOTES, encoding="utf-8")
    assert loaded(tmp_path, "verify", "notes.md")[0] == 0
    (tmp_path / "notes.md").write_text(NOTES + "\n```claim new\ngrad(J, W) == G\n```\n", encoding="utf-8")
    status, modules = loaded(tmp_path, "verify", "notes.md")
    assert status == 1
    assert "sympy" in modules


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["verify", "--help"], ["verify", "nowhere.md"]])
def test_what_judges_nothing_loads_nothing(tmp_path: Path, arguments: list[str]) -> None:
    """The version, help, and a file that is not there need none of the heavy libraries."""
    assert not loaded(tmp_path, *arguments)[1] & HEAVY


def test_a_short_run_looks_for_no_garbage(tmp_path: Path) -> None:
    """While a run loads its libraries and judges a claim the collector does not look, and when Python ends there is
    nothing for it to look at: both together were a third of a cold `check`."""
    (tmp_path / "notes.md").write_text(NOTES, encoding="utf-8")
    script = f"""
import atexit, gc
from derivations.cli import main
looks = lambda: sum(each["collections"] for each in gc.get_stats())
before = looks()
atexit.register(lambda: print(looks() - before, len(gc.get_objects())))
{RUN}"""
    command = [sys.executable, "-c", script, "check", "grad(J, W) == X.T @ G", "--given", "notes.md"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert "proved" in done.stdout
    collections, objects = map(int, done.stdout.split()[-2:])
    assert collections == 0
    assert objects < 1000


def test_the_page_warms_up_without_looking_for_garbage() -> None:
    """The process that the page's workers are copies of loads everything without one look of the collector, keeps what
    is loaded out of all later ones, and then lets it look again."""
    script = """
import gc
import derivations.serving
looks = lambda: sum(each["collections"] for each in gc.get_stats())
before = looks()
import derivations.serving.warm
print(looks() - before, gc.get_freeze_count(), gc.isenabled())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    looked, kept, enabled = done.stdout.split()
    assert int(looked) == 0
    assert int(kept) > 100_000
    assert enabled == "True"


VALUES = [
    None, "", "a", "12", "-3", "007", "1e3", "1_0", " 5", "٣", "99999999999", "true", "text", "TEXT", 1, 0, 2.5, True,
]  # fmt: skip
KINDS: list[tuple[Any, dict[str, Any]]] = [
    (str, {}), (int, {}), (int, {"min": 0, "max": 12}), (float, {"min": 1.0}), (Path, {}), (list[Path], {}),
    (list[str], {}), (bool, {}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "limits"), KINDS, ids=str)
def test_a_value_is_taken_as_typer_takes_it(kind: Any, limits: dict[str, Any]) -> None:
    """Wherever a value is taken without a check, Typer's check gives the same value of the same type."""

    class Parameter:
        multiple, nargs = str(kind).startswith("list"), 1

    asked, taken = Option(**limits), 0
    for value in VALUES:
        given = [value] if Parameter.multiple and value is not None else value
        try:
            found = plainly(given, kind, asked)
        except Unsure:
            continue
        own: Any = build_runtime_param(resolve_type_descriptor(kind, asked))
        wanted = own.coerce(given, param=Parameter(), ctx=None)
        assert (found, type(found)) == (wanted, type(wanted))
        taken += 1
    assert taken or kind is bool
