r"""LaTeX of one display to tokens with offsets: fonts dropped, words kept together, arguments without braces one token.

Law: every character is accounted for. What is dropped is spacing, the size of brackets, and the font of a letter (two
fonts of one letter in one display are refused); any other command that is not known is an error where it stands. No
macro is expanded and no file is opened: `\def`, `\input` and their like are errors.

What it cannot see: what a symbol means, and which letters of `ij` are one name; the profile is asked for words only.

Over 500 lines: one scanner, whose place in the text all its methods move.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from lark import Token

from derivations.formulas.names import GREEK
from derivations.language import limits
from derivations.language.errors import InputError
from derivations.language.source import Statement
from derivations.notation.commands import (
    ACCENTS,
    ALIGNED,
    BRACKETS,
    CASES,
    CHARACTERS,
    CLOSING,
    DROPPED,
    FONTS,
    FUNCTIONS,
    MACROS,
    MATRICES,
    OLD_FONTS,
    OPERATORS,
    OWN_FONTS,
    RELATIONS,
    SHOWN,
    SPACING,
    WORDS,
)
from derivations.notation.lexemes import Lexeme, defining, glued


@dataclass
class Scanner:
    """Tokens of one stretch of LaTeX. `known` are the words that are one name or operator; `splits` is False for the
    left sides of notation lines, where every run of letters is one word."""

    source: Statement
    parts: list[Lexeme]
    known: Collection[str] = ()
    splits: bool = True
    at: int = 0
    found: list[Token] = field(default_factory=list)
    runs: dict[int, str] = field(default_factory=dict)
    depth: int = 0
    open_ones: list[Token] = field(default_factory=list)
    scripts: int = 0
    environments: list[str] = field(default_factory=list)  # those that are open: matrices and cases
    fonts: dict[str, tuple[str, Lexeme]] = field(default_factory=dict)

    def scan(self) -> list[Token]:
        """All tokens; raises InputError."""
        while self.at < len(self.parts):
            self._one()
        if self.open_ones:
            self._fail(self.open_ones[-1], f"`{SHOWN[self.open_ones[-1].type]}` is never closed")
        return self.found

    # -- brackets and errors -----------------------------------------------------------------------

    def _pair(self, token: Token) -> None:
        open_ones = self.open_ones
        if token.type in CLOSING:
            open_ones.append(token)
            if len(open_ones) > limits.BRACKET_DEPTH:
                self._fail(token, "brackets are nested too deeply", f"at most {limits.BRACKET_DEPTH} (BRACKET_DEPTH)")
        elif token.type in CLOSING.values():
            if not open_ones or CLOSING[open_ones[-1].type] != token.type:
                opened = f"`{SHOWN[open_ones[-1].type]}`" if open_ones else "nothing"
                self._fail(token, f"`{SHOWN[token.type]}` closes {opened}")
            open_ones.pop()

    def _fail(self, token: Token, message: str, expected: str = "", fix: str = "") -> None:
        raise self.source.error(message, int(token.start_pos or 0), int(token.end_pos or 0), expected, fix)

    def error(self, part: Lexeme, message: str, expected: str = "", fix: str = "") -> InputError:
        """An error at a lexeme."""
        return self.source.error(message, part.start, part.end, expected, fix)

    def _emit(self, kind: str, value: str, start: int, end: int) -> None:
        token = Token(kind, value, start_pos=start, end_pos=end)
        self.found.append(token)
        self._pair(token)

    def _peek(self) -> Lexeme | None:
        return self.parts[self.at] if self.at < len(self.parts) else None

    def _is(self, text: str, kind: str = "char") -> bool:
        part = self._peek()
        return part is not None and part.kind == kind and part.text == text

    # -- one token and what belongs to it ----------------------------------------------------------

    def _one(self, single: bool = False) -> None:
        """Reads the next token; `single`: as an argument without braces, where a digit and a letter stand alone."""
        part = self.parts[self.at]
        if part.kind == "digits":
            self._digits(part, single)
        elif part.kind == "command":
            self._command(part)
        elif part.kind == "escape":
            self._escape(part)
        elif part.text.isalpha():
            self._letters(single)
        else:
            self._character(part)

    def _digits(self, part: Lexeme, single: bool) -> None:
        if single and len(part.text) > 1:
            raise self.error(
                part, f"`{part.text}` without braces is `{part.text[0]}` alone", "", "put braces around it"
            )
        self.at += 1
        self._emit("NUMBER", part.text, part.start, part.end)

    def _escape(self, part: Lexeme) -> None:
        self.at += 1
        if part.text == " ":  # a space that the author wanted, or a line break that lost its second backslash
            self._emit("GAP", part.text, part.start, part.end)
            return
        if part.text in SPACING:
            return
        if part.text == "\\":
            self._emit("ROW", "\\\\", part.start, part.end)
        elif part.text in BRACKETS:
            self._emit(BRACKETS[part.text], part.text, part.start, part.end)
        elif part.text == "|":
            self._norm(part.start, part.end)
        else:
            raise self.error(part, f"`\\{part.text}` is not known here", "a formula")

    def _norm(self, start: int, end: int) -> None:
        """`\\|` closes the norm that is open innermost, and else opens one."""
        is_open = bool(self.open_ones) and self.open_ones[-1].type == "LNORM"
        self._emit("RNORM" if is_open else "LNORM", r"\|", start, end)

    def _character(self, part: Lexeme) -> None:
        text = part.text
        if text == "|":
            after = self.parts[self.at + 1] if self.at + 1 < len(self.parts) else None
            if after is not None and after.text == "|" and after.kind == "char" and after.start == part.end:
                self.at += 2
                self._norm(part.start, after.end)
                return
            raise self.error(part, "a bare `|` opens or closes", "", r"write \lvert x \rvert")
        if text not in CHARACTERS:
            raise self.error(part, f"unexpected character `{text}`", "a formula in LaTeX")
        kind = CHARACTERS[text]
        if kind == "LBRACE" and self._colon():
            return
        if kind in ("SUB", "SUP"):
            self._script(part, kind)
            return
        self.at += 1
        if text == ":" and self._is("="):
            self.at += 1
            self._emit("EQ", "=", part.start, part.end + 1)
            return
        self._emit(kind, text, part.start, part.end)

    def _colon(self) -> bool:
        """`{:}` and `{\\rm ...}`: braces that are no group."""
        inner, close = ([*self.parts[self.at + 1 : self.at + 3], None, None])[:2]
        if inner is None:
            return False
        if inner.kind == "command" and inner.text in OLD_FONTS:
            self.at += 1
            start = self.parts[self.at - 1].start
            self.at += 1
            self._word_until_brace(inner, start)
            return True
        if inner.text == ":" and close is not None and close.text == "}":
            self._emit("COLON", ":", self.parts[self.at].start, close.end)
            self.at += 3
            return True
        return False

    def _script(self, part: Lexeme, kind: str) -> None:
        self.at += 1
        primes = self._primes() if kind == "SUP" else []
        if primes:
            for prime in primes:
                self._emit("PRIME", "'", prime.start, prime.end)
            return
        self._emit(kind, part.text, part.start, part.end)
        self.scripts += 1
        self._argument(part)
        self.scripts -= 1

    def _primes(self) -> list[Lexeme]:
        """The primes of `^'`, `^{'}` and `^\\prime`, taken from the input; none where it is another superscript."""
        at, braced, primes = self.at, self._is("{"), []
        at += braced
        while at < len(self.parts) and self.parts[at].text in ("'", "prime"):
            primes.append(self.parts[at])
            at += 1
        if not primes or (braced and (at >= len(self.parts) or self.parts[at].text != "}")):
            return []
        self.at = at + braced
        return primes

    def _argument(self, owner: Lexeme) -> None:
        """One argument of a command or script: a group in braces, or the next token alone."""
        if self._peek() is None:
            raise self.error(owner, f"`{owner.text}` lacks its argument")
        self.depth += 1
        if self.depth > limits.BRACKET_DEPTH:
            raise self.error(
                owner, "arguments are nested too deeply", f"at most {limits.BRACKET_DEPTH} (BRACKET_DEPTH)"
            )
        part = self._peek()
        if self._is("{"):
            self._group(owner)
        elif part is not None and part.text in ("_", "^", "}", "&"):
            raise self.error(part, f"`{part.text}` where an argument belongs")
        else:
            self._one(single=True)
        self.depth -= 1

    def _group(self, owner: Lexeme) -> None:
        """A group in braces, emitted with them."""
        part = self.parts[self.at]
        if self._colon():
            return
        self.at += 1
        self._emit("LBRACE", "{", part.start, part.end)
        while not self._is("}"):
            if self._peek() is None:
                raise self.error(part, "`{` is never closed")
            if self._is("{"):
                self._group(owner)
            else:
                self._one()
        close = self.parts[self.at]
        self.at += 1
        self._emit("RBRACE", "}", close.start, close.end)

    # -- letters and words -------------------------------------------------------------------------

    def _letters(self, single: bool) -> None:
        first = self.parts[self.at]
        run = [first]
        while not single and self.at + len(run) < len(self.parts):
            part = self.parts[self.at + len(run)]
            is_next = part.start == run[-1].end and (
                part.kind == "digits" or (part.kind == "char" and part.text.isalpha())
            )
            if not is_next:
                break
            run.append(part)
        text = "".join(part.text for part in run)
        if len(text) > 1 and (text in self.known or not self.splits):
            self.at += len(run)
            self._emit("WORD", text, run[0].start, run[-1].end)
            return
        letters = len(run)
        if run[-1].kind == "digits" and self.splits and not self.scripts:
            raise glued(self.source, run, text)
        self.at += letters
        if len(run) > 1 and self._is("(") and self.parts[self.at].start == run[-1].end and not self.scripts:
            raise self.source.error(
                f"`{text}` before a bracket: a word, or a product of letters?",
                run[0].start,
                run[-1].end,
                "a declared word, or spaces between the letters",
                f"say what it is: {text}(X) is ..., in a notation block",
            )
        for part in run:
            if len(run) > 1:
                self.runs[part.start] = text
            if part.kind == "digits":
                self._emit("NUMBER", part.text, part.start, part.end)
            else:
                self._symbol(part.text, "", part, part.start, part.end)

    def _symbol(self, base: str, font: str, part: Lexeme, start: int, end: int) -> None:
        """A letter; the same letter in two fonts of one display is refused, since they may be two symbols."""
        known = self.fonts.setdefault(base, (font, part))
        if known[0] != font and not self.scripts and self.splits:
            raise self.source.error(
                f"`{base}` stands here in two fonts, which may be two symbols",
                start,
                end,
                "one font for one symbol",
                "write both alike, if they are one",
            )
        self._emit("SYMBOL", base, start, end)

    def _command(self, part: Lexeme) -> None:
        name = part.text
        self.at += 1
        simple = {"partial": "PARTIAL", "nabla": "NABLA", "sum": "SUM", "prime": "PRIME"}
        if name in DROPPED:
            self._check_delimiter(part)
        elif name in ("quad", "qquad"):
            self._emit("GAP", name, part.start, part.end)
        elif name in ("triangleq", "coloneqq"):
            self._emit("EQ", "=", part.start, part.end)
        elif name in simple:
            self._emit(simple[name], name, part.start, part.end)
        elif name in OPERATORS:
            self._emit("OP", f"\\{name}", part.start, part.end)
        elif name in RELATIONS:
            self._emit("REL", RELATIONS[name], part.start, part.end)
        elif name in BRACKETS:
            self._emit(BRACKETS[name], name, part.start, part.end)
        elif name in GREEK or name in ("varepsilon", "varphi", "vartheta", "varrho", "ell", "top", "intercal"):
            self._symbol("l" if name == "ell" else f"\\{name}", "", part, part.start, part.end)
        elif name == "in":
            self._emit("IN", name, part.start, part.end)
        elif name in FUNCTIONS:
            self._emit("WORD", f"\\{name}", part.start, part.end)
        else:
            self._with_arguments(part, name)

    def _check_delimiter(self, part: Lexeme) -> None:
        if part.text in ("left", "right"):
            if self._is("|"):
                bar = self.parts[self.at]
                self.at += 1
                self._emit("LBAR" if part.text == "left" else "RBAR", "|", bar.start, bar.end)
            elif self._is("|", "escape"):
                bar = self.parts[self.at]
                self.at += 1
                self._emit("LNORM" if part.text == "left" else "RNORM", r"\|", bar.start, bar.end)
            elif self._is("."):
                raise self.error(part, f"`\\{part.text}.` hides a bracket", "a bracket that is seen")

    def _with_arguments(self, part: Lexeme, name: str) -> None:
        handlers: dict[str, Callable[[Lexeme], object]] = {
            **dict.fromkeys(("frac", "dfrac", "tfrac"), self._fraction),
            **dict.fromkeys(FONTS | OWN_FONTS, self._font),
            **dict.fromkeys(WORDS, self._word),
            **dict.fromkeys(ACCENTS, self._accent),
            "sqrt": self._root,
            **dict.fromkeys(("underbrace", "overbrace"), self._braced),
            "stackrel": self._defined,
            "overset": self._defined,
            "tag": self._tag,
            "label": self._label,
            "begin": self._begin,
            "end": self._end,
        }
        if name in handlers:
            handlers[name](part)
            return
        if name in MACROS:
            raise self.error(part, f"`\\{name}` is a command to TeX, not a formula", "a formula", "write it out")
        if name == "Vert":
            self._norm(part.start, part.end)
            return
        raise self.error(part, f"`\\{name}` is not known", "", f"say what it is: \\{name} is ... in a notation block")

    def _fraction(self, part: Lexeme) -> None:
        self._emit("FRAC", part.text, part.start, part.end)
        for _ in range(2):
            self._split_digits()  # \\frac12 is 1/2
            self._argument(part)

    def _split_digits(self) -> None:
        """The digits at the front, one by one, as TeX takes them for arguments."""
        part = self._peek()
        if part is not None and part.kind == "digits" and part.text.isdigit() and len(part.text) > 1:
            each = [Lexeme("digits", digit, part.start + at, part.start + at + 1) for at, digit in enumerate(part.text)]
            self.parts[self.at : self.at + 1] = each

    def _root(self, part: Lexeme) -> None:
        if self._is("["):
            raise self.error(part, "a root of another order", r"\sqrt{x}")
        self._emit("SQRT", part.text, part.start, part.end)
        self._argument(part)

    def _accent(self, part: Lexeme) -> None:
        name = {"widehat": "hat", "widetilde": "tilde"}.get(part.text, part.text)
        self._emit("ACCENT", f"\\{name}", part.start, part.end)
        self._argument(part)

    def _font(self, part: Lexeme) -> None:
        """A letter in another font is that letter, in a font of its own another one; a word is a word."""
        following = self._peek()
        if following is None:
            raise self.error(part, f"`\\{part.text}` lacks its argument")
        if not self._is("{"):
            self._in_font(part, following, self.at, self.at + 1)
            return
        close = next((at for at in range(self.at, len(self.parts)) if self.parts[at].text == "}"), None)
        if close is None:
            raise self.error(following, "`{` is never closed")
        inner = self.parts[self.at + 1 : close]
        if len(inner) == 1 and (inner[0].kind != "command" or inner[0].text in GREEK or inner[0].text == "ell"):
            self._in_font(part, inner[0], self.at, close + 1)
        elif inner and all(each.kind in ("char", "digits") and each.text.isalnum() for each in inner):
            self.at = close + 1
            self._emit("WORD", "".join(each.text for each in inner), part.start, self.parts[close].end)
        elif part.text in OWN_FONTS:
            raise self.error(part, f"`\\{part.text}` of more than a letter")
        # else the group stands as it is: the font says nothing about its parts

    def _in_font(self, part: Lexeme, letter: Lexeme, first: int, last: int) -> None:
        end = self.parts[last - 1].end
        self.at = last
        if letter.kind == "digits" or part.text in OWN_FONTS:
            bold = part.text in ("mathbf", "boldsymbol", "bm", "pmb", "vb")
            font = "mathbf" if bold else part.text
            self._emit("SYMBOL", f"\\{font}{{{letter.text}}}", part.start, end)
            return
        if letter.kind == "command" and letter.text not in GREEK and letter.text != "ell":
            self.at = first
            return
        base = letter.text if letter.kind == "char" else "l" if letter.text == "ell" else f"\\{letter.text}"
        font = "bold" if part.text in ("mathbf", "boldsymbol", "bm", "pmb", "vb", "textbf") else part.text
        self._symbol(base, font if font in ("bold", "mathsf") else "", letter, part.start, end)
        if part.text == "mathrm" and letter.text == "d":
            self.found[-1] = Token("SYMBOL", r"\mathrm{d}", start_pos=part.start, end_pos=end)

    def _word(self, part: Lexeme) -> None:
        if not self._is("{"):
            raise self.error(part, f"`\\{part.text}` lacks its braces")
        start = part.start
        self.at += 1
        self._word_until_brace(part, start)

    def _word_until_brace(self, part: Lexeme, start: int) -> None:
        letters: list[str] = []
        while not self._is("}"):
            inner = self._peek()
            if inner is None:
                raise self.error(part, "`{` is never closed")
            if inner.kind == "command" or not (inner.text.isalnum() or inner.text in "_-"):
                raise self.error(inner, "words stand in the formula", "a formula", "declare the word, or leave it out")
            letters.append(inner.text)
            self.at += 1
        end = self.parts[self.at].end
        self.at += 1
        if not letters:
            raise self.error(part, "an empty word")
        self._emit("WORD", "".join(letters), start, end)

    def _defined(self, part: Lexeme) -> None:
        """`\\stackrel{\\rm def}{=}` is an equals sign."""
        length = defining(self.source.text[part.start : part.start + 60])
        if not length:
            raise self.error(part, f"`\\{part.text}` over something that is not =, or that does not define", "")
        end = part.start + length
        while self.at < len(self.parts) and self.parts[self.at].start < end:
            self.at += 1
        self._emit("EQ", "=", part.start, end)

    def _braced(self, part: Lexeme) -> None:
        """`\\underbrace{A}_{\\text{loss}}` is A; only words below it are a label that is no part of the formula."""
        if not self._is("{"):
            raise self.error(part, f"`\\{part.text}` lacks its braces")
        self._group(part)
        script = self._peek()
        if script is None or script.kind != "char" or script.text not in "_^":
            return
        texts = [each.text for each in self.parts[self.at + 1 : self.at + 3]]
        is_braced = texts[:1] == ["{"]
        if texts[is_braced : is_braced + 1] not in ([word] for word in WORDS):
            raise self.error(script, "what stands at a brace: a label, or a formula that it names?", r"\text{...}")
        self.at += 2 + is_braced
        self._label(part)
        if is_braced and not self._is("}"):
            raise self.error(script, "more than words at a brace", r"\text{...}")
        self.at += is_braced

    def _label(self, part: Lexeme) -> str:
        """The text in the braces of `\\label{...}` or `\\tag{...}`, which is no part of the formula."""
        if not self._is("{"):
            raise self.error(part, f"`\\{part.text}` lacks its braces")
        start = self.parts[self.at].end
        while not self._is("}"):
            if self._peek() is None:
                raise self.error(part, "`{` is never closed")
            self.at += 1
        end = self.parts[self.at].start
        self.at += 1
        return self.source.text[start:end].strip()

    def _tag(self, part: Lexeme) -> None:
        text = self._label(part)
        self._emit("TAG", text, part.start, part.end)

    def _environment(self, part: Lexeme) -> str:
        name = ""
        if self._is("{"):
            self.at += 1
            while (inner := self._peek()) is not None and inner.text != "}":
                name += inner.text
                self.at += 1
            self.at += 1
        if name not in (*MATRICES, *ALIGNED, *CASES):
            raise self.error(part, f"the environment `{name}` is not known", "a display of formulas, or pmatrix")
        return name

    def _begin(self, part: Lexeme) -> None:
        name = self._environment(part)
        if name == "array" and self._is("{"):
            self._label(part)  # how its columns are set
        if name in (*MATRICES, *CASES):
            self.environments.append(name)
        if name in MATRICES:
            self._emit("BEGIN", name, part.start, part.end)
        elif name in CASES:
            self._emit("CASES", name, part.start, part.end)

    def _end(self, part: Lexeme) -> None:
        name = self._environment(part)
        if name in (*MATRICES, *CASES):
            if not self.environments or self.environments.pop() != name:
                raise self.error(part, f"`\\end{{{name}}}` closes something else")
            self._emit("END", name, part.start, part.end)
