"""The gradient checks beside PyTorch's, JAX's and HIPS autograd's: `python -m benchmarks.bench_numeric [--json FILE]`.

Why: every figure that the documentation gives is printed by this program, with the goals that were missed.

Law: processor time of one thread, medians, taken in turns in one run; each checker with its default settings; the same
layers, data and mistakes for all. Peers that are not installed are named.
"""

from __future__ import annotations

import os
import sys

if not __package__:
    # started as a file: the packages lie one directory up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# before NumPy and the frameworks load: one thread
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import argparse  # noqa: E402
import dataclasses  # noqa: E402
import importlib  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from functools import partial  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

from benchmarks import chains  # noqa: E402
from benchmarks.peers import Peer, peers  # noqa: E402
from benchmarks.table import Row, machine, markdown, side_by_side, versions, write_json  # noqa: E402
from numeric import check_gradient  # noqa: E402
from numeric.adapters import from_torch  # noqa: E402
from numeric.checkers import Stage, check_chain  # noqa: E402
from tests.numeric.mutations import LAYERS, MUTATIONS  # noqa: E402

ABSENT = "not installed"
SCALES = (1e-9, 1e-6, 1e-3, 1.0, 1e3, 1e6, 1e9)


def _torch() -> Any | None:
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        return None
    torch.set_num_threads(1)
    return torch


def _ratio(name: str, goal: float, ours: float, theirs: float, peer: str) -> Row:
    words = f"{theirs / ours:.3g}× ({1e3 * ours:.3g} ms against {1e3 * theirs:.4g} ms)"
    return Row(name, f"≥ {goal:g}×", words, theirs / ours >= goal, peer, "×")


def convolution_rows(everyone: tuple[Peer, ...]) -> Iterator[Row]:
    """Time of one check of the convolution layer, by projection and entry by entry."""
    arrays, torch = chains.convolution_data(), _torch()
    pair = chains.convolution_forward, chains.convolution_backward
    runs: dict[str, Callable[[], Any]] = {
        "ours": partial(everyone[0].check or _never, *pair, *arrays),
        "ours, every entry": lambda: check_gradient(*pair, *arrays, every_entry=True).require(),
    }
    repeats = {"ours": 100, "ours, every entry": 100}
    assert runs["ours"]()
    for peer in everyone[1:]:
        if peer.check is not None:
            runs[peer.name] = partial(peer.check, *pair, *arrays)
            repeats[peer.name] = 6 if "slow" in peer.name else 10 if "JAX" in peer.name else 50
    if torch is not None:
        theirs, tensors = from_torch(chains.torch_convolution), _tensors(torch, arrays)
        subject = chains.torch_convolution
        runs["ours on torch"] = lambda: check_gradient(*theirs, *arrays).require()
        runs["ours on torch, every entry"] = lambda: check_gradient(*theirs, *arrays, every_entry=True).require()
        runs["fast on torch"] = lambda: torch.autograd.gradcheck(subject, tensors, fast_mode=True)
        runs["slow on torch"] = lambda: torch.autograd.gradcheck(subject, tensors)
        repeats |= {"ours on torch": 100, "ours on torch, every entry": 100, "fast on torch": 50, "slow on torch": 6}
    seconds = side_by_side(runs, repeats)
    yield from _convolution_ratios(seconds)


def _never(*_: Any) -> Any:
    raise AssertionError("ours is always installed")


def _tensors(torch: Any, arrays: tuple[np.ndarray, ...]) -> tuple[Any, ...]:
    return tuple(torch.from_numpy(a.copy()).requires_grad_(True) for a in arrays)


