"""What given blocks and claims mean: sizes, readings, origins, inferred ranges, conditions, expectations."""

from __future__ import annotations

import pytest
from sympy import Integer, Rational, Tuple

from derivations.formulas.claims import Claim, Context, Expectation
from derivations.formulas.expressions import (
    Apply,
    Bracket,
    ByIndex,
    Constant,
    DataBracket,
    Definition,
    Elementwise,
    Entry,
    Grad,
    IndexRange,
    IndexSum,
    Loss,
    Over,
    Plus,
    SizeTuple,
    Slice,
    Tensor,
    Times,
)
from derivations.formulas.integers import AllOf, Compare, FloorDiv, Maximum, Minimum, Remainder, integer_symbol
from derivations.formulas.text import to_text
from derivations.language.document import Document, parse_claim, parse_context, parse_expression
from derivations.language.errors import InputError

H, W, m, n, i, j, p, q = (integer_symbol(name) for name in "HWmnijpq")
BASE = "dims H, W, m, n where m <= H, n <= W\ntensor x[H, W], k[m, n], u[H], v[n]\nscalar b\nfunction f\n"


def context(text: str) -> Context:
    """The one context of a given block."""
    [(reading, found)] = parse_context(text)
    assert reading == {}
    return found


def claim(text: str, given: str = BASE) -> Claim:
    """The one claim of a block."""
    return parse_claim(text, context(given))


def body(name: str, given: str) -> object:
    """What a name is defined as."""
    found = context(given).names[name]
    assert isinstance(found, Definition)
    return found.body


def test_dims_are_at_least_one_unless_a_bound_stands_with_the_name() -> None:
    """`dims n, p >= 0, q > 2` are integers at least 1, 0 and 3."""
    found = context("dims n, p >= 0, q > 2, r >= -3")
    assert [(dim.name, dim.least) for dim in found.dims] == [("n", 1), ("p", 0), ("q", 3), ("r", -3)]


def test_conditions_may_be_nonlinear_and_chained() -> None:
    """Conditions of the dims are conjuncts in their order; a chain is one for each link."""
    found = context("dims H, m, q where q*(m - 1) < H, 1 <= m <= H, H % m == 0 or q == 1")
    assert found.conditions[0] == Compare("<", integer_symbol("q") * (m - 1), H)
    assert found.conditions[1:3] == (Compare("<=", 1, m), Compare("<=", m, H))
    assert len(found.conditions) == 4


def test_conditions_that_make_a_divisor_positive_come_first() -> None:
    """A divisor is positive by a condition before it, in the same line too."""
    found = context("dims H, m, n where n < m, H % (m - n) == 0\noh = H // (m - n)")
    assert len(found.conditions) == 2
    assert found.abbreviations == {"oh": FloorDiv(H, m - n)}


def test_a_condition_does_not_hold_where_its_divisor_is_not_positive() -> None:
    """H % (m - n) == 0 says m - n >= 1 too, wherever it stands."""
    guarded = (Compare(">=", m - n, 1), Compare("==", Remainder(H, m - n), 0))
    assert context("dims H, m, n where H % (m - n) == 0").conditions == guarded
    found = claim("x == x\nwhere H % (m - n) == 0\nexpect holds where not H % (n - m) == 0")
    assert found.conditions == guarded
    assert to_text(found.expectations[0].region) == "n - m >= 1, not H % (n - m) == 0"
    assert claim("x == x\nwhere m - n >= 1, H % (m - n) == 0").conditions == guarded


def test_abbreviations_are_substituted() -> None:
    """An integer name is its expression wherever it is used."""
    found = context("dims H, m, s where m <= H\noh = (H - m)//s + 1\ntensor d2[oh]\ntwo = 2\no = shape(d2)[0]")
    size = FloorDiv(H - m, integer_symbol("s")) + 1
    assert found.abbreviations == {"oh": size, "two": Integer(2), "o": size}
    assert found.names["d2"].shape == (size,)


