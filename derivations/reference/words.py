"""The words of a verdict: what each means and what to do about it, one Markdown page a word.

>>> "undecided" in names()
True
>>> page("undecided").splitlines()[0]
'# undecided'
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

FOLDER = Path(__file__).parent / "words"


def names() -> list[str]:
    """Every word that has a page, in the order of the alphabet."""
    return sorted(path.stem for path in FOLDER.glob("*.md"))


def page(word: str) -> str:
    """The page of a word, as Markdown; raises KeyError with the nearest words as its message."""
    wanted = "-".join(word.lower().split())
    if wanted not in names():
        near = get_close_matches(wanted, names(), n=3, cutoff=0.5) or names()
        raise KeyError(f"there is no page for {word}; there are {', '.join(near)}")
    return (FOLDER / f"{wanted}.md").read_text(encoding="utf-8")
