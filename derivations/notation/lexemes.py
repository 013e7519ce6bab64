r"""A stretch of LaTeX to lexemes with offsets: commands, digits, characters; `∂` is `\partial`, an italic 𝑥 is x.

Law: a character that no formula has (control characters, words in another script) is an error where it stands.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from derivations.formulas.names import GREEK_LETTERS
from derivations.language.errors import InputError
from derivations.language.source import Statement

LEXEME = re.compile(
    r"(?P<blank>[ \t\n~]+|%[^\n]*)|\\(?P<command>[A-Za-z]+)\*?|\\(?P<escape>.)"
    r"|(?P<digits>[0-9]+(?:\.[0-9]+)?)|(?P<char>.)",
    re.DOTALL,
)
EQUALS = re.compile(r"\\(?:stackrel|overset)\s*\{[^{}]*(?:\{[^{}]*\})?[^{}]*\}\s*\{\s*=\s*\}")
DEFINES = re.compile(r"def|\\triangle|\\Delta")
UNICODE = {
    "∂": r"\partial", "∇": r"\nabla", "−": "-", "·": r"\cdot", "∗": r"\ast", "⋆": r"\star", "∘": r"\circ",
    "⊙": r"\odot", "⊗": r"\otimes", "×": r"\times", "∑": r"\sum", "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "′": "'",
    "ℓ": r"\ell", "⊤": r"\top", "⊛": r"\circledast", "ℒ": r"\mathcal{L}", "⋅": r"\cdot",
    "＝": "=", "（": "(", "）": ")", "＋": "+", "－": "-", "，": ",", "；": ";", "：": ":", "［": "[", "］": "]",
    "。": ".", "．": ".",
    **{letter: f"\\{command}" for letter, command in GREEK_LETTERS.items()},
}  # fmt: skip


@dataclass(frozen=True)
class Lexeme:
    """A piece of LaTeX: kind is command, escape, digits or char; `text` without the backslash."""

    kind: str
    text: str
    start: int
    end: int


def lexemes(source: Statement, start: int, end: int) -> list[Lexeme]:
    """The lexemes of a stretch of the source; raises InputError for characters that no formula has."""
    found: list[Lexeme] = []
    at = start
    while at < end:
        match = LEXEME.match(source.text, at, end)
        if match is None:
            raise source.error("a backslash at the end", at, at + 1)
        kind, stop = match.lastgroup, match.end()
        if kind in ("command", "escape"):
            found.append(Lexeme(kind, match[kind], at, stop))
        elif kind == "digits":
            found.append(Lexeme(kind, match[0], at, stop))
        elif kind == "char":
            found += _characters(source, match[0], at)
        at = stop
    return found


def _characters(source: Statement, character: str, at: int) -> Iterator[Lexeme]:
    """The lexemes that one character stands for: `∂` is `\\partial`, an italic 𝑥 is x."""
    if character in UNICODE:
        for part in LEXEME.finditer(UNICODE[character]):
            kind = str(part.lastgroup)
            yield Lexeme(kind, part[kind], at, at + 1)
        return
    if unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs"):
        raise source.error(f"the control character U+{ord(character):04X}", at, at + 1, "a formula", "remove it")
    plain = character
    if not character.isascii():
        plain = unicodedata.normalize("NFKC", character)
        if not unicodedata.name(character, "").startswith(("MATHEMATICAL ITALIC", "PLANCK")) or len(plain) != 1:
            raise source.error(f"unexpected character `{character}`", at, at + 1, "LaTeX", _hint(character))
        if plain in UNICODE:
            yield from _characters(source, plain, at)
            return
    yield Lexeme("char", plain, at, at + 1)


def _hint(character: str) -> str:
    if unicodedata.category(character) == "Pd":
        return "write - for a minus sign"
    return r"write \text{...} outside the display" if character.isalpha() else ""


def defining(text: str) -> int:
    r"""How long `\stackrel{\rm def}{=}` at the front of a text is; 0 where something else stands there."""
    match = EQUALS.match(text)
    return match.end() if match is not None and DEFINES.search(match[0]) else 0


def glued(source: Statement, run: list[Lexeme], text: str) -> InputError:
    """The error for digits right after a letter, as in `b11`."""
    number = run[-1]
    ones = set(number.text) == {"1"}
    what = f"`{number.text}` right after `{run[-2].text}`"
    reason = "eleven or two matrices of ones" if number.text == "11" else "one, or a matrix of ones" if ones else ""
    reason = reason or "a factor, a subscript, or a part of the name"
    said = f"say what it is: {text}(X) is ..., in a notation block"
    fix = r"write \mathbf{1}\mathbf{1}^T for ones" if ones else said
    return source.error(f"{what}: {reason}?", number.start, number.end, "", fix)
