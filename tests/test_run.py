"""Workers, cache, statuses and lines: what stands between the judge and the user, with judges that misbehave."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.batch import cache
from derivations.batch.cache import NAME, Cache, may_be_remembered
from derivations.batch.run import Source, judge_claim, judged
from derivations.batch.workers import LOOK_AHEAD, Judge, Workers, undecided
from derivations.formulas.claims import Claim
from derivations.judgement.results import Judged, Results, Status
from derivations.judgement.verdict import Evidence, Step, Verdict, Witness
from derivations.language.block import Block
from derivations.language.document import Document
from derivations.language.errors import InputError, Place
from derivations.show.files import write_atomically
from derivations.show.lines import GLYPHS, LETTERS, glyphs_for, line, sizes_text, summary

T = TypeVar("T")

DOCUMENT = """```given
dims n
tensor x[n], y[n]
```
""" + "".join(f"```claim c{k}\nx + y == y + x\n```\n" for k in range(6))

forked = pytest.mark.skipif(os.name != "posix", reason="the judges of these tests cannot be pickled")


@pytest.fixture(scope="module")
def document() -> Document:
    return Document.parse(DOCUMENT, "notes.md")


@pytest.fixture(scope="module")
def claims(document: Document) -> list[Claim]:
    return document.claims


def verdicts_of(document: Document, judge: Judge, processes: int = 1) -> list[Verdict]:
    """The verdicts of a run over a document."""
    return [verdict for found in judged(document.blocks, judge, processes) for verdict in found.verdicts]


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
def test_answers_come_in_order(document: Document, processes: int) -> None:
    """However many processes there are and however long each claim takes, the answers are in the claims' order."""

    def judge(claim: Claim) -> list[Verdict]:
        time.sleep(0.05 * (int(claim.id[1:]) % 3))
        return [proved(claim)]

    assert [v.id for v in verdicts_of(document, judge, processes)] == [claim.id for claim in document.claims]


@forked
@pytest.mark.parametrize(
    ("misbehave", "reason"),
    [
        (lambda: os._exit(3), "ended with status 3"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "ended with status -9"),
        (lambda: time.sleep(60), "outer guard"),
        (fail(RecursionError()), "limit on nesting"),
        (fail(MemoryError()), "limit on memory"),
    ],
    ids=["exits", "is killed", "hangs", "nests", "fills memory"],
)
def test_one_bad_claim_does_not_end_the_run(claims: list[Claim], misbehave: Callable[[], Any], reason: str) -> None:
    """A claim whose judge dies, hangs or fails is undecided for that reason; every other claim is judged."""
    with Workers(only(claims, misbehave), 2, guard_seconds=1.0) as workers:
        answers = [answer for _, _, answer in workers.answers((claim.id, claim) for claim in claims) if answer]
    words = [answer.verdicts[0].verdict for answer in answers]
    assert words == ["proved", "proved", "undecided", "proved", "proved", "proved"]
    assert reason in answers[2].verdicts[0].reason
    assert not answers[2].lasting
    assert not answers[2].verdicts[0].as_expected


@forked
def test_an_answer_that_cannot_be_sent_is_a_defect(document: Document) -> None:
    """A record that holds what no pipe carries is undecided as a defect, and the run goes on."""

    def judge(claim: Claim) -> list[Verdict]:
        return [proved(claim, reading={"star": lambda: None} if claim.id == "c2" else {})]

    results = Results()
    for found in judged(document.blocks, judge):
        results.take(found)
    assert results.defects[0].startswith("its answer cannot be sent")
    assert [verdict.verdict for verdict in results.verdicts] == ["proved"] * 5
    assert int(results.status) == 70


@forked
def test_a_failure_of_our_own_is_no_verdict(document: Document) -> None:
    """A claim on which judging fails has no verdict: it is named as not judged, with what failed where; the others are
    judged, and the run exits with 70."""

    def judge(claim: Claim) -> list[Verdict]:
        if claim.id == "c2":
            raise ZeroDivisionError("by zero")
        return [proved(claim)]

    results = Results()
    for found in judged(document.blocks, judge):
        results.take(found)
    assert [verdict.id for verdict in results.verdicts] == ["c0", "c1", "c3", "c4", "c5"]
    [(refused)] = results.refused
    assert refused.id == "c2"
    assert "ZeroDivisionError in test_run.py" in refused.reason
    assert int(results.status) == 70
    assert "defect of gradproof" in summary(results, 1.0)[-1].plain


