"""A run as JUnit XML: a suite for each document, a case for each link of each claim under each reading.

Law: only the elements and attributes that every reader of the format knows (Jenkins's schema): a place in a file has
none of its own and stands in the text. What cannot stand in XML is replaced.

Source: the schema `junit-10.xsd` of Jenkins's xUnit plugin.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree

from derivations.judgement.results import Results
from derivations.judgement.verdict import Verdict
from derivations.language.remarks import Refused, Remark
from derivations.show.formats.said import further, kind, sentence
from derivations.show.lines import name

NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(results: Results, seconds: float) -> str:
    """The XML text of a run that took this long."""
    root = ElementTree.Element("testsuites", name="gradproof", time=f"{seconds:.3f}")
    found: list[Verdict | Remark | Refused] = [*results.verdicts, *results.remarks, *results.refused]
    documents = dict.fromkeys([*(each.document for each in found), *(error.file for error in results.errors)])
    for document in documents:
        cases = [_case(each) for each in found if each.document == document]
        cases += [_input(str(error)) for error in results.errors if error.file == document]
        root.append(_suite(document, cases))
    for total in ("tests", "failures", "errors"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in root)))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode")


def _suite(document: str, cases: Iterable[ElementTree.Element]) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", name=_xml(document))
    suite.extend(cases)
    counted = {
        "tests": "testcase",
        "failures": "testcase/failure",
        "errors": "testcase/error",
        "skipped": "testcase/skipped",
    }
    for attribute, path in counted.items():
        suite.set(attribute, str(len(suite.findall(path))))
    suite.set("time", f"{sum(float(case.get('time', '0')) for case in suite):.3f}")
    return suite


def _case(found: Verdict | Remark | Refused) -> ElementTree.Element:
    label = name(found) if isinstance(found, Verdict) else found.id
    taken = found.seconds if isinstance(found, Verdict) else 0.0
    case = ElementTree.Element("testcase", classname=_xml(found.document), name=_xml(label), time=f"{taken:.3f}")
    place = f"{found.document}:{found.line}"
    if isinstance(found, Remark):
        ElementTree.SubElement(case, "skipped", message=f"a remark, which no formula settles ({_xml(place)})")
    elif isinstance(found, Refused):
        _outcome(case, "error", "not judged", found.reason or "it has an error", [place])
    elif found.contradiction or not found.as_expected:
        tag = "error" if found.contradiction else "failure"
        _outcome(case, tag, kind(found), sentence(found), [place, *further(found)])
    return case


def _input(message: str) -> ElementTree.Element:
    first, *rest = message.split("\n")
    case = ElementTree.Element("testcase", classname="input", name=_xml(first), time="0.000")
    _outcome(case, "error", "input", first, rest)
    return case


def _outcome(case: ElementTree.Element, tag: str, sort: str, message: str, lines: Iterable[str]) -> None:
    inner = ElementTree.SubElement(case, tag, type=sort, message=_xml(message))
    inner.text = _xml("\n".join(lines))


def _xml(text: str) -> str:
    return NOT_XML.sub("\ufffd", text)
