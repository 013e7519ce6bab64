"""Documents that are judged again at each change: the same verdicts as a run over everything, and only what is new."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.batch.run import Source, judge_claim, judged
from derivations.judgement.results import Results
from derivations.watching.session import Session

GIVEN = "```given\ndims N, D, M\ntensor X[N, D], W[D, M]\nY = X @ W\nloss J(Y)\nG = grad(J, Y)\n```\n"
OTHER = "```given\ndims n\ntensor x[n], y[n]\n```\n"
BROKEN = "```given\ndims n\ntensor x[n\n```\n"
CLAIMS = (
    "```claim {}\ngrad(J, W) == X.T @ G\n```\n",
    "```claim {}\ngrad(J, X) == W.T @ G\nexpect false\n```\n",
    "```claim {}\nx + y == y + x\n```\n",
    "```claim {}\nx ==\n```\n",
    "```remark {}\nTaste.\n```\n",
)
PARTS = st.lists(st.sampled_from([GIVEN, OTHER, BROKEN, *CLAIMS]), max_size=7)


def text_of(parts: list[str]) -> str:
    return "\n".join(part.format(f"c{number}") for number, part in enumerate(parts))


def record(results: Results) -> dict[str, object]:
    """What is said of a run, apart from how long it took."""
    found = results.as_json()
    found["summary"].pop("seconds")
    return {**found, "claims": [{**claim, "seconds": 0} for claim in found["claims"]]}


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session() as opened:
        yield opened


@settings(deadline=None, max_examples=25)
@given(PARTS)
def test_a_look_says_what_a_run_says(session: Session, parts: list[str]) -> None:
    """Whatever was looked at before, a look gives the verdicts, refusals, errors and readings of a run over it."""
    text = text_of(parts)
    whole = Results()
    for each in judged(Source("a.md", text).blocks(), judge_claim):
        whole.take(each)
    whole.compare_readings()
    assert record(session.look(Source("a.md", text)).results) == record(whole)
    assert not [each for each in session.look(Source("a.md", text)).fresh if each.verdicts]


def test_only_what_changed_is_judged() -> None:
    """A changed claim is judged alone, a changed context judges its claims, a moved claim none."""
    text = text_of([GIVEN, CLAIMS[0], CLAIMS[1], OTHER, CLAIMS[2]])
    with Session() as session:

        def fresh(changed: str) -> list[str]:
            return [each.block.id for each in session.look(Source("a.md", changed)).fresh]

        assert fresh(text) == ["c1", "c2", "c4"]
        assert fresh("Prose before.\n\n" + text.replace("y + x", "y  +  x  # same")) == []
        assert fresh(text.replace("X.T @ G", "2 * X.T @ G")) == ["c1"]
        assert fresh(text.replace("dims n\n", "dims n where n > 1\n")) == ["c4"]
        assert fresh(text) == []


def test_a_run_that_was_left_does_not_answer_the_next() -> None:
    """Where a look is broken off, the next one has its own answers."""
    text = text_of([GIVEN, *[CLAIMS[0]] * 6])
    with Session() as session:
        blocks = session.blocks(Source("a.md", text))
        next(blocks), next(blocks)
        blocks.close()
        changed = text.replace("X.T @ G", "3 * X.T @ G")
        words = [v.verdict for v in session.look(Source("a.md", changed)).results.verdicts]
        assert words == ["refuted"] * 6


def test_watch_follows_a_file(tmp_path: Path) -> None:
    """The command judges again after each save, also of a file that the editor replaces, or that comes later."""
    pytest.importorskip("watchfiles")
    notes = tmp_path / "notes.md"
    notes.write_text(text_of([GIVEN, CLAIMS[0]]), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "derivations.cli", "verify", "--watch", "--no-cache", str(tmp_path)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)

    threading.Thread(target=read, daemon=True).start()

    def until(part: str) -> list[str]:
        found = []
        while not found or part not in found[-1]:
            found.append(lines.get(timeout=60))
        return found

    try:
        assert "1 judged, 0 as before" in "".join(until("as expected"))
        until("Watching 1 file")
        replaced = tmp_path / "notes.md~"
        replaced.write_text(text_of([GIVEN, CLAIMS[0]]).replace("X.T", "2*X.T"), encoding="utf-8")
        os.replace(replaced, notes)
        shown = "".join(until("not as expected: "))
        assert "refuted" in shown
        (tmp_path / "later.md").write_text(text_of([OTHER, CLAIMS[2]]), encoding="utf-8")
        assert "later.md: 1 judged" in "".join(until("not as expected: "))
        (tmp_path / "later.md").unlink()
        until("not as expected: ")
        notes.write_text(text_of([GIVEN, CLAIMS[0]]), encoding="utf-8")
        shown = "".join(until("everything is as expected"))
        assert "notes.md: 0 judged, 1 as before" in shown
        assert "mended" in shown
    finally:
        process.terminate()
        process.wait(30)
