r"""A `notation` block: what an author's symbols, accents, words and signs are in the claim language.

    \delta_l, \delta_{\ell}   is delta                  a name with its decorations
    \tilde X                  is rot180(X)              an accent; capitals that stand on both sides are places
    X \ast Y                  is conv(Y, X, valid)      an operator between two factors
    \operatorname{down} X     is mean_pool(X, n)        a word, with or without brackets
    conv2(X, Y)               is conv(X, Y, valid)      a word with several arguments
    X^+                       is inv(X)                 a superscript
    \|X\|_F                   is sqrt(sum(X**2))        a norm
    D[X; Y]                   is grad(X, Y).T           a word with other brackets
    d X                       is d(X)                   the differential
    \mathbf 1                 is ones                   matrices of ones, sized by what they stand beside
    \ast binds tighter                                  than a product without a sign; or `binds weaker`;
                                                        `binds either`: each claim is judged under both

Law: a profile says what it says once; a left side with two meanings is an error. What is on the right is text of the
claim language and is not looked at here: the elaborator will.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lark import Token

from derivations.language.errors import InputError
from derivations.language.source import Statement
from derivations.notation.structure import Node, canonical, parse, span

IS = re.compile(r"\s+is\s+")
MOST_OPEN = 6  # operators that bind either way; as many readings as a context may have
BINDINGS, EITHER = ("tighter", "weaker"), "either"
BINDS = re.compile(r"\s*(?P<sign>.*\S)\s+binds\s+(?P<how>\w+)\s*\Z", re.DOTALL)
IDENTIFIER = re.compile(r"[^\W\d]\w*")
PLACE = re.compile(r"[A-Z]\Z")
# the text of a call alone
IDENTITY_CALL = re.compile(r"(?P<head>[^\W\d]\w*)\(.*\)\Z", re.DOTALL)
CODE_NAME = re.compile(r"\s*[A-Za-z]\w*\s*\Z")

Key = tuple[str, str, str]  # base, subscript, superscript of a name, each canonical


@dataclass(frozen=True)
class Rule:
    """A right side with places: `conv(Y, X, valid)` with X, Y in the order of the left side."""

    places: tuple[str, ...]
    text: str
    line: str

    def filled(self, arguments: Sequence[str]) -> str:
        """The text with its places filled; each argument is bracketed unless it is one word or a call."""
        found = dict(zip(self.places, arguments, strict=True))
        return IDENTIFIER.sub(lambda match: found.get(match[0], match[0]), self.text)

    def pieces(self) -> list[str]:
        """The text cut at its places, which stand at the odd numbers."""
        return re.split(r"\b(" + "|".join(self.places) + r")\b", self.text) if self.places else [self.text]


@dataclass
class Profile:
    """What a notation block says; `plus` adds the lines of another one."""

    names: dict[Key, tuple[str, str]] = field(default_factory=dict)  # to (text, the line that says so)
    words: dict[str, Rule] = field(default_factory=dict)  # prefix words and calls
    operators: dict[str, Rule] = field(default_factory=dict)
    accents: dict[str, Rule] = field(default_factory=dict)
    superscripts: dict[str, Rule] = field(default_factory=dict)
    norms: dict[tuple[str, str], Rule] = field(default_factory=dict)  # by subscript and exponent
    binding: dict[str, str] = field(default_factory=dict)  # operator to "tighter", "weaker" or "either"
    settled: set[str] = field(default_factory=set)  # the operators whose "either" is settled in this one
    code: dict[str, str] = field(default_factory=dict)  # names as code lines write them
    ones: set[str] = field(default_factory=set)  # the symbols for matrices of ones: "1", "\\mathbf{1}"

    @property
    def known_words(self) -> set[str]:
        """The words of more than one letter that are one name or operator."""
        found = {base for base, _, _ in self.names} | set(self.words)
        return {word for word in found if word.isalnum() and len(word) > 1}

    @property
    def label_letters(self) -> frozenset[str]:
        """The letters in the scripts of names, such as the l of `z_{l+1}`: they count layers, not entries."""
        return frozenset(letter for _, sub, sup in self.names for letter in re.findall(r"[A-Za-z]", f"{sub} {sup}"))

    @property
    def labels(self) -> bool:
        """Whether superscripts are parts of names here, such as the number of a layer."""
        return any(sup for _, _, sup in self.names)


def conventions(profile: Profile) -> Iterator[tuple[dict[str, str], Profile]]:
    """Every way to settle what binds either way, with what was chosen; the profile itself where nothing does."""
    either = [name for name, how in profile.binding.items() if how == EITHER]
    for chosen in itertools.product(BINDINGS, repeat=len(either)):
        choice = dict(zip(either, chosen, strict=True))
        yield choice, replace(profile, binding={**profile.binding, **choice}, settled=set(either))


def profile_of(lines: Iterable[Statement], before: Profile | None = None) -> Profile:
    """The profile that the lines of a block say, added to the one before; raises InputError.

    >>> from derivations.language.source import lines_of, statements
    >>> text = r"\\delta_l is delta"
    >>> found = profile_of(statements(lines_of(text), "notes.md"))
    >>> found.names
    {('\\\\delta', 'l', ''): ('delta', '\\\\delta_l is delta')}
    """
    made = Profile() if before is None else Profile(**{name: type(part)(part) for name, part in vars(before).items()})
    for line in lines:
        _read(made, line)
    return made


def _read(profile: Profile, line: Statement) -> None:
    first, last = line.extent
    text = line.text[first:last]
    match = IS.search(text)
    if match is None:
        bound = BINDS.match(text)
        if bound is None or bound["how"] not in (*BINDINGS, EITHER):
            raise line.error(
                "this is no line of a notation block", first, last, r"\delta_l is delta, or \ast binds tighter"
            )
        operator = canonical(_left(line, first, first + len(bound["sign"]), ()))
        if bound["how"] == EITHER and list(profile.binding.values()).count(EITHER) == MOST_OPEN:
            what = f"at most {MOST_OPEN} operators that bind either way"
            raise line.error(f"more than {MOST_OPEN} operators bind either way", first, last, what, "say how one binds")
        _add(profile.binding, operator, bound["how"], line)
        return
    right = text[match.end() :].strip()
    if not right:
        raise line.error("nothing stands after `is`", last, expected="text of the claim language")
    for start, end in _parts(text[: match.start()]):
        _say(profile, line, first + start, first + end, right)


def _parts(left: str) -> Iterator[tuple[int, int]]:
    """The stretches between the commas of a left side, brackets kept together."""
    depth, start = 0, 0
    for at, character in enumerate(left):
        depth += (character in "({[") - (character in ")}]")
        if character == "," and not depth and left[at - 1 : at] != "\\":
            yield start, at
            start = at + 1
    yield start, len(left)


def _left(line: Statement, start: int, end: int, known: Iterable[str]) -> Node:
    return parse(line, start, end, set(known), splits=False).tree


def _say(profile: Profile, line: Statement, start: int, end: int, right: str) -> None:
    written = line.text[start:end]
    shown = f"{written.strip()} is {right}"
    if CODE_NAME.match(written) and IDENTIFIER.fullmatch(right):
        _add(profile.code, written.strip(), right, line)
        if written.count("_") > 1:
            return
    side = _one_side(line, _left(line, start, end, ()), start, end)
    # `K^l is K` names K; a rule does something with its places
    places = set() if IDENTIFIER.fullmatch(right) else {word for word in IDENTIFIER.findall(right) if PLACE.match(word)}
    term = side.children[1]
    items = list(term.children)
    if right == "ones" and len(items) == 1:
        profile.ones.add(canonical(term))
        return
    found = _rule(items, places)
    if found is None:
        if len(items) != 1:
            raise line.error(
                "this left side is neither a name nor a rule",
                start,
                end,
                r"a name, X \ast Y, \tilde X, down X, f(X, Y)",
            )
        _add(profile.names, key_of(items[0]), (right, shown), line)
        return
    table, key, order = found
    if len(set(order)) < len(order):
        raise line.error("a place stands twice on the left side", start, end, "a capital for each place")
    _add(getattr(profile, table), key, Rule(tuple(order), right, shown), line)


def _one_side(line: Statement, tree: Node, start: int, end: int) -> Any:
    if tree.data != "chain" or len(tree.children) != 1 or len(tree.children[0].children) != 2:
        raise line.error("a left side is one name or one rule", start, end, r"\delta_l, or X \ast Y")
    return tree.children[0]


def _rule(items: Sequence[Any], places: set[str]) -> tuple[str, Any, list[str]] | None:
    """The table, key and places that a left side of a rule means; None where it is a name."""
    marks = [_place(item, places) for item in items]
    if len(items) == 3 and marks[0] and marks[2] and items[1].data == "operator":
        return "operators", canonical(items[1]), [marks[0], marks[2]]
    if len(items) == 2 and items[0].data == "factor" and len(items[0].children) == 1:
        inner = [marks[1]] if marks[1] else _arguments(items[1], places)
        if inner:
            return "words", canonical(items[0]), inner
    if len(items) == 1 and items[0].data == "factor":
        atom, trails = items[0].children[0], items[0].children[1:]
        if atom.data == "accent" and not trails:
            mark = _letter(atom.children[1], places)
            return ("accents", str(atom.children[0]), [mark]) if mark else None
        if atom.data == "norm" and (mark := _letter(atom.children[1], places)):
            _, sub, sup = key_of(items[0])
            return "norms", (sub, sup), [mark]
        if len(trails) == 1 and trails[0].data == "sup" and (mark := _letter(atom, places)):
            return "superscripts", canonical(trails[0].children[1]), [mark]
    return None


def _letter(node: Any, places: set[str]) -> str:
    text = canonical(node)
    return text if text in places else ""


def _place(item: Any, places: set[str]) -> str:
    return _letter(item, places) if item.data == "factor" and len(item.children) == 1 else ""


def _arguments(item: Any, places: set[str]) -> list[str]:
    """The places in `(X, Y)` or `[X; Y]`; none where something else stands there."""
    if item.data != "factor" or len(item.children) != 1 or item.children[0].data not in ("group", "square"):
        return []
    entries = [part for part in item.children[0].children[1].children if not isinstance(part, Token)]
    marks = [_letter(part, places) for part in entries]
    return marks if all(marks) else []


def key_of(factor: Any) -> Key:
    """The key of a name: its base, its subscript and its superscript."""
    atom, trails = factor.children[0], factor.children[1:]
    scripts = {"sub": "", "sup": ""}
    for trail in trails:
        if trail.data == "prime":
            scripts["sup"] += "'"
        else:
            scripts[trail.data] += canonical(trail.children[1])
    return canonical(atom), scripts["sub"], scripts["sup"]


def _add(table: dict[Any, Any], key: Any, value: Any, line: Statement) -> None:
    known = table.get(key)
    same = known == value or (isinstance(known, Rule) and isinstance(value, Rule) and known.text == value.text)
    same = same or (isinstance(known, tuple) and isinstance(value, tuple) and known[0] == value[0])
    if known is not None and not same:
        what = known.text if isinstance(known, Rule) else known[0] if isinstance(known, tuple) else known
        raise InputError(
            f"this is said to be `{what}` already", line.place(*line.extent), "one meaning", "leave one of the lines"
        )
    table[key] = value


__all__ = ["Key", "Mapping", "Profile", "Rule", "key_of", "profile_of", "replace", "span"]
