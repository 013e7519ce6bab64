r"""Breaks long formulas into lines, at relations first, then at the signs of a sum or product that stand
outermost.

Why an estimate and not TeX: the same lines serve the page and the browser. What is still too wide on the page
is shrunk there by `\display` (see `document.py`), so that nothing passes the margin.
"""

from __future__ import annotations

import re

LINE = 66  # average letters of mathematics in a line of the page
_NAMED = re.compile(r"\\(?:operatorname|mathrm|mathit|text|mathbf)\{([^{}]*)\}")
_SILENT = re.compile(r"\\(?:left|right|displaystyle|!|,|;|:)|[{}]|\\begin\{\w+\}|\\end\{\w+\}")
_COMMAND = re.compile(r"\\[A-Za-z]+|\\.")
_OPENING, _CLOSING = ("{", "(", "[", r"\begin", r"\left"), ("}", ")", "]", r"\end", r"\right")
_TOKENS = re.compile(r"\\begin|\\end|\\left|\\right|\\[A-Za-z]+|\\.|\s+|.", re.DOTALL)
_BREAKS = (r"+", "-", r"\circ", r"\land", r"\lor", r"\ast", r"\star", r"\cdot")


def width(latex: str) -> float:
    r"""About how many letters wide a formula is.

    >>> width(r"\operatorname{Tr}(a)"), width("x_{i}")
    (5.0, 1.7)
    """
    if r"\begin{pmatrix}" in latex:
        latex = re.sub(r"\\begin\{pmatrix\}(.*?)\\end\{pmatrix\}", lambda m: _widest_row(m[1]), latex, flags=re.DOTALL)
    latex = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", lambda m: max(m[1], m[2], key=len), latex)
    small = sum(width(m[1]) for m in re.finditer(r"[_^]\{([^{}]*)\}", latex))
    plain = re.sub(r"[_^]\{[^{}]*\}", "", latex)
    plain = _NAMED.sub(lambda m: "x" * len(m[1]), plain)
    plain = _COMMAND.sub("x", _SILENT.sub("", plain))
    signs = len(re.findall(r"[=+<>-]", plain))
    return len(re.sub(r"[\s&^_]", "", plain)) + signs + 0.7 * small


def _widest_row(content: str) -> str:
    rows = content.split(r"\\")
    return "(" + max((row.replace("&", "xx") for row in rows), key=len) + ")"


def outermost(latex: str) -> list[str]:
    r"""A formula cut before each outermost sign at which a line may begin.

    >>> outermost(r"a + f(b + c) \circ d")
    ['a ', '+ f(b + c) ', '\\circ d']
    """
    parts, current, depth = [], "", 0
    for match in _TOKENS.finditer(latex):
        token = match[0]
        after_right = current.endswith((r"\left", r"\right"))
        if token in _OPENING and not after_right:
            depth += 1
        elif token in _CLOSING and not after_right:
            depth -= 1
        if token in _BREAKS and depth == 0 and current.strip():
            parts.append(current)
            current = ""
        current += token
    return [*parts, current]


def fold(latex: str, room: float = LINE) -> list[str]:
    """A formula as lines that each have room, as far as its outermost signs allow."""
    lines = [""]
    for part in outermost(latex):
        if lines[-1].strip() and width(lines[-1] + part) > room:
            lines.append("")
        lines[-1] += part
    return [line.strip() for line in lines]


def equation(left: str, rights: list[str], notes: list[str] | None = None) -> str:
    r"""The rows of an `aligned` for left = right = …, aligned at the relation; a note stands at the right of
    its row.

    >>> print(equation("a", ["b", "c"]))
    a &= b \\
    &= c
    """
    notes = notes or [""] * len(rights)
    room = LINE - (12 if any(notes) else 0)
    first = fold(left, room)
    together = len(first) == 1 and width(left) < 0.5 * room and width(left) + width(rights[0]) + 3 <= room
    indent = together and all(width(left) + width(right) + 3 <= room for right in rights)
    rows = [] if indent else [rf"&{line}" if n == 0 else rf"&\qquad {line}" for n, line in enumerate(first)]
    for number, (right, note) in enumerate(zip(rights, notes, strict=True)):
        start = f"{left} &= " if indent and number == 0 else "&= " if indent else r"&\quad = "
        lines = [right] if indent else fold(right, room - 6)
        mark = rf" &&\text{{{note}}}" if note else ""
        rows.append(start + lines[0] + mark)
        rows += [rf"&\qquad\qquad {line}" for line in lines[1:]]
    return " \\\\\n".join(rows)