def _convolution_ratios(seconds: dict[str, float]) -> Iterator[Row]:
    layer, every = "exact check of one convolution layer", "every entry, bit-equal"
    table = [
        (f"{layer} (PyTorch's own)", 5, "ours on torch", "fast on torch", "gradcheck, fast"),
        (f"{layer} (PyTorch's own)", 1000, "ours on torch", "slow on torch", "gradcheck, slow"),
        (f"{layer} (in NumPy)", 5, "ours", "gradcheck, fast", "gradcheck, fast"),
        (f"{layer} (in NumPy)", 1000, "ours", "gradcheck, slow", "gradcheck, slow"),
        (f"{layer} (in NumPy)", 3, "ours", "HIPS check_grads", "HIPS check_grads"),
        (f"{layer} (in NumPy)", 1, "ours", "JAX check_grads", "JAX check_grads"),
        (f"{every} (PyTorch's own)", 50, "ours on torch, every entry", "slow on torch", "gradcheck, slow"),
        (f"{every} (in NumPy)", 50, "ours, every entry", "gradcheck, slow", "gradcheck, slow"),
    ]  # fmt: skip
    for name, goal, ours, theirs, peer in table:
        if ours in seconds and theirs in seconds:
            yield _ratio(name, goal, seconds[ours], seconds[theirs], peer)
        else:
            yield Row(name, f"≥ {goal}×", ABSENT, None, peer, "×")


def real_size_rows() -> Iterator[Row]:
    """A layer as in a real network: 64 channels of 56 by 56, kernels of 3 by 3, in both precisions."""
    torch, name = _torch(), "exact check of a 64×64×3×3 convolution on 56×56 (PyTorch's own)"
    if torch is None:
        yield Row(name, "≥ 2.5×", ABSENT, None, "gradcheck, fast", "×")
        return
    random = np.random.default_rng(0)
    arrays = tuple(random.normal(size=s) for s in ((1, 64, 56, 56), (64, 64, 3, 3), (64,)))
    narrow = tuple(a.astype(np.float32) for a in arrays)
    pair, tensors = from_torch(chains.torch_real_size), _tensors(torch, arrays)
    seconds = side_by_side(
        {
            "ours": lambda: check_gradient(*pair, *arrays).require(),
            "ours in float32": lambda: check_gradient(*pair, *narrow).require(),
            "fast": lambda: torch.autograd.gradcheck(chains.torch_real_size, tensors, fast_mode=True),
        },
        {"ours": 10, "ours in float32": 6, "fast": 10},
    )
    yield _ratio(name, 2.5, seconds["ours"], seconds["fast"], "gradcheck, fast")
    slower = seconds["ours in float32"] / seconds["ours"]
    yield Row(f"{name}, float32 beside float64", "≤ 2×", slower, slower <= 2, "—", "×")


def sensitivity_rows(everyone: tuple[Peer, ...]) -> Iterator[Row]:
    """The smallest relative error in one entry of dw that is caught in each of five places."""
    arrays = chains.convolution_data()
    random = np.random.default_rng(1)
    places = [tuple(int(random.integers(n)) for n in arrays[1].shape) for _ in range(5)]
    for peer in everyone:
        name = "smallest relative error caught in one entry"
        if peer.accepts is None:
            yield Row(name, None, ABSENT, None, peer.name, "")
            continue
        caught = float("inf")
        for exponent in range(0, 16):
            error = 10.0**-exponent
            if not all(not peer.accepts(chains.convolution_forward, _off(p, error), *arrays) for p in places):
                break
            caught = error
        goal = "≤ 1e-13" if peer.name == "gradproof" else None
        words = caught if caught < float("inf") else "none is"
        yield Row(name, goal, words, caught <= 1e-13 if goal is not None else None, peer.name, "")


def _off(place: tuple[int, ...], error: float) -> Callable[..., Any]:
    def backward(delta: np.ndarray, *arrays: np.ndarray) -> tuple[Any, ...]:
        dx, dw, db = chains.convolution_backward(delta, *arrays)
        dw = dw.copy()
        dw[place] *= 1 + error
        return dx, dw, db

    return backward


