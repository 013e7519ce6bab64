"""Explicit entries: operators against SciPy and NumPy, derivatives against known values, and SymPy's own
traps."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import signal

from derivations import conv, corr, given, resize, tr
from derivations.entries.matrices import Explicit, Unsupported, as_explicit, explicit_difference, vanishes
from derivations.entries.operators import EXPLICIT, DoesNotExist, Grid, windows
from derivations.entries.values import Arbitrary, Step, entry_symbol, function_value
from derivations.formulas.claims import Link
from derivations.formulas.expressions import Definition, Differential, Grad, Jacobian, Literal, Loss, Tensor
from derivations.operators import OPERATORS

Array = NDArray[np.int64]
FEW = settings(max_examples=25, deadline=None)


def grid(array: Array) -> Grid:
    return Grid(array.shape, tuple(sympy.Integer(int(value)) for value in array.ravel()))


def values(result: Grid) -> NDArray[np.float64]:
    return np.array([float(value) for value in result.entries]).reshape(result.shape)


@st.composite
def arrays(draw: Any, ranks: tuple[int, ...] = (2,), least: int = 1, most: int = 5) -> Array:
    """Integer arrays; shrink to the smallest shape and to zeros."""
    shape = [draw(st.integers(least, most)) for _ in range(draw(st.sampled_from(ranks)))]
    flat = draw(st.lists(st.integers(-9, 9), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
    return np.array(flat, dtype=np.int64).reshape(shape)


def test_every_operator_of_the_table_has_explicit_entries() -> None:
    """A new row of the operator table is missed here until derivations/entries/operators.py has it."""
    assert set(EXPLICIT) == set(OPERATORS), "write the missing operator in derivations/entries/operators.py"


PLAIN: dict[str, Any] = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}


@pytest.mark.parametrize("mode", ["valid", "full", "same"])
@FEW
@for_all(x=arrays(), k=arrays(most=3))
def test_convolution_and_correlation_are_scipy_s(mode: str, x: Array, k: Array) -> None:
    """In each mode, both agree with scipy.signal wherever a complete overlap exists."""
    if mode == "valid" and any(n < m for n, m in zip(x.shape, k.shape, strict=True)):
        with pytest.raises(DoesNotExist):
            EXPLICIT["conv"](grid(x), grid(k), mode, *PLAIN.values())
        return
    found = values(EXPLICIT["conv"](grid(x), grid(k), mode, *PLAIN.values()))
    assert np.array_equal(found, signal.convolve2d(x, k, mode))
    # SciPy's correlate puts `same` elsewhere for even kernels; ours is convolution with the reversed kernel
    found = values(EXPLICIT["corr"](grid(x), grid(k), mode, *PLAIN.values()))
    assert np.array_equal(found, signal.convolve2d(x, k[::-1, ::-1], mode))


@FEW
@for_all(
    x=arrays(least=3, most=6), k=arrays(most=2), stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    pad=st.tuples(st.integers(0, 2), st.integers(0, 2)), dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
)  # fmt: skip
def test_parameters_pad_spread_and_keep_every_sth(
    x: Array, k: Array, stride: tuple[int, int], pad: tuple[int, int], dilation: tuple[int, int]
) -> None:
    """Padding is zeros around the data, dilation zeros between taps, a stride keeps every s-th result."""
    spread = np.zeros([(n - 1) * d + 1 for n, d in zip(k.shape, dilation, strict=True)], dtype=np.int64)
    spread[:: dilation[0], :: dilation[1]] = k
    padded = np.pad(x, [(p, p) for p in pad])
    expected = signal.convolve2d(padded, spread, "valid")[:: stride[0], :: stride[1]]
    pairs = tuple((p, p) for p in pad)
    assert np.array_equal(values(EXPLICIT["conv"](grid(x), grid(k), "valid", stride, pairs, dilation)), expected)


@FEW
@for_all(a=arrays(), b=arrays(), mode=st.sampled_from(["valid", "full", "same"]))
def test_the_commutative_convolution_is_scipy_s(a: Array, b: Array, mode: str) -> None:
    """scipy.signal.convolve swaps for valid; where neither contains the other, nothing exists."""
    larger, smaller = (
        all(n >= m for n, m in zip(a.shape, b.shape, strict=True)),
        all(n <= m for n, m in zip(a.shape, b.shape, strict=True)),
    )
    if mode == "valid" and not (larger or smaller):
        with pytest.raises(DoesNotExist):
            EXPLICIT["convolve"](grid(a), grid(b), mode)
        return
    expected = signal.convolve(a, b, mode, method="direct")
    assert np.array_equal(values(EXPLICIT["convolve"](grid(a), grid(b), mode)), expected)


SHAPED: dict[str, tuple[Any, Any]] = {
    "transpose": (lambda a: (), lambda a: a.T),
    "kron": (lambda a: (grid(np.array([[1, 2, 3]])),), lambda a: np.kron(a, [[1, 2, 3]])),
    "outer": (lambda a: (grid(np.array([1, 2])),), lambda a: np.multiply.outer(a, [1, 2])),
    "vec": (lambda a: (), lambda a: a.reshape(-1, 1, order="F")),
    "reshape": (lambda a: ((a.shape[1], a.shape[0]),), lambda a: a.reshape(a.shape[::-1])),
    "rot180": (lambda a: (), lambda a: np.rot90(a, 2)),
    "rot90": (lambda a: (3,), lambda a: np.rot90(a, 3)),
    "flip": (lambda a: (1,), lambda a: np.flip(a, 1)),
    "up": (lambda a: ((2, 3),), lambda a: np.kron(a, np.ones((2, 3)))),
    "pad": (lambda a: (((1, 0), (2, 1)),), lambda a: np.pad(a, ((1, 0), (2, 1)))),
    "sum": (lambda a: ((0,),), lambda a: a.sum(0)),
    "mean": (lambda a: ((0, 1),), np.mean),
    "max": (lambda a: ((1,),), lambda a: a.max(1)),
    "permute": (lambda a: ((1, 0),), lambda a: a.T),
    "softmax": (lambda a: (), lambda a: np.exp(a) / np.exp(a).sum(-1, keepdims=True)),
    "matmul": (lambda a: (grid(a.T),), lambda a: a @ a.T),
}


@pytest.mark.parametrize("name", SHAPED)
@settings(max_examples=10, deadline=None)
@for_all(a=arrays())
def test_matrix_operators_are_numpy_s(name: str, a: Array) -> None:
    """Operators with a NumPy counterpart give its result."""
    further, oracle = SHAPED[name]
    assert np.allclose(values(EXPLICIT[name](grid(a), *further(a))), oracle(a), rtol=1e-12)


def test_frames_and_grids() -> None:
    """crop undoes pad, every s-th entry undoes dilate, resize cuts and fills at the bottom right."""
    a = grid(np.arange(1, 7).reshape(2, 3))
    assert EXPLICIT["crop"](EXPLICIT["pad"](a, ((1, 2), (0, 1))), ((1, 2), (0, 1))) == a
    assert values(EXPLICIT["dilate"](a, (2, 3))).tolist()[0] == [1, 0, 0, 2, 0, 0, 3]
    assert values(EXPLICIT["resize"](a, (3, 2))).tolist() == [[1, 2], [4, 5], [0, 0]]
    assert values(EXPLICIT["diag"](grid(np.array([1, 2])))).tolist() == [[1, 0], [0, 2]]
    assert values(EXPLICIT["inv"](grid(np.array([[1, 2], [3, 4]])))).tolist() == [[-2, 1], [1.5, -0.5]]
    assert EXPLICIT["det"](grid(np.array([[1, 2], [3, 4]])))[()] == -2


@FEW
@for_all(n=st.integers(1, 8), f=st.integers(1, 4), s=st.integers(1, 4), pad=st.integers(0, 2), ceil=st.booleans())
def test_windows_are_counted_as_the_language_says(n: int, f: int, s: int, pad: int, ceil: bool) -> None:
    """floor((h + 2 pad − f)/s) + 1 windows; with ceil also those that begin inside the data or leading
    padding."""
    if n + 2 * pad < f:
        with pytest.raises(DoesNotExist):
            windows((n,), (f,), (s,), ((pad, pad),), ceil)
        return
    room = n + 2 * pad - f
    expected = room // s + 1
    if ceil:
        expected = min(-(-room // s), (n + pad - 1) // s) + 1
    assert windows((n,), (f,), (s,), ((pad, pad),), ceil).shape == (expected,)


def test_pooling_by_hand() -> None:
    """The printed 4×4 example: overlapping maxima, means, and unpooling to the maxima."""
    a = grid(np.array([[1, 3, 0, -1], [-2, 0, 3, 2], [2, -3, -1, 4], [4, 2, 0, 1]]))
    none = ((0, 0), (0, 0))
    assert values(EXPLICIT["max_pool"](a, (2, 2), (1, 1), none, False)).tolist() == [[3, 3, 3], [2, 3, 4], [4, 2, 4]]
    assert values(EXPLICIT["mean_pool"](a, (2, 2), (2, 2), none, False)).tolist() == [[0.5, 1], [1.25, 1]]
    delta = grid(np.array([[1, 2], [3, 4]]))
    spread = values(EXPLICIT["max_unpool"](delta, a, (2, 2), (2, 2)))
    assert spread.tolist() == [[0, 1, 0, 0], [0, 0, 2, 0], [0, 0, 0, 4], [3, 0, 0, 0]]


def test_entries_that_do_not_exist_are_refused() -> None:
    """A slice, an entry or a kernel outside its tensor raises, and names the shape."""
    ctx = given("dims H, W\ntensor a[H, W], w[3, 3]")
    with pytest.raises(DoesNotExist, match=r"\(2, 2\)"):
        ctx.parse("a[2, 0]").as_explicit(H=2, W=2)
    with pytest.raises(DoesNotExist):
        ctx.parse("conv(a, w, valid)").as_explicit(H=2, W=2)
    with pytest.raises(ValueError, match="give W="):
        ctx.a.as_explicit(H=2)


def test_ranks_have_their_sympy_types() -> None:
    """Rank 0 is an expression, 1 a column, 2 a matrix, more an array."""
    ctx = given("dims n\ntensor v[n], A[n, n], T[n, n, 1]\nscalar b")
    assert ctx.b.as_explicit() == entry_symbol("b")
    assert ctx.v.as_explicit(n=2).shape == (2, 1)
    assert ctx.A.as_explicit(n=2)[1, 0] == entry_symbol("A", (1, 0))
    assert ctx["T"].as_explicit(n=2).shape == (2, 2, 1)


def test_symbols_print_as_mathematics() -> None:
    """Entries, differentials and sensitivities have their LaTeX."""
    printed = [sympy.latex(entry_symbol(name, (0, 1))) for name in ("delta", "d(w)", "grad(J, z)")]
    assert printed == [r"\delta_{0, 1}", r"\mathrm{d} w_{0, 1}", r"(\nabla_{z} J)_{0, 1}"]


# -- derivatives -----------------------------------------------------------------------------------


def test_the_kernel_gradient_of_the_smallest_convolution() -> None:
    """∂J/∂w of a 1×2 kernel on a 1×3 input, entry by entry, against the hand calculation."""
    ctx = given("tensor a[1, 3], w[1, 2]\nz = conv(a, w, valid)\nloss J(z)")
    a = [entry_symbol("a", (0, i)) for i in range(3)]
    delta = [entry_symbol("grad(J, z)", (0, i)) for i in range(2)]
    expected = [[a[1] * delta[0] + a[2] * delta[1], a[0] * delta[0] + a[1] * delta[1]]]
    assert ctx.parse("grad(J, w)").as_explicit() == sympy.Matrix(expected)


def test_losses_are_told_apart() -> None:
    """Two arbitrary losses of one formula have different sensitivities."""
    ctx = given("dims n\ntensor x[n]\nz = 2*x\nloss J(z)\nloss K(z)")
    difference = explicit_difference(Link(ctx.parse("grad(J, x)"), ctx.parse("grad(K, x)"), (), ""), {"n": 2})
    assert len(difference.entries) == 2


def test_a_derivative_by_a_definition_puts_its_body_back() -> None:
    """∂/∂z of z² is 2z, in terms of the entries that z is made of."""
    ctx = given("tensor x[2]\nz = 3*x\nJ = sum(z**2)")
    assert ctx.parse("grad(J, z)").as_explicit()[0] == 6 * entry_symbol("x", (0,))


def test_second_derivatives_of_an_arbitrary_loss_are_refused() -> None:
    """δ depends on z in a way that is unknown: no 0 is made of it."""
    ctx = given("tensor x[2]\nz = x*x\nloss J(z)\ndelta = grad(J, z)")
    for text in ("grad(sum(delta), x)", "d(delta)", "jacobian(delta, x)"):
        with pytest.raises(Unsupported, match="arbitrary loss"):
            ctx.parse(text).as_explicit()


def test_functions_and_kinks() -> None:
    """f, f', f'' are one family; relu, abs and maxima have their derivatives away from kinks."""
    x = entry_symbol("x")
    f = Arbitrary(sympy.Symbol("f"), 0, x**2)
    first, second = (Arbitrary(sympy.Symbol("f"), order, x**2) for order in (1, 2))
    assert sympy.expand(f.diff(x, 2) - 4 * x**2 * second - 2 * first) == 0
    assert function_value("relu", 0, x).diff(x) == Step(x) == function_value("relu", 1, x)
    assert [function_value("abs", 1, sympy.Integer(value)) for value in (-2, 3)] == [-1, 1]
    assert function_value("sigmoid", 0, x).diff(x).equals(function_value("sigmoid", 1, x))


