"""The last chapter of the report: the adjoint lemmas behind the derivations, each from its index definitions.

Law: a lemma is no claim of a document, so its verdicts are not among the run's; the kernel judges its lines here, and
a line that it does not prove says so. Only what the shown derivations use is shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from derivations.judgement.results import Results
from derivations.operators.row import Lemma
from derivations.show.report import nodes as n
from derivations.show.report.markup import parse
from derivations.show.report.statements import equations_of
from derivations.steps.adjoints import ADJOINTS
from derivations.steps.derivation import chain_of
from derivations.steps.lemmas import LEMMAS

HEAD = """A derivation names the adjoint of an operator in one line. Here is each that was used, proved from the
definition of the operator by its indices, for arbitrary $g$ and $v$ and all sizes."""


class Rules:
    """The lemmas that the derivations of a run use; `places` gives for a rule's name the place of its proof."""

    def __init__(self, results: Results) -> None:
        self.lemmas = lemmas_used(results)
        self.places: Mapping[str, str] = {
            row.name: place_of(lemma)
            for lemma in self.lemmas
            for row in ADJOINTS
            if (row.operator, row.argument) in set(lemma.of)
        }

    def blocks(self) -> n.Blocks:
        """The chapter."""
        found: list[n.Block] = [*parse(HEAD)]
        for lemma in self.lemmas:
            name = lemma.name[:1].upper() + lemma.name[1:]
            steps = equations_of(chain_of(lemma).proof_steps(plain=False), {})
            found.append(n.Box("lemma", place_of(lemma), (n.Text(name),), (steps,), name))
        return tuple(found)


def place_of(lemma: Lemma) -> str:
    """The lemma's place in the report."""
    return "lemma-" + re.sub(r"\W+", "-", lemma.name.lower()).strip("-")


def lemmas_used(results: Results) -> list[Lemma]:
    """The lemmas behind the rules that the derivations of a run name."""
    named = "; ".join({step.rule for verdict in results.verdicts for step in verdict.steps})
    rows = {(row.operator, row.argument) for row in ADJOINTS if row.name in named}
    return [each for each in LEMMAS if rows & set(each.of)]
