"""The report: what an author wrote appears, what was found stands under it, and nothing passes the margin."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations.batch.run import judge_claim
from derivations.judgement.results import WORDS, Results
from derivations.judgement.verdict import Short, Step, Witness
from derivations.language.document import Document
from derivations.show.report import nodes as n
from derivations.show.report.breaking import LINE, equation, fold, outermost, width
from derivations.show.report.document import Report, front_matter, report_tree, verdict_mark
from derivations.show.report.escaping import text
from derivations.show.report.graph import collected, dependency_graphs
from derivations.show.report.markup import Source, parse, plain
from derivations.show.report.mathml import Missing
from derivations.show.report.page import CLASS, MACROS, formula_of_line, latex_of, snippets_of
from derivations.show.report.pictures import footprints
from derivations.show.report.statements import derivation_parts, value_to_latex, witness_text
from derivations.show.report.table import COLUMNS, markdown_table, rows
from derivations.show.report.typeset import complaints, error_lines, first_error, typeset
from derivations.show.report.typst import write_typst
from derivations.show.report.web import web_page
from derivations.show.report.write import write

NOTES = r"""# Notes & more: 100 % of a_1

A kernel $w_{1} * a_{2}$ and 50 % of *emphasis*, **strength**, `code_with(a, b)`, <tags> and \*stars\*; 卷积 ∇ ≤ δ.

- an item with $x_1 < y_2$
- another

> a quotation

| a | b |
|---|---|
| 1 | $\beta$ |

```python
x = {"a": 1}  # not ours
```

```given
dims H, W, m, n where m <= H, n <= W
tensor a[H, W], w[m, n]
function f
choose star in conv, corr
z = star(a, w, valid)
loss J(z)
delta = grad(J, z)
```

```claim grad-w
grad(J, w) == conv(rot180(a), delta, valid)
reading star = conv
```

```claim both
shape(z) == (H - m + 1, W - n + 1)
```

```claim chain
d(J, w) == tr(delta.T @ d(z, w)) == tr(delta.T @ z)
reading star = corr
expect link 2 refuted
```

```claim long
f(z) * f(z) * f(z) + f(z) * f(z) * f(z) * delta + f(z) * f(z) * f(z) * f(z) + delta * delta * f(z) * f(z) * f(z) == z
reading star = conv
expect false
```

```claim misprinted
z == z + z
reading star = conv
expect false
misprint one z too many
```

```misprint index
Line 3 says $i$ where $j$ is meant.
```

```remark taste
The size of the figure is a matter of taste, $\frac{1}{2}$ a page.
```
"""


@pytest.fixture(scope="module")
def judged() -> tuple[list[Document], Results]:
    document = Document.parse(NOTES, "notes.md")
    results = Results(remarks=document.remarks)
    for claim in document.claims:
        results.verdicts.extend(judge_claim(claim, steps=True))
    return [document], results


@pytest.fixture(scope="module")
def latex(judged: tuple[list[Document], Results]) -> str:
    return latex_of(report_tree(*judged))[0]


# -- prose ------------------------------------------------------------------------------------------------------------


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"])))
def test_text_is_never_a_command(plain: str) -> None:
    """Escaped text holds no active character: what remains after the known macros has none of LaTeX's specials."""
    bare = re.sub(r"\\text\w+\{\}|\\[{}$&#%_]|-\{\}|\\allowbreak\{\}", "", text(plain))
    assert not set(bare) & set("\\{}$&#%_^~")


PIECES = ["$a_1 * b_2$", "`$x`", "word", "*it*", "$$y^2$$", "5 $ and 6 $", r"\$3", r"\(z\)"]


def formulas_of(blocks: n.Blocks) -> list[str]:
    """What was written of the formulas of paragraphs."""
    found = [node for block in blocks if isinstance(block, n.Paragraph) for node in block.inside]
    return [node.source for node in found if isinstance(node, n.Mathematics)]


