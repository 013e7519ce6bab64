"""PyTorch modules: the gradients of their own reverse mode, parameter by parameter, and what precision they need."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from numeric import check_gradient
from numeric.adapters import from_module, from_torch
from numeric.checkers import CheckInputError, check_layer

torch: Any = pytest.importorskip("torch")
X = np.random.default_rng(0).normal(size=(5, 3))


class Product(torch.autograd.Function):  # type: ignore[misc]
    """x @ w, with a gradient of w that is `factor` times too large."""

    factor = 1.0

    @staticmethod
    def forward(context: Any, x: Any, w: Any) -> Any:
        context.save_for_backward(x, w)
        return x @ w

    @staticmethod
    def backward(context: Any, delta: Any) -> Any:
        x, w = context.saved_tensors
        return delta @ w.T, Product.factor * (x.T @ delta)


class Dense(torch.nn.Module):  # type: ignore[misc]
    """A module around it; `form` is that of its output."""

    def __init__(self, form: Any = None) -> None:
        super().__init__()
        self.form = form
        self.w = torch.nn.Parameter(torch.randn(3, 4, generator=torch.Generator().manual_seed(0)))
        self.b = torch.nn.Parameter(torch.ones(4))

    def forward(self, x: Any, scale: float = 1.0) -> Any:
        z = scale * (Product.apply(x, self.w) + self.b)
        return z if self.form is None else {"z": z, "x": x} if self.form is dict else (z, x * x)


@pytest.fixture
def doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Product, "factor", 2.0)


@pytest.mark.parametrize("form", [None, dict, tuple])
def test_parameters_have_their_names(form: Any, doubled: None) -> None:
    """A wrong gradient is named by its parameter, inside a module of modules too; the others are right."""
    assert str(check_layer(Dense(form).double(), X)).startswith("gradient wrong: w; x, b right")
    assert str(check_layer(Dense(form).double(), X, scale=2.0)).startswith("gradient wrong: w; x, b right")
    inner = check_layer(torch.nn.Sequential(Dense(form)).double(), X)
    assert str(inner).startswith("gradient wrong: 0.w; x, 0.b right")


@pytest.mark.parametrize(
    ("module", "x"),
    [
        (torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)), X),
        (torch.nn.BatchNorm1d(3), X),
        (torch.nn.Conv2d(2, 3, 3, stride=2), np.random.default_rng(1).normal(size=(2, 2, 7, 6))),
        (torch.nn.Embedding(5, 3), np.array([[0, 1], [4, 2]])),
    ],
    ids=lambda each: type(each).__name__,
)
def test_right_modules_are_right(module: Any, x: Any) -> None:
    """Modules of PyTorch; integers have no gradient; the module is what it was before."""
    module = module.double()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    report = check_layer(module, x)
    assert report.verdict == "right"
    assert {name for name, _ in module.named_parameters()} <= set(report.checked)
    assert ("x" in report.checked) == (x.dtype.kind == "f")
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_parameters_are_chosen_by_name(doubled: None) -> None:
    """What is not asked for is said to be left out; a parameter that is not there is an error."""
    report = check_layer(Dense().double(), X, parameters=["b"])
    assert report.verdict == "right"
    assert any("w (excluded)" in item for item in report.not_checked)
    with pytest.raises(CheckInputError, match="no parameter c that asks for a gradient: w, b"):
        check_layer(Dense().double(), X, parameters=["c"])


def test_parameters_that_rest_are_not_checked(doubled: None) -> None:
    """A frozen parameter is no argument."""
    module = Dense().double()
    module.w.requires_grad_(False)
    report = check_layer(module, X)
    assert (report.verdict, report.checked) == ("right", ("x", "b"))


@pytest.mark.parametrize(
    ("kind", "given", "hints"),
    [
        ("float32", "float64", ["module.double()", "x.astype(np.float32)"]),
        ("float64", "float32", ["x.astype(np.float64)"]),
        ("float16", "float64", ["module.double()", "x.astype(np.float16)"]),
        ("bfloat16", "float64", ["NumPy does not have", "module.double()"]),
    ],
)
def test_precisions_that_differ_are_said_with_what_to_convert(kind: str, given: str, hints: list[str]) -> None:
    """The message names both precisions and the conversions that help, each of which does."""
    module, x = Dense().to(getattr(torch, kind)), X.astype(given)
    with pytest.raises(CheckInputError) as caught:
        check_layer(module, x)
    assert kind in str(caught.value)
    assert all(hint in str(caught.value) for hint in hints)
    if "module.double()" not in hints:
        assert check_layer(module, x.astype(kind)).verdict == "right"
    assert check_layer(module.double(), X).verdict == "right"


def test_a_module_as_a_function_has_the_hint_too() -> None:
    """from_torch takes a module for its argument alone, and says what to convert."""
    with pytest.raises(ValueError, match=r"parameters are float32 and the data float64: check module\.double\(\)"):
        check_gradient(*from_torch(Dense()), X)
    assert check_gradient(*from_torch(Dense().double()), X).verdict == "right"


def test_the_snippet_runs(doubled: None, capsys: pytest.CaptureFixture[str]) -> None:
    """The lines to paste begin with the module and show the disagreement."""
    module = torch.nn.Sequential(Dense()).double()
    snippet = check_layer(module, X).snippet
    exec(snippet, {"module": module})
    true, claimed = (float(word) for word in capsys.readouterr().out.replace(" claimed", "").split("true")[1].split())
    assert claimed == 2 * true


def test_random_modules_are_said() -> None:
    """A mask that is drawn anew is no layer to be checked."""
    with pytest.raises(CheckInputError, match="two answers"):
        check_layer(torch.nn.Dropout().double(), X)


def test_the_pair_of_a_module() -> None:
    """Forward takes x and the parameters, backward gives a gradient for each."""
    forward, backward, parameters = from_module(Dense().double())
    values = list(parameters.values())
    assert list(parameters) == ["w", "b"]
    np.testing.assert_allclose(forward(X, *values), X @ parameters["w"] + parameters["b"])
    assert [g.shape for g in backward(np.ones((5, 4)), X, *values)] == [(5, 3), (3, 4), (4,)]
