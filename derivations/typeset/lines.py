r"""Lines of a derivation on the page: long formulas broken at the signs where a person breaks them.

The law kept here: breaking changes no formula. What stood in one line stands in the lines together, in the same order,
with brackets of one size where they reach over a line's end.

What it cannot see: how wide a page is. Widths are estimates; they err on the wide side.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from derivations.formulas.names import GREEK, name_to_latex

LINE = 76  # estimated characters of mathematics that fill a line beside the relation
HEAD = 20  # left sides wider than this stand on a line of their own, so that the relations are not pushed out

_GROUP = r"\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}"
_SUM = re.compile(rf"\\sum_{_GROUP}(?:\^{_GROUP})?")
_FRACTION = re.compile(rf"\\frac{_GROUP}{_GROUP}")
_SMALL = re.compile(r"[_^]\{([\w\s,+-]*)\}")  # indices; words and floors in a subscript are hardly narrower
_SIGNS = re.compile(r"\\(circ|oslash|otimes|ast|star|circledast|cdot|le|ge|neq)\b| [-+=<>] ")
_SILENT = re.compile(r"\\(operatorname|mathrm|mathbf|mathit|text|left|right|bigl|bigr)")


def width(latex: str) -> int:
    r"""About how many characters wide a formula prints: a sign with its spaces counts three, a command one, braces
    none; of what stands one above the other, the wider counts.

    >>> width("a + b"), width(r"\frac{H - m}{s}"), width(r"\sum_{i=0}^{n - 1} x_{i}")
    (5, 5, 7)
    """
    plain = latex
    for stacked in (_SUM, _FRACTION):
        while match := stacked.search(plain):
            widest = max(width(part or "") for part in match.groups())
            plain = f"{plain[: match.start()]}{'x' * max(2, widest)}{plain[match.end() :]}"
    while match := _SMALL.search(plain):
        plain = f"{plain[: match.start()]}{'x' * round(0.8 * width(match[1]))}{plain[match.end() :]}"
    plain = _SILENT.sub("", plain)
    plain = _SIGNS.sub("ooo", plain)
    plain = re.sub(r"\\qquad", "xxxx", plain)
    plain = re.sub(r"\\[A-Za-z]+|\\[,;! ]", "x", plain)
    return len(re.sub(r"[{}_^\s]", "", plain))


def rows(head: str, formula: str, rule: str) -> list[str]:
    """The rows of an align for head = formula: one, or more where it is long; the rule stands at the last."""
    if width(head) > HEAD:
        return [f"&{line}" if number == 0 else rf"&\qquad {line}" for number, line in enumerate(broken(head, LINE))] + (
            rows("", formula, rule)
        )
    parts = broken(formula, LINE - width(head))
    lines = [f"{head} &= {parts[0]}", *(f"&\\quad {part}" for part in parts[1:])]
    return [*lines[:-1], f"{lines[-1]} {rule}"]


# where a formula may break: before these signs, outside of braces; the first kind rather than the second
_BREAK = re.compile(r" (?=\+ |- |\\circ |\\cdot |\\ast_|\\star_|\\circledast_|\\otimes |\\oslash |\\qquad )")
_LATE = re.compile(r" (?=\\,|\\mathrm\{d\}|\\operatorname|\\sum|\\frac|\\bigl)")
_AFTER_SUM = re.compile(rf"\\sum_{_GROUP}(?:\^{_GROUP})?$")


def broken(formula: str, room: int) -> list[str]:
    """A formula in parts of at most this width where it can be broken, at the outermost sign that fills most
    of a line.

    Brackets that grow do not reach over a line's end, so a broken formula gets brackets of one size.

    >>> broken("a + b", 5), broken("a + b", 3)
    (['a + b'], ['a', '+ b'])
    """
    if width(formula) <= room:
        return [formula]
    formula = re.sub(r"\\left(?=[(\[\\|])", r"\\bigl", formula)
    formula = re.sub(r"\\right(?=[)\]\\|])", r"\\bigr", formula)
    found = [(rank, place, width(formula[:place])) for rank, place in _places(formula)]
    fitting = [(rank, place) for rank, place, filled in found if room // 4 <= filled <= room]
    if fitting:
        _, place = min(fitting, key=lambda each: (each[0], -each[1]))
    elif found:
        short = [place for _, place, filled in found if filled <= room]
        place = max(short) if short else min(place for _, place, _ in found)
    else:
        return [formula]
    return [formula[:place], *broken(formula[place + 1 :].removeprefix(r"\qquad "), room)]


def _places(formula: str) -> Iterator[tuple[int, int]]:
    """(rank, place) of every possible break: outer ones first, before a sign rather than before a word, and not
    between a sum and its terms."""
    braces = brackets = 0
    for place, letter in enumerate(formula):
        if letter in "{}" and formula[place - 1 : place] != "\\":
            braces += 1 if letter == "{" else -1
        brackets += (letter in "([") - (letter in ")]")
        if braces or letter != " " or not place:
            continue
        if _BREAK.match(formula, place):
            yield 2 * brackets, place
        elif _LATE.match(formula, place) or formula[place - 2 : place] == ",\\":
            inside_sum = bool(_AFTER_SUM.search(formula[:place]))
            yield 2 * brackets + (9 if inside_sum else 1), place


# -- the names of rules ----------------------------------------------------------------------------

_MATHEMATICS = re.compile(r"(?<=definition of )(?P<name>\w+)|(?<= and )(?P<other>\w+)|\$(?P<formula>[^$]*)\$")


def rule_parts(rule: str) -> Iterator[tuple[str, bool]]:
    """A rule's name in parts, each with whether it is mathematics: names after `definition of`, and what stands between
    dollar signs.

    >>> list(rule_parts("definition of delta, linearity"))
    [('definition of ', False), ('\\\\delta', True), (', linearity', False)]
    """
    end = 0
    for match in _MATHEMATICS.finditer(rule):
        name = match["name"] or match["other"]
        if name and not _is_name(name):
            continue
        yield rule[end : match.start()].replace("_", " "), False
        yield match["formula"] or name_to_latex(name), True
        end = match.end()
    if rule[end:]:
        yield rule[end:].replace("_", " "), False


def _is_name(part: str) -> bool:
    """A name after `definition of`, in difference to words such as `the pooling` or `up`."""
    return len(part) == 1 or part in GREEK or "_" in part or part[-1].isdigit()


def plain_rule(rule: str) -> str:
    """A rule's name without the signs around its mathematics.

    >>> plain_rule("substitution $x = i + p$")
    'substitution x = i + p'
    """
    return rule.replace("$", "")


def rule_as_text(rule: str) -> str:
    """A rule's name as LaTeX text."""
    return "".join(f"${part}$" if mathematics else part for part, mathematics in rule_parts(rule))


def rule_as_column(rule: str) -> str:
    """A rule's name inside of mathematics."""
    return "".join(
        part if mathematics else rf"\text{{{part}}}" for part, mathematics in rule_parts(rule) if part
    )


def rule_lines(rule: str, room: int) -> list[str]:
    """A rule's name in lines of about the same width, at most this where it can be broken between its words.

    >>> rule_lines("definition of the pooling", 15)
    ['definition of the', 'pooling']
    """
    length = len(plain_rule(rule))
    room = min(room, 4 + length // -(-length // room))
    lines = [""]
    for word in re.findall(r"(?:\$[^$]*\$|\S)+", rule):
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and len(longer) > room and not lines[-1].endswith("definition of"):
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
