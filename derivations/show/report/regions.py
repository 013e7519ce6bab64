"""Regions of sizes, which a verdict carries in the claim language, as formulas."""

from __future__ import annotations

import re

from derivations.language.document import parse_context
from derivations.language.errors import InputError
from derivations.typeset.formulas import to_latex

_NOT_SIZES = {"and", "or", "not", "min", "max", "floor", "ceil"}


def names_of(region: str) -> list[str]:
    """The sizes that a region is about.

    >>> names_of("m == 1 and n % 2 == 0")
    ['m', 'n']
    """
    return sorted(set(re.findall(r"[^\W\d]\w*", region)) - _NOT_SIZES)


def region_to_latex(region: str) -> list[str]:
    r"""The conditions of a region as LaTeX; none where the text is not a condition between sizes.

    >>> region_to_latex("m == 1, n == 1")
    ['m = 1', 'n = 1']
    """
    names = names_of(region)
    if not names:
        return []
    try:
        contexts = parse_context(f"dims {', '.join(names)} where {region}")
    except InputError:
        return []
    return [to_latex(condition) for condition in contexts[0][1].conditions]
