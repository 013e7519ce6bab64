"""`gradproof prove`: reads a layer's two functions, judges every obligation and gradient, runs the code beside it.

Law: `proved` is of the reading, in every case of it, with every obligation proved; code and reading must agree wherever
they were run. A gradient is called wrong where the user's own code shows it. What is not read is said with its line.
"""

from __future__ import annotations

import ast
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from derivations.judgement.verdict import Verdict
from derivations.language.errors import InputError, Place
from derivations.reading.document import claims, context_lines, context_text, document_text
from derivations.reading.execution import (
    Agreement,
    Counterexample,
    compare,
    counterexample,
)
from derivations.reading.integers import FALSE, Cond, both, condition_text, equal, negated
from derivations.reading.kernel import Answer, Settler, ask, obligation_answer, verdicts
from derivations.reading.layers import Layer, find_layer
from derivations.reading.program import Source
from derivations.reading.reader import Gradient, Reader, Reading
from derivations.reading.records import Obligation, Refused, Split
from derivations.reading.samples import sizes_for
from derivations.reading.signature import Signature, parse_signature

CASES = 8  # of branches on sizes, joined in the verdict
DEEPEST = 20_000  # Python frames that entries of entries may take


@dataclass(frozen=True)
class Case:
    """One case of the branches on sizes: its reading, what is not proved of it, the verdicts of its gradients."""

    reading: Reading
    unproved: tuple[tuple[Obligation, Answer], ...]
    verdicts: Mapping[str, Verdict]

    @property
    def raises(self) -> bool:
        """Whether the backward function raises at all sizes of the case, as far as it is read by then."""
        for one, answer in self.unproved:
            if one.kind == "fits" and answer.word == "refuted":
                return True
            if one.storage is None and one.kind != "fits":
                return False
        return False

    @property
    def readable(self) -> frozenset[str]:
        """The arguments whose gradients rest on no obligation that is not proved."""
        open_ = [one for one, _ in self.unproved]
        if any(one.storage is None for one in open_):
            return frozenset()
        return frozenset(one.argument for one in self.reading.gradients if not set(one.rests) & set(open_))


@dataclass(frozen=True)
class GradientVerdict:
    """What is known of one gradient of the code."""

    argument: str
    word: str
    holds_where: str | None = None
    counterexample: Counterexample | None = None
    axioms: tuple[str, ...] = ()
    reason: str = ""
    statements: tuple[str, ...] = ()


