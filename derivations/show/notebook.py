"""How verdicts, witnesses and readings show themselves at a prompt and in a notebook, and the cell magic `%%claim`.

Law: what is shown is the report's own text and pictures, for one claim; nothing is judged here. The records know
nothing of it: `install` gives them their faces when `derivations.api` is loaded.

What it cannot see: whether the front end draws mathematics between dollar signs; all common ones do.
"""

from __future__ import annotations

import html
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from derivations.formulas.claims import Claim, Context
from derivations.judgement.readings import Readings
from derivations.judgement.verdict import Verdict, Witness
from derivations.language.errors import InputError

_CLAIM = "_claim_shown"
STYLE = """
.gradproof{--line:#c9ced6;--soft:#666b74;--proved:#1b6e3c;--region:#1f5c99;--wrong:#a32638;--open:#8a6100;max-width:52rem}
@media(prefers-color-scheme:dark){.gradproof{--line:#4a505a;--soft:#a5abb5;--proved:#6cc78f;--region:#7fb4e8;
--wrong:#f08a98;--open:#e0b458}}
.gradproof .claim{border:1px solid var(--line);border-left:5px solid var(--open);border-radius:4px;padding:.4em .9em}
.gradproof .is-proved{border-left-color:var(--proved)}.gradproof .is-region{border-left-color:var(--region)}
.gradproof .is-wrong{border-left-color:var(--wrong)}.gradproof h4{margin:0}.gradproof .permalink{display:none}
.gradproof .head{display:flex;justify-content:space-between;gap:1em;flex-wrap:wrap}.gradproof .badge{font-weight:600}
.gradproof .v-proved{color:var(--proved)}.gradproof .v-region{color:var(--region)}
.gradproof .v-wrong{color:var(--wrong)}
.gradproof .v-open{color:var(--open)}.gradproof p{margin:.5em 0}
.gradproof .equations{display:grid;grid-template-columns:auto minmax(0,1fr) auto;column-gap:.5em;align-items:baseline}
.gradproof .row{display:contents}.gradproof .left{grid-column:1;text-align:right}
.gradproof .left.alone{grid-column:1/-1;text-align:left}.gradproof .right{grid-column:2;text-align:left;overflow-x:auto}
.gradproof .rule{grid-column:3;font-size:.85em;color:var(--soft);text-align:right;max-width:15em}
.gradproof svg text{fill:currentColor;font-family:sans-serif}.gradproof svg rect{stroke:var(--line);stroke-width:.7}
.gradproof .c-positive,.gradproof .c-read{fill:var(--region)}
.gradproof .c-negative,.gradproof .c-false{fill:var(--wrong)}
.gradproof .c-true{fill:var(--proved)}.gradproof .c-plain,.gradproof .c-tail{fill:none}
.gradproof .c-outside{fill:var(--line)}
.gradproof .c-true,.gradproof .c-false,.gradproof .c-read{fill-opacity:.55}
.gradproof rect.c-mark{fill:none;stroke:currentColor;stroke-width:2.2}.gradproof figcaption{font-size:.85em}
"""


def install() -> None:
    """Gives the records their faces, and registers the cell magic where a notebook runs."""
    faces: dict[type, dict[str, Any]] = {
        Verdict: {"__str__": verdict_text, "_repr_html_": verdict_html},
        Witness: {"__str__": witness_line, "_repr_html_": witness_html},
        Readings: {"__str__": readings_lines, "_repr_html_": readings_html},
        InputError: {"_render_traceback_": error_lines},
    }
    for record in (Verdict, Witness, Readings):
        faces[record]["_repr_pretty_"] = printed
    for kind, methods in faces.items():
        for name, method in methods.items():
            setattr(kind, name, method)
    if "IPython" in sys.modules:
        shell = sys.modules["IPython"].get_ipython()
        if shell is not None:
            load_ipython_extension(shell)


def about(claim: Claim, verdict: Verdict) -> Verdict:
    """The verdict, which shows itself with its claim's formulas and pictures from now on."""
    object.__setattr__(verdict, _CLAIM, claim)
    return verdict


# -- at a prompt -----------------------------------------------------------------------------------------------------


def verdict_text(verdict: Verdict) -> str:
    """A verdict in lines: its word and region, its statement, what it says of the counterexample and of repairs."""
    from derivations.show.lines import details

    return "\n".join(line.plain.rstrip() for line in details(verdict, with_expectation=False)).rstrip()


