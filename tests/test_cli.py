"""The command as a user runs it: what it prints, with which status it ends, and what wrong input gets.

Each test starts the real command in a process of its own. The documents are small, so that a run takes about a second.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

GIVEN = """```given
dims H, W, m, n where m <= H, n <= W
tensor a[H, W], w[m, n]
z = conv(a, w, valid)
loss J(z)
delta = grad(J, z)
```
"""
NOTES = (
    "# The convolution layer\n\n"
    + GIVEN
    + """
```claim grad-w
grad(J, w) == conv(rot180(a), delta, valid)
```

```claim chain
d(J, w) == tr(delta.T @ d(z, w)) == tr(delta.T @ conv(a, d(w), valid))
```

```claim without-rotation
grad(J, w) == conv(a, rot180(delta), valid)
expect holds where m == 1, n == 1
```

```remark size
The size of the figure is a matter of taste.
```
"""
)
AMBIGUOUS = """```given
dims m, n where m <= n
tensor x[n], k[m]
choose star in conv, corr
```

```claim turned
star(x, rot180(k)) == corr(x, k)
expect false
```

```claim plain
star(x, k) == corr(x, k)
expect false
```
"""
WRONG = GIVEN + "```claim wrong\ngrad(J, w) == conv(a, rot180(delta), valid)\n```\n"
BROKEN = "# One\n\n" + GIVEN + "\n```claim broken\ngrad(J, w) == cnov(a, delta)\n```\n"
DOCUMENTS = (("notes.md", NOTES), ("wrong.md", WRONG), ("broken.md", BROKEN), ("ambiguous.md", AMBIGUOUS))


def command(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs gradproof and returns what it did; an hour-long hang would be a failure, so a minute is."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", **options.pop("environment", {})}
    return subprocess.run(
        [sys.executable, "-m", "derivations.cli", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=120,
        env=environment,
        stdin=subprocess.DEVNULL,
        **options,
    )


def no_traceback(done: subprocess.CompletedProcess[str]) -> None:
    assert "Traceback" not in done.stderr + done.stdout
    assert not re.search(r"\w(Error|Exception)\b", done.stderr)  # an exception's name


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a true, a wrong and a broken document."""
    directory = tmp_path_factory.mktemp("documents")
    for name, text in DOCUMENTS:
        (directory / name).write_text(text, encoding="utf-8")
    return directory


@pytest.fixture(scope="module")
def judged(place: Path) -> subprocess.CompletedProcess[str]:
    return command("verify", "--no-cache", place / "notes.md")


@pytest.fixture(scope="module")
def record(place: Path) -> dict[str, Any]:
    done = command("verify", "--no-cache", "--json", place / "notes.md")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# -- what is printed --------------------------------------------------------------------------------------------------


def test_a_line_for_each_link_and_a_summary(judged: subprocess.CompletedProcess[str]) -> None:
    """verify prints a line for each link of each claim, then how many there are of each verdict."""
    lines = judged.stdout.splitlines()
    assert [line.split()[1] for line in lines if line[:4].strip() in tuple("✓◐✗≠?")] == [
        "grad-w",
        "chain",
        "chain",
        "without-rotation",
    ]
    assert "4 verdicts on 3 claims in 1 document: 3 proved, 1 holds exactly on a region; 1 remark." in judged.stdout
    assert lines[-1] == "Every verdict is as expected."


def test_readings_follow_the_lines_of_their_document(place: Path) -> None:
    """After the last line of a document with choices stands which reading fits it; of one without, nothing."""
    done = command("verify", "--no-cache", place / "ambiguous.md", place / "notes.md")
    first, second = done.stdout.split("notes.md\n")
    assert "2 statements leave star open" in first
    assert "turned (true under star = conv) and plain (true under star = corr) clash." in first
    assert first.index("plain (star = corr)") < first.index("readings")
    assert "readings" not in second
    record = json.loads(command("verify", "--json", place / "ambiguous.md").stdout)
    assert [one["together"] for one in record["readings"]] == [False]


def test_a_pipe_gets_plain_text(judged: subprocess.CompletedProcess[str]) -> None:
    """In a pipe there are no colours, no progress and no folded lines, and nothing on standard error."""
    assert "\x1b" not in judged.stdout
    assert judged.stderr == ""
    assert any(len(line) > 80 for line in judged.stdout.splitlines())


