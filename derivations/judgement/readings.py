"""Which reading of an ambiguous notation fits a document as a whole, as far as its verdicts tell.

Law: verdicts are counted and nothing else; expectations play no part. A statement holds under a reading if every link
of it is proved under it, fails if a link is decided otherwise, and does neither where a link is undecided or where no
claim reads it so. Choices of the same name are one choice throughout the document. Claims of one context with the
same equation and the same conditions are one statement, so that an author may write each reading as a claim of its own.

What it cannot see: which reading the author meant. A statement that holds under no reading tells nothing about them;
it is named apart. So is one whose `reading` lines leave a single reading: there is no choice in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, product
from math import prod
from typing import TYPE_CHECKING, Any

from derivations.judgement.verdict import Verdict
from derivations.language.block import Block
from derivations.language.openings import lines_by_kind
from derivations.language.source import lines_of, statements, words

if TYPE_CHECKING:
    from derivations.language.document import Document

Reading = tuple[tuple[str, str], ...]
Truth = Mapping[Reading, bool | None]

COMBINATIONS = 4_096  # readings of linked choices that are compared; a context alone has at most 64
SEARCH = 100_000  # partial sets looked at for the smallest clash; more than any document's few choices ask for


@dataclass(frozen=True)
class Statement:
    """One statement with choices: its name, the claims that read it, and whether it holds under each reading (None:
    undecided or not judged). Readings are of the choices that it leaves open, in one order."""

    name: str
    ids: tuple[str, ...]
    truth: Truth

    @cached_property
    def options(self) -> dict[str, tuple[str, ...]]:
        """The options of each choice that the statement leaves open."""
        found: dict[str, dict[str, None]] = {}
        for reading in self.truth:
            for name, option in reading:
                found.setdefault(name, {})[option] = None
        return {name: tuple(options) for name, options in found.items()}

    @property
    def always(self) -> bool:
        """Whether it holds under every combination of its options."""
        return all(value is True for value in self.truth.values())

    @property
    def never(self) -> bool:
        """Whether it fails under every combination of its options."""
        return all(value is False for value in self.truth.values())

    def under(self, reading: Mapping[str, str]) -> bool | None:
        """Whether it holds under a reading of at least its own choices."""
        return self.truth.get(tuple((name, reading[name]) for name in self.options))


@dataclass(frozen=True)
class Group:
    """Choices that statements link, directly or through others, with those statements; other groups do not matter
    to them. Of statements only those that do not fare alike under every reading.

    >>> star = Group((
    ...     Statement("a", ("a",), {(("star", "conv"),): True, (("star", "corr"),): False}),
    ...     Statement("b", ("b",), {(("star", "conv"),): False, (("star", "corr"),): True}),
    ... ))
    >>> star.most, [one.name for one in star.clash]
    (1, ['a', 'b'])
    """

    statements: tuple[Statement, ...]

    @cached_property
    def options(self) -> dict[str, tuple[str, ...]]:
        """The options of each choice, in the order in which they come up."""
        found: dict[str, dict[str, None]] = {}
        for one in self.statements:
            for name, options in one.options.items():
                found.setdefault(name, {}).update(dict.fromkeys(options))
        return {name: tuple(options) for name, options in found.items()}

    @cached_property
    def readings(self) -> list[dict[str, str]]:
        """Every combination of the options; empty where there are more than can be compared."""
        if prod(map(len, self.options.values())) > COMBINATIONS:
            return []
        return [dict(zip(self.options, options, strict=True)) for options in product(*self.options.values())]

    @cached_property
    def holding(self) -> list[int]:
        """How many statements hold under each reading."""
        return [sum(one.under(reading) is True for one in self.statements) for reading in self.readings]

    @property
    def most(self) -> int:
        """How many statements hold under the best reading."""
        return max(self.holding, default=0)

    @property
    def best(self) -> list[dict[str, str]]:
        """The readings under which most statements hold."""
        return [reading for reading, count in zip(self.readings, self.holding, strict=True) if count == self.most]

    def most_with(self, name: str, option: str) -> int:
        """How many statements hold with this option, the other choices made as well as possible."""
        counted = zip(self.readings, self.holding, strict=True)
        return max((count for reading, count in counted if reading[name] == option), default=0)

    @cached_property
    def common(self) -> list[dict[str, str]]:
        """The readings under which all statements hold."""
        return [reading for reading in self.readings if all(one.under(reading) is True for one in self.statements)]

    @cached_property
    def possible(self) -> list[dict[str, str]]:
        """The readings under which no statement is known to fail."""
        return [reading for reading in self.readings if all(one.under(reading) is not False for one in self.statements)]

    @cached_property
    def clash(self) -> tuple[Statement, ...]:
        """A smallest set of statements of which one fails under every reading; empty if there is none."""
        if not self.readings or self.possible:
            return ()
        masks = [sum((one.under(r) is False) << n for n, r in enumerate(self.readings)) for one in self.statements]
        return tuple(self.statements[number] for number in smallest_cover(masks, len(self.readings)))


@dataclass(frozen=True)
class Readings:
    """What the verdicts of a document say about its choices: the statements that hold under every reading, those that
    hold under none, and the others in groups."""

    document: str
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    always: tuple[Statement, ...] = ()
    never: tuple[Statement, ...] = ()
    groups: tuple[Group, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.options)

    @property
    def total(self) -> int:
        """How many statements leave a choice open."""
        return len(self.always) + len(self.never) + sum(len(group.statements) for group in self.groups)

    @property
    def most(self) -> int:
        """How many of them hold under the best reading of the whole document."""
        return len(self.always) + sum(group.most for group in self.groups)

    @property
    def best(self) -> list[dict[str, str]]:
        """The readings of the whole document under which most statements hold; choices on which nothing depends are
        left out. At most `COMBINATIONS` of them."""
        several = product(*(group.best for group in self.groups))
        return [{k: v for part in parts for k, v in part.items()} for parts in islice(several, COMBINATIONS)]

    @property
    def complete(self) -> bool:
        """Whether all readings were compared."""
        return all(group.readings for group in self.groups)

    @property
    def together(self) -> bool | None:
        """Whether some reading makes all statements true together, those apart that hold under none; None: not
        known."""
        if any(group.clash for group in self.groups):
            return False
        return True if all(group.common for group in self.groups) else None

    @property
    def clash(self) -> tuple[Statement, ...]:
        """A smallest set of statements that no common reading makes true; empty if there is none or none is known."""
        return min((group.clash for group in self.groups if group.clash), key=len, default=())

    @property
    def undecided(self) -> list[Statement]:
        """The statements that are undecided, or not judged, under some reading of theirs."""
        return [one for group in self.groups for one in group.statements if None in one.truth.values()]

    def as_json(self) -> dict[str, Any]:
        """The object of the `--json` output for one document."""
        return {
            "document": self.document,
            "options": {name: list(options) for name, options in self.options.items()},
            "statements": self.total,
            "hold": self.most,
            "best": self.best,
            "together": self.together,
            "clash": list(map(_named, self.clash)),
            "always": list(map(_named, self.always)),
            "never": list(map(_named, self.never)),
            "undecided": list(map(_named, self.undecided)),
            "complete": self.complete,
            "choices": list(map(_group, self.groups)),
        }


def _named(statement: Statement) -> dict[str, Any]:
    return {"statement": statement.name, "claims": list(statement.ids)}


def _group(group: Group) -> dict[str, Any]:
    options = [(name, option) for name, options in group.options.items() for option in options]
    counted = zip(group.readings, group.holding, strict=True)
    return {
        "options": {name: list(options) for name, options in group.options.items()},
        "statements": list(map(_named, group.statements)),
        "most_with": [{"reading": {name: option}, "hold": group.most_with(name, option)} for name, option in options],
        "combinations": [{"reading": reading, "hold": count} for reading, count in counted],
    }


# -- from verdicts -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Asserted:
    """A claim under one reading, and whether it holds."""

    id: str
    reading: Mapping[str, str]
    holds: bool | None


class Asserted:
    """What the claims of a document assert under each reading, taken in block by block. Of claims that leave no choice
    only the names are kept."""

    def __init__(self, document: str) -> None:
        self.document = document
        self._context = 0
        self._claims: dict[tuple[int, str], list[_Asserted]] = {}
        self._known: set[str] = set()

    def take(self, block: Block, verdicts: Iterable[Verdict]) -> None:
        """The next block, with the verdicts on its claims under every reading, as far as there are any."""
        self._context += block.kind == "given"
        if block.kind != "claim":
            return
        self._known.add(block.id)
        found: dict[Reading, list[Verdict]] = {tuple(claim.reading.items()): [] for claim in block.claims}
        for verdict in verdicts:
            found.setdefault(tuple(verdict.reading.items()), []).append(verdict)
        if any(found):
            links = len(block.claims[0].links) if block.claims else max(v.link for vs in found.values() for v in vs)
            claims = self._claims.setdefault((self._context, _assertion(block.text, self.document)), [])
            claims += [_Asserted(block.id, dict(reading), truth(links, each)) for reading, each in found.items()]

    def readings(self) -> Readings:
        """The readings of the document; false where it leaves no choice open."""
        return compared(self.document, [_statement(claims, self._known) for claims in self._claims.values()])


def readings_of(document: Document, verdicts: Iterable[Verdict]) -> Readings:
    """The readings of a document from the verdicts on its claims; false where it leaves no choice open."""
    found: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.document == document.name:
            found.setdefault(verdict.id, []).append(verdict)
    asserted = Asserted(document.name)
    for block in document.blocks:
        asserted.take(block, found.get(block.id, ()))
    return asserted.readings()


def compared(document: str, statements: Iterable[Statement]) -> Readings:
    """The readings of a document from its statements."""
    mine = [one for one in statements if one.options]
    options = Group(tuple(mine)).options

    def everywhere(one: Statement) -> bool:
        # A statement whose context offers fewer options than others do is not judged under those.
        return one.always and all(set(mine) == set(options[name]) for name, mine in one.options.items())

    always = tuple(one for one in mine if everywhere(one))
    never = tuple(one for one in mine if one.never)
    groups = linked([one for one in mine if not (everywhere(one) or one.never)])
    return Readings(document, options, always, never, tuple(groups))


def truth(links: int, verdicts: Sequence[Verdict]) -> bool | None:
    """Whether a claim of so many links holds, by the verdicts on them; None where that is not known."""
    words = [verdict.verdict for verdict in verdicts if not verdict.contradiction]
    if any(word in ("holds where", "refuted", "false") for word in words):
        return False
    return True if words.count("proved") == links else None


def _assertion(text: str, document: str) -> str:
    """What a claim's text asserts: its equation and its conditions."""
    lines = lines_by_kind(statements(lines_of(text), document))
    return "\n".join(words(part.text) for part in (lines.equation, *lines.where))


