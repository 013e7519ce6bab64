r"""How a name of the claim language is set on the page: `delta_next` is δ with the subscript next, `y_hat` is ŷ.

One table for both directions: `show/` prints names with it, `notation/` knows a declared name in a display by it.

What it cannot see: whether two names look alike on the page (`x1` and `x_1` do); who reads must ask.
"""

from __future__ import annotations

import re

from sympy.core.alphabets import greeks

# SymPy writes lamda for lambda, which Python reserves; omicron has no LaTeX command
_LOWER = {*greeks, "lambda"} - {"lamda", "omicron"}
_LATIN = {"Alpha", "Beta", "Epsilon", "Zeta", "Eta", "Iota", "Kappa", "Mu", "Nu", "Rho", "Tau", "Chi"}
GREEK = frozenset({*_LOWER, *(letter.capitalize() for letter in _LOWER)} - _LATIN)
# Greek letters that are written as such, by their commands; those that look like Latin ones have none
_COMMANDS = (
    "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho varsigma sigma tau upsilon "
    "varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)
GREEK_LETTERS = dict(zip("αβγδεζηθικλμνξπρςστυφχψωΓΔΘΛΞΠΣΥΦΨΩ", _COMMANDS.split(), strict=True))
_LIKE_LATIN = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧο", "ABEZHIKMNOPTXo", strict=True))
ACCENTS = {"hat": r"\hat", "bar": r"\bar", "tilde": r"\tilde", "dot": r"\dot", "vec": r"\vec"}


def _word(word: str) -> str:
    """One part of a name: a Greek letter by its name or as itself, a letter, a number, or a word in italics."""
    if word in GREEK:
        return f"\\{word}"
    letters = [_letter(letter) for letter in word]
    if len(word) == 1 or word.isdigit():
        return "".join(letters)
    return rf"\mathit{{{''.join(f'{{{each}}}' if len(each) > 1 else each for each in letters)}}}"


def _letter(letter: str) -> str:
    """A letter as it is, but for the Greek ones, which a mathematics font has under their names only."""
    if letter in GREEK_LETTERS:
        return f"\\{GREEK_LETTERS[letter]}"
    return rf"\mathrm{{{_LIKE_LATIN[letter]}}}" if letter in _LIKE_LATIN else letter


def name_to_latex(name: str) -> str:
    r"""A name of the claim language as a textbook sets it: Greek letters, accents, subscripts.

    >>> print(*[name_to_latex(name) for name in ("delta_next", "y_hat", "z1", "a_l_1")])
    \delta_{\mathrm{next}} \hat{y} z_{1} a_{l,1}
    >>> print(*[name_to_latex(name) for name in ("δ", "Δ_1", "β2", "Α")])
    \delta \Delta_{1} \beta_{2} \mathrm{A}
    """
    head, *tail = [part for part in name.split("_") if part] or [name]
    letters = re.fullmatch(r"([^\W\d_]+?)(\d+)", head)
    if letters:
        head, tail = letters[1], [letters[2], *tail]
    text, primes = _word(head), ""
    subscripts = []
    for part in tail:
        if part in ACCENTS:
            text = rf"{ACCENTS[part]}{{{text}}}"
        elif part == "prime":
            primes += "'"
        else:
            subscripts.append(_word(part).replace(r"\mathit", r"\mathrm"))
    return text + primes + (f"_{{{','.join(subscripts)}}}" if subscripts else "")
