"""`prove` end to end on layers of several styles: what is proved, what is wrong and where, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from derivations.language.errors import InputError
from derivations.reading.prove import prove_layer

LAYERS = Path(__file__).parent / "layers"
CONV = (
    "x: N,C,H,W; w: F,C,k,l; b: F; options.stride = s; options.pad = p; p >= 0; k <= H + 2*p; l <= W + 2*p"
)


def prove(file: str, forward: str, backward: str, given: str, run: bool = True):  # type: ignore[no-untyped-def]
    path = LAYERS / file
    return prove_layer(f"{path}:{forward}", f"{path}:{backward}" if backward else None, given, run)


@pytest.mark.parametrize(
    ("file", "forward", "backward", "given"),
    [
        ("convolution.py", "loops", "loops_backward", CONV),
        ("small.py", "dense", "dense_backward", "x: N,C,H; w: C*H,M; b: M"),
        ("small.py", "correlate", "correlate_backward", "x: n; w: m; m <= n"),
        ("small.py", "rectify", "rectify_backward", "x: n, m"),
        ("small.py", "Scale", "", "x: n, m; self.g: m; gain = a"),
    ],
)
def test_a_correct_layer_is_proved(file: str, forward: str, backward: str, given: str) -> None:
    """Every gradient is proved, and code and reading agree at thirty shapes or more."""
    found = prove(file, forward, backward, given)
    assert [one.word for one in found.gradients] == ["proved"] * len(found.gradients), found
    assert found.status == 0
    assert found.agreement is not None
    assert found.agreement.shapes >= 30
    assert found.agreement.difference is None


def test_a_mean_for_a_sum_holds_at_batches_of_one() -> None:
    """The region of a mistake is stated, with a counterexample of the code itself."""
    found = prove("small.py", "dense", "dense_backward_mean", "x: N,C,H; w: C*H,M; b: M")
    (bias,) = [one for one in found.gradients if one.argument == "b"]
    assert (bias.word, bias.holds_where) == ("holds where", "N == 1")
    assert bias.counterexample is not None
    assert bias.counterexample.sizes["N"] == 2
    assert found.status == 1


def test_a_negative_crop_is_two_cases() -> None:
    """`x[p:-p]` is empty at p = 0, which is a case of its own; there the gradient has another shape."""
    found = prove("convolution.py", "loops", "loops_backward_negative_crop", CONV)
    (data,) = [one for one in found.gradients if one.argument == "x"]
    assert (data.word, data.holds_where) == ("holds where", "p != 0")
    assert data.counterexample is not None
    assert data.counterexample.sizes["p"] == 0


@pytest.mark.parametrize(
    ("file", "forward", "backward", "given", "word", "region"),
    [
        ("small.py", "correlate", "correlate_backward_assigns", "x: n; w: m; m <= n", "holds where",
         "m == 1 or n == m"),
        ("convolution.py", "loops", "loops_backward_assigns", CONV, "false", None),
    ],
)
def test_an_assignment_that_overlaps_is_the_last_turns(
    file: str, forward: str, backward: str, given: str, word: str, region: str | None
) -> None:
    """`=` where turns overlap is read as the last turn's, so that the region is stated; other gradients are proved."""
    found = prove(file, forward, backward, given)
    (data,) = [one for one in found.gradients if one.argument == "x"]
    assert (data.word, data.holds_where) == (word, region)
    assert data.counterexample is not None
    assert {one.word for one in found.gradients if one.argument != "x"} == {"proved"}


def test_an_obligation_taints_only_what_rests_on_it() -> None:
    """Where data choose the places, `=` is not in order: that gradient is false by its counterexample, the other is
    proved."""
    found = prove("chosen.py", "peaks", "peaks_backward_assigns", "x: h, w; b: h; f = f; s = s; f <= w")
    words = {one.argument: one.word for one in found.gradients}
    assert words == {"x": "false", "b": "proved"}
    assert any("`=` reaches each place once" in text for text in found.refusals)
    assert not any("u = " in text for text in found.refusals)


RAISING = """
import numpy as np


def forward(x):
    return 2 * x


def always(dy, x):
    return 2 * dy + np.zeros(len(x) + 1)[: len(x) + 1]


def sometimes(dy, x):
    dx = 2 * dy
    for i in range(len(x) - 1):
        dx[i : i + 2] = np.zeros(3)
    return dx


def clipped(dy, x):
    dx = np.zeros_like(x)
    dx[:] = 2 * np.concatenate([dy, dy])[: len(x) + 1][: len(dy)]
    dx[: len(x)] = dx[: len(x) + 2]
    return dx


def at_the_end(dy, x):
    dx = np.zeros_like(x)
    for i in range(len(x) // 2):
        dx[2 * i : 2 * i + 2] += 2 * dy[2 * i : 2 * i + 4]
    return dx
"""


