"""One claim explained on a terminal: its line, both sides by index, then the derivation or the counterexample
in numbers.

Law: every figure shown is computed from the formulas at the witness's sizes (`explicit.py`), not taken from a
proof. Where something cannot be shown (no explicit form, no rule), that part is left out, and said where it
matters.

What it cannot see: why an author made a mistake. It names the difference and the nearest true formula.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath

from rich.text import Text

from derivations.core.sums import LimitReached
from derivations.formulas.claims import Claim, Context, Link
from derivations.formulas.expressions import Literal, SizeTuple
from derivations.formulas.text import to_text
from derivations.judgement.chains import first_wrong
from derivations.judgement.verdict import Verdict, Witness
from derivations.meaning.functions import Unsupported
from derivations.show.counterexample import decided, entry_of
from derivations.show.index_form import NotASum, index_form
from derivations.show.lines import FROM_ZERO, GLYPHS, details
from derivations.show.lines import name as name_of
from derivations.show.mistake import mistake, sum_text

BY_INDEX = "by index (a sum runs where its entries exist; a product with an entry that does not exist is 0)"
FALSE = ("holds where", "refuted", "false")


def explanation(claim: Claim, verdicts: Sequence[Verdict], glyphs: Mapping[str, str] = GLYPHS) -> Iterator[Text]:
    """The lines for one claim under one reading."""
    place = f"{_short(claim.document)}:{claim.line}"
    for verdict, link in zip(verdicts, claim.links, strict=False):
        yield Text(name_of(verdict), "bold")
        yield Text(place, "dim")
        yield Text()
        yield from record_lines(claim, verdict, glyphs)
        if verdict.verdict in FALSE and not verdict.repair:
            yield Text(f"  {'nearest true formula':<25}", "dim").append("none among the small changes that were tried")
        yield Text()
        yield from _by_index(claim, link)
        if verdict.witness is not None:
            yield from _missing(verdict.witness)
            yield from _in_numbers(claim.context, link, verdict.witness, verdict.holds_where or "")
        yield from _steps(claim.context, verdict)
    for first in first_wrong(verdicts):
        yield Text(f"The first wrong step is number {first.link}.", "bold")
        yield Text()


def _short(document: str) -> str:
    """A document's path from here, or its name where it lies elsewhere."""
    try:
        return str(PurePath(document).relative_to(Path.cwd()))
    except ValueError:
        return document if not PurePath(document).is_absolute() else PurePath(document).name


def record_lines(
    claim: Claim, verdict: Verdict, glyphs: Mapping[str, str] = GLYPHS, with_expectation: bool = True
) -> list[Text]:
    """What a record says, with the claim's conditions, and from where the index in its counterexample counts."""
    return details(verdict, glyphs, with_expectation, _conditions(claim), claim.context.origin)


def _conditions(claim: Claim) -> list[str]:
    """The claim's own conditions, on sizes and on data, as its `where` lines have them."""
    equations = [hypothesis.text for hypothesis in claim.hypotheses]
    return [*map(to_text, claim.conditions), *equations, *(assumption.text for assumption in claim.supposed)]


def _heading(text: str, context: Context, shown: Iterable[str]) -> Text:
    """A heading; above indices of a claim that does not count from 0 itself it says that these do."""
    has_indices = any("[" in part or "entry (" in part for part in shown)
    return Text(f"{text}. {FROM_ZERO}" if context.origin and has_indices else text, "dim")


# -- both sides by index -------------------------------------------------------------------------------------


def _by_index(claim: Claim, link: Link) -> Iterator[Text]:
    """Both sides as sums over indices; sums run over all indices for which the entries exist."""
    lines: list[tuple[str, list[str]]] = []
    for label, side in (("left", link.left), ("right", link.right)):
        if isinstance(side, SizeTuple | Literal):  # it has its entries one by one already
            lines.append((label, [to_text(SizeTuple(*side.sizes) if isinstance(side, SizeTuple) else side)]))
            continue
        try:
            lines.append((label, index_form(side, link, claim.context)))
        except NotASum as reason:
            lines.append((label, [f"({reason})"]))
        except (Unsupported, LimitReached):
            return
    yield _heading(BY_INDEX, claim.context, (part for _, shown in lines for part in shown))
    for label, shown in lines:
        for number, part in enumerate(shown):
            yield Text(f"  {label if number == 0 else '':<6} {part}")
    yield Text()


def _missing(witness: Witness) -> Iterator[Text]:
    """That a side does not exist at the counterexample, which its form by index does not show."""
    if witness.left is not None or witness.right is not None:
        return
    shapes = {"left": witness.left_shape, "right": witness.right_shape}
    sides = [side for side, shape in shapes.items() if shape is None]
    if sides:
        which = " and the ".join(sides)
        yield Text(f"At the counterexample the {which} side does not exist, whatever its form by index.")
        yield Text()


# -- the counterexample in numbers ---------------------------------------------------------------------------


def _in_numbers(context: Context, link: Link, witness: Witness, region: str) -> Iterator[Text]:
    """The entry of the counterexample on both sides: its products, then their values with the witness's
    data."""
    if witness.index is None or (witness.left is None and witness.right is None):
        return
    left, right = (entry_of(side, link, witness, context) for side in (link.left, link.right))
    if left is None or right is None:
        return
    where = _where(link, witness)
    yield _heading(f"the counterexample, {where}", context, (where, sum_text(left), sum_text(right)))
    chosen_left, chosen_right = (decided(side, witness.data) for side in (left, right))
    if (chosen_left, chosen_right) != (left, right):
        yield Text("  The data decide which entries are the maxima; what is left is")
    yield Text(f"  left   {sum_text(chosen_left)}")
    yield Text(f"  right  {sum_text(chosen_right)}")
    yield Text(f"  With the data above the left is {witness.left} and the right is {witness.right}.")
    # Of sizes that happen to be equal, those of the region are what the mistake depends on.
    telling = {name: size for name, size in witness.sizes.items() if name in re.findall(r"\w+", region)}
    if chosen_left.expand() != chosen_right.expand():
        yield Text(f"  {mistake(chosen_left, chosen_right, telling)}")
    yield Text()


def _where(link: Link, witness: Witness) -> str:
    """`entry (0, 1)`; of a claim with free indices, their values first."""
    index = witness.index or ()
    free = [f"{part.index.name} = {value}" for part, value in zip(link.free, index, strict=False)]
    rest = index[len(link.free) :]
    return ", ".join([*free, *([f"entry ({', '.join(map(str, rest))})"] if rest else [])]) or "the value"


# -- the derivation ------------------------------------------------------------------------------------------


def _steps(context: Context, verdict: Verdict) -> Iterator[Text]:
    """The steps of the derivation that the verdict carries, each with its rule."""
    if not verdict.steps:
        return
    steps = verdict.short.steps if verdict.short else verdict.steps
    where = verdict.short.where if verdict.short else ()
    yield _heading("step by step", context, (step.text for step in (*steps, *where)))
    shown = ""
    for step in steps:
        left, _, right = step.text.partition(" == ")
        if left != shown:
            yield Text(f"  {left}")
        mark = "" if step.proved else "   NOT PROVED"
        yield Text(f"    = {right}").append(f"   {step.rule}{mark}", "dim" if step.proved else "bold red")
        shown = right
    for step in where:
        yield Text(f"  where {step.text}")
    if len(steps) < len(verdict.steps):
        yield Text(f"  In short; the complete derivation has {len(verdict.steps)} steps (--json).", "dim")
    yield Text()
