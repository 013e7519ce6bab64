"""The benchmarks' rows: what is written is what was measured, and one file serves several benchmarks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers import peers
from benchmarks.table import Row, markdown, write_json

ROOT = Path(__file__).resolve().parents[2]
ROW = Row("time", "≥ 5×", 3.0, False, "peer", "×", "machine", "versions")


def test_rows_have_the_promised_fields(tmp_path: Path) -> None:
    """A row in the file has name, goal, measured, met, peer, unit, machine and versions, and nothing else."""
    write_json([ROW], str(tmp_path / "rows.json"))
    (row,) = json.loads((tmp_path / "rows.json").read_text())
    assert list(row) == ["name", "goal", "measured", "met", "peer", "unit", "machine", "versions"]
    assert row["met"] is False


def test_one_file_serves_several_benchmarks(tmp_path: Path) -> None:
    """Rows of another name or peer stay; those of the same are replaced."""
    path = str(tmp_path / "rows.json")
    write_json([ROW, Row("time", None, 4.0, None, "other", "×")], path)
    write_json([Row("proof", None, 1.0, None, "SymPy", "×")], path)
    write_json([Row("time", "≥ 5×", 6.0, True, "peer", "×")], path)
    assert [(row["name"], row["measured"], row["goal"]) for row in json.loads(Path(path).read_text())] == [
        ("time; other", 4.0, None),
        ("proof; SymPy", 1.0, None),
        ("time; peer", 6.0, "≥ 5×"),
    ]


def test_names_in_a_file_are_unique(tmp_path: Path) -> None:
    """Two rows of one name and one peer are a defect of the benchmark."""
    with pytest.raises(ValueError, match="time; peer"):
        write_json([ROW, ROW], str(tmp_path / "rows.json"))


def test_a_missed_goal_is_printed_as_one() -> None:
    """The table says no where a goal was missed, and a dash where there was none."""
    lines = markdown([ROW, Row("time", None, "not installed", None, "other", "×")]).splitlines()
    assert lines[2].split(" | ")[3] == "**no**"
    assert "not installed" in lines[3]


def test_every_peer_takes_a_right_pair_and_refuses_a_zero_gradient() -> None:
    """Each checker that is installed answers yes to a right dense layer and no to a gradient of zeros."""
    x, w = np.random.default_rng(0).normal(size=(2, 3, 3))
    for peer in peers():
        if peer.accepts is None:
            continue
        assert peer.accepts(lambda x, w: x @ w, lambda delta, x, w: (delta @ w.T, x.T @ delta), x, w), peer.name
        assert not peer.accepts(lambda x, w: x @ w, lambda delta, x, w: (0 * x, 0 * w), x, w), peer.name


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("bench_*.py")), ids=lambda path: path.stem)
def test_every_benchmark_takes_what_make_gives_it(path: Path) -> None:
    """`make bench` calls each with --json FILE, and its table is the last thing that it prints."""
    done = subprocess.run([sys.executable, str(path), "--help"], capture_output=True, text=True, cwd=ROOT, check=True)
    assert "--json FILE" in done.stdout
