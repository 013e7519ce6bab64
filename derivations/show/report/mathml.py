"""Formulas as MathML, all of a page at once, by Pandoc: it reads TeX's mathematics without running it.

Law: Pandoc is given a tree with formulas and nothing else (its JSON, no Markdown), in its sandbox, without network or
files. A formula that it does not understand stands as text and is reported; the others are not harmed.
"""

from __future__ import annotations

import html
import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from derivations.show.report import nodes as n
from derivations.show.report.mathematics import BadMathematics, read
from derivations.show.report.typeset import run_confined

SECONDS = 120  # for the formulas of one page; those of the four documents take a few
MATHML = (
    ("-t", "html5", "--mathml"),
    re.compile(r'<div id="m(?P<number>\d+)">\s*<p>(?P<shown>.*?)</p>\s*</div>', re.DOTALL),
)
_RENAMED = re.compile(r"\b(times|plus|minus|dot|convolve)\.circle\b")  # signs that Typst calls otherwise by now
_FUNCTION = re.compile(r'(?<![("\\])"(\w+)"')  # an \\operatorname; other text stands within upright(…)
_NEGATIVE = "#h(-1em)"  # for TeX's \\!, which is a sixth of it; letters would stand upon others
TYPST = (
    ("-t", "typst"),
    re.compile(r"#block\[\n\$(?P<shown>(?:\\.|[^$\\])*)\$\n\s*\] <m(?P<number>\d+)>", re.DOTALL),
)
# What Pandoc does not read, by what it does; the size of a fraction or of a gap is all that is lost.
_READ = {
    "dbinom": r"\binom", "tbinom": r"\binom", "cfrac": r"\frac", "mathnormal": "", "smash": "", "hphantom": r"\phantom",
    "vphantom": r"\phantom", "negthinspace": "", "thinspace": r"\,", "notag": "", "nonumber": "",
    "S": r"\text{§}", "P": r"\text{¶}",
}  # fmt: skip
_UNREAD = re.compile(rf"(?<!\\)\\({'|'.join(_READ)})(?![A-Za-z])")
_BOXED = re.compile(r"(?<!\\)\\boxed\s*\{")
# Marks that no author's text has, around what Pandoc has no Typst for, or one for two things.
BOX, BOX_END = "\ue010", "\ue011"
BARS = {"vmatrix": ("\ue012", "\ue013"), "Vmatrix": ("\ue014", "\ue015")}
_DRAWN = {
    "\ue010": "#boxed[$", "\ue011": "$]", "\ue012": "lr(bar.v", "\ue013": "bar.v)",
    "\ue014": "lr(bar.v.double", "\ue015": "bar.v.double)",
}  # fmt: skip
_MARK = re.compile("upright\\(\"([\ue010-\ue015])\"\\)|\"([\ue010-\ue015])\"")
_SPACE = "http://www.w3.org/1998/Math/MathML"
_PRIMES, _LOW_LINE = set("′″‴"), "_"


class Missing(RuntimeError):
    """Pandoc is not installed, or it does not run."""


@dataclass
class Converter:
    """Formulas to MathML: first it only notes which there are; `converted` gives one that knows them."""

    known: dict[tuple[str, bool], str] | None = None
    asked: dict[tuple[str, bool], n.Mathematics | None] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def __call__(self, tex: str, display: bool = False, node: n.Mathematics | None = None, small: bool = False) -> str:
        """The MathML of a formula; in display style unless it is small or stands in a line of words."""
        if node is None:
            tex = ours(tex)
        key = (tex, display)
        if self.known is None:
            self.asked.setdefault(key, node)
            return ""
        found = self.known.get(key) or f"<code>{html.escape(node.source if node else tex)}</code>"
        if node is None and not small:
            return found.replace('<math display="inline"', '<math display="inline" displaystyle="true"', 1)
        return found

    def converted(self) -> Converter:
        """A converter that knows the formulas which were asked for."""
        formulas = list(self.asked)
        shown = _pandoc(formulas, *MATHML)
        known, problems = {}, []
        for number, key in enumerate(formulas):
            found = shown.get(number, "")
            if "<math" in found:
                known[key] = drawable(found)
            else:
                node = self.asked[key]
                where, what = (node.place, node.source) if node else ("the report", key[0])
                problems.append(f"{where}: no MathML for {what.strip()[:80]}; shown as text")
        return Converter(known, problems=problems)