def _statement(claims: Sequence[_Asserted], known: set[str]) -> Statement:
    """The statement of claims that assert the same; a choice with one option left is none."""
    names = list(dict.fromkeys(name for claim in claims for name in claim.reading))
    left_open = [name for name in names if len({claim.reading.get(name) for claim in claims}) > 1]
    table: dict[Reading, bool | None] = {}
    for claim in claims:
        reading = tuple((name, claim.reading[name]) for name in left_open if name in claim.reading)
        # Two claims may read the same statement alike (their other choices fixed): it holds if it holds in both.
        table[reading] = both(table[reading], claim.holds) if reading in table else claim.holds
    ids = tuple(dict.fromkeys(claim.id for claim in claims))
    complete: Iterable[Reading] = product(
        *([(name, option) for option in dict.fromkeys(c.reading[name] for c in claims)] for name in left_open)
    )
    return Statement(statement_name(ids, known), ids, {reading: table.get(reading) for reading in complete})


def both(left: bool | None, right: bool | None) -> bool | None:
    """Whether both hold.

    >>> both(True, None), both(None, False)
    (None, False)
    """
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def statement_name(ids: Sequence[str], known: Iterable[str] = ()) -> str:
    """What the names of a statement's claims have in common, up to a hyphen; all of them where that is nothing, or the
    name of another claim.

    >>> statement_name(["S0-12-conv", "S0-12-corr"]), statement_name(["left", "right"])
    ('S0-12', 'left / right')
    """
    if len(ids) == 1:
        return ids[0]
    parts = [name.split("-") for name in ids]
    common = []
    for column in zip(*parts, strict=False):
        if len(set(column)) > 1:
            break
        common.append(column[0])
    name = "-".join(common)
    return " / ".join(ids) if not name or (name in set(known) and name not in ids) else name


