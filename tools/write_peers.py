"""Writes `docs/peers.md`: the peers' catalogues judged claim by claim, with the processor's time of each.

    .venv/bin/python tools/write_peers.py

A claim that its file expects to be proved, or undecided, counts as true; the others are wrong variants.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

from derivations.formulas.claims import Claim
from derivations.judgement.judge import exists_everywhere, judge
from derivations.language.document import Document

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "derivations" / "catalogue" / "peers"
TRUE = ("proved", "undecided")

HEAD = """# Peers

What other tools have proved, stated in the claim language and judged here. Each file was written from the statements
alone; after many of them stands a wrong variant. The tables are written by `tools/write_peers.py`; times are of one
processor, evidence included.

"""
ABOUT = {
    "rewrite-rules.md": """## Rewrite rules of a tensor compiler

TensorRight (Arora et al., POPL 2025) states rules of XLA's algebraic simplifier and proves 115 of 118 for all ranks and
sizes, convolution at stride 1 only. Here ranks are 1 to 3, sizes, strides, dilations and paddings symbolic; a rule for
all ranks is not one statement. The rules were chosen from the same simplifier without its list, so that the shares are
no contest on one table.

""",
    "vector-jacobian-products.md": """## Vector-Jacobian products of layers

lean4-mlir and TorchLean prove the backward pass of their layers by hand. Here the forward definition and the backward
pass are stated, and nothing else is given.

""",
}


@dataclass
class Section:
    """The claims below one heading."""

    title: str
    true: list[tuple[str, str, float]] = field(default_factory=list)  # name, verdict, seconds
    wrong: list[tuple[str, str, float]] = field(default_factory=list)

    def row(self) -> str:
        """The section's line of the table."""
        proved = sum(verdict == "proved" for _, verdict, _ in self.true)
        exact = sum(verdict in ("holds where", "refuted") for _, verdict, _ in self.wrong)
        seconds = [each for _, _, each in (*self.true, *self.wrong)]
        times = f"{statistics.median(seconds):.2f} | {max(seconds):.1f}"
        return f"| {self.title} | {proved} of {len(self.true)} | {exact} of {len(self.wrong)} | {times} |"


def judged(claim: Claim) -> tuple[str, float]:
    """The verdict of a claim of one link, and the processor's time."""
    start = time.process_time()
    (verdict,) = judge(claim)
    assert not verdict.contradiction, claim.id
    return verdict.verdict, time.process_time() - start


def sections(path: Path) -> list[Section]:
    """The claims of a file, judged, by heading."""
    lines = path.read_text(encoding="utf-8").splitlines()
    heads = [(number, line[3:]) for number, line in enumerate(lines, 1) if line.startswith("## ")]
    found = [Section(title) for _, title in heads]
    for claim in Document.read(path, exists_everywhere).claims:
        at = sum(number <= claim.line for number, _ in heads) - 1
        outcome = judged(claim)
        is_true = claim.expectation(1).kind in TRUE
        (found[at].true if is_true else found[at].wrong).append((claim.id, *outcome))
    return [section for section in found if section.true or section.wrong]


def main() -> None:
    """Writes the page."""
    text = HEAD
    for name, about in ABOUT.items():
        found = sections(PEERS / name)
        total = Section("**all**", [c for s in found for c in s.true], [c for s in found for c in s.wrong])
        text += about + f"[{name}](../derivations/catalogue/peers/{name})\n\n"
        text += "| | true, proved | wrong, with region or refuted | median s | longest s |\n|---|---|---|---|---|\n"
        text += "\n".join(section.row() for section in [*found, total]) + "\n\n"
        left = [claim for claim, verdict, _ in total.true if verdict != "proved"]
        open_ = [claim for claim, verdict, _ in total.wrong if verdict == "false"]
        text += f"True and not proved: {', '.join(f'`{claim}`' for claim in left) or 'none'}; the file says why.\n"
        text += f"False, without an exact region: {', '.join(f'`{claim}`' for claim in open_) or 'none'}.\n\n"
    (ROOT / "docs" / "peers.md").write_text(text.rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
