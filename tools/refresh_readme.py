"""Writes into the README what the tool itself says: excerpts of `gradproof verify`, and the table of verdicts.

    python tools/refresh_readme.py

Each part stands between `<!-- name: ... -->` and `<!-- end -->`; everything else stays.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from derivations.batch.cache import Cache
from derivations.batch.run import judge_claim, judged, read
from derivations.judgement.results import Results
from derivations.show.lines import line, name, name_width, readings_lines, summary
from derivations.show.report.table import markdown_table, rows, statement_of

ROOT = Path(__file__).resolve().parent.parent
# the lines of the first document that everybody asks about: the two forms of the kernel's gradient, and plain up
BY_HAND = re.compile(r"^```claim (\S+)\n(?:(?!^```).*\n)*^```\n\nBy hand: `", re.MULTILINE)
EXCERPT = ("S0-17a-rectangular-conv", "S0-17b-rectangular-conv", "S0-34-mean", "S0-34-mean-corrected", "S0-35-conv")


def results() -> Results:
    """The verdicts on the shipped documents; from the cache where they are known."""
    inputs = read([])
    found = Results(errors=inputs.errors)
    for each in judged(inputs.blocks, judge_claim, 2, Cache()):
        found.take(each)
    found.compare_readings()
    return found


def excerpt(found: Results) -> str:
    """Some lines of the run, and its summary without the time that it took."""
    chosen = [verdict for verdict in found.verdicts if verdict.id in EXCERPT]
    width = name_width(map(name, chosen))
    count = re.sub(r" [\d.]+ s\.$", "", summary(found, 0.0)[1].plain)
    return "\n".join(["```", *(line(verdict, width).plain.rstrip() for verdict in chosen), "", count, "```"])


def readings(found: Results) -> str:
    """What the first document's verdicts say about its readings, its list of statements cut."""
    lines = [text.plain for text in readings_lines(found.readings[0])]
    return "\n".join(["```", *(each.lstrip("\n") if len(each) < 160 else f"{each[:100]} …" for each in lines), "```"])


def read_table(found: Results) -> str:
    """For each document how many of its statements are read as they are printed, and agree with the translation."""
    statements = {row.document: row.counts[0] for row in rows(found)}
    lines = ["| document | statements | read as printed |", "|---|---:|---:|"]
    total = 0
    for document in (each for each in statements if each != "together"):
        path = ROOT / "examples" / "notes" / f"{document[:2]}-as-printed.md"
        names = BY_HAND.findall(path.read_text(encoding="utf-8"))
        count = len(set(map(statement_of, names)))
        total += count
        lines.append(f"| {document} | {statements[document]} | {count} |")
    return "\n".join([*lines, f"| together | {statements['together']} | {total} |"])


def replaced(text: str, name: str, content: str) -> str:
    """The text with what stands between the marks of this name exchanged; raises ValueError without marks."""
    pattern = re.compile(rf"(<!-- {name}:[^>]*-->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"the README has no place for {name}: it needs <!-- {name}: ... --> and <!-- end -->")
    return pattern.sub(lambda match: f"{match[1]}{content}\n{match[2]}", text)


def main() -> int:
    """Refreshes the README; 1 if the verdicts are not as expected, so that nobody publishes a broken table unseen."""
    readme = ROOT / "README.md"
    found = results()
    text = replaced(readme.read_text(encoding="utf-8"), "excerpt", excerpt(found))
    text = replaced(text, "readings", readings(found))
    text = replaced(text, "table", markdown_table(found).rstrip())
    text = replaced(text, "read", read_table(found))
    readme.write_text(text, encoding="utf-8")
    print(f"wrote {readme}; status {int(found.status)}")
    return int(found.status != 0)


if __name__ == "__main__":
    sys.exit(main())
