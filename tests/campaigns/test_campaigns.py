"""Campaigns: the same bytes, whoever works, whoever is killed meanwhile; what is remembered is believed only whole."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machines import COMMAND, ENVIRONMENT, Machines, document, kill, started
from typer.testing import CliRunner

from derivations.batch.run import Source, judge_claim
from derivations.batch.store import NoStore, Store
from derivations.campaigns.campaign import claims_run
from derivations.campaigns.child import Child
from derivations.campaigns.own import own_record
from derivations.campaigns.results import Lines, OtherRun, records, to_parquet
from derivations.cli import app
from derivations.language.document import parse_claim, parse_context

# -- lines -------------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=25)
@given(st.lists(st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=4)), max_size=6), st.data())
def test_a_cut_file_goes_on_to_the_same_bytes(found: list[dict[str, object]], data: st.DataObject) -> None:
    """A file of results that is cut off at any byte, as a killed run leaves it, is continued to the very same file."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.jsonl"
        _write(path, found)
        whole = path.read_bytes()
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
        _write(path, found)
        assert path.read_bytes() == whole
        assert list(records(path)) == [json.loads(json.dumps(each)) for each in found]


def _write(path: Path, found: list[dict[str, object]]) -> None:
    lines = Lines(path, {"campaign": "test", "first": 0})
    for each in found[lines.done :]:
        lines.write(each)
    lines.close()


def test_another_run_is_not_mixed_in(tmp_path: Path) -> None:
    """A file of other options, and one that is no file of results, are refused and left as they are."""
    path = tmp_path / "results.jsonl"
    _write(path, [{"a": 1}])
    for content in (path.read_bytes(), b"# notes\nabout something\n", b"no line"):
        path.write_bytes(content)
        with pytest.raises(OtherRun):
            Lines(path, {"campaign": "test", "first": 7})
        assert path.read_bytes() == content


# -- the store ---------------------------------------------------------------------------------------------------------


def test_a_store_gives_back_what_is_whole(tmp_path: Path) -> None:
    """What one machine writes another reads; a torn or changed entry is none, nor is one without the secret; another
    variant has entries of its own."""
    pytest.importorskip("fsspec", reason="fsspec is not installed")
    ((_, context),) = parse_context("dims n\ntensor x[n]")
    verdicts = tuple(judge_claim(parse_claim("rot180(x) == x", context)))
    assert verdicts[0].verdict == "holds where"
    Store(str(tmp_path)).write("key", verdicts)
    assert Store(str(tmp_path)).read("key") == verdicts
    assert Store(str(tmp_path), "repair").read("key") is None
    assert Store(str(tmp_path), key="secret").read("key") is None
    (entry,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    content = entry.read_bytes()
    for changed in (content[:-1], content.replace(b"holds where", b"proved"), b"", b"\xff", content[:70]):
        entry.write_bytes(changed)
        assert Store(str(tmp_path)).read("key") is None
    Store("memory://verdicts", key="secret").write("key", verdicts)
    assert Store("memory://verdicts", key="secret").read("key") == verdicts
    with pytest.raises(NoStore):
        Store("nonsense://x")


def test_a_store_that_fails_is_said_and_costs_no_run(tmp_path: Path) -> None:
    """Where the store cannot be written, the verdicts are there all the same, and the trouble is said."""
    pytest.importorskip("fsspec", reason="fsspec is not installed")
    blocked = tmp_path / "file"
    blocked.write_text("")
    notes = tmp_path / "notes.md"
    notes.write_text("```given\ndims n\ntensor x[n]\n```\n\n```claim one\nx + x == 2*x\n```\n")
    done = CliRunner().invoke(app, ["verify", str(notes), "--store", str(blocked)])
    assert done.exit_code == 0, done.output
    assert "the store of verdicts is not used" in done.stderr


# -- messages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["verify", "--on", "spark"], "there is dask"),
        (["verify", "--on", "dask://nowhere"], "there is dask"),
        (["campaign", "soundness", "notes.md"], "takes no files"),
        (["campaign", "nonsense"], "nonsense"),
    ],
)
def test_what_is_asked_wrongly_is_said(arguments: list[str], said: str) -> None:
    """A message and status 2, no traceback."""
    pytest.importorskip("distributed", reason="Dask is not installed")
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.output


def test_an_own_run_says_what_it_did(tmp_path: Path) -> None:
    """Some claims by chance are judged; the same command finds nothing left to do; the rest comes after."""
    path = tmp_path / "soundness.jsonl"

    def run(count: int) -> str:
        command = ["campaign", "soundness", "--count", str(count), "--results", str(path)]
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0, done.output
        return done.output

    assert "wrong: 0" in run(3)
    first = path.read_bytes()
    assert "wrong: 0" in run(3)
    assert path.read_bytes() == first
    run(4)
    assert path.read_bytes().startswith(first)
    assert [record["number"] for record in records(path)] == [0, 1, 2, 3]


