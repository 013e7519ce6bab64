"""gradproof's symbolic half: what a formula means, and whether it is true for every shape.

    from derivations import Document, given, derive, conv, rot180

Names are loaded when they are first used, so that `import derivations` costs nothing: `Document`, `given`,
`derive`, the derivative words `grad`, `jacobian`, `d`, `shape`, every operator of the claim language and
every function of one variable, each taking and giving SymPy expressions.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

_API = ("Document", "Given", "Verdicts", "d", "given", "grad", "jacobian", "shape")
# of the reader of code: loaded apart, since a context needs none of it
_CODE = ("assert_gradient", "gradient_of", "prove")


def __getattr__(name: str) -> Any:
    # `from derivations import core` asks here first; submodules are the import system's business
    if name.startswith("_") or find_spec(f"{__name__}.{name}") is not None:
        raise AttributeError(name)
    if name in _API:
        value = getattr(import_module("derivations.api"), name)
    elif name in _CODE:
        value = getattr(import_module("derivations.reading.testing"), name)
    elif name == "derive":
        value = import_module("derivations.steps.tactic").derive
    else:
        import_module("derivations.api")  # what operators give can be typeset and listed
        words = import_module("derivations.words")
        value = words.word(name)
        if value is None:
            raise AttributeError(f"module 'derivations' has no attribute {name!r}{words.nearest(name)}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_API, "derive", *import_module("derivations.words").all_words()})
