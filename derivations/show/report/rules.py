"""The page of the report behind the derivations: the adjoint lemmas, each from its index definitions.

Law: a lemma is no claim of a document, so its verdicts are not among the run's; the kernel judges its lines here, and
a line that it does not prove says so. Only what the shown derivations use is shown.
"""

from __future__ import annotations

from derivations.batch.run import Results
from derivations.operators.row import Lemma
from derivations.show.report.statements import steps_rows
from derivations.steps.adjoints import ADJOINTS
from derivations.steps.derivation import chain_of
from derivations.steps.lemmas import LEMMAS

HEAD = """# The rules of the derivations

A derivation names the adjoint of an operator in one line. Here is each that was used, proved from the definition of
the operator by its indices, for arbitrary $g$ and $v$ and all sizes."""


def rules_text(results: Results) -> str:
    """The section as Markdown; empty where no derivation uses a rule that has a lemma."""
    lemmas = lemmas_used(results)
    return "\n\n".join([HEAD, *map(_lemma_text, lemmas)]) if lemmas else ""


def lemmas_used(results: Results) -> list[Lemma]:
    """The lemmas behind the rules that the derivations of a run name."""
    named = "; ".join({step.rule for verdict in results.verdicts for step in verdict.steps})
    rows = {(row.operator, row.argument) for row in ADJOINTS if row.name in named}
    return [each for each in LEMMAS if rows & set(each.of)]


def _lemma_text(lemma: Lemma) -> str:
    chain = chain_of(lemma)
    return f"**{lemma.name.capitalize()}**\n\n{steps_rows(chain.proof_steps(plain=False))}"
