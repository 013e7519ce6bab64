"""Workers, cache, statuses and lines: what stands between the judge and the user, with judges that misbehave."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations.batch.cache import Cache, may_be_remembered, write_atomically
from derivations.batch.run import Results, Status, judge_claim, judged
from derivations.batch.workers import Answer, Workers, in_order, undecided
from derivations.formulas.claims import Claim
from derivations.judgement.verdict import Evidence, Step, Verdict, Witness
from derivations.language.document import Document
from derivations.language.errors import InputError, Place
from derivations.show.lines import GLYPHS, LETTERS, glyphs_for, line, sizes_text, summary

DOCUMENT = """```given
dims n
tensor x[n], y[n]
```
""" + "".join(f"```claim c{k}\nx + y == y + x\n```\n" for k in range(6))

forked = pytest.mark.skipif(os.name != "posix", reason="the judges of these tests cannot be pickled")


@pytest.fixture(scope="module")
def claims() -> list[Claim]:
    return Document.parse(DOCUMENT, "notes.md").claims


def proved(claim: Claim, **changes: Any) -> Verdict:
    """A proof of a claim's first link, as a judge would give it."""
    record = Verdict("notes.md", claim.id, 1, {}, claim.line, claim.links[0].text, "proved", seconds=0.001)
    return replace(record, **changes)


def only(claims: list[Claim], misbehave: Callable[[], Any]) -> Callable[[Claim], list[Verdict]]:
    """A judge that proves everything, but misbehaves on the third claim."""

    def judge(claim: Claim) -> list[Verdict]:
        if claim.id == claims[2].id:
            misbehave()
        return [proved(claim)]

    return judge


def fail(error: BaseException) -> Callable[[], None]:
    def raise_it() -> None:
        raise error

    return raise_it


# -- workers ----------------------------------------------------------------------------------------------------------


@forked
@pytest.mark.parametrize("processes", [1, 2, 5])
def test_answers_come_in_order(claims: list[Claim], processes: int) -> None:
    """However many processes there are and however long each claim takes, the answers are in the claims' order."""

    def judge(claim: Claim) -> list[Verdict]:
        time.sleep(0.05 * (int(claim.id[1:]) % 3))
        return [proved(claim)]

    answers = list(judged(claims, judge, processes))
    assert [answer.verdicts[0].id for answer in answers] == [claim.id for claim in claims]


@forked
@pytest.mark.parametrize(
    ("misbehave", "reason"),
    [
        (lambda: os._exit(3), "ended with status 3"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "ended with status -9"),
        (lambda: time.sleep(60), "outer guard"),
        (fail(RecursionError()), "limit on nesting"),
        (fail(MemoryError()), "limit on memory"),
        (fail(ZeroDivisionError("by zero")), "a defect of gradproof: ZeroDivisionError in test_run.py"),
    ],
    ids=["exits", "is killed", "hangs", "nests", "fills memory", "fails"],
)
def test_one_bad_claim_does_not_end_the_run(claims: list[Claim], misbehave: Callable[[], Any], reason: str) -> None:
    """A claim whose judge dies, hangs or fails is undecided for that reason; every other claim is judged."""
    with Workers(claims, only(claims, misbehave), 2, guard_seconds=1.0) as workers:
        answers = [answer for _, answer in in_order(range(len(claims)), workers.answers(range(len(claims))))]
    words = [answer.verdicts[0].verdict for answer in answers]
    assert words == ["proved", "proved", "undecided", "proved", "proved", "proved"]
    assert reason in answers[2].verdicts[0].reason
    assert not answers[2].lasting
    assert not answers[2].verdicts[0].as_expected


@forked
def test_an_answer_that_cannot_be_sent_is_a_defect(claims: list[Claim]) -> None:
    """A record that holds what no pipe carries is undecided as a defect, and the run goes on."""

    def judge(claim: Claim) -> list[Verdict]:
        return [proved(claim, reading={"star": lambda: None} if claim.id == "c2" else {})]

    answers = list(judged(claims, judge))
    assert answers[2].verdicts[0].reason.startswith("a defect of gradproof: its answer cannot be sent")
    assert [answer.verdicts[0].verdict for answer in answers].count("proved") == 5


