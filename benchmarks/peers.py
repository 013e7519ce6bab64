"""Other gradient checkers behind one question: do you accept this forward/backward pair at these arrays?

Why: the comparison is fair only if all see the same layer, the same mistake and the same data, each with its own
default settings.

Law: a checker that is not installed is named as such and skipped; any objection of a checker, an exception too,
counts as not accepting.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from numeric import check_gradient

Accepts = Callable[..., bool]


@dataclass(frozen=True)
class Peer:
    """A checker: check(forward, backward, *arrays) -> bool or an exception; None where it is not installed."""

    name: str
    check: Accepts | None

    @property
    def accepts(self) -> Accepts | None:
        """`check` without its warnings, and with its objections as an answer."""
        return None if self.check is None else _quietly(self.check)


def _quietly(check: Accepts) -> Accepts:
    def accepts(forward: Any, backward: Any, *arrays: np.ndarray) -> bool:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                return bool(check(forward, backward, *arrays))
            except Exception:
                return False

    return accepts


def ours(forward: Any, backward: Any, *arrays: np.ndarray) -> bool:
    """Not called wrong by check_gradient; how often right layers are left undecided is a row of its own."""
    report = check_gradient(forward, backward, *arrays)
    return bool(report.verdict != "wrong")


def gradcheck(fast: bool) -> Accepts:
    """PyTorch's gradcheck on an autograd.Function that calls the pair."""
    torch = importlib.import_module("torch")

    def check(forward: Any, backward: Any, *arrays: np.ndarray) -> bool:
        tensors = tuple(torch.from_numpy(a.copy()).requires_grad_(True) for a in arrays)
        function = torch_function(forward, backward)
        return bool(torch.autograd.gradcheck(function, tensors, fast_mode=fast))

    return check


def torch_function(forward: Any, backward: Any) -> Callable[..., Any]:
    """The pair as a differentiable PyTorch function."""
    torch = importlib.import_module("torch")

    class Pair(torch.autograd.Function):  # type: ignore[misc, name-defined]
        @staticmethod
        def forward(context: Any, *tensors: Any) -> Any:
            context.save_for_backward(*tensors)
            return torch.from_numpy(np.array(forward(*[t.detach().numpy() for t in tensors])))

        @staticmethod
        def backward(context: Any, delta: Any) -> Any:
            arrays = [t.detach().numpy() for t in context.saved_tensors]
            return tuple(
                torch.from_numpy(np.ascontiguousarray(g)) for g in backward(delta.contiguous().numpy(), *arrays)
            )

    return Pair.apply  # type: ignore[no-any-return]


def hips() -> Accepts:
    """HIPS autograd's check_grads, reverse mode, first order."""
    extend = importlib.import_module("autograd.extend")
    test_util = importlib.import_module("autograd.test_util")

    def check(forward: Any, backward: Any, *arrays: np.ndarray) -> bool:
        primitive = extend.primitive(lambda *a: np.array(forward(*a)))

        # one call of backward for all arguments, as with the other checkers
        def pull(argnums: Any, answer: Any, arguments: Any, options: Any) -> Any:
            def vjp(delta: Any) -> Any:
                gradients = backward(np.asarray(delta), *arguments)
                return tuple(np.array(gradients[k]) for k in argnums)

            return vjp

        extend.defvjp_argnums(primitive, pull)
        # without argnum it would look at the first argument alone
        everything = tuple(range(len(arrays)))
        test_util.check_grads(primitive, everything, modes=["rev"], order=1)(*arrays)
        return True

    return check


def jax_checker() -> Accepts:
    """JAX's check_grads, reverse mode, first order, with the pair behind a callback."""
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    check_grads = importlib.import_module("jax.test_util").check_grads

    def check(forward: Any, backward: Any, *arrays: np.ndarray) -> bool:
        like = np.array(forward(*arrays))
        shape = jax.ShapeDtypeStruct(like.shape, like.dtype)
        shapes = tuple(jax.ShapeDtypeStruct(a.shape, a.dtype) for a in arrays)

        def run(*a: Any) -> Any:
            call = lambda *v: np.asarray(forward(*map(np.array, v)), like.dtype)  # noqa: E731
            return jax.pure_callback(call, shape, *a)

        def pull(a: Any, delta: Any) -> Any:
            def call(delta: Any, *v: Any) -> Any:
                return tuple(np.asarray(g, like.dtype) for g in backward(np.array(delta), *map(np.array, v)))

            return jax.pure_callback(call, shapes, delta, *a)

        function = jax.custom_vjp(run)
        function.defvjp(lambda *a: (run(*a), a), pull)
        check_grads(function, arrays, order=1, modes=["rev"])
        return True

    return check


def peers() -> tuple[Peer, ...]:
    """All checkers, ours first."""
    makers: list[tuple[str, Callable[[], Accepts]]] = [
        ("gradcheck, slow", lambda: gradcheck(False)),
        ("gradcheck, fast", lambda: gradcheck(True)),
        ("JAX check_grads", jax_checker),
        ("HIPS check_grads", hips),
    ]
    found = [Peer("gradproof", ours)]
    for name, make in makers:
        try:
            found.append(Peer(name, make()))
        except ImportError:
            found.append(Peer(name, None))
    return tuple(found)
