"""Functions of data: the normal form has the formula's value, decides the identities of textbooks, and no law of it is
idle or wrong."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from function_terms import disagreement

from derivations.core.sums import LimitReached
from derivations.formulas.claims import Claim
from derivations.judgement.decision import decide
from derivations.language.document import Document
from derivations.meaning import basis, signs
from derivations.meaning.basis import Basis
from derivations.meaning.functions import Unsupported
from derivations.meaning.signs import Sign, Signs
from derivations.search.solver import Solver

DATA = "dims n, m, p >= 0\ntensor x[n], y[n], u[n], A[m, n], e[p]\nscalar t, c\nassume t > 0"
NORM = "dims m\ntensor x[m]\nscalar eps\nassume eps > 0\nv = sum((x - mean(x))**2)/m\nloss J(x)"

TRUE = [
    "exp(x)*exp(y) == exp(x + y)",
    "log(exp(x)) == x",
    "sqrt(t)**2 == t",
    "tanh(x) == 2*sigmoid(2*x) - 1",
    "tanh(x) == (exp(x) - exp(-x))/(exp(x) + exp(-x))",
    "sigmoid(-x) == 1 - sigmoid(x)",
    "softplus(x) - softplus(-x) == x",
    "softmax(x + t) == softmax(x)",
    "sum(softmax(x)) == 1",
    "log(softmax(x)) == x - log(sum(exp(x)))",
    "(x/y)/(u/x) == x*x/(y*u)",
    "relu(x) + relu(-x) == abs(x)",
    "sqrt(x**2) == abs(x)",
    "[x > 0]*[x > 6] == [x > 6]",
    "[x > y] + [x <= y] == ones(n)",
    "[relu(x) > 1] == [x > 1]",
    "1/(relu(x) + 1) == [x > 0]/(x + 1) + [x <= 0]",
    "exp(x/2)**2 == exp(x)",
    "sqrt(2)*sqrt(3)*x == sqrt(6)*x",
    "grad(sum(softmax(x)), x) == 0*x",
    "(x**2 + 1)**(-3/2) == 1/((x**2 + 1)*sqrt(x**2 + 1))",
    "x**m*x == x**(m + 1)",
    "t**c*t == t**(c + 1)",
    "exp(2*log(x))*y == x**2*y",
    "grad(sum(x**(m + 1)), x) == (m + 1)*x**m",
    "sum[i](sum[j](A[i, j])) == sum(A)",
    "grad(log(sum(exp(x))), x) == softmax(x)",
    "abs(x*y) == abs(x)*abs(y)",
    "abs(x)**3 == abs(x**3)",
    "relu(x**2 + y**2) == x**2 + y**2",
    "[x*y == 0] == [x == 0] + [y == 0] - [x == 0]*[y == 0]",
    "[x/y > 0] == [x*y > 0]",
    "relu(x - y) - relu(y - x) == x - y",
    "x**2*y*[x == y] == y**3*[x == y]",
    "sin(x)**2 + cos(x)**2 == ones(n)",
    "sin(x + y) == sin(x)*cos(y) + cos(x)*sin(y)",
    "cos(2*x - y) == cos(2*x)*cos(y) + 2*sin(x)*cos(x)*sin(y)",
    "sin(x + pi/2) == cos(x)",
    "cos(relu(x)) == [x > 0]*cos(x) + [x <= 0]",
    "grad(sum(sin(x*y)), x) == y*cos(x*y)",
    "erf(-x) == -erf(x)",
    "erf'(x) == 2/sqrt(pi)*exp(-x**2)",
    "grad(sum(x*(1 + erf(x/sqrt(2)))/2), x) == (1 + erf(x/sqrt(2)))/2 + x*exp(-x**2/2)/sqrt(2*pi)",
    "grad(log(exp(-c**2/(2*t**2))/sqrt(2*pi*t**2)), c) == -c/t**2",
    "sum[i in 0..n-1](x[i]*cos(2*pi*m*i/n))**2 + sum[i in 0..n-1](x[i]*sin(2*pi*m*i/n))**2 "
    "== sum[i in 0..n-1, j in 0..n-1](x[i]*x[j]*cos(2*pi*m*(i - j)/n))",
    "exp(iota(n)*x/3 + iota(n)*x/3) == exp(2*iota(n)*x/3)",
    "x**40 == x**20*x**20",
    "(x + y)**20 == (x + y)**3*(x + y)**17",
    "grad(sum((x**2 + 1)**(-8)), x) == -16*x/(x**2 + 1)**9",
    "(n + m)**8*x == (n + m)**3*(n + m)**5*x",
]
FALSE = [
    ("x/([x == 0] + [x != 0]*x) == ones(n)", None),  # at x = 0 the left side is 0
    ("sqrt(x**2) == x", "refuted"),
    ("sin(x + y) == sin(x)*cos(y) - cos(x)*sin(y)", None),
    ("cos(2*x) == 1 - sin(x)**2", None),
    ("sin(x + pi) == sin(x)", None),
    ("cos(relu(x)) == [x > 0]*cos(x)", "refuted"),
    ("erf(-x) == erf(x)", None),
    ("erf'(x) == exp(-x**2)", None),
    ("pi*x == 3*x", "refuted"),
    ("exp(iota(n)*x/3 + iota(n)*x/3) == exp((iota(n) + 1)*x/3)", None),
    ("x**40 == x**20*x**19", "refuted"),
    ("[x*y > 0] == [x > 0]*[y > 0]", "refuted"),
    ("[x*y == 0] == [x == 0] + [y == 0]", "refuted"),
    ("[x**2 + y**2 > 0] == ones(n)", "refuted"),
    ("relu(x*y) == relu(x)*relu(y)", "refuted"),
    ("(x + y)**8 == x**8 + y**8", "refuted"),
    ("grad(sum(x**30), x) == 29*x**29", "refuted"),
    ("exp(x*y) == exp(x)*exp(y)", "refuted"),
    ("x*abs(x) == x**2", "refuted"),
    ("softmax(2*x) == softmax(x)", "holds where"),  # one entry is 1 whatever it is
    ("[x > 0] + [x < 0] == ones(n)", "refuted"),
    ("(x**2)**(1/2) == x", "refuted"),
    ("x**(m + 1) == x**m", None),
    ("(-x)**m == x**m", None),
    ("(x**m)**(1/2) == x**(m/2)", None),
    ("sum(softmax(e)) == 1", None),  # of no entries there is no softmax
    ("sum[i in 0..p-1](exp(e[i])/sum[k in 0..p-1](exp(e[k]))) == 1", None),  # a sum over nothing is 0
]


def only_claim(given: str, text: str) -> Claim:
    document = Document.parse(f"```given\n{given}\n```\n\n```claim c\n{text}\n```\n", name="functions")
    return document.claims[0]


def word(text: str, given: str = DATA) -> str:
    claim = only_claim(given, text)
    found = decide(claim, claim.links[0], Solver())
    return found.word if found.certain or found.word == "proved" else "uncertain"


@pytest.mark.parametrize("text", TRUE)
def test_an_identity_is_proved(text: str) -> None:
    """The identities of functions that every textbook has."""
    assert word(text) == "proved"


@pytest.mark.parametrize(("text", "expected"), FALSE)
def test_a_false_identity_is_not_proved(text: str, expected: str | None) -> None:
    """What fails at some data, sizes or places is not proved; where the unknowns are independent it has its region."""
    found = word(text)
    assert found != "proved"
    assert expected is None or found == expected


BOUNDED = [  # what is supposed of data, a formula, whether it is true
    ("x > 0", "relu(x) == x", True),
    ("x >= 0", "relu(x) == x", True),
    ("x <= 0", "relu(x) == 0*x", True),
    ("x < 0", "abs(x) == -x", True),
    ("0 < c, c < 1", "relu(c*A - A) == (1 - c)*relu(-A)", True),
    ("c < 1", "relu(c*x - x) == (1 - c)*relu(-x)", True),
    ("0 < c, c < 1", "max(x, c*x) == c*x + (1 - c)*relu(x)", True),
    ("x > y", "relu(x - y) == x - y", True),
    ("x >= y", "relu(x - y) == x - y", True),
    ("y < x", "max(x, y) == x", True),
    ("x > c", "relu(x - c) == x - c", True),
    ("x >= 0", "[x > 0] == ones(n)", False),
    ("x >= 0", "relu(x + 1) == x", False),
    ("x <= 0", "relu(x + 1) == 0*x", False),
    ("x >= -1", "relu(x) == x", False),
    ("c > 0", "relu(c*x - x) == (1 - c)*relu(-x)", False),
    ("x >= y", "[x > y] == ones(n)", False),
    ("x > y", "relu(y - x) == y - x", False),
    ("x > y", "relu(x - 2*y) == x - 2*y", False),
]


@pytest.mark.parametrize(("supposed", "text", "true"), BOUNDED)
def test_what_is_supposed_of_signs_is_used(supposed: str, text: str, true: bool) -> None:
    """Bounds and orders of data decide choices, at the bound itself too, and no more than they say."""
    claim = only_claim(DATA, f"{text}\nwhere {supposed}")
    found = decide(claim, claim.links[0], Solver())
    assert (found.word == "proved") is true
    assert found.word != "refuted" or not true
    assert not true or any(part.split(" ")[0] in " ".join(found.axioms) for part in supposed.split(", "))


def test_normalisation_has_its_region() -> None:
    """A false normalisation gradient holds exactly where there is one entry."""
    given = NORM.replace("loss J(x)", "h = (x - mean(x))/sqrt(v + eps)\nloss J(h)\ng = grad(J, h)")
    assert word("grad(J, x) == (g - mean(g))/sqrt(v + eps)", given) == "holds where"
    assert word("grad(J, x) == (g - mean(g) - h*mean(g*h))/sqrt(v + eps)", given) == "proved"


def in_other_words(text: str) -> list[tuple[str, str]]:
    """A claim `left == right` with a side named, sides exchanged, and both sides' terms in the other order."""
    left, right = text.split(" == ", 1)
    return [
        (f"{DATA}\nside9 = {left}", f"side9 == {right}"),
        (DATA, f"{right} == {left}"),
        (f"{DATA}\nside8 = {right}", f"0 + ({left}) == side8"),
    ]