@given(st.lists(st.sampled_from(PIECES), max_size=6))
def test_mathematics_is_lifted(parts: list[str]) -> None:
    """Formulas are found, each once and in order; a dollar in code or before a blank is no formula."""
    source = Source()
    wanted = [part for part in parts if part in ("$a_1 * b_2$", "$$y^2$$", r"\(z\)")]
    assert formulas_of(parse(" ".join(parts), source)) == wanted
    assert not source.problems


def test_markdown_becomes_latex(latex: str) -> None:
    """Each construct of Markdown has its LaTeX, and mathematics is what it was."""
    for expected in (
        r"\subsection[", r"100 \% of a\_1", r"\emph{emphasis}", r"\textbf{strength}", "$w_{1} * a_{2}$",
        r"\begin{itemize}", r"\begin{quote}", r"\textless{}tags\textgreater{}",
        r"\ensuremath{\nabla}", "卷积", r"$\beta$", r"\{",
    ):  # fmt: skip
        assert expected in latex, expected


def test_footnotes_reach_over_the_document() -> None:
    """A note's text may stand behind our blocks; labels, too."""
    prose = "A note.[^1]\n\n$$x = y \\label{a}$$\n\n"
    document = Document.parse(prose + GIVEN + "By \\eqref{a}.\n\n[^1]: the note.\n", "n.md")
    report = report_tree([document], Results())
    assert not report.problems
    latex, _, _ = latex_of(report)
    assert r"\footnote{the note.}" in latex
    assert r"\hyperlink{equation-1-1}{(1)}" in latex


GIVEN = "```given\ndims n\ntensor x[n]\n```\n\n"


@pytest.mark.parametrize(
    ("above", "title", "authors"),
    [
        ("title: Lecture\nauthor: N. N.", "Lecture", ("N. N.",)),
        ("title: '<b>'\nauthor:\n- A\n- name: B\n  mail: c", "<b>", ("A", "B")),
        ("title: [1, 2]", "", ()),
    ],
)
def test_front_matter(above: str, title: str, authors: tuple[str, ...]) -> None:
    """Title and authors are plain words, whatever they hold; lines keep their numbers."""
    front, rest = front_matter(f"---\n{above}\n---\ntext\n", [], "n.md")
    assert (front.title, front.authors) == (title, authors)
    assert rest == "\n" * (above.count("\n") + 3) + "text\n"


def test_front_matter_that_is_not_understood_is_text() -> None:
    """It is reported, and nothing of it is lost."""
    problems: list[str] = []
    _, rest = front_matter("---\ntitle: [\n---\ntext", problems, "n.md")
    assert "title: [" in rest
    assert len(problems) == 1


# -- breaking ---------------------------------------------------------------------------------------------------------

terms = st.recursive(
    st.sampled_from(["a", r"\delta", "w_{i,j}", r"\operatorname{rot180}(a)", r"\frac{a}{b}"]),
    lambda inner: st.builds(lambda a, b: rf"\left({a} + {b}\right)", inner, inner),
    max_leaves=4,
)
formulas = st.lists(terms, min_size=1, max_size=12).map(" + ".join)


@given(formulas)
def test_folding_loses_nothing(formula: str) -> None:
    """A folded formula is the formula; no line begins inside a parenthesis."""
    assert "".join(outermost(formula)) == formula
    assert " ".join(fold(formula)).split() == formula.split()
    for part in fold(formula):
        assert part.count("(") == part.count(")")
        assert part.count(r"\left") == part.count(r"\right")


@given(formulas)
def test_folded_lines_have_room(formula: str) -> None:
    """A line is wider than the page only if it is a single term."""
    for part in fold(formula):
        assert width(part) <= LINE or len(outermost(part)) == 1


def test_an_equation_is_aligned_at_the_relation() -> None:
    """Short chains stand in one column; a long left side gets a line of its own."""
    assert equation("a", ["b", "c"]) == "a &= b \\\\\n&= c"
    long = " + ".join(["x"] * 60)
    assert equation(long, ["c"]).count(r"\\") >= 2