def test_zero_is_found_and_not_made_up() -> None:
    """Identities of steps, exponentials and fractions vanish; near misses do not."""
    x, y = entry_symbol("x"), entry_symbol("y")
    assert vanishes(Step(x - y) - (1 - Step(y - x)))
    assert vanishes(1 / (1 + sympy.exp(-x)) - sympy.exp(x) / (1 + sympy.exp(x)))
    assert vanishes((x**2 - y**2) / (x - y) - x - y)
    assert not vanishes(sympy.tanh(x) - x)
    assert not vanishes(x * y - y * x + sympy.Rational(1, 10**12) * x)


def test_the_differential_is_linear_in_arbitrary_directions() -> None:
    """d(x y) = dx y + x dy, each with a symbol of its own; with one name, only that varies."""
    ctx = given("scalar x, y")
    x, y, dx, dy = (entry_symbol(name) for name in ("x", "y", "d(x)", "d(y)"))
    assert sympy.expand(ctx.parse("d(x*y)").as_explicit() - dx * y - x * dy) == 0
    assert ctx.parse("d(x*y, x)").as_explicit() == dx * y


def test_the_jacobian_is_in_vec_order() -> None:
    """For y = A xᵀ-free vec order: the Jacobian of the transpose is the commutation matrix."""
    ctx = given("tensor A[2, 3]")
    jacobian = as_explicit(Jacobian(ctx.A.T, ctx.A), {})
    vec = as_explicit(ctx.parse("vec(A)"), {})
    assert jacobian * vec == as_explicit(ctx.parse("vec(A.T)"), {})


