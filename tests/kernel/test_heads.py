"""Heads and names are values: what is asked of them is asked of types, and what they are called never matters."""

from __future__ import annotations

import ast
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.core import terms as k
from derivations.core.heads import (
    Argmax,
    Argument,
    Choice,
    Differential,
    Entry,
    Frame,
    Function,
    Head,
    Kind,
    LossValue,
    Map,
    Reciprocal,
    Root,
    Sensitivity,
    Side,
    Value,
    alone,
)
from derivations.core.monomials import Monomials, canonical_argument
from derivations.core.names import Mark, Name, Role, is_size, text_of
from derivations.core.sums import Atom, Term, rename_term
from derivations.core.terms import Int, Sym

ROOT = Path(__file__).resolve().parents[2] / "derivations"
# They speak of claims by their ids, and to readers; neither says what is true.
OTHERS = ("readings.py", "results.py")
ROOMS = ("core", "meaning", "search", "judgement")
SOURCES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if path.name not in OTHERS]
SPELLING = {
    "startswith", "endswith", "isidentifier", "isalpha", "isdigit", "isalnum", "isupper", "islower", "removeprefix",
    "removesuffix", "partition", "rpartition", "split", "find", "rfind", "rindex", "fullmatch", "match",
}  # fmt: skip
VOCABULARY = ["first_place_0", "entry_0", "tap", "loss", "argmax", "step", "p", "z1", "x", "d_x", "index_i"]
FREE, PLACE, HOW_MANY = Int.symbol(Mark(Role.FORMAL, 0)), Int.symbol(Mark(Role.BOUND, 7)), Int.symbol("n")


