"""The page on everyday use: each command that it shows prints what stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from derivations.cli import app

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "everyday.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ gradproof (.+)\n((?:(?!\$ |```).*\n)*)", PAGE, re.MULTILINE)


def test_every_command_prints_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the page, in a folder with its document; seconds differ, and … stands for what is left out."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    Path("notes.md").write_text(PAGE.split("````markdown\n")[1].split("````")[0], encoding="utf-8")
    assert len(COMMANDS) >= 5
    for line, shown in COMMANDS:
        command, _, target = line.partition(" > ")
        done = CliRunner().invoke(app, shlex.split(command))
        printed = re.sub(r"\d+\.\d s\.", "0 s.", done.stdout.strip())
        expected = re.sub(r"\d+\.\d s\.", "0 s.", shown.strip())
        if target:
            assert printed.startswith("# ")
        elif expected.endswith("…"):
            assert printed.startswith(expected.removesuffix("…").rstrip()), line
        else:
            assert printed == expected, line