def chain_rows() -> Iterator[Row]:
    """LeNet-5: time by projection and entry by entry, and how small an error in one entry is seen."""
    chain, torch = chains.chain(), _torch()
    net, arrays = chain.network, chain.arrays
    runs: dict[str, Callable[[], Any]] = {
        "ours": lambda: check_gradient(net.forward, net.backward, *arrays).require(),
        "linked": lambda: check_chain(net.forward, net.backward, chain.linked, *arrays).require(),
        "every": lambda: check_chain(net.forward, net.backward, chain.stages, *arrays).require(),
    }
    repeats = {"ours": 30, "linked": 30, "every": 2}
    if torch is not None:
        tensors = _tensors(torch, arrays)
        runs["fast"] = lambda: torch.autograd.gradcheck(chains.torch_chain, tensors, fast_mode=True)
        repeats["fast"] = 30
    seconds = side_by_side(runs, repeats)
    name = f"LeNet-5 chain, {chain.entries:,} entries, projection"
    linked = f"LeNet-5 chain, {chain.entries:,} entries, its stages' backward functions and their composition"
    if torch is None:
        yield Row(name, "≥ 5×", ABSENT, None, "gradcheck, fast", "×")
        yield Row(linked, None, ABSENT, None, "gradcheck, fast", "×")
    else:
        yield _ratio(name, 5, seconds["ours"], seconds["fast"], "gradcheck, fast")
        compared = _ratio(linked, 5, seconds["linked"], seconds["fast"], "gradcheck, fast")
        yield dataclasses.replace(compared, goal=None, met=None)
    yield from _chain_sensitivity(chain)
    name = f"LeNet-5 chain, every one of {chain.entries:,} entries"
    if torch is None:
        yield Row(name, "≥ 15×", ABSENT, None, "gradcheck, slow", "×")
        return
    start = time.process_time()
    torch.autograd.gradcheck(chains.torch_chain, tensors)
    yield _ratio(name, 15, seconds["every"], time.process_time() - start, "gradcheck, slow")


def _chain_sensitivity(chain: chains.Chain) -> Iterator[Row]:
    """The smallest error caught in each of ten entries of the chain's gradient, and the search's length.

    Once in entries of at least the root mean square of their array, once in any: rounding is as large as the former.
    """
    name = "LeNet-5 chain, relative error in one entry seen by projection"
    caught, words, longest = _seen(chain, _places(chain, typical=True))
    yield Row(f"{name} (entries of typical size)", "≤ 1e-12", words, caught <= 1e-12, "—", "")
    caught, words, also = _seen(chain, _places(chain, typical=False))
    yield Row(f"{name} (any entries)", "≤ 1e-12", words, caught <= 1e-12, "—", "")
    yield _seen_by_stages(chain, chain.linked, "by the stages' backward functions", _places(chain, typical=False))
    yield _seen_by_stages(chain, chain.stages, "entry by entry", _places(chain, typical=False)[:5])
    longest = max(longest, also)
    yield Row("wrong entry named, LeNet-5 chain", "≤ 20 projections", longest, longest <= 20, "—", "projections")


def _places(chain: chains.Chain, *, typical: bool) -> list[tuple[int, tuple[int, ...]]]:
    """Ten entries: an array at random, then an entry of it, of typical size or more if so asked."""
    random = np.random.default_rng(2)
    gradients = chain.network.backward(np.ones((1, 10)), *chain.arrays)
    places = []
    for _ in range(10):
        k = int(random.integers(len(gradients)))
        size = np.abs(gradients[k])
        least = float(np.sqrt((size**2).mean())) if typical else 0.0
        candidates = np.argwhere(size >= least)
        places.append((k, tuple(int(i) for i in candidates[int(random.integers(len(candidates)))])))
    return places


