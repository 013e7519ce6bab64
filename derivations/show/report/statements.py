r"""Contexts, claims and verdicts in the words and formulas of a textbook, as Markdown with `$…$`.

Law: a pure function of the claims and of their verdict records. One text serves the page (through `prose.py`)
and the browser (through Pandoc), so that both say the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from derivations.formulas.claims import Assumption, Claim, Context
from derivations.formulas.expressions import DataBracket, Definition, Loss, Tensor
from derivations.judgement.chains import first_wrong
from derivations.judgement.readings import Readings
from derivations.judgement.verdict import Step, Verdict, Witness
from derivations.language.block import Block
from derivations.language.remarks import Remark
from derivations.show.lines import evidence_text, is_zero
from derivations.show.readings_text import sentences
from derivations.show.report import nodes as n
from derivations.show.report.markup import Source, parse
from derivations.show.report.pictures import pictures_of
from derivations.show.report.regions import region_to_latex
from derivations.show.report.repairs import repair_to_latex
from derivations.typeset.formulas import name_to_latex, to_latex
from derivations.typeset.integers import RELATIONS, counted_from, origin_of_page, range_to_latex

ARGUMENT = "(t)"  # ends the name of a function among a witness's data
WORDS = {
    "proved": "Proved",
    "holds where": "True on a region",
    "refuted": "Refuted",
    "false": "False",
    "undecided": "Undecided",
}


def escaped(text: str) -> str:
    """Plain words as Markdown: nothing in them is markup."""
    return "".join(f"&#{ord(letter)};" if letter in r"\`*_{}[]()#+-.!$<>|~^&" else letter for letter in text)


def code(text: str) -> str:
    """A piece of the claim language inside a sentence."""
    return f"`{text}`" if "`" not in text else f"`` {text} ``"


def _join(parts: Sequence[str]) -> str:
    return " and ".join(parts) if len(parts) < 3 else ", ".join(parts[:-1]) + " and " + parts[-1]


# -- contexts ------------------------------------------------------------------------------------------------


def context_text(contexts: Sequence[tuple[Mapping[str, str], Context]]) -> str:
    """The sentences that a `given` block stands for; where readings differ, each is shown."""
    first = contexts[0][1]
    sentences = [_dimensions(first), _arrays(first), _functions(first)]
    sentences += [_names(contexts), _assumptions(first)]
    if first.origin:
        sentences.append(f"Indices start at {first.origin}.")
    return "\n".join(sentence for sentence in sentences if sentence)


def _dimensions(context: Context) -> str:
    if not context.dims:
        return ""
    by_least: dict[int, list[str]] = {}
    for dimension in context.dims:
        by_least.setdefault(dimension.least, []).append(f"${name_to_latex(dimension.name)}$")
    parts = [
        f"{', '.join(names)} {'be an integer' if len(names) == 1 else 'be integers'} $\\ge {least}$"
        for least, names in by_least.items()
    ]
    text = "Let " + _join(parts)
    if context.conditions:
        text += " with " + ", ".join(f"${to_latex(condition)}$" for condition in context.conditions)
    short = [f"${name_to_latex(key)} = {to_latex(value)}$" for key, value in context.abbreviations.items()]
    return text + (f"; {', '.join(short)}." if short else ".")


def _arrays(context: Context) -> str:
    tensors = [value for value in context.names.values() if isinstance(value, Tensor)]
    if not tensors:
        return ""
    shown = []
    for tensor in tensors:
        sizes = [to_latex(size) for size in tensor.shape]
        sizes = [f"({size})" if " " in size and len(sizes) > 1 else size for size in sizes]
        power = "^{" + r" \times ".join(sizes) + "}" if sizes else ""
        shown.append(rf"${name_to_latex(tensor.name)} \in \mathbb{{R}}{power}$")
    return f"Let {', '.join(shown)}."


def _functions(context: Context) -> str:
    names = [f"${name_to_latex(name)}$" for name in context.functions]
    if not names:
        return ""
    is_one = len(names) == 1
    what = "is an arbitrary differentiable function" if is_one else "are arbitrary differentiable functions"
    return f"{_join(names)} {what} of one variable, applied to every entry."


def _names(contexts: Sequence[tuple[Mapping[str, str], Context]]) -> str:
    shown = []
    for name, value in contexts[0][1].names.items():
        if isinstance(value, Loss):
            shown.append(f"${name_to_latex(name)}$ is an arbitrary differentiable function of ${to_latex(value.of)}$")
        elif isinstance(value, Definition):
            forms: dict[str, list[Mapping[str, str]]] = {}
            for reading, context in contexts:
                other = context.names.get(name)
                if isinstance(other, Definition):
                    form = f"${name_to_latex(name)} = {to_latex(other.body, context.origin)}$"
                    forms.setdefault(form, []).append(reading)
            alternatives = [form + (f" (for {_choices(forms, form)})" if len(forms) > 1 else "") for form in forms]
            shown.append(" or ".join(alternatives))
    return f"{'; '.join(shown)}." if shown else ""


def _choices(forms: Mapping[str, Sequence[Mapping[str, str]]], form: str) -> str:
    """Which choices lead to a form: one choice by itself where it settles the form, else whole readings."""
    for key in forms[form][0]:
        settled: dict[str, set[str]] = {}
        for each, readings in forms.items():
            for reading in readings:
                settled.setdefault(reading[key], set()).add(each)
        if all(len(found) == 1 for found in settled.values()):
            values = [value for value, found in settled.items() if form in found]
            return _join([code(f"{key} = {value}") for value in values])
    return code("; ".join(", ".join(f"{k} = {v}" for k, v in reading.items()) for reading in forms[form]))


def _assumptions(context: Context) -> str:
    shown = [("that " if a.kind == "unique_max" else "") + _assumption(a) for a in context.assumptions]
    return f"Assume {', '.join(shown)}." if shown else ""


def _assumption(assumption: Assumption) -> str:
    if assumption.kind == "unique_max":
        return f"every window's maximum is unique ({code(assumption.text)})"
    return code(assumption.text)


# -- claims --------------------------------------------------------------------------------------------------

Part = str | n.Block  # a paragraph in Markdown, or what is no paragraph


def claim_text(readings: Sequence[tuple[Claim, Sequence[Verdict]]]) -> str:
    """The sentences about a claim under all its readings, as Markdown."""
    return "\n\n".join(part for part in _parts(readings, {}) if isinstance(part, str))


def claim_blocks(
    readings: Sequence[tuple[Claim, Sequence[Verdict]]], lemmas: Mapping[str, str], problems: list[str]
) -> n.Blocks:
    """A claim under all its readings: formulas, verdicts, regions, counterexamples, pictures, derivations. `lemmas`
    gives the place of a rule's proof."""
    name = readings[0][0].document if readings else ""
    return as_blocks(_parts(readings, lemmas), problems, name)


