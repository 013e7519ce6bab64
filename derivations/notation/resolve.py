r"""Trees of displays to claim-language text: sides, terms, products with their signs, and the forms of atoms.

What a symbol is stands in `symbols.py`, what is applied in `applied.py`, Σ in `sums.py`, ∂ in `derivatives.py`, what
hangs on an atom in `scripts.py`.

Law: everything that is read is said by the profile, by the context's declarations, or by the short list of what every
textbook means by it (∂J/∂w and ∇ of a scalar, ᵀ, ⊙ and ∘, Σ, fractions, roots, exp, f′). All else is refused where it
stands, with the notation line that would settle it. Where several readings typecheck, none is taken.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lark import Token

from derivations.language.errors import InputError
from derivations.language.source import Statement
from derivations.notation import (
    applied,
    cases,
    derivatives,
    names,
    norms,
    printed,
    products,
    scripts,
    shapes,
    sums,
    symbols,
)
from derivations.notation.profile import IDENTITY_CALL, Key, Profile, Rule
from derivations.notation.structure import canonical, span
from derivations.notation.typed import (
    ATOM,
    PRODUCT,
    SUM,
    UNARY,
    Hole,
    Part,
    Typed,
    Types,
    Untyped,
    agree,
    bracketed,
    call_of,
    listed,
    mark,
)


@dataclass
class Resolver:
    """Reads the tree of one display. `bound` are the indices of the sums around; `free` are undeclared single letters
    that stand as indices, which the elaborator allows or refuses."""

    source: Statement
    profile: Profile
    types: Types
    runs: dict[int, str] = field(default_factory=dict)
    bound: list[str] = field(default_factory=list)
    free: set[str] = field(default_factory=set)
    holes: int = 0
    defines: bool = False  # the first side may be a name that is not declared yet
    own_names: dict[Key, list[str]] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)  # the indices of the maxima that are read
    reasons: list[str] = field(default_factory=list)  # why declared products of the present factors do not fit

    def __post_init__(self) -> None:
        for name in self.types.names():
            for key in names.own_keys(name):
                self.own_names.setdefault(key, []).append(name)

    # -- errors ------------------------------------------------------------------------------------

    def error(self, at: Any, message: str, expected: str = "", fix: str = "") -> InputError:
        """An error at a tree, a token or something typed."""
        start, end = at.at(0, 1) if isinstance(at, Typed) else span(at)
        return self.source.error(message, start, end, expected, fix)

    def shown(self, node: Any) -> str:
        """A tree as its author wrote it."""
        start, end = span(node)
        return " ".join(self.source.text[start:end].split())

    @property
    def indices(self) -> frozenset[str]:
        """Every index that is known here."""
        return frozenset({*self.bound, *self.free})

    def hole(self) -> Hole:
        """A size that is not yet known."""
        self.holes += 1
        return Hole(self.holes)

    def shape_of(self, at: Any, typed: Typed) -> Typed:
        """The text with the shape that the context gives it; an error where it means nothing."""
        if typed.is_open:
            raise self.error(at, "the size of a matrix of ones is not settled here", "", "write ones(m, n) in full")
        try:
            return replace(typed, shape=self.types.shape(typed.text, self.indices))
        except Untyped as reason:
            raise self.error(at, f"this reads as `{typed.text}`: {reason}") from None

    # -- sides, terms ------------------------------------------------------------------------------

    def sides(self, tree: Any) -> list[Typed]:
        r"""The sides of a chain; `x \in \mathbb{R}^{m \times n}` is an equation of shapes."""
        if tree.data == "belongs":
            return shapes.belongs(self, tree)
        return [self.side(part) for part in tree.children if not isinstance(part, Token)]

    def side(self, tree: Any) -> Typed:
        """A sum of terms."""
        sign, *rest = tree.children
        closed = [len(self.closed)]
        terms = [self.term(rest[0])]
        if sign is not None and sign == "-":
            first = terms[0]
            start, end = span(sign)
            terms[0] = replace(
                first, parts=(Part("-", start, end), *bracketed(first, PRODUCT)), level=min(UNARY, first.level)
            )
        parts, shape, equal = list(terms[0].parts), terms[0].shape, list(terms[0].equal)
        for sign, part in zip(rest[1::2], rest[2::2], strict=True):
            closed.append(len(self.closed))
            term = self.term(part)
            if shape and term.rank and term.rank != len(shape):
                what = f"a sum of rank {len(shape)} and rank {term.rank}"
                raise self.error(part, what, "terms of one shape, or numbers")
            if shape and term.shape:
                equal += agree(shape, term.shape)
                shape = tuple(b if isinstance(a, Hole) else a for a, b in zip(shape, term.shape, strict=True))
            parts += [Part(f" {sign} ", *span(sign)), *bracketed(term, PRODUCT)]
            equal += term.equal
            shape = shape or term.shape
            terms.append(term)
        if len(terms) == 1:
            return terms[0]
        closed.append(len(self.closed))
        self._check_sums(terms, [self.closed[a:b] for a, b in itertools.pairwise(closed)])
        return Typed(tuple(parts), shape, SUM, tuple(equal))

    def _check_sums(self, terms: Sequence[Typed], closed: Sequence[Sequence[str]]) -> None:
        """A sum or maximum ends before + and -; where a later term has its index, its author meant otherwise."""
        after: set[str] = set()  # the words that stand free in the terms behind
        for number in reversed(range(len(terms))):
            ended = set(re.findall(r"sum\[([^\]]*)\]", terms[number].text))
            indices = {item.split()[0] for group in ended for item in group.split(", ") if item}
            indices |= set(closed[number])
            loose = indices & (after - set(self.bound))
            if loose:
                index = min(loose)
                raise self.error(
                    next(term for term in terms[number + 1 :] if index in names.loose(term.text)),
                    f"{index} is the index of a sum or maximum before it, which ends at the sign between them",
                    "",
                    "put braces around the terms of the sum: \\sum_" + index + " { ... }",
                )
            after |= names.loose(terms[number].text)

    def term(self, tree: Any) -> Typed:
        """A product: factors and the signs between them."""
        return self.product(list(tree.children), tree)

    def product(self, items: list[Any], tree: Any) -> Typed:
        """A product of these items."""
        factors: list[Typed] = []
        signs: list[products.Sign] = []
        pending: Any = None
        at = 0
        while at < len(items):
            item = items[at]
            if item.data == "operator":
                if not factors or pending is not None:
                    raise self.error(item, f"`{self.shown(item)}` lacks a factor", "a factor on both sides")
                pending, at = item, at + 1
                continue
            self._check_brace(items, at)
            factor, used = self.factor_at(items, at, pending is None and bool(factors))
            if factors and pending is None:
                self._check_whole(factors[-1], factor, item)
            if factors:
                signs.append(self.sign(pending, factors[-1], factor, item))
            factors.append(factor)
            pending, at = None, at + used
        if pending is not None:
            raise self.error(pending, f"`{self.shown(pending)}` lacks a factor", "a factor on both sides")
        return factors[0] if len(factors) == 1 else self.bound_product(factors, signs, tree)

    def _check_whole(self, before: Typed, factor: Typed, item: Any) -> None:
        """`AB_{ij}` may be an entry of AB, or A times an entry."""
        if before.role == "name" and before.rank > 1 and factor.role == "entry" and not factor.rank:
            shown = self.shown(item)
            what = f"`{before.text} {shown}`: an entry of the product, or {before.text} times the number {shown}?"
            raise self.error(item, what, "brackets, or the number in front", "put brackets around what has the entry")

    def bound_product(self, factors: list[Typed], signs: list[products.Sign], tree: Any) -> Typed:
        """The one way in which the factors bind; an error where there is none, or more than one."""
        self.reasons = []
        found = products.ways(factors, signs)
        if len(found) == 1 and any(sign.is_open for sign in signs):
            found = products.beyond(factors, signs) or found
        if len(found) == 1:
            return found[0].typed
        if not found and len(factors) > products.MOST_FACTORS:
            raise self.error(
                tree, f"a product of {len(factors)} factors", f"at most {products.MOST_FACTORS}", "add brackets"
            )
        if not found:
            ranks = ", ".join(f"{factor.text} of rank {factor.rank}" for factor in factors)
            ranks += f"; {self.reasons[0]}" if self.reasons else ""
            raise self.error(
                tree, f"no product fits these factors: {ranks}", "a sign or a rule that says which product"
            )
        named = [sign.name for sign in signs if sign.name]
        shown = " or ".join(f"`{way.typed.text}`" for way in found[:4])
        says = "binds tighter` (or weaker, or either) in a notation block"
        fix = f"put brackets, or say `{named[0]} {says}" if named else ""
        raise self.error(tree, f"this can be read as {shown}", "one reading", fix or "write the product's sign")

    def _check_brace(self, items: Sequence[Any], at: int) -> None:
        """A brace group right after an atom is an argument of nothing: a lost underscore."""
        atom = items[at].children[0]
        if not at or atom.data != "brace" or items[at - 1].data == "operator":
            return
        before = items[at - 1].children[0]
        if before.data == "sum" or (before.data == "word" and not self._is_name(items[at - 1])):
            return
        raise self.error(
            atom,
            f"a brace group right after `{self.shown(items[at - 1])}`",
            "`_` or `^` before it, or an operator",
            "was an underscore lost? write _{...}",
        )

    # -- signs between factors ---------------------------------------------------------------------

    def sign(self, operator: Any, left: Typed, right: Typed, item: Any) -> products.Sign:
        """What stands between two factors."""
        found = self._sign(operator, left, right, item)
        is_open = operator is not None and canonical(operator) in self.profile.settled
        return replace(found, is_open=True) if is_open else found

    def _sign(self, operator: Any, left: Typed, right: Typed, item: Any) -> products.Sign:
        if operator is None:
            start, _ = span(item)
            return products.Sign("", start, start + 1)
        start, end = span(operator)
        name = canonical(operator)
        rule = self.profile.operators.get(name)
        binds = self.profile.binding.get(name, "")
        if rule is not None:
            head = IDENTITY_CALL.match(rule.text)
            linear = rule.text.strip() in ("X * Y", "Y * X", "X @ Y") or (
                head is not None and (head["head"] in products.MULTILINEAR or self.types.kind(head["head"]) == "choice")
            )
            if rule.text.replace(" ", "") == "*".join(rule.places):
                return products.Sign(products.HADAMARD, start, end, binds=binds)
            return products.Sign(name, start, end, self._filler(rule, operator), linear, binds)
        if (found := printed.printed_operator(self, operator)) is not None:
            return products.Sign(name, start, end, self._filler(found, operator), True, binds)
        plain = str(operator.children[0])
        if plain == products.DOT and len(operator.children) == 1 and not (left.rank and right.rank):
            return products.Sign(products.SCALE, start, end, binds=binds)
        if len(operator.children) == 1 and plain in (
            products.DOT,
            products.CROSS,
            products.SLASH,
            *products.ENTRYWISE,
        ):
            return products.Sign(products.HADAMARD if plain in products.ENTRYWISE else plain, start, end, binds=binds)
        shown = self.shown(operator)
        meant = {"\\otimes": "kron(X, Y), or X * Y", "*": "conv(X, Y, valid), or X * Y"}
        raise self.error(
            operator,
            f"which product `{shown}` is, is not said",
            "a rule of a notation block",
            f"X {shown} Y is {meant.get(name, 'conv(X, Y, valid)')}",
        )

    def _filler(self, rule: Rule, operator: Any) -> Callable[[Typed, Typed], Typed | None]:
        def fill(left: Typed, right: Typed) -> Typed | None:
            try:
                return self.filled(rule, [left, right], operator, quiet=True)
            except Untyped as reason:
                self.reasons.append(str(reason))
                return None

        return fill

    def filled(self, rule: Rule, arguments: Sequence[Typed], at: Any, quiet: bool = False) -> Typed:
        """A rule with its places filled; its shape is the context's to say. Raises Untyped where quiet."""
        given = dict(zip(rule.places, arguments, strict=True))
        whole = not IDENTITY_CALL.match(rule.text)
        start, end = span(at)
        parts: list[Part] = []
        for number, piece in enumerate(rule.pieces()):
            if number % 2:
                parts += bracketed(given[piece], ATOM if whole else SUM)
            elif piece:
                parts.append(Part(piece, start, end))
        equal = tuple(pair for argument in arguments for pair in argument.equal)
        level = PRODUCT if whole and any(sign in rule.text for sign in "*/@") else SUM if whole else ATOM
        made = Typed(tuple(parts), (), level, equal)
        if made.is_open and not quiet and (of_all := re.fullmatch(r"(tr|sum|mean)\(X\)", rule.text.replace(" ", ""))):
            return printed.called(self, of_all[1], arguments, [], at)
        if quiet:
            if made.is_open:
                raise Untyped("a size is open")
            return replace(made, shape=self.types.shape(made.text, self.indices))
        return self.shape_of(at, made)

    # -- factors -----------------------------------------------------------------------------------

    def factor_at(self, items: list[Any], at: int, is_juxtaposed: bool) -> tuple[Typed, int]:
        """The factor that begins at an item, and how many items it takes."""
        item = items[at]
        atom, trails = item.children[0], list(item.children[1:])
        if atom.data == "sum":
            return sums.big_sum(self, item, items[at + 1 :]), len(items) - at
        if atom.data == "nabla" and at + 1 < len(items) and names.lookup(self, atom, trails) is not None:
            derivatives.check_end(self, self.shown(item), items[at + 1])  # a name that ends with its variable
        elif atom.data == "nabla" and names.lookup(self, atom, trails) is None:
            return derivatives.nabla(self, item, items[at + 1 : at + 3]), 2
        if atom.data == "partial":
            return derivatives.slashed(self, items, at)
        if atom.data == "frac" and at + 1 < len(items):
            derivatives.check_point(self, item, items[at + 1])
        if atom.data == "frac" and (of := derivatives.of_operator(self, items, at)) is not None:
            return of
        if is_juxtaposed and atom.data == "number":
            return symbols.number_after(self, item), 1
        number = names.single(atom) if is_juxtaposed and atom.data == "group" else None
        if number is not None and number.data == "number":
            raise self.error(item, f"`{self.shown(item)}`: the number of the equation, or a factor?", "", r"\tag{...}")
        if (found := applied.application(self, items, at) or applied.entries(self, items, at)) is not None:
            return found
        return self.factor(atom, trails, item), 1

    def factor(self, atom: Any, trails: list[Any], item: Any) -> Typed:
        """An atom with its scripts."""
        if atom.data == "brace" and trails:
            self._check_unseen(atom)
        named = self.named(atom, trails)
        if named is None and (special := self._special(atom, trails, item)) is not None:
            return special
        if named is not None:
            typed, rest = named
            if typed.role == "function":
                raise self.error(item, f"the function `{self.shown(item)}` has no argument", "brackets after it")
            return self.trailed(typed, rest, item, is_name=True)
        return self.trailed(self.atom(atom), trails, item, is_name=False)

    def _check_unseen(self, atom: Any) -> None:
        """`{A + B}^T` is seen as A + Bᵀ: braces hold one symbol together, no formula."""
        held = names.as_factor(atom)
        if held is None or any(trail.data != "sub" for trail in held.children[1:]):
            raise self.error(atom, "a script on a formula in braces, which nobody sees", "brackets", "write ( ... )")

    def _special(self, atom: Any, trails: list[Any], item: Any) -> Typed | None:
        """Matrices of ones, the identity, tensors by their entries: forms that take their scripts along."""
        base = canonical(atom)
        if atom.data == "norm":
            return norms.norm(self, atom, trails, item)
        if atom.data == "symbol" and (base in printed.FILLED or base == "I"):
            made = printed.filled(self, item, base, trails)
            if made is not None:
                return made
        if base in self.profile.ones and (atom.data == "symbol" or trails):
            return symbols.ones(self, item, trails)
        if base == r"\mathbf{1}":
            raise self.error(atom, "a matrix of ones of which size?", "", r"\mathbf 1 is ones, in a notation block")
        if atom.data == "group" and trails and trails[0].data == "sub":
            made = printed.by_index(self, atom, trails[0])
            return None if made is None else self.trailed(made, trails[1:], item, is_name=False)
        return None

    def atom(self, atom: Any) -> Typed:
        """An atom that is no name."""
        start, end = span(atom)
        if atom.data == "number":
            return Typed(mark(str(atom.children[0]), start, end), role="number")
        if atom.data == "matrix":
            return printed.literal(self, atom)
        if atom.data == "cases":
            return cases.by_cases(self, atom)
        if atom.data == "square" and (made := printed.square(self, atom)) is not None:
            return made
        if atom.data == "group" and len(names.entries(atom)) > 1:
            sizes = [self.side(entry) for entry in names.entries(atom)]
            return Typed((Part("(", start, start + 1), *listed(sizes), Part(")", end - 1, end)), (str(len(sizes)),))
        if atom.data in ("group", "brace", "square"):
            inner = self.one_entry(atom)
            return inner if atom.data == "brace" and inner.level == ATOM else _in_brackets(inner, start, end)
        if atom.data == "frac":
            return derivatives.fraction(self, atom)
        if atom.data == "root":
            inner = self.argument(atom.children[1])
            return call_of("sqrt", inner, start, end)
        if atom.data == "bars":
            inner = self.side(atom.children[1])
            if inner.rank:
                raise self.error(
                    atom, "bars around a tensor: entries, norm or determinant", "", r"\det, or write it out"
                )
            return call_of("abs", inner, start, end)
        if atom.data in ("floor", "ceil"):
            inner = self.side(atom.children[1])
            return call_of(atom.data, inner, start, end)
        if atom.data == "accent":
            return symbols.accented(self, atom, [])
        raise self.unknown(atom)

    def one_entry(self, atom: Any) -> Typed:
        entries = (
            [part for part in atom.children[1].children if not isinstance(part, Token)]
            if len(atom.children) > 2
            else []
        )
        if len(entries) != 1 or entries[0].data != "side":
            raise self.error(atom, "brackets around something that is not one formula", "a formula")
        return self.side(entries[0])

    def argument(self, node: Any) -> Typed:
        """The argument of a command: a group in braces, or one token."""
        if node.data == "brace":
            return self.one_entry(node)
        return self.factor(node, [], node)

    # -- what the parts of this room ask of each other ---------------------------------------------

    def named(self, atom: Any, trails: list[Any]) -> tuple[Typed, list[Any]] | None:
        """The declared name that an atom with some of its scripts is, and the scripts that are left."""
        return symbols.named(self, atom, trails)

    def unknown(self, atom: Any) -> InputError:
        """The error for a symbol that nothing declares."""
        return symbols.unknown(self, atom)

    def trailed(self, typed: Typed, trails: list[Any], at: Any, is_name: bool) -> Typed:
        """What scripts that belong to no name mean: entries, ᵀ, powers."""
        return scripts.trailed(self, typed, trails, at, is_name)

    def integer(self, node: Any) -> Typed:
        """A limit or an index: a sum of letters, numbers and sizes."""
        return sums.integer(self, node)

    def _is_name(self, item: Any) -> bool:
        return names.lookup(self, item.children[0], list(item.children[1:])) is not None


def _in_brackets(inner: Typed, start: int, end: int) -> Typed:
    """An author's brackets stay where they hold something together."""
    if inner.level == ATOM:
        return replace(inner, role="")
    return replace(inner, parts=bracketed(inner, ATOM), level=ATOM, role="")
