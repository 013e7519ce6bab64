"""The one record of a judgement, which is the JSON schema; every renderer is a pure function of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Word = Literal["proved", "holds where", "refuted", "false", "undecided"]


@dataclass(frozen=True)
class Witness:
    """The smallest counterexample: sizes by name; then either an entry (index, one-hot or small data, both values)
    or the two shapes (None: that side does not exist at these sizes). Numbers are exact, printed as in the claim
    language."""

    sizes: Mapping[str, int]
    index: tuple[int, ...] | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    left: str | None = None
    right: str | None = None
    left_shape: tuple[int, ...] | None = None
    right_shape: tuple[int, ...] | None = None
    reason: str = ""


@dataclass(frozen=True)
class Evidence:
    """What `numeric/` found: at how many shapes it could look, at how many of them the sides agreed, how it computed
    ("exact", "complex step"; "none" where nowhere), the largest error. `note` says what was not evaluated, and why;
    without_data: nothing was, because no data were met that the claim's hypotheses and the functions in it admit."""

    shapes: int = 0
    agreed: int = 0
    method: str = "none"
    largest_error: float = 0.0
    note: str = ""
    without_data: bool = False


@dataclass(frozen=True)
class Step:
    """One line of a proof or derivation: text in claim syntax, LaTeX, the rule's name, and whether the kernel
    proved it."""

    text: str
    latex: str
    rule: str
    proved: bool


@dataclass(frozen=True)
class Short:
    """A long derivation as a person reads it: few steps, and what the names in them stand for, each after those that
    it uses (`where s = ...`); `complete` are all steps with these names."""

    steps: tuple[Step, ...]
    where: tuple[Step, ...] = ()
    complete: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The judgement of one link of one claim under one reading. Frozen; `as_json` is the published schema."""

    document: str
    id: str
    link: int
    reading: Mapping[str, str]
    line: int
    statement: str
    verdict: Word
    holds_where: str | None = None
    witness: Witness | None = None
    repair: tuple[str, ...] = ()
    axioms: tuple[str, ...] = ()
    evidence: Evidence = field(default_factory=Evidence)
    reason: str = ""
    steps: tuple[Step, ...] = ()
    short: Short | None = None  # the reader's version of the steps, where these are long
    expected: str = "proved"
    as_expected: bool = True
    contradiction: str = ""
    seconds: float = 0.0
    latex: str = ""
    misprint: str = ""
    source: Mapping[str, Any] | None = None  # kind, line and text of the formula that the claim was read from

    def as_json(self) -> dict[str, Any]:
        """The object of the `--json` output, as `claim-language.md` lists it; more keys may follow."""
        record = asdict(self)
        record["reading"] = dict(self.reading)
        if self.witness is not None:
            record["witness"] = {key: value for key, value in asdict(self.witness).items() if value is not None}
        return record
