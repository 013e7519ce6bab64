"""The unknowns of which monomials are made: what an atom is an entry of.

A head is a frozen value with its parts: the name of a tensor, or a function with the argument that it is applied to.
Two heads are one unknown exactly if they are one object, and there is one object for each value. An argument is a sum
of terms in formal places, alpha-normalised: nothing in it depends on how its indices were called or in which order its
terms were written. That equal arguments which look different are one unknown is asked elsewhere, in one place
(`Lowering.known_equal`), and proved there.

Law: what a head is, is asked of its class, and what it is a function of, of `mentions`; never of a text. Its `order`
is for sorting alone, and `str` for messages alone.

>>> x = Entry("x")
>>> Reciprocal(x) is Reciprocal(Entry("x")), x in Reciprocal(x).mentions, str(Differential("x"))
(True, True, 'd x')
"""

from __future__ import annotations

from enum import Enum
from fractions import Fraction
from hashlib import blake2b
from typing import Any, ClassVar, Self
from weakref import WeakValueDictionary

from derivations.core.names import Mark, Role
from derivations.core.terms import Condition, Int, equal

LEGIBLE = 120  # letters of an order's text; longer ones are digested


class _Value:
    """One object for each class and parts, so that equality is identity and hashing is free."""

    __slots__ = ("__weakref__", "mentions", "order", "parts")
    parts: tuple[Any, ...]
    mentions: frozenset[Head]  # every head inside, at any depth
    order: str  # different for different values
    _made: ClassVar[WeakValueDictionary[tuple[Any, ...], Any]] = WeakValueDictionary()

    @classmethod
    def _of(cls, *parts: Any) -> Self:
        found: Self | None = _Value._made.get((cls, *parts))
        if found is None:
            found = object.__new__(cls)
            found.parts = parts
            found.mentions = found._mentioned()
            text = f"{cls.__name__} {', '.join(map(_ordered, parts))}"
            found.order = text if len(text) <= LEGIBLE else f"{text[:20]}… {_digest(text)}"
            _Value._made[(cls, *parts)] = found
        return found

    def _mentioned(self) -> frozenset[Head]:
        found: frozenset[Head] = frozenset()
        for part in self.parts:
            if isinstance(part, Head):
                found |= {part, *part.mentions}
            elif isinstance(part, Argument):
                found |= part.mentions
        return found

    def __repr__(self) -> str:
        return self.order

    def __reduce__(self) -> Any:
        return type(self), self.parts


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _ordered(part: Any) -> str:
    """A part as text; parts that differ have texts that differ."""
    if isinstance(part, _Value):
        return part.order
    if isinstance(part, Enum):
        return part.name
    if isinstance(part, tuple):
        return f"({', '.join(map(_ordered, part))})"
    if isinstance(part, frozenset):
        return f"{{{', '.join(sorted(map(_ordered, part)))}}}"
    return repr(part)


class Head(_Value):
    """What an atom is an entry of."""

    __slots__ = ()

    @property
    def label(self) -> str:
        """A short text for messages; different heads may have the same."""
        return self.order

    def __str__(self) -> str:
        return self.label


# What alpha-normalisation leaves of a piece: numerator, denominator, conjuncts, and how many indices are left over.
Part = tuple[Int, Int, frozenset[Condition], int]
Heads = tuple[tuple[Head, int], ...]  # the heads of a monomial with their ranks


class Argument(_Value):
    """A sum of terms in formal places: for each monomial its heads and the pieces of its coefficient, in order."""

    __slots__ = ()

    def __new__(cls, monomials: tuple[tuple[Heads, tuple[Part, ...]], ...]) -> Argument:
        return cls._of(monomials)

    @property
    def heads(self) -> frozenset[Head]:
        """The unknowns that it is a sum of products of; not those inside of them."""
        return frozenset(head for heads, _ in self.parts[0] for head, _ in heads)

    def _mentioned(self) -> frozenset[Head]:
        return self.heads.union(*(head.mentions for head in self.heads))


class Entry(Head):
    """A tensor, or a definition that is not opened."""

    __slots__ = ()

    def __new__(cls, name: str) -> Entry:
        return cls._of(name)

    @property
    def name(self) -> str:
        return str(self.parts[0])

    @property
    def label(self) -> str:
        return self.name


class Differential(Head):
    """d x of a tensor or definition x."""

    __slots__ = ()

    def __new__(cls, name: str) -> Differential:
        return cls._of(name)

    @property
    def name(self) -> str:
        return str(self.parts[0])

    @property
    def label(self) -> str:
        return f"d {self.name}"


class LossValue(Head):
    """The value of an arbitrary loss."""

    __slots__ = ()

    def __new__(cls, name: str) -> LossValue:
        return cls._of(name)

    @property
    def name(self) -> str:
        return str(self.parts[0])

    @property
    def label(self) -> str:
        return f"loss {self.name}"


class Sensitivity(Head):
    """∂J, the derivative of an arbitrary loss by what it is a function of."""

    __slots__ = ()

    def __new__(cls, loss: str) -> Sensitivity:
        return cls._of(loss)

    @property
    def loss(self) -> str:
        return str(self.parts[0])

    @property
    def label(self) -> str:
        return f"∂{self.loss}"


class Reciprocal(Head):
    """1 / an entry of another head."""

    __slots__ = ()

    def __new__(cls, of: Head) -> Reciprocal:
        return cls._of(of)

    @property
    def of(self) -> Head:
        found: Head = self.parts[0]
        return found

    @property
    def label(self) -> str:
        return f"1/{self.of.label}"


