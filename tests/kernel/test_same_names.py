"""What a sum binds is its own: the same name elsewhere changes no verdict."""

from __future__ import annotations

import pytest

from derivations import given

CONTEXT = """dims T, S
tensor s[T, S], v[S]
e[i in 0..T-1, j in 0..S-1] = exp(s[i, j] - {largest})
a[i in 0..T-1, j in 0..S-1] = e[i, j] / sum[{own} in 0..S-1](e[i, {own}])
loss J(a)
d = grad(J, a)"""
LARGEST = ("max(entries[{own} in 0..S-1](s[i, {own}]))", "max(s[i, 0:S])", "sum[{own} in 0..S-1](s[i, {own}]*v[{own}])")
CLAIMS = (
    "grad(J, s)[i, {free}] == a[i, {free}]*(d[i, {free}] - sum[{sum} in 0..S-1](d[i, {sum}]*a[i, {sum}]))",
    "log(sum[{sum} in 0..S-1](e[i, {sum}])) == log(sum[{sum} in 0..S-1](exp(s[i, {sum}]))) - {largest}",
    "softmax(entries[{sum} in 0..S-1](s[i, {sum}]*v[j]))[{free}]"
    " == exp(s[i, {free}]*v[j]) / sum[{sum} in 0..S-1](exp(s[i, {sum}]*v[j]))",
)


@pytest.mark.parametrize("own", ["h", "l", "q"])
@pytest.mark.parametrize("largest", LARGEST[:2])
@pytest.mark.parametrize("claim", CLAIMS)
def test_a_window_may_name_its_index_as_it_likes(own: str, largest: str, claim: str) -> None:
    """The index of a definition's own window or sum is called as the claim's free index is, as its sum's, or otherwise:
    the claim is proved."""
    largest = largest.format(own=own)
    found = given(CONTEXT.format(own=own, largest=largest)).judge(
        claim.format(free="l", sum="q", largest=largest), steps=False, repair=False
    )
    assert (found.verdict, found.contradiction) == ("proved", "")


def test_what_is_shifted_by_more_than_its_maximum_is_told_apart() -> None:
    """A gradient that passes through what was taken away is not that of a softmax."""
    found = given(CONTEXT.format(own="h", largest=f"[i == 0]*{LARGEST[2].format(own='h')}*s[i, j]")).judge(
        CLAIMS[0].format(free="l", sum="q"), steps=False, repair=False
    )
    assert found.verdict in ("false", "holds where", "refuted")
