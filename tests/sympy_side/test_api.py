"""The Python API of the claim language: what a notebook writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sympy

import derivations
from derivations import Document, conv, d, derive, given, grad, jacobian, rot180, shape, sigmoid
from derivations.language.errors import InputError
from derivations.operators import ALIASES, OPERATORS

TEXT = """
    dims H, W, m, n where m <= H, n <= W
    tensor a[H, W], w[m, n]
    function f
    z = conv(a, w)
    o = H - m + 1
    loss J(z)
    delta = grad(J, z)
"""


def test_the_printed_example() -> None:
    """The example of the claim language's page does what the page says."""
    ctx = given(TEXT)
    assert ctx.z.as_explicit(H=3, W=4, m=2, n=2).shape == (2, 3)
    verdict = ctx.judge("grad(J, w) == conv(rot180(a), delta)")
    assert (verdict.verdict, [step.proved for step in verdict.steps]) == ("proved", [True] * 6)
    false = ctx.judge("grad(J, w) == conv(a, rot180(delta))")
    assert false.verdict == "holds where"
    assert dict(false.witness.sizes) == {"H": 1, "W": 2, "m": 1, "n": 2}
    assert derive(ctx, "J", wrt="w").result == conv(rot180(ctx.a), ctx.delta)


def test_text_and_objects_mix() -> None:
    """A claim of two formulas is the claim of their text."""
    ctx = given(TEXT)
    assert ctx.judge(grad(ctx.J, ctx.w), conv(rot180(ctx.a), ctx.delta), steps=False).verdict == "proved"
    assert ctx.parse("conv(a, rot180(w)) + f'(z)") == conv(ctx.a, rot180(ctx.w)) + ctx.f.prime(ctx.z)
    assert ctx.parse("sigmoid(z)") == sigmoid(ctx.z)
    assert ctx.judge(shape(ctx.z), ctx.parse("(o, W - n + 1)"), steps=False).verdict == "proved"
    assert ctx.parse("d(z, w)") == d(ctx.z, ctx.w)
    assert ctx.parse("jacobian(z, w)") == jacobian(ctx.z, ctx.w)
    assert ctx.o - 1 == ctx.H - ctx.m


def test_a_chain_is_a_table() -> None:
    """Of a chain, every link has its verdict, and the table displays in text and HTML."""
    table = given(TEXT).judge("grad(J, w) == conv(rot180(a), delta) == conv(a, rot180(delta))", steps=False)
    assert [verdict.verdict for verdict in table] == ["proved", "holds where"]
    assert "1 proved, 1 holds where" in repr(table)
    assert r"\nabla_{w} J" in table._repr_html_()
    assert "at H = 1, W = 2" in table._repr_html_()


def test_conditions_of_one_claim() -> None:
    """`where` holds for this claim alone."""
    ctx = given("dims n\ntensor x[n]")
    assert ctx.judge("x == rot180(x)", where="n == 1").verdict == "proved"
    assert ctx.judge("x == rot180(x)").holds_where == "n == 1"


def test_readings_are_chosen() -> None:
    """Where the text leaves a choice, keywords make it; without one the choices are named."""
    text = "dims n\ntensor x[n]\nchoose star in conv, corr\nz = star(x, x, full)"
    assert given(text, star="conv").z.body == conv(given(text, star="conv").x, given(text, star="conv").x, "full")
    with pytest.raises(ValueError, match=r"leaves a choice: give one of star='conv'; star='corr'"):
        given(text)
    with pytest.raises(ValueError, match="no such reading"):
        given(text, star="dot")


def test_wrong_input_is_named() -> None:
    """Errors are the language's own, with the smallest fix, never a traceback into SymPy."""
    with pytest.raises(InputError, match="tensro"):
        given("tensro x[n]")
    with pytest.raises(InputError):
        given("dims H, m\ntensor a[H], w[m]\nz = conv(a, w)")
    ctx = given(TEXT)
    with pytest.raises(InputError):
        ctx.judge("grad(J, w) == conv(rot180(a), epsilon)")
    with pytest.raises(AttributeError, match="has no zz: its names are H, W"):
        _ = ctx.zz
    with pytest.raises(AttributeError, match="did you mean rot180"):
        _ = derivations.rot18
    with pytest.raises(TypeError, match="two sides"):
        ctx.judge(ctx.z)


def test_every_operator_is_a_function() -> None:
    """Every operator and alias is there under its name, with its signature as documentation."""
    for name in (*OPERATORS, *ALIASES):
        function = getattr(derivations, name)
        assert function.__name__ == name
        assert function.__doc__
        assert name in dir(derivations)


def test_documents(tmp_path: Path) -> None:
    """A document is read, its contexts are at hand, and it verifies to a table with its remarks counted."""
    path = tmp_path / "notes.md"
    path.write_text("```given\ndims n\ntensor x[n]\n```\n```claim one\nx + x == 2*x\n```\n```remark two\nWords.\n```\n")
    notes = Document.read(path)
    assert (len(notes.claims), len(notes.remarks)) == (1, 1)
    assert notes.given().x.rank == 1
    assert notes.verify().counts() == {"proved": 1, "remarks": 1}
    assert "1 claims" in repr(notes)
    with pytest.raises(InputError):
        Document.parse("```claim\n")


def test_expressions_are_sympy_objects() -> None:
    """They substitute, compare and hash as SymPy's own do."""
    ctx = given(TEXT)
    assert isinstance(ctx.z, sympy.Basic)
    assert ctx.z.body.xreplace({ctx.a: ctx.delta}) == conv(ctx.delta, ctx.w)
    assert len({ctx.z, ctx.z}) == 1


def test_importing_the_package_is_fast() -> None:
    """`import derivations` loads neither SymPy nor NumPy nor the kernel."""
    code = "import sys, derivations; print(any(m in sys.modules for m in ('sympy', 'numpy', 'z3', 'islpy')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
