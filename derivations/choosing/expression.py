"""The expressions of `-k`: words with `and`, `or`, `not` and brackets, as pytest has them.

Law: a word fits a name that contains it, capitals or not; nothing is evaluated by Python.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from derivations.language.errors import InputError, Place

Fits = Callable[[str], bool]
TOKEN = re.compile(r"\s*(?P<token>[()]|[^\s()]+)")
DEPTH = 50  # brackets and negations in each other


def expression(text: str) -> Fits:
    """The condition on names that a text is; raises InputError.

    >>> fits = expression("grad and not (mean or bias)")
    >>> fits("notes.md::grad-w"), fits("notes.md::Grad-bias")
    (True, False)
    """
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0

    def whole(self) -> Fits:
        found = self.either()
        if self.token():
            raise self.error("something follows the expression", "and, or, or the end")
        return found

    def token(self) -> str:
        match = TOKEN.match(self.text, self.at)
        return match["token"] if match else ""

    def take(self, word: str) -> bool:
        match = TOKEN.match(self.text, self.at)
        if match is None or match["token"] != word:
            return False
        self.at = match.end()
        return True

    def either(self) -> Fits:
        parts = [self.both()]
        while self.take("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else lambda name: any(part(name) for part in parts)

    def both(self) -> Fits:
        parts = [self.single()]
        while self.take("and"):
            parts.append(self.single())
        return parts[0] if len(parts) == 1 else lambda name: all(part(name) for part in parts)

    def single(self) -> Fits:
        self.depth += 1
        if self.depth > DEPTH:
            raise self.error("this is nested too deeply", f"at most {DEPTH} brackets and negations")
        try:
            if self.take("not"):
                inner = self.single()
                return lambda name: not inner(name)
            if self.take("("):
                found = self.either()
                if not self.take(")"):
                    raise self.error("this bracket is not closed", ")")
                return found
            word = self.token()
            if word in ("", ")", "and", "or"):
                raise self.error("a word is missing here", "a part of a claim's name")
            self.take(word)
            return lambda name: word.lower() in name.lower()
        finally:
            self.depth -= 1

    def error(self, message: str, expected: str) -> InputError:
        match = TOKEN.match(self.text, self.at)
        at, length = (match.start("token"), len(match["token"])) if match else (len(self.text), 1)
        return InputError(message, Place("-k", 1, at + 1, self.text, length), expected)
