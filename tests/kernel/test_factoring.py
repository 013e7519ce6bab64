"""Composite indices as tuples: what is proved with them, what is refuted, and that each step is an equivalence."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from derivations import given
from derivations.core import terms as k
from derivations.core.names import Mark, Role
from derivations.core.sums import Term
from derivations.core.terms import Int
from derivations.meaning.factoring import divided, factored

GROUPS = """dims G, I, O, H
tensor y[G*I, H], w[G, O, I]
z[u in 0..G*O-1, j in 0..H-1] = sum[i in 0..I-1](w[u // O, u % O, i]*y[u // O*I + i, j])
loss J(z)
d = grad(J, z)"""
SHUFFLE = "dims C, r, H, W\ntensor x[C*r*r, H, W]"
SHUFFLED = "reshape(transpose(reshape(x, C, r, r, H, W), (0, 3, 1, 4, 2)), C, H*r, W*r)[c, i, j]"
KRON = "dims m, n, p, q, t, l\ntensor A[m, n], B[p, q], D[n, t], E[q, l], M[m, n], N[n, t]"


@pytest.mark.parametrize(
    ("context", "claim", "verdict"),
    [
        (KRON, "kron(A, B) @ kron(D, E) == kron(A @ D, B @ E)", "proved"),
        (KRON, "kron(A, B) @ kron(D, E) == kron(B @ E, A @ D)", "false"),
        (KRON, "vec(M @ N) == kron(N.T, eye(m)) @ vec(M)", "proved"),
        ("dims m, n, p, q\ntensor A[m, n], B[p, q]", "kron(A, B) == kron(B, A)", "holds where"),
        (SHUFFLE, f"{SHUFFLED} == x[(c*r + i % r)*r + j % r, i // r, j // r]", "proved"),
        (SHUFFLE, f"{SHUFFLED} == x[(c*r + j % r)*r + i % r, i // r, j // r]", "holds where"),
        (GROUPS, "grad(J, w)[g, o, i] == sum[j](d[g*O + o, j]*y[g*I + i, j])", "proved"),
        (GROUPS, "grad(J, y)[v, j] == sum[o in 0..O-1](d[v // I*O + o, j]*w[v // I, o, v % I])", "proved"),
    ],
)
def test_products_of_sizes_are_decided(context: str, claim: str, verdict: str) -> None:
    """Kronecker products, pixel shuffles and groups: the true ones proved, the others with their region or an example,
    and `numeric` never of another opinion."""
    found = given(context).judge(claim, steps=False, repair=False)
    assert (found.verdict, found.contradiction) == (verdict, "")


names = [Mark(Role.BOUND, number) for number in range(3)]
amounts = st.lists(st.tuples(st.integers(-3, 3), st.sampled_from("mn1"), st.sampled_from("mn1uv")), max_size=5)


def amount(parts: list[tuple[int, str, str]]) -> Int:
    """A polynomial in m, n, and two others."""
    total = Int.of(0)
    for coefficient, *letters in parts:
        term = Int.of(coefficient)
        for letter in letters:
            term = term * (Int.of(1) if letter == "1" else Int.symbol(letter))
        total = total + term
    return total


@settings(max_examples=100, deadline=None)
@for_all(amounts, st.sampled_from([[(1, "m", "1")], [(1, "m", "n")], [(1, "m", "1"), (-1, "n", "1"), (1, "1", "1")]]))
def test_a_division_is_exact(value: list[tuple[int, str, str]], divisor: list[tuple[int, str, str]]) -> None:
    """value = divisor·a + b."""
    whole, rest = divided(amount(value), amount(divisor))
    assert amount(divisor) * whole + rest == amount(value)


@settings(max_examples=40, deadline=None)
@for_all(st.tuples(*[st.integers(1, 3)] * 3), st.sampled_from(["m", "n", "m*n"]), st.integers(-1, 2), st.booleans())
def test_a_sum_keeps_its_value(sizes: tuple[int, int, int], divisor: str, shift: int, turned: bool) -> None:
    """Σ over u in 0..m·n·l − 1 of a number made of quotients of u, with conditions on them, before and after."""
    values = dict(zip("mnl", sizes, strict=True))
    m, n, l = map(Int.symbol, "mnl")  # noqa: E741
    u = Int.symbol(names[0])
    by = {"m": m, "n": n, "m*n": m * n}[divisor]
    inner = (u // (m * n)) % l + (u // n) % m * 7 if turned else u // by + (u % (m * n)) // n * 5
    condition = k.all_of((k.between(0, u, m * n * l - 1), k.nonnegative(u // n - u % m + shift)))
    term = Term((), frozenset({names[0]}), condition, inner)
    context = k.all_of(k.nonnegative(size - 1) for size in (m, n, l))
    fresh = (Mark(Role.BOUND, number) for number in range(10, 99))
    _, after = factored(context, k.TRUE, [term], lambda: next(fresh))
    assert total([term], values) == total(list(after), values)


def total(terms: list[Term], sizes: dict[str, int]) -> int:
    """The value of terms without atoms, by enumeration of their bound indices."""
    reach = sizes["m"] * sizes["n"] * sizes["l"]
    found = 0
    for term in terms:
        bound = sorted(term.bound, key=str)
        narrow = reach if len(bound) == 1 else max(max(sizes.values()), reach // min(sizes.values()))
        for place in product(range(narrow), repeat=len(bound)):
            at = {**sizes, **dict(zip(bound, place, strict=True))}
            if k.holds(term.condition, at):
                found += k.evaluate(term.numerator, at)
    return found