# -- open sums -------------------------------------------------------------------------------------


def test_the_range_of_an_index_is_where_its_entries_exist() -> None:
    """Without a range: every integer for which all entries exist; definitions' own indices do not count."""
    ctx = given("dims H, C\ntensor a[H], x[C, H], k[2, C]\nz[i] = sum[j](k[i, j] * x[j, 0])")
    total = ctx.parse("sum[i](a[i + 1])").as_explicit(H=3, C=3)
    assert total == sum(entry_symbol("a", (i,)) for i in range(3))
    assert ctx.parse("sum[i](a[i] * a[i + 2])").as_explicit(H=3, C=1) == entry_symbol("a", (0,)) * entry_symbol(
        "a", (2,)
    )
    # j runs over C = 1 maps inside z, and here over the two entries of z
    assert len(ctx.parse("sum[j](z[j])").as_explicit(H=2, C=1).args) == 2
    assert ctx.parse("sum[i](a[i // 2])").as_explicit(H=2, C=1) == 2 * entry_symbol("a", (0,)) + 2 * entry_symbol(
        "a", (1,)
    )
    assert ctx.parse("sum[i](a[i + 5] * a[i - 5])").as_explicit(H=3, C=1) == 0


# -- what SymPy gets wrong, and our own path right -------------------------------------------------