def test_losses_definitions_and_functions_are_what_they_say() -> None:
    """`loss J(z)` is a Loss of the definition z; grad takes it."""
    found = context(BASE + "z = f(x) + f'(x)\nloss J(z)\ndelta = grad(J, z)\nK = sum(x**2)/2")
    z = found.names["z"]
    assert isinstance(z, Definition)
    assert z.body == Plus(Elementwise("f", 0, found.names["x"]), Elementwise("f", 1, found.names["x"]))
    assert found.names["J"] == Loss("J", z)
    assert found.names["delta"] == Definition("delta", Grad(found.names["J"], z))
    assert found.names["K"].rank == 0


def test_a_scalar_of_one_entry_may_be_differentiated() -> None:
    """grad of a 1×1 matrix is the gradient of its entry."""
    found = parse_expression("grad(u.T @ u, u)", context("dims n\ntensor u[n, 1]"))
    assert isinstance(found, Grad)
    assert found.of.rank == 0


RANGES = [
    ("z[i] = u[i]", [H]),
    ("z[i, j] = x[i, j] * k[i, j]", [m, n]),
    ("z[i] = x[i]", [H]),
    ("z[i, j] = sum[p in 0..m-1, q in 0..n-1](x[i + p, j + q] * k[p, q])", [H - m + 1, W - n + 1]),
    ("z[i, j] = sum[p in 0..m-1, q in 0..n-1](x[2*i + p, j + q] * k[p, q])", [FloorDiv(H - m, 2) + 1, W - n + 1]),
    ("z[i] = sum[p in 0..m-1](u[i + m - 1 - p])", [H - m + 1]),
    ("z[i] = u[i] + sum[p](x[i + p, 0])", [H]),
    ("z[i] = u[i:i + m]", [H - m + 1]),
    ("z[i] = u[i] * v[i]", [Minimum(H - 1, n - 1) + 1]),
    ("z[i in 0..m] = u[0] * i", [m + 1]),
    ("z[i in 0..1, j] = v[j] * i", [Integer(2), n]),
    ("origin 1\nz[i] = u[i]", [H]),
    ("origin 1\nz[i in 1..m] = u[i]", [m]),
]


@pytest.mark.parametrize(("text", "sizes"), RANGES)
def test_ranges_of_definitions_by_index(text: str, sizes: list[object]) -> None:
    """An index of a definition runs from 0 over all integers for which its entries exist throughout."""
    found = body("z", BASE + text)
    assert isinstance(found, ByIndex)
    assert list(found.shape[: len(sizes)]) == sizes
    assert all(part.low == 0 for part in found.ranges)


def test_the_rest_of_a_definition_by_index_is_a_slice() -> None:
    """z[d] = corr(x[c], w[d, c]) + b[d] has the channel axis in front and the shape of the maps behind."""
    text = "dims C, D, H, W, m, n where m <= H, n <= W\ntensor x[C, H, W], w[D, C, m, n], b[D]\n"
    found = context(text + "z[d] = sum[c](corr(x[c], w[d, c], valid)) + b[d]")
    assert found.names["z"].shape == (integer_symbol("D"), H - m + 1, W - n + 1)


def test_origin_one_shifts_every_index() -> None:
    """Under origin 1 an author's index is one more than the node's; values of the index are the author's."""
    found = body("z", BASE + "origin 1\nz[i] = u[i] * i + sum[j in 1..n](v[j] * j)")
    assert isinstance(found, ByIndex)
    assert to_text(found.body) == "u[i] * (i + 1) + sum[j in 0..n - 1](v[j] * (j + 1))"
    judged = claim("x[p, 1] == x[p, 1]", BASE + "origin 1")
    assert judged.links[0].left == Entry(Tensor("x", (H, W)), p, Integer(0))
    assert [(free.index, free.size) for free in judged.links[0].free] == [(p, H)]
    assert claim("shape(x)[1] == H", BASE + "origin 1").links[0].left == Constant(H)


