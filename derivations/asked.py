"""One question from the command line: an equation in a file's context, a claim by name, a derivation.

Law: what is asked is read by the document's own reader in a context of the file, so that it means there what
it would mean in the document. A file without fenced blocks is taken as the statements of one `given` block.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from derivations.batch.run import Inputs, read_document
from derivations.judgement.results import Status
from derivations.language.block import Block
from derivations.language.document import Document
from derivations.language.errors import InputErrors
from derivations.show.lines import FROM_ZERO
from derivations.show.lines import reading as in_brackets

if TYPE_CHECKING:
    from derivations.formulas.claims import Context
    from derivations.formulas.expressions import Expression
    from derivations.language.errors import InputError
    from derivations.steps.derivation import Derivation

ASKED = "asked"  # the name of the claim that stands for the command line's equation


def given_file(path: Path) -> Document:
    """The document in a file of Markdown, or of nothing but given statements; raises InputError."""
    from derivations.judgement.judge import exists_everywhere
    from derivations.language.document import parse_given
    from derivations.language.files import read_text

    document = read_document(path)
    if any(block.kind != "prose" for block in document.blocks):
        _check_contexts(document)
        return document
    text = read_text(path)
    given = parse_given(text, str(path), exists_everywhere)
    contexts = tuple((reading, given.scope(reading).context()) for reading in given.readings())
    lines = text.count("\n") + 1
    return Document(str(path), [Block("given", text, text, 1, lines, contexts=contexts, given=given)])


def _check_contexts(document: Document) -> None:
    """Raises the errors of a document of which a context is wrong; wrong claims matter to themselves alone."""
    if any(block.kind == "broken" and block.refused is None for block in document.blocks):
        raise InputErrors(document.errors)


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
    chosen = {id(block) for document in kept for block in document.blocks}
    others = [error for block in inputs.blocks if id(block) not in chosen for error in block.errors]
    return Inputs(kept, [*inputs.errors, *others])


class Read(NamedTuple):
    """What is asked of `derive` in one reading of its context."""

    reading: Mapping[str, str]
    context: Context
    formula: Expression
    x: Expression


def derivation(given: Path, expression: str, wrt: str, shape: str, complete: bool = False) -> tuple[str, Status]:
    """The derivations of ∇_wrt of an expression as text, LaTeX, JSON or a NumPy function, one for each reading that the
    expression uses; and what the verdicts on their steps say together. `complete`: every step of a long one.

    A formula that is not a scalar is what an arbitrary loss J is taken of. Raises InputError for what is not
    in the file's context, or has no rule.
    """
    asked = _in_readings(given_file(given), expression, wrt)
    if shape == "numpy":
        _check_one_reading([each.reading for each in asked], given, expression)
    derived = [(each.reading, _derived(each, given, expression, wrt)) for each in asked]
    try:
        shown = [(reading, each if complete else each.short or each) for reading, each in derived]
        return _rendered(derived if shape in ("json", "numpy") else shown, shape), _status(each for _, each in derived)
    except ValueError as error:
        raise _wrong(expression, str(error)) from None


def _in_readings(document: Document, expression: str, wrt: str) -> list[Read]:
    """Both formulas in each reading that they use of the first context in which they can be read."""
    from derivations.language.document import parse_expression
    from derivations.language.errors import InputError, Place
    from derivations.language.given import combinations

    words = set(re.findall(r"[^\W\d]\w*", f"{expression} {wrt}"))
    errors: list[InputError] = []
    for given in [block.given for block in document.blocks if block.given is not None]:
        found: list[Read] = []
        try:
            for reading in combinations(given.choices, given.uses(words)):
                scope = given.scope(reading)
                context = scope.context()
                formula, x = (parse_expression(text, context, scope.reading) for text in (expression, wrt))
                found.append(Read(reading, context, formula, x))
            return found
        except InputError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    raise InputError("there is no context in this file", Place(document.name), "a given block")


def _check_one_reading(readings: Sequence[Mapping[str, str]], given: Path, expression: str) -> None:
    """Raises InputError where a choice is open: a program computes one gradient."""
    if len(readings) > 1:
        open_ones = " and".join(map(in_brackets, readings))
        one = ", ".join(f"`choose {name} in {option}`" for name, option in readings[0].items())
        problem = f"a program is of one reading, and this has {len(readings)}:{open_ones}"
        raise _wrong(expression, problem, "one reading", f"leave one option in {given}, such as {one}")


def _derived(read: Read, given: Path, expression: str, wrt: str) -> Derivation:
    """The judged derivation in one reading; an error names the reading."""
    from derivations.formulas.expressions import Definition, Tensor
    from derivations.judgement.judge import exists_everywhere
    from derivations.language.errors import InputError, Place
    from derivations.operators.row import NoRule
    from derivations.steps.tactic import derive

    if not isinstance(read.x, Tensor | Definition):
        place = Place("--wrt", 1, 1, wrt, len(wrt))
        raise InputError(f"{wrt} is no tensor and no scalar", place, "a name that `tensor`, `scalar` or `=` declares")
    missing = exists_everywhere(read.context, read.formula)
    if missing:
        fix = f"add `where {missing.partition(' needs ')[2]}` to the dims of {given}"
        raise _wrong(expression, f"this does not exist for all sizes{in_brackets(read.reading)}", missing, fix)
    try:
        return derive(read.context, read.formula, read.x)
    except (NoRule, ValueError) as error:
        raise _wrong(expression, f"{error}{in_brackets(read.reading)}") from None


def _wrong(expression: str, message: str, expected: str = "", fix: str = "") -> InputError:
    from derivations.language.errors import InputError, Place

    return InputError(message, Place("expression", 1, 1, expression, len(expression)), expected, fix)


def _status(derived: Iterable[Derivation]) -> Status:
    """Of every step it is expected that it is proved."""
    words = {step.verdict.verdict for each in derived for step in each.steps if step.verdict is not None}
    if words - {"proved", "undecided"}:
        return Status.NOT_AS_EXPECTED
    return Status.UNDECIDED if "undecided" in words else Status.AS_EXPECTED


def _rendered(derived: Sequence[tuple[Mapping[str, str], Derivation]], shape: str) -> str:
    """The derivations one after the other, each headed by its reading; in JSON those after the first under a key of the
    first."""
    import json

    if shape == "json":
        first, *others = [_as_json(reading, each) for reading, each in derived]
        return json.dumps({"schema": 1, **first, "other_readings": others}, ensure_ascii=False, indent=1)
    if shape == "numpy":
        return derived[0][1].to_numpy()
    show = _as_latex if shape == "latex" else _as_text
    return "\n\n".join(show(reading, each) for reading, each in derived)


def _as_json(reading: Mapping[str, str], derived: Derivation) -> dict[str, Any]:
    lemmas = [{"name": name, **each.as_json()} for name, each in derived.lemmas()]
    return {"reading": dict(reading), **derived.as_json(), "lemmas": lemmas}


def _as_latex(reading: Mapping[str, str], derived: Derivation) -> str:
    from derivations.show.report.escaping import text

    heading = [text(in_brackets(reading).strip())] if reading else []
    return "\n\n".join([*heading, derived.to_latex(), *_uses_in_latex(derived), *_lemmas(derived, latex=True)])


def _uses_in_latex(derived: Derivation) -> list[str]:
    """A sentence for what the steps use, escaped; that a step is not proved stands beside it."""
    from derivations.show.report.escaping import text

    return [f"Uses: {text('; '.join(derived.axioms))}."] if derived.axioms else []


def _as_text(reading: Mapping[str, str], derived: Derivation) -> str:
    from derivations.formulas.expressions import Grad

    lines = [in_brackets(reading).strip(), ""] if reading else []
    lines += [*_introduced(derived), derived.to_text(), f"hence  {Grad(derived.of, derived.wrt)} = {derived.result}"]
    if derived.context.origin:
        lines.append(FROM_ZERO)
    return "\n".join([*lines, *derived.notes, *(f"\n{each}" for each in _lemmas(derived, latex=False))])


def _introduced(derived: Derivation) -> list[str]:
    """What the derivation calls by a name that the file does not have: the formula, its loss and its residual."""
    from derivations.formulas.expressions import Definition, Grad, Loss

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
            shown.append("\n".join([f"{name.capitalize()}, {where}:", each.to_latex(), *_uses_in_latex(each)]))
        else:
            shown.append("\n".join([f"{name}, {where}:", each.to_text(), *each.notes]))
    return shown
