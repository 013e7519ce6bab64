"""A run as other programs read it: JUnit, SARIF and GitHub's annotations, checked against what their formats ask for.

The rules below are written from Jenkins's JUnit schema and from the SARIF 2.1.0 specification: which elements and
properties there may be, and which there must be.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.judgement.results import Results
from derivations.judgement.verdict import Verdict, Witness
from derivations.language.errors import InputError, Place
from derivations.language.remarks import Refused, Remark
from derivations.show.formats.github import commands
from derivations.show.formats.junit import to_junit
from derivations.show.formats.sarif import RULES, to_sarif

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)  # control characters among them
VERDICTS = st.builds(
    Verdict,
    document=st.sampled_from(["a.md", "b c.md"]),
    id=TEXTS,
    link=st.integers(1, 3),
    reading=st.dictionaries(TEXTS, TEXTS, max_size=1),
    line=st.integers(1, 99),
    statement=TEXTS,
    verdict=st.sampled_from(["proved", "holds where", "refuted", "false", "undecided"]),
    holds_where=TEXTS,
    witness=st.none() | st.just(Witness({"n": 1}, (0,), {}, "0", "1")),
    repair=st.lists(TEXTS, max_size=1).map(tuple),
    as_expected=st.booleans(),
    contradiction=st.just("") | TEXTS,
    reason=TEXTS,
    seconds=st.floats(0, 9),
)
ERRORS = st.builds(
    InputError,
    TEXTS,
    st.builds(Place, st.sampled_from(["a.md", "/elsewhere/z.md"]), st.integers(0, 9), st.integers(0, 9), TEXTS),
    TEXTS,
    TEXTS,
)
RESULTS = st.builds(
    Results,
    verdicts=st.lists(VERDICTS, max_size=4),
    remarks=st.lists(st.builds(Remark, TEXTS, st.just("a.md"), st.just(3), TEXTS), max_size=1),
    errors=st.lists(ERRORS, max_size=2),
    refused=st.lists(st.builds(Refused, TEXTS, st.just("a.md"), st.just(4), TEXTS), max_size=1),
)

# element: attributes it may have, attributes it must have, elements it may hold
JUNIT = {
    "testsuites": ({"name", "time", "tests", "failures", "disabled", "errors"}, set(), {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "time", "disabled", "skipped", "timestamp", "hostname", "id"},
        {"name", "tests"},
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name", "assertions", "time", "classname", "status"},
        {"name"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "skipped": ({"message"}, set(), set()),
    "error": ({"type", "message"}, set(), set()),
    "failure": ({"type", "message"}, set(), set()),
}


def check_junit(element: ElementTree.Element) -> None:
    """Asserts the rules of the table for an element and all below it."""
    may, must, inside = JUNIT[element.tag]
    assert must <= set(element.attrib) <= may
    assert {child.tag for child in element} <= inside
    for child in element:
        check_junit(child)


def failing(results: Results) -> list[Verdict]:
    return [verdict for verdict in results.verdicts if verdict.contradiction or not verdict.as_expected]


@settings(deadline=None, max_examples=30)
@given(RESULTS)
def test_junit_is_well_formed_and_complete(results: Results) -> None:
    """Whatever the texts, the XML can be parsed and obeys the schema; every verdict, remark, refusal and error is one
    case, and the numbers of failures and errors are those of the run."""
    root = ElementTree.fromstring(to_junit(results, 1.5).encode())
    check_junit(root)
    cases = root.findall(".//testcase")
    assert len(cases) == sum(map(len, (results.verdicts, results.remarks, results.refused, results.errors)))
    merely = [verdict for verdict in failing(results) if not verdict.contradiction]
    assert len(root.findall(".//failure")) == int(root.attrib["failures"]) == len(merely)
    others = len(failing(results)) - len(merely) + len(results.refused) + len(results.errors)
    assert len(root.findall(".//error")) == int(root.attrib["errors"]) == others
    for suite in root:
        assert int(suite.attrib["tests"]) == len(suite)


def check_sarif(log: dict[str, Any]) -> None:
    """Asserts the requirements of the specification for what is written; section numbers are its own."""
    assert set(log) == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"  # 3.13.2
    for run in log["runs"]:
        assert set(run) <= {"tool", "invocations", "columnKind", "results"}  # 3.14
        assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")  # 3.14.17
        driver = run["tool"]["driver"]
        assert driver["name"]  # 3.19.8
        identifiers = [rule["id"] for rule in driver["rules"]]  # 3.49.3
        assert len(set(identifiers)) == len(identifiers)
        assert all(rule["shortDescription"]["text"] for rule in driver["rules"])
        assert all(type(each["executionSuccessful"]) is bool for each in run["invocations"])  # 3.20.14: required
        for result in run["results"]:
            allowed = {"ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints", "fixes"}
            assert {"message"} <= set(result) <= allowed  # 3.27
            assert result["message"]["text"]  # 3.11.8
            assert identifiers[result["ruleIndex"]] == result["ruleId"]  # 3.27.6
            assert result["level"] in ("none", "note", "warning", "error")  # 3.27.10
            for each in result.get("fixes", []):  # 3.55
                assert each["description"]["text"]
                for change in each["artifactChanges"]:  # 3.56: at least one, with its file and replacements
                    assert change["artifactLocation"]["uri"]
                    for replacement in change["replacements"]:  # 3.57.3: required
                        region = replacement["deletedRegion"]
                        assert 1 <= region["startLine"] <= region["endLine"]
                        assert region["startColumn"] >= 1
                        assert replacement["insertedContent"]["text"]
            for location in result["locations"]:
                place = location["physicalLocation"]
                uri = place["artifactLocation"]["uri"]
                assert re.fullmatch(r"[\w\-.~%!$&'()*+,;=:@/]*", uri, re.ASCII)  # 3.10.1: RFC 3986
                region = place.get("region", {"startLine": 1})
                assert region["startLine"] >= 1  # 3.30.5
                assert region.get("startColumn", 1) >= 1  # 3.30.6
                assert region.get("endColumn", 99) > region.get("startColumn", 1)  # 3.30.8


@settings(deadline=None, max_examples=30)
@given(RESULTS)
def test_sarif_obeys_the_specification(results: Results) -> None:
    """Each failing verdict and each error is one result with its place; what is as expected is none."""
    log = json.loads(to_sarif(results, 0.0))
    check_sarif(log)
    found = log["runs"][0]["results"]
    assert len(found) == len(failing(results)) + len(results.errors)


def test_every_verdict_has_a_rule() -> None:
    """The rules of the log cover each word of a verdict."""
    assert {"proved", "holds-where", "refuted", "false", "undecided", "contradiction", "input"} <= set(RULES)


@settings(deadline=None, max_examples=30)
@given(RESULTS)
def test_annotations_are_one_line_each(results: Results) -> None:
    """No text of a document can end an annotation's line, its properties or its command."""
    lines = list(commands(results))
    assert len(lines) == len(failing(results)) + len(results.errors)
    for line in lines:
        assert not {"\n", "\r"} & set(line)
        match = re.match(r"::(?:error|warning) (?P<properties>[^:]*)::", line)
        assert match
        keys = [pair.partition("=")[0] for pair in match["properties"].split(",")]
        assert set(keys) <= {"file", "line", "col", "title"}
        assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("form", ["junit", "sarif", "github", "json"])
