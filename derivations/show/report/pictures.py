"""Pictures of verdicts, as lists of rectangles and words that the browser and the page draw alike: the counterexample
as heat maps, the region on a grid over two sizes, which entries one output reads.

Law: what is drawn is computed from the formulas at the sizes that stand beside the picture. What has no explicit form
or is too large to be seen is not drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sympy import Expr, Rational, Symbol

from derivations.crosscheck.sizes import generic_sizes
from derivations.entries.matrices import Explicit, Unsupported
from derivations.entries.operators import DoesNotExist
from derivations.formulas.claims import Claim, Context, Link
from derivations.formulas.expressions import (
    Apply,
    Definition,
    Elementwise,
    Expression,
    Minus,
    Over,
    Plus,
    Tensor,
    Times,
)
from derivations.formulas.integers import Condition, evaluate_condition
from derivations.judgement.verdict import Verdict, Witness
from derivations.language.document import parse_context
from derivations.language.errors import InputError
from derivations.show.counterexample import entries_of, numbers
from derivations.show.report.regions import names_of

CELL = 22.0  # points
GAP = 26.0
HEADING = 72.0  # of the longest words above a heat map
LARGEST = 14  # rows or columns that can still be seen
STEPS = 4  # shades of a colour
GRID = 8  # sizes of each of two dims in a picture of a region
Place = tuple[int, ...]


@dataclass(frozen=True)
class Cell:
    """A square: its colour (positive, negative, true, false, read, tail, outside, plain) and shade from 0 to 1, what
    stands in it, and whether it is marked."""

    x: float
    y: float
    colour: str
    shade: float = 1.0
    words: str = ""
    marked: bool = False


@dataclass(frozen=True)
class Words:
    """Words at a place: the middle of their line, or its begin."""

    x: float
    y: float
    text: str
    middle: bool = True


@dataclass(frozen=True)
class Drawing:
    """width and height in points; y runs downwards. On paper its unit is `unit` points."""

    width: float
    height: float
    cells: tuple[Cell, ...]
    words: tuple[Words, ...]
    unit: float = 0.8


def pictures_of(claim: Claim, verdict: Verdict) -> Iterator[tuple[Drawing, str]]:
    """The pictures of a verdict that is not proved, with what they show in words."""
    link = claim.links[verdict.link - 1]
    if verdict.witness is not None:
        found = counterexample(claim, link, verdict.witness)
        if found is not None:
            yield found
        region = region_picture(claim, verdict, verdict.witness)
        if region is not None:
            yield region


# -- counterexamples -------------------------------------------------------------------------------------------------


def counterexample(claim: Claim, link: Link, witness: Witness) -> tuple[Drawing, str] | None:
    """Both sides and their difference as heat maps, the entry that is shown in the text marked; of sides of different
    shapes, their entries as empty squares."""
    if witness.left is None and witness.right is None:
        return _shapes(witness)
    if witness.index is None or witness.left is None or witness.right is None:
        return None
    on_the_left, on_the_right = (_values(side, claim, link, witness) for side in (link.left, link.right))
    if on_the_left is None or on_the_right is None:
        return None
    (shape, left), (other, right) = on_the_left, on_the_right
    if shape != other or not shape or len(shape) > 2 or max(shape) > LARGEST or min(shape) < 1 or shape == (1, 1):
        return None
    place = witness.index[len(link.free) :]
    difference = {at: right[at] - left[at] for at in left}
    if not difference.get(place):
        return None  # what is drawn is not what is said
    rows, columns = shape if len(shape) == 2 else (1, shape[0])
    largest = max(abs(value) for values in (left, right, difference) for value in values.values()) or 1
    cells: list[Cell] = []
    words: list[Words] = []
    for number, (head, values) in enumerate((("left", left), ("right", right), ("right − left", difference))):
        start = number * (max(columns, 2) * CELL + GAP)
        words.append(Words(start + columns * CELL / 2, 10, head))
        for at, value in values.items():
            row, column = at if len(at) == 2 else (0, at[0])
            x, y = start + column * CELL, 16 + row * CELL
            colour = "positive" if value > 0 else "negative" if value else "plain"
            cells.append(Cell(x, y, colour, float(abs(value) / largest), _short(value), at == place))
    # the last heading is wider than two columns
    width = max(3 * max(columns, 2) * CELL + 2 * GAP, words[-1].x + HEADING / 2)
    sizes = ", ".join(f"{name} = {value}" for name, value in witness.sizes.items())
    said = f"The counterexample at {sizes}: both sides and their difference; the entry named above is marked."
    return Drawing(width, 18 + rows * CELL, tuple(cells), tuple(words)), said


def _shapes(witness: Witness) -> tuple[Drawing, str] | None:
    """The entries of both sides beside each other, without their values: what differs is how many there are."""
    shapes = (witness.left_shape, witness.right_shape)
    if any(shape is not None and (len(shape) > 2 or max(shape, default=1) > LARGEST) for shape in shapes):
        return None
    cells: list[Cell] = []
    words: list[Words] = []
    start, height = 0.0, 1
    for head, shape in zip(("left", "right"), shapes, strict=True):
        rows, columns = (1, 1, *shape)[-2:] if shape is not None else (0, 0)
        words.append(Words(start, 10, f"{head}: {_said(shape)}", middle=False))
        cells += [Cell(start + c * CELL, 16 + r * CELL, "plain") for r in range(rows) for c in range(columns)]
        start += max(columns * CELL, 1.5 * HEADING) + GAP
        height = max(height, rows)
    sizes = ", ".join(f"{name} = {value}" for name, value in witness.sizes.items())
    drawn = Drawing(start - GAP, 18 + height * CELL, tuple(cells), tuple(words))
    return drawn, f"The entries of both sides{f' at {sizes}' if sizes else ''}."


def _said(shape: Place | None) -> str:
    if shape is None:
        return "does not exist"
    return " × ".join(map(str, shape)) if shape else "a scalar"


def _values(side: Expression, claim: Claim, link: Link, witness: Witness) -> tuple[Place, dict[Place, Any]] | None:
    """The shape and the numbers of a side with the witness's data; None where some entry is no number."""
    found = entries_of(side, link, witness, claim.context)
    if found is None:
        return None
    data = dict(numbers(witness.data))
    values: dict[Place, Any] = {}
    for place, value in found[1].items():
        number = _number(value, data)
        if number is None:
            return None
        values[place] = number
    return found[0], values