def as_blocks(parts: Iterable[Part], problems: list[str], name: str = "") -> n.Blocks:
    """Paragraphs in Markdown and blocks, as blocks."""
    found: list[n.Block] = []
    for part in parts:
        if isinstance(part, str):
            source = Source(name=name, problems=problems)
            found += parse(part, source) if part else ()
        else:
            found.append(part)
    return tuple(found)


def _parts(readings: Sequence[tuple[Claim, Sequence[Verdict]]], lemmas: Mapping[str, str]) -> list[Part]:
    bodies: list[tuple[list[Part], list[str]]] = []
    for claim, verdicts in readings:
        with counted_from(claim.context.origin, {part.index for link in claim.links for part in link.free}):
            body = [part for part in _one_reading(claim, verdicts, lemmas) if part]
        name = ", ".join(f"{k} = {v}" for k, v in claim.reading.items())
        for known, names in bodies:
            if known == body:
                names.append(name)
                break
        else:
            bodies.append((body, [name]))
    if len(readings) == 1:
        return bodies[0][0]
    parts: list[Part] = []
    for body, names in bodies:
        head = "Reading" if len(names) == 1 else "Each of the readings"
        parts += [f"*{head}* {_join([code(name) for name in names])}:", *body]
    return list(_drawn_once(parts))


def _drawn_once(parts: Iterable[Part]) -> Iterable[Part]:
    """The parts without the pictures that stood before: readings may have the same region."""
    drawn: set[n.Figure] = set()
    for part in parts:
        if isinstance(part, n.Figures):
            new = tuple(each for each in part.figures if each not in drawn)
            drawn.update(new)
            part = n.Figures(new) if new else ""
        yield part


