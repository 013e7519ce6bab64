"""The report's tree as one HTML page: mathematics as MathML, no script, nothing loaded.

Law: every tag of the page is written here; what a stranger wrote is escaped. The page says so to the browser as well:
its content policy allows styles and pictures that are part of it, and nothing else.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Callable, Iterator
from pathlib import Path

from derivations.judgement.results import WORDS
from derivations.show.files import write_atomically
from derivations.show.report import nodes as n
from derivations.show.report.breaking import LINE, fold, width
from derivations.show.report.document import SIGNS, Chapter, Report
from derivations.show.report.graph import dependency_graphs
from derivations.show.report.markup import unlinked
from derivations.show.report.mathml import Converter, Missing
from derivations.show.report.message import Message
from derivations.show.report.pictures import to_svg
from derivations.show.report.style import STYLE, font_rules
from derivations.typeset.lines import rule_parts

HOW_TO_GET = "Pandoc is not installed, so there is no HTML page. To get it: pip install 'gradproof[report]'"
PHONE = LINE * 0.3  # of a formula in a line of words; one that is longer may not fit a telephone
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
)
TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
FILTERS = {"all": "all", "proved": "proved", "region": "true on a region", "wrong": "refuted or false", "open": "open"}
GROUPS = {"proved": "proved", "holds where": "region", "refuted": "wrong", "false": "wrong", "undecided": "open"}


def escape(words: str) -> str:
    """Words as HTML, also inside of an attribute."""
    return html.escape(words, quote=True)


class Web:
    """Writes one report."""

    def __init__(self, formulas: Callable[..., str], fonts: Callable[[str], str] = font_rules) -> None:
        self.formulas = formulas
        self.fonts = fonts
        self.noted: set[tuple[str, int]] = set()
        self.level = 2  # of the heading above; the next is at most one below it, as readers of the screen expect

    # -- the whole --

    def page(self, report: Report) -> str:
        """The page."""
        front = report.front
        line = " · ".join(escape(part) for part in (", ".join(front.authors), front.date) if part)
        graphs = {
            place: f'<details class="graph"><summary>What rests on what</summary>{graph}</details>'
            for place, graph in dependency_graphs(report).items()
        }
        chapters = "\n".join(self._chapter(chapter, graphs.get(chapter.id, "")) for chapter in report.chapters)
        filters = "".join(
            f'<input type="radio" name="shown" id="show-{key}"{" checked" if key == "all" else ""}>'
            f'<label for="show-{key}">{escape(words)}</label>'
            for key, words in FILTERS.items()
        )
        return (
            f'<!DOCTYPE html>\n<html lang="{escape(front.language)}"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
            f"<title>{escape(front.title)}</title>"
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<meta name="color-scheme" content="light dark"><meta name="generator" content="gradproof">'
            + "".join(f'<meta name="author" content="{escape(author)}">' for author in front.authors)
            + f"<style>{self.fonts(chapters)}{STYLE}</style></head>\n<body>"
            f'<a class="skip" href="#content">To the content</a><header><h1>{escape(front.title)}</h1>'
            f"{f'<p>{line}</p>' if line else ''}</header>\n"
            f'<nav aria-label="Contents">{self._contents(report)}</nav>\n'
            f'<main id="content"><fieldset class="filter"><legend>Show claims</legend>{filters}</fieldset>'
            f"\n{chapters}\n</main></body></html>\n"
        )

    def _chapter(self, chapter: Chapter, graph: str) -> str:
        self.level = 2 if chapter.title else 1
        title = f"<h2>{self.inline(chapter.title)}</h2>" if chapter.title else ""
        return f'<section id="{escape(chapter.id)}">{title}{graph}{self.blocks(chapter.blocks)}</section>'

    def _contents(self, report: Report) -> str:
        parts = []
        for chapter in report.chapters:
            inner = "".join(self._entries(chapter.blocks))
            head = self.inline(unlinked(chapter.title, with_places=False)) or "The document"
            parts.append(f'<li><a href="#{escape(chapter.id)}">{head}</a>{f"<ul>{inner}</ul>" if inner else ""}</li>')
        return f"<details open><summary>Contents</summary><ul>{''.join(parts)}</ul></details>"

    def _entries(self, blocks: n.Blocks) -> Iterator[str]:
        for block in blocks:
            match block:
                case n.Heading(_, inside, place):
                    words = self.inline(unlinked(inside, with_places=False))
                    yield f'<li class="part"><a href="#{escape(place)}">{words}</a></li>'
                case n.Box(kind, place, _, _, name) if place and name and kind != "given":
                    sign = SIGNS.get(kind, "")
                    mark = f'<span class="v-{_class(kind)}" aria-hidden="true">{sign}</span> ' if sign else ""
                    yield f'<li>{mark}<a href="#{escape(place)}">{escape(name)}</a></li>'
                case n.Quote(inside):
                    yield from self._entries(inside)
                case n.Items(items):
                    for item in items:
                        yield from self._entries(item)
                case _:
                    pass

    # -- blocks --

    def blocks(self, blocks: n.Blocks) -> str:
        return "\n".join(filter(None, map(self._block, blocks)))

    def _block(self, block: n.Block) -> str:
        match block:
            case n.Paragraph(inside):
                return f"<p>{self.inline(inside)}</p>"
            case n.Heading(level, inside, place):
                self.level = min(level + 2, self.level + 1, 5)
                tag = f"h{self.level}"
                return f'<{tag} id="{escape(place)}">{self.inline(inside)}{_permalink(place)}</{tag}>'
            case n.Listing(words):
                return f'<pre tabindex="0"><code>{escape(words)}</code></pre>'
            case n.Items(items, start):
                tag, first = ("ul", "") if start is None else ("ol", f' start="{start}"' if start != 1 else "")
                return f"<{tag}{first}>{''.join(f'<li>{self._item(item)}</li>' for item in items)}</{tag}>"
            case n.Quote(inside):
                return f"<blockquote>{self.blocks(inside)}</blockquote>"
            case n.Table():
                return self._table(block)
            case n.Rule():
                return "<hr>"
            case n.Equations(rows):
                return self._equations(rows)
            case n.Box():
                return self._box(block)
            case n.Fold(head, inside):
                return f"<details><summary>{escape(head)}</summary>{self.blocks(inside)}</details>"
            case n.Figure(drawing, words):
                drawn = to_svg(drawing, words, escape)
                said = f"<figcaption>{escape(words)}</figcaption>"
                return f'<figure><div class="wide" tabindex="0">{drawn}</div>{said}</figure>'
            case n.Figures(figures):
                return f'<div class="figures">{self.blocks(figures)}</div>'
            case n.Footnotes(place, notes):
                listed = "".join(
                    f'<li id="note-{place}-{number}">{self._item(note)} '
                    f'<a href="#to-note-{place}-{number}" aria-label="back to the text">↩</a></li>'
                    for number, note in enumerate(notes, 1)
                )
                return f'<section class="notes" aria-label="Notes"><ol>{listed}</ol></section>'
            case n.References(entries):
                return f'<ul class="references">{"".join(map(self._listed, entries))}</ul>'

    def _listed(self, work: n.Listed) -> str:
        """One work, and the ways back to where it is cited."""
        several = len(work.cited) > 1
        back = "".join(
            f' <a href="#{escape(place)}" aria-label="back to citation {at}">↩{at if several else ""}</a>'
            for at, place in enumerate(work.cited, 1)
        )
        return f'<li id="{escape(work.id)}">{self.inline(work.inside)}{back}</li>'

    def _item(self, blocks: n.Blocks) -> str:
        """What stands in a list; a paragraph alone is no paragraph there."""
        if blocks and isinstance(blocks[0], n.Paragraph):
            return self.inline(blocks[0].inside) + self.blocks(blocks[1:])
        return self.blocks(blocks)

    def _table(self, table: n.Table) -> str:
        rows = []
        for number, row in enumerate(table.rows):
            tag = "th" if number < table.heads else "td"
            scope = ' scope="col"' if tag == "th" else ""
            sides = [*table.aligned, *["left"] * len(row)]
            rows.append(
                "<tr>"
                + "".join(
                    f'<{tag}{scope} class="{sides[at]}">{self.inline(cell)}</{tag}>' for at, cell in enumerate(row)
                )
                + "</tr>"
            )
        head, body = "".join(rows[: table.heads]), "".join(rows[table.heads :])
        return f'<div class="wide" tabindex="0"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>'

    def _box(self, block: n.Box) -> str:
        inside = self.blocks(block.inside)
        if block.kind == "given":
            return f'<div class="given" id="{escape(block.id)}">{inside}</div>'
        name = "".join(self.inline((part,)) for part in block.head if not isinstance(part, n.Badge))
        badge = "".join(self.inline((part,)) for part in block.head if isinstance(part, n.Badge))
        group = GROUPS.get(block.kind, "rule" if block.kind == "lemma" else "open")
        place = f'id="{escape(block.id)}" ' if block.id else ""
        return (
            f'<article {place}class="claim is-{group}"><div class="head"><h{self.level + 1}>{name}'
            f"{_permalink(block.id)}</h{self.level + 1}>{badge}</div>{inside}</article>"
        )

    def _equations(self, rows: tuple[n.Row, ...]) -> str:
        """Rows with the relations in one column; long sides in several lines."""
        noted = any(row.note for row in rows)
        room = LINE * (0.66 if noted else 0.92)
        lines = []
        for row in rows:
            left = f'<div class="left">{self.formulas(row.left)}</div>' if row.left else ""
            if row.left and width(row.left) > 0.3 * LINE:
                left = f'<div class="left alone">{"".join(map(self._line, fold(row.left, room)))}</div>'
            first, *more = fold(row.right, room)
            right = self._line(f"= {first}") + "".join(self._line(rf"\quad {part}") for part in more)
            note = f'<div class="rule">{self._note(row)}</div>' if row.note else ""
            lines.append(f'<div class="row">{left}<div class="right">{right}</div>{note}</div>')
        return f'<div class="equations" tabindex="0">{"".join(lines)}</div>'

    def _line(self, tex: str) -> str:
        return f"<div>{self.formulas(tex)}</div>"

    def _note(self, row: n.Row) -> str:
        words = "".join(
            self.formulas(part, small=True) if is_mathematics else escape(part)
            for part, is_mathematics in rule_parts(row.note)
        )
        return f'<a href="#{escape(row.link)}">{words}</a>' if row.link else words

    # -- inside of paragraphs --

    def inline(self, inside: n.Inlines) -> str:
        return "".join(map(self._one, inside))

    def _one(self, node: n.Inline) -> str:
        match node:
            case n.Text(words):
                return escape(words)
            case n.Code(words):
                return f"<code>{escape(words)}</code>"
            case n.Mathematics():
                return self._formula(node)
            case n.Marked(kind, inside):
                tag = "em" if kind == "emphasis" else "strong"
                return f"<{tag}>{self.inline(inside)}</{tag}>"
            case n.Link(address, inside):
                outside = "" if address.startswith("#") else ' rel="noopener noreferrer nofollow"'
                return f'<a href="{escape(address)}"{outside}>{self.inline(inside)}</a>'
            case n.Picture(file, words):
                data = base64.b64encode(Path(file).read_bytes()).decode("ascii")
                return f'<img alt="{escape(words)}" src="data:{TYPES[file.suffix.lower()]};base64,{data}">'
            case n.Note(number, of):
                key = (of, number)
                place = "" if key in self.noted else f' id="to-note-{of}-{number}"'
                self.noted.add(key)
                return f'<sup{place}><a href="#note-{of}-{number}" aria-label="note {number}">{number}</a></sup>'
            case n.Citation(place, inside):
                return f'<span id="{escape(place)}">{self.inline(inside)}</span>'
            case n.Break():
                return "<br>"
            case n.Badge(verdict, words):
                sign = f'<span aria-hidden="true">{SIGNS.get(verdict, "")}</span>'
                return f'<span class="badge v-{_class(verdict)}">{sign} {escape(words)}</span>'

    def _formula(self, node: n.Mathematics) -> str:
        shown = self.formulas(node.tex, display=node.display, node=node)
        if not node.display and width(node.tex) > PHONE:
            return f'<span class="long" tabindex="0">{shown}</span>'
        if not node.display:
            return shown
        tags = "".join(f'<span id="equation-{node.document}-{each}">({each})</span>' for each in node.numbers)
        number = f'<span class="number">{tags}</span>' if tags else ""
        return f'<span class="display" tabindex="0">{shown}{number}</span>'


def _class(verdict: str) -> str:
    return GROUPS.get(verdict, "open") if verdict in WORDS else "open"


def _permalink(place: str) -> str:
    return f' <a class="permalink" href="#{escape(place)}" aria-label="link to this place">#</a>' if place else ""


def web_page(report: Report) -> tuple[str, list[str]]:
    """The page, and what was wrong with formulas; raises `Missing` where Pandoc is not installed."""
    gather = Converter()
    Web(gather, lambda letters: "").page(report)  # once to learn which formulas there are
    formulas = gather.converted()
    return Web(formulas).page(report), formulas.problems


def write_page(target: Path, report: Report) -> Iterator[Message]:
    """Writes the page where Pandoc is installed; gives messages for the user."""
    try:
        page, problems = web_page(report)
    except Missing:
        yield Message(HOW_TO_GET)
        return
    for problem in dict.fromkeys(problems):
        yield Message(problem, is_problem=True)
    write_atomically(target, page)
    yield Message(f"wrote {target}")
