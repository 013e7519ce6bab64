"""What a worker process answers to a question: shapes, verdicts, pictures, other true formulas, a file to keep.

Law: each answer is a stream of events, a name and plain data, in the order in which things become known; nothing in
them is markup that an author wrote. A failure of gradproof is an event of its own and no verdict. Nothing is read from
or written to a file for what stands in a question.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from derivations import crosscheck
from derivations.batch.run import judge_claim, together
from derivations.batch.workers import answer
from derivations.formulas.claims import Claim, Context
from derivations.formulas.expressions import Definition, Loss, SizeTuple
from derivations.formulas.integers import Condition, evaluate_condition
from derivations.formulas.text import to_text
from derivations.judgement.judge import exists_everywhere, judge_link
from derivations.judgement.results import Results
from derivations.judgement.verdict import Verdict
from derivations.language.document import Document
from derivations.language.errors import InputError
from derivations.repair.search import with_repair
from derivations.serving.claim_file import claim_file, mistake
from derivations.serving.claim_file import read as read_file
from derivations.serving.question import Question
from derivations.show.lines import reading as reading_of
from derivations.show.lines import word as word_of
from derivations.show.numpy_test import NoProgram, numpy_test
from derivations.show.report import nodes as n
from derivations.show.report.document import report_tree, verdict_mark
from derivations.show.report.mathml import Converter, Missing
from derivations.show.report.page import latex_of
from derivations.show.report.pictures import counterexample, footprints
from derivations.show.report.repairs import repair_to_latex
from derivations.show.report.statements import as_blocks, claim_blocks, derivation_parts, witness_text
from derivations.show.report.web import GROUPS, Web, escape
from derivations.steps.narration import narrated

Event = tuple[str, dict[str, Any]]
FORMATS = {"markdown": "formula.md", "latex": "formula.tex", "numpy": "test_formula.py"}
LARGEST_SLIDER = 12
_STYLE = re.compile(r' style="text-align: (left|center|right)"')
_WITH = re.compile(r"(?P<claim>.*) with (?P<definition>(?P<name>\w+)\s*=.*)", re.DOTALL)


# -- as one types ----------------------------------------------------------------------------------------------------


def read(asked: Question) -> Iterator[Event]:
    """The names of the context with their shapes, what the claim was read as, and every mistake in its box."""
    document, errors = read_file(asked, exists_everywhere)
    yield "read", {"errors": errors, **_shapes(document)}


def _shapes(document: Document) -> dict[str, Any]:
    contexts = [block.contexts for block in document.blocks if block.contexts]
    context = contexts[-1][0][1] if contexts else Context()
    claims = document.claims
    sides = []
    for link in claims[0].links if claims else ():
        sides.append({"text": link.text, "left": _shape(link.left), "right": _shape(link.right)})
    return {
        "names": [{"name": name, "what": what} for name, what in _names(context)],
        "dims": [{"name": dim.name, "least": dim.least} for dim in context.dims],
        "sides": sides,
        "readings": [dict(claim.reading) for claim in claims if claim.reading],
    }


def _names(context: Context) -> Iterator[tuple[str, str]]:
    for dim in context.dims:
        yield dim.name, f"integer, at least {dim.least}"
    for name, value in context.abbreviations.items():
        yield name, f"= {to_text(value)}"
    for name in context.functions:
        yield name, "function of one variable"
    for name, node in context.names.items():
        if isinstance(node, Loss):
            yield name, f"differentiable scalar of {node.of}"
        else:
            yield name, _shape(node) + (", defined" if isinstance(node, Definition) else "")


def _shape(node: Any) -> str:
    """`H − m + 1 × W`, or what a formula without a shape is."""
    if isinstance(node, SizeTuple):
        return "a shape"
    try:
        sizes = [to_text(size) for size in node.shape]
    except (AttributeError, ValueError):
        return ""
    return " × ".join(f"({size})" if " " in size and len(sizes) > 1 else size for size in sizes) or "scalar"


# -- the verdict -----------------------------------------------------------------------------------------------------


def judge(asked: Question) -> Iterator[Event]:
    """Everything about a claim: each link's verdict as it is found, then the formulas and pictures, then the nearest
    true formulas, then the derivation."""
    document, errors = read_file(asked, exists_everywhere)
    yield "read", {"errors": errors, **_shapes(document)}
    if errors:
        yield "end", {"verdicts": 0}
        return
    judged: list[tuple[Claim, list[Verdict]]] = []
    for claim in document.claims:
        verdicts: list[Verdict] = []
        for number in range(1, len(claim.links) + 1):
            try:
                verdict = judge_link(claim, number)
            except InputError as error:
                _, places = claim_file(asked)
                yield "read", {"errors": [mistake(error, places)], **_shapes(document)}
                yield "end", {"verdicts": 0}
                return
            verdicts.append(verdict)
            head = {"word": verdict.verdict, "said": word_of(verdict), "about": _about(verdict, claim)}
            yield "verdict", {**head, "record": verdict.as_json()}
        judged.append((claim, verdicts))
    group, html = _shown([(_in_its_box(claim, asked), verdicts) for claim, verdicts in judged])
    yield "shown", {"group": group, "html": html, "sizes": _first_sizes(judged)}
    repaired = [(claim, [with_repair(claim, verdict) for verdict in verdicts]) for claim, verdicts in judged]
    yield "repairs", {"repairs": _repairs(asked, repaired), "wanted": any(_is_false(v) for _, vs in judged for v in vs)}
    steps = [(claim, narrated(claim, verdict))
             for claim, verdicts in judged for verdict in verdicts if verdict.verdict == "proved"]  # fmt: skip
    yield "steps", {"html": _derivations(steps)}
    yield "end", {"verdicts": sum(len(verdicts) for _, verdicts in judged)}


def _in_its_box(claim: Claim, asked: Question) -> Claim:
    """The claim with the formula that it was read from in a line of its box, not of the claim file."""
    if claim.source is None:
        return claim
    first = next(written.first for written in claim_file(asked)[1] if written.field == "claim")
    line = max(1, claim.source.line - first + 1)  # a display without signs of its own begins above the box
    return replace(claim, source=replace(claim.source, line=line))


def _is_false(verdict: Verdict) -> bool:
    return verdict.verdict in ("holds where", "refuted", "false")


def _about(verdict: Verdict, claim: Claim) -> str:
    link = f"step {verdict.link}" if len(claim.links) > 1 else ""
    return (link + reading_of(verdict.reading)).strip()


def _unless_expected(claim: Claim, verdicts: Iterable[Verdict]) -> list[Verdict]:
    """The verdicts as they are shown: nothing was expected where the author wrote nothing of it."""
    return [verdict if claim.expectations else replace(verdict, as_expected=True) for verdict in verdicts]


def _shown(judged: Sequence[tuple[Claim, Sequence[Verdict]]]) -> tuple[str, str]:
    """The colour of the gravest verdict, and the formulas, sentences and pictures of all."""
    readings = [(claim, _unless_expected(claim, verdicts)) for claim, verdicts in judged]
    if not readings:
        return "open", ""
    word, _ = verdict_mark([verdict for _, verdicts in readings for verdict in verdicts])
    inside = claim_blocks(readings, {}, [])
    drawn = [n.Figure(*each) for each in footprints(readings[0][0].context)]
    return GROUPS[word], html_of((*inside, *drawn))


def _first_sizes(judged: Sequence[tuple[Claim, Sequence[Verdict]]]) -> dict[str, int]:
    """Where the sliders begin: at the first counterexample, else at small sizes that the context admits."""
    for _, verdicts in judged:
        for verdict in verdicts:
            if verdict.witness is not None and verdict.witness.sizes:
                return dict(verdict.witness.sizes)
    if not judged:
        return {}
    claim = judged[0][0]
    found = crosscheck.generic_sizes(claim.context, claim.conditions, 1)
    return dict(found[0]) if found else {}


def _repairs(asked: Question, judged: Sequence[tuple[Claim, Sequence[Verdict]]]) -> list[dict[str, Any]]:
    """Each true formula, what differs underlined, with the boxes in which it would stand."""
    found: list[dict[str, Any]] = []
    for claim, verdicts in judged:
        for verdict in verdicts:
            for text in verdict.repair:
                latex = repair_to_latex(claim, claim.links[verdict.link - 1], text)
                html = html_of((n.Equations((n.Row(*latex),)),)) if latex is not None else ""
                found.append({"text": text, "html": html, "about": _about(verdict, claim), "put": _put_in(asked, text)})
    return found


def _put_in(asked: Question, text: str) -> dict[str, str] | None:
    """The boxes with a repair put in; None where that takes more than a new claim or one line of the context."""
    where = [line for line in asked.lines.split("\n") if re.match(r"\s*(where|reading)\b", line)]
    if asked.kind == "claim":
        where = [line for line in asked.claim.split("\n") if re.match(r"\s*(where|reading)\b", line)] + where
    match = _WITH.fullmatch(text)
    if match is None:
        return {"claim": "\n".join([text, *where]), "kind": "claim", "lines": "", "context": asked.context}
    line = re.compile(rf"^[ \t]*{re.escape(match['name'])}[ \t]*=.*$", re.MULTILINE)
    if len(line.findall(asked.context)) != 1:
        return None
    context = line.sub(lambda _: match["definition"], asked.context)
    return {"claim": "\n".join([match["claim"], *where]), "kind": "claim", "lines": "", "context": context}


def _derivations(steps: Iterable[tuple[Claim, Verdict]]) -> str:
    blocks: list[n.Block] = []
    for claim, verdict in steps:
        if verdict.steps:
            about = _about(verdict, claim)
            blocks += [n.Paragraph((n.Text(about),))] if about else []
            blocks += as_blocks(derivation_parts(verdict, {}), [])
    return html_of(tuple(blocks)) if blocks else ""


# -- at other sizes --------------------------------------------------------------------------------------------------


def draw(asked: Question, sizes: Mapping[str, int], number: int) -> Iterator[Event]:
    """The counterexample and the footprint at these sizes; `number` counts the verdicts of the claim from 0."""
    document, errors = read_file(asked, exists_everywhere)
    places = [(claim, link) for claim in document.claims for link in claim.links]
    if errors or number >= len(places):
        yield "drawn", {"html": "", "said": "the claim has an error"}
        return
    claim, link = places[number]
    at, why = _admitted(claim, sizes)
    if why:
        yield "drawn", {"html": "", "said": why}
        return
    try:
        witness = crosscheck.replay(claim, link, at)
        agree = None if witness is not None else crosscheck.agree_at(claim, link, at)
    except (crosscheck.NotEvaluable, crosscheck.DoesNotExist, ZeroDivisionError) as error:
        witness, agree = None, None
        why = f"Nothing could be evaluated at these sizes: {error}"
    blocks: list[n.Block] = []
    if witness is not None:
        found = counterexample(claim, link, witness)
        said = witness_text(witness).replace("Smallest counterexample:", "Counterexample:")
        blocks += as_blocks([said], [])
        blocks += [n.Figure(*found)] if found is not None else []
        why = "A counterexample at these sizes."
    elif not why:
        why = "Both sides agree at these sizes on all data that were tried." if agree else "Nothing to compare here."
    blocks += [n.Figure(*each) for each in footprints(claim.context, at)]
    yield "drawn", {"html": html_of(tuple(blocks)), "said": why}


def _admitted(claim: Claim, sizes: Mapping[str, int]) -> tuple[dict[str, int], str]:
    """The sizes of all dims, or why the claim says nothing of them."""
    at: dict[str, int] = {}
    for dim in claim.context.dims:
        value = sizes.get(dim.name, dim.least)
        if not dim.least <= value <= LARGEST_SLIDER:
            return {}, f"{dim.name} = {value} is not between {dim.least} and {LARGEST_SLIDER}."
        at[dim.name] = value
    for condition in (*claim.context.conditions, *claim.conditions):
        if not _holds(condition, at):
            return {}, f"The claim says nothing of these sizes: {to_text(condition)} does not hold."
    return at, ""


def _holds(condition: Condition, at: dict[str, int]) -> bool:
    try:
        return evaluate_condition(condition, at)
    except ZeroDivisionError:
        return False


# -- files to keep ---------------------------------------------------------------------------------------------------


def export(asked: Question, form: str) -> Iterator[Event]:
    """The question with its answer as a file: a claim file, a LaTeX document, a test with NumPy."""
    document, errors = read_file(asked, exists_everywhere)
    claims = document.claims
    if errors or not claims:
        yield "file", {"text": "", "why": errors[0]["text"] if errors else "there is no claim"}
        return
    if form == "numpy":
        try:
            yield "file", {"text": numpy_test(claims[0], claims[0].links[0]), "name": FORMATS[form]}
        except NoProgram as reason:
            yield "file", {"text": "", "why": f"There is no NumPy test of this claim: {reason}"}
        return
    if form == "markdown":
        verdicts = [verdict for claim in claims for verdict in judge_claim(claim)]
        text = claim_file(asked, () if claims[0].expectations else _expectations(verdicts))[0]
    else:
        results = _results(document, steps=True, repair=True)
        if not claims[0].expectations:
            results.verdicts = [replace(verdict, as_expected=True) for verdict in results.verdicts]
        text = latex_of(report_tree([document], results))[0]
    yield "file", {"text": text, "name": FORMATS[form]}


def _expectations(verdicts: Sequence[Verdict]) -> list[str]:
    """The lines that expect what was found; none where the readings of a claim differ in it."""
    by_link: dict[int, set[str]] = {}
    for verdict in verdicts:
        by_link.setdefault(verdict.link, set()).add(word_of(verdict))
    is_chain = len(by_link) > 1
    return [
        f"expect {f'link {link} ' if is_chain else ''}{min(words)}"
        for link, words in by_link.items()
        if len(words) == 1 and words != {"proved"}
    ]


# -- without the page ------------------------------------------------------------------------------------------------


def record(asked: Question | str) -> Iterator[Event]:
    """The record of `verify --json` for a question, or for a whole document that lies in no folder."""
    name = "document" if isinstance(asked, str) else "question"
    text = asked if isinstance(asked, str) else claim_file(asked)[0]
    document = Document.parse_in_part(text, name, exists_everywhere, alone=True)
    yield "record", _results(document, repair=True).as_json()


def _results(document: Document, steps: bool = False, repair: bool = False) -> Results:
    def judged(claim: Claim) -> list[Verdict]:
        return judge_claim(claim, steps=steps, repair=repair)

    results = Results()
    for block in document.blocks:
        results.take(together(block, [answer(claim, judged) for claim in block.claims]))
    results.compare_readings()
    return results


# -- as a browser shows it -------------------------------------------------------------------------------------------


def html_of(blocks: n.Blocks) -> str:
    """Blocks as HTML, mathematics as MathML; as text where there is no Pandoc. No attribute holds a style, so that the
    page's content policy need not allow any."""
    gather = Converter()
    Web(gather).blocks(blocks)
    formulas: Callable[..., str]
    try:
        formulas = gather.converted() if gather.asked else gather
    except Missing:
        formulas = _as_text
    return _STYLE.sub(r' class="\1"', Web(formulas).blocks(blocks))


def _as_text(tex: str, display: bool = False, node: n.Mathematics | None = None, small: bool = False) -> str:
    return f"<code>{escape(node.source or node.tex if node else tex)}</code>"
