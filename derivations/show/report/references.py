r"""The works of a bibliography, read and set: what a BibTeX file or front matter says of them, as a list of references.

Law: what stands in a field is words. Accents of TeX are letters, formulas are read (`mathematics.py`), addresses are
links only in the schemes of prose, and no other command does anything. A file that is not BibTeX is an error with its
place in it. pybtex reads the files and knows which fields an article or a book shows, and in which order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from derivations.language.errors import InputError, Place, did_you_mean
from derivations.show.report import nodes as n
from derivations.show.report.citations import Reference
from derivations.show.report.markup import link
from derivations.show.report.mathematics import BadMathematics, read

if TYPE_CHECKING:
    from pybtex.database import Entry

LONGEST = 5_000  # letters of a field
LARGEST_MACROS = 1_000_000  # letters that @string puts into a file, which could double at each line
ROLES = ("author", "editor")
RAW = frozenset({"url", "doi", "eprint", "pubmed"})  # addresses, in which no letter is markup
ALIASES = {"journaltitle": "journal", "location": "address", "date": "year", "institution": "school"}
NO_YEAR = "n.d."
_DAY = re.compile(r"(?<=^\d{4})[-/].*")  # in a date, what follows the year
_SPECIAL = re.compile(
    r"(?<!\\)\$(?P<formula>[^$]+)(?<!\\)\$|\\(?P<kind>emph|textit|textbf|texttt|url)\{(?P<words>[^{}]*)\}"
)
_MARK = re.compile("\ue000(\\d+)\ue001")


# -- files -----------------------------------------------------------------------------------------------------------


class _Macros(dict[str, str]):
    """The texts that @string names; what they may grow to is bounded."""

    def __init__(self, known: Mapping[str, str]) -> None:
        super().__init__(known)
        self.letters = 0

    def __setitem__(self, name: str, value: str) -> None:
        super().__setitem__(name.lower(), value)

    def __getitem__(self, name: str) -> str:
        value = super().__getitem__(name.lower())
        self.letters += len(value)
        if self.letters > LARGEST_MACROS:
            raise OverflowError
        return value


def entries_of(text: str, name: str) -> dict[str, Entry]:
    """The entries of a BibTeX file by their keys; raises InputError at its first mistake.

    >>> [entry.fields["title"] for entry in entries_of("@book{a, title = {One}}", "refs.bib").values()]
    ['One']
    """

    from pybtex.database import BibliographyDataError
    from pybtex.database.input.bibtex import DuplicateField, Parser, UndefinedMacro, month_names
    from pybtex.exceptions import PybtexError
    from pybtex.scanner import PrematureEOF, PybtexSyntaxError, TokenRequired

    def place(at: int, length: int = 1) -> Place:
        line = text.count("\n", 0, at)
        start = text.rfind("\n", 0, at) + 1
        return Place(name, line + 1, at - start + 1, text.split("\n")[line], length)

    def raised(error: Exception) -> NoReturn:
        raise error

    parser = Parser()
    parser.macros = _Macros(month_names)
    parser.handle_error = raised
    try:
        data = parser.parse_string(text)
    except OverflowError:
        raise InputError(
            "the @string of this file make it too long", Place(name), f"{LARGEST_MACROS} letters"
        ) from None
    except RecursionError:
        raise InputError("this file nests too deep", Place(name), "fewer braces within braces") from None
    except UndefinedMacro as error:
        at, word = error.parser.pos, str(error.args[0])
        known = did_you_mean(word, parser.macros)
        raise InputError(
            f"no @string defines {word}", place(at - len(word), len(word)), "a text in braces or a name of @string",
            known or f"write {{{word}}}",
        ) from None  # fmt: skip
    except PrematureEOF as error:
        raise InputError(
            "this entry does not end", place(error.parser.command_start), "an entry that is closed", "close its braces"
        ) from None
    except TokenRequired as error:
        expected = str(error.args[0]).removesuffix(" expected")
        at = error.parser.pos
        fix = (
            "close the entry above with `}`"
            if text[at] == "@"
            else "a comma parts two fields, `=` a field and its text"
        )
        raise InputError("this is not BibTeX", place(at), expected.replace("'", "`"), fix) from None
    except PybtexSyntaxError as error:
        raise InputError(str(error.args[0]), place(error.parser.pos - 1), "balanced braces") from None
    except DuplicateField as error:
        raise InputError(str(error), Place(name), "each field once", "take one of them away") from None
    except BibliographyDataError as error:
        key = str(error).rpartition(": ")[2]
        *_, last = re.finditer(rf"@\w+\s*[{{(]\s*(?P<key>{re.escape(key)})(?=\s*,)", text, re.IGNORECASE)
        raise InputError(
            f"the key {key} stands twice", place(last.start("key"), len(key)), "a key for each entry", "name one anew"
        ) from None
    except PybtexError as error:
        raise InputError(f"this is not BibTeX: {error}", Place(name), "a BibTeX file") from None
    return {str(key): entry for key, entry in data.entries.items()}


def works_of(works: Iterable[tuple[Mapping[str, str], Place]]) -> dict[str, Entry]:
    """The works that stand in front matter, as entries."""
    from pybtex.bibtex.utils import split_name_list
    from pybtex.database import Entry, Person
    from pybtex.exceptions import PybtexError

    found: dict[str, Entry] = {}
    for fields, place in works:
        entry = Entry(fields.get("type", "misc"))
        for name, value in fields.items():
            if name in ROLES:
                try:
                    for each in split_name_list(value):
                        entry.add_person(Person(each), name)
                except PybtexError:
                    raise InputError(
                        f"the names {value} are not understood", place, "Last, First and Last, First"
                    ) from None
            elif name not in ("id", "type"):
                entry.fields[name] = value
        if fields["id"] in found:
            raise InputError(f"the key {fields['id']} stands twice", place, "a key for each work", "name one anew")
        found[fields["id"]] = entry
    return found


# -- the list --------------------------------------------------------------------------------------------------------


def references_of(entries: Mapping[str, Entry], mentioned: set[str]) -> dict[str, Reference]:
    """The works that are mentioned, by their keys, in the order of the list."""
    usual = {key: _usual(entry, entries) for key, entry in entries.items() if key in mentioned}
    return {each.key: each for each in _references(usual)}


def _usual(entry: Entry, entries: Mapping[str, Entry]) -> Entry:
    """The entry with BibTeX's names of fields, and with what it takes from the work in which it stands."""
    from pybtex.database import Entry

    parent = entries.get(entry.fields.get("crossref", ""), entry)
    fields = {"booktitle": parent.fields["title"]} if parent is not entry and "title" in parent.fields else {}
    persons = {**parent.persons, **entry.persons}
    for name, value in (*parent.fields.items(), *entry.fields.items()):
        fields[name.lower()] = value[:LONGEST]
    for name, usual in ALIASES.items():
        if name in fields:
            fields.setdefault(usual, fields[name])
    fields["year"] = _DAY.sub("", fields.get("year", "")) or NO_YEAR
    return Entry(entry.type, fields, persons)


