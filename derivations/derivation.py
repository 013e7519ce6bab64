"""A derivation: the record of its steps, their judgement, and how it is shown.

The law kept here: what is shown says of each step whether the kernel proved it. A step that was not judged,
or was not proved, is never printed as proved.

What it cannot see: how wide a page is; long lines are broken by an estimate of their width.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from derivations.claims import Claim, Context, Link
from derivations.expressions import ByIndex, Expression, Grad
from derivations.latex import GREEK, name_to_latex, to_latex
from derivations.verdict import Step, Verdict

Judge = Callable[..., Verdict]


@dataclass(frozen=True)
class DerivationStep:
    """One equation with the name of its rule, and its verdict once it is judged."""

    left: Expression
    right: Expression
    rule: str
    verdict: Verdict | None = None

    @property
    def proved(self) -> bool:
        """Whether the kernel proved this step for all sizes."""
        return self.verdict is not None and self.verdict.verdict == "proved"

    @property
    def remark(self) -> str:
        """What is said beside a step that is not proved."""
        if self.proved:
            return ""
        return "not judged" if self.verdict is None else "not proved"


def judge_equation(context: Context, left: Expression, right: Expression, numeric: bool = False) -> Verdict:
    """The kernel's verdict on left == right in a context; with `numeric`, joined with the numeric
    evidence."""
    from derivations.judge import judge_link

    text = f"{left} == {right}"
    link = Link(left, right, (), text)
    claim = Claim(id="step", document="derivation", line=0, context=context, links=(link,), text=text)
    return judge_link(claim, 1, numeric=numeric)


@dataclass(frozen=True)
class Derivation:
    """Steps from the differential of `of` to its gradient by `wrt`, which is `result`."""

    context: Context
    of: Expression
    wrt: Any
    steps: tuple[DerivationStep, ...]
    result: Expression

    @property
    def proved(self) -> bool:
        """Every step is proved."""
        return all(step.proved for step in self.steps)

    def judged(self, judge: Judge | None = None) -> Derivation:
        """The same with every step judged by the kernel."""
        judge = judge or judge_equation
        steps = [replace(step, verdict=judge(self.context, step.left, step.right)) for step in self.steps]
        return replace(self, steps=tuple(steps))

    def proof_steps(self) -> tuple[Step, ...]:
        """The steps in the form that a verdict carries."""
        return tuple(
            Step(
                f"{_text(step.left)} == {_text(step.right)}",
                f"{to_latex(step.left)} = {to_latex(step.right)}",
                step.rule,
                step.proved,
            )
            for step in self.steps
        )

    # -- display

    def to_text(self) -> str:
        """One line a step: the relation, the formula, the rule."""
        rows: list[tuple[str, str]] = []
        previous: Expression | None = None
        for step in self.steps:
            if step.left != previous:
                rows.append((_text(step.left), ""))
            rule = step.rule + (f" ({step.remark})" if step.remark else "")
            rows.append((f"  = {_text(step.right)}", rule))
            previous = step.right
        width = min(max(len(formula) for formula, _ in rows), 84)
        return "\n".join(f"{formula:<{width}}  {rule}".rstrip() for formula, rule in rows)

    def to_latex(self, environment: str = "align*") -> str:
        """An align* of all steps, aligned at the relation, rules at the right margin; long lines are broken.

        In `align*` the rules are tags, which LaTeX sets below where a line leaves no room; other
        environments have no tags, there the rules are a column.
        """
        tags = environment == "align*"
        rows: list[str] = []
        previous: Expression | None = None
        for step in self.steps:
            head = to_latex(step.left) if step.left != previous else ""
            head, formula = _by_entries(step) or (head, to_latex(step.right))
            rows += _latex_rows(head, formula, _latex_rule(step, tags))
            previous = step.right
        body = " \\\\\n".join(rows)
        return f"\\begin{{{environment}}}\n{body}\n\\end{{{environment}}}"

    def to_numpy(self) -> str:
        """The source of a NumPy function of the gradient, compared with `numeric/` before it is returned."""
        from derivations.numpy_code import numpy_function

        return numpy_function(self)

    def _repr_latex_(self) -> str:
        return "$\\displaystyle " + self.to_latex("aligned") + "$"

    def __str__(self) -> str:
        return self.to_text()

    __repr__ = __str__  # in a notebook and at a prompt: the steps, not the record

    def as_json(self) -> dict[str, Any]:
        """The derivation as plain data, formulas in the claim language."""
        return {
            "of": _text(self.of),
            "wrt": _text(self.wrt),
            "result": _text(self.result),
            "proved": self.proved,
            "steps": [
                {
                    "left": _text(step.left),
                    "right": _text(step.right),
                    "rule": step.rule,
                    "verdict": step.verdict.verdict if step.verdict else None,
                }
                for step in self.steps
            ],
        }


def _text(node: Expression) -> str:
    return str(node)


LINE = 78  # estimated characters of mathematics that fill a line beside the relation
HEAD = 20  # left sides wider than this stand on a line of their own, so that the relations are not pushed out


def _width(latex: str) -> int:
    """How wide a formula prints, roughly: a sign with its spaces counts three characters, a command
    one, braces none."""
    plain = re.sub(r"\\frac\{([^{}]*)\}\{[^{}]*\}", r"\1", latex)
    plain = re.sub(r"\\(operatorname|mathrm|mathbf|mathit|text|left|right|bigl|bigr)", "", plain)
    plain = re.sub(r"\\(circ|oslash|otimes|ast|star|circledast|cdot)\b| [-+] ", "ooo", plain)
    plain = re.sub(r"\\[A-Za-z]+|\\[,;! ]", "x", plain)
    return len(re.sub(r"[{}_^\s]", "", plain))


def _by_entries(step: DerivationStep) -> tuple[str, str] | None:
    """A gradient that is given by its entries is read off by its entries: (∇_k J)_{d,c} = ..., 0 ≤ d < D."""
    if not isinstance(step.left, Grad) or not isinstance(step.right, ByIndex):
        return None
    indices = ", ".join(to_latex(part.index) for part in step.right.ranges)
    ranges = [rf"0 \le {to_latex(part.index)} < {to_latex(part.high + 1)}" for part in step.right.ranges]
    where = r",\ ".join(ranges)
    return rf"({to_latex(step.left)})_{{{indices}}}", rf"{to_latex(step.right.body)} \qquad ({where})"


def _latex_rule(step: DerivationStep, tag: bool) -> str:
    """The rule with the names in it set as in the formulas: as a tag (which is text), or as a column."""
    remark = f" ({step.remark})" if step.remark else ""
    parts = re.split(r"(?<=definition of )(\w+)|(?<=substitution )([^,]*?)(?=,| in |$)", step.rule + remark)
    parts = [part for part in parts if part]
    names = [_is_name(part) or " = " in part for part in parts]
    if tag:
        text = "".join(f"${_set(p)}$" if named else p for p, named in zip(parts, names, strict=True))
        return rf"\tag*{{{text.replace('_', ' ')}}}" if not any(names) else rf"\tag*{{{text}}}"
    column = "".join(
        _set(p) if named else rf"\text{{{p.replace('_', ' ')}}}" for p, named in zip(parts, names, strict=True) if p
    )
    return f"&& {column}"


def _set(part: str) -> str:
    """A name, or a substitution such as x = s i + p, which is mathematics as it stands."""
    return part if " = " in part else name_to_latex(part)


def _is_name(part: str) -> bool:
    """A name after `definition of`, in difference to words such as `the pooling` or `up`."""
    return bool(re.fullmatch(r"\w+", part)) and (len(part) == 1 or part in GREEK or "_" in part or part[-1].isdigit())


def _latex_rows(head: str, formula: str, rule: str) -> list[str]:
    if _width(head) > HEAD:
        return [f"&{head}", *_latex_rows("", formula, rule)]
    parts = broken(formula, LINE - _width(head))
    rows = [f"{head} &= {parts[0]}", *(f"&\\quad {part}" for part in parts[1:])]
    return [*rows[:-1], f"{rows[-1]} {rule}"]


# where a formula may break: before these signs, outside of braces
_BREAK = re.compile(r" (?=\+ |- |\\circ |\\cdot |\\ast_|\\star_|\\circledast_|\\otimes |\\oslash )")
_LATE = re.compile(r" (?=\\,|\\mathrm\{d\}|\\operatorname)")


def broken(formula: str, width: int) -> list[str]:
    """A formula in parts of at most this width where it can be broken, at the outermost sign that fills most
    of a line.

    Brackets that grow do not reach over a line's end, so a broken formula gets brackets of one size.

    >>> broken("a + b", 5), broken("a + b", 3)
    (['a + b'], ['a', '+ b'])
    """
    if _width(formula) <= width:
        return [formula]
    formula = re.sub(r"\\left(?=[(\[\\|])", r"\\bigl", formula)
    formula = re.sub(r"\\right(?=[)\]\\|])", r"\\bigr", formula)
    places = [(depth, place) for depth, place in _places(formula) if width // 4 <= _width(formula[:place]) <= width]
    if not places:
        return [formula]
    _, place = min(places, key=lambda each: (each[0], -each[1]))
    return [formula[:place], *broken(formula[place + 1 :], width)]


def _places(formula: str) -> list[tuple[int, int]]:
    """(rank, place) of every possible break: outer ones first, before a sign rather than before a word."""
    found = []
    braces = brackets = 0
    for place, letter in enumerate(formula):
        if letter in "{}" and formula[place - 1 : place] != "\\":
            braces += 1 if letter == "{" else -1
        brackets += (letter in "([") - (letter in ")]")
        if braces == 0 and letter == " ":
            if _BREAK.match(formula, place):
                found.append((2 * brackets, place))
            elif _LATE.match(formula, place):
                found.append((2 * brackets + 1, place))
    return found
