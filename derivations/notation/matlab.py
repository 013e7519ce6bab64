"""A line of MATLAB to a reading: every array is a matrix, `'` transposes, `conv2` never swaps its arguments.

Law: each function has MATLAB's meaning and no other library's. `conv2(A, B, 'same')` begins at row floor(m/2) of the
full convolution, counted from 0, where SciPy begins at floor((m - 1)/2); its `valid` does not exist where B is larger.
What depends on sizes that are not known (`sum(A)` of a matrix or of a row) is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token
from lark.exceptions import UnexpectedInput, UnexpectedToken

from derivations.language import limits
from derivations.language.source import Statement
from derivations.notation.arrays import Arrays
from derivations.notation.profile import Profile
from derivations.notation.reading import Reading
from derivations.notation.slices import Cut, cut
from derivations.notation.typed import ATOM, Typed, Types, bracketed, mark

WHICH = "sum over one axis: which?"
ELEMENTWISE = {"exp": "exp", "log": "log", "sqrt": "sqrt", "tanh": "tanh", "abs": "abs"}
PLAIN = {"trace": "tr", "det": "det", "inv": "inv", "kron": "kron"}


@cache
def parser() -> Lark:
    """The parser, built on first use."""
    grammar = files("derivations.notation").joinpath("matlab.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", start="line", propagate_positions=True, maybe_placeholders=True)


def read_matlab(
    source: Statement,
    start: int,
    end: int,
    profile: Profile,
    types: Types,
    needs_left: bool = True,
    defines: bool = False,
) -> Reading:
    """The reading of a line of MATLAB; raises InputError."""
    text = source.text[start:end]
    check_code(source, start, end)
    try:
        tree: Any = parser().parse(text)
    except UnexpectedInput as error:
        token = error.token if isinstance(error, UnexpectedToken) else None
        at = start + (error.pos_in_stream or 0) if token is None or token.type != "$END" else end - 1
        shown = source.text[at : at + len(token or "x")]
        raise source.error(f"unexpected `{shown}`", at, at + max(1, len(shown)), "an expression of MATLAB") from None
    reader = Matlab(Arrays(source, profile, types), start)
    left, right = tree.children
    value = reader.read(right)
    sides = [value.parts]
    if left is not None and needs_left:
        sides.insert(0, reader.arrays.name(str(left), reader.span(left), defines).parts)
    return Reading(tuple(sides), source, start, end)


def check_code(source: Statement, start: int, end: int) -> None:
    """Raises InputError for a line that is too long or nested too deeply, or that has control characters."""
    text = source.text[start:end]
    if len(text) > limits.STATEMENT_CHARACTERS:
        raise source.error(
            f"a line of {len(text)} characters",
            start,
            expected=f"at most {limits.STATEMENT_CHARACTERS} (limit STATEMENT_CHARACTERS)",
        )
    depth = signs = 0
    for at, character in enumerate(text):
        if ord(character) < 32 and character != "\t":
            raise source.error(f"the control character U+{ord(character):04X}", start + at, start + at + 1)
        depth += (character in "([{") - (character in ")]}")
        signs = signs + 1 if character in "+-~'" else 0 if not character.isspace() else signs
        if depth > limits.BRACKET_DEPTH or signs > limits.BRACKET_DEPTH:
            raise source.error(
                "nested too deeply", start + at, start + at + 1, f"at most {limits.BRACKET_DEPTH} (limit BRACKET_DEPTH)"
            )


@dataclass
class Matlab:
    """Reads trees of one line that begins at an offset of its source."""

    arrays: Arrays
    offset: int

    def span(self, node: Any) -> tuple[int, int]:
        """Where a tree or token stands in the source."""
        if isinstance(node, Token):
            return self.offset + int(node.start_pos or 0), self.offset + int(node.end_pos or 0)
        return self.offset + int(node.meta.start_pos), self.offset + int(node.meta.end_pos)

    def read(self, node: Any) -> Typed:
        """The text of an expression."""
        handler: Callable[[Any], Typed] = getattr(self, f"_{node.data}")
        return handler(node)

    def _number(self, node: Any) -> Typed:
        return Typed(mark(str(node.children[0]), *self.span(node)), role="number")

    def _name(self, node: Any) -> Typed:
        spelled = str(node.children[0])
        typed = self.arrays.name(spelled, self.span(node))
        if typed.rank == 1:
            fix = f"declare it as {typed.text}[n, 1]"
            raise self.arrays.error(self.span(node), f"{spelled} has one axis; MATLAB's vectors are matrices", "", fix)
        return typed

    def _group(self, node: Any) -> Typed:
        inner = self.read(node.children[0])
        return inner if inner.level == ATOM else Typed(bracketed(inner, ATOM), inner.shape)

    def _sum(self, node: Any) -> Typed:
        left, sign, right = node.children
        return self.arrays.binary(str(sign), self.read(left), self.read(right), self.span(sign), self.span(node))

    def _product(self, node: Any) -> Typed:
        left, sign, right = self.read(node.children[0]), node.children[1], self.read(node.children[2])
        if str(sign) == "*" and left.rank and right.rank:
            return self.arrays.binary("@", left, right, self.span(sign), self.span(node))
        if str(sign) == "/" and right.rank:
            raise self.arrays.error(self.span(sign), "`/` by a matrix solves equations", "./, or inv(A)")
        return self.arrays.binary(str(sign)[-1], left, right, self.span(sign), self.span(node))

    def _signed(self, node: Any) -> Typed:
        sign, inner = node.children[0], self.read(node.children[1])
        return self.arrays.negative(inner, self.span(sign)) if sign == "-" else inner

    def _power(self, node: Any) -> Typed:
        base, sign, exponent = self.read(node.children[0]), node.children[1], self.read(node.children[2])
        if str(sign) == "^" and base.rank:
            raise self.arrays.error(self.span(sign), "`^` of a matrix is its product with itself", ".^")
        return self.arrays.power(base, exponent.text, self.span(sign), self.span(node))

    def _transposed(self, node: Any) -> Typed:
        inner = self.read(node.children[0])
        return inner if not inner.rank else self.arrays.transposed(inner, self.span(node))

    def _range(self, node: Any) -> Typed:
        raise self.arrays.error(self.span(node), "a range where an array belongs", "", "A(2:end, :) is a part of A")

    def _entries(self, node: Any, name: str, arguments: list[Any]) -> Typed:
        """`A(2:end, :)`, `v(1:n)`, `A(i, j)` with numbers and sizes; every part stays a matrix, but one entry is a
        number."""
        typed, span = self.arrays.name(name, self.span(node.children[0])), self.span(node)
        if typed.rank == 2 and len(arguments) == 1 and "1" in typed.shape:  # a row or column by its one subscript
            (argument,) = arguments
            if argument.data == "colon":
                if typed.shape[1] != "1":
                    raise self.arrays.error(span, f"{name}(:) makes a column of a row", f"{name}'")
                return typed
            ones = typed.shape.index("1")
            arguments = [argument, None] if ones == 1 else [None, argument]
        if not typed.rank or len(arguments) != typed.rank:
            what = f"{len(arguments)} subscripts on {name}, which has {typed.rank} axes"
            raise self.arrays.error(span, what, "a subscript for each axis")
        cuts = [self._cut(part, str(size), node) for part, size in zip(arguments, typed.shape, strict=True)]
        is_entry = all(each.is_entry or size == "1" for each, size in zip(cuts, typed.shape, strict=True))
        is_entry = is_entry and any(each.is_entry for each in cuts)
        if is_entry:
            cuts = [each if each.is_entry else Cut(first="0", is_entry=True) for each in cuts]
        else:
            cuts = [Cut(each.first, f"{each.first} + 1") if each.is_entry else each for each in cuts]
        return cut(self.arrays, typed, cuts, span)

    def _cut(self, node: Any, size: str, whole: Any) -> Cut:
        """What one subscript, counted from 1, does with an axis of this size; a range has its last place."""
        if node is None or node.data == "colon":
            return Cut()
        if node.data != "range":
            return Cut(first=_less_one(self._place(node, size)), is_entry=True)
        places = [self._place(part, size) for part in node.children]
        if len(places) == 3 and places[1].startswith("-"):
            if places[1] == "-1" and (places[0], places[2]) == (size, "1"):
                return Cut(is_reversed=True)
            raise self.arrays.error(self.span(node), "a step backwards of a part of an axis", "end:-1:1")
        step = places[1] if len(places) == 3 else ""
        return Cut(_less_one(places[0]), "" if places[-1] == size else places[-1], step)

    def _place(self, node: Any, size: str) -> str:
        """A place on an axis of this size, counted from 1; `end` is the size."""
        if node.data == "name" and str(node.children[0]) == "end":
            return size
        if node.data in ("sum", "product"):
            left, sign, right = node.children
            sides = (self._place(left, size), self._place(right, size))
            if node.data == "product" or str(sign) == "-":
                return f"({sides[0]}) {sign} ({sides[1]})"
            return f"{sides[0]} {sign} {sides[1]}"
        if node.data == "group":
            return f"({self._place(node.children[0], size)})"
        text = self.read(node).text
        if not self.arrays.is_integer(text):
            expected = "A(2:end, 1)"
            raise self.arrays.error(self.span(node), "a subscript that is no integer of numbers and sizes", expected)
        return text

    def _string(self, node: Any) -> Typed:
        raise self.arrays.error(self.span(node), "a text where an array belongs")

    def _colon(self, node: Any) -> Typed:
        raise self.arrays.error(
            self.span(node), "a colon where an array belongs", "", "sum(A(:)) is the sum of all entries"
        )

    # -- calls -------------------------------------------------------------------------------------

    def _call(self, node: Any) -> Typed:
        name, arguments = str(node.children[0]), [part for part in node.children[1:] if part is not None]
        at = self.span(node.children[0])
        if self.arrays.types.kind(name) == "function":
            return self.arrays.call(name, self._operands(node, arguments, 1), self.span(node))
        if self.arrays.types.kind(self.arrays.profile.code.get(name, name)) in ("tensor", "scalar"):
            return self._entries(node, name, arguments)
        if name in ELEMENTWISE:
            return self.arrays.call(ELEMENTWISE[name], self._operands(node, arguments, 1), self.span(node))
        if name in PLAIN:
            return self.arrays.call(PLAIN[name], self._operands(node, arguments, 1 + (name == "kron")), self.span(node))
        handler = getattr(self, f"_call_{name}", None)
        if handler is None:
            known = [*ELEMENTWISE, *PLAIN, *(word[6:] for word in dir(self) if word.startswith("_call_"))]
            raise self.arrays.error(at, f"{name} is not known", ", ".join(sorted(known)))
        found: Typed = handler(node, arguments)
        return found

    def _operands(self, node: Any, arguments: Sequence[Any], count: int) -> list[Typed]:
        if len(arguments) != count:
            raise self.arrays.error(self.span(node), f"{len(arguments)} arguments", f"{count}")
        return [self.read(argument) for argument in arguments]

    def _matrices(self, node: Any, arguments: Sequence[Any], count: int) -> list[Typed]:
        found = self._operands(node, arguments, count)
        if any(each.rank != 2 for each in found):
            raise self.arrays.error(self.span(node), "an argument that is no matrix", "matrices")
        return found

    def _call_conv2(self, node: Any, arguments: list[Any]) -> Typed:
        shape = "full"
        if len(arguments) == 3:
            if arguments[2].data != "string":
                raise self.arrays.error(self.span(arguments[2]), "conv2 of three arrays", "'full', 'same' or 'valid'")
            shape = str(arguments[2].children[0])[1:-1]
        if shape not in ("full", "same", "valid"):
            raise self.arrays.error(self.span(arguments[2]), f"the shape `{shape}`", "'full', 'same' or 'valid'")
        a, b = self._matrices(node, arguments[:2], 2)
        span = self.span(node)
        if shape != "same":
            return self.arrays.call("conv", [a, b], span, shape)
        full = self.arrays.call("conv", [a, b], span, "full")
        return self.arrays.centre(full, a.shape, b.shape, span)

    def _call_rot90(self, node: Any, arguments: list[Any]) -> Typed:
        (a,) = self._matrices(node, arguments[:1], 1)
        turns = 1 if len(arguments) == 1 else self._whole(arguments[1])
        return self.arrays.call("rot90", [a], self.span(node), str(turns % 4))

    def _whole(self, node: Any) -> int:
        text = self.read(node).text
        if not text.lstrip("-").isdigit() or len(text) > 6:
            raise self.arrays.error(self.span(node), "this is no whole number", "a number")
        return int(text)

    def _call_flipud(self, node: Any, arguments: list[Any]) -> Typed:
        return self.arrays.call("flip", self._matrices(node, arguments, 1), self.span(node), self._axis(0))

    def _call_fliplr(self, node: Any, arguments: list[Any]) -> Typed:
        return self.arrays.call("flip", self._matrices(node, arguments, 1), self.span(node), self._axis(1))

    def _axis(self, number: int) -> str:
        return str(number)

    def _call_sum(self, node: Any, arguments: list[Any]) -> Typed:
        return self._total("sum", node, arguments)

    def _call_mean(self, node: Any, arguments: list[Any]) -> Typed:
        return self._total("mean", node, arguments)

    def _total(self, word: str, node: Any, arguments: list[Any]) -> Typed:
        """sum(A(:)), sum(sum(A)), sum(A, 1), sum(A, 2), sum(A, 'all'); of a row or column, sum(v)."""
        span = self.span(node)
        if not 1 <= len(arguments) <= 2:
            raise self.arrays.error(span, f"{len(arguments)} arguments", "one or two")
        inner = arguments[0]
        is_all = len(arguments) == 2 and arguments[1].data == "string" and str(arguments[1].children[0])[1:-1] == "all"
        if inner.data == "call" and len(inner.children) == 2 and inner.children[1] is not None:
            of = inner.children[1]
            if of.data == "colon" and len(arguments) == 1:  # A(:)
                name = Token(
                    "NAME", inner.children[0], start_pos=inner.children[0].start_pos, end_pos=inner.children[0].end_pos
                )
                typed = self.arrays.name(str(name), self.span(name))
                return self.arrays.call(word, [typed], span)
            if str(inner.children[0]) == word and len(arguments) == 1:
                return self.arrays.call(word, [self._matrices(node, [of], 1)[0]], span)
        typed = self.read(inner)
        if is_all or (len(arguments) == 1 and "1" in typed.shape):
            return self.arrays.call(word, [typed], span)
        if len(arguments) == 1:
            raise self.arrays.error(span, WHICH, f"{word}(A(:)) or {word}(A, 1)", f"write {word}(A(:)) or {word}(A, 1)")
        axis = self._whole(arguments[1])
        if typed.rank != 2 or axis not in (1, 2):
            raise self.arrays.error(
                span, f"{word} over axis {axis} of something of rank {typed.rank}", "axis 1 or 2 of a matrix"
            )
        summed = self.arrays.summed(typed, [axis - 1], True, span)
        return summed if word == "sum" else self.arrays.divided(summed, [str(typed.shape[axis - 1])], span)

    def _call_size(self, node: Any, arguments: list[Any]) -> Typed:
        if len(arguments) != 2:
            raise self.arrays.error(self.span(node), "size of which axis?", "size(A, 1)")
        typed, axis = self.read(arguments[0]), self._whole(arguments[1])
        if not 1 <= axis <= typed.rank:
            raise self.arrays.error(self.span(arguments[1]), f"there is no axis {axis}")
        return Typed(bracketed(Typed(mark(str(typed.shape[axis - 1]), *self.span(node)), (), 0), ATOM))

    def _call_ones(self, node: Any, arguments: list[Any]) -> Typed:
        return self.arrays.call("ones", self._operands(node, arguments, 2), self.span(node))

    def _call_zeros(self, node: Any, arguments: list[Any]) -> Typed:
        return self.arrays.call("zeros", self._operands(node, arguments, 2), self.span(node))

    def _call_eye(self, node: Any, arguments: list[Any]) -> Typed:
        return self.arrays.call("eye", self._operands(node, arguments, 1), self.span(node))


def _less_one(place: str) -> str:
    """A place counted from 1 as one counted from 0."""
    return str(int(place) - 1) if place.isdigit() else f"{place} - 1"
