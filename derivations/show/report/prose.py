r"""An author's Markdown as LaTeX: headings, paragraphs, lists, code, and `$…$` mathematics untouched.

Law: what an author wrote appears, every character of it: what LaTeX would take as a command is escaped, signs
that a text font lacks are set in mathematics mode. Mathematics is lifted out before Markdown is read, since
`_` and `*` mean other things there.

What it cannot see: whether the author's own mathematics compiles.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from derivations.formulas.names import GREEK_LETTERS

_MATHEMATICS = re.compile(r"(?<!\\)(\$\$.+?(?<!\\)\$\$|\$(?=\S)[^$]*?(?<=\S)(?<!\\)\$(?!\d))", re.DOTALL)
_CODE = re.compile(
    r"(`+)(?!`).+?(?<!`)\1(?!`)|^(?P<fence>```+|~~~+).*?^(?P=fence)`*~*[ \t]*$", re.DOTALL | re.MULTILINE
)
_MARK, _END = "\ue000", "\ue001"  # private characters around the number of a lifted formula
_LIFTED = re.compile(f"{_MARK}(\\d+){_END}")

_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%",
    "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
}  # fmt: skip
_SIGNS = {
    "∂": r"\partial", "∇": r"\nabla", "×": r"\times", "·": r"\cdot", "∗": r"\ast", "⋆": r"\star",
    "∘": r"\circ", "⊗": r"\otimes", "⊙": r"\odot", "⊛": r"\circledast", "±": r"\pm",
    "−": "-", "ᵀ": "^{T}", "√": r"\surd", "′": "'",
    "≤": r"\le", "≥": r"\ge", "≠": r"\neq", "≈": r"\approx", "∞": r"\infty", "∑": r"\sum", "⋯": r"\cdots",
    "→": r"\to", "←": r"\gets", "↔": r"\leftrightarrow", "↦": r"\mapsto", "⇒": r"\Rightarrow",
    "⇔": r"\Leftrightarrow", "∀": r"\forall", "∃": r"\exists", "∈": r"\in", "∧": r"\land", "∨": r"\lor",
    "¬": r"\neg", "∅": r"\emptyset", "⊂": r"\subset", "∪": r"\cup", "∩": r"\cap", "✓": r"\checkmark",
    "⌊": r"\lfloor", "⌋": r"\rfloor", "⌈": r"\lceil", "⌉": r"\rceil", "⟨": r"\langle", "⟩": r"\rangle",
}  # fmt: skip


def character(letter: str) -> str:
    """One character of text as LaTeX sets it.

    >>> print(character("_"), character("∇"), character("δ"), character("a"))
    \\_ \\ensuremath{\\nabla} \\ensuremath{\\delta} a
    """
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if letter in _SIGNS:
        return rf"\ensuremath{{{_SIGNS[letter]}}}"
    if letter in GREEK_LETTERS:
        return rf"\ensuremath{{\{GREEK_LETTERS[letter]}}}"
    return letter


def text(plain: str) -> str:
    """Plain text, escaped.

    >>> print(text("50 % of a_1"))
    50 \\% of a\\_1
    """
    return "".join(map(character, plain))


def code(plain: str) -> str:
    r"""Text in the fixed font, which may break after a space, a comma or an opening bracket.

    >>> print(code("f(a, b)"))
    \texttt{f(\allowbreak{}a,\allowbreak{} b)}
    """
    pieces = re.sub(r"([,(\[_=.-])(?=\S)|(,)(?= )", lambda m: m[0] + "\ue002", plain)
    return rf"\texttt{{{text(pieces)}}}".replace("\ue002", r"\allowbreak{}")


def has_wide_characters(content: str) -> bool:
    """Whether a text needs a Chinese font.

    >>> has_wide_characters("卷积"), has_wide_characters("∇ and é")
    (True, False)
    """
    return any(unicodedata.east_asian_width(letter) in "WF" for letter in content)


def lift(markdown: str) -> tuple[str, list[str]]:
    """The text with each formula outside code replaced by a mark, and the formulas."""
    formulas: list[str] = []

    def mark(match: re.Match[str]) -> str:
        formulas.append(match[0])
        return f"{_MARK}{len(formulas) - 1}{_END}"

    parts, position = [], 0
    for span in _CODE.finditer(markdown):
        parts += [_MATHEMATICS.sub(mark, markdown[position : span.start()]), span[0]]
        position = span.end()
    return "".join([*parts, _MATHEMATICS.sub(mark, markdown[position:])]), formulas


def prose_to_latex(markdown: str) -> str:
    """The LaTeX of a stretch of Markdown; a heading `#` becomes a section."""
    lifted, formulas = lift(markdown)
    tokens = MarkdownIt("commonmark").enable("table").parse(lifted)
    return "\n".join(_Renderer(formulas).blocks(tokens)) + "\n"


class _Renderer:
    """Markdown's tokens to LaTeX, with the formulas that were lifted out of the text."""

    def __init__(self, formulas: list[str]) -> None:
        self._formulas = formulas

    def blocks(self, tokens: Sequence[Token]) -> Iterator[str]:
        for position, token in enumerate(tokens):
            match token.type:
                case "heading_open":
                    names = ("section", "subsection", "subsubsection", "paragraph", "subparagraph")
                    name = names[min(int(token.tag[1]) - 1, len(names) - 1)]
                    yield rf"\roomfor{{9\baselineskip}}\{name}{{"
                case "heading_close":
                    yield "}"
                case "paragraph_close":
                    yield "" if token.hidden else "\\par\n"
                case "inline":
                    yield self._inline(token.children or [])
                case "fence" | "code_block":
                    yield verbatim(self.restore(token.content))
                case "bullet_list_open" | "ordered_list_open":
                    yield r"\begin{itemize}" if token.tag == "ul" else r"\begin{enumerate}"
                case "bullet_list_close" | "ordered_list_close":
                    yield r"\end{itemize}" if token.tag == "ul" else r"\end{enumerate}"
                case "list_item_open":
                    yield r"\item "
                case "blockquote_open" | "blockquote_close":
                    yield rf"\{'begin' if token.nesting == 1 else 'end'}{{quote}}"
                case "hr":
                    yield r"\medskip"
                case "html_block":
                    yield text(token.content)
                case "table_open" | "table_close" | "tr_close" | "th_close" | "td_close":
                    yield self._table(tokens, position)

    def _table(self, tokens: Sequence[Token], position: int) -> str:
        """A Markdown table: equal columns, so that long cells wrap inside the margins."""
        token = tokens[position]
        following = tokens[position + 1].type if position + 1 < len(tokens) else ""
        if token.type == "table_open":
            cells = sum(t.type == "th_open" for t in tokens[position:])
            width = f"p{{{0.94 / max(1, cells):.3f}\\linewidth}}"
            return rf"\begin{{center}}\small\begin{{tabular}}{{{width * cells}}}\hline"
        if token.type == "table_close":
            return r"\hline\end{tabular}\end{center}"
        if token.type == "tr_close":
            return r"\\ \hline" if following == "thead_close" else r"\\"
        return "" if following == "tr_close" else "&"

    def restore(self, content: str) -> str:
        """A text with its formulas put back as they were written."""
        return _LIFTED.sub(lambda match: self._formulas[int(match[1])], content)

    def _words(self, content: str) -> str:
        parts = []
        for position, part in enumerate(_LIFTED.split(content)):
            parts.append(_display(self._formulas[int(part)]) if position % 2 else text(part))
        return "".join(parts)

    def _inline(self, tokens: Sequence[Token]) -> str:
        parts = []
        for token in tokens:
            match token.type:
                case "text" | "text_special" | "html_inline":
                    parts.append(self._words(token.content))
                case "softbreak":
                    parts.append("\n")
                case "hardbreak":
                    parts.append("\\\\\n")
                case "code_inline":
                    parts.append(code(self.restore(token.content)))
                case "em_open":
                    parts.append(r"\emph{")
                case "strong_open":
                    parts.append(r"\textbf{")
                case "link_open":
                    parts.append(rf"\href{{{_address(str(token.attrs.get('href', '')))}}}{{")
                case "em_close" | "strong_close" | "link_close":
                    parts.append("}")
                case "image":
                    parts.append(self._words(token.content))
        return "".join(parts)


def _display(formula: str) -> str:
    if not formula.startswith("$$"):
        return formula
    content = formula[2:-2].strip()
    aligned = re.fullmatch(r"\\begin\{aligned\}(.*)\\end\{aligned\}", content, re.DOTALL)
    return rf"\display{{{aligned[1] if aligned else '&' + content}}}"


def _address(href: str) -> str:
    return re.sub(r"([%#{}\\^~])", r"\\\1", href)


def verbatim(content: str) -> str:
    """Code as it stands, in the fixed font; a line that is too long is folded."""
    lines = [code(line).replace("  ", r"~~") for line in content.rstrip("\n").split("\n")]
    return "\\begin{quote}\\small\\raggedright\n" + "\\\\\n".join(line or "~" for line in lines) + "\n\\end{quote}"