# -- statements -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, "3"),
        ("-3/4", r"\tfrac{-3}{4}"),
        ([1, 2], "(1, 2)"),
        ([[1, 0], [0, "1/2"]], r"\begin{pmatrix} 1 & 0 \\ 0 & \tfrac{1}{2} \end{pmatrix}"),
        ([[[1]], [[2]]], r"\left(\begin{pmatrix} 1 \end{pmatrix}, \begin{pmatrix} 2 \end{pmatrix}\right)"),
    ],
)
def test_data_as_matrices(value: object, expected: str) -> None:
    """Numbers, vectors, matrices and lists of matrices are set as such."""
    assert value_to_latex(value) == expected


def test_the_document_says_what_was_found(latex: str) -> None:
    """Verdicts, the counterexample's values, the steps with their rules, remarks and both readings are on the page."""
    for expected in (
        r"\begin{claim}{proved}{grad-{}w}{\textcolor{proved}{\ensuremath{\checkmark}~proved for all sizes}}",
        "adjoint of the convolution in its kernel", r"\hyperlink{lemma-",
        "Each of the readings", "Smallest counterexample", r"\begin{claim}{open}{taste}", r"\xeCJK"[2:],
        r"\begin{claim}{open}{index}", r"\emph{Misprint:} one z too many.",
        r"Let $H$, $W$, $m$, $n$ be integers $\ge 1$ with $m \le H$", r"\mathbb{R}^{H \times W}",
    ):  # fmt: skip
        assert expected in latex, expected


def test_what_was_not_judged_is_not_called_anything(judged: tuple[list[Document], Results]) -> None:
    """After an interrupt, a claim without a verdict is shown as not judged, and the report says so in front."""
    documents, results = judged
    partial = Results(results.verdicts[:1], results.remarks, interrupted=True)
    found = latex_of(report_tree(documents, partial))[0]
    assert found.count("not judged") >= 2
    assert "interrupted" in found


def test_a_refused_claim_is_shown_with_its_error() -> None:
    """What is not judged stands in the report as it is written, below its error or the reason."""
    text = "```given\ndims n\ntensor x[n]\n```\n```claim bad\nx == q\n```\n```given continue\nassume q > 0\n```\n"
    document = Document.parse_in_part(text + "```claim beside\nx == x\n```\n", "notes.md")
    results = Results(errors=list(document.errors), refused=document.refused)
    found = latex_of(report_tree([document], results))[0]
    assert found.count(r"\end{claim}") == 3
    assert found.count("~not judged}") >= 3
    assert "q is not declared" in found
    assert "its context has an error in line 9" in found


def test_an_unexpected_verdict_is_marked(judged: tuple[list[Document], Results]) -> None:
    """A verdict that is not as expected says so, whatever it is."""
    wrong = replace(judged[1].verdicts[0], as_expected=False)
    assert verdict_mark([wrong]) == ("proved", "proved for all sizes (not as expected)")


def test_misprints_are_counted_apart(judged: tuple[list[Document], Results]) -> None:
    """A claim that is marked as a misprint has its verdict besides; a block of its own is no remark."""
    [row] = rows(judged[1])
    counts = dict(zip(COLUMNS[1:], row.counts, strict=True))
    assert (counts["misprints"], counts["remarks"], counts["claims"]) == (2, 1, 5)
    assert sum(counts[word] for word in WORDS) == counts["verdicts"]


def test_the_table_adds_up(judged: tuple[list[Document], Results]) -> None:
    """Each row's verdicts sum to its total, and the last row is the sum of the others."""
    _, results = judged
    doubled = Results([*results.verdicts, *(replace(v, document="b.md") for v in results.verdicts)], results.remarks)
    first, second, together = rows(doubled)
    for row in (first, second, together):
        assert sum(row.counts[3:8]) == row.counts[2]
        assert row.counts[0] <= row.counts[1] + row.counts[8] + row.counts[9]
    assert together.counts == tuple(map(sum, zip(first.counts, second.counts, strict=True)))
    assert markdown_table(doubled).count("\n") == 5


# -- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("xelatex") is None, reason="xelatex is not installed")
def test_the_page_is_whole(judged: tuple[list[Document], Results], tmp_path: Path) -> None:
    """The LaTeX compiles; no character is missing and no line passes the margin; nothing is left beside the files."""
    messages = list(write(tmp_path, *judged))
    texts = [message.text for message in messages]
    assert f"wrote {tmp_path / 'gradproof-report.pdf'}" in texts
    assert not [message.text for message in messages if message.failed]
    assert {path.suffix for path in tmp_path.iterdir()} <= {".tex", ".pdf", ".md", ".html"}


