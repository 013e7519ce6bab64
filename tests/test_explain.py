"""A claim is shown with all its conditions, and indices that count otherwise than the claim's say so."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from derivations.batch.run import judge_claim
from derivations.cli import app
from derivations.language.document import Document
from derivations.show.explain import FROM_ZERO
from derivations.show.report.statements import claim_text

GIVEN = """```given
dims n, m where n >= 2
tensor x[n], A[n, n]
assume A > 0
```
"""
CONDITIONS = GIVEN + "```claim c\nsum(x) * x == 2 * x\nwhere n == 3, x > 0, sum(x) == 2\n```\n"
FROM_ONE = """```given
dims n, m where n >= 2
tensor x[n], A[n, n], k[m]
z = A @ x
loss J(z)
origin 1
```
```claim o
A[1, 2] == A[2, 1]
expect refuted
```
```claim free
A[i, j] == A[j, i]
expect refuted
```
```claim sizes
m == n
expect holds where m == n
```
"""


def shown(*arguments: str | Path) -> list[str]:
    """The lines that the command prints."""
    return CliRunner().invoke(app, [*map(str, arguments)]).stdout.splitlines()


def document(path: Path, text: str) -> Path:
    file = path / "notes.md"
    file.write_text(text, encoding="utf-8")
    return file


def test_explain_shows_every_condition(tmp_path: Path) -> None:
    """Conditions on sizes, equations and signs of data; what the given block assumes is not the claim's."""
    lines = shown("explain", "c", document(tmp_path, CONDITIONS))
    assert lines[6:9] == ["    where n == 3", "    where sum(x) == 2", "    where x > 0"]
    assert "    where A > 0" not in lines


def test_check_shows_every_condition(tmp_path: Path) -> None:
    """What is proved under a condition is not printed without it."""
    wanted = ("--where", "n == 2", "--where", "x > 0, sum(x) == 99")
    lines = shown("check", "sum(x) * x == 99 * x", "--given", document(tmp_path, GIVEN), *wanted)
    assert lines[0] == "✓ proved"
    assert lines[2:6] == ["    sum(x) * x == 99 * x", "    where n == 2", "    where sum(x) == 99", "    where x > 0"]


def test_check_shows_the_conditions_of_each_reading(tmp_path: Path) -> None:
    """Under two readings the conditions stand below each of the statements."""
    given = "dims n\ntensor x[n, n]\nchoose star in conv, corr\n"
    lines = shown("check", "star(x, x) == star(x, x)", "--given", document(tmp_path, given), "--where", "n == 1")
    assert lines.count("    where n == 1") == 2


def test_the_report_shows_every_condition() -> None:
    """On the page conditions are formulas; a unique maximum is said in words."""
    (claim,) = Document.parse(CONDITIONS).claims
    conditions = next(line for line in text_of(claim).splitlines() if line.startswith("where"))
    assert conditions.startswith("where $n = 3$, ")
    assert conditions.endswith(" = 2$, $x > 0$.")
    pooled = "```given\ndims n\ntensor x[2*n]\n```\n```claim p\nmax_pool(x, 2, 2) == max_pool(x, 2, 2)\n"
    (claim,) = Document.parse(pooled + "where unique_max(x, 2, 2)\n```\n").claims
    assert "where every window's maximum is unique (`unique_max(x, 2, 2)`)." in text_of(claim)


def text_of(claim: object) -> str:
    return claim_text([(claim, judge_claim(claim))])  # type: ignore[arg-type, list-item]


@pytest.mark.parametrize("name", ["o", "free"])
def test_explain_says_from_where_its_indices_count(name: str, tmp_path: Path) -> None:
    """Under origin 1 the formulas by index, the entry and the counterexample count from 0, and say so; sizes have no
    index."""
    lines = shown("explain", name, document(tmp_path, FROM_ONE))
    for heading in ("by index", "the counterexample"):
        assert [line.endswith(FROM_ZERO) for line in lines if line.startswith(heading)] == [True]
    after = [lines[number + 1].strip() for number, line in enumerate(lines) if "entry (0, 1): left" in line]
    assert after == ([FROM_ZERO] if name == "free" else [])


def test_indices_that_count_as_the_claims_do_say_nothing(tmp_path: Path) -> None:
    """Without an origin, and where no index is shown, there is no such sentence."""
    assert not any(FROM_ZERO in line for line in shown("explain", "sizes", document(tmp_path, FROM_ONE)))
    counted = document(tmp_path, FROM_ONE.replace("origin 1\n", "").replace("A[1, 2] == A[2, 1]", "A == A.T"))
    assert not any(FROM_ZERO in line for line in shown("explain", "o", counted))


def test_check_says_from_where_its_indices_count(tmp_path: Path) -> None:
    """The entry of the counterexample is followed by the sentence under origin 1 only."""
    given = "dims n\ntensor A[n, n]\norigin 1\n"
    lines = shown("check", "A == A.T", "--given", document(tmp_path, given))
    (at,) = [number for number, line in enumerate(lines) if "entry (0, 1): left" in line]
    assert lines[at + 1].strip() == FROM_ZERO
    counted = document(tmp_path, given.replace("origin 1\n", ""))
    assert not any(FROM_ZERO in line for line in shown("check", "A == A.T", "--given", counted))


def test_the_help_of_check_says_which_context_it_takes() -> None:
    """It is the first in which the equation can be read, as the answer shows."""
    assert "first context in which the equation can be read" in " ".join(" ".join(shown("check", "--help")).split())


def test_check_takes_the_first_context_that_has_the_names(tmp_path: Path) -> None:
    """Of two contexts that declare the same name the first counts."""
    two = "```given\ndims n\ntensor x[n]\n```\n```given\ndims n\ntensor x[n, n], y[n]\n```\n"
    assert shown("check", "shape(x)[0] == n", "--given", document(tmp_path, two))[0] == "✓ proved"
    assert shown("check", "shape(x) == (n, n)", "--given", document(tmp_path, two))[:1] != ["✓ proved"]
    assert shown("check", "shape(y) == shape(x[0])", "--given", document(tmp_path, two))[0] == "✓ proved"


def test_what_is_written_entry_by_entry_stays_so(tmp_path: Path) -> None:
    """Sizes and numbers are not taken apart into sums over their places."""
    text = GIVEN + "```claim s\nshape(A @ x) == (m,)\n```\n```claim l\n2 * [1, 3] == [2, 7]\n```\n"
    file = document(tmp_path, text)
    for name, left, right in (("s", "  left   (n,)", "  right  (m,)"), ("l", "  left   entry", "  right  [2, 7]")):
        lines = shown("explain", name, file)
        at = next(number for number, line in enumerate(lines) if line.startswith("by index"))
        assert lines[at + 1].startswith(left)
        assert right in lines[at + 1 :]
