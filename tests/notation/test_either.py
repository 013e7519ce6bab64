r"""`\odot binds either`: where an author's notation leaves open how a sign binds, each claim is judged under both."""

from __future__ import annotations

import pytest

from derivations.judgement.judge import judge
from derivations.language.document import Document
from derivations.language.errors import InputError, InputErrors
from derivations.language.survey import survey

HEAD = r"""```given
dims n
tensor A[n, n], B[n, n], C[n, n], D[n, n]
h = A.T @ (B * C)
```

```notation
{notation}
```

$$ {formula} $$

```claim c
read above
```
"""


def document(formula: str, notation: str = r"\odot binds either") -> Document:
    return Document.parse(HEAD.replace("{notation}", notation).replace("{formula}", formula), "n.md")


def test_each_way_to_bind_is_judged() -> None:
    """Both readings are claims, named by the sign and how it binds; one is true, the other is not."""
    found = document(r"h = A^T B \odot C")
    read = {tuple(claim.reading.items()): (claim.text, judge(claim)[0].verdict) for claim in found.claims}
    assert read == {
        (("\\odot", "tighter"),): ("h == A.T @ (B * C)", "proved"),
        (("\\odot", "weaker"),): ("h == A.T @ B * C", "holds where"),
    }


@pytest.mark.parametrize("formula", [r"A \odot B = B \odot A", r"A B = A B", r"h = A^T (B \odot C)"])
def test_where_the_ways_agree_there_is_one_claim(formula: str) -> None:
    """A choice that does not matter to a formula is none."""
    (claim,) = document(formula).claims
    assert claim.reading == {}


def test_signs_are_open_by_themselves() -> None:
    """Two signs that bind either way give each combination that matters; how one binds may be said besides."""
    formula = r"A \odot B C = C \circ A^T B"
    both = document(formula, "\\odot binds either\n\\circ binds either")
    assert [tuple(claim.reading.values()) for claim in both.claims] == [
        ("tighter", "tighter"),
        ("tighter", "weaker"),
        ("weaker", "tighter"),
        ("weaker", "weaker"),
    ]
    assert len({claim.text for claim in both.claims}) == 4
    one = document(formula, "\\odot binds either\n\\circ binds tighter")
    assert [claim.reading for claim in one.claims] == [{"\\odot": "tighter"}, {"\\odot": "weaker"}]


@pytest.mark.parametrize(
    ("formula", "notation"),
    [
        (r"h = A B \odot C D", r"\odot binds either"),  # ((AB) ∘ C) D is neither way
        (r"h = A^T B \odot C", r"\circ binds either"),  # another sign
        (r"h = A^T B \odot C", r"B is B"),
    ],
)
def test_what_no_convention_settles_is_refused(formula: str, notation: str) -> None:
    """A way to bind that is neither of both is not left out in silence: the formula is refused."""
    with pytest.raises((InputError, InputErrors), match="this can be read as"):
        document(formula, notation)


def test_a_definition_has_one_meaning() -> None:
    """What a context declares is read in one way or not at all."""
    text = "```notation\nh is h\n\\odot binds either\n```\n\n$$ h = A^T B \\odot C $$\n\n```given\ndims n\n"
    with pytest.raises((InputError, InputErrors), match="this can be read as"):
        Document.parse(text + "tensor A[n, n], B[n, n], C[n, n]\nread above\n```\n", "n.md")


def test_the_dry_run_shows_each_reading() -> None:
    """Both readings stand in it."""
    text = HEAD.replace("{notation}", r"\odot binds either").replace("{formula}", r"h = A^T B \odot C")
    (found,) = survey(text, "n.md").formulas
    assert found.reading == "h == A.T @ (B * C)   or   h == A.T @ B * C"


def test_no_more_signs_may_be_open_than_a_context_has_readings() -> None:
    """The seventh line is an error with its place."""
    signs = [r"\odot", r"\circ", r"\ast", r"\star", r"\otimes", r"\bullet", r"\cdot"]
    with pytest.raises((InputError, InputErrors), match="more than 6 operators bind either way"):
        document("A = B", "\n".join(f"{sign} binds either" for sign in signs))