def witness_line(witness: Witness) -> str:
    """A counterexample in one line."""
    from derivations.show.lines import data_text, difference, sizes_text

    data = "; ".join(data_text(witness.data))
    return f"{sizes_text(witness)}{f'; {data}' if data else ''}: {difference(witness)}"


def readings_lines(found: Readings) -> str:
    """What a document's verdicts say about its readings, a sentence a line."""
    from derivations.show.readings_text import sentences

    return "\n".join(sentences(found)) if found else "no choice of notation is left open"


def printed(record: Any, printer: Any, cycle: bool) -> None:
    """What a prompt of IPython shows: the lines for people, not the record."""
    printer.text(str(record))


def error_lines(error: InputError, *_: object) -> list[str]:
    """What a notebook shows of a mistake in the claim language: where it is and how to mend it, not who found it."""
    return str(error).splitlines()


# -- in a notebook ---------------------------------------------------------------------------------------------------


class _Dollars:
    """Formulas between dollar signs, which the notebook draws."""

    def __call__(self, tex: str, display: bool = False, node: Any = None, small: bool = False) -> str:
        style = "" if small or node is not None else r"\displaystyle "
        return f"${html.escape(style + tex, quote=False)}$"


def _blocks_html(blocks: Any) -> str:
    from derivations.show.report.web import Web

    return f'<div class="gradproof"><style>{STYLE}</style>{Web(_Dollars()).blocks(blocks)}</div>'


def verdict_html(verdict: Verdict) -> str:
    """A verdict as in the report: badge, formula, region, counterexample with both sides drawn, repair, derivation."""
    from derivations.show.report import nodes as n
    from derivations.show.report.document import verdict_mark
    from derivations.show.report.statements import as_blocks, claim_blocks, verdict_text

    claim = getattr(verdict, _CLAIM, None)
    if isinstance(claim, Claim) and not claim.expectations:  # nobody said what to expect
        verdict = replace(verdict, as_expected=True)
    word, label = verdict_mark([verdict])
    inside: n.Blocks
    if isinstance(claim, Claim) and len(claim.links) == 1:
        inside = claim_blocks([(claim, [verdict])], {}, [])
    else:
        formula = f"${verdict.latex}$" if verdict.latex else f"`{verdict.statement}`"
        inside = as_blocks([formula, verdict_text(verdict)], [])
    return _blocks_html((n.Box(word, "", (n.Text(verdict.id), n.Badge(word, label)), inside, verdict.id),))


def context_html(context: Context, reading: Mapping[str, str]) -> str:
    """A context as in the report: its sentences, and which entries one entry of a convolution or of a pooling reads."""
    from derivations.show.report import nodes as n
    from derivations.show.report.pictures import footprints
    from derivations.show.report.statements import as_blocks, context_text

    drawn = (n.Figure(drawing, words) for drawing, words in footprints(context))
    return _blocks_html((*as_blocks([context_text([(reading, context)])], []), *drawn))


def witness_html(witness: Witness) -> str:
    """A counterexample in a sentence, its data as matrices."""
    from derivations.show.report.statements import as_blocks, witness_text

    return _blocks_html(as_blocks([witness_text(witness)], []))


def readings_html(found: Readings) -> str:
    """The sentences about a document's readings, as a list."""
    from derivations.show.readings_text import sentences

    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in (sentences(found) if found else ()))
    return f"<ul>{items}</ul>" if items else "<p>no choice of notation is left open</p>"


# -- the cell magic --------------------------------------------------------------------------------------------------


def load_ipython_extension(shell: Any) -> None:
    """Registers `%%claim CONTEXT`: the cell is a claim, judged in the context of that name."""
    shell.register_magic_function(_magic(shell), "cell", "claim")


def _magic(shell: Any) -> Any:
    def claim(line: str, cell: str) -> Any:
        """%%claim CONTEXT: the cell is a claim, with its `where` lines, judged in the context of that name."""
        words: Sequence[str] = line.split()
        context = shell.user_ns.get(words[0]) if len(words) == 1 else None
        if context is None or not hasattr(context, "judge"):
            contexts = [name for name, value in shell.user_ns.items() if hasattr(value, "judge") and name[:1] != "_"]
            print(f"%%claim needs the name of one context, such as %%claim {contexts[0] if contexts else 'ctx'}")
            return None
        try:
            return context.judge(cell.strip())
        except InputError as error:
            print(error)
            return None

    return claim
