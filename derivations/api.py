"""The claim language from Python: contexts, documents and tables of verdicts for notebooks and scripts.

The law kept here: nothing is decided here. Text goes to `language/`, claims to `judge.py`, derivations to
`tactic.py`; this module gives the results names and a display.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from derivations.entries.matrices import as_explicit
from derivations.formulas.claims import Claim, Context
from derivations.formulas.expressions import (
    FACE,
    Definition,
    Differential,
    Elementwise,
    Expression,
    Grad,
    Jacobian,
    SizeTuple,
    expression,
)
from derivations.formulas.integers import integer_symbol
from derivations.formulas.names import name_to_latex
from derivations.judgement.readings import Readings
from derivations.judgement.verdict import Verdict
from derivations.language.remarks import Remark
from derivations.show import notebook
from derivations.typeset.formulas import to_latex

FACE.latex, FACE.entries = to_latex, as_explicit  # how formulas show themselves in notebooks
notebook.install()  # and verdicts, witnesses, readings

# -- words that are no operators -------------------------------------------------------------------


def grad(of: Any, wrt: Expression) -> Expression:
    """The tensor of ∂of/∂wrt, of the shape of wrt: of is a scalar formula, wrt a name.

    >>> ctx = given("dims m, n\\ntensor W[m, n], x[n]\\nz = W @ x\\nloss J(z)")
    >>> grad(ctx.J, ctx.W).shape
    (m, n)
    """
    return Grad(expression(of), wrt)


def jacobian(of: Any, wrt: Expression) -> Expression:
    """∂vec(of)/∂vec(wrt), a matrix of as many rows as `of` has entries and as many columns as `wrt` has, both with the
    first axis fastest.

    >>> ctx = given("dims m, n\\ntensor W[m, n], x[n]")
    >>> jacobian(ctx.W @ ctx.x, ctx.x).shape
    (m, n)
    """
    return Jacobian(expression(of), wrt)


def d(of: Any, wrt: Expression | None = None) -> Expression:
    """The differential of a formula, of its shape; with wrt, only that name varies.

    >>> ctx = given("dims n\\ntensor x[n]")
    >>> ctx.judge(d(ctx.x * ctx.x), 2 * ctx.x * d(ctx.x)).verdict
    'proved'
    """
    return Differential(expression(of)) if wrt is None else Differential(expression(of), wrt)


def shape(of: Expression) -> Expression:
    """The shape of a formula as a tuple of integers, to be compared in a claim.

    >>> ctx = given("dims m, n\\ntensor A[m, n]")
    >>> ctx.judge("shape(A.T) == (n, m)").verdict
    'proved'
    """
    return SizeTuple.of_shape(of)


class ElementwiseFunction:
    """An arbitrary elementwise function of a context: `f(z)`; its derivative is `f.prime(z)`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, z: Any) -> Expression:
        return Elementwise(self.name, 0, expression(z))

    def prime(self, z: Any) -> Expression:
        """f'(z)."""
        return Elementwise(self.name, 1, expression(z))

    def __repr__(self) -> str:
        return f"function {self.name}"


# -- contexts --------------------------------------------------------------------------------------