@forked
def test_an_input_error_of_the_judge_is_an_error_of_the_input(claims: list[Claim]) -> None:
    """What judging finds wrong with the input is reported as such, and gives no verdict."""
    error = InputError("z is empty where m > H", Place("notes.md", 3, 1, "z = conv(a, w)"))
    answers = list(judged(claims, only(claims, fail(error))))
    assert answers[2].verdicts == ()
    assert "z is empty" in str(answers[2].error)


def test_a_defect_is_never_as_expected(claims: list[Claim]) -> None:
    """An author who expects "undecided" is not given a failure of gradproof instead."""
    text = DOCUMENT.split("```claim c1")[0].replace("y + x\n", "y + x\nexpect undecided\n")
    [claim] = Document.parse(text).claims
    assert undecided(claim, "a limit").verdicts[0].as_expected
    assert not undecided(claim, "a defect of gradproof: ...", defect=True).verdicts[0].as_expected
    assert not undecided(claims[0], "a limit").verdicts[0].as_expected


@given(st.permutations(range(7)))
def test_in_order_is_a_sort(order: list[int]) -> None:
    """Answers that come in any order are given in the claims' order."""
    assert [number for number, _ in in_order(range(7), iter([(n, Answer()) for n in order]))] == list(range(7))


def test_an_interrupt_gives_what_is_there() -> None:
    """When the keyboard interrupts, answers that wait for an earlier one are given before the interrupt goes on."""

    def answers() -> Any:
        yield 0, Answer()
        yield 2, Answer()
        raise KeyboardInterrupt

    given_so_far = in_order(range(4), answers())
    seen = [next(given_so_far)[0], next(given_so_far)[0]]
    with pytest.raises(KeyboardInterrupt):
        next(given_so_far)
    assert seen == [0, 2]


# -- cache ------------------------------------------------------------------------------------------------------------


def claim_of(body: str, given: str = "dims n\ntensor x[n], y[n]", name: str = "c", document: str = "a.md") -> Claim:
    return Document.parse(f"```given\n{given}\n```\n```claim {name}\n{body}\n```\n", document).claims[0]


def test_the_key_does_not_depend_on_the_place(tmp_path: Path) -> None:
    """Name, document, line and spacing do not change the key."""
    cache = Cache(tmp_path)
    original = cache.key(claim_of("x + y == y + x"))
    assert original == cache.key(claim_of("x + y == y + x", name="other", document="b.md"))
    assert original == cache.key(claim_of("x + y == y + x", given="# a comment\ndims n\n\ntensor x[n], y[n]"))


@pytest.mark.parametrize(
    ("body", "given"),
    [
        ("x + y == y + x + x", "dims n\ntensor x[n], y[n]"),
        ("x + y == y + x", "dims n\ntensor x[n, n], y[n, n]"),
        ("x + y == y + x", "dims n where n >= 2\ntensor x[n], y[n]"),
        ("x + y == y + x", "dims n >= 0\ntensor x[n], y[n]"),
        ("x + y == y + x", "dims n\ntensor x[n + 1], y[n + 1]"),
        ("x + y == y + x", "dims n\ntensor y[n], x[n]"),
        ("x + y == y + x\nwhere n == 1", "dims n\ntensor x[n], y[n]"),
        ("x + y == y + x\nexpect refuted", "dims n\ntensor x[n], y[n]"),
        ("x + y == y + x\nexpect holds where n == 1", "dims n\ntensor x[n], y[n]"),
        ("x + y == y + x\nexpect holds where n == 2", "dims n\ntensor x[n], y[n]"),
        ("x + y == y + x\nwhere sum(x) == 1", "dims n\ntensor x[n], y[n]"),
        ("x + y == y + x", "dims n\ntensor x[n]\ny = 2*x"),
        ("x + y == y + x", "dims n\ntensor x[n]\ny = 3*x"),
    ],
)
def test_the_key_depends_on_all_that_decides(body: str, given: str, tmp_path: Path) -> None:
    """A change of a formula, a shape, a bound, a condition, the order of declaration or an expectation is seen."""
    cache = Cache(tmp_path)
    assert cache.key(claim_of(body, given)) != cache.key(claim_of("x + y == y + x"))
    others = {cache.key(claim_of("x + y == y + x", f"dims n\ntensor x[n]\ny = {k}*x")) for k in range(2, 6)}
    assert len(others) == 4


