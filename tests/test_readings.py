"""Readings: what is said about a document as a whole is what counting over all its readings gives."""

from __future__ import annotations

from itertools import combinations, pairwise, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.batch.run import judge_claim
from derivations.judgement.readings import Statement, compared, readings_of, smallest_cover, statement_name
from derivations.judgement.results import Results
from derivations.judgement.verdict import Verdict
from derivations.language.document import Document
from derivations.show.readings_text import sentences
from derivations.show.report.statements import readings_text

OPTIONS = {"star": ("conv", "corr"), "mode": ("valid", "full", "same"), "down": ("sum_pool", "mean_pool")}
Table = list[tuple[tuple[str, ...], list[bool | None]]]


def statements(tables: Table) -> list[Statement]:
    """Statements from the choices that each uses and its truth under their combinations."""
    found = []
    for number, (names, values) in enumerate(tables):
        readings = product(*([(name, option) for option in OPTIONS[name]] for name in names))
        found.append(Statement(f"s{number}", (f"s{number}",), dict(zip(readings, values, strict=True))))
    return found


@st.composite
def truth_tables(draw: Any) -> Table:
    """Up to seven statements with up to three choices; shrinks towards few statements of one choice that hold."""
    found = []
    for _ in range(draw(st.integers(1, 7))):
        names = tuple(sorted(draw(st.sets(st.sampled_from(sorted(OPTIONS)), min_size=1, max_size=3))))
        size = len(list(product(*(OPTIONS[name] for name in names))))
        found.append((names, draw(st.lists(st.sampled_from([True, False, False, None]), min_size=size, max_size=size))))
    return found


def every_reading(tables: Table) -> list[dict[str, str]]:
    """All combinations of all choices."""
    used = list(dict.fromkeys(name for names, _ in tables for name in names))
    return [dict(zip(used, each, strict=True)) for each in product(*(OPTIONS[name] for name in used))]


@settings(max_examples=300, deadline=None)
@given(truth_tables())
def test_the_best_reading_is_that_of_counting(tables: Table) -> None:
    """Over all combinations of all choices, the most statements that hold and the readings under which they do."""
    mine = statements(tables)
    found = compared("notes.md", mine)
    readings = every_reading(tables)
    counts = [sum(one.under(reading) is True for one in mine) for reading in readings]
    assert found.total == len(mine)
    assert found.most == max(counts)
    best = [reading for reading, count in zip(readings, counts, strict=True) if count == max(counts)]
    kept = {name for group in found.groups for name in group.options}
    shorter = {tuple(sorted((k, v) for k, v in reading.items() if k in kept)) for reading in best}
    assert {tuple(sorted(reading.items())) for reading in found.best} == shorter
    for name in kept:
        for option in OPTIONS[name]:
            [group] = [group for group in found.groups if name in group.options]
            fixed = [r for r in readings if r[name] == option]
            in_group = [sum(one.under(r) is True for one in group.statements) for r in fixed]
            assert group.most_with(name, option) == max(in_group)


@settings(max_examples=300, deadline=None)
@given(truth_tables())
def test_one_reading_for_all_or_the_smallest_clash(tables: Table) -> None:
    """Some reading makes all statements true that are true under any, or a set of least size fails under each, or it
    is not known; by trying all readings and all sets."""
    mine = statements(tables)
    found = compared("notes.md", mine)
    able = [one for one in mine if not all(value is False for value in one.truth.values())]
    readings = every_reading(tables)

    def fails(some: Any) -> bool:
        return all(any(one.under(reading) is False for one in some) for reading in readings)

    common = any(all(one.under(reading) is True for one in able) for reading in readings)
    assert {one.name for one in found.never} == {one.name for one in mine if one not in able}
    assert found.together == (True if common else False if fails(able) else None)
    if found.together is False:
        smallest = next(k for k in range(1, len(able) + 1) if any(map(fails, combinations(able, k))))
        assert len(found.clash) == smallest
        assert fails(found.clash)
    else:
        assert found.clash == ()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 255), max_size=9))
def test_the_smallest_cover_is_smallest(masks: list[int]) -> None:
    """No fewer masks have all bits together; none are given where all of them have not."""
    found = smallest_cover(masks, 8)

    def covers(numbers: Any) -> bool:
        together = 0
        for number in numbers:
            together |= masks[number]
        return together == 255

    if not covers(range(len(masks))):
        assert found == []
        return
    assert covers(found)
    assert not any(covers(some) for some in combinations(range(len(masks)), len(found) - 1))


def test_past_the_limit_the_cover_is_irreducible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the search for the smallest set is given up, none of the set given can be left out."""
    monkeypatch.setattr("derivations.judgement.readings.SEARCH", 0)
    masks = [0b1110, 0b0111, 0b1001, 0b0001]
    found = smallest_cover(masks, 4)
    assert found
    for left_out in found:
        assert (0b1111 & ~sum({1 << n for k in found if k != left_out for n in range(4) if masks[k] >> n & 1})) != 0


def test_too_many_combinations_are_not_compared() -> None:
    """Thirteen linked choices are too many to compare; it is said, and no reading is called the best."""
    names = [f"c{k}" for k in range(13)]
    chain = [
        Statement(f"{p}{q}", (p,), {((p, a), (q, b)): a != b for a in "xy" for b in "xy"})
        for p, q in pairwise(names)
    ]
    found = compared("notes.md", chain)
    assert (found.complete, found.together, found.clash) == (False, None, ())
    assert any("too many" in sentence for sentence in sentences(found))


def test_many_independent_choices_are_compared() -> None:
    """Forty choices of which no statement links two are forty small questions."""
    free = [Statement(f"s{k}", (f"s{k}",), {((f"c{k}", o),): o == "x" for o in "xy"}) for k in range(40)]
    found = compared("notes.md", free)
    assert (found.most, found.together) == (40, True)
    assert found.best == [{f"c{k}": "x" for k in range(40)}]


@given(truth_tables())
def test_the_sentences_name_what_the_record_has(tables: Table) -> None:
    """The best count, every statement of the clash and every one that never holds stand in the sentences."""
    found = compared("notes.md", statements(tables))
    text = "\n".join(sentences(found))
    if found.groups:
        assert f": {found.most} of {found.total}." in text
    for one in (*found.clash, *found.never):
        assert one.name in text


# -- from documents ----------------------------------------------------------------------------------------------------

NOTES = """
```given
dims m, n where m <= n
tensor x[n], k[m]
choose star in conv, corr
```