@dataclass(frozen=True)
class LayerVerdict:
    """What `prove` answers."""

    forward: str
    backward: str
    gradients: tuple[GradientVerdict, ...]
    agreement: Agreement | None
    refusals: tuple[str, ...]
    cases: tuple[Case, ...] = field(repr=False, default=())
    sources: Mapping[str, str] = field(repr=False, default_factory=dict)
    seconds: float = 0.0

    @property
    def status(self) -> int:
        """The exit status: 4 the reading is not the code, 1 a gradient is wrong, 3 undecided, 0 all proved."""
        if self.agreement is not None and self.agreement.difference is not None:
            return 4
        words = {one.word for one in self.gradients}
        if words & {"holds where", "refuted", "false"}:
            return 1
        return 0 if words == {"proved"} else 3

    @property
    def word(self) -> str:
        """The whole backward function in one word."""
        if self.status == 4:
            return "misread"
        words = [one.word for one in self.gradients]
        for word in ("false", "refuted", "undecided", "holds where"):
            if word in words:
                return word
        return "proved"

    def document(self) -> str:
        """The reading as a claim document."""
        title = self.backward.rpartition("/")[2]
        readings = [(case.reading, case.readable) for case in self.cases]
        return document_text(readings, title, self._expectations(), self.sources)

    def _expectations(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for number, case in enumerate(self.cases):
            for name, verdict in case.verdicts.items():
                key = name if len(self.cases) == 1 else f"{name}-case-{number + 1}"
                if verdict.verdict != "proved":
                    found[key] = f"expect {verdict.verdict} {verdict.holds_where or ''}".strip()
        return found

    def reading_lines(self) -> list[tuple[str, str]]:
        """The reading, definition by definition, with the line of code that each comes from."""
        found: list[tuple[str, str]] = []
        for number, case in enumerate(self.cases):
            if len(self.cases) > 1:
                found.append((f"case {number + 1}", ""))
            for line in context_lines(case.reading):
                code = self.sources.get(line.path, "").splitlines()
                shown = f"{line.line}: {code[line.line - 1].strip()}" if 0 < line.line <= len(code) else ""
                found.append((line.text, shown))
            found += [(equation, "") for _, equation in claims(case.reading, case.readable)]
        return found

    def as_json(self) -> dict[str, Any]:
        """The record of `--json`."""
        agreement = self.agreement
        return {
            "schema": 1,
            "forward": self.forward,
            "backward": self.backward,
            "verdict": self.word,
            "gradients": [_gradient_json(one) for one in self.gradients],
            "reading": {"cases": len(self.cases), "refused": list(self.refusals),
                        "obligations": sum(len(case.reading.obligations) for case in self.cases),
                        "text": [context_text(case.reading) for case in self.cases]},
            "run": None if agreement is None else {
                "shapes": agreement.shapes, "exact": agreement.exact, "note": agreement.note,
                "difference": None if agreement.difference is None else {
                    "sizes": dict(agreement.difference.sizes), "what": agreement.difference.what,
                    "code": agreement.difference.code, "reading": agreement.difference.reading}},
            "seconds": round(self.seconds, 3),
            "status": self.status,
        }  # fmt: skip


def _gradient_json(one: GradientVerdict) -> dict[str, Any]:
    witness = one.counterexample
    return {
        "argument": one.argument,
        "verdict": one.word,
        "holds_where": one.holds_where,
        "witness": None if witness is None else {
            "sizes": dict(witness.sizes), "scalars": dict(witness.scalars), "index": witness.entry,
            "code": witness.code, "gradient": witness.true},
        "axioms": list(one.axioms),
        "reason": one.reason,
        "statements": list(one.statements),
    }  # fmt: skip


def prove_layer(
    forward: str, backward: str | None, given: str, run: bool = True, wanted: Sequence[str] = ()
) -> LayerVerdict:
    """The verdict on the layer whose functions are FILE.py:NAME; raises InputError for wrong input and refused code.

    given: what `--given` takes. run: compare the reading with the code by running it. wanted: the arguments whose
    gradients backward returns, in order, where their names do not say it.
    """
    start = time.perf_counter()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, DEEPEST))
    try:
        return _proved(forward, backward, given, run, wanted, start)
    finally:
        sys.setrecursionlimit(limit)


def _proved(
    forward: str, backward: str | None, given: str, run: bool, wanted: Sequence[str], start: float
) -> LayerVerdict:
    layer = find_layer(forward, backward)
    signature = completed(parse_signature(given), layer)
    try:
        readings = _read_either_way(layer, signature, wanted)
    except Refused as refused:
        shown = _shown_by_running(layer, refused, run)
        if shown is None:
            raise _error(layer, refused) from None
        wrong, ran = shown
        gradients = [GradientVerdict(one.argument, "false" if one.argument == wrong.argument else "undecided",
                                     counterexample=wrong if one.argument == wrong.argument else None)
                     for one in refused.partial.gradients]  # fmt: skip
        return LayerVerdict(forward, backward or forward, tuple(gradients), ran, (str(_error(layer, refused)),),
                            seconds=time.perf_counter() - start)  # fmt: skip
    cases = [_case(layer, reading) for reading in readings]
    agreement: Agreement | None = None
    if run:
        by_reading = {id(case.reading): None if case.raises else case.readable for case in cases}
        agreement = compare(layer, readings, lambda reading: by_reading[id(reading)])
    gradients = [_joined(layer, cases, one, run) for one in readings[0].gradients]
    gradients += [GradientVerdict(name, "undecided", reason=_of_labels(signature, name)) for name in readings[0].labels]
    refusals: dict[tuple[str, int, int, str], str] = {}
    for case in cases:
        for one, answer in case.unproved:
            place = one.path, getattr(one.node, "lineno", 0), getattr(one.node, "col_offset", 0), one.what
            refusals.setdefault(place, _refusal(layer, case.reading, one, answer))
    return LayerVerdict(
        forward, backward or forward, tuple(gradients), agreement, tuple(dict.fromkeys(refusals.values())),
        tuple(cases), {source.path: source.text for source in _sources(layer)}, time.perf_counter() - start,
    )  # fmt: skip


