"""The report's places and pictures: no two places have one name, and what is drawn is what matters."""

from __future__ import annotations

import re
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest

from derivations.judgement.judge import judge
from derivations.judgement.results import Results
from derivations.language.document import Document
from derivations.show.report.document import report_tree, words_of
from derivations.show.report.page import latex_of
from derivations.show.report.pictures import pictures_of
from derivations.show.report.statements import witness_text
from derivations.show.report.typst import write_typst
from derivations.show.report.web import web_page


def test_texts_of_a_document_share_its_equations_and_no_notes() -> None:
    """A remark refers to an equation that stands below it; its notes, its equations and the document's are numbered in
    the order in which they stand, and no two places of a page have one name."""
    text = (
        "# One\n\n```remark open\nSo.[^1] See \\eqref{eq:a} and \\eqref{eq:b}.\n\n$$ x = y \\label{eq:b} $$\n\n"
        "[^1]: In the remark.\n```\n\nProse.[^1] $$ u = v \\label{eq:a} $$\n\n[^1]: In the prose.\n"
    )
    documents = [Document.parse(text, "a.md"), Document.parse(text, "b.md")]
    report = report_tree(documents, Results(remarks=[r for d in documents for r in d.remarks]))
    assert report.problems == []
    page, problems = web_page(report)
    assert problems == []
    places = re.findall(r'\bid="([^"]+)"', page)
    assert [place for place, count in Counter(places).items() if count > 1] == []
    linked = re.findall(r'href="#([^"]+)"', page)
    assert set(linked) <= set(places)
    first = page.index('id="equation-1-1"')
    assert first < page.index('id="equation-1-2"')
    tex = latex_of(report)[0]
    assert tex.count(r"\footnote{In the remark.}") == tex.count(r"\footnote{In the prose.}") == 2


def test_shapes_that_differ_are_drawn_and_a_side_that_does_not_exist_says_why() -> None:
    """Of a counterexample by shapes both sides are drawn as empty squares, and no data stand beside it."""
    given = (
        "```given\ndims H, W, m, n where m <= H, n <= W\ntensor a[H, W], w[m, n]\nz = conv(a, w, valid)\nloss J(z)\n"
        "delta = grad(J, z)\n```\n\n```claim c\ngrad(J, a) == conv(delta, w, {mode})\n```\n"
    )
    for mode, words in (("valid", "right: does not exist"), ("same", "right: 1 × 1")):
        document = Document.parse(given.replace("{mode}", mode), "s.md")
        (claim,) = document.claims
        (verdict,) = judge(claim)
        assert verdict.witness is not None
        drawing, said = next(iter(pictures_of(claim, verdict)))
        assert [each.text for each in drawing.words] == ["left: 1 × 2", words]
        assert len(drawing.cells) == (2 if mode == "valid" else 3)
        assert "H = 1, W = 2, m = 1, n = 2" in said
        assert ("data with 1 rows" in witness_text(verdict.witness)) == (mode == "valid")


@pytest.mark.skipif(find_spec("typst") is None or find_spec("pypandoc") is None, reason="no Typst or no Pandoc")
def test_typst_draws_boxes_and_tells_bars_from_double_bars(tmp_path: Path) -> None:
    """What Pandoc has no Typst for is set nevertheless: boxes with commas and in fractions, bars around matrices."""
    text = r"$$ \det \begin{vmatrix} a & b \\ c & d \end{vmatrix} = \boxed{a, \frac{\boxed{1}}{2}} "
    text += r"\begin{Vmatrix} x \end{Vmatrix} $$"
    report = report_tree([Document.parse(f"# One\n\n{text}\n", "a.md")], Results())
    assert [each.text for each in write_typst(tmp_path, "a", report) if each.is_problem] == []
    written = (tmp_path / "a.typ").read_text()
    assert written.count("#boxed[") == 2
    assert "lr(bar.v " in written
    assert "lr(bar.v.double " in written


def test_a_document_without_a_heading_has_its_name() -> None:
    """Its words do not stand under the heading of the chapter before."""
    for text, title in (("Words.\n", "a.md"), ("# One\n\nWords.\n", "")):
        report = report_tree([Document.parse(text, "a.md")], Results())
        (chapter,) = (each for each in report.chapters if each.id == "document-1")
        assert words_of(chapter.title) == title
