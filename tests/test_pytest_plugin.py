"""Claims of Markdown files as pytest items, and the fixture for gradients: seen through pytest itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from derivations.cli import app

NOTES = """
```given
dims H, W, m, n where m <= H, n <= W
tensor a[H, W], w[m, n]
z = conv(a, w, valid)
loss J(z)
delta = grad(J, z)
```

```claim right
grad(J, w) == conv(rot180(a), delta, valid)
```

```claim wrong
grad(J, w) == conv(a, rot180(delta), valid)
```

```claim chain
sum(a) == sum(a.T) == 2*sum(a)
expect link 2 refuted
```
"""
BROKEN = NOTES + "\n```claim unread\ngrad(J, w) = 0\n```\n"
TESTS = """
import numpy as np

def test_right(gradcheck):
    assert gradcheck(lambda x: 2 * x, lambda d, x: 2 * d, np.arange(3.0)).verdict == "right"

def test_wrong(gradcheck):
    gradcheck(lambda x: 2 * x, lambda d, x: 3 * d, np.arange(3.0))
"""


PROVED = """
def forward(x, w):
    return x @ w

def backward(d, x, w):
    return d @ w.T, x.T @ d

def wrong(d, x, w):
    return d @ w, x.T @ d

def reads(x, w):
    return open(x)

def test_right(prove):
    assert prove(forward, backward, given="x: N, D; w: D, D").word == "proved"

def test_wrong(prove):
    prove(forward, wrong, given="x: N, D; w: D, D")

def test_refused(prove):
    prove(reads, backward, given="x: N, D; w: D, D")
"""


def run(place: Path, *arguments: str) -> str:
    """What pytest prints in a folder."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--no-header", "-rA", *arguments]
    plugins = ["-p", "derivations.pytest_plugin", "-p", "numeric.pytest_plugin"]
    entry_points = ["--disable-plugin-autoload"]
    done = subprocess.run([*command, *entry_points, *plugins], cwd=place, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = Path(__file__).resolve().parent.parent
    monkeypatch.setenv("PYTHONPATH", str(root))
    for name in ("CI", "BUILD_NUMBER"):  # there, pytest says messages twice: its summary is not cut
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "notes.md").write_text(NOTES, encoding="utf-8")
    return tmp_path


def test_each_link_is_an_item(place: Path) -> None:
    """Right ones pass, the wrong one fails with counterexample, repair and place; without the option nothing is
    collected."""
    said = run(place, "--gradproof")
    assert "3 passed" in said
    assert "1 failed" in said
    line = NOTES.splitlines().index("grad(J, w) == conv(a, rot180(delta), valid)") + 1
    assert f"notes.md:{line}" in said
    assert "m == 1, n == 1" in said
    assert "conv(rot180(a), delta, valid)" in said
    assert "Traceback" not in said
    assert "no tests ran" in run(place)


def test_items_are_chosen_by_name_and_what_cannot_be_read_fails(place: Path) -> None:
    """`-k` chooses claims; a claim that cannot be read is a failing item, and the others are judged all the same."""
    assert "1 passed" in run(place, "--gradproof", "-k", "right")
    (place / "notes.md").write_text(BROKEN, encoding="utf-8")
    said = run(place, "--gradproof", "-k", "right or input")
    assert "1 failed" in said
    assert "1 passed" in said
    assert "==" in said


def test_the_fixture_fails_a_wrong_gradient(place: Path) -> None:
    """`gradcheck` lets a right gradient pass and fails a wrong one with the report."""
    (place / "test_layer.py").write_text(TESTS, encoding="utf-8")
    said = run(place)
    assert "1 passed" in said
    assert "1 failed" in said
    assert "scaled" in said


def test_the_fixture_fails_what_is_not_proved(place: Path) -> None:
    """`prove` lets a proved gradient pass; a wrong one and code that is refused fail with what is said of them."""
    (place / "test_proved.py").write_text(PROVED, encoding="utf-8")
    said = run(place)
    assert "1 passed" in said
    assert "2 failed" in said
    assert "Traceback" not in said
    assert "dx  holds where D == 1" in said
    assert said.count("not read: open is not defined") == 1


def test_the_hook_is_what_pre_commit_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hook's command, given files as pre-commit gives them, fails for a wrong claim and passes for right ones."""
    yaml = pytest.importorskip("yaml")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    root = Path(__file__).resolve().parent.parent
    (hook,) = yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert {"id", "name", "entry", "language"} <= set(hook)
    program, *arguments = hook["entry"].split()
    assert program == "gradproof"
    right, wrong = tmp_path / "right.md", tmp_path / "wrong.md"
    text = "```given\ndims n\ntensor x[n]\n```\n```claim a\nx + x == {}*x\n```\n"
    right.write_text(text.format(2), encoding="utf-8")
    wrong.write_text(text.format(3), encoding="utf-8")
    for files, status in (([right], 0), ([right, wrong], 1)):
        done = CliRunner().invoke(app, [*arguments, *map(str, files)])
        assert done.exit_code == status, done.stdout + done.stderr


def test_the_workflow_runs_commands_that_there_are() -> None:
    """Each gradproof line of the example for GitHub Actions has options that the command knows."""
    yaml = pytest.importorskip("yaml")
    root = Path(__file__).resolve().parent.parent
    workflow = yaml.safe_load((root / "docs" / "examples" / "github-actions.yml").read_text(encoding="utf-8"))
    steps = [step["run"] for step in workflow["jobs"]["claims"]["steps"] if "run" in step]
    lines = [line for line in steps if line.startswith("gradproof ")]
    assert lines
    for line in lines:
        done = CliRunner().invoke(app, [*line.split()[1:], "--help"])
        assert done.exit_code == 0
        assert all(word in done.stdout for word in line.split() if word.startswith("-"))
