"""Citations in a report: what is cited is listed and nothing else, each leads to the other, what is wrong is an error
with its place, and a hostile bibliography is words."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.judgement.results import Results
from derivations.language.document import Document
from derivations.language.errors import InputError, InputErrors
from derivations.show.report import nodes as n
from derivations.show.report.bibliography import LARGEST
from derivations.show.report.citations import found_in
from derivations.show.report.document import Report, check_citations, report_tree
from derivations.show.report.markup import plain
from derivations.show.report.page import latex_of
from derivations.show.report.typeset import typeset
from derivations.show.report.typst import write_typst
from derivations.show.report.web import web_page

pytest.importorskip("pybtex", reason="pybtex is not installed")

GIVEN = "```given\ndims n\ntensor x[n]\n```\n"
BIB = r"""@string{jmlr = "Journal of Learning"}
@article{lee, author = {Lee, Ann and It{\"o}, Jo}, title = {On the $L_{2}$ norm of a {CNN}}, journal = jmlr,
  volume = 3, number = 1, pages = {1--20}, year = 2019, doi = {10.1000/x_y}}
@book{three, author = {Ian One and Jo Two and Al Three}, title = {A Book}, publisher = {A Press}, year = {2016}}
@article{twin, author = {Lee, Ann and It{\"o}, Jo}, title = {Another}, journal = jmlr, year = 2019}
@online{page, title = {A Page}, url = {https://example.org/a_b}, date = {2020-05-01}}
@inproceedings{part, author = {Po, Li}, title = {Inside}, pages = {7}, crossref = {whole}}
@proceedings{whole, editor = {Ed Itor}, title = {Proceedings of X}, publisher = {Y}, year = {2001}}
@unheardof{odd, note = {Nothing else}}
"""
KEYS = ("lee", "three", "twin", "page", "part", "whole", "odd")


def tree(folder: Path, prose: str, bib: str | None = BIB, front: str = "bibliography: refs.bib") -> Report:
    """The report of a document with a bibliography beside it."""
    if bib is not None:
        (folder / "refs.bib").write_text(bib, encoding="utf-8")
    text = f"---\n{front}\n---\n{prose}\n\n{GIVEN}"
    (folder / "notes.md").write_text(text, encoding="utf-8")
    return report_tree([Document.read(folder / "notes.md")], Results())


def error_of(folder: Path, prose: str, bib: str | None = BIB, front: str = "bibliography: refs.bib") -> InputError:
    """The only error of such a document."""
    with pytest.raises(InputErrors) as raised:
        tree(folder, prose, bib, front)
    [error] = raised.value.errors
    return error


def blocks_of(report: Report) -> n.Blocks:
    [chapter] = [each for each in report.chapters if each.id == "document-1"]
    return chapter.blocks


def listed(report: Report) -> tuple[n.Listed, ...]:
    return tuple(each for block in blocks_of(report) if isinstance(block, n.References) for each in block.entries)


def works(report: Report) -> list[str]:
    """The words of each reference."""
    return [plain(each.inside).replace("\u00a0", " ") for each in listed(report)]


def words(report: Report, at: int = 0) -> str:
    """The words of a paragraph of the document."""
    return plain([block for block in blocks_of(report) if isinstance(block, n.Paragraph)][at].inside)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[@lee]", "(Lee and Itö 2019)"),
        ("@three say", "One et al. (2016) say"),
        ("[see *also* $x_1$ in @three, p. 3; @page]", "(see also x_1 in One et al. 2016, p. 3; A Page 2020)"),
        ("[-@three, `code`]", "(2016, code)"),
        ("-@three", "(2016)"),
        ("@{three}", "One et al. (2016)"),
        ("@three.", "One et al. (2016)."),
        ("so [@part]: so", "so (Po 2001): so"),
        ("a@three.org, `@none`, $@x$ and \\@none", "a@three.org, @none, @x and @none"),
        ("[@three](https://example.org/@none)", "One et al. (2016)"),
        ("[@three @page]", "[One et al. (2016) A Page (2020)]"),
        ("[no key]", "[no key]"),
    ],
)
def test_what_is_cited_reads_as_names_and_year(written: str, shown: str, tmp_path: Path) -> None:
    """In brackets, in the sentence, with text around, without names; what is no citation stays."""
    assert words(tree(tmp_path, written)) == shown


def test_same_names_and_year_are_told_apart(tmp_path: Path) -> None:
    """By a letter behind the year, in the text and in the list; a work that is not mentioned takes no letter."""
    report = tree(tmp_path, "@lee and @twin")
    assert words(report) == "Lee and Itö (2019b) and Lee and Itö (2019a)"
    assert works(report) == [
        "Ann Lee and Jo Itö. Another. Journal of Learning, 2019a.",
        "Ann Lee and Jo Itö. On the L_{2} norm of a CNN. Journal of Learning, 3(1):1–20, 2019b. doi:10.1000/x_y.",
    ]
    assert words(tree(tmp_path, "@lee")) == "Lee and Itö (2019)"


def test_a_reference_has_what_the_entry_has(tmp_path: Path) -> None:
    """Also from the work in which it stands, of an unknown kind, and where fields are missing."""
    report = tree(tmp_path, "@part @page @odd @three")
    assert works(report) == [
        "A Page. 2020. URL: https://example.org/a_b.",
        "n.d. Nothing else.",
        "Ian One, Jo Two, and Al Three. A Book. A Press, 2016.",
        "Li Po. Inside. In Ed Itor, editor, Proceedings of X, 7. Y, 2001.",
    ]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from(KEYS), max_size=8), st.sampled_from(["[@{}]", "@{}", "[-@{}, p. 2]", "*a @{}*"]))
def test_what_is_cited_is_listed_and_vice_versa(
    tmp_path_factory: pytest.TempPathFactory, keys: list[str], form: str
) -> None:
    """Each work once, in the order of names, and each leads to all its places and each place to its work."""
    report = tree(tmp_path_factory.mktemp("n"), " and ".join(form.replace("{}", key) for key in keys) or "nothing")
    entries = {each.id: each for each in listed(report)}
    assert set(entries) == {f"_reference-1-{key}" for key in keys}
    assert len(entries) == len(listed(report))
    latex = latex_of(report)[0]
    targets = re.findall(r"\\hypertarget\{([^}]*)\}", latex)
    assert len(targets) == len(set(targets))
    assert set(re.findall(r"\\hyperlink\{([^}]*)\}", latex)) <= set(targets)
    assert sum(len(each.cited) for each in entries.values()) == len(keys)
    assert latex.count(r"\hypertarget{.5f.citation") == len(keys)


@settings(deadline=None)
@given(st.text(alphabet="[]@{};,-ab \n`$\\(", max_size=40))
def test_citations_are_found_in_any_text(text: str) -> None:
    """In order, none within another, each with its keys in it."""
    end = 0
    for cited in found_in(text):
        assert cited.start >= end
        end = cited.end
        assert all(part.written in text[cited.start : cited.end] for part in cited.parts)


def test_citations_are_everywhere_that_prose_is(tmp_path: Path) -> None:
    """In headings, lists, tables, quotes, notes, and remarks; in code that is indented there is none."""
    prose = (
        "# Of @lee [^h]\n\n- [@lee]\n\n> @lee\n\n| a |\n|---|\n| @lee |\n\nA note[^1].\n\n    @nothing()\n\n"
        "[^1]: By @lee.\n[^h]: Above.\n\n```remark r\n\nAs @lee say, $x$.\n```\n"
    )
    report = tree(tmp_path, prose)
    [entry] = listed(report)
    assert len(entry.cited) == 6
    page, problems = page_of(report)
    assert not problems
    places = re.findall(r' id="([^"]*)"', page)
    assert len(places) == len(set(places))
    assert set(re.findall(r'href="#([^"]*)"', page)) <= set(places)
    assert not re.search(r"<a [^>]*>(?:(?!</a>).)*<a ", page)


def page_of(report: Report) -> tuple[str, list[str]]:
    pytest.importorskip("pypandoc", reason="Pandoc is not installed")
    return web_page(report)


def test_the_list_stands_under_the_last_heading(tmp_path: Path) -> None:
    """If nothing else does; else it has a heading of its own. Without citations there is no list."""
    text = "---\nbibliography: refs.bib\n---\n" + GIVEN + "\n@lee\n\n# Literature\n"
    (tmp_path / "refs.bib").write_text(BIB, encoding="utf-8")
    (tmp_path / "n.md").write_text(text, encoding="utf-8")
    blocks = blocks_of(report_tree([Document.read(tmp_path / "n.md")], Results()))
    assert [plain(block.inside) for block in blocks if isinstance(block, n.Heading)] == ["Literature"]
    assert isinstance(blocks[-1], n.References)
    blocks = blocks_of(tree(tmp_path, "@lee"))
    assert [plain(block.inside) for block in blocks if isinstance(block, n.Heading)] == ["References"]
    assert not listed(tree(tmp_path, "nothing"))


def test_works_may_stand_in_front_matter(tmp_path: Path) -> None:
    """With BibTeX's fields, several authors as a list; beside files, of which there may be several."""
    front = (
        "bibliography: [refs.bib, more.bib]\nreferences:\n- id: own\n  type: book\n  author: [Lee, Ann Ito]\n"
        "  title: Own $x^2$\n  year: 2001\n  publisher: P"
    )
    (tmp_path / "more.bib").write_text("@misc{more, title={More}, year={1999}}", encoding="utf-8")
    report = tree(tmp_path, "[@own; @lee; @more]", front=front)
    assert words(report) == "(Lee and Ito 2001; Lee and Itö 2019; More 1999)"
    assert works(report)[0] == "Lee and Ann Ito. Own x^2. P, 2001."


def test_without_a_bibliography_an_at_is_an_at(tmp_path: Path) -> None:
    """What looks like a citation stays as it was written, formulas in it are formulas, and it is said once."""
    report = tree(tmp_path, "[see @lee, $x$] and @dataclass", front="title: x")
    assert words(report) == "[see @lee, x] and @dataclass"
    [problem] = report.problems
    assert re.search(r"notes\.md:4:1: no citation, for the front matter names no bibliography", problem)


# -- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prose", "line", "column", "said"),
    [
        ("One\n\nas @leee say", 6, 4, "did you mean lee?"),
        ("[@lee; see @none]", 4, 12, r"write \@none if it is no key"),
        ("@three的", 4, 1, "write @{three} if the key ends there"),
        ("```remark r\n\nAs $x$ [-@none]\n```", 6, 9, "add it there"),
    ],
)
def test_an_unknown_key_is_an_error(prose: str, line: int, column: int, said: str, tmp_path: Path) -> None:
    """With its place, a caret under it and the smallest fix."""
    error = error_of(tmp_path, prose)
    assert (error.line, error.column, error.expected) == (line, column, "a key of the bibliography")
    assert said in error.fix
    caret = str(error).split("\n")[2]
    assert "^" in caret


@pytest.mark.parametrize(
    ("front", "said", "fix"),
    [
        ("bibliography: quite-other.bib", "quite-other.bib does not exist", "put it beside the document"),
        ("bibliography: ref.bib", "ref.bib does not exist", "did you mean refs.bib?"),
        ("bibliography: ../secret.bib", "is not in the document's folder", "copy it"),
        ("bibliography: /etc/passwd", "is not in the document's folder", "copy it"),
        ("bibliography: link.bib", "is not in the document's folder", "copy it"),
        ("bibliography: notes.md", "is no .bib file", ".bib"),
        ("bibliography: folder.bib", "does not exist", ""),
        ('bibliography: "a\\0b.bib"', "cannot be read", ""),
        ("bibliography: {a: b}", "this is no text", ""),
        ("references: [{title: x}]", "has no key", "add `id"),
        ("references: [x]", "this is no work", ""),
        ("references: [{id: a, title: {b: c}}]", "this is no text", ""),
        ("references: [{id: a}, {id: a}]", "stands twice", "anew"),
    ],
)
def test_a_bibliography_that_cannot_be_read_is_an_error(front: str, said: str, fix: str, tmp_path: Path) -> None:
    """It names the place in the front matter; nothing of another file is shown."""
    folder = tmp_path / "document"
    folder.mkdir()
    (folder / "folder.bib").mkdir()
    (tmp_path / "secret.bib").write_text("@misc{a secret", encoding="utf-8")
    (folder / "link.bib").symlink_to(tmp_path / "secret.bib")
    error = error_of(folder, "@lee", front=front)
    assert said in error.message
    assert fix in error.fix
    assert error.line == 2
    assert error.column >= 13
    assert "a secret" not in str(error)


@pytest.mark.parametrize(
    ("bib", "line", "column", "said"),
    [
        ("@misc{a,\n  title = {x\n", 1, 1, "does not end"),
        ("@misc{a,\n  title = {x}\n@misc{b, year = 1}", 3, 1, "this is not BibTeX"),
        ("@misc{a,\n  title = {x}\n  year = 2000\n}", 3, 3, "this is not BibTeX"),
        ("@misc{a,\n  title = jml\n}", 2, 11, "no @string defines jml"),
        ('@misc{a,\n  title = "x}"\n}', 2, 13, "unbalanced braces"),
        ("@misc{a, year=1}\n@misc{a, year=2}", 2, 7, "the key a stands twice"),
        ("@misc{a, year=1, year=2}", 0, 0, "duplicate year field"),
        ("@misc{a, title = {" + "{" * 200 + "}" * 200 + "}}", 1, 119, "too many nested braces"),
    ],
)
def test_a_broken_file_is_an_error_with_its_place(bib: str, line: int, column: int, said: str, tmp_path: Path) -> None:
    """In the file, whether it is cited or not."""
    error = error_of(tmp_path, "nothing", bib=bib)
    assert said in error.message
    assert (error.file, error.line, error.column) == (str(tmp_path / "refs.bib"), line, column)
    assert error.expected


def test_files_that_are_too_large_or_no_text(tmp_path: Path) -> None:
    """A large file, one that grows by its own macros at each line, one that is not UTF-8."""
    assert "too large" in error_of(tmp_path, "", bib=" " * (LARGEST + 1)).message
    doubling = '@string{a0 = "x"}\n' + "".join(f"@string{{a{k} = a{k - 1} # a{k - 1}}}\n" for k in range(1, 60))
    assert "too long" in error_of(tmp_path, "", bib=doubling).message
    (tmp_path / "refs.bib").write_bytes(b"@misc{a,\n title={\xff}}")
    error = error_of(tmp_path, "", bib=None)
    assert (error.message, error.line) == ("this is not UTF-8", 2)


def test_the_command_writes_nothing_then(tmp_path: Path) -> None:
    """It says all of it before anything is judged, ends with status 2, and leaves no file."""
    (tmp_path / "n.md").write_text("---\nbibliography: no.bib\n---\n@a\n" + GIVEN, encoding="utf-8")
    (tmp_path / "refs.bib").write_text(BIB, encoding="utf-8")
    (tmp_path / "m.md").write_text("---\nbibliography: refs.bib\n---\n@a [@b]\n" + GIVEN, encoding="utf-8")
    code = "from derivations.cli import main; import sys; sys.argv[0] = 'gradproof'; main()"
    command = [sys.executable, "-c", code, "report", "-o", "out", "n.md", "m.md"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert not (tmp_path / "out").exists()
    for said in ("n.md:2:15: the bibliography no.bib does not exist", "m.md:4:1: ", "m.md:4:5: "):
        assert said in done.stderr
    with pytest.raises(InputErrors):
        check_citations([Document.read(tmp_path / "n.md")])


# -- hostile ----------------------------------------------------------------------------------------------------------

HOSTILE = r"""@article{evil, author = {<b>Lee</b>, \input{/etc/passwd} and O'X, "Ann" $\input{x}$},
  title = {\write18{touch pwned} #read("/etc/passwd") <script>alert(1)</script> $\input{/etc/passwd}$ \"o},
  journal = {]](x) \end{document} *stars* [@lee]}, year = {<i>2000</i>}, url = {javascript:alert(2)},
  doi = {"><script>alert(3)</script>}, note = {\url{file:///etc/passwd} \url{https://example.org/{x}}}}
@entries{odd, title = {A kind that is a method}}
@preamble{"\input{/etc/passwd}"}
"""


def test_a_hostile_bibliography_is_words(tmp_path: Path) -> None:
    """In the three outputs; the addresses are those of allowed schemes, and nothing was run."""
    report = tree(tmp_path, "@evil and [@odd].", HOSTILE)
    page, problems = page_of(report)
    assert not problems
    assert not re.search(r"<(script|b|i)\b", page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    outside = set(re.findall(r'href="([^"#][^"]*)"', page))
    assert all(address.startswith("https://") for address in outside)
    assert shows(page_words(page))
    if shutil.which("pdftotext") is None:
        return
    if shutil.which("xelatex"):
        tex, pictures, _ = latex_of(report)
        made = typeset(tex, tmp_path / "tex.pdf", pictures)
        assert not made.problems
        assert shows(text_of(tmp_path / "tex.pdf"))
    if find_spec("typst"):
        messages = list(write_typst(tmp_path, "typst", report))
        assert not [message.text for message in messages if message.is_problem]
        assert shows(text_of(tmp_path / "typst.pdf"))
    assert not list(tmp_path.rglob("pwned"))


def shows(text: str) -> bool:
    """Whether a text has what the bibliography says, and nothing of the file that it asks for."""
    text = re.sub(r"\s", "", text)
    said = ("18touchpwned", '#read("/etc/passwd")', "<script>alert(1)</script>", "javascript:alert(2)", "*stars*")
    assert [each for each in said if each not in text] == []
    return "root:" not in text


def page_words(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", page.partition("</style>")[2]))


def text_of(pdf: Path) -> str:
    return subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True).stdout
