"""Random claims written in the claim language, of the kinds that the other generator never makes: functions two and
three deep with definitions and hypotheses, free indices, sizes that may be 0 or at which a side does not exist, sums in
sums, maxima of functions, data from 1e-9 to 1e9, chains of layers; with names from the tool's own vocabulary.

Why: every fault of the past stood where no generator looked. Nothing here says whether a claim is true: evaluation at
all small sizes with several data does (`judged`), which shares no line with the kernel.

Law: the claim of a generator with a seed depends on both alone. What it cannot see: sizes above those that are tried.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from comparison import solver

from derivations.core import terms as k
from derivations.crosscheck import agree_at, sizes_by_sum
from derivations.formulas.claims import Claim
from derivations.judgement.decision import decide
from derivations.language.document import Document
from derivations.language.errors import InputError
from derivations.search.solver import Solver

SIZES, SEEDS = 30, 3  # the smallest admissible sizes, and data at each
PATIENCE = 60  # data at sizes at which a claim is said to be false: one order of six can be the one that tells
VOCABULARY = [
    "t", "t0", "i", "j", "e", "entry", "entry0", "first_place_0", "place", "tap", "z1", "z10", "z", "a0", "a1", "v",
    "w", "of", "formal", "size", "index", "argmax", "inverse", "row", "p0", "s", "left", "right", "x", "x0", "x1", "u",
    "q", "r", "lam", "var", "Sum", "Symbol", "S", "N", "Q", "I", "O", "E", "pi", "beta", "gamma", "zeta", "re", "im",
]  # fmt: skip


class Chance(random.Random):
    """The choices of one claim; those of its names come from a source of their own, so that they alone can change."""

    def __init__(self, seed: str, naming: int = 0) -> None:
        super().__init__(seed)
        self.naming = random.Random(f"{seed} {naming}")


@dataclass(frozen=True)
class Written:
    """A claim's text in its context, and the claim that it is."""

    given: str
    text: str
    claim: Claim


def names(chance: Chance, count: int) -> list[str]:
    """Different names, half of the time all of them words that the tool uses itself."""
    plain = [f"{letter}{chance.naming.choice(('', '2'))}" for letter in "abcghklmnoyz"]
    return chance.naming.sample(VOCABULARY if chance.naming.random() < 0.5 else plain, count)


def _spoilt(chance: Chance, right: str, other: str) -> str:
    """The right side as it is, or changed: half of the claims should be false somewhere."""
    return chance.choice((right, right, right, other, f"2*({right})", f"({right}) + ({other}) - ({other})"))


def nested(chance: Chance) -> tuple[str, str]:
    """Functions two and three deep over definitions, with a hypothesis on what stands innermost."""
    n, m, x, y, f, g, h, u = names(chance, 8)
    inner, same = chance.choice(((x, f"rot180({x})"), (x, f"2*{y}"), (f"{x} + {y}", f"{y} + {x}"), (x, y)))
    depth = chance.choice(((f, g), (f, g, h), (f, f)))

    def wrapped(text: str) -> str:
        for name in depth:
            text = f"{name}({text})"
        return text

    given = f"dims {n}, {m}\ntensor {x}[{n}], {y}[{n}]\nfunction {f}, {g}, {h}\n{u} = {chance.choice((f, g))}({inner})"
    factor = chance.choice(("", f"{m} * ", f"({m} - {n}) * "))
    left, right = (wrapped(inner), wrapped(same)) if chance.random() < 0.7 else (f"{h}({u})", f"{h}({wrapped(same)})")
    where = chance.choice((f"\nwhere {inner} == {same}", "", f"\nwhere {x} == {y}"))
    return given, f"{factor}{left} == {_spoilt(chance, right, wrapped(x))}{where}"


def layers(chance: Chance) -> tuple[str, str]:
    """A chain of dense layers with activations, and one step of its backward pass, right or wrong."""
    p, q, r, x, w1, w2, f, z1, a1, z2, a2, loss = names(chance, 12)
    given = (
        f"dims {p}, {q}, {r}\ntensor {x}[{p}], {w1}[{q}, {p}], {w2}[{r}, {q}]\nfunction {f}\n{z1} = {w1} @ {x}\n"
        f"{a1} = {f}({z1})\n{z2} = {w2} @ {a1}\n{a2} = {f}({z2})\nloss {loss}({a2})"
    )
    right = {
        z1: f"({w2}.T @ grad({loss}, {z2})) * {f}'({z1})",
        z2: f"grad({loss}, {a2}) * {f}'({z2})",
        a1: f"{w2}.T @ grad({loss}, {z2})",
        w1: f"outer(grad({loss}, {z1}), {x})",
        w2: f"outer(grad({loss}, {z2}), {a1})",
        x: f"{w1}.T @ grad({loss}, {z1})",
    }
    wrt = chance.choice(list(right))
    wrong = {z1: f"{w2}.T @ grad({loss}, {z2})", z2: f"grad({loss}, {a2}) * {f}'({a2})", a1: f"grad({loss}, {a1}) * 2"}
    return given, f"grad({loss}, {wrt}) == {chance.choice((right[wrt], right[wrt], wrong.get(wrt, f'-{wrt}')))}"


