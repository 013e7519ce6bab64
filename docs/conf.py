"""The documentation's build: Sphinx with MyST (the pages are Markdown) and Furo (no script, no font from the network).

Why Sphinx: its search works from a folder without a server, and autodoc reads the docstrings that the tests run. The
pages of operators, layers and verdicts are made here from the package, so that they cannot say anything else than it
does. Mathematics becomes MathML by Pandoc, so that no script is needed to read it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

project = "gradproof"
author = "The gradproof authors"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
html_theme = "furo"
html_title = "gradproof"
html_copy_source = False
html_show_sphinx = False
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
autodoc_typehints = "none"
exclude_patterns: list[str] = []
suppress_warnings = ["myst.xref_missing"]
html_math_renderer = "mathml"


def _mathml(source: str, display: bool) -> str:
    """TeX as MathML."""
    import pypandoc

    text = f"$${source}$$" if display else f"${source}$"
    html: str = pypandoc.convert_text(text, "html5", format="markdown", extra_args=["--mathml"])
    return html.strip().removeprefix("<p>").removesuffix("</p>")


def _visit(display: bool) -> Any:
    def visit(translator: Any, node: Any) -> None:
        from docutils.nodes import SkipNode

        translator.body.append(_mathml(node.astext(), display))
        raise SkipNode

    return visit


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def made_pages(app: Any) -> None:
    """The pages that are made from the package."""
    from derivations.operators import OPERATORS
    from derivations.reference import words
    from derivations.reference.operators import entry

    head = "One page each, made from the operator's row; `gradproof operators NAME` prints the same."
    listed = ["# Operators", "", head, ""]
    listed += ["```{toctree}", ":maxdepth: 1", "", *OPERATORS, "```", ""]
    _write(HERE / "operators" / "index.md", "\n".join(listed))
    for name in OPERATORS:
        _write(HERE / "operators" / f"{name}.md", operator_page(entry(name)))
    package = HERE.parent / "derivations"
    layers = sorted(path.stem for path in (package / "cookbook").glob("*.md"))
    listed = ["# Cookbook", "", "The usual layers as claim files; every verdict in them is tested.", ""]
    _write(HERE / "cookbook" / "index.md", "\n".join([*listed, "```{toctree}", ":maxdepth: 1", "", *layers, "```", ""]))
    for name in layers:
        source = (package / "cookbook" / f"{name}.md").read_text(encoding="utf-8")
        _write(HERE / "cookbook" / f"{name}.md", as_page(source))
    listed = ["# Reading a verdict", "", "`gradproof explain-word WORD` prints the same on a terminal.", ""]
    order = ["proved", "holds-where", "refuted", "false", "undecided", "witness", "evidence", "axiom", "contradiction"]
    order += [name for name in words.names() if name not in order]
    _write(HERE / "verdicts" / "index.md", "\n".join([*listed, "```{toctree}", ":maxdepth: 1", "", *order, "```", ""]))
    for name in words.names():
        _write(HERE / "verdicts" / f"{name}.md", linked(words.page(name)))


def as_page(source: str) -> str:
    """A claim file as a page: its blocks are code, with what they are as a caption."""
    lines = []
    for line in source.splitlines():
        kind = line.removeprefix("```").strip()
        if line.startswith("```") and kind:
            lines += [f"```{{code-block}} text\n:caption: {kind}\n"]
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def linked(page: str) -> str:
    """`gradproof explain-word x` as a link to the page of x."""
    return re.sub(r"`gradproof explain-word ([\w-]+)`", r"[\1](\1.md)", page)


def operator_page(found: Any) -> str:
    """One operator."""
    from derivations import given
    from derivations.typeset.formulas import to_latex

    context = given(found.given or "dims unused")
    typeset = to_latex(context.parse(found.example))
    lines = [f"# {found.name}", "", f"`{found.signature}`: {found.reference}.", ""]
    if found.aliases:
        lines += [f"Also called {', '.join(f'`{alias}`' for alias in found.aliases)}.", ""]
    lines += ["```text", *(found.given.splitlines() or []), "```", ""]
    lines += [f"`{found.example}` is ${typeset.strip()}$, of shape `{found.shape}`.", ""]
    lines += by_index(found.by_index)
    if found.gradients:
        lines += ["For a loss J of its value with the sensitivity `delta`:", "", "| by | gradient |", "|---|---|"]
        for each in found.gradients:
            said = f"`{each.formula}`" if each.formula else ""
            note = f" ({each.reason})" if each.reason else ""
            lines.append(f"| `{each.argument}` | {said}{note} |")
        lines.append("")
    return "\n".join(lines)


LONGEST = 90  # letters of a formula by index that a page has room for


def by_index(printed: Sequence[str]) -> list[str]:
    """One entry by index: typeset, or as it is printed where there is none or it is too long."""
    from derivations.typeset.by_index import by_index_to_latex

    try:
        typeset = by_index_to_latex(printed)
    except ValueError:
        typeset = []
    if not typeset or max(map(len, printed)) > LONGEST:
        return ["By index:", "", "```text", *printed, "```", ""]
    rows = [f"& {line}" for line in typeset]
    body = typeset if len(rows) == 1 else [r"\begin{aligned}", " \\\\\n".join(rows), r"\end{aligned}"]
    return ["By index, where an entry that does not exist counts as 0:", "", "$$", *body, "$$", ""]


def plain(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Docstrings are plain text: stars and bars in them are no markup."""
    lines[:] = [
        line if line.lstrip().startswith((">>>", "...")) else line.replace("*", "\\*").replace("|", "\\|")
        for line in lines
    ]


BARRIERS = {
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="All pages">',
    '<aside class="toc-drawer': '<aside aria-label="This page" class="toc-drawer',
    "<pre>": '<pre tabindex="0">',
    '<div class="math-wrapper docutils container">': '<div class="math-wrapper docutils container" tabindex="0">',
    '<div id="search-results">': '<h1>Search</h1><div id="search-results">',
}  # what the theme leaves out: names of landmarks, boxes that scroll by keyboard, a heading


def without_barriers(app: Any, error: Exception | None) -> None:
    """The written pages for those who use a keyboard or listen."""
    for path in [] if error else Path(app.outdir).rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for lacking, whole in BARRIERS.items():
            text = text.replace(lacking, whole)
        path.write_text(text, encoding="utf-8")


def setup(app: Any) -> None:
    """Mathematics as MathML; the made pages before anything is read; barriers mended after all is written."""
    app.add_html_math_renderer("mathml", (_visit(False), None), (_visit(True), None))
    app.connect("builder-inited", made_pages)
    app.connect("autodoc-process-docstring", plain)
    app.connect("build-finished", without_barriers)