def _number(value: Expr, data: dict[str, Any]) -> Any:
    number = value.xreplace({symbol: data.get(symbol.name, symbol) for symbol in value.free_symbols})
    if isinstance(number, Rational):
        return number
    try:
        return float(number) if number.is_number else None
    except (TypeError, ValueError):
        return None


def _short(value: Any) -> str:
    """A number that fits into a square; empty where it does not."""
    text = str(value) if isinstance(value, Rational) else f"{value:.2g}"
    text = f"{float(value):.2g}" if len(text) > 4 else text
    return text.replace("-", "−") if len(text) <= 5 and text != "0" else ""


# -- regions ---------------------------------------------------------------------------------------------------------


def region_picture(claim: Claim, verdict: Verdict, witness: Witness) -> tuple[Drawing, str] | None:
    """For which values of two sizes the claim is true, the others as in the counterexample."""
    regions = region_conditions(verdict.holds_where or "")
    names = [dim.name for dim in claim.context.dims]
    if not regions or len(names) < 2 or set(witness.sizes) != set(names):
        return None
    used = [name for name in names if any(name in {s.name for s in part.atoms(Symbol)} for part in regions)]
    chosen = [*used, *(name for name in names if name not in used)][:2]
    if not used or len(used) > 2:
        return None
    across, down = sorted(chosen, key=names.index)
    least = {dim.name: dim.least for dim in claim.context.dims}
    conditions = [*claim.context.conditions, *claim.conditions]
    columns = range(least[across], max(least[across] + GRID, witness.sizes[across] + 1))
    rows = range(least[down], max(least[down] + GRID, witness.sizes[down] + 1))
    if len(columns) > LARGEST or len(rows) > LARGEST:
        return None
    cells, words = [], [Words(24 + len(columns) * CELL / 2, 10, across), Words(4, 24 + len(rows) * CELL / 2, down)]
    for r, below in enumerate(rows):
        words.append(Words(20, 38 + r * CELL, str(below)))
        for c, beside in enumerate(columns):
            at = {**witness.sizes, across: beside, down: below}
            inside = "true" if _holds(regions, at) else "false"
            met = _holds(conditions, at) or _holds(conditions, {**dict.fromkeys(names, LARGEST), **_only(at, chosen)})
            colour = inside if met else "outside"
            sign = {"true": "✓", "false": "✗"}.get(colour, "")
            marked = at == dict(witness.sizes)
            cells.append(Cell(30 + c * CELL, 24 + r * CELL, colour, 1.0, sign, marked))
    words += [Words(30 + (c + 0.5) * CELL, 21, str(value)) for c, value in enumerate(columns)]
    said = f"Where the claim is true, over {across} and {down}, whatever the other sizes that the context allows"
    said += "; the smallest counterexample is marked, grey is outside of the context."
    drawn = Drawing(36 + len(columns) * CELL, 28 + len(rows) * CELL, tuple(cells), tuple(words), unit=0.5)
    return drawn, said


