"""Symbolic integers and what is known of them: every rewriting is an equality, every proof a truth."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from derivations.language.errors import InputError
from derivations.reading.arrays import converted, joined_index
from derivations.reading.facts import Facts
from derivations.reading.integers import Cond, Int, at_least, both, equal, evaluated, least, negated, product
from derivations.reading.signature import parse_signature

NAMES = ("n", "m", "s")
SIZES = st.fixed_dictionaries({name: st.integers(1, 6) for name in NAMES})


@st.composite
def integers(draw: st.DrawFn, depth: int = 3) -> tuple[Int, str]:
    """An integer and the Python expression that it is; shrinks to a size."""
    if depth == 0 or draw(st.booleans()):
        name = draw(st.sampled_from((*NAMES, "1", "2", "3")))
        return (Int.of(int(name)) if name.isdigit() else Int.symbol(name)), name
    (left, p), (right, q) = draw(integers(depth - 1)), draw(integers(depth - 1))
    word = draw(st.sampled_from(("+", "-", "*", "//", "%", "min", "max")))
    if word in ("min", "max"):
        return least(word, left, right), f"{word}({p}, {q})"
    if word in ("//", "%") and right.constant == 0:
        word = "+"
    value = {"+": left + right, "-": left - right, "*": left * right,
             "//": left // right if right.terms else left, "%": left % right if right.terms else left}  # fmt: skip
    return value[word], f"({p} {word} {q})"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(integers(), SIZES)
def test_arithmetic_is_pythons(pair: tuple[Int, str], sizes: dict[str, int]) -> None:
    """Every integer has Python's value, wherever that exists."""
    value, text = pair
    try:
        wanted = eval(text, {"min": min, "max": max}, sizes)
    except ZeroDivisionError:
        assume(False)
    try:
        assert evaluated(value, sizes) == wanted
    except ZeroDivisionError:
        pytest.fail("a divisor that is not 0 became one")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(integers(), integers(), SIZES)
def test_what_a_glance_proves_is_true(one: tuple[Int, str], other: tuple[Int, str], sizes: dict[str, int]) -> None:
    """`nonnegative` and `simplify` say only what holds."""
    condition = at_least(other[0], 1)
    facts = Facts(dict.fromkeys(NAMES, 1), [condition])
    try:
        assume(condition.holds(sizes))
        value = evaluated(one[0], sizes)
        if facts.nonnegative(one[0]):
            assert value >= 0
        if all(evaluated(under, sizes) for under in _divisors(one[0])):
            assert evaluated(facts.simplify(one[0]), sizes) == value
    except ZeroDivisionError:
        assume(False)


def _divisors(value: Int) -> list[Int]:
    return [atom.under for atom in value.atoms() if hasattr(atom, "under")]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 5), st.integers(0, 5), SIZES)
def test_an_index_is_where_its_range_says(low: int, more: int, sizes: dict[str, int]) -> None:
    """What is proved of an index holds at each of its values."""
    facts = Facts(dict.fromkeys(NAMES, 1))
    n, m = Int.symbol("n"), Int.symbol("m")
    i = facts.fresh("i", low, n + more)
    (name,) = i.symbols
    for value in (n + more - i, i - low, n * m + more * m - i * m, i * m - low * m, n - i, i - 1):
        if facts.nonnegative(value):
            for at in range(low, sizes["n"] + more + 1):
                assert evaluated(value, {**sizes, name: at}) >= 0


FACTORS = [[], [2], [2, 3], [6], [3, 2], [2, 2, 3], [12], [4, 3], [3, 4], [2, 6], [24], [2, 12], [4, 6], [2, 3, 4]]


@given(st.sampled_from(FACTORS), st.sampled_from(FACTORS))
def test_factors_are_exchanged_row_major(have: list[int], want: list[int]) -> None:
    """An index by other factors has the same row-major number."""
    total = product([Int.of(size) for size in have]).constant
    if total != product([Int.of(size) for size in want]).constant:
        return
    sizes, others = [Int.of(size) for size in have], [Int.of(size) for size in want]
    for number in range(total or 0):
        index, rest = [], number
        for size in reversed(have):
            index.insert(0, Int.of(rest % size))
            rest //= size
        found = converted(tuple(index), tuple(sizes), tuple(others))
        assert joined_index(found, others).constant == number


@given(SIZES)
def test_negation_is_the_opposite(sizes: dict[str, int]) -> None:
    """A condition and its negation never agree."""
    n, m, s = map(Int.symbol, NAMES)
    for condition in (at_least(n, m), equal(n % s, 0), both(at_least(n, s), equal(m, 2)), Cond("or")):
        assert condition.holds(sizes) != negated(condition).holds(sizes)


def test_a_signature_declares_sizes_by_their_use() -> None:
    """Sizes are at least 1 unless a condition that always holds says less; products are factors in their order."""
    found = parse_signature("x: N, h*f; w: k, 1; eps: scalar; q.stride = s; p >= 0; 0 <= r; k <= p or N >= 0")
    assert found.dims == {"N": 1, "h": 1, "f": 1, "k": 1, "s": 1, "p": 0, "r": 0}
    assert [[str(size) for size in axis] for axis in found.arrays["x"]] == [["N"], ["h", "f"]]
    assert found.arrays["w"][1] == ()
    assert found.scalars == ["eps"]
    assert found.values == {"q.stride": Int.symbol("s")}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x: N,, M", "this is no item of --given"),
        ("x:", "sizes are missing"),
        ("x: N; x: M", "x is given twice"),
        ("x: f(N)", "no integer expression"),
        ("N", "this is no item of --given"),
        ("x: conv", "a word of the claim language"),
    ],
)
def test_a_wrong_signature_is_an_error_with_its_place(text: str, message: str) -> None:
    """The message names the item and has a caret."""
    with pytest.raises(InputError) as caught:
        parse_signature(text)
    assert message in str(caught.value)
    assert "^" in str(caught.value)
