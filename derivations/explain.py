"""One claim explained on a terminal: its line, both sides by index, then the derivation or the counterexample
in numbers.

Law: every figure shown is computed from the formulas at the witness's sizes (`explicit.py`), not taken from a
proof. Where something cannot be shown (no explicit form, no rule), that part is left out, and said where it
matters.

What it cannot see: why an author made a mistake. It names the difference and the nearest true formula.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text
from sympy import Add, Expr, Symbol

from derivations.claims import Claim, Context, Link
from derivations.expressions import Definition, Expression, Grad, Loss
from derivations.lines import GLYPHS, details, name
from derivations.verdict import Verdict, Witness

TERMS_SHOWN = 12  # products of one entry; the smallest counterexample rarely has more


def explanation(claim: Claim, verdicts: Sequence[Verdict], glyphs: Mapping[str, str] = GLYPHS) -> Iterator[Text]:
    """The lines for one claim under one reading."""
    place = f"   {claim.document}:{claim.line}"
    for verdict, link in zip(verdicts, claim.links, strict=False):
        yield Text(name(verdict), "bold").append(place, "dim")
        yield Text()
        yield from details(verdict, dict(glyphs))
        yield Text()
        yield from _by_index(claim, link)
        if verdict.witness is not None:
            yield from _in_numbers(claim.context, link, verdict.witness)
        yield from _steps(verdict)
    first = next((verdict for verdict in verdicts if verdict.verdict != "proved"), None)
    if len(verdicts) > 1 and first is not None:
        yield Text(f"The first step that is not proved is number {first.link}.", "bold")
        yield Text()


# -- both sides by index -------------------------------------------------------------------------------------


def _by_index(claim: Claim, link: Link) -> Iterator[Text]:
    """Both sides as sums over indices; sums run over all indices for which the entries exist."""
    from derivations.index_form import index_form
    from derivations.kernel.sums import LimitReached
    from derivations.lowering import Unsupported

    lines: list[tuple[str, list[str]]] = []
    for label, side in (("left", link.left), ("right", link.right)):
        try:
            lines.append((label, index_form(side, link, claim.context)))
        except (Unsupported, LimitReached, ValueError):
            return
    yield Text("by index (sums over all indices for which the entries exist)", "dim")
    for label, shown in lines:
        for number, part in enumerate(shown):
            yield Text(f"  {label if number == 0 else '':<6} {part}")
    yield Text()


# -- the counterexample in numbers ---------------------------------------------------------------------------


def _in_numbers(context: Context, link: Link, witness: Witness) -> Iterator[Text]:
    """The entry of the counterexample on both sides: its products, then their values with the witness's
    data."""
    if witness.index is None or (witness.left is None and witness.right is None):
        return
    left, right = (_entry(side, link, witness, context) for side in (link.left, link.right))
    if left is None or right is None:
        return
    where = f"entry ({', '.join(map(str, witness.index))})" if witness.index else "the value"
    yield Text(f"the counterexample, {where}", "dim")
    yield Text(f"  left   {sum_text(left)}")
    yield Text(f"  right  {sum_text(right)}")
    yield Text(f"  With the data above the left is {witness.left} and the right is {witness.right}.")
    yield from _what_differs(left, right)
    yield Text()


def _entry(side: Expression, link: Link, witness: Witness, context: Context) -> Expr | None:
    """The entry of a side at the witness's sizes and index, as a polynomial in the entries of its tensors."""
    from derivations.explicit import Explicit, Unsupported
    from derivations.explicit_operators import DoesNotExist

    index = witness.index or ()
    free, rest = index[: len(link.free)], index[len(link.free) :]
    sizes = {**witness.sizes, **{part.index.name: value for part, value in zip(link.free, free, strict=True)}}
    try:
        grid = Explicit(sizes).grid(side)
        value = grid[rest] if grid.rank else grid[()]
    except (Unsupported, DoesNotExist, KeyError, ValueError, IndexError):
        return None
    return value.xreplace(_residuals(context, value))


def _residuals(context: Context, value: Expr) -> dict[Symbol, Symbol]:
    """`grad(J, z)[0, 0]` becomes `delta[0, 0]` where the author has named the residual so."""
    names = {
        f"grad({given.body.of.name}, {given.body.wrt.name})": name
        for name, given in context.names.items()
        if isinstance(given, Definition) and isinstance(given.body, Grad) and isinstance(given.body.of, Loss)
    }
    found = {}
    for symbol in value.free_symbols:
        head, bracket, rest = symbol.name.partition("[")
        if head in names:
            found[symbol] = Symbol(names[head] + bracket + rest, real=True)
    return found


def sum_text(value: Expr) -> str:
    """A polynomial with its products in order; of a long one, the first and how many follow."""
    terms = sorted(Add.make_args(value.expand()), key=str)
    shown = " + ".join(map(str, terms[:TERMS_SHOWN])).replace("+ -", "- ")
    return shown + (f" + … ({len(terms) - TERMS_SHOWN} more)" if len(terms) > TERMS_SHOWN else "")


def _what_differs(left: Expr, right: Expr) -> Iterator[Text]:
    """The products that stand on one side only, in a sentence."""
    terms_left, terms_right = (set(Add.make_args(side.expand())) for side in (left, right))
    only_left = sum_text(Add(*(terms_left - terms_right)))
    only_right = sum_text(Add(*(terms_right - terms_left)))
    if only_left != "0" and only_right != "0":
        yield Text(f"  Where the left side has {only_left}, the right side has {only_right}.")
    elif only_right == "0":
        yield Text(f"  The right side lacks {only_left}.")
    else:
        yield Text(f"  The right side has {only_right} too much.")


# -- the derivation ------------------------------------------------------------------------------------------


def _steps(verdict: Verdict) -> Iterator[Text]:
    """The steps of the derivation that the verdict carries, each with its rule."""
    if not verdict.steps:
        return
    yield Text("step by step", "dim")
    shown = ""
    for step in verdict.steps:
        left, _, right = step.text.partition(" == ")
        if left != shown:
            yield Text(f"  {left}")
        mark = "" if step.proved else "   NOT PROVED"
        yield Text(f"    = {right}").append(f"   {step.rule}{mark}", "dim" if step.proved else "bold red")
        shown = right
    yield Text()
