"""Calls as programs write them: one message says what to write for the whole line, and that line can be pasted."""

from __future__ import annotations

import pytest

from derivations.language.document import Document
from derivations.language.errors import InputError

GIVEN = "dims N, C, K, H, W, k\ntensor x[C, H, W], w[K, C, k, k], u[H, W], v[H, W], y[N]"
# what is written, and the line that means the same
LINES = [
    ("np.where(u > 0, u, 0) == relu(u)", "[u > 0] * u == relu(u)"),
    ("torch.where(u > 0, u, 0*u) == relu(u)", "[u > 0] * u + [u <= 0] * 0*u == relu(u)"),
    ("relu(u) == np.where(u > 0, u, 0)", "relu(u) == [u > 0] * u"),
    ("2*np.where(u > 0, u, v)*v == 0", "2*([u > 0] * u + [u <= 0] * v)*v == 0"),
    ("np.where(u > 0, u, 0)[1, 2] == 0", "([u > 0] * u)[1, 2] == 0"),
    ("F.relu(u) == np.maximum(u, 0)", "relu(u) == maximum(u, 0)"),
    ("torch.nn.functional.relu(u) == u", "relu(u) == u"),
    ("u.sum() == np.sum(v)", "sum(u) == sum(v)"),
    ("u.sum() == 0", "sum(u) == 0"),
    ("len(y)*y == np.where(y > 0, y, 0)", "(shape(y)[0])*y == [y > 0] * y"),
    ("F.conv2d(u, v) == F.conv2d(u, u)", "corr(u, v) == corr(u, u)"),
]  # fmt: skip


def message(claim: str, given: str = GIVEN) -> InputError:
    """The only error of a document."""
    with pytest.raises(InputError) as caught:
        Document.parse(f"```given\n{given}\n```\n\n```claim a\n{claim}\n```\n", "notes.md")
    assert len(caught.value.errors) == 1
    return caught.value


@pytest.mark.parametrize(("written", "meant"), LINES)
def test_one_message_has_the_whole_line(written: str, meant: str) -> None:
    """The fix is the whole line, and the line is read; the place is that of the first mistake."""
    error = message(written)
    assert error.fix == f"write {meant}"
    assert error.line == 7
    assert len(Document.parse(f"```given\n{GIVEN}\n```\n\n```claim a\n{meant}\n```\n").claims) == 1


def test_a_definition_has_it_too() -> None:
    """In a context the whole definition is said; what stands below it is not called wrong."""
    error = message("z == u", f"{GIVEN}\nz = np.where(u > 0, u, np.abs(u))\nt = z + z")
    assert error.fix == "write z = [u > 0] * u + [u <= 0] * abs(u)"


def test_a_fix_that_is_no_line_is_said_at_once() -> None:
    """A convolution with maps is a definition by index: its fix is not behind another one."""
    fix = message("F.conv2d(x, w, stride=2) == x").fix
    assert fix.startswith("define it in the given block, by index: ")
    assert "corr(" in fix
    assert "stride=2" in fix


@pytest.mark.parametrize(
    ("written", "fix"),
    [
        ("np.tanh(u) == u", "leave out np."),  # one step is enough
        ("np.frobnicate(u) == u", "leave out np."),  # the next mistake has no certain fix
        ("len(y) == N", "write shape(y)[0]"),
    ],
)
def test_one_step_stays_one_step(written: str, fix: str) -> None:
    """Where nothing is hidden behind the first mistake, or nothing certain, its own fix stays."""
    assert message(written).fix == fix


def test_what_is_wrong_elsewhere_is_not_mended() -> None:
    """A line that has another mistake is not offered: the fix of the first stays."""
    assert message("np.tanh(u) == cnov(u, v)").fix == "leave out np."
    assert message("np.where(u > 0, u, 0) == cnov(u, v)").fix == "leave out np."


def test_many_mistakes_end() -> None:
    """The steps are bounded."""
    assert message(" + ".join(["np.relu(u)"] * 40) + " == u").fix == "leave out np."
