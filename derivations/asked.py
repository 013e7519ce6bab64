"""One question from the command line: an equation in a file's context, a claim by name, a derivation.

Law: what is asked is read by the document's own reader in a context of the file, so that it means there what
it would mean in the document. A file without fenced blocks is taken as the statements of one `given` block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from derivations.language.document import Block, Document
from derivations.run import Inputs, read_document

if TYPE_CHECKING:
    from derivations.derivation import Derivation

ASKED = "asked"  # the name of the claim that stands for the command line's equation


def given_file(path: Path) -> Document:
    """The document in a file of Markdown, or of nothing but given statements; raises InputError."""
    from derivations.judge import exists_everywhere
    from derivations.language.document import parse_given, read_text

    document = read_document(path)
    if any(block.kind != "prose" for block in document.blocks):
        return document
    text = read_text(path)
    given = parse_given(text, str(path), exists_everywhere)
    contexts = tuple((reading, given.scope(reading).context()) for reading in given.readings())
    lines = text.count("\n") + 1
    return Document(str(path), [Block("given", text, text, 1, lines, contexts=contexts, given=given)])


def block_at(document: Document, line: int | None) -> int | None:
    """The number of the given block that is in force at a line of the file; None: wherever the names are
    declared."""
    if line is None:
        return None
    starts = [block.first for block in document.blocks if block.kind == "given"]
    before = [number for number, start in enumerate(starts) if start <= line]
    return before[-1] if before else 0


def one_claim(given: Path, equation: str, conditions: Sequence[str] = (), at_line: int | None = None) -> Inputs:
    """The equation as a claim in each reading of its context: the one in force at a line of the file, or the
    first in which all its names are declared.

    Raises InputError where the file or the equation is wrong.
    """
    document = given_file(given)
    lines = [equation, *(f"where {condition}" for condition in conditions)]
    claims = document.claims_for("\n".join(lines), block_at(document, at_line))
    asked = tuple(replace(claim, id=ASKED, line=1) for claim in claims)
    return Inputs([Document(str(given), [Block("claim", equation, equation, 1, 1, ASKED, claims=asked)])])


def named(inputs: Inputs, identifier: str) -> Inputs:
    """The documents with only the claims and remarks of this name; where there are none, with those whose names begin
    with it: `S0-12` has been written as `S0-12-conv` and `S0-12-corr`."""
    for fits in (identifier.__eq__, lambda name: name.startswith(f"{identifier}-")):
        kept = [Document(document.name, [b for b in document.blocks if fits(b.id)]) for document in inputs.documents]
        kept = [document for document in kept if document.blocks]
        if kept:
            break
    return Inputs(kept, inputs.errors)


def derivation(given: Path, expression: str, wrt: str, shape: str) -> str:
    """The derivation of ∇_wrt of an expression as text, LaTeX, JSON or a NumPy function.

    A formula that is not a scalar is what an arbitrary loss J is taken of. Raises InputError for what is not
    in the file's context, or has no rule.
    """
    from derivations.differential import NoRule
    from derivations.expressions import Definition, Tensor
    from derivations.judge import exists_everywhere
    from derivations.language.errors import InputError, Place
    from derivations.tactic import derive

    context, formula, variable = _in_context(given_file(given), expression, wrt)
    if not isinstance(variable, Tensor | Definition):
        place = Place("--wrt", 1, 1, wrt, len(wrt))
        raise InputError(f"{wrt} is no tensor and no scalar", place, "a name that `tensor`, `scalar` or `=` declares")
    missing = exists_everywhere(context, formula)
    if missing:
        place = Place("expression", 1, 1, expression, len(expression))
        fix = f"add `where {missing.partition(' needs ')[2]}` to the dims of {given}"
        raise InputError("this does not exist for all sizes", place, missing, fix)
    try:
        return _rendered(derive(context, formula, variable), shape)
    except (NoRule, ValueError) as error:
        raise InputError(str(error), Place("expression", 1, 1, expression, len(expression))) from None


def _in_context(document: Document, *texts: str) -> tuple[Any, ...]:
    """The first context of a document in which all these formulas can be read, and the formulas."""
    from derivations.language.document import parse_expression
    from derivations.language.errors import InputError, Place

    errors: list[InputError] = []
    for block in document.blocks:
        for reading, context in block.contexts:
            try:
                return (context, *(parse_expression(text, context, reading) for text in texts))
            except InputError as error:
                errors.append(error)
    if errors:
        raise errors[0]
    raise InputError("there is no context in this file", Place(document.name), "a given block")


def _rendered(derived: Derivation, shape: str) -> str:
    import json

    from derivations.expressions import Grad
    from derivations.latex_lines import plain_rule

    if shape == "latex":
        return "\n\n".join([derived.to_latex(), *_lemmas(derived, latex=True)])
    if shape == "json":
        lemmas = [{"name": name, **each.as_json()} for name, each in derived.lemmas()]
        return json.dumps({"schema": 1, **derived.as_json(), "lemmas": lemmas}, ensure_ascii=False, indent=1)
    if shape == "numpy":
        from derivations.numpy_code import numpy_function

        return numpy_function(derived)
    lines = [*_introduced(derived), derived.to_text(), f"hence  {Grad(derived.of, derived.wrt)} = {derived.result}"]
    if derived.context.origin:
        lines.append("Indices count from 0 here.")
    reasons: dict[str, list[str]] = {}
    for step in derived.steps:
        if not step.proved:
            reasons.setdefault(step.why, []).append(plain_rule(step.rule))
    for why, rules in reasons.items():
        several = "every step" if len(rules) == len(derived.steps) else f"{len(rules)} steps"
        which = rules[0] if len(rules) == 1 else several
        lines.append(f"Not proved: {which} ({why}).")
    return "\n".join([*lines, *(f"\n{each}" for each in _lemmas(derived, latex=False))])


def _introduced(derived: Derivation) -> list[str]:
    """What the derivation calls by a name that the file does not have: the formula, its loss and its residual."""
    from derivations.expressions import Definition, Grad, Loss

    if not isinstance(derived.of, Loss):
        return []
    loss, of = derived.of, derived.of.of
    residuals = [
        name
        for name, node in derived.context.names.items()
        if isinstance(node, Definition) and node.body == Grad(loss, of)
    ]
    parts = [f"{of} = {of.body}"] if isinstance(of, Definition) else []
    parts.append(f"{loss} is any differentiable function of {of}")
    parts += [f"{name} = {Grad(loss, of)}" for name in residuals]
    return [", ".join(parts), ""]


def _lemmas(derived: Derivation, latex: bool) -> list[str]:
    """The chains behind the adjoints that a derivation uses, from their index definitions."""
    shown = []
    for name, each in derived.lemmas():
        where = "from the index definitions" + (", proved for all sizes" if each.proved else "")
        if latex:
            shown.append(f"{name.capitalize()}, {where}:\n{each.to_latex()}")
        else:
            shown.append(f"{name}, {where}:\n{each.to_text()}")
    return shown