def _of_labels(signature: Signature, name: str) -> str:
    """Why what is returned as the gradient of labels is not judged."""
    labels = signature.labels[name]
    if labels.one_hot:
        return f'{name} is one-hot, so it cannot vary; where it is any numbers, say "{name}: sizes"'
    return f"{name} is labels, integers that have no gradient: return None for it"


def completed(signature: Signature, layer: Layer) -> Signature:
    """The signature with what forward's annotations say: Float[Array, "N C H W"] an array, int a size of its name."""
    spec = layer.forward.node.args
    parts: list[str] = []
    for one in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs):
        known = {*signature.arrays, *signature.labels, *signature.scalars,
                 *[name.partition(".")[0] for name in signature.values]}  # fmt: skip
        note = one.annotation
        if note is None or one.arg in known:
            continue
        if isinstance(note, ast.Name) and note.id == "int":
            parts.append(f"{one.arg} = {one.arg}")
        elif isinstance(note, ast.Subscript) and isinstance(note.slice, ast.Tuple):
            last = note.slice.elts[-1]
            if isinstance(last, ast.Constant) and isinstance(last.value, str):
                sizes = last.value.split()
                parts.append(f"{one.arg}: {', '.join(sizes)}" if sizes else f"{one.arg}: scalar")
    if not parts:
        return signature
    more = parse_signature("; ".join(parts), "the annotations")
    return Signature(
        {**more.arrays, **signature.arrays}, signature.labels, [*more.scalars, *signature.scalars],
        {**more.values, **signature.values},
        signature.aliases, {**more.dims, **signature.dims}, [*more.conditions, *signature.conditions],
        signature.assumed,
    )  # fmt: skip


def _sources(layer: Layer) -> list[Source]:
    found = [layer.forward.source, layer.backward.source]
    for source in list(found):
        found += [value.source for value in source.names.values() if hasattr(value, "source")]
    return list({source.path: source for source in found}.values())


def _read_either_way(layer: Layer, signature: Signature, wanted: Sequence[str]) -> list[Reading]:
    """The readings by the signature as it is written, else by its products turned; raises Refused."""
    try:
        return read_cases(layer, signature, wanted)
    except Refused:
        turned = signature.turned()
        if turned is None:
            raise
        try:
            return read_cases(layer, turned, wanted)
        except Refused:
            pass
        raise


def read_cases(layer: Layer, signature: Signature, wanted: Sequence[str] = ()) -> list[Reading]:
    """The readings of all cases of the branches on sizes; raises Refused."""
    pending: list[tuple[Cond, ...]] = [()]
    found: list[Reading] = []
    while pending:
        conditions = pending.pop(0)
        settle = Settler(signature.dims, (*signature.conditions, *conditions))
        try:
            found.append(Reader(layer, signature, conditions, settle, wanted).read())
        except Split as split:
            pending += [(*conditions, split.condition), (*conditions, negated(split.condition))]
            if len(pending) + len(found) > CASES:
                raise Refused(f"more than {CASES} cases of branches on sizes, the last at {split}",
                              "conditions in --given that settle them") from None  # fmt: skip
        except RecursionError:
            raise Refused("the formulas nest too deeply", "name intermediate arrays") from None
    return found


