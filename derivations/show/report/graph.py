"""What rests on what: contexts, claims and lemmas as a graph whose colours are computed verdicts.

Law: an edge is there because a formula mentions a definition or because a derivation names a rule; nobody draws it by
hand, and nobody sets a colour.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from derivations.show.report import nodes as n
from derivations.show.report.document import Chapter, Report

ROW, NODE, GAP, RULE = 26.0, 180.0, 60.0, 260.0  # a rule's name is longer than that of a claim
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


def dependency_graphs(report: Report) -> dict[str, str]:
    """A graph as SVG for each chapter that has something to connect, by the chapter's place."""
    lemmas = {
        block.id: Node(2, block.id, block.name, "lemma")
        for chapter in report.chapters
        for block in chapter.blocks
        if isinstance(block, n.Box) and block.kind == "lemma"
    }
    drawn = {chapter.id: _graph(*_collected(chapter, lemmas)) for chapter in report.chapters}
    return {place: graph for place, graph in drawn.items() if graph}


def _graph(nodes: dict[str, Node], edges: list[tuple[str, str]]) -> str:
    if not edges or len(nodes) > MOST:
        return ""
    rows = _rows(nodes, edges)
    places = {node.id: (node.column * (NODE + GAP), rows[node.id] * ROW) for node in nodes.values()}
    width, height = 2 * (NODE + GAP) + RULE, (max(rows.values()) + 1) * ROW
    drawn = []
    for start, end in edges:
        (x1, y1), (x2, y2) = places[start], places[end]
        x1, y1, y2 = x1 + NODE, y1 + 10, y2 + 10
        middle = (x1 + x2) / 2
        drawn.append(f'<path class="g-edge" d="M{x1:g} {y1:g}C{middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}"/>')
    for node in nodes.values():
        x, y = places[node.id]
        wide = RULE if node.column == 2 else NODE
        letters = int(wide / 6)
        words = html.escape(node.words if len(node.words) <= letters else node.words[: letters - 1] + "…")
        kind = GROUPS.get(node.kind, "open")
        box = f'<rect class="g-node g-{kind}" x="{x:g}" y="{y:g}" width="{wide:g}" height="20" rx="3"/>'
        label = f'<text x="{x + 6:g}" y="{y + 14:g}" font-size="11">{words}</text>'
        drawn.append(f'<a href="#{html.escape(node.id, quote=True)}">{box}{label}</a>')
    head = "Contexts at the left, claims in the middle, the rules of their derivations at the right."
    return (
        f'<div class="wide" tabindex="0"><svg xmlns="http://www.w3.org/2000/svg" role="group" width="{width + 4:g}" '
        f'height="{height + 4:g}" viewBox="-2 -2 {width + 4:g} {height + 4:g}" style="max-width:none">'
        f"<title>{head}</title>{''.join(drawn)}</svg></div><p>{head}</p>"
    )


def _collected(chapter: Chapter, lemmas: Mapping[str, Node]) -> tuple[dict[str, Node], list[tuple[str, str]]]:
    nodes: dict[str, Node] = {}
    edges: dict[tuple[str, str], None] = {}
    context = ""
    for block in chapter.blocks:
        if not isinstance(block, n.Box):
            continue
        if block.kind == "given":
            context = block.id
            nodes[context] = Node(0, context, block.name, "given")
        elif block.id and block.kind != "lemma":
            nodes[block.id] = Node(1, block.id, block.name, block.kind)
            if context:
                edges[context, block.id] = None
            rows = (row for inner in block.inside if isinstance(inner, n.Equations) for row in inner.rows)
            edges |= {(block.id, row.link): None for row in rows if row.link in lemmas}
    nodes |= {place: lemmas[place] for _, place in edges if place in lemmas}
    used = {end for edge in edges for end in edge}
    return {key: node for key, node in nodes.items() if key in used}, list(edges)


def _rows(nodes: Mapping[str, Node], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The row of each node: claims one below the other, a context beside its first claim, a lemma in the middle of
    those that use it, so that edges are short."""
    rows = {node.id: row for row, node in enumerate(each for each in nodes.values() if each.column == 1)}
    beside: dict[str, list[int]] = {}
    for start, end in edges:
        beside.setdefault(start, []).append(rows.get(end, 0))
        beside.setdefault(end, []).append(rows.get(start, 0))
    sides: tuple[tuple[int, Callable[[list[int]], int]], ...] = ((0, min), (2, _middle))
    for column, wanted in sides:
        free = 0
        for node in sorted((e for e in nodes.values() if e.column == column), key=lambda e: wanted(beside[e.id])):
            rows[node.id] = max(free, wanted(beside[node.id]))
            free = rows[node.id] + 1
    return rows


def _middle(rows: Sequence[int]) -> int:
    return sorted(rows)[len(rows) // 2]