def page_of(report: Report) -> str:
    try:
        page, problems = web_page(report)
    except Missing:
        pytest.skip("Pandoc is not installed")
    assert not problems
    return page


def test_the_web_page_has_formulas(judged: tuple[list[Document], Results]) -> None:
    """Every formula becomes MathML; none is left as LaTeX, and nothing of it is a script."""
    page = page_of(report_tree(*judged))
    assert page.count("<math") > 20
    assert "<em>Undecided</em> is no success" in page
    assert "$$" not in page
    assert "<annotation" not in page
    assert '<article id="grad-w" class="claim is-proved">' in page
    assert "<script" not in page
    assert "Content-Security-Policy" in page


def test_links_resolve(judged: tuple[list[Document], Results], latex: str) -> None:
    """Every link inside of the report leads to a place that is there, in both formats; no place is there twice."""
    page = page_of(report_tree(*judged))
    places = re.findall(r' id="([^"]*)"', page)
    assert len(places) == len(set(places))
    assert set(re.findall(r'href="#([^"]*)"', page)) <= set(places)
    targets = set(re.findall(r"\\hypertarget\{([^}]*)\}", latex))
    assert set(re.findall(r"\\hyperlink\{([^}]*)\}", latex)) <= targets


def test_a_long_derivation_stands_in_short(judged: tuple[list[Document], Results]) -> None:
    """The reader's version stands in the text with what its names mean; the complete one is folded below it."""
    [verdict] = [v for v in judged[1].verdicts if v.id == "grad-w"]
    step = verdict.steps[0]
    long = [replace(step, text=f"a{k} == a{k + 1}", latex=f"a_{k} = a_{k + 1}") for k in range(20)]
    short = Short((replace(step, latex="a_0 = s"),), (Step("s = a20", "s = a_20", "where", True),))
    shown = list(derivation_parts(replace(verdict, steps=tuple(long), short=short), {}))
    assert [len(part.rows) for part in shown if isinstance(part, n.Equations)] == [1, 1]
    assert "where" in shown
    [folded] = [part for part in shown if isinstance(part, n.Fold)]
    assert folded.head == "The complete derivation, 20 steps"
    assert [len(part.rows) for part in folded.inside if isinstance(part, n.Equations)] == [20, 1]


@pytest.mark.skipif(shutil.which("xelatex") is None, reason="xelatex is not installed")
def test_claims_go_into_a_paper(judged: tuple[list[Document], Results], tmp_path: Path) -> None:
    """Each claim is a file of its own that a paper reads, below what its preamble reads."""
    found = snippets_of(report_tree(*judged))
    assert {"grad-w.tex", "misprinted.tex", "gradproof-preamble.tex"} <= set(found)
    paper = rf"\documentclass{{article}}{found['gradproof-preamble.tex']}\begin{{document}}" + found["grad-w.tex"]
    made = typeset(paper + r"\end{document}", tmp_path / "paper.pdf", {})
    assert made.written
    assert not made.error_lines


def test_what_cannot_be_written_is_said(judged: tuple[list[Document], Results], tmp_path: Path) -> None:
    """Where nothing can be written, the error names the place."""
    (tmp_path / "report").write_text("a file where the directory should be", encoding="utf-8")
    with pytest.raises(OSError, match="report"):
        list(write(tmp_path / "report", *judged))


def test_a_footprint_is_of_what_reads_it() -> None:
    """Of the definition by a convolution, not of its gradient, which reads otherwise."""
    text = "```given\ndims n, m where m <= n\ntensor x[n], k[m]\nz = corr(x, k) + 1\nloss J(z)\ndelta = grad(J, z)\n```"
    [(_, _context)] = Document.parse(text).contexts[0]
    said = [words for _, words in footprints(_context)]
    assert len(said) == 1
    assert said[0].startswith("Which entries z[")


