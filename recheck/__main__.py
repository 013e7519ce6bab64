"""`python -m recheck DIR`: the recheck alone, without the prover's command line."""

from __future__ import annotations

import sys
from pathlib import Path

from recheck.run import WRONG, ManifestError, recheck


def main() -> int:
    """Rechecks the directory that is the one argument; prints the report and gives the exit status."""
    if len(sys.argv) != 2:
        print("usage: python -m recheck DIR", file=sys.stderr)
        return WRONG
    try:
        report = recheck(Path(sys.argv[1]))
    except ManifestError as error:
        print(error, file=sys.stderr)
        return WRONG
    for line in report.lines():
        print(line)
    return report.status


if __name__ == "__main__":
    sys.exit(main())