class Given:
    """A context: its names are attributes, `judge` judges a claim in it, `derive` derives a gradient."""

    def __init__(self, context: Context, reading: Mapping[str, str] | None = None) -> None:
        self.context = context
        self.reading = dict(reading or {})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "context":
            raise AttributeError(name)
        found = self._named(name)
        if found is None:
            names = ", ".join(self._names())
            raise AttributeError(f"the context has no {name}: its names are {names}")
        return found

    def __getitem__(self, name: str) -> Any:
        """A name that is also a method of this object, such as `judge`, or any other."""
        found = self._named(name)
        if found is None:
            raise KeyError(name)
        return found

    def _named(self, name: str) -> Any:
        context = self.context
        if name in context.names:
            return context.names[name]
        if name in context.abbreviations:
            return context.abbreviations[name]
        if name in context.functions:
            return ElementwiseFunction(name)
        return integer_symbol(name) if name in {dim.name for dim in context.dims} else None

    def _names(self) -> list[str]:
        context = self.context
        return [*(dim.name for dim in context.dims), *context.abbreviations, *context.names, *context.functions]

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._names()})

    def parse(self, text: str) -> Expression:
        """The formula that a text is in this context; raises InputError.

        >>> given("dims m, n\\ntensor A[m, n]").parse("A @ A.T").shape
        (m, m)
        """
        from derivations.language.document import parse_expression

        return parse_expression(text, self.context, self.reading)

    def claim(self, text: str | Expression, right: Expression | None = None, where: str | Sequence[str] = ()) -> Claim:
        """The claim of a text, or of two formulas, with conditions; raises InputError.

        >>> len(given("dims n\\ntensor x[n]").claim("x + x == 2*x == x*2", where="n > 1").links)
        2
        """
        from derivations.language.document import parse_claim

        if isinstance(text, Expression):
            if right is None:
                raise TypeError("judge takes the text of a claim, or the two sides: judge(left, right)")
            text = f"{text} == {right}"
        conditions = [where] if isinstance(where, str) else list(where)
        lines = [text, *(f"where {condition}" for condition in conditions)]
        return parse_claim("\n".join(lines), self.context, self.reading)

    def judge(
        self,
        text: str | Expression,
        right: Expression | None = None,
        where: str | Sequence[str] = (),
        steps: bool = True,
        repair: bool = True,
    ) -> Any:
        """The verdict of an equation, with the steps of its derivation; of a chain, the table of its links.

        where: conditions in claim syntax. steps: False leaves the derivation out, repair: False the nearest true
        formulas of what is false. Raises InputError.

        >>> ctx = given("dims n\\ntensor x[n]")
        >>> ctx.judge("rot180(rot180(x)) == x").verdict
        'proved'
        """
        from derivations.judgement.judge import judge

        claim = self.claim(text, right, where)
        verdicts = _typeset(claim, judge(claim))
        if steps:
            verdicts = [_with_steps(claim, verdict) for verdict in verdicts]
        if repair:
            from derivations.repair.search import with_repair

            verdicts = [with_repair(claim, verdict) for verdict in verdicts]
        verdicts = [notebook.about(claim, verdict) for verdict in verdicts]
        return verdicts[0] if len(verdicts) == 1 else Verdicts(verdicts)

    def derive(self, of: str | Expression, wrt: str | Expression) -> Any:
        """The derivation of ∇_wrt of a loss or formula, step by step; raises what `derive` raises.

        >>> given("dims m, n\\ntensor W[m, n], x[n]\\nz = W @ x\\nloss J(z)").derive("J", "x").proved
        True
        """
        from derivations.steps.tactic import derive

        return derive(self, of, wrt)

    def __repr__(self) -> str:
        from derivations.formulas.text import context_to_text

        return context_to_text(self.context)

    def _repr_html_(self) -> str:
        from derivations.show.notebook import context_html

        return context_html(self.context, self.reading)

    def _repr_latex_(self) -> str:
        rows = []
        for name, node in self.context.names.items():
            right = to_latex(node.body, self.context.origin) if isinstance(node, Definition) else None
            if right is not None:
                rows.append(f"{name_to_latex(name)} &= {right}")
        body = r" \\ ".join(rows)
        return rf"$\displaystyle \begin{{aligned}} {body} \end{{aligned}}$" if rows else ""


def given(text: str, **reading: str) -> Given:
    """The context of a `given` block, without its fences; raises InputError for what is wrong with it.

    Where the text leaves a choice (`choose star in conv, corr`), keyword arguments make it: given(text,
    star="conv").

    >>> given("dims n\\ntensor x[n]").x.shape
    (n,)
    """
    from derivations.judgement.judge import exists_everywhere
    from derivations.language.document import parse_context

    contexts = parse_context(text, "given", exists_everywhere)
    fitting = [pair for pair in contexts if all(pair[0].get(name) == option for name, option in reading.items())]
    if len(fitting) == 1:
        return Given(fitting[0][1], fitting[0][0])
    choices = "; ".join(", ".join(f"{name}={option!r}" for name, option in pair[0].items()) for pair in contexts)
    problem = "leaves a choice" if fitting else "has no such reading"
    raise ValueError(f"the context {problem}: give one of {choices}")