def test_free_indices_stand_alone_on_the_first_side() -> None:
    """An undeclared name alone in a subscript of the first side is free over that axis, in every link that has it."""
    found = claim("x[p, q] == sum[i](x[i, q]) == x[p + 0, q] == 1")
    free = [[(part.index, part.size) for part in link.free] for link in found.links]
    assert free == [[(p, H), (q, W)], [(p, H), (q, W)], [(p, H), (q, W)]]
    assert [link.text for link in found.links][1] == "sum[i](x[i, q]) == x[p + 0, q]"
    last = claim("x[p, 0] == 1 == 2").links[1]
    assert last.free == ()


def test_slices_count_their_members() -> None:
    """A slice has a start, a count and a step; axes left out are whole."""
    given = context(BASE)
    x = given.names["x"]
    assert parse_expression("x[1:]", given) == Entry(x, Slice(1, H - 1, 1), Slice(0, W, 1))
    assert parse_expression("x[:, ::2]", given) == Entry(x, Slice(0, H, 1), Slice(0, FloorDiv(W + 1, 2), 2))
    assert parse_expression("x[H - 1]", given) == Entry(x, H - 1, Slice(0, W, 1))


def test_brackets_of_sizes_and_of_data() -> None:
    """[i <= j] is a condition, [x > 0] an entrywise 0-1 tensor, and a list of numbers a vector."""
    given = context(BASE)
    x = given.names["x"]
    assert parse_expression("[m <= H, n <= W]", given) == Bracket(AllOf(Compare("<=", m, H), Compare("<=", n, W)))
    assert parse_expression("[x > 0]", given) == DataBracket(">", x, Constant(0))
    assert parse_expression("[0 < x < b]", given) == Times(
        DataBracket("<", Constant(0), x), DataBracket("<", x, given.names["b"])
    )
    assert to_text(parse_expression("[1, -1/2]", given)) == "[1, -1/2]"
    assert parse_expression("[H/2 <= m]", given) == Bracket(Compare("<=", H, 2 * m))


def test_numbers_are_exact() -> None:
    """Decimals are fractions, quotients of sizes exact, // and % integers."""
    given = context(BASE)
    assert parse_expression("1.7159", given) == Constant(Rational(17159, 10000))
    assert parse_expression("1e-3", given) == Constant(Rational(1, 1000))
    assert parse_expression("7//2 + 7 % 2", given) == Constant(4)
    assert parse_expression("H/2 + H/2", given) == Constant(H)
    assert parse_expression("floor(H/2)", given) == Constant(FloorDiv(H, 2))
    assert parse_expression("ceil((H - m)/n)", given) == Constant(FloorDiv(H - m + n - 1, n))
    assert parse_expression("max(H, W)", given) == Constant(Maximum(H, W))
    assert parse_expression("max(x)", given) == Apply("max", given.names["x"], Tuple(0, 1))


def test_a_quotient_that_may_not_exist_is_not_cancelled() -> None:
    """(H - m)/(H - m) is no 1 where H may equal m; nor may a // with such a divisor vanish from a difference."""
    given = context(BASE)
    assert parse_expression("(H - m)/(H - m)", given) == Over(Constant(H - m), Constant(H - m))
    assert parse_expression("(H - m + 1)/(H - m + 1)", given) == Constant(1)
    assert parse_expression("n//(H - m) - n//(H - m)", given) != Constant(0)
    assert parse_expression("0 * (n//(H - m))", given) != Constant(0)
    assert parse_expression("n//m - n//m", given) == Constant(0)


def test_a_size_keeps_the_formula_it_is_taken_from() -> None:
    """shape(z) remembers z, and a link remembers the formulas of which it uses a size only."""
    found = claim("shape(conv(x, k, valid)) == (H - m + 1, W - n + 1)").links[0]
    assert isinstance(found.left, SizeTuple)
    assert to_text(found.left) == "shape(conv(x, k, valid))"
    assert found.left.sizes == (H - m + 1, W - n + 1)
    used = claim("[shape(conv(x, k, valid))[0] <= H] == 1").links[0]
    assert [to_text(node) for node in used.supposed] == ["conv(x, k, valid)"]
    assert claim("[shape(x)[0] <= H] == 1").links[0].supposed == ()


