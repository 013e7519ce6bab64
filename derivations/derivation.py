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
from derivations.expressions import Expression
from derivations.latex import name_to_latex, to_latex
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
        return "not judged" if self.verdict is None else f"not proved: {self.verdict.verdict}"


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
        """An align* of all steps, rules at the right, or below where the line is long."""
        rows: list[str] = []
        previous: Expression | None = None
        for step in self.steps:
            head = to_latex(step.left) if step.left != previous else ""
            rows += _latex_rows(head, to_latex(step.right), _latex_rule(step))
            previous = step.right
        body = " \\\\\n".join(rows)
        return f"\\begin{{{environment}}}\n{body}\n\\end{{{environment}}}"

    def to_numpy(self) -> str:
        """The source of a NumPy function of the gradient, checked against `numeric/` before it is returned.

        Raises NotChecked where the check fails, NoRule where a part has no NumPy form.
        """
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


PAGE = 62  # estimated characters of mathematics that leave room for a rule beside them
LINE = 92  # and that fill the line


def _width(latex: str) -> int:
    """How wide a formula prints, roughly: commands count one character, braces and positions none."""
    plain = re.sub(r"\\(operatorname|mathrm|mathbf|mathit|text|left|right)", "", latex)
    plain = re.sub(r"\\frac\{([^{}]*)\}\{[^{}]*\}", r"\1", plain)
    plain = re.sub(r"\\[A-Za-z]+|\\[,;! ]", "x", plain)
    return len(re.sub(r"[{}_^\s]", "", plain))


def _latex_rule(step: DerivationStep) -> str:
    remark = f" ({step.remark})" if step.remark else ""
    text = re.sub(r"(definition of |linearity of )(\w+)", _named_rule, step.rule + remark)
    return rf"\text{{{text}}}".replace(r"\text{}", "")


def _named_rule(match: re.Match[str]) -> str:
    """The name in a rule's name, set as in the formulas."""
    if match[1].startswith("linearity"):
        return match[0].replace("_", "-")
    return rf"{match[1]}}}{name_to_latex(match[2])}\text{{"


def _latex_rows(head: str, formula: str, rule: str) -> list[str]:
    if _width(head) > 30:
        return [f"{head} \\hspace{{-6em}}&", *_latex_rows("", formula, rule)]
    if _width(head) + _width(formula) <= PAGE:
        return [f"{head} &= {formula} && {rule}"]
    return [f"{head} &= {part}" if number == 0 else f"&\\qquad {part}"
            for number, part in enumerate(_broken(formula))] + [f"&&& {rule}"]  # fmt: skip


def _broken(formula: str) -> list[str]:
    """A formula in parts of at most a line, broken before a sign outside of all braces and parentheses."""
    if _width(formula) <= LINE:
        return [formula]
    depth, best = 0, -1
    for place, letter in enumerate(formula):
        depth += letter in "{([" or 0
        depth -= letter in "})]" or 0
        sign = formula.startswith((" + ", " - "), place)
        if sign and depth == 0 and _width(formula[:place]) <= LINE:
            best = place
    if best < 0:
        return [formula]
    return [formula[:best], *_broken(formula[best + 1 :])]