def test_the_log_is_read() -> None:
    """Missing glyphs, what passes the margin or the foot, and errors are found in a TeX log, with their claims."""
    log = (
        "gradproof place: a.5f.b\nMissing character: There is no ∇ in font X!\n"
        "Overfull \\hbox (0.4pt too wide) in paragraph\nOverfull \\hbox (31.0pt too wide) in paragraph at lines 3--4\n"
        "gradproof place: c\nOverfull \\vbox (800.0pt too high) detected at line 3\n"
        "! Undefined control sequence.\nl.7 \\foo\n"
    )
    missing, wide, tall = complaints(log)
    assert missing.startswith("a_b: no font has ∇ (U+2207, NABLA), so it is missing on the page")
    assert wide == "a_b: a line passes the margin by 31 pt"
    assert tall == "c: something passes the foot of the page by 800 pt"
    assert first_error(log) == r"Undefined control sequence. l.7 \foo"
    assert error_lines(log) == [7]


def test_the_formula_of_an_error_is_found() -> None:
    """A stranger's formula begins a line of the LaTeX document, after a mark with its number."""
    report = report_tree([Document.parse("one $x$ and $y$\n\n" + GIVEN, "n.md")], Results())
    tex, _, page = latex_of(report)
    [line] = [number for number, text in enumerate(tex.split("\n"), 1) if text.startswith("$y$")]
    found = formula_of_line(tex, line)
    assert found is not None
    assert page.formulas[found].source == "$y$"
    assert "$y$" not in latex_of(report, frozenset([found]))[0]


def test_a_function_of_a_witness_is_set_as_a_polynomial() -> None:
    """f(t) = t**2 reads as a formula, in LaTeX and for the converter of the page's mathematics."""
    witness = Witness(sizes={"n": 1}, index=(0,), data={"f(t)": "3 - 7*t**2", "x": [2]}, left="0", right="1")
    assert r"$f(t) = 3 - 7\,t^{2}$, $x = (2)$" in witness_text(witness)


def test_what_is_wrong_says_the_same_once(judged: tuple[list[Document], Results]) -> None:
    """Readings of which the same is said are one entry; the true formula in it is set, its difference marked."""
    text = GIVEN.replace("tensor x[n]", "tensor x[n], y[n]\nchoose star in conv, corr\nz = star(x, y, full)") + (
        "```claim sized\nshape(z) == (2 * n,)\n```\n```claim open\nstar(x, y, full) == conv(x, y, full)\n```\n"
    )
    document = Document.parse(text, "n.md")
    results = Results()
    for claim in document.claims:
        results.verdicts.extend(judge_claim(claim, repair=True))
    [chapter] = [each for each in report_tree([document], results).chapters if each.id == "what-is-wrong"]
    [items] = [block for block in chapter.blocks if isinstance(block, n.Items)]
    said = [plain_of(item) for item in items.items]
    assert len(said) == 2
    assert "(star = conv or star = corr)" in said[0]
    assert "(star = corr)" in said[1]
    assert r"\underline{" in said[0] + said[1]


def plain_of(blocks: n.Blocks) -> str:
    """The words and formulas of an entry."""
    rows = [f"{row.left} = {row.right}" for block in blocks if isinstance(block, n.Equations) for row in block.rows]
    return " ".join([*(plain(block.inside) for block in blocks if isinstance(block, n.Paragraph)), *rows])


def test_each_document_has_its_graph(judged: tuple[list[Document], Results]) -> None:
    """What rests on what is drawn for each document by itself; every box of it leads to its place, no box upon
    another."""
    documents, results = judged
    other = Document.parse(NOTES.replace("# Notes & more", "# Others"), "others.md")
    twice = Results([*results.verdicts, *(replace(v, document="others.md") for v in results.verdicts)])
    report = report_tree([*documents, other], twice)
    graphs = dependency_graphs(report)
    assert list(graphs) == ["document-1", "document-2"]
    page = page_of(report)
    for graph in graphs.values():
        boxes = re.findall(r'<rect [^>]*x="([^"]*)" y="([^"]*)"', graph)
        assert len(boxes) == len(set(boxes)) > 5
        assert all(f'id="{place}"' in page for place in re.findall(r'href="#([^"]*)"', graph))
    titles = [plain(chapter.title) for chapter in report.chapters]
    assert "Notes & more: 100 % of a_1" in titles
    assert "Others: 100 % of a_1" in titles