def test_where_takes_sizes_equations_and_other_conditions_on_data() -> None:
    """Sizes become conditions, equations hypotheses, other comparisons and unique_max assumptions of the claim."""
    found = claim("sum(x) == b\nwhere m != n, sum(v) == 1 and k == rot180(k)\nwhere x > 0, unique_max(x, 2)")
    assert found.conditions == (Compare("!=", m, n),)
    assert [hypothesis.text for hypothesis in found.hypotheses] == ["sum(v) == 1", "k == rot180(k)"]
    assert [assumption.kind for assumption in found.context.assumptions] == ["condition", "unique_max"]


def test_assumptions_name_their_condition() -> None:
    """assume lists conditions entrywise, with their text."""
    found = context(BASE + "assume unique_max(x, 2, stride=m), x > 0")
    assert [(part.kind, part.text) for part in found.assumptions] == [
        ("unique_max", "unique_max(x, 2, stride=m)"),
        ("condition", "x > 0"),
    ]
    assert to_text(found.assumptions[0].about) == "max_pool(x, 2, stride=m)"


def test_expectations_of_claims_and_links() -> None:
    """A link's own expectation comes before the claim's; without any, proved is expected."""
    found = claim("x == x == 2*x\nexpect link 2 holds where H == 1, W == 1\nexpect proved")
    assert found.expectation(1).kind == "proved"
    second = found.expectation(2)
    assert (second.kind, second.region) == ("holds where", AllOf(Compare("==", H, 1), Compare("==", W, 1)))
    assert second.text == "holds where H == 1, W == 1"
    assert claim("x == x").expectation(1) == Expectation("proved")
    assert claim("x == x\nexpect false").expectation(1).kind == "false"


READINGS = """```given
dims H, m where m <= H
tensor a[H], w[m]
choose star in conv, corr
choose mode in valid, full
z = star(a, w, valid)
y = conv(a, w, mode)
```
"""


def readings(block: str) -> list[dict[str, str]]:
    """The readings of a claim in the context with two choices."""
    found = Document.parse(READINGS + f"```claim c\n{block}\n```\n").claims
    return [dict(part.reading) for part in found]


def test_a_claim_is_read_once_for_each_choice_it_uses() -> None:
    """One claim for each combination of the choices that occur in it or in its definitions, in order."""
    assert readings("z == z") == [{"star": "conv"}, {"star": "corr"}]
    assert readings("a == a") == [{}]
    assert len(readings("star(a, w, mode) == y")) == 4
    assert readings("y == y") == [{"mode": "valid"}, {"mode": "full"}]
    assert readings("z == y\nreading star = corr\nreading mode = full") == [{"star": "corr", "mode": "full"}]
    assert readings("z == z\nreading star = corr") == [{"star": "corr"}]


def test_each_reading_has_its_own_formulas() -> None:
    """Under star = corr the definition is the correlation."""
    found = Document.parse(READINGS + "```claim c\nz == z\n```\n").claims
    bodies = [part.links[0].left.body.operator for part in found]  # type: ignore[attr-defined]
    assert bodies == ["conv", "corr"]


DOCUMENT = """# Title

Prose before.

```given
dims n
tensor x[n]
```

```python
this is prose
```

```claim first
sum(x) == sum(x)   # a comment
expect proved
```

```given continue
scalar b
assume x > 0
```

```{.claim #second}
b * sum(x) ==
```
"""


def test_documents_keep_their_blocks_in_order() -> None:
    """Prose, contexts, claims and remarks come back in order, and their sources put together are the document."""
    text = DOCUMENT.replace("b * sum(x) ==", "b * sum(x)\n  == sum(b * x)") + "\n```remark note\nNo formula.\n```\n"
    found = Document.parse(text)
    assert [block.kind for block in found.blocks] == [
        "prose", "given", "prose", "claim", "given", "claim", "remark",
    ]  # fmt: skip
    assert [part.id for part in found.claims] == ["first", "second"]
    assert found.claims[1].text == "b * sum(x) == sum(b * x)"
    assert (found.claims[0].line, found.remarks[0].text) == (15, "No formula.")
    assert set(found.claims[1].context.names) == {"x", "b"}
    lines = text.split("\n")
    assert all("\n".join(lines[block.first - 1 : block.last]) == block.source for block in found.blocks)
    kept = "".join(block.source for block in found.blocks)
    assert "".join(kept.split()) == "".join(text.split())