@pytest.mark.parametrize("text", TRUE[::4])
def test_a_verdict_does_not_depend_on_the_words(text: str) -> None:
    """A side may have a name, and stand on the left or on the right."""
    assert {word(other, given) for given, other in in_other_words(text)} == {"proved"}


def first_wrong(count: int) -> str | None:
    """The first formula whose normal form has another value."""
    for number in range(count):
        try:
            found = disagreement(number, clear=number % 2 == 1)
        except (Unsupported, LimitReached):
            continue
        if found is not None:
            return found
    return None


def test_the_normal_form_has_the_value_of_the_formula() -> None:
    """Random formulas at data of both signs, with ties and with zeros."""
    assert first_wrong(150) is None


def _dropping(name: str) -> Callable[[Any], None]:
    """One law of the normal form broken: a condition dropped, a sign or a factor lost."""

    def log_of_sums(monkeypatch: Any) -> None:
        log = Basis.log
        monkeypatch.setitem(basis.FUNCTIONS, "log", lambda self, terms: [new for t in terms for new in log(self, [t])])

    def roots_of_squares(monkeypatch: Any) -> None:
        monkeypatch.setattr(Basis, "_absolute_power", lambda self, atom, amount: [basis.Term((atom,) * amount)])

    def everything_positive(monkeypatch: Any) -> None:
        monkeypatch.setattr(Signs, "of_power", lambda self, base: Sign.POSITIVE)

    def no_tie(monkeypatch: Any) -> None:
        jump = Basis.jump
        strict = {">=": ">"}
        monkeypatch.setattr(Basis, "jump", lambda self, name, found: jump(self, strict.get(name, name), found))

    def smaller_threshold(monkeypatch: Any) -> None:
        monkeypatch.setattr(basis, "max", min, raising=False)

    def halves_forgotten(monkeypatch: Any) -> None:
        monkeypatch.setattr(basis, "HALF", Fraction(1))

    def angles_that_only_add(monkeypatch: Any) -> None:
        both = Basis._both

        def without_sines(self: Basis, one: Any, two: Any) -> Any:
            return both(self, one, two)[0], self._product(one[1], two[1])

        monkeypatch.setattr(Basis, "_both", without_sines)

    def odd_taken_for_even(monkeypatch: Any) -> None:
        leading = basis._leading
        monkeypatch.setattr(basis, "_leading", lambda found: (1, leading(found)[1]))

    def cases_of_partial_functions(monkeypatch: Any) -> None:
        monkeypatch.setattr(Basis, "_is_total", lambda self, term: True)

    mutants: dict[str, Callable[[Any], None]] = {
        f.__name__: f
        for f in (log_of_sums, roots_of_squares, everything_positive, no_tie, smaller_threshold, halves_forgotten,
                  angles_that_only_add, odd_taken_for_even, cases_of_partial_functions)
    }  # fmt: skip
    return mutants[name]


