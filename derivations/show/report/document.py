r"""The report as one LaTeX document: the authors' prose, each claim with its verdict under it, a table in
front.

Law: nothing passes the margin: formulas are folded (`breaking.py`), and what is still too wide is shrunk by
`\display`. A fence that is not ours is set as code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from derivations.batch.run import Results
from derivations.formulas.claims import Claim
from derivations.judgement.verdict import Verdict
from derivations.language.document import Block, Document
from derivations.show.report.prose import has_wide_characters, prose_to_latex, text
from derivations.show.report.rules import rules_text
from derivations.show.report.statements import (
    broken_text,
    claim_text,
    context_text,
    readings_text,
    remark_text,
    verbatim_markdown,
)
from derivations.show.report.table import LEGEND, latex_table

PREAMBLE = r"""\documentclass[11pt,a4paper]{article}
\usepackage[a4paper,left=28mm,right=28mm,top=27mm,bottom=30mm]{geometry}
\usepackage{amsmath,amssymb,graphicx,xcolor,booktabs}
\usepackage{fontspec}
\usepackage[hidelinks]{hyperref}
\definecolor{proved}{HTML}{1B6E3C}\definecolor{region}{HTML}{1F5C99}
\definecolor{refuted}{HTML}{A32638}\definecolor{undecided}{HTML}{8A6100}\definecolor{open}{HTML}{666666}
\setlength{\parindent}{0pt}\setlength{\parskip}{6pt plus 2pt minus 1pt}
\setlength{\emergencystretch}{4em}\tolerance=2000\hbadness=4000
\allowdisplaybreaks[1]
\newsavebox{\gradproofbox}
\newcommand{\fitted}[1]{\sbox{\gradproofbox}{#1}%
  \ifdim\wd\gradproofbox>\linewidth\resizebox{\linewidth}{!}{\usebox{\gradproofbox}}\else\usebox{\gradproofbox}\fi}
% A displayed derivation, aligned at the relation. What is wider than the column is shrunk to it.
\newcommand{\display}[1]{%
  \sbox{\gradproofbox}{$\displaystyle\begin{aligned}#1\end{aligned}$}%
  \ifdim\wd\gradproofbox>\linewidth
    \par\medskip\noindent\resizebox{\linewidth}{!}{\usebox{\gradproofbox}}\par\smallskip
  \else
    \ifvmode\vskip-\parskip\vskip-\baselineskip\fi % no empty line above a display that begins a paragraph
    \begin{align*}#1\end{align*}%
  \fi}
% A claim or a context: a coloured rule at the left, a head line, the body.
\newcommand{\gradprooflabel}[3]{\noindent\textcolor{#1}{\rule{3pt}{1.6ex}}\enspace\textbf{#2}\hfill
  \textcolor{#1}{\small #3}\par\nobreak}
% A head line never stands alone at the foot of a page.
\newcommand{\roomfor}[1]{\par\ifdim\pagegoal<\maxdimen\ifdim\dimexpr\pagegoal-\pagetotal\relax<#1\newpage\fi\fi}
\newenvironment{claim}[3]{\roomfor{6\baselineskip}\addvspace{9pt}\gradprooflabel{#1}{#2}{#3}%
  \begin{list}{}{\leftmargin=1.1em\rightmargin=0pt\topsep=0pt\partopsep=0pt\parsep=3pt\listparindent=0pt}\item[]\small
  \abovedisplayskip=3pt\belowdisplayskip=5pt\abovedisplayshortskip=2pt\belowdisplayshortskip=4pt}%
  {\end{list}\addvspace{6pt}}
\newenvironment{given}{\par\addvspace{6pt}\begin{quote}\itshape}{\end{quote}\addvspace{4pt}}
"""
CHINESE = r"""\usepackage{xeCJK}
\IfFontExistsTF{Noto Serif CJK SC}{\setCJKmainfont{Noto Serif CJK SC}\setCJKmonofont{Noto Sans CJK SC}}{%
  \setCJKmainfont{FandolSong-Regular.otf}[ItalicFont=FandolKai-Regular.otf,BoldFont=FandolSong-Bold.otf]%
  \setCJKmonofont{FandolFang-Regular.otf}}
"""
COLOURS = {
    "proved": "proved",
    "holds where": "region",
    "refuted": "refuted",
    "false": "refuted",
    "undecided": "undecided",
}
_GRAVEST = ("undecided", "false", "refuted", "holds where", "proved")
_LABELS = {"proved": "proved for all sizes", "holds where": "true on a region", "refuted": "true at no size"}


class Judged:
    """The verdicts of a run, found by claim; what they say about readings, by document."""

    def __init__(self, results: Results) -> None:
        self._verdicts: dict[tuple[Any, ...], list[Verdict]] = {}
        self.compared = {found.document: found for found in results.readings}
        for verdict in results.verdicts:
            key = (verdict.document, verdict.id, tuple(verdict.reading.items()))
            self._verdicts.setdefault(key, []).append(verdict)

    def readings(self, block: Block) -> list[tuple[Claim, list[Verdict]]]:
        """The readings of a claim block that were judged (an interrupted run leaves some out)."""
        found = []
        for claim in block.claims:
            verdicts = self._verdicts.get((claim.document, claim.id, tuple(claim.reading.items())), [])
            if len(verdicts) == len(claim.links):
                found.append((claim, verdicts))
        return found


def verdict_mark(verdicts: Sequence[Verdict]) -> tuple[str, str]:
    """The colour and the words at the right of a claim's head: one verdict, or how many of each."""
    kinds = {verdict.verdict: sum(v.verdict == verdict.verdict for v in verdicts) for verdict in verdicts}
    colour = next((COLOURS[word] for word in _GRAVEST if word in kinds), "undecided")
    if len(kinds) == 1:
        label = _LABELS.get(*kinds, *kinds)
    else:
        label = ", ".join(
            f"{count} {'true on a region' if word == 'holds where' else word}" for word, count in kinds.items()
        )
    if not all(verdict.as_expected for verdict in verdicts):
        return "refuted", f"{label} (not as expected)"
    return colour, label


def _body(document: Document, judged: Judged) -> str:
    """The LaTeX of a document: its blocks, then what its readings come to."""
    found = judged.compared.get(document.name)
    blocks = [_block(block, judged) for block in document.blocks]
    return "\n".join([*blocks, prose_to_latex(readings_text(found)) if found else ""])


def _block(block: Block, judged: Judged) -> str:
    """The LaTeX of one block of a document."""
    if block.kind == "prose":
        return prose_to_latex(block.source)
    if block.kind == "given":
        return rf"\begin{{given}}{prose_to_latex(context_text(block.contexts))}\end{{given}}"
    if block.kind == "remark":
        label = "misprint" if block.remark and block.remark.misprint else "open"
        return _claim("open", block.id, label, remark_text(block.remark)) if block.remark else ""
    if block.kind == "broken":
        return _claim("refuted", block.id or "A block with an error", "not judged", broken_text(block))
    readings = judged.readings(block)
    if not readings:
        return _claim("open", block.id, "not judged", verbatim_markdown(block.text))
    colour, label = verdict_mark([v for _, verdicts in readings for v in verdicts])
    return _claim(colour, block.id, label, claim_text(readings))


def _claim(colour: str, name: str, label: str, markdown: str) -> str:
    head = rf"\begin{{claim}}{{{colour}}}{{{text(name)}}}{{{text(label)}}}"
    return f"{head}\n{prose_to_latex(markdown)}\\end{{claim}}"


def latex_document(documents: Sequence[Document], results: Results, title: str) -> str:
    """The whole LaTeX document."""
    judged = Judged(results)
    bodies = [_body(document, judged) for document in documents]
    chinese = CHINESE if any(map(has_wide_characters, bodies)) else ""
    parts = [
        PREAMBLE + chinese,
        r"\begin{document}",
        rf"\begin{{center}}\LARGE {text(title)}\end{{center}}\medskip",
    ]
    parts += [_opening(results), latex_table(results)]
    if len(bodies) > 1:
        parts.append(r"\tableofcontents")
    rules = rules_text(results)
    if rules:
        bodies.append(prose_to_latex(rules))
    return "\n".join([*parts, "\n\\clearpage\n".join(bodies), r"\end{document}", ""])


def _opening(results: Results) -> str:
    """What the reader must know: what a verdict says, and whether this run is complete."""
    lines = [prose_to_latex(LEGEND)]
    for error in results.errors:
        lines.append(rf"\textcolor{{refuted}}{{Not judged: {text(str(error).splitlines()[0])}}}\par")
    if results.interrupted:
        lines.append(r"\textcolor{refuted}{This run was interrupted; claims without a verdict were not judged.}\par")
    if results.contradictions:
        names = ", ".join(verdict.id for verdict in results.contradictions)
        lines.append(rf"\textcolor{{refuted}}{{The evidence contradicts itself: {text(names)}.}}\par")
    return "\n".join(lines)
