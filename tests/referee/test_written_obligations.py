"""What `verify --obligations` writes, `recheck` confirms; and what is changed in it is found out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from derivations.cli import app
from recheck.run import CONFIRMED, CONTRADICTED

DOCUMENT = """# Strides

```given
dims N, m, s where m <= N
tensor x[N], w[m]
z = corr(x, w, valid, stride=s)
loss J(z)
e = grad(J, z)
```

```claim tail
conv(dilate(e, s), w, full) == grad(J, x)
expect holds where (N - m) % s == 0
```

```claim kernel
grad(J, w) == corr(x, dilate(e, s), valid)[0:m]
```
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The obligations of a document, as the command line writes them."""
    path = tmp_path_factory.mktemp("obligations")
    (path / "strides.md").write_text(DOCUMENT, encoding="utf-8")
    done = CliRunner().invoke(app, ["verify", str(path / "strides.md"), "--obligations", str(path / "out")])
    assert done.exit_code == 0, done.output
    return path / "out"


def test_what_is_written_is_confirmed(written: Path) -> None:
    """Each verdict with its region names its files, each file its claim, and the recheck confirms all."""
    manifest = json.loads((written / "manifest.json").read_text())
    assert [(entry["id"], entry["verdict"], entry["holds_where"]) for entry in manifest["verdicts"]] == [
        ("tail", "holds where", "(N - m) % s == 0"), ("kernel", "proved", None),
    ]  # fmt: skip
    files = [name for entry in manifest["verdicts"] for name in entry["questions"]]
    assert sorted(files) == sorted(str(path.relative_to(written)) for path in written.rglob("*.smt2"))
    assert "strides.md, tail, link 1" in (written / manifest["verdicts"][0]["questions"][0]).read_text()
    done = CliRunner().invoke(app, ["recheck", str(written)])
    assert done.exit_code == CONFIRMED, done.output
    assert "2 of 2 verdicts confirmed" in done.output


def test_a_weaker_file_is_found_out(written: Path) -> None:
    """Without what a question supposes, some small numbers satisfy it: of each file that needs an assertion, at least
    one assertion is needed."""
    files = sorted(written.rglob("*.smt2"))
    needed = 0
    for file in files:
        text = file.read_text(encoding="utf-8")
        assertions = [line for line in text.splitlines() if line.startswith("(assert")]
        weaker = text.replace(assertions[-1] + "\n", "")
        file.write_text(weaker, encoding="utf-8")
        needed += CliRunner().invoke(app, ["recheck", str(written)]).exit_code == CONTRADICTED
        file.write_text(text, encoding="utf-8")
        if needed == 2:
            break
    assert needed == 2


def test_a_missing_directory_is_wrong_input(tmp_path: Path) -> None:
    """A message and status 2."""
    done = CliRunner().invoke(app, ["recheck", str(tmp_path / "nothing")])
    assert done.exit_code == 2
    assert "--obligations" in done.output