SEEN_BY_VALUES = ["log_of_sums", "everything_positive", "no_tie", "smaller_threshold", "halves_forgotten",
                  "angles_that_only_add", "odd_taken_for_even"]  # fmt: skip


@pytest.mark.parametrize("name", SEEN_BY_VALUES)
def test_a_broken_law_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each law broken changes the value of some formula."""
    _dropping(name)(monkeypatch)
    assert first_wrong(400) is not None


def test_cases_of_partial_functions_need_both_to_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without that condition a quotient that has a value at 0 would be taken for one that has none there."""
    _dropping("cases_of_partial_functions")(monkeypatch)
    assert word(FALSE[0][0]) == "proved"


def test_a_sum_over_nothing_is_not_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without that condition both sides would be multiplied by 0."""
    monkeypatch.setattr(signs.Signs, "is_there", lambda self, term: True)
    assert word(FALSE[-1][0]) == "proved"


def test_the_root_of_a_square_has_no_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the absolute value the root of x² would be x."""
    _dropping("roots_of_squares")(monkeypatch)
    assert word("sqrt(x**2) == x") == "proved"


SUMS = (
    "x**2 + y**2", "-x**2 - y**2", "x**2*y", "-x**2*y**2", "abs(x) + exp(y)", "-relu(x) - y**2", "x/y", "x + 1",
)  # fmt: skip
COMPARED = (  # a comparison of S with 0, and the same by others
    ("[0 >= S]", "[S <= 0]"),
    ("[0 > S]", "[S < 0]"),
    ("[S <= 0]", "ones(n) - [S > 0]"),
    ("[S < 0]", "ones(n) - [S >= 0]"),
    ("[S >= 0]", "[S > 0] + [S == 0]"),
    ("[S != 0]", "[S > 0] + [S < 0]"),
    ("[S <= 0]", "[-(S) >= 0]"),
)


@pytest.mark.parametrize("found", SUMS)
def test_a_number_is_above_below_or_at_zero(found: str) -> None:
    """Comparisons of one formula say the same of it in whichever way they are written, and not the opposite."""
    for left, right in COMPARED:
        assert word(f"{left} == {right}".replace("S", f"({found})")) == "proved", (left, right)
        assert word(f"{left} == ones(n) - ({right})".replace("S", f"({found})")) != "proved", (left, right)