def _seen(chain: chains.Chain, places: list[tuple[int, tuple[int, ...]]]) -> tuple[float, str, int]:
    """(smallest error caught in all places, in words with the next, the longest search)."""
    net, caught, longest = chain.network, float("inf"), 0
    hits: dict[int, int] = {}
    for exponent in range(9, 16):
        reports = [check_gradient(net.forward, _chain_off(net, p, 10.0**-exponent), *chain.arrays) for p in places]
        hits[exponent] = sum(report.verdict == "wrong" for report in reports)
        longest = max([longest, *(r.searched for r in reports if r.verdict == "wrong")])
        if hits[exponent] < len(places):
            break
        caught = 10.0**-exponent
    return caught, _tried(caught, hits, places), longest


def _seen_by_stages(
    chain: chains.Chain, stages: tuple[Stage, ...], how: str, places: list[tuple[int, tuple[int, ...]]]
) -> Row:
    """The smallest error that `check_chain` catches in all places."""
    net, caught = chain.network, float("inf")
    hits: dict[int, int] = {}
    for exponent in range(10, 16):
        wrong = [_chain_off(net, place, 10.0**-exponent) for place in places]
        reports = [check_chain(net.forward, claim, stages, *chain.arrays) for claim in wrong]
        hits[exponent] = sum(report.verdict == "wrong" for report in reports)
        if hits[exponent] < len(places):
            break
        caught = 10.0**-exponent
    goal = "≤ 1e-12" if stages is chain.linked else None
    met = caught <= 1e-12 if stages is chain.linked else None
    return Row(
        f"LeNet-5 chain, relative error in one entry seen {how} (any entries)",
        goal,
        _tried(caught, hits, places),
        met,
        "—",
        "",
    )


def _tried(caught: float, hits: dict[int, int], places: list[Any]) -> str:
    tried = ", ".join(f"{count} of {len(places)} at 1e-{exponent}" for exponent, count in hits.items())
    return f"{caught:.0e} ({tried})"


def _chain_off(net: Any, place: tuple[int, tuple[int, ...]], error: float) -> Callable[..., Any]:
    def backward(delta: np.ndarray, *arrays: np.ndarray) -> tuple[Any, ...]:
        gradients = [np.array(g) for g in net.backward(delta, *arrays)]
        gradients[place[0]][place[1]] *= 1 + error
        return tuple(gradients)

    return backward


def right_layers() -> Iterator[tuple[str, Any, Any, tuple[np.ndarray, ...]]]:
    """Right layers at all scales in both precisions, and at kinks and ties."""
    for layer in LAYERS:
        for scale in SCALES:
            for dtype in (np.float64, np.float32):
                arrays = tuple((a * scale).astype(dtype) for a in layer.arrays)
                yield f"{layer.name} at {scale:g} in {np.dtype(dtype)}", layer.forward, layer.backward, arrays
    kinked = {layer.name: layer for layer in LAYERS}
    for name in ("ReLU", "leaky ReLU", "max pooling", "overlapping max pooling"):
        layer = kinked[name]
        for data in (np.zeros_like(layer.arrays[0]), np.round(layer.arrays[0]), np.abs(np.round(layer.arrays[0]))):
            yield f"{name} at kinks", layer.forward, layer.backward, (data,)


def alarm_rows(everyone: tuple[Peer, ...]) -> Iterator[Row]:
    """Right layers that are called wrong."""
    cases = list(right_layers())
    narrow = sum("float32" in case[0] for case in cases)
    for peer in everyone:
        name = f"false alarms on {len(cases)} right layers (scales 1e-9…1e9, float32, ties, kinks)"
        if peer.accepts is None:
            yield Row(name, None, ABSENT, None, peer.name, "")
            continue
        alarms = [case[0] for case in cases if not peer.accepts(*case[1:3], *case[3])]
        in_narrow = sum("float32" in alarm for alarm in alarms)
        words = f"{len(alarms)} ({in_narrow} of {narrow} in float32, {len(alarms) - in_narrow} in float64)"
        goal = "0" if peer.name == "gradproof" else None
        yield Row(name, goal, words, not alarms if goal == "0" else None, peer.name, "")