@pytest.mark.skipif(not (shutil.which("xelatex") and shutil.which("pdftotext")), reason="no xelatex, or no pdftotext")
def test_a_claim_moves_to_the_next_page_alone(tmp_path: Path) -> None:
    """What stands before a claim that has no room on its page stays where it is."""
    tall = [r"\rule{1pt}{0.92\textheight}\par", r"before\par", r"\roomfor{6\baselineskip}", *[r"claim\par"] * 9]
    made = typeset(CLASS + MACROS + "\\begin{document}" + "\n".join(tall) + "\n\\end{document}", tmp_path / "a.pdf", {})
    assert not made.problems
    text = subprocess.run(["pdftotext", tmp_path / "a.pdf", "-"], capture_output=True, text=True, check=True).stdout
    first, second = (page.split() for page in text.split("\f") if page.strip())
    assert "before" in first
    assert "claim" not in first
    assert second[:9] == ["claim"] * 9


def test_definitions_lead_to_what_uses_them() -> None:
    """In the graph: to definitions that mention them, through a context that continues another, and to claims; a claim
    that mentions none rests on its context. What no formula mentions is not there."""
    text = (
        "```given\ndims n\ntensor x[n]\na = x + x\nb = a * x\nunused = x\nloss J(b)\ndelta = grad(J, b)\n```\n"
        "```claim one\nb == a * x\n```\n```claim bare\nx + x == 2 * x\n```\n"
        "```given continue\nc = b + a\n```\n```claim two\nc == b + a\n```\n"
    )
    document = Document.parse(text, "n.md")
    results = Results()
    for claim in document.claims:
        results.verdicts.extend(judge_claim(claim))
    [chapter] = [each for each in report_tree([document], results).chapters if each.id == "document-1"]
    nodes, edges = collected(chapter, {})
    first, second = (block.id for block in chapter.blocks if isinstance(block, n.Box) and block.kind == "given")
    assert set(edges) == {
        (f"{first} a", f"{first} b"), (f"{first} b", f"{first} J"), (f"{first} J", f"{first} delta"),
        (f"{first} b", f"{first} delta"), (f"{first} b", f"{second} c"), (f"{first} a", f"{second} c"),
        (f"{first} b", "one"), (f"{first} a", "one"), (first, "bare"),
        (f"{second} c", "two"), (f"{first} b", "two"), (f"{first} a", "two"),
    }  # fmt: skip
    assert {node.words for node in nodes.values() if node.kind == "definition"} == {"a", "b", "J", "delta", "c"}
    assert all(node.place in (first, second) for node in nodes.values() if node.kind == "definition")


