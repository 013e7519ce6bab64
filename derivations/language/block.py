"""A block of a document, as everything that walks over documents hands it on. A plain record: what it holds of formulas
was made elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from derivations.language.errors import InputError
from derivations.language.markdown import Fence
from derivations.language.remarks import Refused, Remark, Source

if TYPE_CHECKING:
    from derivations.formulas.claims import Claim, Context
    from derivations.language.given import Given
    from derivations.notation.profile import Profile


@dataclass(frozen=True)
class Block:
    """A stretch of the document: kind is prose, given, notation, claim, remark, or broken where an error stands in
    it; `source` is its Markdown as it stands, `text` its content without the fences; first and last line count from 1.

    `key` is the digest of a claim with its context, blanks and comments apart, `line` that of its equation, `read_from`
    the formula that it was read from; where somebody knows what becomes of a claim, that is `known`, and no more is
    read of it.
    """

    kind: str
    source: str
    text: str
    first: int
    last: int
    id: str = ""
    claims: tuple[Claim, ...] = ()
    remark: Remark | None = None
    refused: Refused | None = None
    document: str = ""
    line: int = 0
    key: str = ""
    known: tuple[Any, ...] | None = None
    read_from: Source | None = None
    contexts: tuple[tuple[Mapping[str, str], Context], ...] = ()
    given: Given | None = None
    errors: tuple[InputError, ...] = ()
    profile: Profile | None = None


Recall = Callable[[str], tuple[Any, ...] | None]
Wanted = Callable[[Fence], bool]
