"""One question from the command line: an equation in a file's context, a claim by name, a derivation.

Law: what is asked is put after the file's own text and read by the same reader, so that it means there what
it would mean in the document.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from derivations.run import Inputs

ASKED = "asked"  # the name of the claim that stands for the command line's equation


def one_claim(
    given: Path, equation: str, conditions: tuple[str, ...] = (), at_line: int | None = None
) -> Inputs:
    """The equation as a claim, in every reading of the context in force at the end (or at a line) of the
    file.

    Raises InputError where the file or the equation is wrong.
    """
    raise NotImplementedError


def named(inputs: Inputs, identifier: str) -> Inputs:
    """The documents with only the claims and remarks of this name."""
    kept = []
    for document in inputs.documents:
        claims = [claim for claim in document.claims if claim.id == identifier]
        remarks = [remark for remark in document.remarks if remark.id == identifier]
        if claims or remarks:
            kept.append(replace(document, claims=claims, remarks=remarks))
    return Inputs(kept, inputs.errors)


def derivation(given: Path, expression: str, wrt: str, shape: str) -> Any:
    """A derivation as text, LaTeX, JSON or a NumPy function."""
    raise NotImplementedError
