r"""What commands and characters of LaTeX are to a formula: brackets, operators, words, accents, fonts, or nothing.

Law: a command stands in one table. What is in none is an error, and those of TeX's own language (`\def`, `\input`)
are errors that say so.
"""

from __future__ import annotations

SPACING = {",", ";", ":", "!", "/", ">", "\n"}
DROPPED = {
    "left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "Biggl", "Biggr",
    "displaystyle", "textstyle", "limits", "nolimits", "nonumber", "notag", "thinspace", "centering",
    "mathopen", "mathclose", "mathstrut", "boxed",
}  # fmt: skip
FONTS = {"mathbf", "boldsymbol", "bm", "mathrm", "mathit", "mathsf", "mathnormal", "pmb", "vb", "textbf", "textit"}
OWN_FONTS = {"mathcal", "mathbb", "mathfrak", "mathscr"}  # a letter in one of these is another letter
WORDS = {"operatorname", "text", "textrm", "mathop", "textsf", "mbox"}
OLD_FONTS = {"rm", "bf", "it"}
ACCENTS = {"hat", "bar", "tilde", "dot", "vec", "widehat", "widetilde", "overline", "ddot", "check", "breve"}
OPERATORS = {
    "ast", "star", "circ", "odot", "otimes", "cdot", "times", "circledast", "oslash", "bullet", "oplus", "diamond",
    "div", "bmod", "boxtimes", "dagger", "ddagger",
}  # fmt: skip
RELATIONS = {"le": "<=", "leq": "<=", "leqslant": "<=", "ge": ">=", "geq": ">=", "geqslant": ">=", "lt": "<",
             "gt": ">", "ne": "!=", "neq": "!="}  # fmt: skip
FUNCTIONS = {"exp", "log", "ln", "tanh", "det", "max", "min", "sinh", "cosh", "sin", "cos", "arg", "sup", "inf"}
BRACKETS = {"lfloor": "LFLOOR", "rfloor": "RFLOOR", "lceil": "LCEIL", "rceil": "RCEIL", "lvert": "LBAR",
            "rvert": "RBAR", "lVert": "LNORM", "rVert": "RNORM", "{": "LCURLY", "}": "RCURLY"}  # fmt: skip
CHARACTERS = {
    "{": "LBRACE", "}": "RBRACE", "(": "LPAR", ")": "RPAR", "[": "LSQB", "]": "RSQB", "+": "SIGN", "-": "SIGN",
    "=": "EQ", ".": "STOP", ",": "COMMA", ";": "SEMI", ":": "COLON", "<": "REL", ">": "REL", "&": "AMP", "*": "OP",
    "/": "OP", "'": "PRIME", "^": "SUP", "_": "SUB", "@": "OP",
}  # fmt: skip
CLOSING = {"LBRACE": "RBRACE", "LPAR": "RPAR", "LSQB": "RSQB", "LCURLY": "RCURLY", "LFLOOR": "RFLOOR",
           "LCEIL": "RCEIL", "LBAR": "RBAR", "LNORM": "RNORM"}  # fmt: skip
SHOWN = {"LBRACE": "{", "RBRACE": "}", "LPAR": "(", "RPAR": ")", "LSQB": "[", "RSQB": "]", "LCURLY": r"\{",
         "RCURLY": r"\}", "LFLOOR": r"\lfloor", "RFLOOR": r"\rfloor", "LCEIL": r"\lceil", "RCEIL": r"\rceil",
         "LBAR": "|", "RBAR": "|", "LNORM": r"\|", "RNORM": r"\|"}  # fmt: skip
MACROS = (
    "def", "let", "newcommand", "renewcommand", "providecommand", "input", "include", "write", "catcode", "csname",
    "expandafter", "openin", "openout", "read", "usepackage", "DeclareMathOperator", "special", "immediate", "edef",
    "gdef", "xdef", "futurelet", "begingroup", "loop", "repeat", "newenvironment", "endcsname", "global",
)  # fmt: skip
MATRICES = ("pmatrix", "bmatrix", "matrix", "smallmatrix", "array")
CASES = ("cases", "dcases")
ALIGNED = ("aligned", "align", "align*", "split", "gathered", "gather", "gather*", "equation", "equation*", "multline",
           "multline*", "displaymath", "eqnarray", "eqnarray*")  # fmt: skip
