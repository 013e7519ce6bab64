"""A derivation: the record of its steps, their judgement, and how it is shown.

The law kept here: what is shown says of each step whether the kernel proved it. A step that was not judged,
or was not proved, is never printed as proved.

What it cannot see: how wide a page is; long lines are broken by an estimate of their width.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from derivations.formulas.claims import Claim, Context, Free, Link
from derivations.formulas.expressions import ByIndex, Definition, Expression, Grad
from derivations.formulas.names import name_to_latex
from derivations.judgement.judge import judge_link
from derivations.judgement.verdict import Short, Step, Verdict
from derivations.language.document import parse_context, parse_expression
from derivations.operators.row import Lemma
from derivations.steps.lemmas import used
from derivations.steps.numpy_code import numpy_function
from derivations.typeset.formulas import to_latex
from derivations.typeset.integers import binding, counted_from, range_to_latex
from derivations.typeset.lines import plain_rule, rows, rule_as_column, rule_as_text

Judge = Callable[..., Verdict]


@dataclass(frozen=True)
class DerivationStep:
    """One equation with the name of its rule, and its verdict once it is judged.

    lemmas: the names of the lemmas behind the rule. free: indices for all of whose values the equation is meant.
    """

    left: Expression
    right: Expression
    rule: str
    verdict: Verdict | None = None
    lemmas: tuple[str, ...] = ()
    free: tuple[Free, ...] = ()

    @property
    def proved(self) -> bool:
        """Whether the kernel proved this step for all sizes."""
        return self.verdict is not None and self.verdict.verdict == "proved"

    @property
    def remark(self) -> str:
        """What is said beside a step that is not proved."""
        if self.verdict is None:
            return "not judged"
        return "" if self.proved else "not proved"

    @property
    def why(self) -> str:
        """What the verdict on a step that is not proved says."""
        if self.verdict is None or self.proved:
            return ""
        return self.verdict.reason or " ".join(filter(None, [self.verdict.verdict, self.verdict.holds_where]))


def judge_equation(
    context: Context, left: Expression, right: Expression, free: tuple[Free, ...] = (), numeric: bool = False
) -> Verdict:
    """The kernel's verdict on left == right in a context, for all values of the free indices; with `numeric`, joined
    with the numeric evidence."""
    text = f"{left} == {right}"
    link = Link(left, right, free, text)
    claim = Claim(id="step", document="derivation", line=0, context=context, links=(link,), text=text)
    return judge_link(claim, 1, numeric=numeric)


@dataclass(frozen=True)
class Derivation:
    """Steps from the differential of `of` to its gradient by `wrt`, which is `result`; `named` are the sub-terms that
    its lines call by a name; `short` is the reader's version of a long one, whose `complete` are all steps with the
    same names."""

    context: Context
    of: Expression
    wrt: Any
    steps: tuple[DerivationStep, ...]
    result: Expression
    named: tuple[Definition, ...] = ()
    short: Derivation | None = None
    complete: tuple[DerivationStep, ...] = ()

    @property
    def proved(self) -> bool:
        """Every step is proved."""
        return all(step.proved for step in self.steps)

    @property
    def axioms(self) -> tuple[str, ...]:
        """What the verdicts on the steps rest on beyond the context, each once."""
        found = [axiom for step in self.steps if step.verdict is not None for axiom in step.verdict.axioms]
        return tuple(dict.fromkeys(found))

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for what the steps use, and one for each reason why steps that were judged are not proved."""
        reasons: dict[str, list[str]] = {}
        for step in self.steps:
            if step.verdict is not None and not step.proved:
                reasons.setdefault(step.why, []).append(plain_rule(step.rule))
        notes = [f"Uses: {'; '.join(self.axioms)}."] if self.axioms else []
        for why, rules in reasons.items():
            several = "every step" if len(rules) == len(self.steps) else f"{len(rules)} steps"
            notes.append(f"Not proved: {rules[0] if len(rules) == 1 else several} ({why}).")
        return tuple(notes)

    def judged(self, judge: Judge | None = None) -> Derivation:
        """The same with every step judged by the kernel; a step that has its verdict keeps it."""
        judge = judge or judge_equation
        steps = [
            step
            if step.verdict is not None
            else replace(step, verdict=judge(self.context, step.left, step.right, step.free))
            for step in self.steps
        ]
        return replace(self, steps=tuple(steps))

    def proof_steps(self, plain: bool = True) -> tuple[Step, ...]:
        """The steps in the form that a verdict carries; not plain, their rules keep the signs around mathematics."""
        steps = []
        for step in self.steps:
            with self._counted():
                latex = f"{to_latex(step.left)} = {to_latex(step.right)}"
            rule = plain_rule(step.rule) if plain else step.rule
            steps.append(Step(f"{_text(step.left)} == {_text(step.right)}", latex, rule, step.proved))
        return tuple(steps)

    def short_steps(self) -> Short | None:
        """The reader's version in the form that a verdict carries; None where the steps are few as they are."""
        if self.short is None:
            return None
        where = [
            Step(_defined(each), " = ".join(_defined_in_latex(each, self.context.origin)), "where", True)
            for each in self.short.named
        ]
        complete = replace(self.short, steps=self.short.complete).proof_steps()
        return Short(self.short.proof_steps(), tuple(where), complete)

    def lemmas(self) -> tuple[tuple[str, Derivation], ...]:
        """The lemmas behind the rules of the steps, each with its own chain, judged by the kernel."""
        names = [name for step in self.steps for name in step.lemmas]
        return tuple((each.name, chain_of(each)) for each in used(names))

    def _counted(self) -> AbstractContextManager[None]:
        """Indices on the page start where the context says."""
        return counted_from(self.context.origin, {part.index for step in self.steps for part in step.free})

    # -- display

    def to_text(self) -> str:
        """One line a step: the relation, the formula, the rule."""
        lines: list[tuple[str, str]] = []
        previous: Expression | None = None
        for step in self.steps:
            if step.left != previous:
                lines.append((_text(step.left), ""))
            rule = plain_rule(step.rule) + (f" ({step.remark})" if step.remark else "")
            lines.append((f"  = {_text(step.right)}", rule))
            previous = step.right
        width = min(max(len(formula) for formula, _ in lines), 84)
        shown = [f"{formula:<{width}}  {rule}".rstrip() for formula, rule in lines]
        return "\n".join([*shown, *(f"where {_defined(each)}" for each in self.named)])

    def to_latex(self, environment: str = "align*") -> str:
        """An align* of all steps, aligned at the relation, rules at the right margin; long lines are broken.

        In `align*` the rules are tags, which LaTeX sets below where a line leaves no room; other
        environments have no tags, there the rules are a column.
        """
        tags = environment == "align*"
        lines: list[str] = []
        previous: Expression | None = None
        with self._counted():
            for step in self.steps:
                head = to_latex(step.left) if step.left != previous else ""
                head, formula = _by_entries(step) or (head, to_latex(step.right))
                lines += rows(head, formula, _set_rule(step, tags))
                previous = step.right
        for number, each in enumerate(self.named):
            name, formula = _defined_in_latex(each, self.context.origin)
            lines += rows(name if number else rf"\text{{where }} {name}", formula, "")
        body = " \\\\\n".join(lines)
        return f"\\begin{{{environment}}}\n{body}\n\\end{{{environment}}}"

    def to_numpy(self) -> str:
        """The source of a NumPy function of the gradient, compared with `numeric/` before it is returned, with what its
        derivation uses as comments."""
        return "\n".join([numpy_function(self), *(f"# {note}" for note in self.notes)])

    def _repr_latex_(self) -> str:
        return "$\\displaystyle " + (self.short or self).to_latex("aligned") + "$"

    def __str__(self) -> str:
        return "\n".join([(self.short or self).to_text(), *self.notes])

    __repr__ = __str__  # in a notebook and at a prompt: the steps, not the record

    def as_json(self) -> dict[str, Any]:
        """The derivation as plain data, formulas in the claim language."""
        return {
            "of": _text(self.of),
            "wrt": _text(self.wrt),
            "result": _text(self.result),
            "proved": self.proved,
            "axioms": list(self.axioms),
            "steps": [
                {
                    "left": _text(step.left),
                    "right": _text(step.right),
                    "rule": plain_rule(step.rule),
                    "verdict": step.verdict.verdict if step.verdict else None,
                    "lemmas": list(step.lemmas),
                }
                for step in self.steps
            ],
            "short": None if self.short is None else self.short.as_json()["steps"],
            "where": {each.name: _text(each.body) for each in (self.short or self).named},
        }


