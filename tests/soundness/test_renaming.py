"""A verdict does not depend on what things are called: every declared name of a document changed at once."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from derivations.formulas.claims import Claim, Context
from derivations.judgement.decision import decide
from derivations.language.document import Document
from derivations.language.errors import InputError
from derivations.search.solver import Solver

ROOT = Path(__file__).resolve().parents[2] / "derivations"
DOCUMENTS = sorted([*(ROOT / "documents").glob("*.md"), *(ROOT / "catalogue").glob("*.md")])
BLOCK = re.compile(r"^```(given|claim)[^\n]*\n.*?^```", re.MULTILINE | re.DOTALL)
# A name, but not the keyword of an argument.
WORD = re.compile(r"(?<!\w)(?<![^.]\.)(?!(?<=[(,] )[^\W\d]\w*=(?!=))[^\W\d]\w*")
# The tool's own words for what it makes itself, among others.
NAMES = [
    "first_place_0", "entry_0", "entry", "tap", "tap_0", "place_0_0", "z1", "index_i", "step", "p", "loss_J", "d_x",
    "product_0", "formal_0", "leftover", "argument", "inverse", "q7", "Q", "zz", "aleph", "tilde_0", "END", "FREE",
    "BOUND", "w_", "omega_1", "kappa", "Sym", "Int", "Atom", "Head", "b__", "u2", "v3", "t0", "s_0", "r1", "k0", "g9",
]  # fmt: skip


def declared(context: Context) -> list[str]:
    dims = [dimension.name for dimension in context.dims]
    return sorted({*dims, *context.names, *context.functions, *context.abbreviations})


def usable(name: str) -> bool:
    """Whether the language lets a dim be called so."""
    try:
        Document.parse(f"```given\ndims {name}\n```\n")
    except InputError:
        return False
    return True


def renamed(text: str, values: dict[str, str]) -> str:
    """The source with every declared name in its blocks replaced, keywords of arguments left alone."""

    def block(found: re.Match[str]) -> str:
        head, _, body = found[0].partition("\n")
        return f"{head}\n" + WORD.sub(lambda name: values.get(name[0], name[0]), body)

    return BLOCK.sub(block, text)


def sample(path: Path, seed: int) -> tuple[Document, Document, dict[str, str]]:
    chance = random.Random(f"{path.name} {seed}")
    text = path.read_text(encoding="utf-8")
    document = Document.parse(text, path.name)
    names = sorted({name for claim in document.claims for name in declared(claim.context)})
    taken = {word for found in BLOCK.finditer(text) for word in WORD.findall(found[0])}  # indices among them
    new = [name for name in NAMES if name not in taken and usable(name)]
    chance.shuffle(new)
    values = dict(zip(names, [*new, *(f"name_{number}" for number in range(len(names)))], strict=False))
    return document, Document.parse(renamed(text, values), path.name), values


def word(claim: Claim) -> list[str]:
    return [decide(claim, link, Solver()).word for link in claim.links]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_no_verdict_depends_on_a_name(path: Path) -> None:
    """Some claims of each document, drawn anew for each document."""
    document, other, values = sample(path, 0)
    assert len(document.claims) == len(other.claims)
    assert [claim.id for claim in document.claims] == [claim.id for claim in other.claims]
    pairs = list(zip(document.claims, other.claims, strict=True))
    for claim, again in random.Random(path.name).sample(pairs, 8):
        assert {values[name] for name in declared(claim.context)} == set(declared(again.context))
        assert word(claim) == word(again), (claim.id, values)
