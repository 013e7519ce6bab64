"""What array libraries have in common: sums over axes, broadcasting, contractions, in text of the claim language.

Law: an axis that a library would stretch is stretched in the text, in writing; nothing is left to a shape that happens
to fit. What no text of the language says exactly is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from derivations.language.errors import InputError, did_you_mean
from derivations.language.source import Statement
from derivations.notation.profile import IDENTIFIER, Profile
from derivations.notation.typed import (
    ATOM,
    POWER,
    PRODUCT,
    SUM,
    UNARY,
    Part,
    Shape,
    Typed,
    Types,
    Untyped,
    bracketed,
    listed,
    mark,
)

INDEX_NAMES = ("i", "j", "k", "l", "p", "q", "u", "v", "s", "t", "a", "b", "c", "e", "g", "h", "o", "r", "x", "y")
LEVELS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "@": PRODUCT}
ELEMENTWISE = ("exp", "log", "sqrt", "tanh", "sigmoid", "relu", "softplus", "abs")


@dataclass
class Arrays:
    """Builds text for one line of code at offsets of its source."""

    source: Statement
    profile: Profile
    types: Types
    taken: set[str] = field(default_factory=set)

    def error(self, at: tuple[int, int], message: str, expected: str = "", fix: str = "") -> InputError:
        """An error at a stretch of the line."""
        return self.source.error(message, *at, expected, fix)

    def shaped(self, typed: Typed, at: tuple[int, int]) -> Typed:
        """The text with the shape that the context gives it."""
        try:
            return replace(typed, shape=self.types.shape(typed.text, frozenset()))
        except Untyped as reason:
            raise self.error(at, f"this reads as `{typed.text}`: {reason}") from None

    def is_integer(self, text: str) -> bool:
        """Whether a text is an integer of numbers and sizes."""
        try:
            self.types.shape(f"zeros(1 + {text})", frozenset())
        except Untyped:
            return False
        return True

    def are_equal(self, one: str, other: str) -> bool:
        """Whether two sizes are the same expression."""
        try:
            return self.types.shape(f"zeros({one})", frozenset()) == self.types.shape(f"zeros({other})", frozenset())
        except Untyped:
            return False

    def quotient(self, size: str, count: str) -> str | None:
        """A size divided by another, where that leaves nothing over for all sizes."""
        try:
            (found,) = self.types.shape(f"zeros(({size}) / ({count}))", frozenset())
        except Untyped:
            return None
        return found if self.are_equal(size, f"({found})*({count})") else None

    # -- names and indices -------------------------------------------------------------------------

    def name(self, spelled: str, at: tuple[int, int], defines: bool = False) -> Typed:
        """A variable of the code: what the notation says it is, or the declared name that is spelled so."""
        text = self.profile.code.get(spelled, spelled)
        kind = self.types.kind(text)
        if not kind and defines:
            return Typed(mark(text, *at), role="name")
        if kind in ("", "function", "choice", "word"):
            what = f"{spelled} is {text}, which is not declared" if text != spelled else f"{spelled} is not declared"
            hint = did_you_mean(spelled, self.types.names())
            say = f"say what it is: {spelled} is ... in a notation block"
            raise self.error(at, f"{spelled} is {kind}, no array" if kind else what, "a declared name", hint or say)
        return self.shaped(Typed(mark(text, *at), role="name"), at)

    def fresh(self, count: int, wanted: Sequence[str] = (), inside: str = "") -> list[str]:
        """Names for indices that nothing else has, and nothing in the text that stands inside of them."""
        found: list[str] = []
        used = {*self.types.names(), *self.taken, *IDENTIFIER.findall(inside)}
        for number in range(count):
            choices = [*wanted[number : number + 1], *INDEX_NAMES, *(f"i{at}" for at in range(1, 100))]
            name = next(
                each for each in choices if each not in used and each not in found and self.types.kind(each) == ""
            )
            found.append(name)
        return found

    def range_of(self, index: str, size: str) -> str:
        """`i in 0..n - 1`, or from 1 where the context counts so."""
        origin = self.types.origin
        return f"{index} in 1..{size}" if origin else f"{index} in 0..{size} - 1"

    # -- arithmetic --------------------------------------------------------------------------------

    def binary(self, sign: str, left: Typed, right: Typed, at: tuple[int, int], span: tuple[int, int]) -> Typed:
        """`+ - * /` of entries, with the shapes of both stretched to one; `@` as it stands."""
        if sign == "@":
            if left.rank not in (1, 2) or right.rank not in (1, 2):
                raise self.error(
                    span, f"a matrix product of rank {left.rank} and rank {right.rank}", "matrices or vectors"
                )
        else:
            left, right = self._stretched(left, right, span)
        level = LEVELS[sign]
        parts = (
            *bracketed(left, level),
            Part(f" {sign} ", *at),
            *bracketed(right, level + 1 if sign != "+" else level),
        )
        if sign == "@":
            return Typed(parts, (*left.shape[:-1], *right.shape[1:]), level)
        return Typed(parts, left.shape or right.shape, level)

    def compared(self, sign: str, left: Typed, right: Typed, span: tuple[int, int]) -> Typed:
        """`[x > y]` of entries, with the shapes of both stretched to one."""
        left, right = self._stretched(left, right, span)
        start, end = span
        sides = (*bracketed(left, SUM), Part(f" {sign} ", start, end), *bracketed(right, SUM))
        return self.shaped(Typed((Part("[", start, start + 1), *sides, Part("]", end - 1, end))), span)

    def chosen(self, condition: Typed, one: Typed, other: Typed, span: tuple[int, int]) -> Typed:
        """`one` where the condition is 1, `other` where it is 0."""
        without = self.binary("-", Typed(mark("1", *span), role="number"), condition, span, span)
        kept = self.binary("*", condition, one, span, span)
        return self.binary("+", kept, self.binary("*", without, other, span, span), span, span)

    def _stretched(self, left: Typed, right: Typed, span: tuple[int, int]) -> tuple[Typed, Typed]:
        if not left.rank or not right.rank or left.shape == right.shape:
            return left, right
        rank = max(left.rank, right.rank)
        shapes = [("1",) * (rank - each.rank) + each.shape for each in (left, right)]
        target = tuple(b if a == "1" else a for a, b in zip(*shapes, strict=True))
        sides = [self.stretched(each, target, span) for each in (left, right)]
        return sides[0], sides[1]

    def stretched(self, typed: Typed, target: Shape, span: tuple[int, int]) -> Typed:
        """The array with axes of size 1 repeated, and axes put in front, so that it has the target's shape."""
        missing = len(target) - typed.rank
        repeated = [at for at, size in enumerate(typed.shape) if size == "1" and target[at + missing] != "1"]
        if not missing and not repeated:
            return typed
        for at, size in enumerate(typed.shape):
            if at not in repeated and not self.are_equal(str(size), str(target[at + missing])):
                what = f"axes of sizes {size} and {target[at + missing]} side by side"
                raise self.error(span, what, "equal sizes, or 1", "axes are matched from the last one")
        indices = self.fresh(len(target), inside=typed.text)
        ranges = ", ".join(self.range_of(index, str(size)) for index, size in zip(indices, target, strict=True))
        own = [str(self.types.origin) if at in repeated else indices[at + missing] for at in range(typed.rank)]
        parts = (Part(f"entries[{ranges}](", *span), *bracketed(typed, ATOM), Part(f"[{', '.join(own)}])", *span))
        return self.shaped(Typed(parts), span)

    def negative(self, typed: Typed, at: tuple[int, int]) -> Typed:
        """-x."""
        return replace(typed, parts=(Part("-", *at), *bracketed(typed, UNARY)), level=UNARY, role="")

    def power(self, base: Typed, exponent: str, at: tuple[int, int], span: tuple[int, int]) -> Typed:
        """Powers of entries with a whole exponent."""
        return self.shaped(Typed((*bracketed(base, ATOM), Part(f"**{exponent}", *at)), (), POWER), span)

    def call(self, name: str, arguments: Sequence[Typed], span: tuple[int, int], tail: str = "") -> Typed:
        """`name(a, b, tail)`."""
        start, end = span
        more = f", {tail}" if tail and arguments else tail
        parts = (Part(f"{name}(", start, end), *listed(arguments), Part(f"{more})", max(end - 1, start), end))
        return self.shaped(Typed(parts), span)

    def transposed(self, typed: Typed, span: tuple[int, int]) -> Typed:
        """The transpose of a matrix."""
        if typed.rank != 2:
            raise self.error(span, f"the transpose of something of rank {typed.rank}", "a matrix")
        return self.shaped(Typed((*bracketed(typed, ATOM), Part(".T", *span))), span)

    def centre(self, full: Typed, shape: Shape, kernel: Shape, span: tuple[int, int]) -> Typed:
        """The part of a full convolution that has the data's shape and begins at half of the kernel's size."""
        origin = self.types.origin
        slices = []
        for size, width in zip(shape, kernel, strict=True):
            first = f"({width})//2" + (f" + {origin}" if origin else "")
            slices.append(f"{first}:{first} + {size}")
        return self.shaped(Typed((*full.parts, Part(f"[{', '.join(slices)}]", *span))), span)

    # -- sums and contractions ---------------------------------------------------------------------

    def summed(self, typed: Typed, axes: Sequence[int], keeps: bool, span: tuple[int, int]) -> Typed:
        """The sum over some axes; `keeps`: they stay, of size 1."""
        if not keeps and len(axes) == typed.rank:
            return self.call("sum", [typed], span)
        if keeps and typed.rank == 2 and len(axes) == 1:
            return self._by_ones(typed, axes[0], span)
        origin = self.types.origin
        indices = self.fresh(typed.rank, inside=typed.text)
        summed = ", ".join(self.range_of(indices[at], str(typed.shape[at])) for at in axes)
        entry = (*bracketed(typed, ATOM), Part(f"[{', '.join(indices)}]", *span))
        body = (Part(f"sum[{summed}](", *span), *entry, Part(")", *span))
        self.taken |= set(indices)
        units = self.fresh(len(axes), inside=typed.text)
        self.taken -= set(indices)
        outer = []
        for at in range(typed.rank):
            if at not in axes:
                outer.append(self.range_of(indices[at], str(typed.shape[at])))
            elif keeps:
                outer.append(f"{units[list(axes).index(at)]} in {origin}..{origin}")
        return self.shaped(Typed((Part(f"entries[{', '.join(outer)}](", *span), *body, Part(")", *span))), span)

    def kept(self, typed: Typed, axis: int, span: tuple[int, int]) -> Typed:
        """The array with an axis of size 1 put in."""
        indices = self.fresh(typed.rank + 1, inside=typed.text)
        origin = self.types.origin
        sizes = list(map(str, typed.shape))
        ranges = [self.range_of(index, size) for index, size in zip(indices[1:], sizes, strict=True)]
        ranges.insert(axis, f"{indices[0]} in {origin}..{origin}")
        entry = (Part(f"[{', '.join(indices[1:])}]", *span),) if sizes else ()
        parts = (Part(f"entries[{', '.join(ranges)}](", *span), *bracketed(typed, ATOM), *entry, Part(")", *span))
        return self.shaped(Typed(parts), span)

    def _by_ones(self, typed: Typed, axis: int, span: tuple[int, int]) -> Typed:
        if axis == 0:
            ones = Typed(mark(f"ones(1, {typed.shape[0]})", *span), ("1", typed.shape[0]))
            return self.binary("@", ones, typed, span, span)
        ones = Typed(mark(f"ones({typed.shape[1]}, 1)", *span), (typed.shape[1], "1"))
        return self.binary("@", typed, ones, span, span)

    def divided(self, typed: Typed, sizes: Sequence[str], span: tuple[int, int]) -> Typed:
        """An array divided by a product of sizes."""
        count = Typed(mark("*".join(f"({size})" for size in sizes), *span), (), PRODUCT)
        return self.binary("/", typed, count, span, span)

    def contracted(self, operands: Sequence[Typed], letters: Sequence[str], out: str, span: tuple[int, int]) -> Typed:
        """Einstein's sum: an index for each letter, summed where it is not in `out`."""
        sizes: dict[str, str] = {}
        for operand, word in zip(operands, letters, strict=True):
            if len(word) != operand.rank:
                raise self.error(span, f"`{word}` names {len(word)} axes of `{operand.text}`, which has {operand.rank}")
            for letter, size in zip(word, operand.shape, strict=True):
                sizes.setdefault(letter, str(size))
        if any(letter not in sizes for letter in out) or len(set(out)) < len(out):
            raise self.error(span, f"the output `{out}` has a letter that no operand has, or one twice")
        inside = " ".join(operand.text for operand in operands)
        names = dict(zip(sizes, self.fresh(len(sizes), list(sizes), inside), strict=True))
        self._check_equal(operands, letters, sizes, span)
        parts: list[Part] = []
        for number, (operand, word) in enumerate(zip(operands, letters, strict=True)):
            parts += [Part(" * ", *span)] if number else []
            indices = f"[{', '.join(names[letter] for letter in word)}]" if word else ""
            parts += [*bracketed(operand, ATOM), Part(indices, *span)] if indices else bracketed(operand, POWER)
        body = tuple(parts)
        summed = [letter for letter in sizes if letter not in out]
        if summed:
            ranges = ", ".join(self.range_of(names[letter], sizes[letter]) for letter in summed)
            body = (Part(f"sum[{ranges}](", *span), *body, Part(")", *span))
        if out:
            ranges = ", ".join(self.range_of(names[letter], sizes[letter]) for letter in out)
            body = (Part(f"entries[{ranges}](", *span), *body, Part(")", *span))
        return self.shaped(Typed(body, (), ATOM if out or summed else PRODUCT), span)

    def _check_equal(
        self, operands: Sequence[Typed], letters: Sequence[str], sizes: Mapping[str, str], span: tuple[int, int]
    ) -> None:
        """A letter of two axes: the sum runs over the first, so that the second must be as long."""
        for operand, word in zip(operands, letters, strict=True):
            for letter, size in zip(word, operand.shape, strict=True):
                if size != sizes[letter] and not self.are_equal(str(size), sizes[letter]):
                    raise self.error(
                        span, f"`{letter}` stands for axes of sizes {sizes[letter]} and {size}", "equal sizes"
                    )


Make = Callable[..., Typed]
__all__ = ["ELEMENTWISE", "IDENTIFIER", "Arrays", "Make"]
