"""The report: what an author wrote appears, what was found stands under it, and nothing passes the margin."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations.batch.run import WORDS, Results, judge_claim
from derivations.judgement.verdict import Witness
from derivations.language.document import Document
from derivations.show.report import write
from derivations.show.report.breaking import LINE, equation, fold, outermost, width
from derivations.show.report.document import latex_document, verdict_mark
from derivations.show.report.prose import lift, prose_to_latex, text
from derivations.show.report.statements import value_to_latex, witness_text
from derivations.show.report.table import COLUMNS, markdown_table, rows
from derivations.show.report.typeset import complaints, first_error
from derivations.show.report.web import converter, web_page

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
    return latex_document(*judged, "Title")


# -- prose ------------------------------------------------------------------------------------------------------------


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"])))
def test_text_is_never_a_command(plain: str) -> None:
    """Escaped text holds no active character: what remains after the known macros has none of LaTeX's specials."""
    bare = re.sub(r"\\text\w+\{\}|\\[{}$&#%_]", "", text(plain))
    assert not set(bare) & set("\\{}$&#%_^~")


PIECES = ["$a_1 * b_2$", "`$x`", "word", "*it*", "$$y^2$$", "5 $ and 6 $", r"\$3"]


@given(st.lists(st.sampled_from(PIECES), max_size=6))
def test_mathematics_is_lifted_and_restored(parts: list[str]) -> None:
    """Formulas come back exactly; a dollar in code or before a blank is no formula."""
    source = " ".join(parts)
    lifted, formulas = lift(source)
    for number, formula in enumerate(formulas):
        lifted = lifted.replace(f"\ue000{number}\ue001", formula)
    assert lifted == source
    assert [part for part in parts if part in ("$a_1 * b_2$", "$$y^2$$")] == formulas


def test_markdown_becomes_latex() -> None:
    """Each construct of Markdown has its LaTeX, and mathematics passes through untouched."""
    found = prose_to_latex(NOTES.split("```given")[0])
    for expected in (
        r"\section{", r"100 \% of a\_1", "$w_{1} * a_{2}$", r"\emph{emphasis}", r"\textbf{strength}",
        r"\begin{itemize}", r"\begin{quote}", r"\textless{}tags\textgreater{}",
        r"\ensuremath{\nabla}", "卷积", "$\\beta$", r"\{",
    ):  # fmt: skip
        assert expected in found, expected


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
        r"\begin{claim}{proved}{grad-w}{proved for all sizes}", "adjoint of the convolution in its kernel",
        "Each of the readings", "Smallest counterexample", r"\begin{claim}{open}{taste}", r"\xeCJK"[2:],
        r"\begin{claim}{open}{index}{misprint}", r"\emph{Misprint:} one z too many.",
        r"Let $H$, $W$, $m$, $n$ be integers $\ge 1$ with $m \le H$", r"\mathbb{R}^{H \times W}",
    ):  # fmt: skip
        assert expected in latex, expected


def test_what_was_not_judged_is_not_called_anything(judged: tuple[list[Document], Results]) -> None:
    """After an interrupt, a claim without a verdict is shown as not judged, and the report says so in front."""
    documents, results = judged
    partial = Results(results.verdicts[:1], results.remarks, interrupted=True)
    found = latex_document(documents, partial, "Title")
    assert r"{long}{not judged}" in found
    assert "interrupted" in found


def test_a_refused_claim_is_shown_with_its_error() -> None:
    """What is not judged stands in the report as it is written, below its error or the reason."""
    text = "```given\ndims n\ntensor x[n]\n```\n```claim bad\nx == q\n```\n```given continue\nassume q > 0\n```\n"
    document = Document.parse_in_part(text + "```claim beside\nx == x\n```\n", "notes.md")
    results = Results(errors=list(document.errors), refused=document.refused)
    found = latex_document([document], results, "Title")
    assert found.count("{not judged}") == 3
    assert "q is not declared" in found
    assert "its context has an error in line 9" in found


def test_an_unexpected_verdict_is_marked(judged: tuple[list[Document], Results]) -> None:
    """A verdict that is not as expected is red, whatever it is."""
    wrong = replace(judged[1].verdicts[0], as_expected=False)
    assert verdict_mark([wrong]) == ("refuted", "proved for all sizes (not as expected)")


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
    assert f"wrote {tmp_path / 'gradproof-report.pdf'}" in messages
    assert not [message for message in messages if "missing" in message or "margin" in message]
    assert {path.suffix for path in tmp_path.iterdir()} <= {".tex", ".pdf", ".md", ".html"}


def test_the_web_page_has_formulas(judged: tuple[list[Document], Results]) -> None:
    """Every formula becomes MathML; none is left as LaTeX."""
    convert = converter()
    if convert is None:
        pytest.skip("Pandoc is not installed")
    page = web_page(*judged, "Title", convert)
    assert page.count("<math") > 20
    assert "<em>Undecided</em> is no success" in page
    assert "$$" not in page
    assert '<div id="grad-w" class="claim proved">' in page
    assert "<script" not in page


def test_the_log_is_read() -> None:
    """Missing glyphs, lines past the margin and the first error are found in a TeX log."""
    log = (
        "Missing character: There is no ∇ in font X!\nOverfull \\hbox (0.4pt too wide) in paragraph\n"
        "Overfull \\hbox (31.0pt too wide) in paragraph at lines 3--4\n! Undefined control sequence.\nl.7 \\foo\n"
    )
    missing, wide = complaints(log)
    assert "∇" in missing
    assert "31 pt" in wide
    assert wide.startswith("1 line passes")
    assert first_error(log) == r"Undefined control sequence. l.7 \foo"


def test_a_function_of_a_witness_is_set_as_a_polynomial() -> None:
    """f(t) = t**2 reads as a formula, in LaTeX and for the converter of the page's mathematics."""
    witness = Witness(sizes={"n": 1}, index=(0,), data={"f(t)": "3 - 7*t**2", "x": [2]}, left="0", right="1")
    assert r"$f(t) = 3 - 7\,t^{2}$, $x = (2)$" in witness_text(witness)