def _shown_by_running(layer: Layer, refused: Refused, run: bool) -> tuple[Counterexample, Agreement] | None:
    """Where backward is not read, the code may still be seen to be wrong: its gradients against those of the forward
    function, which is read and agrees with the code."""
    reading: Reading | None = refused.partial
    if reading is None or not run or not reading.gradients:
        return None
    for obligation in reading.obligations:
        if obligation_answer(reading.facts, reading.conditions, obligation).word != "proved":
            return None
    agreement = compare(layer, [reading], lambda _: frozenset())
    if agreement.difference is not None:
        return None
    found = counterexample(layer, reading, sizes_for([reading], 60), [one.argument for one in reading.gradients])
    return None if found is None else (found, agreement)


def _error(layer: Layer, refused: Refused) -> InputError:
    source: Source = refused.source or layer.backward.source
    if refused.node is None:
        return InputError(f"not read: {refused.reason}", Place(source.path), "", refused.fix)
    return source.error(refused.node, f"not read: {refused.reason}", "", refused.fix)


def _case(layer: Layer, reading: Reading) -> Case:
    """The obligations and gradients of a reading, judged."""
    unproved: list[tuple[Obligation, Answer]] = []
    forward = set(reading.obligations[: reading.forward_obligations])
    for obligation in dict.fromkeys(reading.obligations):
        answer = obligation_answer(reading.facts, reading.conditions, obligation)
        if answer.word == "proved":
            continue
        if obligation in forward:
            raise _forward_error(layer, reading, obligation, answer)
        unproved.append((obligation, answer))
    case = Case(reading, tuple(unproved), {})
    wanted = claims(reading, case.readable)
    try:
        found = verdicts(context_text(reading), wanted) if wanted and not case.raises else {}
    except InputError as error:
        raise InputError(f"the reading is no claim document: {error.message}", Place(reading.out)) from None
    return replace(case, verdicts=found)


def _source_of(layer: Layer, path: str) -> Source:
    return next((one for one in _sources(layer) if one.path == path), layer.forward.source)


def _forward_error(layer: Layer, reading: Reading, obligation: Obligation, answer: Answer) -> InputError:
    """The forward function is not read at all sizes of --given."""
    source = _source_of(layer, obligation.path)
    at = _at_sizes(reading, answer)
    of_sizes = obligation.condition.symbols <= reading.signature.dims.keys()
    known = answer.holds_where if of_sizes else None
    fix = f"add `{known}` to --given" if known else "say more of the sizes in --given"
    own = reading.conditions[len(reading.signature.conditions) :]
    if obligation.condition == FALSE and own:
        fix = f"add `{condition_text(negated(both(*own)))}` to --given"
    return source.error(obligation.node, f"not read: it is not proved that {obligation.what}{at}",
                        "" if reading_index(obligation) else condition_text(obligation.condition), fix)


def reading_index(obligation: Obligation) -> bool:
    """Whether an obligation is about indices of loops, whose names are not the code's."""
    return any("~" in symbol for symbol in obligation.condition.symbols)


def _refusal(layer: Layer, reading: Reading, obligation: Obligation, answer: Answer) -> str:
    """A sentence with the line for an obligation of the backward function that is not proved."""
    source = _source_of(layer, obligation.path)
    at = _at_sizes(reading, answer)
    what = "the code raises" if obligation.kind == "fits" and answer.word == "refuted" else "not read"
    return str(source.error(obligation.node, f"{what}: it is not proved that {obligation.what}{at}"))


def _at_sizes(reading: Reading, answer: Answer) -> str:
    """Sizes at which an obligation fails; the indices beside them are not the code's."""
    known = {name: value for name, value in (answer.sizes or {}).items() if name in reading.signature.dims}
    shown = ", ".join(f"{name} = {value}" for name, value in known.items())
    return f", as at {shown}" if shown else ""


# -- joining cases ---------------------------------------------------------------------------------