def _one_reading(claim: Claim, verdicts: Sequence[Verdict], lemmas: Mapping[str, str]) -> Iterable[Part]:
    same = len({(v.verdict, v.holds_where) for v in verdicts}) == 1
    notes = [""] * len(verdicts) if same else [_short(v) for v in verdicts]
    lefts = [to_latex(claim.links[0].left), *[""] * (len(claim.links) - 1)]
    rights = [_right(claim, number) for number in range(len(claim.links))]
    yield n.Equations(tuple(n.Row(*row) for row in zip(lefts, rights, notes, strict=True)))
    yield _conditions(claim)
    if claim.source is not None:
        kind = {"display": "display", "inline": "sentence"}.get(claim.source.kind, "line of code")
        yield f"*Read as shown* from the {kind} in line {claim.source.line}."
    yield f"*Misprint:* {escaped(claim.misprint)}." if claim.misprint else ""
    if same and all(v.verdict == "proved" for v in verdicts):
        yield _joined_proof(verdicts)
    else:
        yield from _several_verdicts(claim, verdicts)
    for verdict in verdicts:
        yield from derivation_parts(verdict, lemmas)


def _several_verdicts(claim: Claim, verdicts: Sequence[Verdict]) -> Iterable[Part]:
    """Each link's verdict; neighbouring proved links together, and the first wrong one named."""
    wrong = [verdict.link for verdict in first_wrong(verdicts)]
    for proved, group in groupby(verdicts, lambda verdict: verdict.verdict == "proved" and verdict.as_expected):
        members = list(group)
        if proved:
            first, last = members[0].link, members[-1].link
            steps = f"Step {first}: " if first == last else f"Steps {first} to {last}: "
            proof = _joined_proof(members)
            yield steps + proof[0].lower() + proof[1:]
            continue
        for v in members:
            yield verdict_text(v, len(verdicts) > 1, v.link in wrong)
            yield from repair_parts(claim, v)
            yield from pictures(claim, v)


def repair_parts(claim: Claim, verdict: Verdict) -> Iterable[Part]:
    """The nearest true formulas, what differs underlined."""
    for number, formula in enumerate(verdict.repair):
        latex = repair_to_latex(claim, claim.links[verdict.link - 1], formula)
        word = "True is" if not number else "True as well is"
        yield f"{word} {code(formula)}." if latex is None else f"{word}"
        if latex is not None:
            yield n.Equations((n.Row(*latex),))


def pictures(claim: Claim, verdict: Verdict) -> Iterable[Part]:
    """What can be drawn of a verdict: the counterexample, the region."""
    figures = tuple(n.Figure(drawing, words) for drawing, words in pictures_of(claim, verdict))
    if figures:
        yield n.Figures(figures)


def _right(claim: Claim, number: int) -> str:
    link = claim.links[number]
    free = "".join(rf",\quad {range_to_latex(part.index, part.size)}" for part in link.free)
    return to_latex(link.right) + (free if number == len(claim.links) - 1 else "")


def _short(verdict: Verdict) -> str:
    return {"holds where": "on a region"}.get(verdict.verdict, verdict.verdict)


def _conditions(claim: Claim) -> str:
    shown = [f"${to_latex(condition)}$" for condition in claim.conditions]
    shown += [f"${to_latex(h.left)} = {to_latex(h.right)}$" for h in claim.hypotheses]
    shown += [_supposed(assumption) for assumption in claim.supposed]
    return f"where {', '.join(shown)}." if shown else ""


def _supposed(assumption: Assumption) -> str:
    """An assumption of a claim's own: a comparison of data as a formula."""
    about = assumption.about
    if not isinstance(about, DataBracket):
        return _assumption(assumption)
    return f"${to_latex(about.args[1])} {RELATIONS[about.operator]} {to_latex(about.args[2])}$"


def _joined_proof(verdicts: Sequence[Verdict]) -> str:
    axioms = list(dict.fromkeys(axiom for verdict in verdicts for axiom in verdict.axioms))
    steps = "Each step is proved" if len(verdicts) > 1 else "Proved"
    return f"{steps} for all sizes{_using(axioms)}. {_evidence(verdicts)}{_expectation(verdicts)}"