@forked
def test_an_input_error_of_the_judge_is_an_error_of_the_input(document: Document) -> None:
    """What judging finds wrong with the input is reported as such, gives no verdict, and refuses the claim."""
    error = InputError("z is empty where m > H", Place("notes.md", 3, 1, "z = conv(a, w)"))
    results = Results()
    for found in judged(document.blocks, only(document.claims, fail(error))):
        results.take(found)
    assert [verdict.id for verdict in results.verdicts] == ["c0", "c1", "c3", "c4", "c5"]
    assert list(map(str, results.errors)) == [str(error)]
    assert [refused.id for refused in results.refused] == ["c2"]
    assert results.status == Status.INPUT_ERROR


@forked
@given(st.lists(st.booleans(), max_size=30), st.integers(1, 3))
@settings(max_examples=10, deadline=None)
def test_tasks_keep_their_order(is_claim: list[bool], processes: int) -> None:
    """Claims and what passes through come back in the order in which they were handed in, and few are in hand."""
    claim = Document.parse(DOCUMENT).claims[0]
    taken: list[int] = []

    def tasks() -> Iterator[tuple[int, Claim | None]]:
        for number, wanted in enumerate(is_claim):
            taken.append(number)
            yield number, claim if wanted else None

    given_back = []
    with Workers(lambda claim: [proved(claim)], processes) as workers:
        for number, found, answer in workers.answers(tasks()):
            given_back.append(number)
            assert (found is None) == (answer is None) == (not is_claim[number])
            assert len(taken) - len(given_back) < LOOK_AHEAD * processes
    assert given_back == list(range(len(is_claim)))


@forked
def test_an_interrupt_gives_what_is_there(document: Document) -> None:
    """When the keyboard interrupts, answers that wait for an earlier one are given before the interrupt goes on; of a
    block that is not complete none are, and nothing is remembered of it."""
    main = os.getpid()

    def judge(claim: Claim) -> list[Verdict]:
        if claim.id == "c0":
            time.sleep(0.7)
            os.kill(main, signal.SIGINT)
            time.sleep(60)
        return [proved(claim)]

    seen = []
    with pytest.raises(KeyboardInterrupt):
        seen.extend(found.block.id for found in _until_interrupted(judged(document.blocks, judge, 2)))
    assert "c0" not in seen


def _until_interrupted(found: Iterator[T]) -> Iterator[T]:
    yield from found


@forked
def test_no_worker_outlives_a_killed_run(tmp_path: Path) -> None:
    """The run is killed by a signal that nothing can catch, in the middle of a claim: its worker ends with it."""
    file = tmp_path / "pid"
    code = (
        "import os, pathlib, time\n"
        "from derivations.batch.run import judged\n"
        "from derivations.language.document import Document\n"
        "def judge(claim):\n"
        f"    part = pathlib.Path({str(file)!r} + '.part')\n"
        "    part.write_text(str(os.getpid()))\n"
        f"    part.rename({str(file)!r})\n"
        "    time.sleep(600)\n"
        f"list(judged(Document.parse({DOCUMENT!r}).blocks, judge))\n"
    )
    run = subprocess.Popen([sys.executable, "-c", code])
    try:
        deadline = time.monotonic() + 60
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        worker = int(file.read_text())
        os.kill(worker, 0)
    finally:
        run.kill()
        run.wait()
    deadline = time.monotonic() + 10
    while _is_alive(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_alive(worker)


def _is_alive(process: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        os.kill(process, 0)
        status = Path(f"/proc/{process}/stat")
        return not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_a_limit_is_as_expected_only_where_undecided_is(claims: list[Claim]) -> None:
    """An author who expects "undecided" may be given a limit; nobody else is content with it."""
    text = DOCUMENT.split("```claim c1")[0].replace("y + x\n", "y + x\nexpect undecided\n")
    [claim] = Document.parse(text).claims
    assert undecided(claim, "a limit").verdicts[0].as_expected
    assert not undecided(claims[0], "a limit").verdicts[0].as_expected


# -- cache ------------------------------------------------------------------------------------------------------------


def document_of(body: str, given: str = "dims n\ntensor x[n], y[n]", name: str = "c", file: str = "a.md") -> Document:
    return Document.parse(f"```given\n{given}\n```\n```claim {name}\n{body}\n```\n", file)


def claim_of(body: str) -> Claim:
    return document_of(body).claims[0]


def key_of(*arguments: str, **options: str) -> str:
    return document_of(*arguments, **options).blocks[-1].key


def test_the_key_does_not_depend_on_the_place() -> None:
    """Name, document, line, blanks and comments do not change the key, nor how a context is cut into blocks."""
    original = key_of("x + y == y + x")
    assert original == key_of("x + y == y + x", name="other", file="b.md")
    assert original == key_of("x + y  \n == y + x  # a comment", given="# a comment\ndims n\n\ntensor x[n],  y[n]")


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
        ("x + y == y + x", "dims n\ntensor x[n], y[n]\norigin 1"),
    ],
)
def test_the_key_depends_on_all_that_decides(body: str, given: str) -> None:
    """A change of a formula, a shape, a bound, a condition, the order of declaration or an expectation is seen."""
    assert key_of(body, given) != key_of("x + y == y + x")
    others = {key_of("x + y == y + x", f"dims n\ntensor x[n]\ny = {k}*x") for k in range(2, 6)}
    assert len(others) == 4


