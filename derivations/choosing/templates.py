"""Documents to begin with: the layers of the cookbook, each with its definitions and its proved gradients."""

from __future__ import annotations

from pathlib import Path

from derivations.language.errors import InputError, Place, did_you_mean

COOKBOOK = Path(__file__).parent.parent / "cookbook"


def names() -> list[str]:
    """The layers that there are, in the order of their names."""
    return sorted(path.stem for path in COOKBOOK.glob("*.md"))


def title(layer: str) -> str:
    """A layer's heading."""
    return (COOKBOOK / f"{layer}.md").read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")


def template(layer: str) -> str:
    """The document of a layer; raises InputError where there is none.

    >>> template("dense").splitlines()[0]
    '# A dense layer'
    """
    if layer not in names():
        place = Place("gradproof new", 1, 1, layer, len(layer))
        raise InputError(f"there is no layer {layer}", place, f"one of {', '.join(names())}", _nearest(layer))
    return (COOKBOOK / f"{layer}.md").read_text(encoding="utf-8")


def _nearest(layer: str) -> str:
    """A layer whose name or heading is near to what was written."""
    parts = [name for name in names() if layer.lower() in name or layer.lower() in title(name).lower()]
    return f"did you mean {parts[0]}?" if parts else did_you_mean(layer, names())