def test_the_variant_is_part_of_the_key(tmp_path: Path) -> None:
    """Thorough verdicts are not taken for quick ones."""
    claim = claim_of("x + y == y + x")
    assert Cache(tmp_path).key(claim) != Cache(tmp_path, "thorough").key(claim)


RECORD = Verdict(
    "a.md", "c", 1, {"star": "conv"}, 6, "x == y", "holds where", "n == 1",
    witness=Witness({"n": 2}, (0, 1), {"x": [[1, 0]]}, "1", "0"), repair=("y == y",), axioms=("f is smooth",),
    evidence=Evidence(12, 3, "exact", 0.0, ""), steps=(Step("a == b", "a = b", "rule", True),), seconds=0.25,
)  # fmt: skip


@pytest.mark.parametrize(
    "verdict",
    [
        RECORD,
        replace(RECORD, witness=Witness({"n": 1}, left_shape=(1, 2), right_shape=None, reason="it does not exist")),
        replace(RECORD, verdict="proved", holds_where=None, witness=None),
    ],
)
def test_what_is_remembered_is_what_was_found(verdict: Verdict, tmp_path: Path) -> None:
    """A verdict comes back from the cache with every field as it was, at the claim's present place."""
    cache = Cache(tmp_path)
    claim = claim_of("x == y", name="now", document="later.md")
    cache.write(claim, (verdict,))
    assert cache.read(claim) == (replace(verdict, document="later.md", id="now", line=claim.line),)


@pytest.mark.parametrize(
    "verdict",
    [
        replace(RECORD, contradiction="the kernel proves it, numeric/ refutes it"),
        replace(RECORD, verdict="undecided", holds_where=None, reason="a limit"),
        replace(RECORD, witness=Witness({"n": 2}, data={"x": (1, 2)})),  # JSON would make the tuple a list
    ],
)
def test_what_is_not_remembered(verdict: Verdict, tmp_path: Path) -> None:
    """Contradictions, undecided claims and records that JSON would change are judged again."""
    cache, claim = Cache(tmp_path), claim_of("x == y")
    cache.write(claim, (verdict,))
    assert cache.read(claim) is None
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize("damage", ["", "[]", "{}", '[{"id": 1}]', "[" * 100_000, "\x00", "null"])
def test_a_damaged_entry_is_judged_again(damage: str, tmp_path: Path) -> None:
    """Whatever stands in an entry's file, reading it gives the verdict or nothing."""
    cache, claim = Cache(tmp_path), claim_of("x == y")
    cache.write(claim, (RECORD,))
    [path] = tmp_path.rglob("*.json")
    path.write_text(damage, encoding="utf-8")
    assert cache.read(claim) is None


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    """A file where the directory should be costs the cache, not the run."""
    (tmp_path / "cache").write_text("", encoding="utf-8")
    cache, claim = Cache(tmp_path / "cache"), claim_of("x == y")
    cache.write(claim, (RECORD,))
    assert cache.read(claim) is None
    cache.prune()


