"""What people write instead of the claim language, and what they mean: the smallest fix for a wrong sign or word.

Law: a fix is a hint beside an error that stands without it; where the intention is not plain there is none.
"""

from __future__ import annotations

import re

from lark import Token

MINUS = "write - (the ASCII minus)"
NO_LATEX = "write the formula in the claim language, not in LaTeX"
QUOTES = "leave out the quotes"
TRANSPOSE = "a transpose is written A.T, a derivative f'(z)"
EQUALS = "an equation is written =="
GRADIENT = "the gradient of J with respect to w is written grad(J, w)"
CHARACTERS = {
    "^": "a power is written **, a transpose A.T",
    "≈": EQUALS,
    "≡": EQUALS,
    "−": MINUS,
    "–": MINUS,
    "×": "write *",
    "·": "write *",
    "∗": "write * for the entrywise product, conv(x, k) for the convolution",
    "⋆": "write corr(x, k) for the correlation, conv(x, k) for the convolution",
    "⊛": "write conv(x, k)",
    "∘": "write *",
    "⊙": "write *",
    "⊗": "write kron(A, B)",
    "÷": "write /",
    "∑": "write sum[i](...)",
    "√": "write sqrt(x)",
    "∇": GRADIENT,
    "∂": GRADIENT,
    "∈": "write in",
    "²": "write **2",
    "⌊": "write p // q, or floor(p / q)",
    "⌋": "write p // q, or floor(p / q)",
    "⌈": "write ceil(p / q)",
    "⌉": "write ceil(p / q)",
    "'": TRANSPOSE,
    "′": TRANSPOSE,
    '"': QUOTES,
    "“": QUOTES,
    "”": QUOTES,
    "‘": QUOTES,
    "’": TRANSPOSE,
    "&": "write and",
    "|": "write or; a modulus is abs(x)",
    "!": "write not, or !=",
    "{": "write ( or [",
    "}": "write ) or ]",
    ";": "put each statement on its own line",
    "\\": NO_LATEX,
    "$": NO_LATEX,
    ".": "an operator is a function: rot180(A)",
    "\ufeff": "remove the byte order mark",
    "，": "write , in ASCII",
    "（": "write ( in ASCII",
    "）": "write ) in ASCII",
    "【": "write [ in ASCII",
    "】": "write ] in ASCII",
    "：": "write : in ASCII",
    "＝": "write = in ASCII",
    "？": "remove it",
    "?": "remove it",
}
RELATIONS = {"≤": "<=", "≥": ">=", "≠": "!=", "=<": "<=", "=>": ">=", "<>": "!="}
COMMAS = "put commas between the names"
STATEMENTS = {  # the kind of statement and the token at which it goes wrong
    ("dims", "NAME"): COMMAS,
    ("dims", "COLON"): "leave it out: every size is an integer",
    ("dims", "EQUAL"): "a size is a symbol: write dims H where H == 5, or an abbreviation H = 5 on its own line",
    ("tensors", "LPAR"): "sizes stand in square brackets: tensor x[m, n]",
    ("tensors", "EQUAL"): "a definition stands on its own line: z = ...",
    ("names", "NAME"): COMMAS,
    ("names", "LPAR"): "leave out the brackets: scalar b, function f",
    ("names", "EQUAL"): "a definition stands on its own line: z = ...",
    ("loss", "$END"): "say of what it is a function: loss J(z)",
    ("loss", "EQUAL"): "an explicit loss is a definition: J = ...",
    ("loss", "COMMA"): "a loss is of one name; an explicit one may use several: J = ...",
    ("choose", "OR"): "put a comma: choose star in conv, corr",
    ("choose", "EQUAL"): "write in: choose star in conv, corr",
}
EXPECTATIONS = {
    **dict.fromkeys(("true", "correct", "valid", "proven", "right", "yes", "ok"), "proved"),
    **dict.fromkeys(("wrong", "incorrect", "fails", "failed", "no", "not"), "false"),
    **dict.fromkeys(("never", "disproved"), "refuted"),
    **dict.fromkeys(("holds", "where", "iff", "only"), "holds where"),
    **dict.fromkeys(("unknown", "open"), "undecided"),
}
OPERATORS = {  # names in other languages that are too far from ours to be found by their letters
    "average": "mean",
    "determinant": "det",
    "identity": "eye",
    "ln": "log",
    "trace": "tr",
}
# what stands before the names of functions in programs
LIBRARIES = ("np", "numpy", "torch", "tf", "F", "nn", "jnp", "scipy", "functional", "linalg", "special", "math")
OWN_LINE = ("where", "expect", "reading")
CONDITION_WORDS = ("if", "for", "when", "with", "given", "assuming", "assume", "provided", "iff")


