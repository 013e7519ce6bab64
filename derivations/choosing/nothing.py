"""Why a run had nothing to judge, and what to do next.

Law: a reason is said only of what was looked at; each comes with one next step that can be typed.
"""

from __future__ import annotations

from pathlib import Path

from derivations.batch.run import Source
from derivations.choosing.claims import Chosen
from derivations.choosing.targets import SUFFIXES
from derivations.language.errors import did_you_mean
from derivations.language.markdown import Fence, fences


def why_nothing(found: Chosen, expression: str, failed: bool) -> str:
    """The reason and the next step, a line each, for every document."""
    if found.passed_over:
        return _not_chosen(found, expression, failed)
    return "\n".join(["Nothing to judge.", *(_of(source) for source in found.sources)])


def _not_chosen(found: Chosen, expression: str, failed: bool) -> str:
    every = f"{found.passed_over} claim{'s' * (found.passed_over != 1)}"
    if failed and not expression:
        return f"Nothing to judge: of {every}, none failed when it was judged last.\n  next: leave out --failed"
    hint = did_you_mean(expression, found.known) or f"a part of a name, such as {found.known[0]}"
    also = " among those that failed last" if failed else ""
    return f"Nothing to judge: of {every}, none fits -k {expression!r}{also}.\n  next: {hint}"


def _of(source: Source) -> str:
    reason, step = _reason(source)
    return f"  {source.name}: {reason}\n    next: {step}"


def _reason(source: Source) -> tuple[str, str]:
    name = source.name
    suffix = Path(name).suffix.lower()
    if suffix in (".tex", ".ltx"):
        return "this is LaTeX, and claims stand in Markdown", f"gradproof new --from {name} > {_beside(name)}"
    if suffix == ".py":
        step = f'gradproof prove {name}:forward {name}:backward --given "x: N, D"'
        return "this is Python, and claims stand in Markdown", step
    if suffix == ".ipynb":
        return "this is a notebook, and claims stand in Markdown", "in a cell: from derivations import given"
    if not source.text.strip():
        return "the file is empty", f"gradproof new dense > {name}"
    kinds = [fence.kind for fence in fences(source.text, name) if isinstance(fence, Fence)]
    if "given" in kinds:
        return "there is a context and no claim in it", "write a block ```claim NAME with an equation A == B below it"
    from derivations.language.survey import survey

    formulas = len(survey(source.text, name).formulas)
    if formulas:
        reason = f"there is no claim block beside its {formulas} formula{'s' * (formulas != 1)}"
        return reason, f"gradproof new --from {name}"
    what = (
        "there is no claim block in it"
        if suffix in SUFFIXES
        else "there is no claim block in it; claims stand in Markdown"
    )
    return what, "gradproof new dense shows a document to begin with"


def _beside(name: str) -> str:
    return str(Path(name).with_suffix(".md"))