def drawable(mathml: str) -> str:
    """The formula as browsers draw it. A prime as an exponent is shrunk until it is not seen, where the letter of fonts
    is small and raised already; a line below is a letter that does not stretch; the source is no part of the picture.

    >>> drawable(f'<math xmlns="{_SPACE}"><msup><mi>f</mi><mo>′</mo></msup></math>').partition(">")[2]
    '<mrow><mi>f</mi><mo lspace="0" rspace="0">′</mo></mrow></math>'
    """
    ElementTree.register_namespace("", _SPACE)
    root = ElementTree.fromstring(mathml.strip())
    for node in root.iter():
        node[:] = [part for each in node for part in _without_source(each)]
        last = node[-1] if len(node) == 2 else None
        text = last.text or "" if last is not None and last.tag == f"{{{_SPACE}}}mo" else ""
        if last is not None and node.tag == f"{{{_SPACE}}}msup" and text and set(text) <= _PRIMES:
            node.tag = f"{{{_SPACE}}}mrow"
            last.attrib.update(lspace="0", rspace="0")
        elif last is not None and node.tag == f"{{{_SPACE}}}munder" and text == _LOW_LINE:
            node.tag = f"{{{_SPACE}}}mrow"
            node.set("class", "differs")
            node.remove(last)
    return ElementTree.tostring(root, encoding="unicode")


def _without_source(node: ElementTree.Element) -> Iterator[ElementTree.Element]:
    if node.tag == f"{{{_SPACE}}}semantics":
        for part in node:
            yield from _without_source(part)
    elif node.tag != f"{{{_SPACE}}}annotation":
        yield node


def ours(tex: str) -> str:
    """A formula of our own, with letters as mathematics fonts have them."""
    try:
        return read(tex).tex
    except BadMathematics:
        return tex


def typst_of(formulas: list[str]) -> dict[str, str]:
    """Formulas in Typst's language, those that Pandoc understands; raises `Missing` without it."""
    shown = _pandoc([(_for_typst(tex), False) for tex in formulas], *TYPST)
    return {formulas[number]: _newer(found) for number, found in shown.items()}


def _for_typst(tex: str) -> str:
    """A formula with marks around what Pandoc has no Typst for, or one for two things: boxes, bars of matrices."""
    for name, (bar, bar_end) in BARS.items():
        tex = tex.replace(rf"\begin{{{name}}}", rf"\text{{{bar}}}\begin{{matrix}}")
        tex = tex.replace(rf"\end{{{name}}}", rf"\end{{matrix}}\text{{{bar_end}}}")
    while found := _BOXED.search(tex):
        depth, end = 1, found.end()
        while depth and end < len(tex):
            escaped = tex[end] == "\\"
            depth += 0 if escaped else (tex[end] == "{") - (tex[end] == "}")
            end += 1 + escaped
        if depth:
            break
        inside = tex[found.end() : end - 1]
        tex = rf"{tex[: found.start()]}\text{{{BOX}}}{inside}\text{{{BOX_END}}}{tex[end:]}"
    return tex


def _newer(typst: str) -> str:
    r"""Pandoc's Typst as Typst means it by now, with names of functions as such, and boxes as such.

    >>> _newer(r'a plus.circle "mean" \( x \)')
    'a plus.o op("mean") \\( x \\)'
    """
    typst = _MARK.sub(lambda match: f" {_DRAWN[match[1] or match[2]]} ", typst)
    renamed = _RENAMED.sub(r"\1.o", typst.strip()).replace(_NEGATIVE, "")
    return _FUNCTION.sub(r'op("\1")', renamed)


def _pandoc(formulas: list[tuple[str, bool]], target: tuple[str, ...], part: re.Pattern[str]) -> dict[int, str]:
    try:
        import pypandoc

        program = pypandoc.get_pandoc_path()
    except (ImportError, OSError):
        raise Missing("Pandoc is not installed") from None
    with tempfile.TemporaryDirectory(prefix="gradproof-") as directory:
        folder = Path(directory)
        try:
            version = json.loads(run_confined([program, "-t", "json"], folder, SECONDS)[1])["pandoc-api-version"]
            blocks = [_block(*each) for each in enumerate(formulas)]
            tree = {"pandoc-api-version": version, "meta": {}, "blocks": blocks}
            command = [program, "-f", "json", *target, "--wrap=none", "--sandbox"]
            status, output, said = run_confined(command, folder, SECONDS, json.dumps(tree).encode())
        except (OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
            raise Missing(f"Pandoc does not run: {error}") from None
    if status:
        raise Missing(f"Pandoc does not run: {said.decode(errors='replace')[:200]}")
    return {int(match["number"]): match["shown"] for match in part.finditer(output.decode())}


def _block(number: int, formula: tuple[str, bool]) -> dict[str, object]:
    tex, display = formula
    kind = {"t": "DisplayMath" if display else "InlineMath"}
    paragraph = {"t": "Para", "c": [{"t": "Math", "c": [kind, _UNREAD.sub(lambda match: _READ[match[1]], tex)]}]}
    return {"t": "Div", "c": [[f"m{number}", [], []], [paragraph]]}