def test_typst_makes_the_same_report(tmp_path: Path) -> None:
    """Every formula is one that Typst takes; what is a command to it in an author's words is text; title, claims
    and the verdicts are in the PDF, and links within lead somewhere, or it would not be made."""
    pytest.importorskip("typst", reason="Typst is not installed")
    pytest.importorskip("pypandoc", reason="Pandoc is not installed")
    words = 'A #read("/etc/passwd") and `#eval("1")` $a \\otimes b \\circledast f\'(x)$ @x <y> "z".\n\n'
    words += "$$\\begin{aligned} a &= b \\\\ &= c \\end{aligned}$$\n\n"
    document = Document.parse(f"---\ntitle: 'Of #panic()'\n---\n# {words}{words}{NOTES}", "notes.md")
    results = Results(remarks=document.remarks)
    for claim in document.claims[:4]:
        results.verdicts.extend(judge_claim(claim, steps=True, repair=True))
    messages = list(write_typst(tmp_path, "report", report_tree([document], results)))
    assert [message.text for message in messages if message.is_problem] == []
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    if shutil.which("pdftotext"):
        command = ["pdftotext", tmp_path / "report.pdf", "-"]
        text = " ".join(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
        for expected in ("Of #panic()", '#read("/etc/passwd")', '#eval("1")', "grad-w", "proved for all sizes", "卷积"):
            assert expected in text, expected


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_nothing_passes_the_margin_of_typst(tmp_path: Path) -> None:
    """Long words, code, formulas in a line and alone, tables; the number of an equation stands beside it, and what
    refers to it is a link."""
    pytest.importorskip("typst", reason="Typst is not installed")
    pytest.importorskip("pypandoc", reason="Pandoc is not installed")
    long = " + ".join(f"x_{{{k}}}" for k in range(80))
    table = "\n".join(["|" + "a b c|" * 30, "|" + "-|" * 30, "|" + "some_words_of_a_table|" * 30])
    words = f"{'a' * 300} `{'b' * 300}` https://example.org/{'c/' * 100} {'an_identifier' * 20} $f({long})$\n\n"
    words += f"$${long} \\label{{eq:one}}$$\n\nBy \\eqref{{eq:one}}.\n\n{table}\n\n# {'Heading' * 30}\n\n"
    report = report_tree([Document.parse(words + GIVEN, "n.md")], Results())
    assert not [message.text for message in write_typst(tmp_path, "n", report) if message.is_problem]
    command = ["pdftotext", "-bbox", tmp_path / "n.pdf", "-"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    page, margin = 595.3, 76.5
    places = [(float(a), float(b)) for a, b in re.findall(r'<word xMin="([^"]*)" .*?xMax="([^"]*)"', found)]
    assert len(places) > 300
    assert [each for each in places if each[0] < margin - 2 or each[1] > page - margin + 2] == []
    assert found.count(">(1)<") == 1
    assert b"equation-1-1" in (tmp_path / "n.typ").read_bytes()


def test_typst_says_which_formula_it_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A formula that Pandoc translates to what Typst does not know stands as it was written, and is named."""
    pytest.importorskip("typst", reason="Typst is not installed")
    monkeypatch.setattr("derivations.show.report.typst.typst_of", lambda formulas: {
        tex: "nosuchname" if "alpha" in tex else "x" for tex in formulas
    })  # fmt: skip
    report = report_tree([Document.parse("One $\\alpha$ and $x$ and $y$.\n\n" + GIVEN, "n.md")], Results())
    said = [message.text for message in write_typst(tmp_path, "report", report)]
    assert said[0] == "Typst refuses $nosuchname$; shown as text"
    assert said[-1] == f"wrote {tmp_path / 'report.pdf'}"


NOWHERE = "\U0001fad8"  # beans, which the fonts of a usual machine do not have


def has_a_font(letter: str) -> bool:
    listed = shutil.which("fc-list")
    return bool(listed) and bool(subprocess.run([listed, f":charset={ord(letter):x}"], capture_output=True).stdout)


@pytest.mark.skipif(has_a_font(NOWHERE), reason="a font of this machine has it")
@pytest.mark.parametrize(
    "engine",
    [
        pytest.param("xelatex", marks=pytest.mark.skipif(not shutil.which("xelatex"), reason="no xelatex")),
        pytest.param("typst", marks=pytest.mark.skipif(not find_spec("typst"), reason="no typst")),
    ],
)
def test_a_character_that_no_font_has_is_said(engine: str, tmp_path: Path) -> None:
    """Either engine names it with the claim before it, and the run fails; what some font has is set, headings
    included, and what has no glyph of its own is no loss."""
    words = "Before, a sign \u26a0\ufe0f.\n\n## A heading \u26a0\n\n```given\ndims n\ntensor x[n]\n```\n"
    notes = f"{words}```claim twice\n2*x == x + x\n```\nAfterwards {NOWHERE}.\n"
    document = Document.parse(notes, "notes.md")
    verdicts = [verdict for claim in document.claims for verdict in judge_claim(claim)]
    said = list(write(tmp_path, [document], Results(verdicts, []), engine=engine))
    problems = [message for message in said if message.is_problem]
    assert [message.text.partition(": ")[2] for message in problems] == [
        f"twice: no font has {NOWHERE} (U+1FAD8, BEANS), so it is missing on the page; leave it out, or install"
        " fonts-symbola"
    ]
    assert problems[0].failed