def _references(entries: Mapping[str, Entry]) -> Iterator[Reference]:
    """The references in the order of names, year and title; those of the same names and year have letters."""
    cited = {key: (_names(key, entry), _plain(entry.fields["year"])) for key, entry in entries.items()}
    several = {each for each, count in Counter(cited.values()).items() if count > 1}
    seen: Counter[tuple[str, str]] = Counter()
    for key in sorted(entries, key=lambda key: (_sorted_by(entries[key], cited[key]), key)):
        names, year = cited[key]
        letter = _letter(seen[names, year]) if (names, year) in several else ""
        seen[names, year] += 1
        entries[key].fields["year"] += letter
        yield Reference(key, names, year + letter, _entry(entries[key], key))


def _letter(at: int) -> str:
    """a, b, … z, aa, ab, …"""
    return (_letter(at // 26 - 1) if at >= 26 else "") + chr(ord("a") + at % 26)


def _sorted_by(entry: Entry, cited: tuple[str, str]) -> tuple[str, ...]:
    persons = entry.persons.get("author") or entry.persons.get("editor") or ()
    names = " ".join(map(_last_name, persons)) or cited[0]
    return names.casefold(), cited[1], entry.fields.get("title", "").casefold()


def _names(key: str, entry: Entry) -> str:
    """The names by which a work is cited, or what stands for them.

    >>> from pybtex.database import Entry, Person
    >>> _names("k", Entry("book", {}, {"author": [Person("Ann Lee"), Person("van Dam, Jo")]}))
    'Lee and van Dam'
    """
    persons = entry.persons.get("author") or entry.persons.get("editor") or ()
    last = [_last_name(person) for person in persons]
    if len(last) > 2 or last[1:] == ["others"]:
        return f"{last[0]} et al."
    if last:
        return " and ".join(last)
    instead = (entry.fields.get(field, "") for field in ("organization", "school", "title", "howpublished"))
    return _plain(next(filter(None, instead), key))


def _last_name(person: Any) -> str:
    return _plain(" ".join(person.prelast_names + person.last_names) or str(person))


def _plain(field: str) -> str:
    """A field's words alone."""
    from pybtex.richtext import Text

    return str(Text.from_latex(_balanced(_SPECIAL.sub(lambda match: match[match.lastindex or 0], field))))


def _balanced(field: str) -> str:
    """The field, without its braces where they do not balance."""
    from pybtex.exceptions import PybtexError
    from pybtex.richtext import Text

    try:
        Text.from_latex(field)
    except (PybtexError, RecursionError):
        return field.replace("{", "").replace("}", "")
    return field


def _entry(entry: Entry, key: str) -> n.Inlines:
    """An entry of the list, as its kind is set; of the fields that are missing, nothing."""
    from pybtex.style.formatting.plain import Style
    from pybtex.style.template import FieldIsMissing, field, sentence

    lifted: list[n.Inlines] = []

    def as_written(_: Entry, which_field: str, as_sentence: bool = True) -> Any:
        """A title with its capital letters, which BibTeX's style takes away."""
        return sentence[field(which_field)] if as_sentence else field(which_field)

    def lift(match: re.Match[str]) -> str:
        lifted.append(_special(match))
        return f"\ue000{len(lifted) - 1}\ue001"

    for name, value in entry.fields.items():
        if name not in RAW:
            entry.fields[name] = _balanced(_SPECIAL.sub(lift, value))
    style = Style()
    style.format_title = as_written
    if not hasattr(style, f"get_{entry.type}_template"):
        entry.type = "misc"
    while True:
        try:
            return style.format_entry("", entry).text.render(_Nodes(lifted)) or (n.Text(key),)
        except FieldIsMissing as error:
            if error.field_name in entry.fields or error.field_name in entry.persons:
                raise
            missing = entry.persons if error.field_name in ROLES else entry.fields
            missing[error.field_name] = [] if error.field_name in ROLES else ""


def _special(match: re.Match[str]) -> n.Inlines:
    """A formula, or words that a command of TeX marks."""
    if match["formula"]:
        try:
            found = read(match["formula"])
        except BadMathematics:
            return (n.Code(match[0]),)
        return (n.Mathematics(found.tex, source=match[0]),)
    words, kind = match["words"], match["kind"]
    if kind == "url":
        return link(words, (n.Text(words),))
    if kind == "texttt":
        return (n.Code(words),)
    return (n.Marked("strong" if kind == "textbf" else "emphasis", (n.Text(_plain(words)),)),)


class _Nodes:
    """A backend of pybtex's: its text as nodes of the report, with what was lifted put back."""

    RenderType = tuple

    def __init__(self, lifted: list[n.Inlines]) -> None:
        self.lifted = lifted
        self.symbols = {"ndash": (n.Text("–"),), "newblock": (n.Text(" "),), "nbsp": (n.Text("\u00a0"),)}

    def format_protected(self, text: n.Inlines) -> n.Inlines:
        """What stands in braces."""
        return text

    def format_str(self, str_: str) -> n.Inlines:
        """Words, and what stands between them."""
        found: list[n.Inline] = []
        for at, part in enumerate(_MARK.split(str_)):
            found += self.lifted[int(part)] if at % 2 else (n.Text(part),) if part else ()
        return tuple(found)

    def format_tag(self, tag_name: str, text: n.Inlines) -> n.Inlines:
        """What pybtex stresses; its other tags are words here."""
        return (n.Marked("emphasis", text),) if tag_name in ("em", "i") else text

    def format_href(self, url: str, text: n.Inlines, external: bool = False) -> n.Inlines:
        """A link, if its scheme is one of those that prose may use."""
        return link(url, text)

    def render_sequence(self, rendered_list: list[n.Inlines]) -> n.Inlines:
        """One after the other."""
        return tuple(node for each in rendered_list for node in each)