def test_json_is_one_object_as_published(record: dict[str, Any]) -> None:
    """--json writes one object with the published keys, each of its published type."""
    assert record["schema"] == 1
    assert set(record) >= {"schema", "claims", "remarks", "summary"}
    published: dict[str, type | tuple[type, ...]] = {
        "document": str, "id": str, "link": int, "reading": dict, "line": int, "statement": str, "verdict": str,
        "holds_where": (str, type(None)), "witness": (dict, type(None)), "repair": list, "axioms": list,
        "evidence": dict, "expected": str, "as_expected": bool, "seconds": (int, float),
    }  # fmt: skip
    for claim in record["claims"]:
        for key, kind in published.items():
            assert isinstance(claim[key], kind), (claim["id"], key)
        assert claim["verdict"] in ("proved", "holds where", "refuted", "false", "undecided")
        assert (claim["holds_where"] is not None) == (claim["verdict"] == "holds where")
    assert [remark["id"] for remark in record["remarks"]] == ["size"]
    assert record["summary"]["proved"] == 3


def test_json_carries_the_witness(record: dict[str, Any]) -> None:
    """A false claim comes with sizes, index, data and both values, which differ."""
    witness = record["claims"][-1]["witness"]
    assert set(witness) >= {"sizes", "index", "data", "left", "right"}
    assert witness["left"] != witness["right"]
    assert set(witness["sizes"]) == {"H", "W", "m", "n"}


def timeless(record: dict[str, Any]) -> dict[str, Any]:
    """A record without what a clock decides."""
    for claim in record["claims"]:
        claim["seconds"] = 0
    record["summary"]["seconds"] = 0
    return record


def test_processes_change_nothing(place: Path, record: dict[str, Any]) -> None:
    """-j 3 gives the same object as one process, in the same order."""
    done = command("verify", "--no-cache", "--json", "-j", "3", place / "notes.md")
    assert timeless(json.loads(done.stdout)) == timeless(record)


def test_the_cache_changes_nothing(place: Path, tmp_path: Path, record: dict[str, Any]) -> None:
    """A second run, from the cache, gives the same object as a run without one."""
    options = {"environment": {"XDG_CACHE_HOME": str(tmp_path)}}
    runs = [command("verify", "--json", place / "notes.md", **options) for _ in range(2)]
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["verdicts.sqlite3"]
    for done in runs:
        assert timeless(json.loads(done.stdout)) == timeless(record)