def relation(start: str, sign: str, before: str) -> str:
    """The fix for a comparison that is written in another way, by what stands before it: a claim and a definition have
    theirs in square brackets, sizes after their where."""
    right = RELATIONS[sign]
    is_open = before.count("[") > before.count("]")
    if start == "test" and not is_open:
        return f"write {right} on a line where ..., or [p {right} q] == 1 to assert it of sizes"
    if start == "definition" and not is_open:
        return f"write [p {right} q], which is 1 where it holds and else 0"
    if start == "dims" and right != ">=" and "where" not in before:
        return f"write {right} after where: dims p where p {right} 3"
    return f"write {right}"


def character(start: str, text: str, at: int) -> str:
    """The fix for a character that the language does not have, by its place in a statement of this kind."""
    sign, rest = text[at], text[at + 1 :]
    if sign in RELATIONS:
        return relation(start, sign, text[:at])
    if sign == "." and rest[:1].isdigit():
        return "write a digit before the point: 0.5"
    if sign == "." and rest[:1] in ("*", "/", "^"):
        return f"write {rest[0].replace('^', '**')}; it is already entrywise"
    attribute = re.match(r"[^\W\d]\w*", rest) if sign == "." else None
    before = re.search(r"[^\W\d]\w*$", text[:at])
    if attribute and before and before[0] in LIBRARIES:
        return f"leave out {before[0]}."
    if attribute and before:
        given = re.match(r"\s*\(([^()]*)\)", rest[attribute.end() :])
        arguments = ", ".join([before[0], *([" ".join(given[1].split())] if given and given[1].strip() else [])])
        return f"an operator is a function: {attribute[0]}({arguments})"
    if sign == "^" and re.match(r"\s*\(?\{?\s*T\b", rest):
        return "a transpose is written A.T"
    return CHARACTERS.get(sign, "")


def token(start: str, found: Token, accepted: set[str], text: str) -> str:
    """The fix for a token that does not fit into a statement of this kind."""
    kind, before = found.type, text[: found.start_pos]
    following = text[int(found.end_pos or 0) :]
    if kind == "EQUAL" and following[:1] in ("<", ">"):
        return relation(start, f"={following[0]}", before)
    if kind == "COMPARE" and before.endswith(("=", "<")) and f"{before[-1]}{found}" in RELATIONS:
        return relation(start, f"{before[-1]}{found}", before)
    if found == "where" and start in ("tensors", "names"):
        return f"put the condition on a line of its own: assume {' '.join(following.split())}"
    if found in OWN_LINE:
        return f"put {found} on its own line"
    if (start, kind) in STATEMENTS:
        return STATEMENTS[start, kind]
    if kind == "EQUAL" and ("COMPARE" in accepted or before.endswith("==")):
        return EQUALS
    if kind == "COMPARE" and found == "==" and "EQUAL" in accepted:
        return "a definition is written with ="
    if found in ("if", "else"):
        return "a case is written with a bracket: [m == 1] * x"
    if start == "test" and re.match(r"\s*(?:[^\W\d]\w*[\s,]+){3}", text):
        return "prose belongs outside the block"
    if kind in ("NAME", "NUMBER") and "FACTOR" in accepted:
        comma = "; what is separate needs a comma" if "COMMA" in accepted else ""
        return f"a product needs its sign: `* {found}`{comma}"
    if kind == "PRIMES":
        return QUOTES if following[:1].isalpha() else TRANSPOSE
    if kind == "_RANGE":
        return "a slice is written a:b (b is left out); a range belongs to an index: i in a..b"
    if kind == "FACTOR" and before.rstrip().endswith("*"):
        return "a power is written **"
    return ""