def test_the_key_knows_where_a_context_ends() -> None:
    """The same lines continuing another context are another claim; so is a line that moves from the context."""
    first = "```given\ndims n\ntensor x[n]\n```\n"
    other = "```given\ndims n where n >= 2\ntensor x[n]\n```\n"
    rest = "```given continue\ny = 2*x\n```\n```claim c\ny == x\n```\n"
    keys = [Document.parse(text + rest).blocks[-1].key for text in (first, other)]
    assert keys[0] != keys[1]
    assert key_of("x == y", "dims n\ntensor x[n], y[n]\nassume x > 0") != key_of("x == y\nwhere x > 0")


def test_the_variant_is_part_of_the_key(tmp_path: Path) -> None:
    """Thorough verdicts are not taken for quick ones, nor those of another version of the source."""
    Cache(tmp_path).write("k", (RECORD,))
    assert Cache(tmp_path).read("k") == (RECORD,)
    assert Cache(tmp_path, "thorough").read("k") is None
    other = Cache(tmp_path)
    other._version = "another"
    assert other.read("k") is None


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
    """A verdict comes back from the cache with every field as it was."""
    cache = Cache(tmp_path)
    cache.write("key", (verdict, replace(verdict, link=2)))
    assert cache.read("key") == (verdict, replace(verdict, link=2))


@forked
def test_a_second_run_judges_nothing(tmp_path: Path) -> None:
    """What was judged once is not judged again, wherever it stands by then; what is new is."""

    def judge(claim: Claim) -> list[Verdict]:
        return [proved(claim)]

    def forbidden(claim: Claim) -> list[Verdict]:
        raise AssertionError

    first, later = document_of("x + y == y + x"), document_of("x + y == y + x", name="now", file="later.md")
    list(judged(first.blocks, judge, 1, Cache(tmp_path)))
    for blocks in (later.blocks, Source("later.md", DOCUMENT.split("```claim c1")[0]).blocks(Cache(tmp_path).read)):
        *_, found = judged(blocks, forbidden, 1, Cache(tmp_path))
        [verdict] = found.verdicts
        assert (verdict.verdict, verdict.reason) == ("proved", "")
        assert (verdict.document, verdict.id, verdict.line) == ("later.md", found.block.id, 6)
    *_, new = judged(document_of("x == x").blocks, forbidden, 1, Cache(tmp_path))
    assert "AssertionError" in new.defects[0]


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
    cache = Cache(tmp_path)
    cache.write("key", (verdict,))
    assert cache.read("key") is None


def changed(path: Path, change: str, *values: Any) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute(change, values).rowcount == 1


@pytest.mark.parametrize("damage", ["", "[]", "{}", '[{"id": 1}]', "[" * 100_000, "\x00", "null"])
def test_a_damaged_entry_is_judged_again(damage: str, tmp_path: Path) -> None:
    """Whatever stands in an entry, reading it gives the verdict or nothing, also where its digest is right."""
    cache = Cache(tmp_path)
    cache.write("key", (RECORD,))
    for digest in ("0", hashlib.sha256(f"{cache._entry('key')}\0{damage}".encode()).hexdigest()):
        changed(tmp_path / NAME, "UPDATE entries SET record = ?, digest = ?", damage, digest)
        assert not cache.read("key")


def test_an_entry_that_was_changed_is_judged_again(tmp_path: Path) -> None:
    """A verdict of which one word was changed, or that stands under another claim's key, is not believed."""
    cache = Cache(tmp_path)
    cache.write("key", (RECORD,))
    changed(tmp_path / NAME, "UPDATE entries SET record = replace(record, 'holds where', 'proved')")
    assert cache.read("key") is None
    cache.write("key", (RECORD,))
    changed(tmp_path / NAME, "UPDATE entries SET key = ?", cache._entry("other"))
    assert cache.read("other") is None


