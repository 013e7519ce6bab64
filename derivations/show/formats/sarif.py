"""A run as a SARIF log, for code scanning: a result for each verdict that is not as expected and each error of input.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0, 2020.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

from derivations.judgement.results import Results, Status
from derivations.judgement.verdict import Verdict
from derivations.language.errors import InputError
from derivations.show.formats.said import further, kind, sentence
from derivations.show.lines import name

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
RULES = {
    "holds-where": ("The formula is true only where its sizes satisfy a condition.", "error"),
    "refuted": ("The formula is true for no sizes.", "error"),
    "false": ("The formula is false at a counterexample.", "error"),
    "proved": ("The formula is true, and another verdict was expected.", "error"),
    "undecided": ("Whether the formula is true is not known.", "warning"),
    "contradiction": ("Proof and numbers disagree: a defect of gradproof.", "error"),
    "input": ("What stands here is not the claim language.", "error"),
    "defect": ("gradproof itself failed on this claim.", "error"),
}


Fixes = Mapping[str, Sequence[dict[str, Any]]]


def to_sarif(results: Results, seconds: float, fixes: Fixes | None = None) -> str:
    """The log of a run, as JSON text; `fixes` are those of a verdict or an error, by `subject`."""
    names, mending = list(RULES), fixes or {}
    found = [_of_verdict(v, mending) for v in results.verdicts if v.contradiction or not v.as_expected]
    found += [_of_error(error, mending) for error in results.errors]
    found += [
        _result("defect", refused.reason, refused.document, {"startLine": max(refused.line, 1)})
        for refused in results.refused
        if refused.reason.startswith("gradproof failed")
    ]
    for each in found:
        each["ruleIndex"] = names.index(each["ruleId"])
    rules = [
        {"id": rule, "shortDescription": {"text": text}, "defaultConfiguration": {"level": level}}
        for rule, (text, level) in RULES.items()
    ]
    driver = {"name": "gradproof", "version": version("gradproof"), "rules": rules}
    completed = results.status not in (Status.DEFECT, Status.CONTRADICTION, Status.INTERRUPTED)
    invocation = {"executionSuccessful": completed, "exitCode": int(results.status)}
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "results": found,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=1)


def subject(found: Verdict | InputError) -> str:
    """What a fix is about."""
    return f"{found.document}\0{name(found)}" if isinstance(found, Verdict) else str(found)


def fix(title: str, document: str, region: dict[str, Any], text: str) -> dict[str, Any]:
    """A fix that puts a text in the place of a region of a document."""
    change = {"deletedRegion": region, "insertedContent": {"text": text}}
    changes = {"artifactLocation": {"uri": _uri(document)}, "replacements": [change]}
    return {"description": {"text": title}, "artifactChanges": [changes]}


def _of_verdict(verdict: Verdict, fixes: Fixes) -> dict[str, Any]:
    text = "\n".join([f"{name(verdict)}: {sentence(verdict)}", *further(verdict)])
    result = _result(kind(verdict), text, verdict.document, {"startLine": max(verdict.line, 1)})
    result["locations"][0]["logicalLocations"] = [{"name": verdict.id, "fullyQualifiedName": name(verdict)}]
    result["partialFingerprints"] = {"claim/v1": f"{PurePath(verdict.document).name}::{name(verdict)}"}
    return _mended(result, verdict, fixes)


def _mended(result: dict[str, Any], found: Verdict | InputError, fixes: Fixes) -> dict[str, Any]:
    own = list(fixes.get(subject(found), ()))
    return {**result, "fixes": own} if own else result


def _of_error(error: InputError, fixes: Fixes) -> dict[str, Any]:
    parts = [error.message, *([f"expected: {error.expected}"] if error.expected else [])]
    parts += [f"fix: {error.fix}"] if error.fix else []
    region: dict[str, Any] = {}
    if error.line:
        column = max(error.column, 1)
        region = {"startLine": error.line, "startColumn": column, "endColumn": column + max(error.place.length, 1)}
    return _mended(_result("input", "\n".join(parts), error.file, region), error, fixes)


def _result(rule: str, text: str, document: str, region: dict[str, Any]) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(document)}}
    if region:
        place["region"] = region
    return {
        "ruleId": rule,
        "level": RULES[rule][1],
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
    }


def _uri(document: str) -> str:
    """A relative path as it was given, which the reader resolves in the repository; an absolute one as a file URI, or
    relative to the working directory where it lies in it."""
    path = Path(document)
    if path.is_absolute():
        here = Path.cwd()
        if not path.is_relative_to(here):
            return path.as_uri()
        path = path.relative_to(here)
    return quote(path.as_posix())