def chain_of(lemma: Lemma, judged: bool = True) -> Derivation:
    """A lemma as a chain of steps; judged unless told otherwise."""
    ((_, context),) = parse_context(lemma.given)
    formulas = [parse_expression(text, context) for text in (lemma.start, *(text for text, _ in lemma.lines))]
    steps = tuple(
        DerivationStep(left, right, reason)
        for left, right, (_, reason) in zip(formulas, formulas[1:], lemma.lines, strict=False)
    )
    chain = Derivation(context, formulas[0], context.names["v"], steps, formulas[-1])
    return chain.judged() if judged else chain


def _text(node: Expression) -> str:
    return str(node)


def _defined(named: Definition) -> str:
    """What a name stands for, in the claim language."""
    return f"{named.name} = {named.body}"


def _defined_in_latex(named: Definition, origin: int) -> tuple[str, str]:
    """A name with its indices, and what it stands for."""
    name = name_to_latex(named.name)
    if not isinstance(named.body, ByIndex) or named.body.body.rank:
        return name, to_latex(named.body, origin)
    indices = ", ".join(name_to_latex(part.index.name) for part in named.body.ranges)
    with counted_from(origin), binding(part.index for part in named.body.ranges):
        return f"{name}_{{{indices}}}", to_latex(named.body.body)


def _by_entries(step: DerivationStep) -> tuple[str, str] | None:
    """A gradient that is given by its entries is read off by its entries: (∇_k J)_{d,c} = ..., 0 ≤ d < D."""
    if not isinstance(step.left, Grad) or not isinstance(step.right, ByIndex):
        return None
    ranges = step.right.ranges
    indices = ", ".join(name_to_latex(part.index.name) for part in ranges)
    with binding(part.index for part in ranges):
        where = r",\ ".join(range_to_latex(part.index, part.high + 1) for part in ranges)
        return rf"({to_latex(step.left)})_{{{indices}}}", rf"{to_latex(step.right.body)} \qquad ({where})"


def _set_rule(step: DerivationStep, tag: bool) -> str:
    """The rule as a tag, which is text, or as a column of mathematics."""
    rule = step.rule + (f" ({step.remark})" if step.remark else "")
    return rf"\tag*{{{rule_as_text(rule)}}}" if tag else f"&& {rule_as_column(rule)}"