def free_indices(chance: Chance) -> tuple[str, str]:
    """Claims by free index over a side that may not exist, or over an axis that may be empty."""
    n, m, x, y, kernel, i = names(chance, 6)
    bound = chance.choice(("", f" where {m} <= {n}"))
    least = chance.choice(("", " >= 0"))
    given = f"dims {n}, {m}{least}{bound}\ntensor {x}[{n}], {y}[{n}], {kernel}[{m}]"
    side = chance.choice(
        (f"conv({x}, {kernel})", f"corr({x}, {kernel}, full)", f"{x}[0:{m}]", f"concat({x}, {y}, 0)", f"{x}[1:{n}]")
    )
    other = chance.choice(
        (
            f"{side}[{i}]", f"7*{side}[{i}] + 1", f"sum[t9]({x}[{i} + t9] * {kernel}[t9])",
            f"sum[t9]({x}[{i} + {m} - 1 - t9] * {kernel}[t9])", f"{x}[{i}]", f"{x}[{i} + 1]", f"0*{side}[{i}]",
        )
    )  # fmt: skip
    return given, f"{side}[{i}] == {other}"


def sizes_of_existence(chance: Chance) -> tuple[str, str]:
    """Partial functions of sizes and of data: logarithms, roots, quotients, means of what may be empty."""
    n, m, x, y = names(chance, 4)
    least = chance.choice(("", " >= 0", " >= 2"))
    given = f"dims {n}{least}, {m}\ntensor {x}[{n}], {y}[{n}]"
    argument = chance.choice((f"{n} - 1", f"{n} - {m}", f"{m} - 2", f"{n}*{m}", f"{m}"))
    part = chance.choice((f"log({argument})", f"sqrt({argument})", f"1/({argument})", f"({argument})**(-1)", "1"))
    left, right = chance.choice(
        (
            (f"{part}*{x}", f"{x}*{part}"), (f"{part}*{x} - {x}*{part}", f"0*{x}"), (f"mean({x})*{n}", f"sum({x})"),
            (f"{x}/({argument})*({argument})", x), (f"{part}*sum({x})", f"sum({part}*{x})"),
            (f"max({x})", f"max({x} + 0*{y})"), (f"sum(softmax({x}))", "1"), (f"{x}/{y}*{y}", x),
        )
    )  # fmt: skip
    return given, f"{left} == {_spoilt(chance, right, left)}"


def sums_in_sums(chance: Chance) -> tuple[str, str]:
    """Sums in sums with bounds that meet, brackets and shifted entries."""
    n, m, matrix, x, i, j = names(chance, 6)
    given = f"dims {n}, {m}\ntensor {matrix}[{n}, {m}], {x}[{m}]"
    body = chance.choice((f"{matrix}[{i}, {j}]", f"{matrix}[{i}, {j}]*{x}[{j}]", f"{matrix}[{i}, {j}]*[{i} <= {j}]"))
    forms = [
        f"sum[{i}](sum[{j}]({body}))", f"sum[{j}](sum[{i}]({body}))", f"sum[{i}, {j}]({body})",
        f"sum[{i} in 0..{n}-1](sum[{j} in 0..{m}-1]({body}))",
        f"sum[{i} in 0..{n}-1, {j} in 0..min({i}, {m}-1)]({body})",
        f"sum[{j} in 0..{m}-1](sum[{i} in 0..min({j}, {n}-1)]({body}))",
        f"sum[{i} in 0..{n}-1](sum[{j} in 0..{m}-1]({body}*[({i} + {j}) % 2 == 0]))",
    ]  # fmt: skip
    return given, f"{chance.choice(forms)} == {chance.choice(forms)}"


def maxima(chance: Chance) -> tuple[str, str]:
    """Maxima over functions of the data, and what is put back at their places."""
    m, x, d, c, h, e = names(chance, 6)
    inside = chance.choice((x, f"{h}({x})", f"2*{x}", f"{h}(2*{x})", f"{x} + {x}"))
    given = f"dims {m}\ntensor {x}[3], {d}[1], {c}[2]\nfunction {h}\n{e} = entries[i9 in 0..1]({c}[i9] * [i9 == 1])"
    wide, narrow = f"max_unpool({d}, {inside}, 3, 1)", f"max_unpool({{}}, {inside}, 2, 1)"
    at, place = chance.randrange(3), chance.randrange(3)
    left = f"{wide}[{at}] * {narrow.format(c)}[{place}]"
    right = f"{wide}[{at}] * {narrow.format(chance.choice((c, e)))}[{chance.choice((place, place, at))}]"
    if chance.random() < 0.3:
        left, right = f"max({inside})", chance.choice((f"max(rot180({inside}))", f"max({inside}[0:2])", f"max({x})"))
    return given, f"{chance.choice(('', f'{m} * '))}{left} == {right}"


