"""The report as one HTML page with MathML, made by Pandoc: no script, no network."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from pathlib import Path

from derivations.batch.run import Results
from derivations.language.document import Block, Document
from derivations.show.report.document import Judged, verdict_mark
from derivations.show.report.rules import rules_text
from derivations.show.report.statements import (
    broken_text,
    claim_text,
    context_text,
    readings_text,
    remark_text,
    verbatim_markdown,
)
from derivations.show.report.table import LEGEND, markdown_table

HOW_TO_GET = "Pandoc is not installed, so there is no HTML page. To get it: pip install 'gradproof[report]'"
STYLE = """ body{max-width:46rem;margin:2rem auto;padding:0 1rem;font:1.05rem/1.5 "STIX Two
Text",Georgia,serif;color:#222} math{font-family:"STIX Two Math","Latin Modern Math","Cambria Math",math}
math[display=block]{margin:.5rem 0;overflow-x:auto} pre{overflow-x:auto;background:#f6f6f6;padding:.5rem}
table{border-collapse:collapse;font-size:.9rem}th,td{padding:.15rem .5rem;border-bottom:1px solid #ddd}
.claim{border-left:4px solid #666;padding:.1rem 0 .1rem .9rem;margin:1rem 0} .claim>p:first-child
span{float:right}
.proved{border-color:#1b6e3c}.region{border-color:#1f5c99}.refuted{border-color:#a32638}.undecided{border-color:#8a6100}
.given{font-style:italic;margin:0 1.5rem}
@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}pre{background:#222}th,td{border-color:#444}}
"""


def converter() -> Callable[[str], str] | None:
    """Pandoc as a function from Markdown to HTML; None where it is not installed."""
    try:
        import pypandoc
    except ImportError:
        return None
    try:
        pypandoc.get_pandoc_version()
    except OSError:
        return None
    return lambda markdown: str(
        pypandoc.convert_text(
            markdown,
            "html5",
            format="markdown-yaml_metadata_block-raw_html-raw_tex-citations+lists_without_preceding_blankline",
            extra_args=["--mathml", "--wrap=none", "--fail-if-warnings"],
        )
    )


def web_page(documents: Sequence[Document], results: Results, title: str, convert: Callable[[str], str]) -> str:
    """The page as HTML. Raises RuntimeError with Pandoc's words where a formula is not understood."""
    parts = [markdown_table(results), LEGEND]
    judged = Judged(results)
    parts += [_rewritten(document, judged) for document in documents]
    body = convert("\n\n".join([*parts, rules_text(results)]))
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>\n'
        f"<body><h1>{html.escape(title)}</h1>\n{body}</body></html>\n"
    )


def _rewritten(document: Document, judged: Judged) -> str:
    """The document with our fenced blocks replaced by what they say, and what its readings come to."""
    found = judged.compared.get(document.name)
    return "\n\n".join([*(_block(block, judged) for block in document.blocks), readings_text(found) if found else ""])


def _block(block: Block, judged: Judged) -> str:
    if block.kind == "prose":
        return block.source
    if block.kind == "given":
        return f"::: {{.given}}\n{context_text(block.contexts)}\n:::"
    if block.kind == "remark":
        label = "misprint" if block.remark and block.remark.misprint else "open"
        return _box("open", block.id, label, remark_text(block.remark)) if block.remark else ""
    if block.kind == "broken":
        return _box("refuted", block.id or f"line-{block.first}", "not judged", broken_text(block))
    readings = judged.readings(block)
    if not readings:
        return _box("open", block.id, "not judged", verbatim_markdown(block.text))
    colour, label = verdict_mark([v for _, verdicts in readings for v in verdicts])
    return _box(colour, block.id, label, claim_text(readings))


def _box(colour: str, name: str, label: str, content: str) -> str:
    return f"::: {{.claim .{colour} #{name}}}\n[{label}]{{}} **{name}**\n\n{content}\n:::"


def write_page(target: Path, documents: Sequence[Document], results: Results, title: str) -> str:
    """Writes the page where Pandoc is installed; gives the message for the user."""
    from derivations.batch.cache import write_atomically

    convert = converter()
    if convert is None:
        return HOW_TO_GET
    try:
        page = web_page(documents, results, title, convert)
    except RuntimeError as error:
        return f"there is no HTML page; Pandoc says: {str(error).strip()}"
    write_atomically(target, page)
    return f"wrote {target}"
