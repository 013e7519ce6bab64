"""What rests on what: contexts, claims and lemmas as a graph whose colours are computed verdicts.

Law: an edge is there because a formula mentions a definition (`mentions.py`) or because a derivation names a rule;
nobody draws it by hand, and nobody sets a colour.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from derivations.show.report import nodes as n
from derivations.show.report.document import Chapter, Report

ROW, NODE, GAP, RULE = 26.0, 180.0, 60.0, 260.0  # a rule's name is longer than that of a claim
ARC = 54.0  # of what leads from a definition to those that use it, left of them
INDENT = 14.0  # of a definition below its context
MOST = 160  # nodes that can still be told apart
GROUPS = {
    "proved": "proved", "holds where": "region", "refuted": "wrong", "false": "wrong", "undecided": "open",
    "lemma": "rule", "given": "given", "definition": "given",
}  # fmt: skip
HEAD = (
    "Definitions at the left, below their contexts, each led to those that use it; claims in the middle; the rules of "
    "their derivations at the right."
)


@dataclass(frozen=True)
class Node:
    """A box of the graph: its column, name, words, kind, and the place to which it leads, if that is not its name."""

    column: int
    id: str
    words: str
    kind: str
    place: str = ""


def dependency_graphs(report: Report) -> dict[str, str]:
    """A graph as SVG for each chapter that has something to connect, by the chapter's place."""
    lemmas = {
        block.id: Node(2, block.id, block.name, "lemma")
        for chapter in report.chapters
        for block in chapter.blocks
        if isinstance(block, n.Box) and block.kind == "lemma"
    }
    drawn = {chapter.id: _graph(*collected(chapter, lemmas)) for chapter in report.chapters}
    return {place: graph for place, graph in drawn.items() if graph}


def _graph(nodes: dict[str, Node], edges: list[tuple[str, str]]) -> str:
    if not edges or len(nodes) > MOST:
        return ""
    rows = _rows(nodes, edges)
    lefts = (ARC, ARC + NODE + GAP, ARC + 2 * (NODE + GAP))
    places = {
        node.id: (lefts[node.column] + INDENT * (node.kind == "definition"), rows[node.id] * ROW)
        for node in nodes.values()
    }
    width, height = lefts[2] + RULE, (max(rows.values()) + 1) * ROW
    drawn = []
    for start, end in edges:
        (x1, y1), (x2, y2) = places[start], places[end]
        y1, y2 = y1 + 10, y2 + 10
        if nodes[start].column == nodes[end].column:
            far = x2 - min(ARC, 12 + abs(y2 - y1) / 5)
            path = f"M{x1:g} {y1:g}C{far:g} {y1:g} {far:g} {y2:g} {x2:g} {y2:g}"
        else:
            x1 += NODE - INDENT * (nodes[start].kind == "definition")
            middle = (x1 + x2) / 2
            path = f"M{x1:g} {y1:g}C{middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}"
        drawn.append(f'<path class="g-edge" d="{path}"/>')
    for node in nodes.values():
        x, y = places[node.id]
        wide = RULE if node.column == 2 else NODE - INDENT * (node.kind == "definition")
        letters = int(wide / 6.6)
        words = html.escape(node.words if len(node.words) <= letters else node.words[: letters - 1] + "…")
        kind = GROUPS.get(node.kind, "open")
        box = f'<rect class="g-node g-{kind}" x="{x:g}" y="{y:g}" width="{wide:g}" height="20" rx="3"/>'
        label = f'<text x="{x + 6:g}" y="{y + 14:g}" font-size="11">{words}</text>'
        drawn.append(f'<a href="#{html.escape(node.place or node.id, quote=True)}">{box}{label}</a>')
    return (
        f'<div class="wide" tabindex="0"><svg xmlns="http://www.w3.org/2000/svg" role="group" width="{width + 4:g}" '
        f'height="{height + 4:g}" viewBox="-2 -2 {width + 4:g} {height + 4:g}" style="max-width:none">'
        f"<title>{HEAD}</title>{''.join(drawn)}</svg></div><p>{HEAD}</p>"
    )


def collected(chapter: Chapter, lemmas: Mapping[str, Node]) -> tuple[dict[str, Node], list[tuple[str, str]]]:
    """The boxes and what leads from one to another: a definition to those that use it and to the claims that mention
    it, a claim to the rules of its derivation. A claim that mentions no definition rests on its context."""
    nodes: dict[str, Node] = {}
    edges: dict[tuple[str, str], None] = {}
    context, known = "", dict[str, str]()
    for block in chapter.blocks:
        if not isinstance(block, n.Box):
            continue
        if block.kind == "given":
            context = block.id
            nodes[context] = Node(0, context, block.name, "given")
            known = _definitions(block, known if block.continues else {}, nodes, edges)
        elif block.id and block.kind != "lemma":
            nodes[block.id] = Node(1, block.id, block.name, block.kind)
            mentioned = [known[name] for name in block.uses if name in known] or [context] * bool(context)
            edges |= {(start, block.id): None for start in mentioned}
            rows = (row for inner in block.inside if isinstance(inner, n.Equations) for row in inner.rows)
            edges |= {(block.id, row.link): None for row in rows if row.link in lemmas}
    nodes |= {place: lemmas[place] for _, place in edges if place in lemmas}
    used = {end for edge in edges for end in edge}
    used |= {node.place for node in nodes.values() if node.id in used}  # a definition stands below its context
    return {key: node for key, node in nodes.items() if key in used}, list(edges)


def _definitions(
    block: n.Box, before: Mapping[str, str], nodes: dict[str, Node], edges: dict[tuple[str, str], None]
) -> dict[str, str]:
    """The boxes of a context's definitions by their names, with those of the context that it continues."""
    known = dict(before)
    for each in block.defines:
        if each.name not in before:
            known[each.name] = name = f"{block.id} {each.name}"  # no place has a blank in it
            nodes[name] = Node(0, name, each.name, "definition", block.id)
            edges |= {(known[used], name): None for used in each.uses if used in known}
    return known


def _rows(nodes: Mapping[str, Node], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The row of each node: claims one below the other, a context with its definitions beside its first claim, a lemma
    in the middle of those that use it, so that edges are short."""
    rows = {node.id: row for row, node in enumerate(each for each in nodes.values() if each.column == 1)}
    beside: dict[str, list[int]] = {}
    for start, end in edges:
        if nodes[start].column == 0 and nodes[end].column == 1:
            beside.setdefault(nodes[start].place or start, []).append(rows[end])
        if nodes[end].column == 2:
            beside.setdefault(end, []).append(rows.get(start, 0))
    free = 0
    for node in nodes.values():
        if node.column == 0:
            rows[node.id] = max(free, min(beside.get(node.id, [free])))
            free = rows[node.id] + 1
    free = 0
    for node in sorted((e for e in nodes.values() if e.column == 2), key=lambda e: _middle(beside[e.id])):
        rows[node.id] = max(free, _middle(beside[node.id]))
        free = rows[node.id] + 1
    return rows


def _middle(rows: Sequence[int]) -> int:
    return sorted(rows)[len(rows) // 2]