def _typeset(claim: Claim, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts with their statements in LaTeX."""
    links = claim.links
    origin = claim.context.origin
    return [v if v.latex else replace(v, latex=to_latex(links[v.link - 1], origin)) for v in verdicts]


def _with_steps(claim: Claim, verdict: Verdict) -> Verdict:
    """The verdict with the derivation of a gradient that stands on one side, if the tables of rules reach."""
    from derivations.steps.narration import narrated

    return narrated(claim, verdict)


# -- verdicts --------------------------------------------------------------------------------------


class Verdicts(Sequence[Verdict]):
    """A table of verdicts, displayed typeset; `readings` says which reading fits a document with choices."""

    def __init__(
        self, verdicts: Sequence[Verdict], remarks: Sequence[Remark] = (), readings: Readings | None = None
    ) -> None:
        self.verdicts, self.remarks, self.readings = tuple(verdicts), tuple(remarks), readings

    def __len__(self) -> int:
        return len(self.verdicts)

    def __getitem__(self, key: Any) -> Any:
        return self.verdicts[key]

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.verdicts)

    def counts(self) -> dict[str, int]:
        """How many verdicts there are of each word, and remarks.

        >>> given("dims n\\ntensor x[n]").judge("x + x == 2*x == x*2").counts()
        {'proved': 2}
        """
        counts: dict[str, int] = {}
        for verdict in self.verdicts:
            counts[verdict.verdict] = counts.get(verdict.verdict, 0) + 1
        return counts | ({"remarks": len(self.remarks)} if self.remarks else {})

    def __repr__(self) -> str:
        rows = [(_name(verdict), _word(verdict), verdict.statement) for verdict in self.verdicts]
        widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
        lines = [f"{name:<{widths[0]}}  {word:<{widths[1]}}  {text}" for name, word, text in rows]
        return "\n".join([*lines, ", ".join(f"{count} {word}" for word, count in self.counts().items()), *self._said()])

    def _said(self) -> list[str]:
        from derivations.show.readings_text import sentences

        return list(sentences(self.readings)) if self.readings else []

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(_name(v))}</td><td style='text-align:left'>{_formula(v)}</td>"
            f"<td style='text-align:left'>{html.escape(_word(v))}{_note(v)}</td></tr>"
            for v in self.verdicts
        )
        head = "<tr><th>claim</th><th>statement</th><th>verdict</th></tr>"
        summary = ", ".join(f"{count} {word}" for word, count in self.counts().items())
        said = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in self._said())
        return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table><p>{html.escape(summary)}</p>{said}"


def _name(verdict: Verdict) -> str:
    reading = ", ".join(f"{name} = {option}" for name, option in verdict.reading.items())
    link = f" link {verdict.link}" if verdict.link > 1 else ""
    return f"{verdict.id}{link}" + (f" [{reading}]" if reading else "")


def _word(verdict: Verdict) -> str:
    return verdict.verdict + (f" {verdict.holds_where}" if verdict.holds_where else "")


def _formula(verdict: Verdict) -> str:
    return f"$\\displaystyle {verdict.latex}$" if verdict.latex else f"<code>{html.escape(verdict.statement)}</code>"


def _note(verdict: Verdict) -> str:
    """The counterexample, in short."""
    witness = verdict.witness
    if witness is None:
        return f"<br><small>{html.escape(verdict.reason)}</small>" if verdict.reason else ""
    sizes = ", ".join(f"{name} = {value}" for name, value in witness.sizes.items())
    if witness.index is not None:
        found = f"entry {witness.index}: {witness.left} against {witness.right}"
    else:
        found = f"shapes {witness.left_shape} and {witness.right_shape}"
    return f"<br><small>{html.escape(f'at {sizes}: {found}')}</small>"


# -- documents -------------------------------------------------------------------------------------


class Document:
    """A document with its claims; `verify` judges them all."""

    def __init__(self, parsed: Any) -> None:
        self._parsed = parsed

    @classmethod
    def read(cls, path: str | Path) -> Document:
        """The document in a file; raises InputError for whatever is wrong with it, OSError where it cannot be read.

        >>> from derivations.batch.run import shipped_documents
        >>> len(Document.read(shipped_documents()[2]).claims) > 20
        True
        """
        from derivations.judgement.judge import exists_everywhere
        from derivations.language.document import Document as Parsed

        return cls(Parsed.read(path, exists_everywhere))

    @classmethod
    def parse(cls, text: str, name: str = "document") -> Document:
        """The document that a text is; raises InputError.

        >>> text = "```given\\ndims n\\ntensor x[n]\\n```\\n```claim twice\\nx + x == 2*x\\n```"
        >>> [claim.id for claim in Document.parse(text).claims]
        ['twice']
        """
        from derivations.judgement.judge import exists_everywhere
        from derivations.language.document import Document as Parsed

        return cls(Parsed.parse(text, name, exists_everywhere))

    @property
    def name(self) -> str:
        """The file's name as it was given."""
        return str(self._parsed.name)

    @property
    def claims(self) -> list[Claim]:
        """All claims in their order, one for each reading."""
        return list(self._parsed.claims)

    @property
    def remarks(self) -> list[Remark]:
        """All remarks in their order."""
        return list(self._parsed.remarks)

    def given(self, block: int = 0, **reading: str) -> Given:
        """The context of given block number `block`, from 0; of several readings, the one that is named."""
        contexts = self._parsed.contexts[block]
        for found, context in contexts:
            if all(found.get(name) == option for name, option in reading.items()):
                return Given(context, found)
        raise ValueError(f"no reading of this block has {reading}")

    def verify(self) -> Verdicts:
        """The verdicts of all claims, and what they say about the readings of an ambiguous notation.

        >>> text = "```given\\ndims m, n where m <= n\\ntensor x[n], k[m]\\nchoose star in conv, corr\\n```\\n"
        >>> notes = Document.parse(text + "```claim turned\\nstar(x, rot180(k)) == corr(x, k)\\n```\\n")
        >>> notes.verify().readings.best
        [{'star': 'conv'}]
        """
        from derivations.judgement.judge import judge
        from derivations.judgement.readings import readings_of

        found = [notebook.about(c, verdict) for c in self.claims for verdict in _typeset(c, judge(c))]
        return Verdicts(found, self.remarks, readings_of(self._parsed, found))

    def __repr__(self) -> str:
        return f"{self.name}: {len(self.claims)} claims, {len(self.remarks)} remarks"