def test_the_command_writes_nothing_else(form: str, tmp_path: Path) -> None:
    """Standard output is the file and nothing more, also where a document has errors; the status is that of the run."""
    from typer.testing import CliRunner

    from derivations.cli import app

    notes = tmp_path / "notes.md"
    text = "```given\ndims n\ntensor x[n]\n```\n```claim a\nx == 2*x\n```\n```claim b\nx ==\n```\n"
    notes.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(app, ["verify", "--no-cache", "--format", form, str(notes)])
    assert done.exit_code == 2
    if form == "junit":
        check_junit(ElementTree.fromstring(done.stdout.encode()))
    elif form == "sarif":
        check_sarif(json.loads(done.stdout))
    elif form == "json":
        assert json.loads(done.stdout)["schema"] == 1
    else:
        assert len([line for line in done.stdout.splitlines() if line.startswith("::error file=")]) == 2


def test_a_fix_mends(tmp_path: Path) -> None:
    """Each fix of the log, applied to the file, leaves a document in which its claim is as expected; one-line and
    continued equations, a word that was misspelt."""
    from typer.testing import CliRunner

    from derivations.cli import app

    notes = tmp_path / "notes.md"
    given = "```given\ndims N, D, M\ntensor X[N, D], W[D, M]\nY = X @ W\nloss J(Y)\nG = grad(J, Y)\n```\n\n"
    claims = ("grad(J, X) == W.T @ G", "  grad(J, X)\n  == W.T @ G", "grad(J, X) == G @ W.T + rot180(cnov(X, X))")
    for equation in claims[:2]:
        notes.write_text(f"{given}```claim a\n{equation}\n```\n", encoding="utf-8")
        done = CliRunner().invoke(app, ["verify", "--no-cache", "--repair", "--format", "sarif", str(notes)])
        check_sarif(json.loads(done.stdout))
        (result,) = json.loads(done.stdout)["runs"][0]["results"]
        notes.write_text(applied(notes.read_text(encoding="utf-8"), result["fixes"][0]), encoding="utf-8")
        assert CliRunner().invoke(app, ["verify", "--no-cache", str(notes)]).exit_code == 0
    notes.write_text(f"{given}```claim a\n{claims[2]}\n```\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["verify", "--no-cache", "--format", "sarif", str(notes)])
    (result,) = json.loads(done.stdout)["runs"][0]["results"]
    assert "rot180(conv(X, X))" in applied(notes.read_text(encoding="utf-8"), result["fixes"][0])


def applied(text: str, fix: dict[str, Any]) -> str:
    """A text with its one replacement made, as the specification says: the end column is excluded."""
    (change,) = fix["artifactChanges"]
    (replacement,) = change["replacements"]
    region, lines = replacement["deletedRegion"], text.split("\n")
    first, last = region["startLine"] - 1, region["endLine"] - 1
    head, tail = lines[first][: region["startColumn"] - 1], lines[last][region["endColumn"] - 1 :]
    return "\n".join([*lines[:first], head + replacement["insertedContent"]["text"] + tail, *lines[last + 1 :]])