def test_a_line_is_judged_in_the_first_context_that_declares_its_names() -> None:
    """claims_for finds the given block in which all names of a line are declared."""
    found = Document.parse("```given\ndims n\ntensor x[n]\n```\n```given\ndims n\ntensor y[n]\n```\n")
    assert list(found.claims_for("y == y")[0].context.names) == ["y"]
    assert list(found.claims_for("y == y", 1)[0].context.names) == ["y"]


def test_index_sums_have_explicit_and_inferred_ranges() -> None:
    """sum[i, j in a..b] keeps a written range, inclusive, and leaves the other to the entries."""
    found = parse_expression("sum[i, j in 0..m-1](x[i, j])", context(BASE))
    assert isinstance(found, IndexSum)
    assert found.ranges == (IndexRange(i), IndexRange(j, 0, m - 1))


def test_pads_may_be_written_in_every_way() -> None:
    """pad=p, pad=(t, b), (l, r) and pad=((t, b), (l, r)) are the same where they mean the same."""
    given = context(BASE)
    texts = ["conv(x, k, valid, pad=(1, 1), (1, 1))", "conv(x, k, valid, pad=((1, 1), (1, 1)))", "conv2(x, k, pad=1)"]
    assert len({parse_expression(text, given) for text in texts}) == 1
    assert parse_expression("pad(x, (1, 2), (3, 4))", given).shape == (H + 3, W + 7)
    assert parse_expression("ones(shape(x))", given).shape == (H, W)


def test_a_context_in_parts_is_the_context() -> None:
    """A context that is continued, statement by statement, is that of one block with all of them, in every reading."""
    lines = [
        "dims n, m where m <= n", "tensor x[n], k[m]", "choose star in conv, corr", "z = star(x, k)", "h = n - m + 1",
        "choose mode in valid, full", "y = star(x, k, mode)", "function f", "assume x > 0", "loss J(z)", "origin 1",
    ]  # fmt: skip
    whole = Document.parse("```given\n" + "\n".join(lines) + "\n```\n")
    blocks = [f"```given{' continue' if number else ''}\n{line}\n```\n" for number, line in enumerate(lines)]
    parts = Document.parse("".join(blocks))
    assert parts.contexts[-1] == whole.contexts[0]
    assert len(whole.contexts[0]) == 4


def test_misprints_are_carried() -> None:
    """A claim says what its source misprints, a block of its own that there is nothing to judge; both may be named."""
    text = "```given\ndims n, misprint\n```\n```claim c\nn + misprint == n + misprint\nmisprint the m is an n\n```\n"
    document = Document.parse(text + "```misprint d\nline 3 says a for b\n```\n```remark e\nopen\n```\n")
    assert [claim.misprint for claim in document.claims] == ["the m is an n"]
    assert [(remark.id, remark.misprint) for remark in document.remarks] == [("d", True), ("e", False)]


def test_the_known_functions_names_are_free_for_tensors_alone() -> None:
    """`cos` and `pi` may name tensors, which the formula then means; an arbitrary function may not be called so."""
    given = "```given\ndims n\ntensor cos[n]\nscalar pi\n```\n\n```claim c\n{}\n```\n"
    (own,) = Document.parse(given.format("pi*cos == cos*pi")).claims
    assert {node.name for node in own.links[0].left.atoms(Tensor)} == {"pi", "cos"}
    (number,) = Document.parse(given.replace("scalar pi\n", "").format("pi*cos == cos*pi")).claims
    assert {node.operator for node in number.links[0].left.atoms(Apply)} == {"pi"}
    with pytest.raises(InputError, match="erf is a function of the language"):
        Document.parse("```given\nfunction erf\n```\n")
