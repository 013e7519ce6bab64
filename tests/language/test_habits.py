"""Calls as other languages write them: the fix that is offered is accepted and says what was meant."""

from __future__ import annotations

import pytest

from derivations import given
from derivations.language.errors import InputError

CONTEXT = """
dims B, C, K, H, W, m, n where m <= H, n <= W
tensor X[B, C, H, W], x[C, H, W], w[K, C, m, n], a[H, W], f[m, n], u[H], v[H, W], b[K]
"""


def fix_of(text: str, context: str = CONTEXT) -> str:
    with pytest.raises(InputError) as caught:
        given(context + text)
    return caught.value.fix


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("y = len(u)", "y = shape(u)[0]"),
        ("y = len(v)", "y = shape(v)[0]"),
        ("y = sum(v, axis=0)", "y[j] = sum[i](v[i, j])"),
        ("y = sum(v, axis=-1)", "y[i] = sum[j](v[i, j])"),
        ("y = mean(v, axis=1)", "y[i] = sum[j](v[i, j]) / W"),
        ("y = mean(v + a, axis=0)", "y[j] = sum[i](v[i, j] + a[i, j]) / H"),
        ("y = mean(u, axis=0)", "y = sum(u) / H"),
        ("y = where(u > 0, u, 0)", "y = relu(u)"),
        ("y = where(u <= 0, -u, u)", "y = [u <= 0]*(-u) + [u > 0]*u"),
        ("y = conv2d(a, f)", "y = corr(a, f)"),
        ("y = conv2d(x, w)", "y[o, p in 0..H-m, q in 0..W-n] = sum[e, r, t](x[e, p + r, q + t]*w[o, e, r, t])"),
        (
            "y = conv2d(X, w, b, stride=2, padding=1)",
            "y[l, o, p, q] = sum[e](corr(X[l, e], w[o, e], stride=2, pad=1))[p, q] + b[o]",
        ),
    ],
)
def test_a_fix_can_be_pasted_and_means_what_was_written(written: str, meant: str) -> None:
    """The fix in the place of the call is read, and equal to the formula that was meant for every size."""
    fix = fix_of(written)
    pasted = fix.partition("index: ")[2].replace("z[", "y[") or f"y = {fix.removeprefix('write ')}"
    pasted = pasted.replace("y = of a vector it is ", "y = ")
    ctx = given(f"{CONTEXT}{pasted}\n{meant.replace('y', 'Y0', 1)}")
    verdict = ctx.judge("y == Y0", steps=False, repair=False)
    assert verdict.verdict == "proved", (pasted, verdict)


@pytest.mark.parametrize(
    "written", ["y = len(7)", "y = len(u, v)", "y = where(u)", "y = conv2d(u, w)", "y = conv2d(x, w, groups=2)"]
)
def test_where_the_arguments_do_not_tell_there_is_no_such_fix(written: str) -> None:
    """A call that is no sensible one gets no line to paste."""
    assert not fix_of(written).startswith(("write", "define"))


def test_new_indices_have_new_names() -> None:
    """An index in a fix is no name of the context."""
    context = CONTEXT.replace("b[K]", "b[K], k[K], i[K], j[K]")
    assert fix_of("y = sum(v, axis=0)", context) == "write sum[p](v[p, :])".replace("p", "l")


@pytest.mark.parametrize(
    ("lines", "condition"),
    [("scalar e where e > 0", "e > 0"), ("tensor e[H] where e > 0", "e > 0"), ("scalar e\nwhere e > 0", "e > 0")],
)
def test_a_condition_on_data_belongs_on_a_line_of_its_own(lines: str, condition: str) -> None:
    """`where` about data gets the line `assume …` with the condition, which is accepted there."""
    fix = fix_of(lines)
    assert fix.endswith(f"assume {condition}")
    given(f"{CONTEXT}{lines.partition(' where')[0].partition(chr(10))[0]}\nassume {condition}")


def test_a_claim_that_begins_with_where() -> None:
    """`where(c, a, b) == d` is a claim, and its fix is the whole line."""
    with pytest.raises(InputError) as caught:
        given(CONTEXT).judge("where(u > 0, u, 0) == relu(u)")
    assert caught.value.fix == "write [u > 0] * u == relu(u)"
    assert given(CONTEXT).judge(caught.value.fix.removeprefix("write "), steps=False).verdict == "proved"
