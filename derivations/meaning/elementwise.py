"""Functions of one variable: an opaque atom of the normalised entry of the argument, and how it varies.

    d f(T[i]) = f'(T[i]) · dT[i]

Known functions have known derivatives (`functions.py`); 1/x is one of them, so that quotients need no rule. Equal
arguments give equal atoms, however they are written: that is proved, never supposed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sympy import Basic

from derivations.core import terms as k
from derivations.core.heads import INVERSE, Function, Head, Kind, Map, Reciprocal
from derivations.core.monomials import canonical_argument
from derivations.core.names import Name
from derivations.core.sums import Atom, Term, rename_term
from derivations.core.terms import Condition, Int
from derivations.formulas.expressions import (
    Constant,
    DataBracket,
    Elementwise,
    Expression,
    Minus,
    Over,
    Plus,
    Power,
    Tensor,
    Times,
)
from derivations.meaning.domains import OF_FUNCTIONS
from derivations.meaning.functions import KNOWN, Unsupported, derivative_of, rewritten
from derivations.meaning.integers import Environment
from derivations.meaning.masks import mask
from derivations.meaning.numbers import of_number
from derivations.meaning.regular import somewhere_positive
from derivations.meaning.translation import (
    ALL,
    Cut,
    Opaque,
    Template,
    Terms,
    Translation,
    at,
    at_condition,
    at_values,
    definition_of,
    formal_places,
    multiply,
    names_of,
    outer_names,
    scaled,
    single_atom,
)

ARGUMENT = Tensor("?argument", ())  # the variable of a formula for a known function's derivative


def elementwise(lowering: Translation, node: Elementwise, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    """f(x)[index], for a known function or any."""
    simpler = rewritten(node)
    if simpler is not None:
        formula, axiom = simpler
        if axiom:
            lowering.axioms[axiom] = None
        return lowering.lower(formula, index, env, cut)
    if node.name in OF_FUNCTIONS:
        inner = lowering.part(node.of, index, env, cut)
        if any(term.atoms for term in inner):
            lowering.suppose_in(node.of, OF_FUNCTIONS[node.name])
            somewhere_positive(lowering, inner, str(node.of))
    kind = Kind.KNOWN if node.name in KNOWN else Kind.ARBITRARY
    return function(lowering, Map(kind, node.name), node.order, node.of, index, env, cut)


def data_bracket(lowering: Translation, node: DataBracket, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
    """[x < y][index], a function of x − y."""
    left, right = node.args[1], node.args[2]
    turned = {"<": ">", "<=": ">="}.get(node.operator)
    jump = Map(Kind.JUMP, turned or node.operator)
    masked = mask(lowering, node, index, env, cut)
    if masked is not None and masked[1] == k.TRUE:
        return masked[0]
    compared = function(lowering, jump, 0, right - left if turned else left - right, index, env, cut)
    if masked is None:
        return compared
    return [*masked[0], *lowering.products([[Term(condition=k.negate(masked[1]))], compared])]


def function(
    lowering: Translation, name: Map, order: int, of: Expression, index: tuple[Int, ...], env: Environment, cut: Cut
) -> Terms:
    """f^(order)(of)[index] as terms: an opaque atom of the normalised entry of its argument.

    The indices in scope become formal places too: the argument, and so the unknown, differs from one of their
    values to another. They come first, so that f(x)[i] and f(x[i]) are one unknown.
    """
    outer = outer_names(of, env)
    formals = formal_places(len(outer) + of.rank)
    places = formals[len(outer) :]
    index = (*[env[name] for name in outer], *index)
    env = dict(zip(outer, formals[: len(outer)], strict=True))
    short = lowering.lower(of, places, env, ALL)
    single = single_atom(short)
    if single is not None:
        # One entry of a definition z: a function of z's own normal form, at that entry's place.
        definition = definition_of(of, single.head, cut)
        if definition is not None:
            place = tuple(at(i, formals, index) for i in single.indices)
            inner = formal_places(definition.rank)
            guard = lowering.inside(definition, inner, {})
            body = lowering.lower(definition.body, inner, {}, cut)
            return apply_function(lowering, name, order, body, inner, place, guard)
    guard = lowering.inside(of, places, env)
    return apply_function(lowering, name, order, lowering.lower(of, places, env, cut), formals, index, guard)


def apply_function(
    lowering: Translation, name: Map, order: int, argument: Terms, formals: tuple[Int, ...], index: tuple[Int, ...],
    guard: Condition = k.TRUE,
) -> Terms:  # fmt: skip
    """f^(order) of an entry given by terms in formal indices (which obey `guard`), at `index`."""
    argument = [term for term in argument if term.condition != k.FALSE and term.numerator.terms]
    if order == 0 and not any(term.atoms for term in argument):
        here = [rename_term(term, at_values(formals, index)) for term in argument]
        known = of_number(name, here)
        if known is not None:
            lowering.suppose_equal(f"the argument of {name.name}", here, known[1])
            return known[0]
    if len(argument) == 1 and len(argument[0].atoms) == 1 and not argument[0].bound:
        (term,) = argument
        if term.numerator == term.denominator == 1:
            whole = [_function_atom(lowering, name, order, [replace(term, condition=k.TRUE)], formals, index, guard)]
            where = at_condition(term.condition, formals, index)
            if where == k.TRUE:
                return whole
            nothing = _function_atom(lowering, name, order, [], formals, index, guard)
            return lowering.products([[Term(condition=where)], whole]) + lowering.products(
                [[Term(condition=k.negate(where))], [nothing]]
            )
    return [_function_atom(lowering, name, order, argument, formals, index, guard)]


def _function_atom(
    lowering: Translation, name: Map, order: int, argument: Terms, formals: tuple[Int, ...], index: tuple[Int, ...],
    guard: Condition,
) -> Term:  # fmt: skip
    single = single_atom(argument)
    if single is not None:
        # f(x[g(i)]) is the function f of the tensor x at g(i); renaming makes equal functions equal heads.
        inner = formal_places(len(single.indices))
        place = tuple(at(i, formals, index) for i in single.indices)
        argument = [Term((Atom(single.head, inner),))]
        formals = inner
        guard = lowering.domain(single.head, inner)
    else:
        place = tuple(index)
    names = names_of(argument)
    used = [n for n, formal in enumerate(formals) if formal.symbols() <= names]
    unused = frozenset[Name]().union(*(formal.symbols() for formal in formals)) - names
    guard = k.all_of(part for part in k.conjuncts(guard) if not k.condition_symbols(part) & unused)
    # The formal indices are numbered anew, so that an argument's key does not depend on those it leaves out.
    values = {next(iter(formals[n].symbols())): fresh for n, fresh in zip(used, formal_places(len(used)), strict=True)}
    argument = [rename_term(term, values) for term in argument]
    guard = k.substitute_condition(guard, values)
    formals, place = formal_places(len(used)), tuple(place[n] for n in used)
    if single is None:
        argument = known_equal(lowering, name, argument, formals, guard)
    key, demands = canonical_argument(argument)
    lowering.demands |= demands
    head = Function(name, order, key)
    lowering.argument_met(head, argument, guard)
    if head not in lowering.opaque:
        lowering.opaque[head] = _function_record(lowering, name, order, argument, formals, single, head, guard)
    return Term((Atom(head, place),))


def known_equal(
    lowering: Translation, function: Map, argument: Terms, formals: tuple[Int, ...], guard: Condition
) -> Terms:  # fmt: skip
    """An argument that this function was already applied to and that is proved equal, or the argument itself: an
    opaque function is a function of its entry's value, however that is written.

    Here alone two heads that look different become one unknown.
    """
    for record in list(lowering.opaque.values()):
        known = record.template
        if known is None or known.function is not function or known.formals != formals or record.plain:
            continue
        if list(known.terms) == argument or lowering.same(argument, list(known.terms), guard):
            return list(known.terms)
    return argument


def _function_record(
    lowering: Translation, name: Map, order: int, argument: Terms, formals: tuple[Int, ...], single: Atom | None,
    head: Head, guard: Condition,
) -> Opaque:  # fmt: skip
    def specific(indices: Sequence[Int]) -> Terms:
        values = at_values(formals, indices)
        return [lowering.refreshed(rename_term(lowering.refreshed(term), values)) for term in argument]

    def expand(indices: Sequence[Int]) -> list[tuple[Term, Terms]]:
        if name is INVERSE:
            inverse = Atom(head, tuple(indices))
            return [(Term((inverse, inverse), numerator=Int.of(-1)), specific(indices))]
        derivative = _derivative(lowering, name, order, argument, formals, tuple(indices), guard)
        return [(factor, specific(indices)) for factor in derivative]

    def rebuild(change: Callable[[Terms], Terms], indices: Sequence[Int]) -> Terms:
        return apply_function(lowering, name, order, change(argument), formals, tuple(indices), guard)

    template = Template(name, tuple(argument), formals, guard)
    inner = lowering.opaque.get(single.head) if single is not None else None
    plain = template.arbitrary and single is not None and (inner is None or inner.plain)
    return Opaque(expand, rebuild, plain, template)


def _derivative(
    lowering: Translation, name: Map, order: int, argument: Terms, formals: tuple[Int, ...], index: tuple[Int, ...],
    guard: Condition,
) -> Terms:  # fmt: skip
    """f^(order+1) of the argument, through the known derivatives where f is a known function."""
    if name.kind is Kind.JUMP:
        lowering.axioms["no entry is where an indicator of the data jumps"] = None
        lowering.kinks.append((name, argument))
        return []
    if name.kind is Kind.POWER:  # d t^e = e·t^(e − 1) dt
        top, bottom = name.exponent
        less = Map(Kind.POWER, (top - bottom, bottom))
        return scaled(apply_function(lowering, less, order, argument, formals, index, guard), top, bottom)
    formula = derivative_of(name.name, order, ARGUMENT) if name.kind is Kind.KNOWN else None
    if formula is None:
        return apply_function(lowering, name, order + 1, argument, formals, index, guard)
    return _of_argument(lowering, formula, argument, formals, index, guard)


def _of_argument(
    lowering: Translation, node: Expression, argument: Terms, formals: tuple[Int, ...], index: tuple[Int, ...],
    guard: Condition,
) -> Terms:  # fmt: skip
    """A formula in the one variable ARGUMENT, which stands for terms in formal indices, at an index.

    A function inside of it becomes an unknown of the argument as a whole, with the argument's indices as its
    places: an unknown without them would be one value for all entries.
    """

    def at(part: Basic) -> Terms:
        assert isinstance(part, Expression)
        return _of_argument(lowering, part, argument, formals, index, guard)

    if node == ARGUMENT:
        values = at_values(formals, index)
        return [lowering.refreshed(rename_term(lowering.refreshed(term), values)) for term in argument]
    if isinstance(node, Plus):
        return [term for part in node.args for term in at(part)]
    if isinstance(node, Minus):
        return scaled(at(node.args[0]), -1)
    if isinstance(node, Times):
        return lowering.products([at(part) for part in node.args])
    if isinstance(node, Power):
        exponent = node.args[1]
        amount = int(exponent.value if isinstance(exponent, Constant) else exponent)
        return lowering.products([at(node.args[0]) for _ in range(amount)])
    if isinstance(node, Elementwise):
        of = argument if node.of == ARGUMENT else _of_argument(lowering, node.of, argument, formals, formals, guard)
        return apply_function(lowering, Map(Kind.KNOWN, node.name), node.order, of, formals, index, guard)
    if isinstance(node, Over):
        divisor = _of_argument(lowering, node.args[1], argument, formals, formals, guard)
        return lowering.products([at(node.args[0]), _inverse_of(lowering, divisor, formals, index, guard)])
    if not node.rank and ARGUMENT not in node.atoms(Tensor):
        return lowering.lower(node, (), {}, frozenset())
    raise AssertionError(f"the table of derivatives has a formula that is not read here: {node}")


def _inverse_of(
    lowering: Translation, divisor: Terms, formals: tuple[Int, ...], index: tuple[Int, ...], guard: Condition
) -> Terms:  # fmt: skip
    """One by an entry given by terms in formal indices, at an index. It is not 0 where a function of it is
    differentiated: log and sqrt are so for positive arguments only."""
    if len(divisor) == 1 and not divisor[0].bound and divisor[0].condition == k.TRUE:
        term = rename_term(divisor[0], at_values(formals, index))
        if not term.atoms and term.numerator.terms.keys() != {()}:
            raise Unsupported("a derivative that divides by sizes")
        inverse = Term(numerator=term.denominator, denominator=term.numerator, demands=term.demands)
        return [multiply(inverse, *[inverse_atom(lowering, atom) for atom in term.atoms])]
    return apply_function(lowering, INVERSE, 0, divisor, formals, index, guard)


def inverse_atom(lowering: Translation, atom: Atom) -> Term:
    """One by an unknown."""
    head = Reciprocal(atom.head)
    if head not in lowering.opaque:
        rank = len(atom.indices)

        def expand(indices: Sequence[Int]) -> list[tuple[Term, Terms]]:
            inverse = Atom(head, tuple(indices))
            return [(Term((inverse, inverse), numerator=Int.of(-1)), [Term((Atom(atom.head, tuple(indices)),))])]

        def rebuild(change: Callable[[Terms], Terms], indices: Sequence[Int]) -> Terms:
            changed = change([Term((Atom(atom.head, tuple(indices)),))])
            if len(changed) == 1 and not changed[0].bound and changed[0].condition == k.TRUE:
                (term,) = changed
                scale = Term(numerator=term.denominator, denominator=term.numerator)
                return [multiply(scale, *[inverse_atom(lowering, part) for part in term.atoms])]
            formals = formal_places(rank)
            renamed = change([Term((Atom(atom.head, formals),))])
            return apply_function(lowering, INVERSE, 0, renamed, formals, tuple(indices))

        lowering.opaque[head] = Opaque(expand, rebuild, plain=atom.head not in lowering.opaque)
    return Term((Atom(head, atom.indices),))
