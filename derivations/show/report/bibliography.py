r"""A document's bibliography: what its front matter names, and the files beside the document.

    bibliography: refs.bib          a BibTeX file beside the document, or a list of them
    references:                     or the works themselves, with BibTeX's fields
      - {id: lee2019, author: Lee, Ann and Ito, Jo, title: Convolutions, year: 2019}

Law: a file that is missing or is not in the document's folder is an error with its place in the document; nothing but
a .bib file is read, since an error shows lines of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from derivations.language.errors import InputError, Place, did_you_mean
from derivations.show.report.citations import Bibliography
from derivations.show.report.markup import without_private
from derivations.show.report.references import entries_of, references_of, works_of

LARGEST = 5_000_000  # bytes of a file
LONGEST = 5_000  # letters of a field
HOW_TO_GET = "pip install 'gradproof[report]'"


@dataclass(frozen=True)
class Named:
    """What front matter says of a bibliography: the names of its files, with their places; the works that stand there
    themselves, as fields with their places."""

    files: tuple[tuple[str, Place], ...]
    works: tuple[tuple[Mapping[str, str], Place], ...]


# -- front matter ----------------------------------------------------------------------------------------------------


def named(front: str, name: str, lines: Sequence[str]) -> Named:
    """What the front matter, from line 2 of a document, names as bibliography; raises InputError."""
    import yaml

    def place(node: Any) -> Place:
        line, column = node.start_mark.line + 2, node.start_mark.column + 1
        length = node.end_mark.column + 1 - column if node.end_mark.line == node.start_mark.line else 1
        return Place(name, line, column, lines[line - 1] if line <= len(lines) else "", max(1, length))

    def scalar(node: Any, expected: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or not node.value:
            raise InputError("this is no text", place(node), expected)
        return str(node.value)[:LONGEST]

    def items(node: Any) -> list[Any]:
        return list(node.value) if isinstance(node, yaml.SequenceNode) else [node]

    def work(node: Any) -> dict[str, str]:
        if not isinstance(node, yaml.MappingNode):
            raise InputError("this is no work", place(node), "fields: `- id: lee2019` and below it `title: …`")
        fields = {}
        for key, value in node.value:
            texts = [scalar(each, "a text") for each in items(value)]
            fields[scalar(key, "a field's name").lower()] = " and ".join(texts)
        if "id" not in fields:
            raise InputError("this work has no key", place(node), "a field `id`", "add `id: lee2019`")
        return fields

    whole = yaml.compose(front, Loader=yaml.SafeLoader)
    files: list[tuple[str, Place]] = []
    works: list[tuple[Mapping[str, str], Place]] = []
    for key, value in whole.value if isinstance(whole, yaml.MappingNode) else ():
        if key.value == "bibliography":
            files += [(scalar(each, "the name of a .bib file"), place(each)) for each in items(value)]
        elif key.value == "references":
            works += [(work(each), place(each)) for each in items(value)]
    return Named(tuple(files), tuple(works))


# -- files -----------------------------------------------------------------------------------------------------------


def text_of(address: str, place: Place, folder: Path | None) -> tuple[str, str]:
    """The name and the text of a file beside the document; raises InputError."""

    def error(message: str, expected: str = "a BibTeX file in the document's folder", fix: str = "") -> InputError:
        return InputError(f"the bibliography {address} {message}", place, expected, fix)

    if folder is None:
        raise error("cannot be looked for: this document is no file", "a document that is a file")
    try:
        within = folder.resolve()
        file = (within / address).resolve()
        if not file.is_relative_to(within):
            raise error("is not in the document's folder", fix="copy it beside the document")
        if file.suffix.lower() != ".bib":
            raise error("is no .bib file", fix="name a file that ends in .bib")
        if not file.is_file():
            near = did_you_mean(address, (each.name for each in within.glob("*.bib") if each.is_file()))
            raise error("does not exist", fix=near or f"put it beside the document, in {folder}")
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except (OSError, ValueError) as problem:
        if isinstance(problem, InputError):
            raise
        raise error(f"cannot be read: {getattr(problem, 'strerror', None) or problem}") from None
    if len(data) > LARGEST:
        raise error("is too large", f"at most {LARGEST} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data[: problem.start].count(b"\n") + 1
        raise InputError(
            "this is not UTF-8", Place(str(folder / address), line, 1), "text in UTF-8", "save the file as UTF-8"
        ) from None
    return str(folder / address), without_private(text.replace("\r\n", "\n").replace("\r", "\n"))


def bibliography_of(found: Named, folder: Path | None, mentioned: set[str]) -> Bibliography:
    """Reads what front matter names; the works that are mentioned are set. Raises InputError."""
    if find_spec("pybtex") is None:
        place = next(place for _, place in (*found.files, *found.works))
        raise InputError("pybtex, which reads bibliographies, is not installed", place, "", HOW_TO_GET)
    entries: dict[str, Any] = {}
    for address, place in found.files:
        name, text = text_of(address, place, folder)
        entries = {**entries_of(text, name), **entries}
    entries |= works_of(found.works)
    return Bibliography(frozenset(entries), references_of(entries, mentioned))
