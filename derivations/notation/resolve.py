r"""Trees of displays to claim-language text: which name a symbol is, what a superscript means, what a sum is over.

Law: everything that is read is said by the profile, by the context's declarations, or by the short list of what every
textbook means by it (∂J/∂w and ∇ of a scalar, ᵀ, ⊙ and ∘, Σ, fractions, roots, exp, f′). All else is refused where it
stands, with the notation line that would settle it. Where several readings typecheck, none is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lark import Token

from derivations.language.errors import InputError, did_you_mean
from derivations.language.source import Statement
from derivations.notation import names, printed, products
from derivations.notation.names import FUNCTIONS, Found
from derivations.notation.profile import IDENTIFIER, Key, Profile, Rule
from derivations.notation.structure import canonical, span
from derivations.notation.typed import (
    ATOM,
    POWER,
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
    listed,
    mark,
)

TRANSPOSES = ("T", r"\top", r"\intercal", "\\mathsf{T}")
DIFFERENTIAL = Rule(("X",), "d(X)", "d X is d(X)")
IDENTITY_CALL = re.compile(r"(?P<head>[^\W\d]\w*)\(.*\)\Z", re.DOTALL)


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
        """The sides of a chain."""
        return [self.side(part) for part in tree.children if not isinstance(part, Token)]

    def side(self, tree: Any) -> Typed:
        """A sum of terms."""
        sign, *rest = tree.children
        terms = [self.term(rest[0])]
        if sign is not None and sign == "-":
            first = terms[0]
            start, end = span(sign)
            terms[0] = replace(
                first, parts=(Part("-", start, end), *bracketed(first, PRODUCT)), level=min(UNARY, first.level)
            )
        parts, shape, equal = list(terms[0].parts), terms[0].shape, list(terms[0].equal)
        for sign, part in zip(rest[1::2], rest[2::2], strict=True):
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
        self._check_sums(tree, terms)
        return Typed(tuple(parts), shape, SUM, tuple(equal))

    def _check_sums(self, tree: Any, terms: Sequence[Typed]) -> None:
        """A sum ends before + and -; where a later term has its index, its author meant otherwise."""
        for number, term in enumerate(terms):
            ended = set(re.findall(r"sum\[([^\]]*)\]", term.text))
            indices = {item.split()[0] for group in ended for item in group.split(", ") if item}
            for later in terms[number + 1 :]:
                loose = indices & (set(names.loose(later.text)) - set(self.bound))
                if loose:
                    index = min(loose)
                    raise self.error(
                        later,
                        f"{index} is the index of a sum before it: the sum ends at the sign between them",
                        "",
                        "put braces around the terms of the sum: \\sum_" + index + " { ... }",
                    )

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
            if factors:
                signs.append(self.sign(pending, factors[-1], factor, item))
            factors.append(factor)
            pending, at = None, at + used
        if pending is not None:
            raise self.error(pending, f"`{self.shown(pending)}` lacks a factor", "a factor on both sides")
        return factors[0] if len(factors) == 1 else self.bound_product(factors, signs, tree)

    def bound_product(self, factors: list[Typed], signs: list[products.Sign], tree: Any) -> Typed:
        """The one way in which the factors bind; an error where there is none, or more than one."""
        self.reasons = []
        found = products.ways(factors, signs)
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
        fix = f"put brackets, or say `{named[0]} binds tighter` (or weaker) in a notation block" if named else ""
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
            return self.big_sum(item, items[at + 1 :]), len(items) - at
        if atom.data == "nabla":
            return self.nabla(item, items[at + 1 : at + 2]), 2
        if atom.data == "partial":
            raise self.error(item, "a derivative that is not a fraction", r"\frac{\partial J}{\partial w}")
        if is_juxtaposed and atom.data == "number":
            return self.number_after(item), 1
        number = names.single(atom) if is_juxtaposed and atom.data == "group" else None
        if number is not None and number.data == "number":
            raise self.error(item, f"`{self.shown(item)}`: the number of the equation, or a factor?", "", r"\tag{...}")
        applied = self.application(items, at)
        if applied is not None:
            return applied
        return self.factor(atom, trails, item), 1

    def factor(self, atom: Any, trails: list[Any], item: Any) -> Typed:
        """An atom with its scripts."""
        named = self.named(atom, trails)
        if named is None and (special := self._special(atom, trails, item)) is not None:
            return special
        if named is not None:
            typed, rest = named
            if typed.role == "function":
                raise self.error(item, f"the function `{self.shown(item)}` has no argument", "brackets after it")
            return self.trailed(typed, rest, item, is_name=True)
        return self.trailed(self.atom(atom), trails, item, is_name=False)

    def _special(self, atom: Any, trails: list[Any], item: Any) -> Typed | None:
        """Matrices of ones, the identity, tensors by their entries: forms that take their scripts along."""
        base = canonical(atom)
        if atom.data == "symbol" and (base in printed.FILLED or base == "I"):
            made = printed.filled(self, item, base, trails)
            if made is not None:
                return made
        if base in self.profile.ones and (atom.data == "symbol" or trails):
            return self.ones(item, trails)
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
        if atom.data == "square" and (made := printed.square(self, atom)) is not None:
            return made
        if atom.data == "group" and len(names.entries(atom)) > 1:
            sizes = [self.side(entry) for entry in names.entries(atom)]
            return Typed((Part("(", start, start + 1), *listed(sizes), Part(")", end - 1, end)), (str(len(sizes)),))
        if atom.data in ("group", "brace", "square"):
            inner = self._one_entry(atom)
            return inner if atom.data == "brace" and inner.level == ATOM else _in_brackets(inner, start, end)
        if atom.data == "frac":
            return self.fraction(atom)
        if atom.data == "root":
            inner = self._argument(atom.children[1])
            return _call("sqrt", inner, start, end)
        if atom.data == "bars":
            inner = self.side(atom.children[1])
            if inner.rank:
                raise self.error(
                    atom, "bars around a tensor: entries, norm or determinant", "", r"\det, or write it out"
                )
            return _call("abs", inner, start, end)
        if atom.data in ("floor", "ceil"):
            inner = self.side(atom.children[1])
            return _call(atom.data, inner, start, end)
        if atom.data == "accent":
            return self.accented(atom, [])
        raise self.unknown(atom)

    def _one_entry(self, atom: Any) -> Typed:
        entries = (
            [part for part in atom.children[1].children if not isinstance(part, Token)]
            if len(atom.children) > 2
            else []
        )
        if len(entries) != 1 or entries[0].data != "side":
            raise self.error(atom, "brackets around something that is not one formula", "a formula")
        return self.side(entries[0])

    def _argument(self, node: Any) -> Typed:
        """The argument of a command: a group in braces, or one token."""
        if node.data == "brace":
            return self._one_entry(node)
        return self.factor(node, [], node)

    # -- names -------------------------------------------------------------------------------------

    def named(self, atom: Any, trails: list[Any]) -> tuple[Typed, list[Any]] | None:
        """The declared name that an atom with some of its scripts is, and the scripts that are left."""
        found = names.lookup(self, atom, trails)
        if found is None and atom.data == "accent" and canonical(atom.children[0]) in self.profile.accents:
            return self._accented_name(atom, trails)
        if found is None:
            return self._index(atom, trails)
        return self.of_name(found, atom), list(found.rest)

    def _accented_name(self, atom: Any, trails: list[Any]) -> tuple[Typed, list[Any]] | None:
        """`\\tilde a_l`: the scripts of the name stand outside of the accent."""
        inner = atom.children[1]
        found = names.lookup(self, inner, trails)
        if found is None:
            return self.accented(atom, []), trails
        return self.accented(atom, [trail for trail in trails if trail not in found.rest]), list(found.rest)

    def accented(self, atom: Any, trails: list[Any]) -> Typed:
        """An accent that a rule explains."""
        accent = canonical(atom.children[0])
        rule = self.profile.accents.get(accent)
        if rule is None:
            shown = self.shown(atom)
            raise self.error(atom, f"what `{shown}` is, is not said", "a line of a notation block", f"{shown} is ...")
        inner = atom.children[1]
        typed = self.factor(inner, trails, atom) if inner.data != "brace" else self._braced_name(inner, trails, atom)
        return self.filled(rule, [typed], atom)

    def _braced_name(self, brace: Any, trails: list[Any], atom: Any) -> Typed:
        single = names.single(brace)
        return self.factor(single, trails, atom) if single is not None else self._argument(brace)

    def of_name(self, found: Found, at: Any) -> Typed:
        """A name as text with its shape."""
        start, end = span(at)
        if True:
            end = max(end, found.end)
        text = found.text
        if not IDENTIFIER.fullmatch(text):
            made = Typed(mark(text if IDENTITY_CALL.match(text) else f"({text})", start, end))
            return self.shape_of(at, made)
        kind = self.types.kind(text)
        role = {"function": "function", "loss": "name", "tensor": "name", "scalar": "name"}.get(kind, "")
        if kind == "function" or (kind == "word" and text in FUNCTIONS.values()):
            return Typed(mark(text, start, end), role="function")
        if kind in ("", "choice", "word"):
            if self.defines and not kind:
                return Typed(mark(text, start, end), role="name")
            what = f"`{found.line}`: {text} is {kind or 'not declared'}" if found.line else f"{text} is {kind}"
            raise self.error(at, what, "a declared name", did_you_mean(text, self.types.names()))
        return Typed(mark(text, start, end), self._shape(text, at), role=role)

    def _shape(self, text: str, at: Any) -> tuple[str, ...]:
        try:
            return self.types.shape(text, frozenset())
        except Untyped as reason:
            raise self.error(at, str(reason)) from None

    def _index(self, atom: Any, trails: list[Any]) -> tuple[Typed, list[Any]] | None:
        """A letter that is an index of a sum around it."""
        if atom.data != "symbol":
            return None
        letter = names.index_letter(str(atom.children[0]))
        for trail in trails:
            if trail.data == "sub" and (name := letter + canonical(trail.children[1])) in self.indices:
                rest = [each for each in trails if each is not trail]
                return Typed(mark(name, span(atom)[0], span(trail)[1]), role="index"), rest
        return (Typed(mark(letter, *span(atom)), role="index"), trails) if letter in self.indices else None

    def unknown(self, atom: Any) -> InputError:
        """The error for a symbol that nothing declares."""
        start, _ = span(atom)
        run = self.runs.get(start, "")
        shown = run if len(run) > 2 else self.shown(atom)
        if atom.data == "word" and len(shown) > 3 and atom.children[0] not in self.types.names():
            shown = self.shown(atom)
        known = [*self.types.names()]
        hint = did_you_mean(str(atom.children[0]).strip("\\") if atom.children else shown, known)
        if run and len(run) > 1:
            end = start + len(run)
            return self.source.error(
                f"`{run}` is not declared",
                start,
                end,
                "a declared name",
                f"say what it is: {run} is ... in a notation block",
            )
        return self.error(
            atom,
            f"`{shown}` is not declared",
            "a declared name",
            hint or f"say what it is: {shown} is ... in a notation block",
        )

    # -- applications ------------------------------------------------------------------------------

    def application(self, items: list[Any], at: int) -> tuple[Typed, int] | None:
        """A function or a word applied to what follows it; None where the item is neither."""
        item = items[at]
        atom, trails = item.children[0], list(item.children[1:])
        _start, _ = span(atom)
        spelled = canonical(atom)
        if spelled in (r"\mathrm{d}", "d") and (done := self._differential(items, at)) is not None:
            return done
        if self._e_to_the(atom, trails):
            return self.exponential(item, trails), 1
        call = printed.printed_call(self, item)
        if spelled in self.profile.words and not trails:
            rule = self.profile.words[spelled]
            return self._applied(items, at, lambda parts, where: self._by_rule(rule, parts, where), item)
        named = self.named(atom, trails) if atom.data in ("symbol", "word", "accent") else None
        if named is not None and named[0].role == "function":
            return self._function(items, at, named[0].text, named[1])
        if named is None and call is not None:
            return self._applied(items, at, call, item)
        return None

    def _by_rule(self, rule: Rule, parts: Sequence[Typed], item: Any) -> Typed:
        if len(parts) != len(rule.places):
            raise self.error(item, f"{len(parts)} arguments where `{rule.line}` has {len(rule.places)}")
        return self.filled(rule, parts, item)

    def _function(self, items: list[Any], at: int, name: str, trails: list[Any]) -> tuple[Typed, int]:
        item = items[at]
        primes = sum(trail.data == "prime" for trail in trails)
        others = [trail for trail in trails if trail.data != "prime"]
        if (
            len(others) == 1
            and others[0].data == "sup"
            and re.fullmatch(r"\([1-9]\)", canonical(others[0].children[1]))
        ):
            primes, others = primes + int(canonical(others[0].children[1])[1]), []
        if others:
            raise self.error(others[0], f"a script on the function {name}", "", f"write ({name}(z))^2 for a power")

        def make(parts: Sequence[Typed], where: Any) -> Typed:
            if len(parts) != 1:
                raise self.error(where, f"{name} takes one argument")
            start, end = span(item)
            made = (Part(f"{name}{chr(39) * primes}(", start, end), *parts[0].parts, Part(")", end - 1, end))
            return Typed(made, parts[0].shape, ATOM, parts[0].equal)

        return self._applied(items, at, make, item)

    def _applied(
        self, items: list[Any], at: int, make: Callable[[Sequence[Typed], Any], Typed], item: Any
    ) -> tuple[Typed, int]:
        """The application to the bracket that follows; without brackets, to the one factor that ends the product."""
        if at + 1 >= len(items) or items[at + 1].data == "operator":
            raise self.error(item, f"`{self.shown(item)}` has no argument", "brackets after it")
        following = items[at + 1]
        atom, trails = following.children[0], list(following.children[1:])
        if atom.data in ("group", "square", "brace"):
            entries = [part for part in atom.children[1].children if not isinstance(part, Token)]
            if any(entry.data != "side" for entry in entries):
                raise self.error(following, "an argument that is not a formula", "a formula")
            made = make([self.side(entry) for entry in entries], item)
            return self.trailed(made, trails, following, is_name=False), 2
        after = items[at + 2] if at + 2 < len(items) else None
        if after is not None and after.data != "operator":
            raise self.error(
                item, f"where the argument of `{self.shown(item)}` ends is not said", "brackets around its argument"
            )
        argument, used = self.factor_at(items, at + 1, False)
        return make([argument], item), used + 1

    def _differential(self, items: list[Any], at: int) -> tuple[Typed, int] | None:
        """`d w`, `d(J; w)`: of the next factor alone."""
        item = items[at]
        upright = canonical(item.children[0]) == r"\mathrm{d}"
        rule = self.profile.words.get("d")
        if rule is None and not upright:
            return None
        if len(item.children) > 1 or at + 1 >= len(items) or items[at + 1].data == "operator":
            return None
        if self.types.kind("d") and not upright:
            raise self.error(item, "`d` is a declared name and the differential", "one of them", r"write \mathrm{d}")
        following = items[at + 1]
        start, end = span(item)
        atom, trails = following.children[0], list(following.children[1:])
        if (
            atom.data == "group"
            and len(atom.children[1].children) == 3
            and atom.children[1].children[1].type
            in (
                "SEMI",
                "COMMA",
            )
        ):
            of, _, wrt = atom.children[1].children
            inner = [self.side(of), self.side(wrt)]
            made = Typed((Part("d(", start, end), *listed(inner), Part(")", end - 1, end)), inner[0].shape)
            return self.trailed(made, trails, following, is_name=False), 2
        if atom.data == "group":
            inner_one = self._one_entry(atom)
            made = Typed((Part("d(", start, end), *inner_one.parts, Part(")", end - 1, end)), inner_one.shape)
            return self.trailed(made, trails, following, is_name=False), 2
        named = self.named(atom, trails)
        if named is None or named[0].role != "name":
            raise self.error(following, "the differential of something that is not a name", "brackets after d")
        made = Typed((Part("d(", start, end), *named[0].parts, Part(")", end - 1, end)), named[0].shape)
        return self.trailed(made, named[1], following, is_name=True), 2

    def _e_to_the(self, atom: Any, trails: list[Any]) -> bool:
        is_e = atom.data == "symbol" and canonical(atom) == "e" and [trail.data for trail in trails] == ["sup"]
        return is_e and not self.types.kind("e") and not any(base == "e" for base, _, _ in self.profile.names)

    def exponential(self, item: Any, trails: list[Any]) -> Typed:
        """e^z is exp(z) of numbers and vectors; of a matrix it may be the matrix exponential."""
        inner = self._argument(trails[0].children[1])
        if inner.rank > 1:
            raise self.error(item, "the exponential of a matrix: of its entries, or its power series", "", r"\exp(z)")
        return _call("exp", inner, *span(item))

    # -- numbers, sums, derivatives ----------------------------------------------------------------

    def number_after(self, item: Any) -> Typed:
        """A number right after a factor: a matrix of ones where the profile has it so, and else nothing."""
        text = str(item.children[0].children[0])
        if text in self.profile.ones:
            return self.ones(item, list(item.children[1:]))
        fix = r"\mathbf 1 is ones, in a notation block" if text == "1" else r"write \cdot before it"
        raise self.error(item, f"the number {text} right after a factor", "a sign before it", fix)

    def ones(self, at: Any, trails: list[Any]) -> Typed:
        """A column of ones of a size that its neighbours say; a row with ᵀ."""
        size, (start, end) = self.hole(), span(at)
        is_row = [canonical(trail.children[1]) for trail in trails if trail.data == "sup"]
        if len(trails) > 1 or (trails and (not is_row or is_row[0] not in TRANSPOSES)):
            raise self.error(at, "a script on a matrix of ones", r"\mathbf{1}, \mathbf{1}^T or \mathbf{1}_{n}")
        text = f"\0{size.number}\0"
        if trails:
            return Typed(mark(f"ones(1, {text})", start, end), ("1", size))
        return Typed(mark(f"ones({text}, 1)", start, end), (size, "1"))

    def big_sum(self, head: Any, rest: list[Any]) -> Typed:
        """Σ with its indices over the factors to its right."""
        ranges: list[tuple[Part, ...]] = []
        items = rest
        before = list(self.bound)
        heads = [head]
        while items and items[0].data == "factor" and items[0].children[0].data == "sum":
            heads.append(items[0])
            items = items[1:]
        for each in heads:
            ranges += self._ranges(each)
        if not items:
            raise self.error(head, "a sum of nothing", "a formula after the sum")
        is_group = (
            len(items) == 1
            and items[0].data == "factor"
            and items[0].children[0].data == "brace"
            and len(items[0].children) == 1
        )
        body = self._one_entry(items[0].children[0]) if is_group else self.product(items, head)
        self.bound = before
        start, end = span(head)
        separated = [
            part for number, each in enumerate(ranges) for part in ((Part(", ", start, end),) if number else ()) + each
        ]
        return Typed(
            (Part("sum[", start, end), *separated, Part("](", start, end), *body.parts, Part(")", end - 1, end)),
            body.shape,
            ATOM,
            body.equal,
        )

    def _ranges(self, head: Any) -> list[tuple[Part, ...]]:
        """The indices of one Σ, bound from here on."""
        scripts = {trail.data: trail.children[1] for trail in head.children[1:] if trail.data != "prime"}
        if "sub" not in scripts or len(scripts) != len(head.children) - 1:
            raise self.error(head, "a sum without its index", r"\sum_{i}, or \sum_{i=1}^{n}")
        entries = names.entries(scripts["sub"])
        found: list[tuple[Part, ...]] = []
        for entry in entries:
            if entry.data == "relation":
                found.append(self._range(head, entry, scripts.get("sup")))
            else:
                found += [self._bind(token) for token in self._index_tokens(entry)]
        if "sup" in scripts and not (len(entries) == 1 and entries[0].data == "relation"):
            raise self.error(head, "a sum with an end and no beginning", r"\sum_{i=1}^{n}")
        return found

    def _range(self, head: Any, relation: Any, top: Any) -> tuple[Part, ...]:
        left, sign, *right = relation.children
        if str(sign) != "=" or len(right) != 1 or top is None:
            raise self.error(
                relation,
                f"a condition on the sum: {self.shown(relation)}",
                r"\sum_{i=1}^{n}",
                "multiply the terms by a bracket, in the claim language: [k != i] * ...",
            )
        tokens = self._index_tokens(left)
        if len(tokens) != 1:
            raise self.error(left, "the index of a sum is one letter")
        low = self.integer(right[0])
        high = self.integer(top)
        (index,) = self._bind(tokens[0])
        start, end = span(relation)
        return (index, Part(" in ", start, end), *bracketed(low, SUM), Part("..", start, end), *bracketed(high, SUM))

    def _index_tokens(self, entry: Any) -> list[Token]:
        """The letters of `i`, `ij` or `i, j` as indices."""
        tokens = names.letters(entry)
        if tokens is None:
            raise self.error(entry, f"`{self.shown(entry)}` is no index", "letters")
        return tokens

    def _bind(self, token: Token) -> tuple[Part, ...]:
        letter = names.index_letter(str(token))
        kind = self.types.kind(letter)
        if kind in ("size", "integer", "word") or letter in self.bound:
            what = "a size of the context" if kind == "size" else "an index already" if not kind else f"{kind} already"
            raise self.error(
                token,
                f"{letter} is {what}, and cannot be the index of a sum",
                "",
                f"rename the size {letter} in the given block",
            )
        self.bound.append(letter)
        return mark(letter, *span(token))

    def integer(self, node: Any) -> Typed:
        """A limit or an index: a sum of letters, numbers and sizes."""
        side = node
        if node.data == "brace":
            (side,) = names.entries(node)
        if side.data != "side":
            return self.factor(side, [], side)
        typed = self.side(side)
        if typed.rank:
            raise self.error(node, "this is not an integer", "sizes, indices and numbers")
        return typed

    def nabla(self, item: Any, following: list[Any]) -> Typed:
        """∇_w J of a declared scalar."""
        trails = item.children[1:]
        if len(trails) != 1 or trails[0].data != "sub":
            raise self.error(item, "a gradient without its variable", r"\nabla_{w} J")
        if not following or following[0].data == "operator":
            raise self.error(item, "a gradient of nothing", r"the loss: \nabla_{w} J")
        of = self._scalar_name(following[0])
        node = trails[0].children[1]
        inner = names.entries(node)[0] if node.data == "brace" else node
        return self._gradient(of, inner, item)

    def _scalar_name(self, item: Any) -> Typed:
        """A declared scalar under ∂ or ∇; of anything else the layout of the derivative is not settled."""
        atom, trails = item.children[0], list(item.children[1:])
        if atom.data == "group" and not trails:
            inner = self._one_entry(atom)
            if inner.rank:
                raise self._layout(item)
            return inner
        named = self.named(atom, trails)
        if named is None:
            raise self.unknown(atom) if atom.data in ("symbol", "word") else self._layout(item)
        typed, rest = named
        if typed.rank or rest or typed.role != "name":
            raise self._layout(item)
        return typed

    def _layout(self, item: Any) -> InputError:
        return self.error(
            item,
            f"the derivative of `{self.shown(item)}`: its layout is not settled",
            "a declared loss or scalar",
            "write jacobian(y, x), or the gradient of a loss, in the claim language",
        )

    def _gradient(self, of: Typed, variable: Any, at: Any) -> Typed:
        factor = names.single_factor(variable) if variable.data == "side" else names.as_factor(variable)
        if factor is None:
            raise self.error(variable, "a derivative with respect to a formula", "a declared name")
        atom, trails = factor.children[0], list(factor.children[1:])
        outer: list[Any] = []
        if atom.data in ("group", "brace"):  # (z_1)_i: the brackets hold the name together
            inner = names.entries(atom)
            held = names.single_factor(inner[0]) if len(inner) == 1 else None
            if held is not None:
                atom, trails, outer = held.children[0], list(held.children[1:]), trails
        named = self.named(atom, trails)
        if named is None:
            raise self.unknown(atom)
        typed, rest = named[0], [*named[1], *outer]
        if typed.role != "name":
            raise self.error(variable, "a derivative with respect to something that is not a name", "a declared name")
        start, end = span(at)
        made = Typed(
            (Part("grad(", start, end), *of.parts, Part(", ", start, end), *typed.parts, Part(")", end - 1, end)),
            typed.shape,
        )
        return self.trailed(made, rest, variable, is_name=True)

    def fraction(self, atom: Any) -> Typed:
        """A quotient, or a derivative."""
        above, below = atom.children[1], atom.children[2]
        letter_d = not self.types.kind("d")
        top, bottom = names.derivative(above, letter_d), names.derivative(below, letter_d)
        if top is not None or bottom is not None:
            return self._derivative(atom, top, bottom)
        left, right = self._argument(above), self._argument(below)
        if right.rank:
            raise self.error(below, f"a quotient by something of rank {right.rank}", "a number below the line")
        start, end = span(atom)
        parts = (*bracketed(left, PRODUCT), Part(" / ", start, end), *bracketed(right, UNARY + 1))
        return Typed(parts, left.shape, PRODUCT, (*left.equal, *right.equal))

    def _derivative(self, atom: Any, top: Any, bottom: Any) -> Typed:
        if top and bottom and (made := self._jacobian(atom, top, bottom)) is not None:
            return made
        if top is None or bottom is None:
            raise self.error(atom, "a derivative lacks its ∂ above or below", r"\frac{\partial J}{\partial w}")
        if not top:
            raise self.error(atom, "a derivative as an operator: of what is not said", r"\frac{\partial J}{\partial w}")
        if len(top) != 1 or len(bottom) != 1:
            raise self.error(
                atom, "a derivative of a product, or with respect to one", r"\frac{\partial J}{\partial w}"
            )
        of = self._scalar_name(top[0])
        return self._gradient(of, bottom[0], atom)

    def _jacobian(self, atom: Any, top: Any, bottom: Any) -> Typed | None:
        """∂vec(y)/∂vec(x)ᵀ says its layout; None for another derivative."""
        if len(top) != 2 or len(bottom) != 2 or any(canonical(items[0]) != "vec" for items in (top, bottom)):
            return None
        scripts = [canonical(trail.children[1]) for trail in bottom[1].children[1:] if trail.data == "sup"]
        if scripts != ["T"] or len(bottom[1].children) != 2 or len(top[1].children) != 1:
            return None
        sides = [self._one_entry(items[1].children[0]) for items in (top, bottom)]
        start, end = span(atom)
        made = Typed((Part("jacobian(", start, end), *listed(sides), Part(")", end - 1, end)))
        return self.shape_of(atom, made)

    # -- scripts -----------------------------------------------------------------------------------

    def trailed(self, typed: Typed, trails: list[Any], at: Any, is_name: bool) -> Typed:
        """What scripts that belong to no name mean: entries, ᵀ, powers."""
        ordered = sorted(trails, key=lambda trail: trail.data != "sub")  # x_i^2 is x^2_i: the entry first
        for trail in ordered:
            if trail.data == "prime":
                raise self.error(trail, f"a prime on `{typed.text}`, which is no function", "", self._say(at))
            typed = self.entry(typed, trail, at) if trail.data == "sub" else self.raised(typed, trail, at, is_name)
        return typed

    def _say(self, at: Any) -> str:
        return f"say what it is: {self.shown(at)} is ... in a notation block"

    def entry(self, typed: Typed, trail: Any, at: Any) -> Typed:
        """Entries by a subscript."""
        node = trail.children[1]
        indices = self.subscripts(node, typed, at)
        shape = list(typed.shape)
        if self.defines and not shape and typed.role == "name" and not self.types.kind(typed.text):
            shape = [self.hole() for _ in indices]
        if len(indices) > len(shape):
            what = f"rank {len(shape)}" if shape else "a number"
            raise self.error(
                trail, f"{len(indices)} subscripts on `{typed.text}`, which is of {what}", "", self._say(at)
            )
        start, end = span(trail)
        left = shape[len(indices) :]
        ones = [axis for axis, size in enumerate(shape) if size == "1"]
        if len(indices) == len(shape) - 1 and len(ones) == 1 and len(shape) == 2:
            zero = Typed(mark(str(self.types.origin), start, end))
            indices.insert(ones[0], zero)
            left = []
        elif len(indices) == 1 and len(shape) == 2 and self.types.kind(typed.text):
            fix = f"write {self.shown(at)} with both indices, or `:` for one: _{{i, {{:}}}}"
            raise self.error(trail, f"a row or a column of `{typed.text}`?", "a subscript for each axis", fix)
        elif len(indices) == len(shape) - 1 and len(ones) > 1:
            raise self.error(trail, "which axis this subscript counts is not said", "a subscript for each axis")
        parts = (
            *bracketed(typed, ATOM),
            Part("[", start, start + 1),
            *listed(indices),
            Part("]", end - 1, end),
        )
        if any(index.role == "slice" for index in indices):
            return replace(self.shape_of(at, Typed(parts, (), ATOM, typed.equal)), role="entry")
        return Typed(parts, tuple(left), ATOM, typed.equal, "entry")

    def subscripts(self, node: Any, typed: Typed, at: Any) -> list[Typed]:
        """The indices of a subscript: `i, j`, `ij`, `i+m, 0`, `1`."""
        entries = names.entries(node) if node.data == "brace" else [node]
        found: list[Typed] = []
        for entry in entries:
            if entry.data in ("relation", "slice"):
                found.append(self._slice(entry, at))
                continue
            tokens = names.letters(entry)
            if tokens is not None and len(tokens) > 1:
                self._check_letters(tokens, entry, typed, len(entries))
                found += [self._index_of(token) for token in tokens]
                continue
            digits = names.digits(entry)
            if digits is not None and len(digits) > 1 and typed.rank > len(entries):
                raise self.error(
                    entry,
                    f"the subscript {digits}: one index, or {len(digits)}",
                    "commas between indices",
                    "write _{1,2}",
                )
            found.append(self._index_formula(entry))
        return found

    def _check_letters(self, tokens: list[Token], entry: Any, typed: Typed, entries: int) -> None:
        """Letters side by side are one index each, unless they may be a product or a name."""
        text = "".join(map(str, tokens))
        if self.types.kind(text) in ("size", "integer"):
            raise self.error(entry, f"`{text}` is a size and may be {len(tokens)} indices", "commas between indices")
        sized = [str(token) for token in tokens if self.types.kind(str(token)) in ("size", "integer")]
        if sized and entries + len(tokens) - 1 <= max(typed.rank, 1):
            raise self.error(
                entry,
                f"`{text}`: a product with the size {sized[0]}, or {len(tokens)} indices",
                "commas between indices",
            )
        if sized or entries + len(tokens) - 1 > max(typed.rank, 0):
            raise self.error(
                entry, f"`{text}` on `{typed.text}` of rank {typed.rank}", "a subscript for each axis", self._say(entry)
            )

    def _index_of(self, token: Token) -> Typed:
        letter = names.index_letter(str(token))
        if letter not in self.bound and not self.types.kind(letter):
            self._check_label(token, letter)
            self.free.add(letter)
        return Typed(mark(letter, *span(token)), role="index")

    def _index_formula(self, entry: Any) -> Typed:
        for factor in names.factors(entry):
            name = names.index_name(factor)
            trails = list(factor.children[1:]) if factor.data == "factor" else []
            atom = factor.children[0] if factor.data == "factor" else factor
            if name and name not in self.bound and names.lookup(self, atom, trails) is None:
                self._check_label(factor, name)
                self.free.add(name)
        if entry.data not in ("side", "symbol", "number", "word", "brace"):
            raise self.error(entry, f"`{self.shown(entry)}` is no index", "letters, numbers and sizes")
        bad = names.scripted(self, entry)
        if bad is not None:
            raise self.error(bad, f"an index with an accent or a script: `{self.shown(bad)}`", "plain letters")
        return self.integer(entry)

    def _check_label(self, at: Any, letter: str) -> None:
        """A letter that counts layers in the names of the notation is no index of entries."""
        if letter in self.profile.label_letters:
            raise self.error(
                at,
                f"`{letter}` is a part of names in this notation: an index here, or another name?",
                "an index, or a declared name",
                "declare the name with this script in the notation block, or rename the index",
            )

    def _slice(self, entry: Any, at: Any) -> Typed:
        if entry.data != "slice":
            raise self.error(entry, "a condition in a subscript", "indices")
        start, end = span(entry)
        bounds = list(entry.children)
        parts: list[Part] = []
        for child in bounds:
            if isinstance(child, Token):
                parts.append(Part(":", *span(child)))
            elif child is not None:
                parts += self._index_formula(child).parts
        return Typed(tuple(parts) or mark(":", start, end), role="slice")

    def raised(self, typed: Typed, trail: Any, at: Any, is_name: bool) -> Typed:
        """A superscript: what a rule says, ᵀ of a matrix, a power of a number."""
        node = trail.children[1]
        text = canonical(node)
        start, end = span(trail)
        if text in self.profile.superscripts:
            return self.filled(self.profile.superscripts[text], [typed], at)
        if text in TRANSPOSES:
            return self._transposed(typed, text, trail, at)
        if text == "-1" and typed.rank == 2:
            return Typed(
                (Part("inv(", start, end), *typed.parts, Part(")", start, end)), typed.shape, ATOM, typed.equal
            )
        entrywise = re.fullmatch(r"\\circ(-?\d+)", text)
        if entrywise and typed.rank:
            return self._power(typed, entrywise[1], trail)
        if typed.rank:
            raise self.error(
                trail,
                f"a superscript on `{typed.text}`, a tensor: a power, an index, or a part of the name?",
                "ᵀ, or what a notation block declares",
                f"{self.shown(at)} is ..., in a notation block",
            )
        if not re.fullmatch(r"-?\d+", text):
            raise self.error(trail, f"the superscript {self.shown(node)} on a number", "a whole number", self._say(at))
        self._check_power(typed, trail, at, is_name)
        return self._power(typed, text, trail)

    def _check_power(self, typed: Typed, trail: Any, at: Any, is_name: bool) -> None:
        """σ² may be a symbol of its own, and so may any name's square where superscripts are labels."""
        if not is_name:
            return
        sigma = names.base_of(at) == r"\sigma"
        if self.profile.labels or sigma:
            why = "σ² is often a symbol of its own" if sigma else "superscripts are parts of names in this notation"
            raise self.error(
                trail,
                f"`{self.shown(at)}`: the square of {typed.text}, or a symbol of its own? {why}",
                "a line of a notation block",
                f"{self.shown(at)} is {typed.text}**{canonical(trail.children[1])}, or the name that it is",
            )

    def _power(self, typed: Typed, exponent: str, trail: Any) -> Typed:
        start, end = span(trail)
        return Typed((*bracketed(typed, ATOM), Part(f"**{exponent}", start, end)), typed.shape, POWER, typed.equal)

    def _transposed(self, typed: Typed, text: str, trail: Any, at: Any) -> Typed:
        if text == "T" and self.types.kind("T"):
            raise self.error(trail, "`T` is a declared name and may be the transpose", "one of them", r"write ^\top")
        if typed.rank != 2:
            what = "a number" if not typed.rank else f"something of rank {typed.rank}"
            raise self.error(trail, f"the transpose of {what}: `{typed.text}`", "a matrix", "declare a column: x[n, 1]")
        start, end = span(trail)
        parts = (*bracketed(typed, ATOM), Part(".T", start, end))
        return Typed(parts, typed.shape[::-1], ATOM, typed.equal)

    def _is_name(self, item: Any) -> bool:
        return names.lookup(self, item.children[0], list(item.children[1:])) is not None


def _call(name: str, inner: Typed, start: int, end: int) -> Typed:
    parts = (Part(f"{name}(", start, end), *inner.parts, Part(")", max(end - 1, start), end))
    return Typed(parts, inner.shape, ATOM, inner.equal)


def _in_brackets(inner: Typed, start: int, end: int) -> Typed:
    """An author's brackets stay where they hold something together."""
    if inner.level == ATOM:
        return replace(inner, role="")
    return replace(inner, parts=bracketed(inner, ATOM), level=ATOM, role="")