def scales(chance: Chance) -> tuple[str, str]:
    """Terms of very different magnitude that cancel, or nearly."""
    n, x, y, f = names(chance, 4)
    big, small = (f"10**{chance.randint(1, 9)}" for _ in range(2))
    part = chance.choice((x, f"exp({x})", f"{x}**2", f"{f}({x})", f"tanh({x})"))
    given = f"dims {n}\ntensor {x}[{n}], {y}[{n}]\nfunction {f}"
    left = chance.choice(
        (f"{big}*{part} + {y} - {big}*{part}", f"({part} + {big}*{y})*{small} - {big}*{small}*{y}",
         f"{part}/{big} + {y} - {part}/{big}")
    )  # fmt: skip
    return given, f"{left} == {chance.choice((y, f'{small}*{part}', f'{y} + {part}/{big}', f'{y}*(1 + 1/{big})'))}"


GENERATORS: dict[str, Callable[[Chance], tuple[str, str]]] = {
    generator.__name__: generator
    for generator in (nested, layers, free_indices, sizes_of_existence, sums_in_sums, maxima, scales)
}


def written(generator: str, seed: int, naming: int = 0) -> Written | None:
    """The claim of a generator with a seed; None where its names clash with words of the language."""
    return read(*GENERATORS[generator](Chance(f"{generator} {seed}", naming)))


def read(given: str, text: str) -> Written | None:
    """A claim from its text; None where the language refuses it."""
    try:
        claim = Document.parse(f"```given\n{given}\n```\n```claim c\n{text}\n```\n").claims[0]
    except InputError:
        return None
    return Written(given, text, claim)


def rewritten(generator: str, seed: int) -> dict[str, Written | None]:
    """The same claim in other words: other names, sides exchanged, a side named. Free indices are those of the first
    side, and a side that may not exist cannot be named, so that such claims are renamed alone."""
    original = written(generator, seed)
    found = {"other names": written(generator, seed, 1), "other names again": written(generator, seed, 2)}
    if original is None or generator in ("free_indices", "sizes_of_existence"):
        return found
    equation, *rest = original.text.split("\n")
    left, right = equation.split(" == ", 1) if equation.count(" == ") == 1 else ("", "")
    if left:
        found["sides exchanged"] = read(original.given, "\n".join([f"{right} == {left}", *rest]))
        found["a side named"] = read(f"{original.given}\nside9 = {left}", "\n".join([f"side9 == {right}", *rest]))
    return found


def same(how: str, one: str, other: str) -> bool:
    """Whether two words are one verdict. With its sides exchanged a false claim may lose its region (a known defect,
    which `test_regressions.py` keeps): then both are false all the same."""
    lost = how == "sides exchanged" and "uncertain" in (one, other) and not {"proved", "undecided"} & {one, other}
    return one == other or lost


def truth(claim: Claim, sizes: dict[str, int], said: bool) -> bool | None:
    """Whether the sides agree at these sizes for every data tried; None where none can be evaluated. Where they are
    `said` to differ, many data are tried: a claim about order may fail for few of them."""
    found = None
    for seed in range(SEEDS if said else PATIENCE):
        agree = agree_at(claim, claim.links[0], sizes, seed)
        if agree is False:
            return False
        if agree is None and found is None and seed + 1 >= SEEDS:
            return None
        found = agree or found
    return found


def judged(claim: Claim, using: Solver | None = None, largest: int = SIZES) -> tuple[str, list[str]]:
    """The kernel's word, and where the evaluation contradicts it."""
    symbolic = decide(claim, claim.links[0], using or solver())
    word = symbolic.word if symbolic.certain or symbolic.word in ("proved", "undecided") else "uncertain"
    if word in ("undecided", "uncertain", "false"):
        return word, []
    wrong = []
    for sizes in islice(sizes_by_sum(claim.context, claim.conditions, largest), largest):
        said = word == "proved"
        if word == "holds where":
            assert symbolic.region is not None
            said = k.holds(symbolic.region.condition, sizes)
        agree = truth(claim, sizes, said)
        if agree is not None and agree != said:
            wrong.append(f"{word} {symbolic.region.text if symbolic.region else ''} but {agree} at {sizes}")
    return word, wrong
