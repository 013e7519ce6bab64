r"""Mathematics that a document's prose contains, read before anything sets it: an allowlist of control sequences, with
their arguments.

    formula  = (atom scripts)*        scripts = ^ atom, _ atom, at most one of each
    atom     = letter | \symbol | {formula} | \command{…} | \left d formula \right d | \begin{e} formula \end{e}

Why: a report is a document from a stranger. TeX reads files, defines macros and loops; nothing of that is mathematics.
What passes here is written again from its tokens, so that what TeX sees is what was read.

Law: no control sequence passes that is not in the tables below; groups, scripts, delimiters and environments are
balanced, so that what one formula lacks cannot end in another.

What it cannot see: whether a formula is beautiful, or too wide.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from derivations.formulas.names import GREEK_LETTERS

LONGEST = 20_000  # letters of one formula; more is no formula that anybody reads
DEEPEST = 40  # groups inside of each other


def _each(*lists: str) -> frozenset[str]:
    """The words of lists."""
    return frozenset(word for words in lists for word in words.split())


_GREEK = """alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa varkappa lambda mu nu xi pi
varpi rho varrho sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi
Psi Omega"""
_RELATIONS = """le leq ge geq ne neq equiv sim simeq approx cong propto in notin ni subset subseteq supset supseteq ll
gg prec succ preceq succeq perp parallel mid nmid models vdash dashv asymp doteq triangleq leqslant
geqslant lesssim gtrsim subsetneq supsetneq to gets rightarrow leftarrow leftrightarrow Rightarrow Leftarrow
Leftrightarrow longrightarrow longleftarrow Longrightarrow Longleftarrow Longleftrightarrow mapsto longmapsto implies
impliedby iff uparrow downarrow Uparrow Downarrow updownarrow nearrow searrow swarrow nwarrow hookrightarrow
hookleftarrow rightharpoonup leftharpoonup rightleftharpoons leadsto"""
_BINARY = """cdot times div pm mp ast star circ bullet oplus ominus otimes oslash odot circledast circledcirc boxplus
boxtimes wedge vee land lor cap cup setminus smallsetminus sqcap sqcup uplus amalg dagger ddagger wr bigcirc
triangleleft triangleright ltimes rtimes"""
_BIG = "sum prod coprod int iint iiint oint bigcap bigcup bigoplus bigotimes bigodot bigvee bigwedge bigsqcup biguplus"
_NAMED = """arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd hom inf ker lg lim liminf limsup ln log
max min Pr sec sin sinh sup tan tanh"""
_OTHER = """infty partial nabla forall exists nexists emptyset varnothing hbar ell Re Im aleph wp angle triangle square
blacksquare Box Diamond top bot prime backprime neg lnot flat natural sharp ldots cdots vdots ddots dots dotsc dotsb
dotsm surd checkmark complement imath jmath S P quad qquad colon lbrace rbrace lbrack rbrack langle rangle lfloor rfloor
lceil rceil lvert rvert lVert rVert vert Vert backslash nonumber notag displaystyle textstyle scriptstyle
scriptscriptstyle limits nolimits hline not bmod mod thinspace enspace negthinspace lgroup rgroup clubsuit diamondsuit
heartsuit spadesuit"""
SYMBOLS = _each(_GREEK, _RELATIONS, _BINARY, _BIG, _NAMED, _OTHER)
ONE = _each(
    """mathrm mathbf mathit mathsf mathtt mathcal mathbb mathfrak mathscr mathnormal boldsymbol pmb operatorname hat
    widehat bar overline tilde widetilde vec dot ddot check breve acute grave mathring underline overbrace underbrace
    overrightarrow overleftarrow phantom hphantom vphantom smash boxed pmod xrightarrow xleftarrow mathop
    mathbin mathrel mathord mathopen mathclose"""
)
WORDS = _each("text textrm textbf textit textsf texttt textnormal mbox")  # their argument is no formula
TWO = _each("frac dfrac tfrac cfrac binom dbinom tbinom overset underset stackrel")
SIZED = _each("big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr bigm Bigm middle")
INNER = _each("aligned gathered split cases array smallmatrix matrix pmatrix bmatrix vmatrix Bmatrix Vmatrix")
OUTER = _each(
    "align align* gather gather* equation equation* multline multline* alignat alignat* eqnarray eqnarray*"
)
_SAME = {"bm": "boldsymbol", "mathscr": "mathcal"}  # what needs no package of its own
_TOKENS = re.compile(r"\\[A-Za-z]+\*?|\\.|\s+|.", re.DOTALL)
_DELIMITERS = re.compile(
    r"[()\[\]|/.<>]|\\[{}|]|\\(?:langle|rangle|lfloor|rfloor|lceil|rceil|lvert|rvert|lVert|rVert|vert|Vert|backslash"
    r"|lbrace|rbrace|lbrack|rbrack|uparrow|downarrow|Uparrow|Downarrow|updownarrow|lgroup|rgroup)"
)
_SPACING = frozenset(f"\\{sign}" for sign in ",;:!> {}|%&#_$\n")
_LENGTH = re.compile(r"-?\d{0,2}\.?\d{1,2}(?:em|ex|pt|mm|mu)")
_COLUMNS = re.compile(r"[lcr|\s]{0,60}")
_TALL = re.compile(
    r"\\(?:[dtc]?frac|[dt]?binom|begin|left|sqrt|over|under|substack|stackrel|" + "|".join(_BIG.split()) + ")"
)
LABEL = re.compile(r"[\w:.-]{1,80}")


class BadMathematics(ValueError):
    """What a formula contains that is no mathematics: the message, where in the formula, the smallest fix."""

    def __init__(self, message: str, place: int, fix: str = "") -> None:
        super().__init__(message)
        self.message, self.place, self.fix = message, place, fix


@dataclass(frozen=True)
class Formula:
    """A formula that was read: its TeX, written again, and the labels in it."""

    tex: str
    labels: tuple[str, ...] = ()


@lru_cache(maxsize=20_000)  # both formats read the same formulas, and pages repeat theirs
def read(formula: str) -> Formula:
    r"""The formula, if it is mathematics; raises BadMathematics.

    >>> read(r"\frac{a}{b}_1").tex
    '\\frac{a}{b}_{1}'
    >>> read(r"\input{/etc/passwd}")
    Traceback (most recent call last):
    ...
    derivations.show.report.mathematics.BadMathematics: \input is not among the control sequences of mathematics
    """
    if len(formula) > LONGEST:
        raise BadMathematics(f"a formula of {len(formula)} letters", 0, f"at most {LONGEST}")
    return _Reader(formula).whole()


@dataclass
class _Reader:
    source: str
    tokens: list[tuple[str, int]] = field(default_factory=list)
    at: int = 0
    depth: int = 0
    labels: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tokens = [(match[0], match.start()) for match in _TOKENS.finditer(self.source)]

    # -- tokens --

    def _peek(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self.at += 1
        return token

    def _wrong(self, message: str, fix: str = "", back: int = 0) -> BadMathematics:
        at = min(max(self.at - back, 0), len(self.tokens) - 1)
        return BadMathematics(message, self.tokens[at][1] if self.tokens else 0, fix)

    def _skip(self) -> None:
        while self._peek().isspace():
            self.at += 1

    # -- formulas --

    def whole(self) -> Formula:
        tex = self._list("", rows=False)
        if self.at < len(self.tokens):
            raise self._wrong(f"{self._peek()} without what it ends")
        return Formula(tex.strip(), tuple(self.labels))

    def _list(self, end: str, rows: bool) -> str:
        """Atoms up to a token that ends them, which is left standing; rows: `&` and a double backslash may stand."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self._wrong(f"more than {DEEPEST} groups inside of each other")
        parts: list[str] = []
        scripts = ""
        while self.at < len(self.tokens):
            token = self._peek()
            if token in ("}", r"\end", r"\right") or (end == "]" and token == "]"):
                break
            if token in "^_":
                if token in scripts:
                    kind = "superscripts" if token == "^" else "subscripts"
                    raise self._wrong(f"two {kind} on one base", "use braces")
                scripts += token
                self._take()
                parts.append(f"{token}{{{self._argument()}}}")
                continue
            if token == "'":
                if "^" in scripts:
                    raise self._wrong("a prime after a superscript", "write the prime first")
                parts.append(self._take())
                continue
            if not token.isspace():
                scripts = ""
            parts.append(self._atom(rows))
        self.depth -= 1
        return "".join(parts)

    def _atom(self, rows: bool) -> str:
        token = self._take()
        if token == "{":
            inner = self._list("}", rows=False)
            self._expect("}")
            return f"{{{inner}}}"
        if token in ("&", r"\\"):
            if not rows:
                raise self._wrong(f"{token} outside of an environment with rows", r"put it into \begin{aligned}", 1)
            return self._row_end(token)
        if token.startswith("\\"):
            return self._control(token, rows)
        if token in "%#$":
            raise self._wrong(f"a bare {token}", f"write \\{token}", 1)
        return "".join(_letters(token))

    def _row_end(self, token: str) -> str:
        if token == "&" or self._peek() != "[":
            return token if token == "&" else "\\\\{}"
        self._take()
        length = ""
        while self._peek() not in ("]", ""):
            length += self._take()
        self._expect("]")
        if not _LENGTH.fullmatch(length):
            raise self._wrong(f"{length} is no length", "write 2pt", 1)
        return f"\\\\[{length}]"

    def _expect(self, token: str) -> None:
        if self._peek() != token:
            raise self._wrong(f"{token} is missing")
        self._take()

    def _argument(self) -> str:
        """One argument, without its braces."""
        self._skip()
        if self._peek() in ("", "}", "&", r"\\", r"\right", r"\end", "^", "_", "'"):
            raise self._wrong("an argument is missing", "write {}")
        if self._peek() == "{":
            self._take()
            inner = self._list("}", rows=False)
            self._expect("}")
            return inner
        return self._atom(rows=False)

    def _control(self, token: str, rows: bool) -> str:
        name, star = token[1:].rstrip("*"), token.endswith("*") and len(token) > 2
        if star and name != "operatorname":
            self.tokens[self.at - 1] = (token[:-1], self.tokens[self.at - 1][1])
            self.tokens.insert(self.at, ("*", self.tokens[self.at - 1][1]))
        if token in _SPACING:
            return token if token != "\\\n" else "\\ "
        if name in SYMBOLS:
            return f"\\{name} " if self._peek()[:1].isalpha() else f"\\{name}"
        if name in WORDS:
            return f"\\{name}{{{self._words()}}}"
        if name == "sqrt":
            return self._root()
        if name == "substack":
            self._skip()
            self._expect("{")
            inner = self._list("}", rows=True)
            self._expect("}")
            return rf"\substack{{{inner}}}"
        name = _SAME.get(name, name)
        if name in ONE:
            return f"\\{name}{'*' if star else ''}{{{self._argument()}}}"
        if name in TWO:
            return f"\\{name}{{{self._argument()}}}{{{self._argument()}}}"
        if name in SIZED:
            return f"\\{name}{self._delimiter()}"
        if name == "left":
            opening = self._delimiter()
            inner = self._list(r"\right", rows=False)
            self._expect(r"\right")
            closing = self._delimiter()
            if (opening, closing) in (("(", ")"), ("[", "]")) and not _TALL.search(inner):
                return f"{opening}{inner}{closing}"  # what needs no tall delimiters gets none
            return rf"\left{opening}{inner}\right{closing}"
        if name == "begin":
            return self._environment()
        if name in ("label", "tag"):
            return self._label(name)
        if name in ("hspace", "mspace"):
            length = self._raw()
            if not _LENGTH.fullmatch(length):
                raise self._wrong(f"{length} is no length", "write 1em", 1)
            return rf"\hspace{{{length}}}"
        raise self._wrong(
            f"{token} is not among the control sequences of mathematics", "leave it out, or write it as code: `…`", 1
        )

    def _root(self) -> str:
        self._skip()
        degree = ""
        if self._peek() == "[":
            self._take()
            degree = f"[{self._list(']', rows=False)}]"
            self._expect("]")
        return rf"\sqrt{degree}{{{self._argument()}}}"

    def _delimiter(self) -> str:
        self._skip()
        token = self._take()
        if not _DELIMITERS.fullmatch(token):
            raise self._wrong(f"{token or 'the end'} is no delimiter", "write ( or . for none", 1)
        return f"{token} " if token[-1:].isalpha() else token

    def _raw(self) -> str:
        """The letters of an argument that is no formula."""
        self._skip()
        self._expect("{")
        found = ""
        while self._peek() not in ("}", ""):
            found += self._take()
        self._expect("}")
        return found

    def _words(self) -> str:
        self._skip()
        self._expect("{")
        parts: list[str] = []
        while self._peek() not in ("}", ""):
            token = self._take()
            if token in "{$%#&^_~" or (token.startswith("\\") and token not in _SPACING):
                raise self._wrong(f"{token} inside of text", "only words, and signs after a backslash", 1)
            parts.append(token)
        self._expect("}")
        return "".join(parts)

    def _label(self, name: str) -> str:
        label = self._raw()
        if not LABEL.fullmatch(label):
            raise self._wrong(f"{label} is no label", "letters, digits and : . - _", 1)
        if name == "label":
            self.labels.append(label)
        return ""

    def _environment(self) -> str:
        name = self._raw()
        if name not in INNER | OUTER:
            raise self._wrong(f"the environment {name} is not among those of mathematics", "use aligned or matrix", 1)
        columns = ""
        if name == "array" or name.startswith("alignat"):
            given = self._raw()
            if not (_COLUMNS if name == "array" else re.compile(r"\d{1,2}")).fullmatch(given):
                raise self._wrong(f"{given} are no columns", "write {lcr}", 1)
            columns = f"{{{given}}}" if name == "array" else ""
        inner = self._list(r"\end", rows=True)
        self._expect(r"\end")
        if self._raw() != name:
            raise self._wrong(rf"\begin{{{name}}} ends otherwise", rf"write \end{{{name}}}", 1)
        kind = name if name in INNER else "gathered" if name.startswith(("gather", "multline")) else "aligned"
        if name.startswith("equation"):
            return inner
        return rf"\begin{{{kind}}}{columns}{inner}\end{{{kind}}}"


