"""Words as LaTeX sets them: every character of them, and none as a command.

Law: what LaTeX would take as a command is escaped; signs that a text font lacks are set in mathematics mode, letters of
other scripts in a font that has them (`\\gpother`, see `page.py`).
"""

from __future__ import annotations

import re
import unicodedata

from derivations.formulas.names import GREEK_LETTERS

_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%",
    "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}", "'": "'", "`": r"\textasciigrave{}",
    "-": "-{}", "\u00a0": "~", "\u2011": "-{}", "\u00ad": r"\-", "\t": " ",
}  # fmt: skip
_SIGNS = {
    "∂": r"\partial", "∇": r"\nabla", "×": r"\times", "·": r"\cdot", "∗": r"\ast", "⋆": r"\star",
    "∘": r"\circ", "⊗": r"\otimes", "⊙": r"\odot", "⊛": r"\circledast", "±": r"\pm",
    "−": "-", "ᵀ": "^{T}", "√": r"\surd", "′": "'", "◐": r"\circleddash", "○": r"\circ", "✗": r"\times",
    "≤": r"\le", "≥": r"\ge", "≠": r"\neq", "≈": r"\approx", "∞": r"\infty", "∑": r"\sum", "⋯": r"\cdots",
    "→": r"\to", "←": r"\gets", "↔": r"\leftrightarrow", "↦": r"\mapsto", "⇒": r"\Rightarrow",
    "⇔": r"\Leftrightarrow", "∀": r"\forall", "∃": r"\exists", "∈": r"\in", "∧": r"\land", "∨": r"\lor",
    "¬": r"\neg", "∅": r"\emptyset", "⊂": r"\subset", "∪": r"\cup", "∩": r"\cap", "✓": r"\checkmark",
    "⌊": r"\lfloor", "⌋": r"\rfloor", "⌈": r"\lceil", "⌉": r"\rceil", "⟨": r"\langle", "⟩": r"\rangle",
}  # fmt: skip
_KNOWN = re.compile(r"[\x20-\x7e\u00a1-\u017f\u2013\u2014\u2018-\u201e\u2020-\u2022\u2026\u2030\u20ac\n]")
INVISIBLE = "\ufe0e\ufe0f\u200d"  # say how neighbours are drawn; they have no glyph of their own
LONGEST_WORD = 18  # letters that are set without a place where the line may break


def text(plain: str) -> str:
    """Plain words, escaped.

    >>> print(text("50 % of a_1"), text("δ"))
    50 \\% of a\\_1 \\ensuremath{\\delta}
    """
    return "".join(_word(part) for part in re.split(r"(\s+)", plain))


def _word(word: str) -> str:
    """One word; a long one may break after its signs, and somewhere in any case."""
    if len(word) <= LONGEST_WORD:
        return "".join(map(character, word))
    pieces = re.findall(r"[^_./:,;=()\[\]&?-]{0,18}[_./:,;=()\[\]&?-]?", word)
    return r"\allowbreak{}".join("".join(map(character, piece)) for piece in pieces if piece)


def is_sign(letter: str) -> bool:
    """Whether a character is a picture, such as an emoji, for which no font of text has a glyph.

    >>> is_sign("\U0001f680"), is_sign("\u2705"), is_sign("\u4e2d"), is_sign("a")
    (True, True, False, False)
    """
    if "\u3000" <= letter <= "\u33ff":
        return False  # signs of Chinese and Japanese, which their fonts have
    kinds = ("So", "Sk", "Cn") if letter >= "\U0001f000" else ("So",)
    return letter >= "\u2300" and unicodedata.category(letter) in kinds


def character(letter: str) -> str:
    """One character of text as LaTeX sets it."""
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if letter in _SIGNS:
        return rf"\ensuremath{{{_SIGNS[letter]}}}"
    if letter in GREEK_LETTERS:
        return rf"\ensuremath{{\{GREEK_LETTERS[letter]}}}"
    if letter in INVISIBLE:
        return ""
    if is_sign(letter):
        return rf"\gpsign{{{letter}}}"
    if _KNOWN.fullmatch(letter) or unicodedata.east_asian_width(letter) in "WF":
        return letter
    return rf"{{\gpother {letter}}}" if letter.isprintable() else " "


def code(plain: str) -> str:
    r"""Text in the fixed font, which may break after a space, a comma or an opening bracket.

    >>> print(code("f(a, b)"))
    \texttt{f(\allowbreak{}a,\allowbreak{} b)}
    """
    pieces = re.sub(r"([,()\[\]_=./:*+\\-])(?=\S)|(,)(?= )", lambda m: m[0] + "\ue002", plain.replace("\n", " "))
    return "\\texttt{" + r"\allowbreak{}".join(map(text, pieces.split("\ue002"))) + "}"