@pytest.mark.parametrize(
    ("backward", "given", "word"),
    [
        ("always", "x: n; n >= 2", "refuted"),
        ("sometimes", "x: n", "false"),
        ("clipped", "x: n", "proved"),
        ("at_the_end", "x: n; n % 2 == 0", "false"),
    ],
)
def test_that_code_raises_is_said_where_it_does(tmp_path: Path, backward: str, given: str, word: str) -> None:
    """Not where the line is not reached, nor where NumPy clips: there the reading is no other than the code."""
    path = tmp_path / "raising.py"
    path.write_text(RAISING)
    found = prove_layer(f"{path}:forward", f"{path}:{backward}", given)
    assert found.word == word, found
    assert found.status == (word != "proved")


CHOSEN = [
    ("rectify", "rectify_backward", "x: n, m"),
    ("rows", "rows_backward", "x: n, m"),
    ("peaks", "peaks_backward", "x: h, w; b: h; f = f; s = s; f <= w"),
    ("planes", "planes_backward", "x: h, w; f = f; s = s; f <= h; f <= w"),
    ("hot", "hot_backward", "x: n, m"),
    ("branched", "branched_backward", "x: n"),
    ("generated", "generated_backward", "x: n; w: m; m <= n"),
    ("logistic", "logistic_backward", "x: n"),
    ("exponential_linear", "exponential_linear_backward", "x: n"),
    ("negative_log", None, "p: n; t: n"),
]


@pytest.mark.parametrize(("forward", "backward", "given"), CHOSEN)
def test_places_that_data_choose(forward: str, backward: str | None, given: str) -> None:
    """Masks, argmax, unravel_index, one-hot comparisons, branches on data, generators; functions of masked entries."""
    found = prove("chosen.py", forward, backward, given)
    assert {one.word for one in found.gradients} == {"proved"}, found


def test_a_wrong_function_of_what_a_mask_selects_is_not_proved() -> None:
    """exp(x) - 1 for exp(x), behind a mask."""
    given = "x: n"
    found = prove("chosen.py", "exponential_linear", "exponential_linear_backward_of_value", given)
    assert [one.word for one in found.gradients] == ["refuted"]


@pytest.mark.parametrize(
    ("forward", "backward", "given", "message", "caret"),
    [
        ("running", "running_backward", "x: n", "carries its value from one turn", "last"),
        ("threshold", "rectify_backward", "x: n", "a branch on data", "return x"),
        ("correlate", "correlate_backward", "x: n; w: m", "a size is not negative", "np.zeros(n - m + 1)"),
        ("nowhere", "rectify_backward", "x: n", "there is no nowhere", ""),
    ],
)
def test_what_is_not_read_is_refused(forward: str, backward: str, given: str, message: str, caret: str) -> None:
    """A refusal names file, line and reason."""
    with pytest.raises(InputError) as caught:
        prove("small.py", forward, backward, given)
    assert message in str(caught.value)
    assert caret in str(caught.value)


def test_without_a_run_the_answer_says_so() -> None:
    """`--no-run` leaves the code alone."""
    found = prove("small.py", "rectify", "rectify_backward", "x: n", run=False)
    assert found.agreement is None
    assert found.status == 0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return np.empty_like(x) * 0 + dy * 2", "np.empty_like has no entries until all are assigned"),
        ("dx = np.zeros_like(3)\n    dx += 2 * dy\n    return dx", "an array without axes is changed in place"),
        ("dx = np.zeros_like(3)\n    for i in range(2):\n        dx += dy\n    return dx",
         "an array without axes is changed in place"),
    ],
)
def test_what_numpy_leaves_undefined_or_raises_is_not_read_as_a_value(tmp_path: Path, body: str, reason: str) -> None:
    """0 times an entry of np.empty is no 0, and `+=` does not give axes to an array that has none."""
    path = tmp_path / "layer.py"
    path.write_text(f"import numpy as np\n\n\ndef forward(x):\n    return 2 * x\n\n\n"
                    f"def backward(dy, x):\n    {body}\n")
    with pytest.raises(InputError, match=reason):
        prove_layer(f"{path}:forward", f"{path}:backward", "x: n", False)
