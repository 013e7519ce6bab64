"""The styles of the gallery in docs/prove.md with the verdicts that stand there; generated programs and mutants."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.fuzz_reading import run as run_programs
from benchmarks.mutate_layers import CORRECT, Tally, judge, mutants_of
from derivations.language.errors import InputError
from derivations.reading.prove import prove_layer
from derivations.reading.showing import verdict_lines

GALLERY = Path(__file__).parent / "layers" / "gallery.py"
STRIDED = "x: n; w: m; s = s; m <= n"
# forward, backward, --given, the verdict on each gradient
STYLES = [
    ("strided", "strided_backward", STRIDED, {"x": "proved", "w": "proved"}),
    ("strided", "tail_backward", STRIDED, {"x": "holds where (n - m) % s == 0", "w": "proved"}),
    ("transposed", "transposed_backward", "x: n; w: m; s = s", {"x": "proved", "w": "proved"}),
    ("mean_windows", "mean_windows_backward", "x: N, n; f = f; s = s; f <= n", {"x": "proved"}),
    ("columns", "columns_backward", "x: C, n; w: F, C, m; s = s; m <= n", {"x": "proved", "w": "proved"}),
    ("matrices", "matrices_backward", "q: A, D; k: B, D", {"q": "proved", "k": "proved"}),
    ("attention", "attention_backward", "q: N, A, D; k: N, B, D; v: N, B, E", dict.fromkeys("qkv", "proved")),
    ("normalized", "normalized_backward", "x: N, D; gamma: D; beta: D; eps: scalar",
     dict.fromkeys(("x", "gamma", "beta"), "proved")),
    ("peaks", "peaks_backward", "x: N, n; f = f; f <= n", {"x": "proved"}),
    ("blocks", "blocks_backward", "x: n*f, m*f; f = f", {"x": "proved"}),
    ("guarded", "guarded_backward", "x: n; w: m; p = p; p >= 0; m <= n + 2*p", {"x": "proved", "w": "proved"}),
    ("gathered", "gathered_backward", "x: n; w: m; m <= n", {"x": "proved", "w": "proved"}),
    ("Dense", None, "x: N, D; w: D, M; b: M", dict.fromkeys("xwb", "proved")),
]  # fmt: skip


@pytest.mark.parametrize(("forward", "backward", "given", "verdicts"), STYLES)
def test_a_style_of_the_gallery(forward: str, backward: str | None, given: str, verdicts: dict[str, str]) -> None:
    """The reading is judged as the gallery says."""
    found = prove_layer(f"{GALLERY}:{forward}", backward and f"{GALLERY}:{backward}", given, run=False)
    words = {one.argument: f"{one.word} {one.holds_where}" if one.holds_where else one.word for one in found.gradients}
    assert words == verdicts


def test_the_run_refuses_a_reading_that_is_not_the_code(tmp_path: Path) -> None:
    """A reading is compared with what the code gives: code that is another function at one size is refused there."""
    code = "import numpy as np\n\n\ndef forward(x):\n    return x * 2\n\n\ndef backward(dy, x):\n    return dy * 2\n"
    code += "\n\nhidden = forward\nglobals()['forward'] = lambda x: hidden(x) if len(x) != 3 else x\n"
    path = tmp_path / "two_faced.py"
    path.write_text(code)
    found = prove_layer(f"{path}:forward", f"{path}:backward", "x: n")
    assert found.status == 4
    assert found.agreement is not None
    assert found.agreement.difference is not None
    assert dict(found.agreement.difference.sizes) == {"n": 3}
    assert "this reading is not your code at n = 3" in verdict_lines(found, show=False)[-1]


def test_the_saved_reading_is_a_document(tmp_path: Path) -> None:
    """`--save` keeps a document that judges as the layer was judged."""
    from derivations import Document

    found = prove_layer(f"{GALLERY}:strided", f"{GALLERY}:tail_backward", STRIDED, run=False)
    text = found.document()
    assert re.search(r"^# \d+: .*sliding_window_view", text, re.MULTILINE)
    verdicts = Document.parse(text).verify()
    assert all(one.as_expected for one in verdicts)
    assert [one.verdict for one in verdicts] == ["holds where", "proved"]


def test_generated_programs_are_read_or_refused() -> None:
    """Where every obligation holds, reading and code agree; the benchmark runs many more."""
    tally = run_programs(30, seed=5, shapes=6)
    assert not tally.misread, tally.misread[0]
    assert tally.counts["programs compared"] >= 15


def test_a_mutant_that_differs_is_not_proved(tmp_path: Path) -> None:
    """Some mutants of one layer; the benchmark runs hundreds."""
    layer = next(one for one in CORRECT if one[2] == "strided_backward")
    tally = Tally()
    for mutant in mutants_of(layer)[::25]:
        tally.add(judge(mutant, 4, str(tmp_path)))
    assert not tally.wrong, tally.wrong[0]
    assert any(name.startswith("differs") for name in tally.counts)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("    while x[0] > 1:\n        x = x / 2\n    return x", "a branch on data"),
        ("    return np.sort(x)", "np.sort (numpy.sort) is not read"),
        ("    for i in range(len(x)):\n        return x\n", "a return inside a loop"),
        ("    return x.reshape(2, -1)", "reshape keeps the number of entries"),
        ("    return x.reshape(len(x), -2)", "a negative size"),
        ("    return x[::x.sum()]", "a step of a slice that is no integer"),
        ("    return x[:x.sum()]", "a bound of a slice that is no integer"),
        ("    return (x, x)[::x.sum()][0]", "an integer that is not known here"),
        ("    return (x, x)[::0][0]", "a slice with the step 0"),
        ("    return x[::0]", "the step is positive"),
        ("    return x[1:n_unknown]", "n_unknown is not defined"),
        ("    return np.linalg.inv(x)", "is not read"),
        ("    return np.sum(x, where=x > 0)", "with these arguments is not read"),
        ("    y = np.empty(len(x))\n    y[0] = 1\n    return y", "np.empty has no entries"),
        ("    with open('f') as f:\n        return x", "`with` statements are not read"),
        ("    return x[x > 0]", "the forward function returns no array"),
        ("    y = x.copy()\n    y[x > 1] = x[x > 0]\n    return y", "chosen by one mask are stored by another"),
        ("    y = x.copy()\n    y[x > 0] = np.exp(x[x > 0]) * x\n    return y", "an array beside what a mask selects"),
        ("    y = x.copy()\n    y[x > 0] = x[x > 0] * x[x > 1]\n    return y", "what two masks select"),
        ("    return (x > 0) + (x > 1)", "of two masks"),
        ("    y = np.zeros(len(x), dtype=int)\n    y[0] = x[0]\n    return y", "assigned to an array of integers"),
        ("    def inner(y):\n        return inner(y)\n    return inner(x)", "calls nest too deeply"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(tmp_path: Path, code: str, reason: str) -> None:
    """Never a traceback, never a guess: the line, a caret and why."""
    path = tmp_path / "refused.py"
    path.write_text(f"import numpy as np\n\n\ndef forward(x):\n{code}\n\n\ndef backward(dy, x):\n    return dy\n")
    with pytest.raises(InputError) as caught:
        prove_layer(f"{path}:forward", f"{path}:backward", "x: n", run=False)
    assert reason in str(caught.value)
    assert "^" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("Convolution", "x: N,C,H,W; w: F,C,k,l; stride = s; padding = p; p >= 0; k <= H + 2*p; l <= W + 2*p"),
        ("Unfolded", "x: N,C,H,W; w: F,C,k,l; s = s; k <= H; l <= W"),
    ],
)
def test_pytorch_is_read_without_torch(name: str, given: str) -> None:
    """torch.autograd.Function by the table of PyTorch's functions."""
    found = prove_layer(f"{GALLERY.parent / 'autograd.py'}:{name}", None, given, run=False)
    assert {one.argument: one.word for one in found.gradients} == {"x": "proved", "w": "proved"}
