"""LaTeX: a table of cases, and what holds for every formula of the shipped documents."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from sympy import Integer

from derivations import given
from derivations.formulas.expressions import Expression
from derivations.formulas.integers import (
    AllOf,
    AnyOf,
    Compare,
    FloorDiv,
    Maximum,
    Minimum,
    Negation,
    Remainder,
    integer_symbol,
)
from derivations.language.document import Document, parse_claim
from derivations.typeset.formulas import name_to_latex, to_latex

CONTEXT = """dims H, W, m, n, s, p >= 0, C, D where m <= H, n <= W
tensor a[H, W], w[m, n], x[C, H, W], z1[H, W], y_hat[H, W], v[n]
scalar b, beta
function f
z = conv(a, w, valid) + b
loss J(z)
delta = grad(J, z)
"""

CASES = {
    "conv(a, w, valid) + b": r"a \ast_{\mathrm{valid}} w + b",
    "conv(a, w, full, stride=s, pad=p)": r"a \ast_{\mathrm{full},\,\mathrm{stride}\,s,\,\mathrm{pad}\,p} w",
    "corr(a, w, same, dilation=(1, 2))": r"a \star_{\mathrm{same},\,\mathrm{dilation}\,1 \times 2} w",
    "convolve(a, w, valid)": r"a \circledast_{\mathrm{valid}} w",
    "conv(conv(a, w, full), w, full)": r"(a \ast_{\mathrm{full}} w) \ast_{\mathrm{full}} w",
    "conv(a, w + w, valid)": r"a \ast_{\mathrm{valid}} (w + w)",
    "rot180(a).T": r"\operatorname{rot180}(a)^{T}",
    "(a + a).T": r"(a + a)^{T}",
    "a.T @ (a * a)": r"a^{T} (a \circ a)",
    "kron(w, a * a)": r"w \otimes (a \circ a)",
    "beta * a * a": r"\beta\, (a \circ a)",
    "a * beta * a": r"a \cdot \beta \circ a",
    "2 * beta": r"2\, \beta",
    "a - (a - a)": r"a - (a - a)",
    "-(a + a)": r"-(a + a)",
    "a * -1": r"a \cdot (-1)",
    "a / n**2": r"\frac{a}{n^{2}}",
    "a / a": r"a \oslash a",
    "a**2": r"a^{\circ 2}",
    "beta**2": r"\beta^{2}",
    "(beta + b)**2": r"(\beta + b)^{2}",
    "grad(J, w)": r"\nabla_{w} J",
    "grad(J, w).T": r"(\nabla_{w} J)^{T}",
    "grad(sum(a), a)": r"\nabla_{a} (\operatorname{sum}(a))",
    "grad(J, w)[0, 1]": r"\frac{\partial J}{\partial w_{0, 1}}",
    "d(w)": r"\mathrm{d} w",
    "d(z, w)": r"\mathrm{d}(z; w)",
    "d(w)[0, 1]": r"\mathrm{d} w_{0, 1}",
    "jacobian(z, w)": r"\frac{\partial \operatorname{vec}(z)}{\partial \operatorname{vec}(w)^{T}}",
    "f'(z)": r"f'(z)",
    "sigmoid(z)": r"\operatorname{sigmoid}(z)",
    "relu(z)": r"\operatorname{ReLU}(z)",
    "sqrt(beta)": r"\sqrt{\beta}",
    "abs(beta)": r"\left|\beta\right|",
    "x[0]": r"x_{0}",
    "x[:, 1]": r"x_{{:}, 1}",
    "a[::s, 1:]": r"a_{{:}{:}s, 1{:}}",
    "z1[0, 0]": r"(z_{1})_{0, 0}",
    "y_hat": r"\hat{y}",
    "sum[i, j](a[i, j])": r"\sum_{i, j} a_{i, j}",
    "sum[i in 0..m-1](v[0] - b)": r"\sum_{i=0}^{m - 1} (v_{0} - b)",
    "sum[i, j in 0..n-1](a[i, j] * b)": r"\sum_{i} \sum_{j=0}^{n - 1} a_{i, j}\, b",
    "sum[i](a[i, i]) * b": r"\left(\sum_{i} a_{i, i}\right)\, b",
    "[m <= n] * a": r"\left[m \le n\right]\, a",
    "[a > 0]": r"\left[a > 0\right]",
    "[[1, 2], [3, 4]]": r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}",
    "[1, 0, 2]": r"[1, 0, 2]",
    "ones(1, m) @ w @ ones(n, 1)": r"\mathbf{1}_{m}^{T} w \mathbf{1}_{n}",
    "ones(H, W)": r"\mathbf{1}_{H \times W}",
    "eye(n)": r"I_{n}",
    "tr(w.T @ w)": r"\operatorname{Tr}(w^{T} w)",
    "up(a, n)": r"\operatorname{up}_{n}(a)",
    "pad(a, (m - 1, m - 1), (n - 1, n - 1))": r"\operatorname{pad}_{(m - 1) \times (n - 1)}(a)",
    "pad(a, (1, 0), (2, 2))": r"\operatorname{pad}_{(1, 0) \times 2}(a)",
    "resize(a, H + 1, W)": r"\operatorname{resize}_{(H + 1) \times W}(a)",
    "mean_pool(a, n, stride=s)": r"\operatorname{meanpool}_{n,\,\mathrm{stride}\,s}(a)",
    "max_unpool(a, a, n)": r"\operatorname{maxunpool}_{n}(a; a)",
    "shape(a)": r"\operatorname{shape}(a)",
    "(H, W + 1)": r"(H, W + 1)",
}


@pytest.mark.parametrize("text", CASES)
def test_a_formula_prints_as_a_textbook_prints_it(text: str) -> None:
    """Each form of the language has its notation, with the parentheses that a reader needs and no others."""
    assert to_latex(given(CONTEXT).parse(text)) == CASES[text]


H, m, s = integer_symbol("H"), integer_symbol("m"), integer_symbol("s")
INTEGERS = (
    (FloorDiv(H - m, s) + 1, r"\left\lfloor \frac{H - m}{s} \right\rfloor + 1"),
    (FloorDiv(H, 2) ** 2, r"\left\lfloor \frac{H}{2} \right\rfloor^{2}"),
    (Remainder(H - m, s) + 1, r"\left(\left(H - m\right) \bmod s\right) + 1"),
    (Minimum(H, m), r"\min\left(H, m\right)"),
    (Maximum(H, m) ** 2, r"\max\left(H, m\right)^{2}"),
    (Integer(1) / m**2, r"\frac{1}{m^{2}}"),
    (Compare("==", Remainder(H, s), 0), r"H \bmod s = 0"),
    (Compare("!=", H, 1), r"H \neq 1"),
    (AnyOf(Compare("==", m, 1), AllOf(Compare("<", H, 2), Compare(">=", s, 1))),
     r"m = 1 \ \lor\ (H < 2 \land s \ge 1)"),
    (Negation(Compare("==", m, 1)), r"\neg (m = 1)"),
    (AllOf(), r"\text{always}"),
    (AnyOf(), r"\text{never}"),
)  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), INTEGERS, ids=[text for _, text in INTEGERS])
def test_sizes_and_conditions_have_a_notation(value: object, expected: str) -> None:
    """Floors, remainders, extrema and conditions print as written, never evaluated."""
    assert to_latex(value) == expected


DOCUMENTS = sorted((Path(__file__).parents[2] / "derivations" / "documents").glob("*.md"))


def test_a_page_counts_as_its_document_does() -> None:
    """Formulas of a document that counts from 1 are set as their author wrote them, not shifted to 0."""
    counted = 0
    for claim in [claim for path in DOCUMENTS for claim in Document.read(path).claims if claim.context.origin]:
        as_written = parse_claim(claim.text, replace(claim.context, origin=0), claim.reading)
        for link, plain in zip(claim.links, as_written.links, strict=True):
            free = {part.index for part in link.free}
            for side in ("left", "right"):
                assert to_latex(getattr(link, side), 1, free) == to_latex(getattr(plain, side))
                counted += 1
    assert counted >= 20


ORIGIN = "origin 1\ndims m, n, s\ntensor a[m, n], v[n]\n"
FROM_ONE = {
    "a[1, 1]": r"a_{1, 1}",
    "sum[i in 1..m](a[i, 1])": r"\sum_{i=1}^{m} a_{i, 1}",
    "sum[i, j](a[i, j] * v[j] * [i <= j])": r"\sum_{i, j} a_{i, j}\, v_{j}\, \left[i \le j\right]",
    "sum[j](v[s*(j - 1) + 1] / j)": r"\sum_{j} \frac{v_{s (j - 1) + 1}}{j}",
    "a[1:, 2:3]": r"a_{{:}, 2{:}3}",
    "entries[i in 1..n](v[n - i + 1])": r"\left(v_{n - i + 1}\right)_{i \le n}",
}


@pytest.mark.parametrize("text", FROM_ONE)
def test_indices_from_one(text: str) -> None:
    """Entries, limits of sums, brackets, slices and definitions by index are set with indices from 1 where the context
    counts from 1."""
    assert to_latex(given(ORIGIN).parse(text), 1) == FROM_ONE[text]


def test_a_claim_and_its_link_know_their_origin() -> None:
    """A claim prints from its own origin; a link from the one that is given, with the range of its free index."""
    claim = given(ORIGIN).claim("a[i, 1] == a[i, 1] * 1")
    assert to_latex(claim).startswith("a_{i, 1} = ")
    assert to_latex(claim.links[0], 1).endswith(r",\quad 1 \le i \le m")
    assert to_latex(claim.links[0]).endswith(r",\quad 0 \le i < m")


def test_names_are_those_of_a_textbook() -> None:
    """Greek letters, accents, primes, subscripts and words are recognised in a name."""
    names = {"delta": r"\delta", "Omega": r"\Omega", "lambda": r"\lambda", "W2": "W_{2}", "net": r"\mathit{net}"}
    names |= {"delta_l": r"\delta_{l}", "x_prime": "x'", "z_bar_1": r"\bar{z}_{1}", "w_ij": r"w_{\mathrm{ij}}"}
    assert {name: name_to_latex(name) for name in names} == names


def test_what_has_no_notation_says_so() -> None:
    """Anything else than a formula, a condition, an integer, a link or a claim is refused by name."""
    with pytest.raises(TypeError, match="dict has no notation"):
        to_latex({})


def sides() -> list[Expression]:
    found: dict[Expression, None] = {}
    for path in DOCUMENTS:
        for claim in Document.read(path).claims:
            for link in claim.links:
                found.update({link.left: None, link.right: None})
    return list(found)


def test_formulas_that_differ_print_differently() -> None:
    """No two different formulas of the shipped documents that stand in one claim have the same LaTeX."""
    for path in DOCUMENTS:
        for claim in Document.read(path).claims:
            for link in claim.links:
                alike = to_latex(link.left) == to_latex(link.right)
                assert not alike or link.left == link.right, f"{claim.id}: {link.text}"


def test_braces_and_delimiters_balance() -> None:
    """In every shipped formula braces close, and each \\left has its \\right."""
    for side in sides():
        text = to_latex(side)
        assert text.count("{") == text.count("}")
        assert len(re.findall(r"\\left\b", text)) == len(re.findall(r"\\right\b", text))


@pytest.mark.skipif(shutil.which("xelatex") is None, reason="xelatex is not installed")
def test_every_shipped_formula_compiles(tmp_path: Path) -> None:
    """xelatex with amsmath alone sets every side of every shipped claim."""
    rows = "\n".join(rf"\[ {to_latex(side)} \]" for side in sides())
    packages = r"\documentclass{article}\usepackage{amsmath,amssymb}\begin{document}"
    (tmp_path / "all.tex").write_text(f"{packages}\n{rows}\n\\end{{document}}\n", encoding="utf-8")
    command = ["xelatex", "-interaction=nonstopmode", "-halt-on-error", "-no-pdf", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-1500:]
