"""What rests on what: contexts, claims and lemmas as a graph whose colours are computed verdicts.

Law: an edge is there because a formula mentions a definition or because a derivation names a rule; nobody draws it by
hand, and nobody sets a colour.
"""

from __future__ import annotations

import html
from dataclasses import dataclass

from derivations.show.report import nodes as n
from derivations.show.report.document import Report
from derivations.show.report.markup import plain

ROW, NODE, GAP = 26.0, 190.0, 110.0
MOST = 160  # nodes that can still be told apart
GROUPS = {
    "proved": "proved", "holds where": "region", "refuted": "wrong", "false": "wrong", "undecided": "open",
    "lemma": "rule", "given": "given",
}  # fmt: skip


@dataclass(frozen=True)
class Node:
    """A box of the graph: its column, place, words and kind."""

    column: int
    id: str
    words: str
    kind: str


def dependency_graph(report: Report) -> str:
    """The graph as SVG; empty where there is nothing to connect."""
    nodes, edges = _collected(report)
    if not edges or len(nodes) > MOST:
        return ""
    rows = [0, 0, 0]
    places: dict[str, tuple[float, float]] = {}
    for node in nodes.values():
        places[node.id] = node.column * (NODE + GAP), rows[node.column] * ROW
        rows[node.column] += 1
    width, height = 3 * NODE + 2 * GAP, max(rows) * ROW
    drawn = []
    for start, end in edges:
        (x1, y1), (x2, y2) = places[start], places[end]
        x1, y1, y2 = x1 + NODE, y1 + 10, y2 + 10
        middle = (x1 + x2) / 2
        drawn.append(f'<path class="g-edge" d="M{x1:g} {y1:g}C{middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}"/>')
    for node in nodes.values():
        x, y = places[node.id]
        words = html.escape(node.words if len(node.words) <= 27 else node.words[:26] + "…")
        kind = GROUPS.get(node.kind, "open")
        box = f'<rect class="g-node g-{kind}" x="{x:g}" y="{y:g}" width="{NODE:g}" height="20" rx="3"/>'
        label = f'<text x="{x + 6:g}" y="{y + 14:g}" font-size="11">{words}</text>'
        linked = node.kind != "given"
        drawn.append(f'<a href="#{html.escape(node.id, quote=True)}">{box}{label}</a>' if linked else box + label)
    head = "Contexts at the left, claims in the middle, the rules of their derivations at the right."
    return (
        f'<div class="wide" tabindex="0"><svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width + 4:g}" '
        f'height="{height + 4:g}" viewBox="-2 -2 {width + 4:g} {height + 4:g}" style="max-width:none">'
        f"<title>{head}</title>{''.join(drawn)}</svg></div><p>{head}</p>"
    )


def _collected(report: Report) -> tuple[dict[str, Node], list[tuple[str, str]]]:
    nodes: dict[str, Node] = {}
    edges: dict[tuple[str, str], None] = {}
    context = ""
    number = 0
    for chapter in report.chapters:
        context = ""
        for block in chapter.blocks:
            if not isinstance(block, n.Box):
                continue
            if block.kind == "given":
                number += 1
                context = f"context-{number}"
                nodes[context] = Node(0, context, f"{number}. {_first_words(block)}", "given")
            elif block.kind == "lemma":
                nodes[block.id] = Node(2, block.id, block.name, "lemma")
            elif block.id:
                nodes[block.id] = Node(1, block.id, block.name, block.kind)
                if context:
                    edges[context, block.id] = None
                for inner in block.inside:
                    for row in inner.rows if isinstance(inner, n.Equations) else ():
                        if row.link:
                            edges[block.id, row.link] = None
    used = {end for edge in edges for end in edge}
    return {key: node for key, node in nodes.items() if key in used}, [
        edge for edge in edges if edge[0] in nodes and edge[1] in nodes
    ]


def _first_words(block: n.Box) -> str:
    """What a context declares, in a few letters."""
    words = " ".join(plain(inner.inside) for inner in block.inside if isinstance(inner, n.Paragraph))
    return words.removeprefix("Let ")