@pytest.mark.parametrize("name", ["soundness", "written", "mutants", "reading"])
def test_each_own_run_gives_records(name: str) -> None:
    """The first number of a run is judged: its record has the number, says what was found, and nothing wrong."""
    record = own_record(name, 0)
    assert record["number"] == 0
    assert record.get("word") or record["counts"]
    assert record["wrong"] == []


# -- one child ---------------------------------------------------------------------------------------------------------


def careful(item: int) -> int:
    """A task of which some items end their process, some never end, and some print."""
    print("words that are no result")
    if item == 3:
        os._exit(7)
    if item == 5:
        time.sleep(60)
    if item == 6:
        time.sleep(0.5)
    return item * item


def lost(item: int, reason: str) -> str:
    return f"{item}: {reason}"


def test_a_child_that_dies_loses_one_item(monkeypatch: pytest.MonkeyPatch) -> None:
    """Items that end their process or pass the guard are lost for that stated reason; the others have their results, in
    order; what is printed is none of them."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    child = Child()
    try:
        found = child.results(careful, range(8), lost, guard=1.0)
    finally:
        child.end()
    assert found[3].startswith("3: the process that judged it ended with status 7")
    assert found[5] == "5: not finished within the outer guard of 1 s of wall time"
    assert [one for at, one in enumerate(found) if at not in (3, 5)] == [0, 1, 4, 16, 36, 49]
    assert 0 < child.seconds < 0.4  # of work: a machine that others use makes no batch smaller


def test_a_cluster_of_this_machine_takes_no_usual_port(tmp_path: Path) -> None:
    """Two campaigns beside each other, or a cluster of somebody else: nothing is said about a port that is taken."""
    pytest.importorskip("distributed", reason="Dask is not installed")
    notes = tmp_path / "notes.md"
    notes.write_text(document(5))
    with socket.socket() as other:
        with suppress(OSError):  # taken already
            other.bind(("127.0.0.1", 8787))
            other.listen()
        command = [*COMMAND, "campaign", "prove", str(notes), "--no-cache", "--on", "dask"]
        environment = {name: value for name, value in ENVIRONMENT.items() if name != "PYTHONWARNINGS"}
        results = str(tmp_path / "lines.jsonl")
        done = subprocess.run(
            [*command, "--results", results], capture_output=True, text=True, env=environment, timeout=240
        )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


# -- whoever is killed -------------------------------------------------------------------------------------------------


def test_whoever_is_killed_the_bytes_are_the_same(tmp_path: Path) -> None:
    """240 claims on a cluster of which a worker, the scheduler with its workers, and the client are killed in the
    middle: the lines are those of one process, byte for byte."""
    pytest.importorskip("distributed", reason="Dask is not installed")
    notes = tmp_path / "notes.md"
    notes.write_text(document(240))
    alone, together = tmp_path / "alone.jsonl", tmp_path / "together.jsonl"
    common = [*COMMAND, "campaign", "prove", str(notes), "--no-cache", "--results"]
    done = subprocess.run([*common, str(alone)], capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == 0, done.stdout + done.stderr
    machines = Machines()
    client = None
    try:
        command = [*common, str(together), "--on", f"dask://127.0.0.1:{machines.port}"]
        client = started(command)
        _until(together, 5, client)
        machines.kill_worker()
        machines.start()
        _until(together, 30, client)
        machines.kill_all()
        machines.start()
        _until(together, 70, client)
        kill(client)
        before = together.read_bytes()
        client = started(command)
        assert client.wait(120) == 0
        assert together.read_bytes().startswith(before[: before.rfind(b"\n") + 1])
        assert together.read_bytes() == alone.read_bytes()
        assert len(list(records(alone))) == 240
    finally:
        machines.kill_all()
        if client is not None and client.poll() is None:
            kill(client)


def test_a_document_that_is_done_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run over documents, one with a mistake and one without claims among them, goes on from any line to the same
    bytes, and reads none of the documents before the one in which it ends; where a document is named twice, too."""
    files = [tmp_path / f"{name}.md" for name in "abcd"]
    for number, (file, count) in enumerate(zip(files, (2, 3, 0, 2), strict=True)):
        file.write_text(document(count, 10 * number))
    files[1].write_text(document(2, 10) + "\n```claim broken\nx == nonsense\n```\n")
    read: list[str] = []
    blocks = Source.blocks
    monkeypatch.setattr(Source, "blocks", lambda self, recall: read.append(self.name) or blocks(self, recall))
    for given_files in (files, [files[0], files[3], files[0]]):
        path = tmp_path / "lines.jsonl"
        path.unlink(missing_ok=True)

        def run(path: Path = path, given_files: list[Path] = given_files) -> None:
            read.clear()
            list(claims_run(given_files, path, 1, None, say=lambda text: None))

        run()
        whole = path.read_bytes()
        ends = [at + 1 for at, byte in enumerate(whole) if byte == 10]
        assert len(ends) > 6
        for end in ends:
            path.write_bytes(whole[:end])
            run()
            assert path.read_bytes() == whole
            if given_files is files and end > ends[0]:
                assert read[0] == json.loads(whole[:end].splitlines()[-1])["document"]