def _using(axioms: Sequence[str]) -> str:
    return f", using {_join([code(axiom) for axiom in axioms])}" if axioms else ""


def _evidence(verdicts: Sequence[Verdict]) -> str:
    texts = list(dict.fromkeys(evidence_text(verdict.evidence) for verdict in verdicts if verdict.evidence.shapes))
    return f"Numeric evidence: {escaped('; '.join(texts))}." if texts else "Without numeric evidence."


def _expectation(verdicts: Sequence[Verdict]) -> str:
    wrong = [verdict for verdict in verdicts if not verdict.as_expected]
    return "".join(f" **Not as expected:** {code(verdict.expected)} was expected." for verdict in wrong)


def verdict_text(verdict: Verdict, in_chain: bool = False, is_first: bool = False) -> str:
    """One verdict in sentences: what it says, the counterexample, the nearest true formula, the numbers."""
    which = f"Step {verdict.link}{', the first wrong one' if is_first else ''}: " if in_chain else ""
    if verdict.verdict == "proved":
        text = f"{which}**Proved** for all sizes{_using(verdict.axioms)}."
    elif verdict.verdict == "holds where":
        text = f"{which}**True exactly where** {region_text(verdict)}{_using(verdict.axioms)}."
    elif verdict.verdict == "refuted":
        text = f"{which}**Refuted:** it is true at no size."
    elif verdict.verdict == "false":
        text = f"{which}**False.** The exact region was not found ({escaped(verdict.reason)})."
    else:
        text = f"{which}**Undecided:** {escaped(verdict.reason)}."
    parts = [text]
    if verdict.contradiction:
        parts.append(f"**The evidence contradicts itself:** {escaped(verdict.contradiction)}.")
    if verdict.witness is not None:
        parts.append(witness_text(verdict.witness))
    parts.append(_evidence([verdict]) + _expectation([verdict]))
    return " ".join(parts)


def region_text(verdict: Verdict) -> str:
    """The region as a formula where the page can set it, else in the claim language."""
    latex = region_to_latex(verdict.holds_where or "")
    return ", ".join(f"${part}$" for part in latex) if latex else code(verdict.holds_where or "")


def witness_text(witness: Witness, with_data: bool = True) -> str:
    """The counterexample in a sentence, its data as matrices."""
    sizes = ", ".join(f"${name_to_latex(name)} = {value}$" for name, value in witness.sizes.items())
    text = f"Smallest counterexample: {sizes or 'the sizes given'}"
    if witness.left is None and witness.right is None:
        left, right = _shape(witness.left_shape), _shape(witness.right_shape)
        missing = None in (witness.left_shape, witness.right_shape)  # two shapes say themselves why they differ
        why = f": {escaped(witness.reason)}" if missing and witness.reason else ""
        return f"{text}, where the left side {left} and the right side {right}{why}."
    named = [(str(name), value) for name, value in witness.data.items()]
    data = [f"${_datum(name, value)}$" for name, value in named if not is_zero(value)]
    zeros = [f"${name_to_latex(name)}$" for name, value in named if is_zero(value)]
    if data and with_data:
        text += f"; with {', '.join(data)}" + (f", every entry of {_join(zeros)} 0" if zeros else "")
    index = [str(place + origin_of_page()) for place in witness.index or ()]
    where = f"entry $({', '.join(index)})$" if index else "the value"
    left, right = _number(witness.left), _number(witness.right)
    return f"{text}, {where} is ${left}$ on the left and ${right}$ on the right."


def _datum(name: str, value: Any) -> str:
    """A name with its value; a function with its polynomial in t."""
    if name.endswith(ARGUMENT):
        polynomial = re.sub(r"\*\*(\d+)", r"^{\1}", str(value)).replace("*", r"\,")
        return f"{name_to_latex(name.removesuffix(ARGUMENT))}{ARGUMENT} = {polynomial}"
    return f"{name_to_latex(name)} = {value_to_latex(value)}"