@pytest.mark.parametrize("damage", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 5000], ids=len)
def test_a_damaged_file_is_begun_anew(damage: bytes, tmp_path: Path) -> None:
    """A file that is no database costs what it remembered, and the next run has a new one."""
    (tmp_path / NAME).write_bytes(damage)
    (tmp_path / NAME).chmod(0o600)
    cache = Cache(tmp_path)
    assert cache.read("key") is None
    assert ("damaged" in cache.trouble) == bool(damage)
    again = Cache(tmp_path)
    again.write("key", (RECORD,))
    assert again.read("key") == (RECORD,)
    assert again.trouble == ""


def obstacle(kind: str, directory: Path) -> None:
    """Puts something in the way of the cache."""
    path = directory / "cache" / NAME
    if kind not in ("a file for the directory", "a link for the directory"):
        path.parent.mkdir(mode=0o700)
    if kind == "a file for the directory":
        path.parent.write_text("")
    elif kind == "a link for the directory":
        (directory / "elsewhere").mkdir()
        path.parent.symlink_to(directory / "elsewhere")
    elif kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a link":
        (directory / "precious").write_text("precious")
        path.symlink_to(directory / "precious")
    elif kind == "a device":
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    elif kind == "a directory":
        path.mkdir()
    else:
        path.write_text("")
        os.chown(path, 12345, 12345)


OBSTACLES = ["a file for the directory", "a link for the directory", "a pipe", "a link", "a directory"]
BY_ROOT = ["a device", "another user's file"]


# What no verdict comes of: prose, its notes, the command line, the terminal.
SHOWING = {"markdown-it-py", "mdit-py-plugins", "typer", "rich"}


def test_verdicts_are_remembered_for_the_libraries_they_come_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every library that reads, decides or evaluates is part of what a verdict is remembered under."""
    project = tomllib.loads((Path(__file__).resolve().parent.parent / "pyproject.toml").read_text(encoding="utf-8"))
    needed = {re.split(r"[=<>]", line)[0] for line in project["project"]["dependencies"]}
    assert set(cache.TRUSTED) == needed - SHOWING
    before = cache.source_digest.__wrapped__()
    version = cache._version
    for name in cache.TRUSTED:
        assert version(name), name
        monkeypatch.setattr(cache, "_version", lambda found, name=name: "0" if found == name else version(found))
        assert cache.source_digest.__wrapped__() != before, name


@pytest.mark.skipif(os.name != "posix", reason="needs the files of Unix")
@pytest.mark.parametrize("kind", OBSTACLES + (BY_ROOT if os.name == "posix" and os.geteuid() == 0 else []))
def test_a_cache_that_cannot_be_trusted_is_no_error(kind: str, tmp_path: Path) -> None:
    """Whatever lies where the cache should be is left alone and said; no pipe is waited for, no link is followed."""
    obstacle(kind, tmp_path)
    before = sorted((path, path.lstat().st_mode) for path in tmp_path.rglob("*"))
    cache = Cache(tmp_path / "cache")
    cache.write("key", (RECORD,))
    assert cache.read("key") is None
    cache.close()
    assert "the cache of verdicts is not used" in cache.trouble
    assert sorted((path, path.lstat().st_mode) for path in tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.name != "posix", reason="needs the permissions of Unix")
def test_the_cache_is_of_this_user_alone(tmp_path: Path) -> None:
    """Directory and file can be read by their user alone, whatever they were before; what others could write is not
    believed."""
    cache = Cache(tmp_path / "cache")
    cache.write("key", (RECORD,))
    cache.close()
    path = tmp_path / "cache" / NAME
    assert (stat.S_IMODE(path.parent.stat().st_mode), stat.S_IMODE(path.stat().st_mode)) == (0o700, 0o600)
    for mode, expected in ((0o644, (RECORD,)), (0o662, None)):
        path.parent.chmod(0o777)
        path.chmod(mode)
        assert Cache(tmp_path / "cache").read("key") == expected
        assert (stat.S_IMODE(path.parent.stat().st_mode), stat.S_IMODE(path.stat().st_mode)) == (0o700, 0o600)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
def test_a_full_disk_is_no_error(tmp_path: Path) -> None:
    """Where the database cannot grow, the run goes on without it."""
    cache = Cache(tmp_path)
    cache.write("one", (RECORD,))
    assert cache._connection is not None
    pages = cache._connection.execute("PRAGMA page_count").fetchone()[0]
    cache._connection.execute(f"PRAGMA max_page_count = {pages}")
    for number in range(20):
        cache.write(f"key {number}", (replace(RECORD, reason="long " * 1000),))
    assert "full" in cache.trouble
    assert Cache(tmp_path).read("one") == (RECORD,)


@forked
def test_a_killed_run_leaves_whole_entries(tmp_path: Path) -> None:
    """A run that is killed while it writes leaves what it had written, and a cache that works."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tests.test_run import RECORD, Cache\n"
        f"cache = Cache(Path({str(tmp_path)!r}))\n"
        "for number in range(10**9):\n"
        "    cache.write(str(number), (RECORD,))\n"
        "    print(number, flush=True)\n"
    )
    root = Path(__file__).resolve().parent.parent
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=root)
    assert run.stdout is not None
    written = [int(run.stdout.readline()) for _ in range(50)][-1]
    run.kill()
    run.wait()
    run.stdout.close()
    cache = Cache(tmp_path)
    assert all(cache.read(str(number)) == (RECORD,) for number in range(written + 1))
    cache.write("after", (RECORD,))
    assert (cache.read("after"), cache.trouble) == ((RECORD,), "")