class Kind(Enum):
    """What is known of a function of one variable."""

    ARBITRARY = "arbitrary"  # declared by `function f`
    KNOWN = "known"  # exp, log, ...
    JUMP = "jump"  # the indicator [t > 0], by its comparison
    INVERSE = "inverse"  # 1/t
    POWER = "power"  # t**e, by its exponent: a fraction of sizes


class Map(_Value):
    """A function of one variable, applied entry by entry."""

    __slots__ = ()

    def __new__(cls, kind: Kind, name: str | tuple[Int, Int]) -> Map:
        return cls._of(kind, name)

    @property
    def kind(self) -> Kind:
        found: Kind = self.parts[0]
        return found

    @property
    def name(self) -> str:
        return str(self.parts[1])

    @property
    def exponent(self) -> tuple[Int, Int]:
        """Of a power: its exponent, a numerator and a denominator."""
        assert self.kind is Kind.POWER
        found: tuple[Int, Int] = self.parts[1]
        return found


INVERSE = Map(Kind.INVERSE, "1/")


class _OfArgument(Head):
    """Something of an argument, the last of its parts."""

    __slots__ = ()

    @property
    def argument(self) -> Argument:
        found: Argument = self.parts[-1]
        return found


class Function(_OfArgument):
    """The derivative of some order (0: none) of a function, of an argument."""

    __slots__ = ()

    def __new__(cls, function: Map, order: int, argument: Argument) -> Function:
        return cls._of(function, order, argument)

    @property
    def function(self) -> Map:
        found: Map = self.parts[0]
        return found

    @property
    def derivative(self) -> int:
        found: int = self.parts[1]
        return found

    @property
    def label(self) -> str:
        return f"{self.function.name}{chr(39) * self.derivative}({_inside(self.argument)})"


class Frame(_Value):
    """The tensor's shape, the strides and the paddings of windows that may leave their tensor."""

    __slots__ = ()

    def __new__(cls, shape: tuple[Int, ...], steps: tuple[Int, ...], pad: tuple[tuple[Int, ...], ...]) -> Frame:
        return cls._of(shape, steps, pad)


class Argmax(_OfArgument):
    """1 at the place of a window's maximum, else 0: of windows of a size along some axes of an argument, which lie in
    it or (`frame`) may leave it."""

    __slots__ = ()

    def __new__(
        cls, window: tuple[Int, ...], axes: tuple[int, ...], frame: Frame | None, argument: Argument
    ) -> Argmax:
        return cls._of(window, axes, frame, argument)

    @property
    def frame(self) -> Frame | None:
        found: Frame | None = self.parts[2]
        return found

    @property
    def label(self) -> str:
        return f"argmax({_inside(self.argument)})"


class Value(_OfArgument):
    """A sum that stands under a function or a bar: an unknown with its definition."""

    __slots__ = ()

    def __new__(cls, argument: Argument) -> Value:
        return cls._of(argument)

    @property
    def label(self) -> str:
        return "(…)"


class _OfMatrix(_OfArgument):
    """Something of a square matrix of a size, given by its entry at formal places: outer indices, row, column."""

    __slots__ = ()
    word: ClassVar[str]

    def __new__(cls, size: Int, argument: Argument) -> Self:
        return cls._of(size, argument)

    @property
    def label(self) -> str:
        return f"{self.word}({_inside(self.argument)})"


class Inverse(_OfMatrix):
    """An entry of the inverse: at outer places, row and column."""

    __slots__ = ()
    word = "inv"


class Determinant(_OfMatrix):
    """The determinant, at outer places."""

    __slots__ = ()
    word = "det"


class Root(Head):
    """A power of another head's entry with an exponent that is no whole number: a fraction of sizes."""

    __slots__ = ()

    def __new__(cls, of: Head, numerator: Int, denominator: Int) -> Root:
        return cls._of(of, numerator, denominator)

    @property
    def of(self) -> Head:
        found: Head = self.parts[0]
        return found

    @property
    def exponent(self) -> tuple[Int, Int]:
        return self.parts[1], self.parts[2]

    @property
    def label(self) -> str:
        return f"{self.of.label}^({self.parts[1]}/{self.parts[2]})"


class Side(Enum):
    """Where an argument lies beside a number."""

    ABOVE = "above"
    AT = "at"


class Choice(_OfArgument):
    """1 where an argument is above a number (or at it), else 0."""

    __slots__ = ()

    def __new__(cls, side: Side, threshold: Fraction, argument: Argument) -> Choice:
        return cls._of(side, threshold, argument)

    @property
    def side(self) -> Side:
        found: Side = self.parts[0]
        return found

    @property
    def threshold(self) -> Fraction:
        found: Fraction = self.parts[1]
        return found

    @property
    def label(self) -> str:
        return f"[{_inside(self.argument)} {self.side.value} {self.threshold}]"


def alone(argument: Argument) -> Head | None:
    """The head, where an argument is one entry of it at the formal places in their order, and nothing else."""
    monomials: tuple[tuple[Heads, tuple[Part, ...]], ...] = argument.parts[0]
    if len(monomials) != 1 or len(monomials[0][0]) != 1 or len(monomials[0][1]) != 1:
        return None
    (((head, rank),), (part,)) = monomials[0]
    same = [equal(Int.symbol(Mark(Role.PLACE, 0, axis)), Int.symbol(Mark(Role.FORMAL, axis))) for axis in range(rank)]
    return head if part == (Int.of(1), Int.of(1), frozenset(same), 0) else None


def _inside(argument: Argument) -> str:
    only = alone(argument)
    return only.label if isinstance(only, Entry) else "…"