def _only(sizes: dict[str, int], names: Sequence[str]) -> dict[str, int]:
    return {name: sizes[name] for name in names}


def region_conditions(region: str) -> tuple[Condition, ...]:
    """A region of the claim language as conditions between sizes; none where it is not one."""
    names = names_of(region)
    if not names:
        return ()
    try:
        contexts = parse_context(f"dims {', '.join(f'{name} >= 0' for name in names)} where {region}")
    except InputError:
        return ()
    return tuple(contexts[0][1].conditions)


def _holds(conditions: Sequence[Condition], sizes: dict[str, int]) -> bool:
    try:
        return all(evaluate_condition(condition, sizes) for condition in conditions)
    except (ZeroDivisionError, KeyError, TypeError):
        return False


# -- footprints ------------------------------------------------------------------------------------------------------

SLIDING = ("conv", "corr", "mean_pool", "sum_pool", "max_pool")


def footprints(context: Context, sizes: Mapping[str, int] | None = None) -> Iterator[tuple[Drawing, str]]:
    """For each definition by one convolution or pooling: which entries of its data one entry of the result reads; at
    these sizes, or where none are given at small ones."""
    for name, value in context.names.items():
        if isinstance(value, Definition) and value.rank in (1, 2):
            nodes = list(_entry_by_entry(value.body))
            if len(nodes) == 1 and nodes[0].operator in SLIDING and isinstance(nodes[0].arguments[0], Tensor):
                found = footprint(name, value, nodes[0], context, sizes)
                if found is not None:
                    yield found


def _entry_by_entry(node: Expression) -> Iterator[Apply]:
    """The operators of a formula whose entries become its own at the same places."""
    if isinstance(node, Apply):
        yield node
    elif isinstance(node, Plus | Minus | Times | Over | Elementwise):
        for part in node.args:
            if isinstance(part, Expression) and part.rank:
                yield from _entry_by_entry(part)


def footprint(
    name: str, value: Definition, node: Apply, context: Context, at: Mapping[str, int] | None = None
) -> tuple[Drawing, str] | None:
    """The data and the kernel of one operator, those entries marked that the last entry of the result reads, and those
    data that no entry reads; at the sizes `at`, or at small ones."""
    if node.rank != value.rank or any(part.rank != node.rank for part in node.tensors):
        return None
    tensors = [part for part in node.tensors if isinstance(part, Tensor)]
    if len(tensors) != len(node.tensors):
        return None
    sized = [dict(at)] if at else [dict(found) for found in generic_sizes(context, context.conditions, 3)]
    for sizes in sorted(sized, key=lambda each: sum(each.values())):
        try:
            grid = Explicit(sizes).grid(node)
            shapes = [tuple(Explicit(sizes).integer(size) for size in part.shape) for part in tensors]
        except (Unsupported, DoesNotExist, KeyError, ValueError, IndexError):
            continue
        if any(not shape or max(shape) > LARGEST or min(shape) < 1 for shape in [*shapes, tuple(grid.shape)]):
            continue
        places = list(_places(tuple(int(size) for size in grid.shape)))
        chosen = places[-1]
        mine = {symbol.name for symbol in grid[chosen].free_symbols}
        every = {symbol.name for place in places for symbol in grid[place].free_symbols}
        return _footprint_drawing(name, chosen, tensors, shapes, mine, every, sizes)
    return None


def _footprint_drawing(
    name: str, chosen: Place, tensors: Sequence[Tensor], shapes: Sequence[Place], mine: set[str], every: set[str],
    sizes: dict[str, int],
) -> tuple[Drawing, str]:  # fmt: skip
    cells: list[Cell] = []
    words: list[Words] = []
    start, tail = 0.0, False
    for tensor, shape in zip(tensors, shapes, strict=True):
        columns = shape[-1]
        words.append(Words(start + columns * CELL / 2, 10, tensor.name))
        for place in _places(shape):
            row, column = place if len(place) == 2 else (0, place[0])
            entry = f"{tensor.name}[{', '.join(map(str, place))}]"
            colour = "read" if entry in mine else "plain" if entry in every else "tail"
            tail = tail or colour == "tail"
            cells.append(Cell(start + column * CELL, 16 + row * CELL, colour, 1.0, "×" if colour == "tail" else ""))
        start += columns * CELL + GAP
    at = ", ".join(f"{key} = {size}" for key, size in sizes.items())
    said = f"Which entries {name}[{', '.join(map(str, chosen))}] reads, at {at}"
    said += "; what is crossed out is read by no entry." if tail else "."
    rows = max(shape[0] if len(shape) == 2 else 1 for shape in shapes)
    return Drawing(start - GAP, 18 + rows * CELL, tuple(cells), tuple(words)), said