def test_concurrent_writers_leave_a_whole_file(tmp_path: Path) -> None:
    """Readers beside twenty writers see one writer's text or another's, never a part."""
    path, texts = tmp_path / "entry.json", [str(k) * 50_000 for k in range(4)]
    write_atomically(path, texts[0])
    threads = [threading.Thread(target=write_atomically, args=(path, texts[k % 4])) for k in range(20)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert path.read_text(encoding="utf-8") in texts
    assert [entry.name for entry in tmp_path.iterdir()] == ["entry.json"]


def test_stale_entries_are_removed(tmp_path: Path) -> None:
    """What another version of the source wrote is removed after a month, not before."""
    cache, claim = Cache(tmp_path), claim_of("x == y")
    cache.write(claim, (RECORD,))
    old = tmp_path / "0123"
    old.mkdir()
    (old / "entry.json").write_text("[]", encoding="utf-8")
    cache.prune()
    assert old.exists()
    cache.prune(now=lambda: time.time() + 40 * 86400)
    assert not old.exists()
    assert cache.read(claim) is not None


def test_only_lasting_verdicts_may_be_remembered() -> None:
    """Each of the five words but "undecided" may be remembered."""
    words = {word: may_be_remembered(replace(RECORD, verdict=word)) for word in GLYPHS}
    assert words == {"proved": True, "holds where": True, "refuted": True, "false": True, "undecided": False}


# -- statuses ---------------------------------------------------------------------------------------------------------

GOOD = replace(RECORD, verdict="proved", as_expected=True)
WRONG = replace(RECORD, as_expected=False)
OPEN = replace(RECORD, verdict="undecided", reason="a limit", as_expected=False)
OPEN_AND_EXPECTED = replace(OPEN, as_expected=True, expected="undecided")
DEFECT = replace(OPEN, reason="a defect of gradproof: KeyError")
CLASH = replace(OPEN, reason="", contradiction="the kernel proves it, numeric/ refutes it")


@pytest.mark.parametrize(
    ("verdicts", "errors", "status"),
    [
        ([], [], 0),
        ([GOOD, OPEN_AND_EXPECTED], [], 0),
        ([GOOD, OPEN], [], 3),
        ([GOOD, OPEN, WRONG], [], 1),
        ([GOOD, DEFECT], [], 1),
        ([GOOD], ["a.md"], 2),
        ([WRONG, OPEN], ["a.md"], 2),
        ([GOOD, CLASH], [], 4),
        ([WRONG, OPEN, CLASH], ["a.md"], 4),
    ],
)
def test_the_first_status_that_applies(verdicts: list[Verdict], errors: list[str], status: int) -> None:
    """4 before 2 before 1 before 3 before 0, whatever the order of the verdicts."""
    wrong = [InputError("no such file", Place(file)) for file in errors]
    for order in (verdicts, verdicts[::-1]):
        assert int(Results(list(order), errors=wrong).status) == status


def test_a_contradiction_is_said_in_as_many_words() -> None:
    """The closing line of a run with a contradiction names the claim and calls it a defect of gradproof."""
    text = summary(Results([GOOD, CLASH]), 1.0)[-1].plain
    assert "contradicts itself" in text
    assert "defect of gradproof" in text


def test_an_interrupted_run_says_so() -> None:
    """An interrupted run ends with 130 and does not claim that all is well."""
    results = Results([GOOD], interrupted=True)
    assert results.status == Status.INTERRUPTED
    assert "Interrupted" in summary(results, 1.0)[-1].plain


# -- lines ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", [GOOD, WRONG, OPEN, CLASH, DEFECT])
def test_a_line_says_what_the_record_says(verdict: Verdict) -> None:
    """The line has the name, the word, and where it is not as expected, what was expected."""
    text = line(verdict).plain
    assert verdict.id in text
    assert verdict.verdict in text
    assert ("expected" in text) == (not verdict.as_expected)
    assert verdict.contradiction in text


def test_glyphs_are_distinct() -> None:
    """Each verdict has a sign of its own, also where there are only letters."""
    assert len(set(GLYPHS.values())) == len(set(LETTERS.values())) == 5
    assert glyphs_for("utf-8") == GLYPHS
    assert glyphs_for("latin-1") == glyphs_for("no-such-encoding") == LETTERS


def test_a_record_is_json() -> None:
    """Every record can be written as JSON and names its sizes in the order of declaration."""
    record = json.loads(json.dumps(RECORD.as_json()))
    assert record["witness"]["sizes"] == {"n": 2}
    assert sizes_text(Witness({"b": 1, "a": 2})) == "b = 1, a = 2"


def test_thorough_evidence_counts_more_sizes() -> None:
    """--thorough looks at several times as many sizes and comes to the same verdict."""
    claim = claim_of("x + y == y + x")
    [quick], [thorough] = judge_claim(claim), judge_claim(claim, thorough=True)
    assert quick.verdict == thorough.verdict == "proved"
    assert thorough.evidence.shapes > 2 * quick.evidence.shapes
