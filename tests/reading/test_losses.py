"""Losses that return their gradients, backward functions without a gradient of the output, labels, and constants."""

from __future__ import annotations

from pathlib import Path

import pytest

import derivations
from derivations.language.errors import InputError
from derivations.reading.prove import LayerVerdict, prove_layer
from derivations.reading.signature import parse_signature

FILE = Path(__file__).parent / "layers" / "losses.py"
LABELLED = "x: N, C; y: N < C"


def prove(forward: str, backward: str | None, given: str, run: bool = True) -> LayerVerdict:
    return prove_layer(f"{FILE}:{forward}", backward and f"{FILE}:{backward}", given, run)


@pytest.mark.parametrize(
    ("forward", "backward", "given"),
    [
        ("softmax_loss", None, LABELLED),
        ("rows_of_ones", None, LABELLED),
        ("squares", None, "x: N, D; w: D, M"),
        ("entropy", "entropy_backward", "z: N, C; t: N, onehot(C)"),
        ("Squared", None, "x: N, D; y: N, D"),
        ("embed", "embed_backward", "ids: B, T < V; table: V, D"),
        ("gelu", "gelu_backward", "x: N, D"),
        ("attention", "attention_backward", "q: T, D; k: S, D; v: S, E"),
        ("pooled_by_reshape", "pooled_by_reshape_backward", "x: N, C, H*2, W*2"),
        ("pooled_by_reshape", "pooled_by_reshape_backward", "x: N, C, 2*H, 2*W"),
        ("unit_rows", "unit_rows_backward", "x: N, D"),
    ],
)
def test_a_correct_loss_is_proved(forward: str, backward: str | None, given: str) -> None:
    """Every gradient is proved, and the reading is the code at thirty shapes or more."""
    found = prove(forward, backward, given)
    assert [one.word for one in found.gradients] == ["proved"] * len(found.gradients), found
    assert found.agreement is not None
    assert found.agreement.difference is None
    assert found.agreement.shapes >= 30


@pytest.mark.parametrize(
    ("forward", "backward", "given", "argument"),
    [
        ("softmax_loss_by_batch_forgotten", None, LABELLED, "x"),
        ("squares_by_mean", None, "x: N, D; w: D, M", "x"),
        ("embed", "embed_backward_once", "ids: B, T < V; table: V, D", "table"),
        # a row that is no distribution is no label: its sum stays
        ("entropy", "entropy_backward", "z: N, C; t: N, C", "z"),
    ],
)
def test_a_wrong_one_is_shown(forward: str, backward: str | None, given: str, argument: str) -> None:
    """It is not proved, and the code itself shows a shape at which it is wrong."""
    found = prove(forward, backward, given)
    (one,) = [one for one in found.gradients if one.argument == argument]
    assert one.word in ("false", "refuted", "holds where")
    assert one.counterexample is not None


def test_labels_reach_every_class() -> None:
    """Labels are any integers below their size, or rows with a single 1; they have no gradient."""
    signature = parse_signature("x: N, C; y: N < C; t: N, onehot(C + 1)")
    assert list(signature.arrays) == ["x"]
    assert [(str(one.below), one.one_hot) for one in signature.labels.values()] == [("C", False), ("C + 1", True)]
    found = prove("rows_of_ones", None, LABELLED, run=False)
    assert [one.argument for one in found.gradients] == ["x"]


@pytest.mark.parametrize("given", ["y: N <= C", "y: N < C < D", "y: N > C", "y: N; y: N < C", "y: N < C; y: N"])
def test_what_are_no_labels_is_refused(given: str) -> None:
    """With the place in --given and what would be labels."""
    with pytest.raises(InputError) as raised:
        parse_signature(given)
    assert raised.value.place.length


@pytest.mark.parametrize(
    ("forward", "backward", "message"),
    [
        ("gelu", None, "a function that returns its gradients too must return a number first"),
        ("doubled", None, "a function that returns its gradients too must return a number first"),
        ("doubled", "doubled_backward", "takes no gradient of the output, which is no number"),
        ("Squared", "gelu_backward", "Squared is a class"),
    ],
)
def test_what_returns_no_gradients_says_so(forward: str, backward: str | None, message: str) -> None:
    """A function alone is a loss with its gradients, or is refused."""
    with pytest.raises(InputError) as raised:
        prove(forward, backward, "x: N, D", run=False)
    assert message in str(raised.value)


def test_the_saved_reading_of_a_loss_judges_as_it_did(tmp_path: Path) -> None:
    """The loss is a formula of the document, without an arbitrary one around it."""
    found = prove("squares", None, "x: N, D; w: D, M", run=False)
    path = tmp_path / "squares.md"
    path.write_text(found.document())
    assert "loss J" not in path.read_text()
    verdicts = derivations.Document.read(path).verify()
    assert [one.verdict for one in verdicts] == ["proved", "proved"]


BESIDE = FILE.parent / "labelled.py"


def test_what_is_returned_for_labels_is_shown_beside_the_others() -> None:
    """The other gradients have their verdicts; of the labels it is said why there is none."""
    found = prove_layer(f"{BESIDE}:softmax_loss", None, "x: N,C; y: N < C")
    assert {one.argument: one.word for one in found.gradients} == {"x": "proved", "y": "undecided"}
    assert "integers that have no gradient" in found.gradients[1].reason
    assert found.status == 3


def test_targets_that_may_vary_have_a_gradient() -> None:
    """As one-hot rows they cannot vary; as any numbers, what is returned for them is judged, and wrong."""
    both = f"{BESIDE}:cross_entropy", f"{BESIDE}:cross_entropy_backward"
    one_hot = prove_layer(*both, "p: N,C; t: N, onehot(C)")
    assert {one.argument: one.word for one in one_hot.gradients} == {"p": "proved", "t": "undecided"}
    assert "t: sizes" in one_hot.gradients[1].reason
    free = prove_layer(*both, "p: N,C; t: N,C")
    assert {one.argument: one.word for one in free.gradients}["t"] in ("refuted", "false", "holds where")


def test_names_that_say_another_order_are_not_taken_by_place() -> None:
    """dt, dp for the arguments p, t is no mistake of the code's."""
    swapped = f"{BESIDE}:cross_entropy", f"{BESIDE}:cross_entropy_backward_swapped"
    with pytest.raises(InputError, match="2 values are returned"):
        prove_layer(*swapped, "p: N,C; t: N, onehot(C)")