def test_two_runs_at_once(tmp_path: Path) -> None:
    """Twenty writers beside readers: every entry is whole, and nobody is refused."""
    caches: list[Cache] = []

    def write(number: int) -> None:
        cache = Cache(tmp_path)
        for key in range(20):
            cache.write(f"{number} {key}", (RECORD,))
            assert cache.read(f"{number} {key}") == (RECORD,)
        caches.append(cache)
        cache.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [cache.trouble for cache in caches] == [""] * 8


def test_files_are_written_whole(tmp_path: Path) -> None:
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
    """What another version of the source wrote is removed a month after its last use, not before."""

    def run(version: str, day: int, key: str = "") -> bool:
        cache = Cache(tmp_path)
        cache._version = version
        found = cache.read("key") is not None
        if key:
            cache.write(key, (RECORD,))
        cache.close(now=lambda: day * 86400.0)
        return found

    run("old", 0, "key")
    run("new", 1, "key")
    assert (run("old", 20), run("new", 45), run("old", 46)) == (True, True, True)
    assert run("new", 80)
    assert not run("old", 81)


def test_only_lasting_verdicts_may_be_remembered() -> None:
    """Each of the five words but "undecided" may be remembered."""
    words = {word: may_be_remembered(replace(RECORD, verdict=word)) for word in GLYPHS}
    assert words == {"proved": True, "holds where": True, "refuted": True, "false": True, "undecided": False}


# -- statuses ---------------------------------------------------------------------------------------------------------

GOOD = replace(RECORD, verdict="proved", as_expected=True)
WRONG = replace(RECORD, as_expected=False)
OPEN = replace(RECORD, verdict="undecided", reason="a limit", as_expected=False)
OPEN_AND_EXPECTED = replace(OPEN, as_expected=True, expected="undecided")
CLASH = replace(OPEN, reason="", contradiction="the kernel proves it, numeric/ refutes it")


@pytest.mark.parametrize(
    ("verdicts", "errors", "status"),
    [
        ([], [], 0),
        ([GOOD, OPEN_AND_EXPECTED], [], 0),
        ([GOOD, OPEN], [], 3),
        ([GOOD, OPEN, WRONG], [], 1),
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


@pytest.mark.parametrize("verdict", [GOOD, WRONG, OPEN, CLASH])
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


def test_what_was_shown_is_not_kept() -> None:
    """A run that shows its verdicts as they come keeps of those as expected what the summary needs, of others all."""
    lines = []
    for whole in (True, False):
        results = Results(whole=whole)
        for verdict in (GOOD, WRONG, OPEN, CLASH):
            results.take(Judged(Block("claim", "", "x == x", 1, 1, "c", document="a.md"), (verdict,)))
        lines.append([text.plain for text in summary(results, 1.0)])
        assert results.verdicts[1:] == [WRONG, OPEN, CLASH]
        assert (results.verdicts[0].witness is None) == (not whole)
    assert lines[0] == lines[1]


def test_thorough_evidence_counts_more_sizes() -> None:
    """--thorough looks at several times as many sizes and comes to the same verdict."""
    claim = claim_of("x + y == y + x")
    [quick], [thorough] = judge_claim(claim), judge_claim(claim, thorough=True)
    assert quick.verdict == thorough.verdict == "proved"
    assert thorough.evidence.shapes > 2 * quick.evidence.shapes