@pytest.mark.parametrize(
    ("kind", "count", "on_cluster", "alone_at"),
    [("soundness", 20, (3, 6, 10), (14,)), ("repairs", 8, (), (3,)), ("mutants", 4, (), (1,))],
)
def test_own_runs_survive_as_well(
    kind: str, count: int, on_cluster: tuple[int, ...], alone_at: tuple[int, ...], tmp_path: Path
) -> None:
    """A run of the project's own, on a cluster of which a worker, the scheduler with its workers, and the client are
    killed, or on one process which is killed, goes on: what was written stays, and the whole is what one undisturbed
    process writes, byte for byte. (Each kind on a cluster takes minutes; who works is the same for all.)"""
    undisturbed, path = tmp_path / "undisturbed.jsonl", tmp_path / "killed.jsonl"
    command = [*COMMAND, "campaign", kind, "--count", str(count), "--results"]
    done = subprocess.run([*command, str(undisturbed)], capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == 0, done.stdout + done.stderr
    if on_cluster:
        pytest.importorskip("distributed", reason="Dask is not installed")
        _killed_on_a_cluster([*command, str(path)], path, on_cluster)
    for lines in alone_at:
        client = started([*command, str(path)])
        try:
            _until(path, lines, client)
        finally:
            kill(client)
    before = path.read_bytes()
    assert subprocess.run([*command, str(path)], capture_output=True, env=ENVIRONMENT).returncode == 0
    assert 0 < before.count(b"\n") <= count
    assert path.read_bytes().startswith(before[: before.rfind(b"\n") + 1])
    assert path.read_bytes() == undisturbed.read_bytes()
    assert [record["number"] for record in records(path)] == list(range(count))


def _killed_on_a_cluster(command: list[str], path: Path, kills: tuple[int, ...]) -> None:
    """Runs a campaign until so many lines are there; then a worker is killed, then all but the client, then it."""
    machines = Machines()
    client = started([*command, "--on", f"dask://127.0.0.1:{machines.port}"])
    try:
        _until(path, kills[0], client)
        machines.kill_worker()
        machines.start()
        _until(path, kills[1], client)
        machines.kill_all()
        machines.start()
        _until(path, kills[2], client)
    finally:
        machines.kill_all()
        kill(client)


def test_results_as_parquet_are_the_lines(tmp_path: Path) -> None:
    """`--parquet` writes what the lines say, row for row: of `prove`, and of a run of the project's own; whole again
    where the run was cut off and goes on."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    notes = tmp_path / "notes.md"
    notes.write_text(document(5))
    for number, arguments in enumerate((["prove", str(notes), "--no-cache"], ["soundness", "--count", "3"])):
        lines, table = tmp_path / f"{number}.jsonl", tmp_path / f"{number}.parquet"
        command = ["campaign", *arguments, "--results", str(lines), "--parquet", str(table)]
        for _ in range(2):
            done = CliRunner().invoke(app, command)
            assert done.exit_code == 0, done.output
            found = parquet.read_table(table).to_pylist()
            said = list(records(lines))
            assert len(found) == len(said) > 2
            for row, record in zip(found, said, strict=True):
                assert {key for key, value in row.items() if value is not None} <= set(record)
                for key, value in record.items():
                    assert row[key] == value or json.loads(row[key]) == value
            table.unlink()
            lines.write_bytes(lines.read_bytes()[:-9])


def test_no_key_of_any_line_is_missing_as_parquet(tmp_path: Path) -> None:
    """Lines of different keys, and values of different kinds in one column, are all there: the first line decides
    nothing."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    found: list[dict[str, object]] = [
        {"number": 0, "reason": "lost"},
        {"number": 1, "mixed": 1, "large": 2**70, "list": [1, "x"]},
        {"number": 2, "mixed": "1", "large": 1, "list": None, "true": True, "share": 0.5},
    ]
    path, table = tmp_path / "lines.jsonl", tmp_path / "lines.parquet"
    for lines in (found, []):
        path.unlink(missing_ok=True)
        _write(path, lines)
        to_parquet(path, table)
        rows = parquet.read_table(table).to_pylist()
        assert len(rows) == len(lines)
        for row, line in zip(rows, lines, strict=True):
            plain = {key: value for key, value in row.items() if value is not None}
            for key in ("mixed", "large", "list"):
                if key in plain:
                    plain[key] = json.loads(plain[key])
            assert plain == {key: value for key, value in line.items() if value is not None}


def _until(path: Path, lines: int, client: subprocess.Popen[bytes]) -> None:
    """Waits until the file has so many results, while the client is at work."""
    end = time.monotonic() + 240
    while time.monotonic() < end:
        assert client.poll() is None
        if path.exists() and path.read_bytes().count(b"\n") > lines:
            return
        time.sleep(0.01)
    raise AssertionError(f"no {lines} results")