def _shape(shape: tuple[int, ...] | None) -> str:
    if shape is None:
        return "does not exist"
    return "has shape $" + r" \times ".join(map(str, shape)) + "$" if shape else "is a scalar"


def _number(value: Any) -> str:
    text = str(value)
    if text.lstrip("-").isdigit():
        return text
    top, slash, bottom = text.partition("/")
    if slash and top.lstrip("-").isdigit() and bottom.isdigit():
        return rf"\tfrac{{{top}}}{{{bottom}}}"
    if text.replace(".", "", 1).lstrip("-").isdigit():
        return text
    return rf"\mathtt{{{text}}}" if text.isalnum() else rf"\text{{{escaped(text)}}}"


def value_to_latex(value: Any) -> str:
    """Numbers in nested lists as vectors and matrices; deeper lists as a list of matrices.

    >>> print(value_to_latex([[1, 0], [0, 2]]))
    \\begin{pmatrix} 1 & 0 \\\\ 0 & 2 \\end{pmatrix}
    """
    if not isinstance(value, list | tuple):
        return _number(value)
    if not value or not isinstance(value[0], list | tuple):
        return f"({', '.join(_number(part) for part in value)})"
    if value[0] and isinstance(value[0][0], list | tuple):
        return rf"\left({', '.join(value_to_latex(part) for part in value)}\right)"
    rows = r" \\ ".join(" & ".join(_number(part) for part in row) for row in value)
    return rf"\begin{{pmatrix}} {rows} \end{{pmatrix}}"


def derivation_parts(verdict: Verdict, lemmas: Mapping[str, str]) -> Iterable[Part]:
    """A derivation: the reader's version with what its names stand for, and the complete one folded where it is
    longer."""
    if not verdict.steps:
        return
    if verdict.short is None:
        yield equations_of(verdict.steps, lemmas)
        return
    yield equations_of(verdict.short.steps, lemmas)
    where: list[Part] = []
    if verdict.short.where:
        where = ["where", n.Equations(tuple(n.Row(*_sides(each.latex, "")) for each in verdict.short.where))]
    yield from where
    count = len(verdict.steps)
    title = f"The complete derivation, {count} step{'s' if count > 1 else ''}"
    complete = equations_of(verdict.short.complete or verdict.steps, lemmas)
    yield n.Fold(title, (complete, *as_blocks(where, [])))


def equations_of(steps: Sequence[Step], lemmas: Mapping[str, str]) -> n.Equations:
    """Equations one under the other, each with its rule and the place of the rule's proof."""
    rows: list[n.Row] = []
    shown = ""
    for step in steps:
        left, right = _sides(step.latex, shown)
        rule = step.rule + ("" if step.proved else " (not proved)")
        place = next((place for name, place in lemmas.items() if name in step.rule), "")
        rows.append(n.Row("" if left == shown else left, right, rule, place))
        shown = right
    return n.Equations(tuple(rows))


def _sides(latex: str, shown: str) -> tuple[str, str]:
    """Both sides of an equation; the left one is known where it continues the step before."""
    if shown and latex.startswith(f"{shown} = "):
        return shown, latex[len(shown) + 3 :]
    left, _, right = latex.partition(" = ")
    return left, right


def remark_text(remark: Remark) -> str:
    """A statement that no formula settles, with the reason, or a misprint that leaves nothing to judge."""
    return f"*{'Misprint' if remark.misprint else 'Open'}:* {remark.text.strip()}"


def readings_text(found: Readings) -> str:
    """What a document's verdicts say about its readings, after its last claim; nothing where it has no choices."""
    return "\n".join(["**Readings**", "", *(f"- {sentence}" for sentence in sentences(found, code))]) if found else ""


def broken_text(block: Block) -> str:
    """A block that is not judged as it stands, below why: its errors, or what it needs and does not have."""
    reasons = [str(error) for error in block.errors]
    reason = block.refused.reason if block.refused else ""
    said = f"Not judged: {escaped(reason)}." if reason else ""
    return "\n\n".join([*map(verbatim_markdown, reasons), *([said] if said else []), verbatim_markdown(block.source)])


def verbatim_markdown(source: str) -> str:
    """A block of the claim language as it stands."""
    longest = max((len(run) for run in re.findall(r"`+", source)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{source}\n{fence}"