def test_sympy_sums_with_a_stride_are_wrong_and_ours_right() -> None:
    """SymPy makes δ[u/2] of Σ_x [u = 2x] δ[x] for every u; the entries here are 0 at odd u."""
    u, x = sympy.symbols("u x", integer=True)
    delta = sympy.IndexedBase("d")
    wrong = sympy.Sum(sympy.KroneckerDelta(u, 2 * x) * delta[x], (x, 0, 3)).doit()
    assert wrong.subs(u, 1) != 0, "SymPy has changed: the note in the design can go"
    ctx = given("tensor g[4]")
    spread = ctx.parse("dilate(g, 2)").as_explicit()
    assert [spread[i] == 0 for i in range(7)] == [False, True] * 3 + [False]


def test_the_input_gradient_of_a_strided_correlation() -> None:
    """All entries of a stride-2 input gradient (21 of them) agree with the frame formula, none is δ of a
    half."""
    ctx = given("tensor x[3, 7], k[2, 3]\nz = corr(x, k, valid, stride=2)\nloss J(z)")
    right = resize(conv(ctx.parse("dilate(grad(J, z), 2)"), ctx.k, "full"), 3, 7)
    difference = explicit_difference(Link(Grad(ctx.J, ctx.x), right, (), ""), {})
    assert difference.vanishes
    assert difference.left_shape == (3, 7)


