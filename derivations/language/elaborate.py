"""Trees to formulas: name resolution, arithmetic, entries, index sums, derivatives.

Law: every tree becomes exactly the node it says, or an `InputError` at its place; nothing is guessed.
Indices are 0-based in nodes: under `origin 1` the author's index i stands for the node's i + 1. What it
cannot see: whether the formula exists at given sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from lark import Token, Tree
from sympy import Expr, Integer, Rational, Symbol

from derivations.formulas.expressions import (
    Constant,
    Definition,
    Elementwise,
    Entry,
    Expression,
    IndexRange,
    IndexSum,
    Literal,
    Power,
    ShapeError,
    SizeTuple,
    Slice,
    Tensor,
    Times,
)
from derivations.formulas.integers import FloorDiv, Remainder, ceiling_division, integer_symbol
from derivations.language import calls, conditions, fixes, habits, limits
from derivations.language.arithmetic import Arithmetic, TooLarge, is_integer_expression
from derivations.language.errors import InputError, did_you_mean
from derivations.language.ranges import explicit_range, mentions_index
from derivations.language.scope import CALLABLE, ELEMENTWISE, RESERVED, Scope
from derivations.language.source import Statement
from derivations.language.syntax import pairs, span, ungrouped
from derivations.language.words import WORDS, arguments
from derivations.operators import ALIASES, OPERATORS, OperatorError, apply

CONDITIONS = ("comparison", "all_of", "any_of", "negation")


class Elaborator:
    """Builds the nodes of one statement in one scope. `free` are the names that may stand for free
    indices; the axis of each is recorded in `free_sizes` where it first stands alone. `sized` collects the
    formulas of which only a size is used."""

    def __init__(self, scope: Scope, statement: Statement, free: Sequence[str] = ()) -> None:
        self.scope, self.statement, self.free = scope, statement, frozenset(free)
        self.arithmetic = Arithmetic(scope.dims, scope.conditions)
        self.indices: dict[str, Symbol] = {name: integer_symbol(name) for name in free}
        self.free_sizes: dict[str, Expr] = {}
        self.sized: list[Expression] = []
        self.hidden: frozenset[str] = frozenset()  # names that mean something elsewhere in the claim
        self.wanted = "scalar"  # how an undeclared name would be declared where it stands

    # -- errors and the entry points ---------------------------------------------------------------

    def error(self, at: Any, message: str, expected: str = "", fix: str = "") -> InputError:
        """An error at a tree or token."""
        start, end = span(at)
        return self.statement.error(message, start, end, expected, fix)

    def node(self, tree: Any) -> Expression:
        """The formula that a tree is."""
        if isinstance(tree, Token):
            return self.name(tree)
        handler: Callable[[Any], Expression] = getattr(self, f"_{tree.data}", self._condition)
        try:
            return handler(tree)
        except ShapeError as error:
            raise self.error(tree, error.message, "", error.fix) from None
        except TooLarge as error:
            raise self.error(
                tree,
                str(error),
                f"at most {limits.EXPONENT} (limit EXPONENT), numbers of at most "
                f"{limits.NUMBER_BITS} bits (limit NUMBER_BITS)",
            ) from None

    def integer(self, tree: Any, what: str = "this") -> Expr:
        """The integer expression that a tree is."""
        before, self.wanted = self.wanted, "dims"
        node = self.node(tree)
        self.wanted = before
        if isinstance(node, Constant) and is_integer_expression(node.value):
            return node.value
        if isinstance(node, Constant):
            raise self.error(
                tree,
                f"{what} is not a whole number",
                "an integer expression in the sizes",
                "use // for the floor of a quotient",
            )
        raise self.error(tree, f"{what} is not an integer", "an integer expression in the sizes")

    # -- names and numbers -------------------------------------------------------------------------

    def _name(self, tree: Any) -> Expression:
        return self.name(tree.children[0])

    def name(self, token: Token) -> Expression:
        """What a name stands for."""
        name, scope = str(token), self.scope
        if name in self.indices:
            return Constant(self.indices[name] + scope.origin)
        if name in scope.dims:
            return Constant(scope.dims[name].symbol)
        if name in scope.abbreviations:
            return Constant(scope.abbreviations[name])
        if name in scope.names:
            return scope.names[name]
        if name in OPERATORS and not OPERATORS[name].parameters and not scope.kind(name):
            return apply(name)
        raise self._unknown(token)

    def _unknown(self, token: Token) -> InputError:
        name, kind = str(token), self.scope.kind(str(token))
        if kind in ("a function", "a choice"):
            return self.error(token, f"{name} is {kind}, not a formula", "", f"call it: {name}(x)")
        if kind:
            return self.error(token, f"{name} is {kind}, not a name", "a name or a number")
        if name in self.hidden:
            fix = "multiply both sides by a bracket, such as [p <= q]"
            return self.error(token, f"{name} is an index of the claim", "a condition between sizes, or on data", fix)
        hint = did_you_mean(name, [*self.scope.declared(), *self.indices])
        if name[:1] == "d" and self.scope.kind(name[1:]):
            hint = f"the differential is written d({name[1:]}), a gradient grad(J, w)"
        return self.error(
            token,
            f"{name} is not declared",
            "a declared name",
            hint or f"declare it in a given block, such as `{self.wanted} {name}`",
        )

    def _number(self, tree: Any) -> Expression:
        text = str(tree.children[0])
        exponent = text.lower().partition("e")[2]
        if len(text) > limits.NUMBER_CHARACTERS or (exponent and abs(int(exponent)) > limits.EXPONENT):
            raise self.error(
                tree,
                "this number is too long",
                f"at most {limits.NUMBER_CHARACTERS} characters and "
                f"exponents up to {limits.EXPONENT} (limits NUMBER_CHARACTERS, EXPONENT)",
            )
        return Constant(Rational(text))

    def _group(self, tree: Any) -> Expression:
        if len(tree.children) == 1 and isinstance(tree.children[0], Tree):
            return self.node(tree.children[0])
        parts = [part for part in tree.children if isinstance(part, Tree)]
        return SizeTuple(*[self._size(part) for part in parts])

    def _size(self, tree: Any) -> Expr:
        """An entry of a tuple: a size, or an exact quotient of sizes that may fail to be whole."""
        node = self.node(tree)
        if not isinstance(node, Constant):
            raise self.error(tree, "an entry of a tuple is not a size", "an integer expression in the sizes")
        return node.value

    def _brackets(self, tree: Any) -> Expression:
        if not tree.children:
            raise self.error(tree, "empty brackets", "numbers, rows of numbers, or conditions")
        if any(part.data in CONDITIONS for part in map(ungrouped, tree.children)):
            return conditions.bracket(self, tree)
        rows = tree.children
        if any(row.data == "brackets" for row in rows):
            return Literal.of([self._row(row) for row in rows])
        return Literal.of(self._row(tree))

    def _row(self, tree: Any) -> list[Rational]:
        if tree.data != "brackets" or not tree.children:
            raise self.error(tree, "a matrix of numbers has rows", "", "write [[1, 2], [3, 4]]")
        values = [self.node(part) for part in tree.children]
        for part, value in zip(tree.children, values, strict=True):
            if not (isinstance(value, Constant) and value.value.is_Rational):
                raise self.error(
                    part,
                    "an entry of a matrix of numbers is a number",
                    "a number",
                    "put a tensor together by index: z[i in 0..1] = ...",
                )
        return [value.value for value in values if isinstance(value, Constant)]

    def _condition(self, tree: Any) -> Expression:
        raise self.error(
            tree, "a condition stands where a formula belongs", "a formula", "write [ ] around it: [i <= j]"
        )

    # -- arithmetic --------------------------------------------------------------------------------

    def operand(self, tree: Any) -> Expression:
        """A formula that arithmetic applies to."""
        node = self.node(tree)
        if isinstance(node, SizeTuple):
            raise self.error(tree, "a tuple of sizes has no arithmetic", "a formula", "take an entry: shape(z)[0]")
        return node

    def _sum(self, tree: Any) -> Expression:
        terms = [self.operand(tree.children[0])]
        for sign, part in pairs(tree):
            term = self.operand(part)
            terms.append(self.arithmetic.minus(term) if sign == "-" else term)
        return self.arithmetic.plus(terms)

    def _product(self, tree: Any) -> Expression:
        factors = [self.operand(tree.children[0])]
        for sign, part in pairs(tree):
            factor = self.operand(part)
            if sign == "*":
                factors.append(factor)
                continue
            left = self.arithmetic.times(factors)
            factors = [self._binary(str(sign), left, factor, tree, part)]
        return self.arithmetic.times(factors)

    def _binary(self, sign: str, left: Expression, right: Expression, tree: Any, part: Any) -> Expression:
        if sign == "/":
            if isinstance(right, Constant) and right.value == 0:
                raise self.error(part, "a division by 0")
            return self.arithmetic.over(left, right)
        if sign == "@":
            for side in (left, right):
                if side.rank not in (1, 2):
                    fix = "a scalar multiplies with *" if not side.rank else "take a slice: A[c] @ B"
                    raise self.error(tree, f"@ of something of rank {side.rank}", "matrices or vectors", fix)
            return shaped(apply("matmul", left, right))
        for node in (left, right):
            if not (isinstance(node, Constant) and is_integer_expression(node.value)):
                raise self.error(
                    tree,
                    f"{sign} takes integers on both sides",
                    "integer expressions in the sizes",
                    "write / for the quotient of formulas" if sign == "//" else "",
                )
        divisor = right.value
        if divisor.is_Integer and divisor <= 0:
            raise self.error(part, f"{sign} by {divisor}", "a positive divisor")
        operation = FloorDiv if sign == "//" else Remainder
        found = self.arithmetic.computed(operation(left.value, divisor), left.value, divisor)
        if found is None:
            raise self.error(tree, f"{sign} hides a quotient that may not exist", "a simpler expression")
        return found

    def _signed(self, tree: Any) -> Expression:
        sign, part = tree.children
        node = self.operand(part)
        return self.arithmetic.minus(node) if sign == "-" else node

    def _power(self, tree: Any) -> Expression:
        base, exponent = self.operand(tree.children[0]), self.node(tree.children[1])
        if isinstance(exponent, Constant) and exponent.value.is_Integer:
            if isinstance(base, Constant) and base.value == 0 and exponent.value < 0:
                raise self.error(tree, "a division by 0")
            return self.arithmetic.power(base, int(exponent.value))
        if isinstance(exponent, Constant) and not isinstance(base, Constant):
            power: Expression = Power(base, exponent.value)
            return power
        if not exponent.rank and not isinstance(exponent, Constant):
            return Elementwise("exp", 0, Times(exponent, Elementwise("log", 0, base)))  # x**a for x > 0
        half = isinstance(exponent, Constant) and exponent.value == Rational(1, 2)
        raise self.error(
            tree.children[1],
            "a power of sizes has a whole exponent" if not exponent.rank else "an exponent is one number",
            "a whole number such as 2 or -1" if not exponent.rank else "a number, a size or a scalar",
            "write sqrt(x)" if half else "exp(a * log(x)) is the general power",
        )

    # -- calls, entries, transposes ----------------------------------------------------------------

    def _postfix(self, tree: Any) -> Expression:
        base, trailers = tree.children[0], list(tree.children[1:])
        kinds = [part.data if isinstance(part, Tree) else part.type for part in trailers]
        if base.data == "name":
            name = base.children[0]
            if name in ("sum", "entries") and kinds[:2] == ["subscript", "call"]:
                node = self._over_indices(name, trailers[0], trailers[1], tree)
                return self._trailing(node, trailers[2:], tree)
            if kinds[0] == "call":
                return self._trailing(self._call(name, trailers[0], 0, tree), trailers[1:], tree)
            if kinds[:2] == ["PRIMES", "call"]:
                node = self._call(name, trailers[1], len(trailers[0]), tree)
                return self._trailing(node, trailers[2:], tree)
            if kinds[0] == "PRIMES":
                fix = f"write {name}.T" if name in self.scope.names else f"write {name}'(z)"
                raise self.error(trailers[0], f"{name}' is not a formula", "", fix)
        return self._trailing(self.node(base), trailers, tree)

    def _trailing(self, node: Expression, trailers: Sequence[Any], tree: Any) -> Expression:
        for trailer in trailers:
            if isinstance(trailer, Token) and trailer.type == "TRANSPOSE":
                node = shaped(self._at(trailer, lambda node=node: apply("transpose", node)))  # type: ignore[misc]
            elif isinstance(trailer, Token):
                raise self.error(trailer, "only a function has a derivative f'", "", "a transpose is written A.T")
            elif trailer.data == "subscript":
                node = self._subscript(node, trailer)
            else:
                raise self.error(trailer, "only a function is called", "an operator", "a product is written with *")
        return node

    def _at(self, tree: Any, build: Callable[[], Expression]) -> Expression:
        try:
            return shaped(build())
        except OperatorError as error:
            raise self.error(tree, error.message, "", error.fix) from None

    def _call(self, name: Token, call: Any, order: int, tree: Any) -> Expression:
        word = self.scope.reading.get(str(name), str(name))
        if word in self.scope.functions or word in ELEMENTWISE:
            (of,) = arguments(self, name, call, 1)
            return Elementwise(word, order, self.operand(of))
        if order:
            raise self.error(
                name, f"{name} is not a function of one number", "a declared function f, or tanh, exp, ..."
            )
        if word in WORDS:
            return WORDS[word](self, name, call)
        if ALIASES.get(word, word) in OPERATORS:
            return calls.operator(self, ALIASES.get(word, word), name, call)
        raise self._not_callable(name, call)

    def _not_callable(self, name: Token, call: Any) -> InputError:
        kind = self.scope.kind(str(name))
        if kind == "a loss":
            raise self.error(name, f"{name} is a loss, not a function", "the loss itself", f"write {name}")
        kind = self.scope.kind(str(name))
        if kind and kind != "a word of the language":
            return self.error(
                name,
                f"{name} is {kind}, not a function",
                "an operator",
                "a product is written with *, an entry with [ ]",
            )
        known = [*CALLABLE, *self.scope.functions, *self.scope.choices]
        hint = habits.call(self, name, call) or did_you_mean(fixes.OPERATORS.get(str(name).lower(), str(name)), known)
        return self.error(
            name,
            f"there is no operator {name}",
            "an operator of the language (`gradproof operators` lists them) or a declared function",
            hint or f"declare it in a given block: `function {name}`",
        )

    # -- indices -----------------------------------------------------------------------------------

    def new_index(self, token: Token) -> Symbol:
        """The symbol of an index that is introduced here; it must not hide another integer."""
        name = str(token)
        kind = "an index already" if name in self.indices else self.scope.kind(name)
        if name in RESERVED or name in self.indices or name in self.scope.dims or name in self.scope.abbreviations:
            raise self.error(token, f"{name} is {kind}", "a new name for the index", f"call the index {name}1")
        return integer_symbol(name)

    @contextmanager
    def bound(self, tokens: Sequence[Token]) -> Iterator[None]:
        """New indices for the time of a body."""
        before = dict(self.indices)
        for token in tokens:
            self.indices[str(token)] = self.new_index(token)
        try:
            yield
        finally:
            self.indices = before

    def _over_indices(self, name: Token, subscript: Any, call: Any, tree: Any) -> Expression:
        """sum[i, j in a..b](body), entries[i in 0..n-1](body)."""
        (body_tree,) = arguments(self, name, call, 1)
        if len(subscript.children) > limits.INDICES:
            raise self.error(
                subscript,
                f"{len(subscript.children)} indices of one {name}",
                f"at most {limits.INDICES} (limit INDICES)",
            )
        tokens: list[Token] = []
        ranges: list[IndexRange] = []
        for item in subscript.children:
            token, low, high = index_item(self, item, f"{name}[i, j in 0..n-1](...)")
            with self.bound(tokens):
                index = self.new_index(token)
                ranges.append(explicit_range(self, index, low, high))
            tokens.append(token)
        with self.bound(tokens):
            body = self.operand(body_tree)
        if name == "entries":
            return calls.by_index(self, body, ranges, tokens)
        for token, part in zip(tokens, ranges, strict=True):
            self._check_index(body, part, token)
        return IndexSum(body, *ranges)

    def _check_index(self, body: Expression, part: IndexRange, token: Token) -> None:
        if any(part.index in size.free_symbols for size in body.shape):
            raise self.error(token, f"the shape of the terms depends on {token}", "terms of one shape")
        if not part.explicit and not mentions_index(body, part.index):
            raise self.error(
                token,
                f"no entry has the subscript {token}, so that its range is unknown",
                "an entry such as x[i], or a range",
                f"write {token} in 0..n-1",
            )

    def _subscript(self, base: Expression, subscript: Any) -> Expression:
        items = subscript.children
        if isinstance(base, SizeTuple):
            return self._size_of(base, subscript)
        if len(items) > base.rank:
            what = f"a formula of rank {base.rank}" if base.rank else "a scalar"
            raise self.error(
                items[base.rank],
                f"{len(items)} indices for {what}",
                f"at most {base.rank}" if base.rank else "no index",
                "leave out the extra index",
            )
        parts = [self._index(item, base.shape[axis]) for axis, item in enumerate(items)]
        rest = [Slice(0, size, 1) for size in base.shape[len(items) :]]
        return Entry(base, *parts, *rest)

    def _size_of(self, base: SizeTuple, subscript: Any) -> Expression:
        item = subscript.children[0]
        if len(subscript.children) > 1 or item.data in ("slice", "range"):
            raise self.error(subscript, "a tuple of sizes has one index", "a number", "write shape(z)[0]")
        at = self.integer(item, "an index of a tuple") - self.scope.origin
        if not at.is_Integer or not 0 <= at < len(base.sizes):
            first = self.scope.origin
            raise self.error(
                item, "no such entry of the tuple", f"a number from {first} to {first + len(base.sizes) - 1}"
            )
        self._use_size(base, subscript)
        return Constant(base.sizes[int(at)])

    def _use_size(self, base: SizeTuple, at: Any) -> None:
        """Remembers the formula whose size is used, unless it exists by declaration."""
        if base.of is None or isinstance(base.of, Tensor | Definition) or base.of in self.sized:
            return
        inner = {symbol for name, symbol in self.indices.items() if name not in self.free}
        if base.of.free_symbols & inner:
            raise self.error(
                at,
                "a size of a formula that depends on a summed index",
                "a formula without it",
                "write the size out",
            )
        self.sized.append(base.of)

    def _index(self, item: Any, size: Expr) -> Any:
        if item.data == "range":
            raise self.error(
                item,
                "a range stands in a subscript",
                "an index or a slice",
                "write a slice a:b (b is left out), or sum[i in a..b](...)",
            )
        if item.data == "slice":
            return self._slice(item, size)
        if item.data == "name" and str(item.children[0]) in self.free:
            self.free_sizes.setdefault(str(item.children[0]), size)
        return self.integer(item, "an index") - self.scope.origin

    def _slice(self, item: Any, size: Expr) -> Slice:
        start_tree, stop_tree, step_tree = (*item.children, None)[:3]
        start = self._bound_of(start_tree, Integer(0))
        stop = self._bound_of(stop_tree, size)
        step = Integer(1) if step_tree is None else self.integer(step_tree, "the step of a slice")
        if step.is_Integer and step < 1:
            raise self.error(step_tree, f"a step of {step}", "a step of at least 1", "flip(A, axis) reverses an axis")
        return Slice(start, ceiling_division(stop - start, step), step)

    def _bound_of(self, tree: Any, default: Expr) -> Expr:
        if tree is None:
            return default
        value = self.integer(tree, "a bound of a slice") - self.scope.origin
        if value.is_Integer and value < 0:
            raise self.error(tree, "indices never wrap", "a bound inside the axis", "count from the front: A[:H - 1]")
        return value


def shaped(node: Expression) -> Expression:
    """The node itself, once its shape is known to fit; raises ShapeError."""
    _ = node.shape
    return node


def index_item(elaborator: Elaborator, item: Any, shown: str) -> tuple[Token, Any, Any]:
    """The index that is introduced by an item `i` or `i in low..high`."""
    if item.data == "range":
        token, low, high = item.children
        return token, low, high
    if item.data == "name":
        return item.children[0], None, None
    raise elaborator.error(item, "an index is a name", "i, or i in 0..n-1", f"write {shown}")
