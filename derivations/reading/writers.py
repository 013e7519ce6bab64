"""Which turn of a loop writes a place last: `=` into places that several turns reach, in the order of the turns.

Law: the answer is given only where the turns that reach a place follow one another, so that a turn is the last exactly
if the next one does not reach the place. What is not seen to be so is None, and stays an obligation.
"""

from __future__ import annotations

from derivations.reading.arrays import Cell
from derivations.reading.elements import ONE
from derivations.reading.facts import Facts
from derivations.reading.integers import Cond, Int, Quotient, at_least, both, joined, negated
from derivations.reading.records import Effect


def last_turn(facts: Facts, turn: str, high: Int, write: Effect) -> Cond | None:
    """Where no turn after this one, up to `high`, writes the place that this one does.

    On an axis whose subscript is a·turn + b + t, with t in low..high of indices that stand on no other axis, the next
    turn reaches the place exactly if low <= t - a <= high.
    """
    ranges = {name: (first, last) for name, first, last in write.bound}
    if write.weight != ONE or turn in write.guard.symbols:
        return None
    if any(turn in first.symbols | last.symbols for first, last in ranges.values()):
        return None
    reached: list[Cond] = []
    for number, place in enumerate(write.place):
        if turn not in place.symbols:
            continue
        others = write.place[:number] + write.place[number + 1 :]
        known = _reached(facts, turn, place, ranges, write.guard, others)
        if known is None:
            return None
        reached += [one for one in known if not facts.proves(one)]
    return joined("or", [at_least(Int.symbol(turn), high), negated(both(*reached))])


def _reached(
    facts: Facts, turn: str, place: Int, ranges: dict[str, tuple[Int, Int]], guard: Cond, others: Cell
) -> list[Cond] | None:
    """The conditions that the next turn reaches the place on one axis."""
    own = sorted(place.symbols & ranges.keys())
    moving, low, high = place, Int(), Int()
    for name in own:
        split = moving.coefficient(name)
        first, last = ranges[name]
        if split is None or split[0].constant not in (1, -1) or name in guard.symbols:
            return None
        if any(name in other.symbols for other in others) or (first.symbols | last.symbols) & ranges.keys():
            return None
        moving = split[1]
        low, high = (low + first, high + last) if split[0].constant == 1 else (low - last, high - first)
    if not _monotone(facts, turn, moving):
        return None
    after = place - moving - (moving.replaced({turn: Int.symbol(turn) + 1}) - moving)
    return [at_least(after, low), at_least(high, after)]


def _monotone(facts: Facts, turn: str, value: Int) -> bool:
    """Whether a value only grows or only falls with the turns."""
    if all(isinstance(atom, str) or turn not in Int.symbol(atom).symbols for atom in value.atoms()):
        return value.coefficient(turn) is not None
    if len([monomial for monomial, _ in value.terms if turn in Int(((monomial, 1),)).symbols]) != 1:
        return False
    ((monomial, _),) = [term for term in value.terms if turn in Int(((term[0], 1),)).symbols]
    if len(monomial) != 1 or not isinstance(monomial[0], Quotient) or monomial[0].word != "//":
        return False
    over, under = monomial[0].over, monomial[0].under
    return turn not in under.symbols and facts.nonnegative(under - 1) and _monotone(facts, turn, over)
