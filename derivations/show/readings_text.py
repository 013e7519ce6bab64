"""What the verdicts say about a document's readings, in sentences: one text for the terminal, the report and Python.

Law: a pure function of the record; `code` sets a reading off from the sentence, as each place does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from derivations.judgement.readings import Group, Readings, Statement

Code = Callable[[str], str]
SHOWN = 4  # readings named in one sentence; the JSON has all of them


def sentences(found: Readings, code: Code = str) -> Iterator[str]:
    """How many statements hold under which reading, whether one reading fits all, which statements clash."""
    yield _overview(found)
    if not found.complete:
        yield "There are too many combinations of readings to compare."
        return
    for group in found.groups:
        yield _counts(group, code)
    if found.groups:
        yield f"Most hold under {_best(found, code)}: {found.most} of {found.total}."
        yield _together(found, code)
    if found.never:
        yield f"Under no reading: {', '.join(one.name for one in found.never)}."


def _overview(found: Readings) -> str:
    kinds = {
        "every reading": len(found.always),
        "some readings only": found.total - len(found.always) - len(found.never),
        "no reading": len(found.never),
    }
    met = {which: count for which, count in kinds.items() if count}
    parts = [f"{count} under {which}" for which, count in met.items()] if len(met) > 1 else [f"under {next(iter(met))}"]
    head = "1 statement leaves" if found.total == 1 else f"{found.total} statements leave"
    return f"{head} {_and(list(found.options))} open; true {_and(parts)}."


def _counts(group: Group, code: Code) -> str:
    size = len(group.statements)
    if size == 1:
        return f"{group.statements[0].name} holds under {_under(group.statements[0], code)}."
    counted = [
        (group.most_with(name, option), code(f"{name} = {option}"))
        for name, options in group.options.items()
        for option in options
    ]
    (first, which), *others = counted
    best = "" if len(group.options) == 1 else " at best"
    hold = "holds" if first == 1 else "hold"
    parts = [f"{first} {hold}{best} with {which}", *(f"{count} with {other}" for count, other in others)]
    return f"Of the {size} that depend on {_and(list(group.options))}, {', '.join(parts)}."


def _best(found: Readings, code: Code) -> str:
    return _and([_or(group.best, code) for group in found.groups])


def _together(found: Readings, code: Code) -> str:
    others = "all that hold under some reading" if found.never else "all of them"
    if found.together:
        common = _and([_or(group.common, code) for group in found.groups])
        return f"{others[0].upper()}{others[1:]} are true together under {common}."
    if found.together is None:
        names = _and([one.name for one in found.undecided[:SHOWN]])
        return f"Whether one reading makes {others} true together is open: it depends on {names}."
    clash = [f"{one.name} (true under {_under(one, code)})" for one in found.clash]
    return f"No one reading makes {others} true: {_and(clash)} clash."


def _under(statement: Statement, code: Code) -> str:
    """The readings under which a statement holds."""
    return _or([dict(reading) for reading, value in statement.truth.items() if value is True], code) or "none"


def _or(readings: Sequence[Mapping[str, str]], code: Code) -> str:
    """`down = mean_pool or max_pool`; of readings with several choices, one after the other."""
    differing = [k for k in (readings[0] if readings else {}) if len({reading.get(k) for reading in readings}) > 1]
    if len(differing) == 1 and len(readings[0]) == 1:
        return code(f"{differing[0]} = {' or '.join(reading[differing[0]] for reading in readings)}")
    shown = [code(", ".join(f"{k} = {v}" for k, v in reading.items())) for reading in readings[:SHOWN]]
    return " or ".join(shown) + (f" or {len(readings) - SHOWN} more" if len(readings) > SHOWN else "")


def _and(parts: Sequence[str]) -> str:
    return " and ".join(parts) if len(parts) < 3 else ", ".join(parts[:-1]) + " and " + parts[-1]
