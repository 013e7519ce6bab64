"""Every shipped claim in other words: does any verdict depend on how a claim is written?

    nice -n 19 python benchmarks/other_words.py --results build/other-words.jsonl

One line of the results file for each link, so that a run can be stopped and started again. Prints how many rewritings
of each kind were judged and every verdict that changed; the exit status is 1 if there is one.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "soundness")]

from other_words import in_other_words, verdict  # noqa: E402

from derivations.language.document import Document  # noqa: E402


def main() -> int:
    """Judge what the results file lacks, then print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--results", type=Path, default=Path("build/other-words.jsonl"))
    options = parser.parse_args()
    files = options.files or sorted(ROOT.glob("derivations/documents/*.md")) + sorted(
        ROOT.glob("derivations/catalogue/*.md")
    )
    options.results.parent.mkdir(parents=True, exist_ok=True)
    lines = options.results.read_text(encoding="utf-8").splitlines() if options.results.exists() else []
    records = [json.loads(line) for line in lines if line.endswith("}")]
    known = {record["of"] for record in records}
    with options.results.open("a", encoding="utf-8") as file:
        for path in files:
            for number, claim in enumerate(Document.parse(path.read_text(encoding="utf-8"), path.name).claims):
                for place, link in enumerate(claim.links, 1):
                    name = f"{path.name} {number} {claim.id} {place}"
                    if name in known:
                        continue
                    said = verdict(claim, link)
                    ways = dict(in_other_words(claim, link, random.Random(name)))
                    others = {how: verdict(claim, other) for how, other in ways.items()}
                    changed = {
                        how: f"{said[0]}, then {other[0]}: {ways[how].left} == {ways[how].right}"
                        for how, other in others.items()
                        if other != said
                    }
                    records.append({"of": name, "ways": list(ways), "changed": changed})
                    print(json.dumps(records[-1]), file=file, flush=True)
                    for how, what in changed.items():
                        print(f"{name}, {how}: {what}", file=sys.stderr, flush=True)
    counts = Counter(how for record in records for how in record["ways"])
    changes = Counter(how for record in records for how in record["changed"])
    for how, count in counts.most_common():
        print(f"{how:<22}{count:>6} judged, {changes[how]} changed")
    return 1 if changes else 0


if __name__ == "__main__":
    sys.exit(main())