def _joined(layer: Layer, cases: Sequence[Case], gradient: Gradient, run: bool) -> GradientVerdict:
    """The verdict on one gradient over all cases."""
    name = f"d{gradient.argument.rpartition('.')[2]}"
    words: list[str] = []
    regions: list[str] = []
    axioms: dict[str, None] = {}
    reasons: list[str] = []
    statements: list[str] = []
    for case in cases:
        word, region, verdict = _in_case(case, gradient.argument, name)
        words.append(word)
        if region is not None:
            regions.append(region)
        if verdict is not None:
            axioms.update(dict.fromkeys(verdict.axioms))
            statements.append(verdict.statement)
            reasons += [verdict.reason] if verdict.reason else []
    word = _one_word(words, regions, cases)
    holds = " or ".join(f"({one})" if len(regions) > 1 else one for one in regions) if word == "holds where" else None
    witness = None
    if word != "proved" and run:
        witness = _witness(layer, cases, gradient.argument, name)
    if word == "unread" or (word == "undecided" and witness is not None):
        word = "false" if witness is not None else "undecided"
    if run and witness is None and word in ("false", "refuted", "holds where"):
        # nothing is called wrong that the user's own code does not show
        word, holds = "undecided", None
        reasons.append("the reading is refuted, but no shape was found at which the code is wrong")
    return GradientVerdict(gradient.argument, word, holds, witness, tuple(axioms), "; ".join(dict.fromkeys(reasons)),
                           tuple(dict.fromkeys(statements)))


def _in_case(case: Case, argument: str, name: str) -> tuple[str, str | None, Verdict | None]:
    """The word in one case, where it holds, and the kernel's verdict."""
    reading = case.reading
    own = reading.conditions[len(reading.signature.conditions) :]
    here = condition_text(both(*own)) if own else ""
    if case.raises:
        return "refuted", None, None
    if argument not in case.readable:
        return "unread", None, None
    gradient = next(one for one in reading.gradients if one.argument == argument)
    verdict = case.verdicts.get(name)
    if verdict is None:
        return _by_shape(reading, gradient)
    if verdict.verdict == "proved":
        return "proved", here, verdict
    if verdict.verdict == "holds where":
        region = str(verdict.holds_where)
        return "holds where", f"{here}, {region}" if here else region, verdict
    return verdict.verdict, None, verdict


def _by_shape(reading: Reading, gradient: Gradient) -> tuple[str, str | None, Verdict | None]:
    """A gradient whose axes cannot be compared entry by entry: shapes first, compared flat."""
    if len(gradient.shape) != len(gradient.wanted):
        return "refuted", None, None
    same = both(*[equal(p, q) for p, q in zip(gradient.shape, gradient.wanted, strict=True)])
    answer = ask(reading.facts, reading.conditions, same)
    return ("refuted", None, None) if answer.word == "refuted" else ("unread", None, None)


def _one_word(words: Sequence[str], regions: Sequence[str], cases: Sequence[Case]) -> str:
    for word in ("unread", "undecided", "false"):
        if word in words:
            return word
    if set(words) == {"proved"}:
        return "proved"
    return "holds where" if regions else "refuted"


def _witness(layer: Layer, cases: Sequence[Case], argument: str, name: str) -> Counterexample | None:
    """The smallest sizes at which the user's own code shows that the gradient is wrong."""
    readings = [case.reading for case in cases]
    known = [dict(case.verdicts[name].witness.sizes) for case in cases  # type: ignore[union-attr]
             if name in case.verdicts and case.verdicts[name].witness is not None]
    dims = readings[0].signature.dims
    known += [{size: at.get(size, least) for size, least in dims.items()}
              for case in cases for _, answer in case.unproved if (at := answer.sizes) is not None]  # fmt: skip
    sizes = sorted([*known, *sizes_for(readings, 60)], key=lambda one: sum(one.values()))
    found: list[Counterexample] = []
    for case in cases:
        reading = case.reading
        verdict = case.verdicts.get(name)
        if verdict is not None and verdict.verdict == "proved":
            continue
        # the kernel's witness is the smallest of its case, so that what is smaller need not be run
        first = [dict(verdict.witness.sizes)] if verdict is not None and verdict.witness is not None else []
        fitting = [one for one in [*first, *sizes] if all(condition.holds(one) for condition in reading.conditions)]
        one = counterexample(layer, reading, fitting, [argument])
        if one is not None:
            found.append(one)
    return min(found, key=lambda one: sum(one.sizes.values()), default=None)