def linked(statements: Sequence[Statement]) -> list[Group]:
    """The statements in groups that share no choice."""
    groups: list[tuple[set[str], list[Statement]]] = []
    for one in statements:
        mine = [group for group in groups if group[0] & set(one.options)]
        groups = [group for group in groups if group not in mine]
        names = set(one.options).union(*(group[0] for group in mine))
        groups.append((names, [other for group in mine for other in group[1]] + [one]))
    place = {id(one): number for number, one in enumerate(statements)}
    ordered = [tuple(sorted(members, key=lambda one: place[id(one)])) for _, members in groups]
    ordered.sort(key=lambda members: place[id(members[0])])
    return [Group(members) for members in ordered]


# -- the smallest clash ------------------------------------------------------------------------------------------------


def smallest_cover(masks: Sequence[int], size: int) -> list[int]:
    """The numbers of a smallest set of masks that together have all `size` bits; empty if all of them have not.

    Past the limit on the search it is a set of which none can be left out.

    >>> smallest_cover([0b011, 0b110, 0b100, 0b101], 3)
    [0, 1]
    """
    full = (1 << size) - 1
    together = 0
    for mask in masks:
        together |= mask
    if together != full:
        return []
    useful = [
        number
        for number, mask in enumerate(masks)
        if mask and not any(_stands_for(other, at, mask, number) for at, other in enumerate(masks))
    ]
    steps = iter(range(SEARCH))
    for count in range(1, len(useful) + 1):
        try:
            found = _cover(masks, useful, full, count, steps)
        except StopIteration:
            break
        if found is not None:
            return sorted(found)
    return _irreducible(masks, useful, full)


def _stands_for(other: int, at: int, mask: int, number: int) -> bool:
    """Whether another mask has all bits of this one and more, or the same and comes first."""
    return mask | other == other and (mask != other or at < number)


def _cover(masks: Sequence[int], useful: Sequence[int], missing: int, count: int, steps: Iterator[int]) -> Any:
    if not missing:
        return []
    if not count:
        return None
    lowest = missing & -missing  # some mask must have this bit
    for number in useful:
        if masks[number] & lowest:
            next(steps)
            rest = _cover(masks, useful, missing & ~masks[number], count - 1, steps)
            if rest is not None:
                return [number, *rest]
    return None


def _irreducible(masks: Sequence[int], useful: Sequence[int], full: int) -> list[int]:
    kept = list(useful)
    for number in reversed(useful):
        together = 0
        for other in kept:
            together |= masks[other] if other != number else 0
        if together == full:
            kept.remove(number)
    return kept