```claim turned
star(x, rot180(k)) == corr(x, k)
```

```claim size
shape(star(x, k))[0] == n - m + 1
```

```claim doubled
star(x, k) == 2*star(x, k)
```

```claim written-conv
star(x, k) == conv(x, k)
reading star = conv
```

```claim written-corr
star(x, k) == conv(x, k)
reading star = corr
expect holds where m == 1
```

```claim one-reading
star(x, k) == 3*corr(x, k)
reading star = corr
```

```given
dims m, n where m <= n
tensor x[n], k[m]
choose star in conv, corr
```

```claim plain
star(x, k) == corr(x, k)
```
"""


def verdicts(document: Document) -> list[Verdict]:
    """The judge's verdicts."""
    return [verdict for claim in document.claims for verdict in judge_claim(claim)]


@pytest.fixture(scope="module")
def judged() -> tuple[Document, list[Verdict]]:
    document = Document.parse(NOTES, "notes.md")
    return document, verdicts(document)


def names(some: Any) -> list[str]:
    return [one.name for one in some]


def test_a_document_as_a_whole(judged: tuple[Document, list[Verdict]]) -> None:
    """A choice of one name is one choice in all contexts; readings written as claims of their own are one statement; a
    claim with one reading has no choice."""
    found = readings_of(*judged)
    assert names(found.always) == ["size"]
    assert names(found.never) == ["doubled"]
    assert [names(group.statements) for group in found.groups] == [["turned", "written", "plain"]]
    assert (found.most, found.total, found.best) == (3, 5, [{"star": "conv"}])
    assert found.together is False
    assert names(found.clash) == ["turned", "plain"]
    [group] = found.as_json()["choices"]
    assert group["combinations"] == [
        {"reading": {"star": "conv"}, "hold": 2},
        {"reading": {"star": "corr"}, "hold": 1},
    ]


def test_expectations_play_no_part(judged: tuple[Document, list[Verdict]]) -> None:
    """Without its expect lines the document has the same readings."""
    document = Document.parse("\n".join(x for x in NOTES.split("\n") if not x.startswith("expect")), "notes.md")
    assert readings_of(document, judged[1]) == readings_of(*judged)


def test_what_was_not_judged_is_not_known(judged: tuple[Document, list[Verdict]]) -> None:
    """Without the verdict of one reading, no clash is claimed that needs it, and no reading is said to fit all."""
    document, all_verdicts = judged
    partial = [v for v in all_verdicts if not (v.id == "plain" and v.reading == {"star": "conv"})]
    found = readings_of(document, partial)
    assert (found.together, found.clash) == (None, ())
    assert names(found.undecided) == ["plain"]


def test_a_document_without_choices_has_none() -> None:
    """Where nothing is chosen, nothing is said."""
    document = Document.parse("```given\ndims n\n```\n```claim a\nn == n\n```\n", "notes.md")
    found = readings_of(document, verdicts(document))
    assert not found
    assert readings_text(found) == ""


def test_a_run_carries_them(judged: tuple[Document, list[Verdict]]) -> None:
    """The object of --json has the readings of each document that has choices; claim by claim as before."""
    document, all_verdicts = judged
    results = Results(verdicts=all_verdicts)
    results.readings.append(readings_of(document, all_verdicts))
    record = results.as_json()
    assert [one["document"] for one in record["readings"]] == ["notes.md"]
    assert record["readings"][0]["clash"] == [
        {"statement": "turned", "claims": ["turned"]},
        {"statement": "plain", "claims": ["plain"]},
    ]
    assert "`star = conv`" in readings_text(results.readings[0])


@pytest.mark.parametrize(
    ("ids", "known", "name"),
    [
        (["S0-12-conv", "S0-12-corr"], (), "S0-12"),
        (["S0-12-conv", "S0-12-corr"], ("S0-12",), "S0-12-conv / S0-12-corr"),
        (["conv", "corr"], (), "conv / corr"),
        (["a", "a-corr"], ("a", "a-corr"), "a"),
    ],
)
def test_a_statement_has_the_name_that_its_claims_share(ids: list[str], known: tuple[str, ...], name: str) -> None:
    """Common parts up to a hyphen, unless another claim has that name."""
    assert statement_name(ids, known) == name


def test_of_two_clashes_the_smaller_is_named() -> None:
    """Where independent choices clash, the set named is a smallest of all."""

    def only(name: str, choice: str, *options: str) -> Statement:
        return Statement(name, (name,), {((choice, o),): o in options for o in OPTIONS[choice]})

    three = [only("a", "mode", "valid", "full"), only("b", "mode", "full", "same"), only("c", "mode", "valid", "same")]
    two = [only("d", "star", "conv"), only("e", "star", "corr")]
    assert names(compared("notes.md", three).clash) == ["a", "b", "c"]
    assert names(compared("notes.md", [*three, *two]).clash) == ["d", "e"]
