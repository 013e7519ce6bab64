"""Regions of sizes, which a verdict carries in the claim language, as formulas."""

from __future__ import annotations

import re

from derivations.typeset.formulas import to_latex

_NOT_SIZES = {"and", "or", "not", "min", "max", "floor", "ceil"}


def region_to_latex(region: str) -> str:
    r"""The region as LaTeX; empty where the text is not a condition between sizes.

    >>> print(region_to_latex("m == 1, n == 1"))
    m = 1,\ n = 1
    """
    from derivations.language.document import parse_context
    from derivations.language.errors import InputError

    names = sorted(set(re.findall(r"[A-Za-z_]\w*", region)) - _NOT_SIZES)
    if not names:
        return ""
    try:
        contexts = parse_context(f"dims {', '.join(names)} where {region}")
    except InputError:
        return ""
    return r",\ ".join(to_latex(condition) for condition in contexts[0][1].conditions)
