"""One line of code to one reading, by its language."""

from __future__ import annotations

from derivations.language.source import Statement
from derivations.notation.matlab import read_matlab
from derivations.notation.profile import Profile
from derivations.notation.python import read_python
from derivations.notation.reading import Reading
from derivations.notation.typed import Types


def read_code(
    source: Statement,
    start: int,
    end: int,
    language: str,
    profile: Profile,
    types: Types,
    needs_left: bool = True,
    defines: bool = False,
) -> Reading:
    """The reading of a line of code, an assignment or an expression; raises InputError.

    needs_left: the assigned name is read too; otherwise what is assigned may be any name. defines: the assigned name is
    declared hereby.
    """
    read = read_matlab if language == "matlab" else read_python
    return read(source, start, end, profile, types, needs_left, defines)
