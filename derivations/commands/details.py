"""One claim in full: what `check` and `explain` print."""

from __future__ import annotations

from typing import NoReturn

import typer

from derivations.batch.run import Inputs
from derivations.commands.running import judge
from derivations.commands.shown import console_for_output, glyphs_of
from derivations.judgement.chains import first_wrong
from derivations.judgement.results import Results
from derivations.show.explain import explanation, record_lines
from derivations.show.lines import printed, reading


def print_details(inputs: Inputs, results: Results) -> None:
    """Everything that the records of an asked claim say, one under the other for its readings."""
    console = console_for_output()
    glyphs = glyphs_of(console)
    for number, verdict in enumerate(results.verdicts):
        if number:
            console.print()
        claim = next(each for each in inputs.claims if each.reading == verdict.reading)
        for text in record_lines(claim, verdict, glyphs, with_expectation=False):
            printed(console, text)
    for verdict in first_wrong(results.verdicts):
        console.print(f"\nThe first wrong step{reading(verdict.reading)} is number {verdict.link}.", markup=False)


def explain_chosen(chosen: Inputs) -> NoReturn:
    """Judges the chosen claims and explains each; ends the command."""
    console = console_for_output()
    for remark in chosen.remarks:
        console.print(f"{remark.id} is a remark, which no formula settles ({remark.document}:{remark.line}).\n")
        console.print(remark.text, markup=False)
    for refused in chosen.refused:
        reason = refused.reason or "it has an error"
        console.print(f"{refused.id} is not judged ({refused.document}:{refused.line}): {reason}.", markup=False)
    results = judge(chosen.blocks, chosen.errors, steps=True, repair=True)
    for claim in chosen.claims:
        verdicts = [
            v for v in results.verdicts if v.id == claim.id and v.reading == claim.reading and v.line == claim.line
        ]
        for text in explanation(claim, verdicts):
            printed(console, text)
    raise typer.Exit(int(results.status))
