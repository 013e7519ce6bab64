"""Contexts of which everything is known are not read: what is said of a document is the same as when all is read."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from derivations.judgement.judge import exists_everywhere
from derivations.language.block import Block
from derivations.language.blocks import blocks

GIVENS = (
    "```given\ndims n\ntensor x[n]\n```\n",
    "```given\ndims n, m where m <= n\ntensor x[n], k[m]\ny = corr(x, k)\n```\n",
    "```given\ndims n\ntensor x[n\n```\n",
    "```given\ndims n, m\ntensor x[n], k[m]\ny = corr(x, k, valid)\n```\n",  # does not exist for all sizes
    "```given continue\ntensor v[n]\n```\n",
    "```given continue\ntensor x[n]\n```\n",  # declared twice, mostly
    "```given continue\ntensor v[n]\nread above\n```\n",  # there is no formula above
    "```given\n\n```\n",
)
OTHERS = (
    "```claim {}\nx == 2*x\n```\n",
    "```claim {}\nx == v\n```\n",
    "```claim {}\ny == y\nexpect proved\n```\n",
    "```claim {}\nx ==\n```\n",
    "```remark {}\nTaste.\n```\n",
    "```claims {}\nx == x\n```\n",  # almost a block
    "Prose.\n",
    "```notation\nX is x\n```\n",
)
DOCUMENTS = st.lists(st.sampled_from([*GIVENS, *OTHERS, OTHERS[0], OTHERS[0]]), max_size=9)


def text_of(parts: list[str]) -> str:
    return "\n".join(part.format(f"c{number}") for number, part in enumerate(parts))


def said(found: list[Block]) -> list[Any]:
    """What a run shows of blocks: each with its place, whether it is judged or why not, and its errors."""
    return [
        (
            block.kind, block.id, block.first, block.key, bool(block.claims) or block.known is not None,
            block.refused, [str(error) for error in block.errors],
        )
        for block in found
    ]  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(DOCUMENTS, st.sets(st.integers(0, 8)))
@example([GIVENS[0], OTHERS[0], GIVENS[4], OTHERS[1], OTHERS[0], GIVENS[2], OTHERS[0]], {1, 4})
@example([GIVENS[0], OTHERS[0], GIVENS[6], OTHERS[0]], {1})
@example([GIVENS[0], GIVENS[4], OTHERS[0], OTHERS[5], OTHERS[1]], {2})
@example([GIVENS[1], GIVENS[5], OTHERS[0], GIVENS[3]], {2})
@example([GIVENS[0], GIVENS[5], GIVENS[4], OTHERS[0]], set())
def test_what_is_known_changes_nothing(parts: list[str], known: set[int]) -> None:
    """For every document and every set of claims that is known, the blocks, the refusals and the errors are those of a
    reading of everything."""
    text = text_of(parts)
    whole = list(blocks(text, "a.md", exists_everywhere))
    keys = {block.key for block in whole if block.claims and int(block.id[1:]) in known}
    recalled = list(blocks(text, "a.md", exists_everywhere, lambda key: () if key in keys else None))
    assert said(recalled) == said(whole)


def test_a_known_context_is_not_read() -> None:
    """Where all claims of a context are known, whether something in it exists is not even asked."""
    text = text_of([GIVENS[1], OTHERS[0], OTHERS[2]])
    keys = {block.key for block in blocks(text, "a.md", exists_everywhere) if block.claims}
    assert len(keys) == 2

    def never(*_: object) -> str | None:
        raise AssertionError

    found = list(blocks(text, "a.md", never, lambda key: () if key in keys else None))
    assert [block.known for block in found if block.kind == "claim"] == [(), ()]