def undecided_row() -> Row:
    """Right layers on which ours gives no verdict."""
    with np.errstate(all="ignore"):
        verdicts = [check_gradient(f, b, *arrays).verdict for _, f, b, arrays in right_layers()]
    return Row("of these, left undecided", None, verdicts.count("undecided"), None, "gradproof", "")


def mutation_rows(everyone: tuple[Peer, ...]) -> Iterator[Row]:
    """Wrong backward functions that are not accepted, and how long the search for the entry was."""
    for peer in everyone:
        name = f"mutations caught, of {len(MUTATIONS)}"
        if peer.accepts is None:
            yield Row(name, None, ABSENT, None, peer.name, "")
            continue
        caught = sum(not peer.accepts(m.layer.forward, m.backward, *m.layer.arrays) for m in MUTATIONS)
        goal = "100 %" if peer.name == "gradproof" else None
        share = f"{caught} ({100 * caught / len(MUTATIONS):.1f} %)"
        yield Row(name, goal, share, caught == len(MUTATIONS) if goal is not None else None, peer.name, "")
    reports = [check_gradient(m.layer.forward, m.backward, *m.layer.arrays) for m in MUTATIONS]
    longest = max(report.searched for report in reports)
    yield Row("wrong entry named, mutations", "≤ 20 projections", longest, longest <= 20, "—", "projections")
    named = sum(m.says in report.guess for m, report in zip(MUTATIONS, reports, strict=True))
    yield Row("mistake recognised for what it is", None, f"{named} of {len(MUTATIONS)}", None, "gradproof", "")


def scaled_loss_rows(everyone: tuple[Peer, ...]) -> Iterator[Row]:
    """An all-zero backward of a loss of size 1e-6."""
    arrays = (np.random.default_rng(3).normal(size=(4, 5)),)

    def forward(x: np.ndarray) -> np.ndarray:
        return np.asarray(1e-6 * np.tanh(x).sum())

    def backward(delta: np.ndarray, x: np.ndarray) -> tuple[np.ndarray]:
        return (np.zeros_like(x),)

    for peer in everyone:
        accepted = None if peer.accepts is None else peer.accepts(forward, backward, *arrays)
        words = ABSENT if accepted is None else "passed" if accepted else "caught"
        goal = "caught" if peer.name == "gradproof" else None
        yield Row(
            "all-zero gradient of a loss scaled by 1e-6",
            goal,
            words,
            not accepted if goal is not None else None,
            peer.name,
            "",
        )


def all_rows() -> list[Row]:
    """Every row of the table, in its order."""
    everyone = peers()
    rows = [
        *convolution_rows(everyone),
        *real_size_rows(),
        *chain_rows(),
        *sensitivity_rows(everyone),
        *scaled_loss_rows(everyone),
        *alarm_rows(everyone),
        undecided_row(),
        *mutation_rows(everyone),
    ]
    where, what = machine(), versions()
    return [dataclasses.replace(row, machine=where, versions=what) for row in rows]


PAGE = """# The gradient checks, measured

Printed by `make bench` (`python -m benchmarks.bench_numeric`): processor time of one thread, medians, all checkers
in turns in one run, float64 unless said otherwise, each with its default settings, the same layers, data and mistakes
for all. Missed goals are left as they are.

{table}

Machine: {machine}.
Versions: {versions}.
"""


def main() -> None:
    """Print the table; with --json FILE also write its rows, with --page FILE the documentation's copy."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", metavar="FILE", help="write the rows here")
    parser.add_argument("--page", metavar="FILE", help="write the table as a page of the documentation here")
    options = parser.parse_args()
    rows = all_rows()
    page = PAGE.format(table=markdown(rows), machine=rows[0].machine, versions=rows[0].versions)
    print(page)
    if options.json:
        write_json(rows, options.json)
    if options.page:
        Path(options.page).write_text(page)


if __name__ == "__main__":
    main()
