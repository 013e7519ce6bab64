"""The dry run over a paper: each formula by itself, under a context that may stand in another document."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from derivations.cli import app
from derivations.language.document import Document
from derivations.language.survey import skeleton, survey

CONTEXT = r"""```given
dims P, q, C
tensor W[P, q], x[q, 1], b[P, 1], s[C], y[C]
z = W @ x + b
loss J(z)
delta = grad(J, z)
probs = softmax(s)
L = -sum(y * log(probs))
```

```notation
p is probs
```
"""
PAPER = r"""\documentclass{article}
\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}
\begin{document}
\begin{equation}\label{eq:dense}
  z = W x + b .
\end{equation}
\begin{align}
  \frac{\partial J}{\partial W} &= \delta x^{T}, \label{eq:dW} \\
  \frac{\partial J}{\partial x} &= W^{T} \delta
    = (\delta^{T} W)^{T}, \\
  \pd{J}{b} &= \delta .
\end{align}
\begin{align}
  x + y \\
  z &= W x + b
\end{align}
\begin{align}
  z &= W x & \nabla_s L &= p - y
\end{align}
\begin{lstlisting}[language=Python]
dx = np.dot(W.T, delta)
\end{lstlisting}
\end{document}
"""


def test_each_formula_of_a_display_is_read_by_itself() -> None:
    """Rows that alignment marks part are formulas of their own, a row that continues another is none, and where the
    marks do not part a display it is one formula, which is refused as a whole."""
    found = survey(PAPER, "paper.tex", Document.parse(CONTEXT, "context.md"))
    read = [(each.line, each.kind, each.reading) for each in found.formulas]
    assert read == [
        (4, "display", "z == W @ x + b"),
        (8, "row", "grad(J, W) == delta @ x.T"),
        (9, "row", "grad(J, x) == W.T @ delta == (delta.T @ W).T"),
        (11, "row", ""),
        (13, "display", ""),
        (18, "row", "z == W @ x"),
        (18, "row", "grad(L, s) == probs - y"),
        (21, "python", "W.T @ delta"),
    ]
    assert r"`\pd` is not known" in str(found.formulas[3].error)


def test_the_context_of_another_document(tmp_path: Path) -> None:
    """`gradproof read FILE --given FILE`: without it nothing is declared, with it the formulas are read."""
    (tmp_path / "paper.tex").write_text(PAPER)
    (tmp_path / "context.md").write_text(CONTEXT)
    alone = CliRunner().invoke(app, ["read", str(tmp_path / "paper.tex")])
    assert "read as" not in alone.output
    given = CliRunner().invoke(app, ["read", str(tmp_path / "paper.tex"), "--given", str(tmp_path / "context.md")])
    assert "read as grad(L, s) == probs - y" in given.output
    assert given.exit_code == 2  # one row uses a macro, one display is no formula


def test_a_skeleton_has_a_display_for_each_formula() -> None:
    """What `new --from` writes is a document; a row stands in a display of its own, without alignment marks."""
    text = skeleton(PAPER, "paper.tex")
    assert "$$\n\\frac{\\partial J}{\\partial W} = \\delta x^{T},\n$$" in text
    assert "& \\nabla" not in text
    assert not Document.parse(text, "claims.md").errors


@pytest.mark.parametrize("row", [r"a + \\ b &= c", r"a &= (b \\ c) &= d", r"a &= b \\ (c + d) e"])
def test_a_product_over_two_rows_is_not_parted(row: str) -> None:
    """Where a row may continue the one before, nothing is read."""
    given = "```given\ndims n\nscalar a, b, c, d, e\n```\n"
    found = survey(rf"\begin{{align}} {row} \end{{align}}", "p.tex", Document.parse(given, "g.md"))
    assert [each.reading for each in found.formulas] in ([""], ["", ""])