def test_sympy_captures_indices_and_we_do_not() -> None:
    """Σ w[i] d[i] by w[i] is d[i] at each i; SymPy's own derivative confuses the bound index with the free
    one."""
    i, size = sympy.symbols("i m", integer=True)
    w, d = sympy.IndexedBase("w"), sympy.IndexedBase("d")
    assert sympy.Sum(w[i] * d[i], (i, 0, size)).diff(w[i]) != d[i], "SymPy has changed"
    ctx = given("dims m\ntensor w[m], g[m]\nJ = sum[i](w[i] * g[i])")
    assert ctx.parse("grad(J, w)").as_explicit(m=3) == ctx.g.as_explicit(m=3)


def test_an_empty_sum_is_zero() -> None:
    """Karr's convention would make it negative: a sum from 0 to −1 has no term."""
    ctx = given("dims m, n\ntensor a[m]")
    assert ctx.parse("sum[i in 0..m - n](a[i])").as_explicit(m=1, n=2) == 0
    j = sympy.Symbol("j")
    assert sympy.Sum(1, (j, 0, -3)).doit() == -2, "SymPy has changed"


def test_the_matrix_derivative_is_not_silently_zero() -> None:
    """SymPy's derivative of Σ A[x] W[x] by the whole W is 0; entry by entry it is A."""
    ctx = given("dims n\ntensor A[n, 2], W[n, 2]\nJ = sum(A * W)")
    assert ctx.parse("grad(J, W)").as_explicit(n=3) == ctx.A.as_explicit(n=3)


def test_equal_sums_after_reindexing_are_recognised() -> None:
    """Σ a[i] and Σ a[m − 1 − i] are the same entries."""
    ctx = given("dims m\ntensor a[m]")
    claim = ctx.claim("sum[i in 0..m-1](a[i]) == sum[i in 0..m-1](a[m - 1 - i])")
    assert explicit_difference(claim.links[0], {"m": 4}).vanishes


# -- differences -----------------------------------------------------------------------------------


def test_a_difference_names_shapes_and_entries() -> None:
    """Different shapes, a side that does not exist and different entries are told apart."""
    ctx = given("dims H, W\ntensor a[H, W]")
    sizes = {"H": 2, "W": 3}

    def difference(text: str) -> Any:
        return explicit_difference(ctx.claim(text).links[0], sizes)

    assert difference("a.T.T == a").vanishes
    transposed = difference("a == a.T")
    assert (transposed.left_shape, transposed.right_shape, transposed.vanishes) == ((2, 3), (3, 2), False)
    missing = difference("tr(a) == 0")
    assert missing.left_shape is None
    assert not missing.vanishes
    assert set(difference("a == 2*a").entries) == {((), at) for at in itertools.product(range(2), range(3))}
    assert difference("ones(1, 1) == 1").vanishes


def test_hypotheses_are_used() -> None:
    """Under sum(y) = 1 the softmax's cross-entropy has the gradient p − y, without it not."""
    ctx = given("dims n\ntensor z[n], y[n]\np = softmax(z)\nJ = -sum(y * log(p))")
    claim = ctx.claim("grad(J, z) == p - y", where="sum(y) == 1")
    assert explicit_difference(claim.links[0], {"n": 3}, claim.hypotheses).vanishes
    assert not explicit_difference(claim.links[0], {"n": 3}).vanishes


def test_the_same_entries_are_computed_once() -> None:
    """A definition that is used in many places is expanded once for each choice of sizes."""
    x = Tensor("x", (3, 3))
    z = Definition("z", conv(x, Literal.of([[1, 2]]), "valid"))
    evaluator = Explicit({})
    first = evaluator.grid(tr(z.T @ z))
    assert evaluator.grid(tr(z.T @ z)) is first
    assert isinstance(first[()], sympy.Expr)
    assert evaluator.grid(Differential(Loss("J", corr(x, x))))[()] != 0