def questions_of_spelling(tree: ast.AST) -> Iterator[str]:
    """What asks a text how it is spelled: methods of strings, patterns, and `in` with a text on the left and none of
    the literal collections, mappings' keys among them, on the right."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in SPELLING:
            yield f"line {node.lineno}: .{node.attr}"
        if isinstance(node, ast.Import) and any(alias.name == "re" for alias in node.names):
            yield f"line {node.lineno}: import re"
        if isinstance(node, ast.Compare):
            for operator, right in zip(node.ops, node.comparators, strict=True):
                textual = isinstance(node.left, ast.JoinedStr | ast.Constant) and not (
                    isinstance(node.left, ast.Constant) and not isinstance(node.left.value, str)
                )
                literal = isinstance(right, ast.Tuple | ast.List | ast.Set | ast.Dict | ast.Call)
                if isinstance(operator, ast.In | ast.NotIn) and (
                    (textual and not literal) or isinstance(right, ast.JoinedStr)
                ):
                    yield f"line {node.lineno}: in"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_question_is_asked_of_a_spelling(path: Path) -> None:
    """In the rooms that say what is true no text is taken apart."""
    assert not list(questions_of_spelling(ast.parse(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize(
    "breach",
    ["head.startswith('1/')", "name.isidentifier()", "f\"'{head}'\" in opaque", "'~' in name", "import re",
     "not name.isdigit()", "head in f'{other}'"],
)  # fmt: skip
def test_the_rule_sees_a_breach(breach: str) -> None:
    assert list(questions_of_spelling(ast.parse(breach)))


def heads() -> st.SearchStrategy[Head]:
    """Heads nested up to three deep, over few names."""
    names = st.sampled_from(VOCABULARY)
    leaves: st.SearchStrategy[Head] = st.one_of(
        names.map(Entry), names.map(Differential), names.map(LossValue), names.map(Sensitivity)
    )
    maps = st.builds(Map, st.sampled_from(Kind), names)

    def deeper(inner: st.SearchStrategy[Head]) -> st.SearchStrategy[Head]:
        arguments = inner.map(argument_of)
        return st.one_of(
            inner.map(Reciprocal),
            st.builds(Function, maps, st.integers(0, 2), arguments),
            st.builds(Value, arguments),
            st.builds(lambda of: Root(of, Int.of(1), Int.of(2)), inner),
            st.builds(Choice, st.sampled_from(Side), st.fractions(0, 1, max_denominator=2), arguments),
            st.builds(lambda a: Argmax((HOW_MANY,), (0,), None, a), arguments),
            st.builds(lambda a: Argmax((HOW_MANY,), (0,), Frame((HOW_MANY,), (HOW_MANY,), ()), a), arguments),
        )

    return st.recursive(leaves, deeper, max_leaves=3)


def argument_of(head: Head, factor: int = 1) -> Argument:
    return canonical_argument([Term((Atom(head, (FREE,)),), numerator=Int.of(factor))])[0]


@given(heads(), heads())
def test_a_head_is_its_value(left: Head, right: Head) -> None:
    """One object for each value, and an order, hence a place in a monomial, of its own."""
    again = type(left)(*left.parts)
    assert again is left
    assert pickle.loads(pickle.dumps(left)) is left
    assert (left is right) == (left.order == right.order) == (left == right)


@given(heads())
def test_a_head_knows_what_it_mentions(head: Head) -> None:
    """At any depth, and not itself."""
    outer = Function(Map(Kind.ARBITRARY, "f"), 1, argument_of(Reciprocal(head)))
    assert {head, Reciprocal(head), *head.mentions} == outer.mentions
    assert head not in head.mentions


def test_only_an_entry_in_its_order_is_alone() -> None:
    x = Entry("x")
    assert alone(argument_of(x)) is x
    assert alone(argument_of(x, 2)) is None
    shifted = canonical_argument([Term((Atom(x, (FREE + 1,)),))])[0]
    assert alone(shifted) is None


@settings(deadline=None)
@given(st.permutations(range(3)), st.permutations(range(2)), st.booleans())
def test_an_argument_does_not_depend_on_its_writing(order: list[int], bound: list[int], swapped: bool) -> None:
    """Neither on the names of summed indices, counted or left over, nor on the order of terms, atoms and conditions."""
    a, b, square = (Int.symbol(Mark(Role.BOUND, 1)), Int.symbol(Mark(Role.BOUND, 2)), Int.symbol(Mark(Role.BOUND, 3)))
    x, y = Entry("x"), Entry("y")
    inside = [k.between(0, a, HOW_MANY - 1), k.between(0, b, HOW_MANY - 1)]
    left_over = [k.equal(square * square, FREE), k.at_most(0, square)]
    terms = [
        Term((Atom(x, (a,)), Atom(y, (b + FREE,))), frozenset({name(a), name(b)}), k.all_of(inside)),
        Term((Atom(y, (FREE,)),), frozenset({name(square)}), k.all_of(left_over)),
        Term((Atom(x, (FREE,)), Atom(x, (FREE + 1,)))),
    ]
    fresh = [Int.symbol(Mark(Role.BOUND, 20 + number)) for number in bound]
    values = {name(a): fresh[0], name(b): fresh[1], name(square): Int.symbol(Mark(Role.BOUND, 5))}
    changed = [rename_term(terms[number], values) for number in order]
    if swapped:
        changed = [Term(t.atoms[::-1], t.bound, k.all_of(k.conjuncts(t.condition)[::-1]), t.numerator) for t in changed]
    assert canonical_argument(changed) == canonical_argument(terms)


def name(value: Int) -> Name:
    [only] = value.symbols()
    return only


@given(st.sampled_from(VOCABULARY), st.sampled_from(Role), st.integers(0, 3))
def test_no_declared_name_is_a_mark(declared: str, role: Role, number: int) -> None:
    """Not even one that is spelled as a mark is."""
    mark = Mark(role, number)
    for spelled in (declared, text_of(mark), repr(mark)):
        assert Sym(spelled) is not Sym(mark)
        assert Int.symbol(spelled) != Int.symbol(mark)
        assert is_size(spelled)
    assert not is_size(mark)
    assert k.substitute(Int.symbol(mark), {text_of(mark): Int.of(1)}) == Int.symbol(mark)
    assert pickle.loads(pickle.dumps(Sym(mark))) is Sym(mark)


def test_one_monomial_for_one_product() -> None:
    """Heads that are equal stand in one group, in whatever order their atoms come."""
    f: Any = Function(Map(Kind.ARBITRARY, "f"), 0, argument_of(Entry("x")))
    found = Monomials()
    for atoms in ((Atom(f, (PLACE,)), Atom(Entry("y"))), (Atom(Entry("y")), Atom(f, (PLACE,)))):
        found.add(Term(atoms, frozenset(), k.TRUE))
    assert len(found.groups) == 1