def test_a_terminal_gets_folded_lines(place: Path) -> None:
    """On a terminal of 60 columns no line is longer, and the verdict is coloured."""
    pty = pytest.importorskip("pty")
    controller, terminal = pty.openpty()
    environment = {**os.environ, "COLUMNS": "60", "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "derivations.cli", "verify", "--no-cache", str(place / "notes.md")],
        stdout=terminal, stderr=subprocess.DEVNULL, env=environment,
    )  # fmt: skip
    os.close(terminal)
    output = b""
    while True:
        try:
            part = os.read(controller, 65536)
        except OSError:
            break
        if not part:
            break
        output += part
    assert process.wait(timeout=60) == 0
    text = output.decode()
    assert "\x1b[" in text
    plain = [re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", line) for line in text.splitlines()]
    assert max(map(len, plain)) <= 60


def test_letters_where_the_encoding_has_no_glyphs(place: Path) -> None:
    """With an ASCII standard output the verdicts are marked with letters and nothing fails."""
    done = command("verify", place / "notes.md", environment={"PYTHONIOENCODING": "ascii:strict"})
    assert done.returncode == 0, done.stderr
    assert "  + grad-w" in done.stdout


# -- statuses ---------------------------------------------------------------------------------------------------------


def test_status_when_as_expected(judged: subprocess.CompletedProcess[str]) -> None:
    """0: every verdict is as expected."""
    assert judged.returncode == 0


def test_status_when_not_as_expected(place: Path) -> None:
    """1: a verdict is not as expected, and both are named."""
    done = command("verify", place / "wrong.md")
    assert done.returncode == 1
    assert "wrong: expected proved, got holds where" in done.stdout


def test_status_of_wrong_input(place: Path) -> None:
    """2: wrong input, with file, line, column, a caret and the fix; the other documents are judged all the same."""
    done = command("verify", place / "broken.md", place / "notes.md", place / "missing.md")
    assert done.returncode == 2
    no_traceback(done)
    assert f"{place / 'broken.md'}:12:15" in done.stderr
    assert "^" in done.stderr
    assert "did you mean conv?" in done.stderr
    assert "missing.md" in done.stderr
    assert "✓ grad-w" in done.stdout


def test_every_mistake_is_reported(place: Path) -> None:
    """All mistakes of a file are on standard error, each with its place and a caret, and one by one in the JSON."""
    file = place / "mistakes.md"
    file.write_text(GIVEN + "```claim c\na == q\n```\n```claim d\na == = a\n```\n```claim e\na == a\n```\n")
    done = command("verify", file)
    assert done.returncode == 2
    assert [f"{file}:{line}:" in done.stderr for line in (9, 12, 15)] == [True, True, False]
    assert done.stderr.count("^") == 2
    assert len(json.loads(command("verify", "--json", file, place / "notes.md").stdout)["errors"]) == 2


def test_a_refused_claim_does_not_silence_the_document(place: Path) -> None:
    """Beside wrong claims and a wrong context the others are judged; those refused have a line, a place in the JSON, in
    the report and in `explain`; status 2 throughout."""
    file = place / "in-part.md"
    file.write_text(
        GIVEN
        + "```claim good\na == a\n```\n```claim bad\na == q\n```\n```given continue\nassume q > 0\n```\n"
        + "```claim in-a-wrong-context\na == a\n```\n```given\ndims p\ntensor v[p]\n```\n```claim again\nv == v\n```\n"
    )
    done = command("verify", file)
    assert done.returncode == 2
    marks = [line.split()[:2] for line in done.stdout.splitlines() if line.startswith("  ") and " claims " not in line]
    assert marks == [["✓", "good"], ["-", "bad"], ["-", "in-a-wrong-context"], ["✓", "again"]]
    assert "2 claims not judged" in done.stdout
    record = json.loads(command("verify", "--json", file).stdout)
    assert [claim["id"] for claim in record["claims"]] == ["good", "again"]
    assert [(one["id"], one["line"]) for one in record["not_judged"]] == [("bad", 12), ("in-a-wrong-context", 18)]
    assert len(record["errors"]) == 2
    for name, said in (("good", "✓ proved"), ("bad", "bad is not judged"), ("in-a-wrong-context", "error in line 15")):
        explained = command("explain", name, file)
        assert (explained.returncode, said in explained.stdout) == (2, True), explained.stdout


def test_check_beside_a_wrong_claim(place: Path) -> None:
    """A wrong claim of the file does not matter to another question in its context; a wrong context does."""
    assert command("check", "a == a", "--given", place / "broken.md").returncode == 0
    (place / "wrong-context.md").write_text(GIVEN + "```given continue\nassume q > 0\n```\n")
    done = command("check", "a == a", "--given", place / "wrong-context.md")
    assert done.returncode == 2
    assert "q is not declared" in done.stderr


def test_wrong_input_with_json_is_still_json(place: Path) -> None:
    """With --json the errors stand in the object too, and standard output stays one object."""
    done = command("verify", "--json", place / "broken.md", place / "notes.md")
    assert done.returncode == 2
    assert "cnov" in json.loads(done.stdout)["errors"][0]


@pytest.mark.parametrize(
    "arguments",
    [
        ["verifi"],
        ["verify", "--jsn"],
        ["verify", "-j", "0"],
        ["verify", "-j", "many"],
        ["check", "1 == 1"],
        ["check"],
        ["report"],
        ["explain"],
        ["derive", "J"],
    ],
    ids=" ".join,
)
def test_wrong_usage(arguments: list[str]) -> None:
    """A wrong command line is a message on standard error and status 2."""
    done = command(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.strip()
    no_traceback(done)


@pytest.mark.skipif(os.name != "posix", reason="needs the processor time of children")
def test_help_is_quick() -> None:
    """--help answers without loading the libraries: the best of three runs takes under 0.3 s of processor time."""
    import resource

    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    times = []
    for _ in range(3):
        start = spent()
        done = command("--help")
        times.append(spent() - start)
    assert done.returncode == 0
    assert "verify" in done.stdout
    assert min(times) < 0.3  # 0.1 s on an idle machine, more where processes share a core


# -- hostile input ----------------------------------------------------------------------------------------------------

HOSTILE = {
    "an unclosed block": GIVEN + "```claim open\na == a\n",
    "an unknown operator": GIVEN + "```claim c\ngrad(J, w) == frobnicate(a)\n```\n",
    "an undeclared name": GIVEN + "```claim c\ngrad(J, w) == conv(rot180(b), delta)\n```\n",
    "a wrong rank": GIVEN + "```claim c\nrot180(a)[0] == tr(a[0])\n```\n",
    "two ranks": GIVEN + "```given continue\ntensor v[H]\n```\n```claim c\na + v == a\n```\n",
    "an empty shape": GIVEN.replace(" where m <= H, n <= W", ""),
    "ten thousand parentheses": GIVEN + f"```claim c\na == {'(' * 10_000}a{')' * 10_000}\n```\n",
    "ten thousand brackets open": GIVEN + f"```claim c\na == {'[' * 10_000}\n```\n",
    "a long chain of operators": GIVEN + f"```claim c\na == {' + '.join(['a'] * 6000)}\n```\n",
    "ten thousand signs": GIVEN + f"```claim c\na == {'-' * 9000}a\n```\n",
    "a tower of powers": GIVEN + "```claim c\n10**10**10**10 == 1\n```\n",
    "a huge exponent": GIVEN + "```claim c\n2**1000000000 == 1\n```\n",
    "an empty claim": GIVEN + "```claim c\n```\n",
    "a claim without a name": GIVEN + "```claim\na == a\n```\n",
    "the same name twice": GIVEN + "```claim c\na == a\n```\n```claim c\na == a\n```\n",
    "an expectation of nothing": GIVEN + "```claim c\na == a\nexpect holds where\n```\n",
    "python": GIVEN + "```claim c\n__import__('os').system('true') == 1\n```\n",
    "latex": GIVEN + "```claim c\n\\nabla_w J == a\n```\n",
    "control characters": GIVEN + "```claim c\na == \x00\x1b[31m\x07a\n```\n",
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """One run over all hostile documents: each is refused by itself, so that one run shows all their errors."""
    directory = tmp_path_factory.mktemp("hostile")
    for name, text in HOSTILE.items():
        (directory / f"{name.replace(' ', '-')}.md").write_text(text, encoding="utf-8")
    (directory / "large.md").touch()
    os.truncate(directory / "large.md", 50_000_000)
    (directory / "latin.md").write_bytes(b"# Notes\n\nna\xefve\n")
    (directory / "directory.md").mkdir()
    names = (*HOSTILE, "large", "latin", "directory", "missing")
    return command("verify", *(directory / f"{name.replace(' ', '-')}.md" for name in names)), directory


@pytest.mark.parametrize("name", [*HOSTILE, "large", "latin", "directory", "missing"])
def test_hostile_documents(name: str, refused: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    """Each wrong file (a 50 MB one, invalid UTF-8, a directory, a missing one too) gets its own short message."""
    done, directory = refused
    assert done.returncode == 2
    assert "not judged" in done.stdout
    judged = [line.split() for line in done.stdout.splitlines() if line.startswith("  ") and "not judged" not in line]
    assert judged == [["✓", "c", "proved"]]  # the first of two claims of one name
    no_traceback(done)
    head = f"{directory / name.replace(' ', '-')}.md"
    messages = re.split(rf"^(?={re.escape(str(directory))})", done.stderr, flags=re.MULTILINE)
    mine = [message for message in messages if message.startswith(head)]
    assert len(mine) == 1
    assert len(mine[0]) < 1000


def test_hostile_documents_are_refused_quickly(tmp_path: Path) -> None:
    """The deepest nesting is refused in seconds."""
    file = tmp_path / "deep.md"
    file.write_text(HOSTILE["ten thousand parentheses"], encoding="utf-8")
    start = time.perf_counter()
    assert command("verify", file).returncode == 2
    assert time.perf_counter() - start < 20


def test_control_characters_do_not_reach_the_terminal(
    refused: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    """A message that quotes a line shows no escape sequences of it."""
    assert "\x1b" not in refused[0].stderr


def test_the_empty_name() -> None:
    """An empty file name is an error in the input."""
    done = command("verify", "")
    assert done.returncode == 2
    no_traceback(done)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file")
def test_an_unreadable_file(tmp_path: Path) -> None:
    """A file that may not be read is an error in the input."""
    file = tmp_path / "secret.md"
    file.write_text(NOTES, encoding="utf-8")
    file.chmod(0)
    done = command("verify", file)
    assert done.returncode == 2
    no_traceback(done)


@pytest.mark.parametrize("change", [lambda t: t.replace("\n", "\r\n"), lambda t: "\ufeff" + t], ids=["crlf", "bom"])
def test_harmless_encodings(change: Any, tmp_path: Path) -> None:
    """Windows line ends and a byte order mark change nothing."""
    file = tmp_path / "windows.md"
    file.write_bytes(change(NOTES).encode())
    done = command("verify", file)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_document_without_claims(tmp_path: Path) -> None:
    """Prose alone is nothing to judge: status 5, which is no error."""
    file = tmp_path / "prose.md"
    file.write_text("# Only words\n", encoding="utf-8")
    done = command("verify", file)
    assert (done.returncode, done.stderr) == (5, "")


# -- pipes, interrupts ------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="needs a shell's pipe")
def test_a_closed_pipe_is_no_complaint(place: Path) -> None:
    """A reader that goes away ends the command without a message."""
    line = f'"{sys.executable}" -m derivations.cli verify "{place / "notes.md"}" | true'
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=120, check=True)
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
@pytest.mark.parametrize("option", ["--json", "--no-cache"])
def test_a_full_disk_is_said(place: Path, option: str) -> None:
    """An answer that cannot be written is a message and status 74, and no verdict."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "derivations.cli", "verify", option, str(place / "notes.md")],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 74
    assert done.stderr.startswith("the answer could not be written: No space left on device")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
def test_a_report_on_a_full_disk_is_said(place: Path) -> None:
    """A report that cannot be written is a message too."""
    done = command("report", "-o", "/dev/full", place / "notes.md")
    assert done.returncode == 2
    no_traceback(done)


@pytest.mark.skipif(os.name != "posix", reason="needs a pipe")
def test_a_cache_that_is_no_file_is_said_once(place: Path, tmp_path: Path) -> None:
    """A pipe where the cache should be is not waited for; the claims are judged, and one line says so."""
    (tmp_path / "gradproof").mkdir()
    os.mkfifo(tmp_path / "gradproof" / "verdicts.sqlite3")
    done = command("verify", place / "notes.md", environment={"XDG_CACHE_HOME": str(tmp_path)})
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1
    assert "this is not a file" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_an_interrupt_leaves_what_was_judged(tmp_path: Path) -> None:
    """Ctrl-C in the middle of a run ends it with 130, the lines so far and a summary; no worker stays behind."""
    file = tmp_path / "many.md"
    claims = "".join(f"```claim c{k}\ngrad(J, w) == conv(rot180(a), delta, valid)\n```\n" for k in range(400))
    file.write_text(GIVEN + claims, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "derivations.cli", "verify", "-v", "--no-cache", "-j", "2", str(file)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert process.stdout is not None
    first = [process.stdout.readline() for _ in range(3)]
    assert "c0" in first[1]
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers get it too
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "Interrupted" in output.splitlines()[-1]
    assert "undecided" not in output  # an interrupt is not taken for "unknown"
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


# -- the other commands -----------------------------------------------------------------------------------------------


def test_check_judges_one_line(place: Path) -> None:
    """check judges an equation in a document's context; a false one gets its counterexample and status 1."""
    done = command("check", "grad(J, w) == conv(rot180(a), delta)", "--given", place / "notes.md")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "✓ proved")
    done = command("check", "grad(J, w) == conv(a, rot180(delta))", "--given", place / "notes.md")
    assert done.returncode == 1
    assert "smallest counterexample" in done.stdout


def test_check_takes_conditions_and_plain_contexts(tmp_path: Path) -> None:
    """--where adds a condition; the file may be given statements and nothing else."""
    file = tmp_path / "context.txt"
    file.write_text("dims n\ntensor x[n, n]\n", encoding="utf-8")
    assert command("check", "x == x.T", "--given", file, "--where", "n == 1").returncode == 0
    assert command("check", "x == x.T", "--given", file).returncode == 1


@pytest.mark.parametrize("equation", ["grad(J, w) == ", "grad(J, w)", "q == 1", "a ==== a", ""])
def test_check_points_at_what_is_wrong(equation: str, place: Path) -> None:
    """A wrong equation gets a message and status 2."""
    done = command("check", equation, "--given", place / "notes.md")
    assert done.returncode == 2
    no_traceback(done)
    assert done.stderr.strip()


def test_explain_takes_a_statement(place: Path) -> None:
    """The number of a statement that has been written as several claims explains each of them."""
    file = place / "several.md"
    file.write_text(GIVEN + "```claim e1-conv\na == a\n```\n```claim e1-corr\nw == w\n```\n```claim e12\nz == z\n```\n")
    done = command("explain", "e1", file)
    assert done.returncode == 0
    assert "e1-conv" in done.stdout
    assert "e1-corr" in done.stdout
    assert "e12" not in done.stdout


def test_verify_lists_the_repairs_below_a_false_claim(place: Path) -> None:
    """--repair gives the nearest true formulas a line each; without it there are none. What could not be read is said
    at the end too."""
    file = place / "mistaken.md"
    claim = "grad(J, w) == conv(a, delta, valid)\nexpect holds where H == 1, W == 1"
    file.write_text(f"{GIVEN}```claim turned\n{claim}\n```\n")
    done = command("verify", file, "--repair", place / "no.md")
    assert "\n      nearest true: grad(J, w) == conv(rot180(a), delta, valid)\n" in done.stdout
    assert done.stdout.endswith("1 error in what was to be judged; every verdict that was reached is as expected.\n")
    assert done.returncode == 2
    assert "nearest true" not in command("verify", file).stdout


def test_explain_says_what_is_wrong(place: Path) -> None:
    """Of a false claim the mistake is said in a sentence, of one without a repair that none was found."""
    file = place / "mistaken.md"
    file.write_text(
        GIVEN + "```claim turned\ngrad(J, w) == conv(rot180(a), delta)*2\nwhere m == n\n```\n"
        "```claim nothing\nsum(a*a*a) == 7*sum(w) + 3\nexpect false\n```\n"
    )
    done = command("explain", "turned", file)
    assert "    where m == n\n" in done.stdout
    assert "The right side is 2 times the left side." in done.stdout
    assert "none among the small changes" in command("explain", "nothing", file).stdout


def test_explain(place: Path) -> None:
    """explain shows both sides by index and the entry of the counterexample on both sides."""
    done = command("explain", "without-rotation", place / "notes.md")
    assert done.returncode == 0
    assert "left   entry [i, j] = sum[" in done.stdout
    assert "a[0, 1]*delta[0, 0]" in done.stdout
    done = command("explain", "without-rotatoin", place / "notes.md")
    assert done.returncode == 2
    assert "did you mean without-rotation?" in done.stderr
    assert "matter of taste" in command("explain", "size", place / "notes.md").stdout


def test_derive(place: Path) -> None:
    """derive prints the steps, or LaTeX, or one JSON object; wrong names are errors in the input."""
    arguments = ("derive", "J", "--given", place / "notes.md", "--wrt", "w")
    done = command(*arguments)
    assert done.returncode == 0, done.stderr
    assert "conv(rot180(a), delta, valid)" in done.stdout
    assert r"\begin{align*}" in command(*arguments, "--latex").stdout
    steps = json.loads(command(*arguments, "--json").stdout)["steps"]
    assert all(step["verdict"] == "proved" for step in steps)
    for wrong in (("derive", "J", "--given", place / "notes.md", "--wrt", "q"), (*arguments, "--json", "--latex")):
        done = command(*wrong)
        assert done.returncode == 2
        no_traceback(done)


def test_report(place: Path, tmp_path: Path) -> None:
    """report writes the LaTeX and the table, leaves nothing half-written, and says what is missing."""
    directory = tmp_path / "deep" / "report"
    done = command("report", "-o", directory, place / "notes.md", environment={"PATH": "/nonexistent"})
    assert done.returncode == 0, done.stderr
    names = {path.name for path in directory.iterdir()}
    assert {"gradproof-report.tex", "gradproof-report-table.md"} <= names
    assert not [name for name in names if name.startswith(".") or name.endswith(".part")]
    assert "xelatex is not installed" in done.stdout
    done = command("report", "-o", place / "notes.md" / "x", place / "notes.md")
    assert done.returncode == 2
    no_traceback(done)