def _places(shape: Place) -> Iterator[Place]:
    if len(shape) == 1:
        yield from ((i,) for i in range(shape[0]))
    else:
        yield from ((i, j) for i in range(shape[0]) for j in range(shape[1]))


# -- the browser -----------------------------------------------------------------------------------------------------


def to_svg(drawing: Drawing, words: str, escape: Any) -> str:
    """The drawing as SVG, its colours by class so that the style sheet may darken them."""
    width, height = f"{drawing.width + 2:g}", f"{drawing.height + 2:g}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="-1 -1 {width} {height}" width="{width}" '
        f'height="{height}"><title>{escape(words)}</title>'
    ]
    for cell in drawing.cells:
        shade = f' fill-opacity="{0.1 + 0.5 * cell.shade:.2f}"' if cell.colour in ("positive", "negative") else ""
        parts.append(
            f'<rect class="c-{cell.colour}" x="{cell.x:g}" y="{cell.y:g}" width="{CELL:g}" height="{CELL:g}"{shade}/>'
        )
        if cell.words:
            size = 11 if len(cell.words) <= 2 else 8
            parts.append(
                f'<text x="{cell.x + CELL / 2:g}" y="{cell.y + CELL / 2 + 4:g}" font-size="{size}" '
                f'text-anchor="middle">{escape(cell.words)}</text>'
            )
    parts += [
        f'<rect class="c-mark" x="{cell.x:g}" y="{cell.y:g}" width="{CELL:g}" height="{CELL:g}"/>'
        for cell in drawing.cells if cell.marked
    ]  # fmt: skip
    for each in drawing.words:
        anchor = "middle" if each.middle else "start"
        parts.append(
            f'<text x="{each.x:g}" y="{each.y:g}" font-size="11" text-anchor="{anchor}">{escape(each.text)}</text>'
        )
    return "".join([*parts, "</svg>"])


# -- the page --------------------------------------------------------------------------------------------------------

_INK = {
    "positive": "region", "negative": "refuted", "true": "proved", "false": "refuted", "read": "region", "tail": "open",
    "outside": "open", "plain": "open",
}  # fmt: skip
_FIXED = {"true": 45, "false": 40, "read": 55, "tail": 12, "outside": 25, "plain": 4}


def to_picture(drawing: Drawing, text: Any) -> str:
    """The drawing in LaTeX's own picture environment: rules, lines and words."""
    height = drawing.height
    parts = [
        rf"{{\setlength{{\unitlength}}{{{drawing.unit:g}pt}}\setlength{{\fboxsep}}{{0pt}}"
        rf"\begin{{picture}}({drawing.width:g},{height:g})"
    ]
    for cell in drawing.cells:
        percent = _FIXED.get(cell.colour, round(8 + 60 * cell.shade))
        ink = f"{_INK[cell.colour]}!{percent}"
        x, y = cell.x, height - cell.y - CELL
        square = rf"\rule{{{CELL:g}\unitlength}}{{{CELL:g}\unitlength}}"
        parts.append(rf"\put({x:g},{y:g}){{\textcolor{{{ink}}}{{{square}}}}}")
        if cell.words:
            size = r"\scriptsize" if len(cell.words) <= 2 and drawing.unit > 0.6 else r"\tiny"
            middle = rf"\makebox(0,0){{{size} {text(cell.words)}}}"
            parts.append(rf"\put({x + CELL / 2:g},{y + CELL / 2:g}){{{middle}}}")
    for cell in drawing.cells:
        x, y = cell.x, height - cell.y - CELL
        parts.append(rf"\put({x:g},{y:g}){{\textcolor{{open!40}}{{\framebox({CELL:g},{CELL:g}){{}}}}}}")
    for cell in drawing.cells:
        if cell.marked:
            x, y = cell.x, height - cell.y - CELL
            parts.append(rf"{{\linethickness{{1.4pt}}\put({x:g},{y:g}){{\framebox({CELL:g},{CELL:g}){{}}}}}}")
    small = r"\scriptsize" if drawing.unit > 0.6 else r"\tiny"
    for each in drawing.words:
        place = r"\makebox(0,0)" if each.middle else r"\makebox(0,0)[l]"
        parts.append(rf"\put({each.x:g},{height - each.y + 4:g}){{{place}{{{small} {text(each.text)}}}}}")
    return "".join([*parts, r"\end{picture}}"])

