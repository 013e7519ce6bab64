"""A report is a document from a stranger: nothing of it is read, run, loaded or leaked, in the text of the PDF and in
the DOM that a real browser makes of the page; and what it wrote appears as text."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations.batch.run import judge_claim
from derivations.judgement.results import Results
from derivations.language.document import Document
from derivations.show.report import nodes as n
from derivations.show.report.document import Report, report_tree
from derivations.show.report.markup import Source, parse, plain
from derivations.show.report.mathematics import ONE, SYMBOLS, TWO, BadMathematics, read
from derivations.show.report.message import Message
from derivations.show.report.page import latex_of
from derivations.show.report.typeset import HOW_TO_GET, run_confined, typeset
from derivations.show.report.typst import Refused, compiled, write_typst
from derivations.show.report.web import HOW_TO_GET as HOW_TO_GET_PANDOC
from derivations.show.report.web import web_page
from derivations.show.report.write import write

SECRET = "a-secret-that-no-report-may-show"
HOSTILE = r"""---
title: "Hostile \\input{SECRET} <script>alert(1)</script>"
author: ["<img src=x onerror=alert(2)>", "\\write18{touch pwned}"]
---

# A heading \input{SECRET} $\input{SECRET}$ <script>alert(3)</script>

By TeX: $\input{SECRET}$, $\openin5=SECRET \read5 to\x \x$, $\def\y{\y}\y$, $\immediate\write18{touch pwned}$,
$\csname input\endcsname{SECRET}$, $^^5cinput SECRET$, $\catcode`\!=0 !input SECRET$, $\includegraphics{SECRET}$.
Broken: $\frac{1}$, $x^2^3$, $\left( x$, ${$, $}$, $\begin{align}$. Good: $E = m c^2$ and \(\alpha \le β\).

Raw: `<script>alert(7)</script>`{=html} and `\input{SECRET}`{=latex}.

```{=html}
<script>alert(8)</script>
```

::: {onclick="alert(9)"}
a division
:::

[span]{style="background:url(http://evil.example/x)" onclick="alert(10)"} [link](javascript:alert(5))
[file](file://SECRET) [data](data:text/html,<script>alert(4)</script>) [good](https://example.org/a?b=c&d=%24)
![image](SECRET) ![remote](http://evil.example/y.png) ![outside](../secret.png) ![no](picture.png)

<img src="SECRET"> <img src=x onerror=alert(11)> <iframe src="file://SECRET"></iframe> <style>*{display:none}</style>

A note.[^1]

[^1]: In a note: $\input{SECRET}$ <script>alert(12)</script>

```given
dims n
tensor x[n]
```

```claim evil-name-onload
x == x
misprint <script>alert(13)</script> \input{SECRET} $\input{SECRET}$
```

```remark note
The figure $\input{SECRET}$ <b onclick="alert(14)">is</b> [here](javascript:alert(15)).
```
"""


@pytest.fixture(scope="module", params=["xelatex", "typst"])
def written(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[Message], float]:
    """The report of the hostile document by each engine; beside it lies a picture that is none, above it a secret."""
    above = tmp_path_factory.mktemp("above")
    secret = above / "secret.png"
    secret.write_bytes(b"\x89PNG\r\n\x1a\n" + SECRET.encode())
    text_secret = above / "secret.tex"
    text_secret.write_text(SECRET, encoding="utf-8")
    folder = above / "document"
    folder.mkdir()
    (folder / "picture.png").write_text(SECRET, encoding="utf-8")
    file = folder / "notes.md"
    file.write_text(HOSTILE.replace("SECRET", str(text_secret)), encoding="utf-8")
    document = Document.read(file)
    results = Results(remarks=document.remarks)
    for claim in document.claims:
        results.verdicts.extend(judge_claim(claim, steps=True))
    start = time.monotonic()
    messages = list(write(above / "report", [document], results, engine=request.param))
    return above, messages, time.monotonic() - start


def test_each_bad_formula_is_reported_with_its_line(written: tuple[Path, list[Message], float]) -> None:
    """The error names the control sequence and the place; the report is whole all the same, within a minute."""
    _, messages, seconds = written
    texts = [message.text for message in messages]
    assert any(re.search(r"notes\.md:8:10: \\input is not among the control sequences", text) for text in texts)
    assert not [message.text for message in messages if message.failed]
    assert seconds < 60


def test_nothing_was_written_or_read(written: tuple[Path, list[Message], float]) -> None:
    """No file appeared, and no file of the report holds the secret."""
    above, _, _ = written
    assert not list(above.rglob("pwned"))
    for file in (above / "report").iterdir():
        assert SECRET.encode() not in file.read_bytes(), file


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_the_pdf_shows_it_as_text(written: tuple[Path, list[Message], float]) -> None:
    """The text of the PDF has what was written and not what it asked for; the good formulas are formulas."""
    above, _, _ = written
    pdf = above / "report" / "gradproof-report.pdf"
    if not pdf.exists():
        pytest.skip("neither xelatex nor Typst is installed")
    text = subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True).stdout
    words = re.sub(r"\s", "", text)
    assert SECRET not in words
    for shown in (r"\openin5=", r"\def\y{\y}\y", "touchpwned", "<script>alert(7)</script>", "onclick=", "alert(13)"):
        assert shown in words, shown
    assert "E=mc" in words
    assert b"/JavaScript" not in pdf.read_bytes()
    assert b"/Launch" not in pdf.read_bytes()


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def dom(page: Path) -> str:
    """What a real browser makes of a page."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory() as profile:
        command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "--dump-dom", f"file://{page}"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_the_browser_runs_and_loads_nothing(written: tuple[Path, list[Message], float]) -> None:
    """In the DOM there is no script, no handler, no frame, no address but those that may be there."""
    page = written[0] / "report" / "gradproof-report.html"
    if not page.exists():
        pytest.skip("Pandoc is not installed")
    found = dom(page)
    assert not re.search(r"<(script|iframe|object|embed|link|base|form)\b", found)
    tags = re.findall(r"<[a-zA-Z][^>]*>", found)
    assert not [tag for tag in tags if re.search(r"\son\w+\s*=", re.sub('"[^"]*"', "", tag))]
    addresses = {value for tag in tags for value in re.findall(r'\b(?:href|src)="([^"]*)"', tag)}
    assert {a for a in addresses if not a.startswith(("#", "data:image/"))} == {"https://example.org/a?b=c&amp;d=%24"}
    assert SECRET not in found
    assert "&lt;script&gt;alert(7)&lt;/script&gt;" in found
    assert found.count("<style") == 1


# -- the allowlist ----------------------------------------------------------------------------------------------------

DANGEROUS = (
    "input", "include", "openin", "openout", "read", "write", "immediate", "special", "def", "edef", "gdef", "let",
    "catcode", "csname", "endcsname", "loop", "expandafter", "usepackage", "newcommand", "renewcommand",
    "includegraphics", "verbatiminput", "url", "href", "directlua", "lowercase", "uppercase", "everymath", "jobname",
    "the", "meaning", "show", "font", "hbox", "vbox", "halign", "char", "mathchar", "Umathchar", "XeTeXinterchartoks",
)  # fmt: skip


@given(st.text(alphabet="\\{}[]^_&%#$~ab1'\"(|inputdefrgh ", max_size=40))
def test_whatever_passes_is_made_of_known_control_sequences(text: str) -> None:
    """Of any text, what is let through has only listed control sequences, balanced braces and no comment."""
    try:
        found = read(text).tex
    except BadMathematics:
        return
    known = SYMBOLS | ONE | TWO | {"begin", "end", "left", "right", "sqrt", "text", "hspace"}
    assert set(re.findall(r"\\([A-Za-z]+)", found)) <= known | {"big", "bigl", "bigr"}
    bare = re.sub(r"\\.", "", found)
    assert bare.count("{") == bare.count("}")
    assert not set(bare) & set("%#$")
    assert "^^" not in bare


@pytest.mark.parametrize("word", DANGEROUS)
def test_what_is_not_mathematics_is_refused(word: str) -> None:
    """Each is an error that names it, alone, in a group, in an argument and in an environment."""
    around = ("{} x", "{{a {}}}", r"\frac{{{}}}{{b}}", r"\begin{{aligned}} {} \end{{aligned}}")
    for formula in (each.format(f"\\{word}") for each in around):
        with pytest.raises(BadMathematics, match=rf"\\{word} is not among"):
            read(formula)


def all_that_passes() -> Report:
    """Every listed control sequence with its arguments, each in a formula."""
    given_block = "```given\ndims n\ntensor x[n]\n```\n"
    formulas = [rf"\{name}" for name in sorted(SYMBOLS - {"hline", "limits", "nolimits", "nonumber", "notag", "not"})]
    formulas += [rf"\{name}{{a}}" for name in sorted(ONE)] + [rf"\{name}{{a}}{{b}}" for name in sorted(TWO)]
    formulas += [r"\sum\limits_{i} x", r"\sqrt[3]{x}", r"\begin{cases} a & b \\ c & d \end{cases}", r"a \not= b"]
    prose = "\n\n".join(f"$u {formula} v$" for formula in formulas)
    report = report_tree([Document.parse(f"{prose}\n\n{given_block}", "n.md")], Results())
    assert not report.problems
    return report


def test_pandoc_and_typst_set_all_that_passes(tmp_path: Path) -> None:
    """Every listed control sequence is set by them too."""
    pytest.importorskip("pypandoc", reason="Pandoc is not installed")
    report = all_that_passes()
    assert web_page(report)[1] == []
    if find_spec("typst"):
        said = [message.text for message in write_typst(tmp_path, "n", report) if message.is_problem]
        assert said == []


@pytest.mark.skipif(shutil.which("xelatex") is None, reason="xelatex is not installed")
def test_tex_sets_all_that_passes(tmp_path: Path) -> None:
    """Every listed control sequence, with its arguments, is set without an error: the list holds nothing that TeX does
    not know."""
    tex, pictures, _ = latex_of(all_that_passes())
    found = typeset(tex, tmp_path / "n.pdf", pictures)
    assert found.written
    assert not found.error_lines, [tex.split("\n")[line - 1] for line in found.error_lines]


@given(st.text(max_size=60))
def test_every_character_of_prose_appears(text: str) -> None:
    """Whatever a stranger writes, the tree's words are made of it; no exception, and no address but of allowed
    schemes."""
    blocks = parse(text, Source(name="n.md"))
    for block in blocks:
        for node in getattr(block, "inside", ()):
            if isinstance(node, n.Link):
                assert re.match(r"https?:|mailto:|#", node.address, re.IGNORECASE)
    letters = "".join(plain(b.inside) for b in blocks if isinstance(b, n.Paragraph | n.Heading))
    if re.fullmatch(r"[a-z ]+", text) and text.strip():
        assert letters.split() == text.split()


NESTED = (
    "> " * 300 + "deepest",
    "".join("  " * depth + "- deep\n" for depth in range(120)) + "  " * 120 + "- deepest",
    "".join("   " * depth + f"{depth + 2}. deep\n" for depth in range(6)) + "   " * 6 + "- > deepest",
    "*a **b " * 200 + "deepest",
    "$" + r"\frac{1}{" * 25 + "x" + "}" * 25 + "$ deepest",
)


@pytest.mark.parametrize("engine", ["xelatex", "typst"])
def test_what_nests_deep_appears(engine: str, tmp_path: Path) -> None:
    """However deep lists, quotes and formulas stand within others, the page is made and their last words are on it."""
    prose = "\n\n***\n\n".join(NESTED)
    report = report_tree([Document.parse(prose + "\n\n```given\ndims n\ntensor x[n]\n```\n", "n.md")], Results())
    if engine == "xelatex":
        tex, pictures, _ = latex_of(report)
        made = typeset(tex, tmp_path / "n.pdf", pictures)
        assert made.missing or not made.problems
    else:
        assert not [message.text for message in write_typst(tmp_path, "n", report) if message.is_problem]
    if (tmp_path / "n.pdf").exists() and shutil.which("pdftotext"):
        command = ["pdftotext", tmp_path / "n.pdf", "-"]
        words = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert words.count("deepest") == len(NESTED)


# -- confinement ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("xelatex") is None, reason="xelatex is not installed")
@pytest.mark.parametrize(
    "attack",
    [
        r"\input{SECRET}",
        r"\immediate\write18{touch pwned}",
        r"\openin5=SECRET \read5 to\x \x",
        r"\newwrite\w\immediate\openout\w=../pwned.txt \immediate\write\w{x}",
    ],
)
def test_tex_itself_is_confined(attack: str, tmp_path: Path) -> None:
    """Should something pass the reader, TeX still reads and writes nothing outside of its folder and runs nothing."""
    secret = tmp_path / "secret.tex"
    secret.write_text(SECRET, encoding="utf-8")
    body = attack.replace("SECRET", str(secret))
    target = tmp_path / "out.pdf"
    typeset(rf"\documentclass{{article}}\begin{{document}}a {body} b\end{{document}}", target, {})
    assert not list(tmp_path.rglob("pwned*"))
    if target.exists() and shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", target, "-"], capture_output=True, text=True, check=True).stdout
        assert SECRET not in re.sub(r"\s", "", text)


@pytest.mark.parametrize(
    "attack",
    ['#read("SECRET")', '#include "SECRET"', '#image("SECRET")', '#import "@preview/cetz:0.3.0"', "#while true {}"],
)
def test_typst_itself_is_confined(attack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should something be more than a string, Typst reads nothing outside of its folder, and ends."""
    pytest.importorskip("typst", reason="Typst is not installed")
    monkeypatch.setattr("derivations.show.report.typst.SECONDS", 10)
    secret, folder = tmp_path / "secret.typ", tmp_path / "folder"
    folder.mkdir()
    secret.write_text(SECRET, encoding="utf-8")
    for address in (str(secret), "../secret.typ"):
        with pytest.raises(Refused):
            compiled(attack.replace("SECRET", address), folder)


def test_what_does_not_end_is_ended(tmp_path: Path) -> None:
    """A program that runs on is stopped with all that it started, and the time is said."""
    start = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        run_confined([sys.executable, "-c", "while True: pass"], tmp_path, 1.0)
    assert time.monotonic() - start < 20


@pytest.mark.skipif(sys.platform != "linux", reason="the end with the parent is Linux's")
def test_no_orphan_stays(tmp_path: Path) -> None:
    """Where we are killed, what we started ends as well."""
    code = (
        "from pathlib import Path; from derivations.show.report.typeset import run_confined; import sys\n"
        f"run_confined(['sh', '-c', 'echo $$ > {tmp_path}/pid; exec sleep 60'], Path({str(tmp_path)!r}), 60.0)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    file = tmp_path / "pid"
    for _ in range(200):
        if file.exists() and file.read_text().strip():
            break
        time.sleep(0.05)
    child = int(file.read_text())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    for _ in range(100):
        state = Path(f"/proc/{child}/stat")
        if not state.exists() or " Z " in state.read_text():
            return
        time.sleep(0.05)
    pytest.fail("the child outlived its parent")


def test_what_is_missing_says_how_to_get_it() -> None:
    """Both messages name what to install."""
    assert "apt-get install texlive-xetex" in HOW_TO_GET
    assert "pip install" in HOW_TO_GET_PANDOC
