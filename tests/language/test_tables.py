"""The remembered tables of a grammar: the parser that they give is the parser that the grammar gives."""

from __future__ import annotations

import os
import time
from importlib.resources import files
from pathlib import Path

import pytest
from lark import Lark
from lark.exceptions import UnexpectedInput

from derivations.language.syntax import STARTS
from derivations.language.tables import lalr

GRAMMAR = files("derivations.language").joinpath("grammar.lark").read_text(encoding="utf-8")
OPTIONS = {"start": STARTS, "propagate_positions": True, "maybe_placeholders": True}
TEXTS = [
    ("test", "grad(J, w) == conv(rot180(a), delta[1:2, :], valid, stride=(2, 3)).T ** -2"),
    ("test", "[i <= j and not k == 1] * sum[i in 0..n-1](f''(x)[i])"),
    ("dims", "H, W, m >= 2 where m <= H, H % m == 0"),
    ("definition", "z[i, j] = x[i] @ y // 2"),
    ("test", "a ="),
    ("test", "a b"),
    ("dims", "H where"),
    ("test", "a ~ b"),
]


def said(parser: Lark, start: str, text: str) -> object:
    """The tree with its places, or what was expected where."""
    try:
        tree = parser.parse(text, start=start)
    except UnexpectedInput as error:
        interactive = parser.parse_interactive("", start=start)
        return type(error), error.pos_in_stream, sorted(interactive.accepts())
    return tree, [
        (each.data, each.meta.start_pos, each.meta.end_pos) for each in tree.iter_subtrees_topdown() if each.children
    ]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "gradproof"


def test_the_tables_are_those_of_the_grammar(place: Path) -> None:
    """Trees, places and errors are the same, first and second time."""
    fresh = Lark(GRAMMAR, parser="lalr", **OPTIONS)
    for _ in range(2):
        parser = lalr(GRAMMAR, **OPTIONS)
        for start, text in TEXTS:
            assert said(parser, start, text) == said(fresh, start, text)
    (kept,) = place.iterdir()
    before = kept.stat().st_mtime_ns
    time.sleep(0.01)
    lalr(GRAMMAR, **OPTIONS)
    assert kept.stat().st_mtime_ns == before  # read, not written again


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "other", "directory", "writable"])
def test_what_may_not_be_believed_is_not(place: Path, damage: str) -> None:
    """A damaged file, one that others could have written, one of another grammar: none is used, each is replaced."""
    lalr(GRAMMAR, **OPTIONS)
    (kept,) = place.iterdir()
    whole = kept.read_text(encoding="utf-8")
    if damage == "cut":
        kept.write_text(whole[:-500], encoding="utf-8")
    elif damage == "changed":
        kept.write_text(whole.replace("conditions", "conditiont"), encoding="utf-8")
    elif damage == "empty":
        kept.write_text("", encoding="utf-8")
    elif damage == "other":
        lalr('start: "x"', start="start")
        (other,) = place.iterdir()
        other.rename(kept)
    elif damage == "directory":
        kept.unlink()
        kept.mkdir()
    else:
        kept.write_text(whole.replace("conditions", "conditiont"), encoding="utf-8")
        kept.chmod(0o666)
    parser = lalr(GRAMMAR, **OPTIONS)
    assert said(parser, *TEXTS[0]) == said(Lark(GRAMMAR, parser="lalr", **OPTIONS), *TEXTS[0])
    if damage != "directory":
        before = kept.stat().st_mtime_ns
        lalr(GRAMMAR, **OPTIONS)
        assert kept.stat().st_mtime_ns == before  # it is believed again
        assert "conditiont" not in kept.read_text(encoding="utf-8")
        assert not kept.stat().st_mode & 0o077 or os.name == "nt"


def test_a_place_that_cannot_be_written_costs_time_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a directory for caches there is a parser all the same."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert said(lalr(GRAMMAR, **OPTIONS), *TEXTS[0])