_AS_COMMAND = {
    "∂": "partial", "∇": "nabla", "×": "times", "·": "cdot", "∗": "ast", "⋆": "star", "∘": "circ", "⊗": "otimes",
    "⊙": "odot", "⊛": "circledast", "±": "pm", "√": "surd", "≤": "le", "≥": "ge", "≠": "neq", "≈": "approx",
    "∞": "infty", "∑": "sum", "∏": "prod", "∫": "int", "⋯": "cdots", "…": "ldots", "→": "to", "←": "gets",
    "↔": "leftrightarrow", "↦": "mapsto", "⇒": "Rightarrow", "⇔": "Leftrightarrow", "∀": "forall", "∃": "exists",
    "∈": "in", "∉": "notin", "∧": "land", "∨": "lor", "¬": "neg", "∅": "emptyset", "⊂": "subset", "⊆": "subseteq",
    "∪": "cup", "∩": "cap", "⌊": "lfloor", "⌋": "rfloor", "⌈": "lceil", "⌉": "rceil", "⟨": "langle", "⟩": "rangle",
    "≡": "equiv", "∝": "propto", "‖": "Vert", "ℓ": "ell", "∖": "setminus",
}  # fmt: skip
_AS_LETTERS = {"−": "-", "′": "'", "ᵀ": "^{T}", "²": "^{2}", "³": "^{3}", "ℝ": r"\mathbb{R}", "ℕ": r"\mathbb{N}"}


def _letters(token: str) -> Iterator[str]:
    """A letter as mathematics fonts have it."""
    for letter in token:
        if letter in _AS_COMMAND:
            yield f"\\{_AS_COMMAND[letter]} "
        elif letter in GREEK_LETTERS:
            yield f"\\{GREEK_LETTERS[letter]} "
        elif letter in _AS_LETTERS:
            yield _AS_LETTERS[letter]
        elif letter.isascii() or letter.isspace():
            yield letter if letter.isprintable() else " "
        elif unicodedata.category(letter)[0] in "LNMPS":
            yield rf"\text{{{letter}}}"

