"""Inverses, determinants, solutions of linear systems: textbook identities are proved, what looks like them is not.

A matrix that is singular for all data has no inverse; a word of matrices and inverses is another's value exactly if
both reduce to one word of the free group.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from derivations.formulas.claims import Claim
from derivations.judgement.judge import judge
from derivations.language.document import Document
from derivations.meaning import contraction
from numeric.operators import OPERATORS

DATA = """dims m, n, p
tensor A[n, n], B[n, n], C[n, n], D[m, m], X[m, n], Y[n, m], N[n, p], S[n + 1, n + 1], T[p, n, n]
tensor u[n], v[n], a[n], b[n], y[m]
scalar s, l"""
TALL = DATA.replace("dims m, n, p", "dims m, n, p where n <= m")
SYSTEM = "dims n\ntensor A[n, n], b[n]\nx = solve(A, b)\nloss J(x)\ndx = grad(J, x)"
RIDGE = """dims m, n
tensor X[m, n], y[m]
scalar l
w = solve(X.T @ X + l*eye(n), X.T @ y)"""

TRUE = [
    (DATA, "A @ inv(A) == eye(n) == inv(A) @ A"),
    (DATA, "inv(A @ B) == inv(B) @ inv(A)"),
    (DATA, "inv(A @ B @ C) == inv(C) @ inv(B) @ inv(A)"),
    (DATA, "inv(A.T) == inv(A).T"),
    (DATA, "inv(inv(A)) == A"),
    (DATA, "inv(s*A) == inv(A)/s"),
    (DATA, "inv(-A) == -inv(A)"),
    (DATA, "inv(diag(u)) == diag(1/u)"),
    (DATA, "sum[k](T[k] @ inv(T[k])) == p*eye(n)"),
    (DATA, "sum[j](A[i, j] * inv(A)[j, k]) == eye(n)[i, k]"),
    (DATA, "grad(tr(inv(A)), A) == -(inv(A) @ inv(A)).T"),
    (DATA, "grad(log(det(A)), A) == inv(A).T"),
    (DATA, "grad(det(A), A) == det(A)*inv(A).T"),
    (DATA, "grad(det(B @ A @ C), A) == det(B @ A @ C)*inv(A).T"),
    (DATA, "grad(tr(B @ inv(A) @ C), A) == -(inv(A) @ C @ B @ inv(A)).T"),
    (DATA, "grad(sum(a * (inv(A) @ b)), A) == -inv(A).T @ outer(a, b) @ inv(A).T"),
    (DATA, "d(inv(A)) == -inv(A) @ d(A) @ inv(A)"),
    (DATA, "d(log(det(A))) == tr(inv(A) @ d(A))"),
    (DATA, "det(A @ B) == det(A)*det(B)"),
    (DATA, "det(A.T) == det(A)"),
    (DATA, "det(inv(A)) == 1/det(A)"),
    (DATA, "det(s*A) == s**n*det(A)"),
    (DATA, "log(det(A @ B)) == log(det(A)) + log(det(B))"),
    (DATA, "inv(A) - inv(B) == inv(A) @ (B - A) @ inv(B)"),
    (DATA, "inv(inv(A) + inv(B)) == A @ inv(A + B) @ B"),
    (DATA, "inv(eye(n) + inv(A)) == A @ inv(A + eye(n))"),
    (DATA, "inv(A + Y @ D @ X) == inv(A) - inv(A) @ Y @ inv(inv(D) + X @ inv(A) @ Y) @ X @ inv(A)"),
    (DATA, "inv(A + outer(u, v)) == inv(A) - inv(A) @ outer(u, v) @ inv(A)/(1 + v @ inv(A) @ u)"),
    (DATA, "inv(X.T @ X + l*eye(n)) @ X.T == X.T @ inv(X @ X.T + l*eye(m))"),
    (TALL, "inv(X.T @ X) @ (X.T @ X) == eye(n)"),
    (TALL, "(X @ inv(X.T @ X) @ X.T).T == X @ inv(X.T @ X) @ X.T"),
    (TALL, "tr(X @ inv(X.T @ X) @ X.T) == n"),
    (TALL, "grad(log(det(X.T @ X)), X) == 2*X @ inv(X.T @ X)"),
    (SYSTEM, "A @ x == b"),
    (SYSTEM, "x == inv(A) @ b"),
    (SYSTEM, "grad(J, b) == solve(A.T, dx)"),
    (SYSTEM, "grad(J, A) == -outer(solve(A.T, dx), x)"),
    (SYSTEM, "d(x) == solve(A, d(b) - d(A) @ x)"),
    (RIDGE, "X.T @ (X @ w - y) + l*w == zeros(n)"),
]

FALSE = [
    "inv(A @ B) == inv(A) @ inv(B)",
    "inv(A.T) == inv(A)",
    "inv(A) @ B == B @ inv(A)",
    "A @ B @ inv(A) == B",
    "inv(A + B) == inv(A) + inv(B)",
    "inv(s*A) == s*inv(A)",
    "inv(A) * A == eye(n)",
    "inv(A*B) == inv(A)*inv(B)",
    "grad(tr(inv(A)), A) == -(inv(A) @ inv(A))",
    "grad(tr(inv(A)), A) == (inv(A) @ inv(A)).T",
    "grad(log(det(A)), A) == inv(A)",
    "grad(det(A), A) == det(A)*inv(A)",
    "grad(det(A), A) == inv(A).T",
    "grad(sum(a * (inv(A) @ b)), A) == -inv(A).T @ outer(b, a) @ inv(A).T",
    "grad(sum(a * (inv(A) @ b)), A) == inv(A).T @ outer(a, b) @ inv(A).T",
    "d(inv(A)) == -d(A) @ inv(A) @ inv(A)",
    "det(A + B) == det(A) + det(B)",
    "det(s*A) == s*det(A)",
    "det(-A) == det(A)",
    "det(inv(A)) == det(A)",
    "log(det(A) + det(B)) == log(det(A)) + log(det(B))",
    "solve(A, b) == solve(A.T, b)",
    "solve(A, solve(B, b)) == solve(A @ B, b)",
    "inv(A + B) == inv(A) - inv(A) @ B @ inv(A - B)",
    "inv(X.T @ X + l*eye(n)) @ X.T == X.T @ inv(X @ X.T + eye(m))",
    # parts of matrices, and of sums
    "inv(A[0:1, 0:1]) == inv(A)[0:1, 0:1]",
    "inv(S[0:n, 0:n]) == inv(S)[0:n, 0:n]",
    "S[0:n, 0:n] @ inv(S)[0:n, 0:n] == eye(n)",
    "S[:, 0:n] @ inv(S[0:n, 0:n]) == eye(n + 1)[:, 0:n]",
    "sum[j in 1..n-1](A[i, j] * inv(A)[j, k]) == eye(n)[i, k]",
    "sum[j](A[i, j] * inv(A)[n - 1 - j, k]) == eye(n)[i, k]",
    "sum[j](A[i, j] * inv(A)[j, k] * u[j]) == u[i] * eye(n)[i, k]",
    "sum[j]((j + 1) * A[i, j] * inv(A)[j, k]) == eye(n)[i, k]",
    # what is under a sum's index
    "sum[k](inv(T[k])) == inv(sum[k](T[k]))",
    "sum[k](T[k]) @ sum[k](inv(T[k])) == eye(n)",
    "sum[k](sum[j](T[k] @ inv(T[j]))) == p*eye(n)",
    "T[0] @ inv(T[p - 1]) == eye(n)",
    # matrices that are not square, or singular for all data
    "inv(X) @ X == eye(n)",
    "inv(X @ X.T) @ (X @ X.T) == eye(m)",
    "inv(X @ Y) @ (X @ Y) == eye(m)",
    "inv(outer(u, v)) @ outer(u, v) == eye(n)",
    "inv(ones(n, n)) @ ones(n, n) == eye(n)",
    "inv(A - A) == inv(A - A)",
    "inv(A - A.T) @ (A - A.T) == eye(n)",
    "inv(0*A) == inv(0*A)",
    "inv(A @ inv(A) - eye(n)) == inv(A @ inv(A) - eye(n))",
    "inv(eye(n) - ones(n, n)/n) @ (eye(n) - ones(n, n)/n) == eye(n)",
    "inv(kron(ones(2, 2), A)) @ kron(ones(2, 2), A) == eye(2*n)",
    "inv(u[0]*eye(n) - diag(u)) == inv(u[0]*eye(n) - diag(u))",
    "inv(relu(A)) @ relu(A) + inv(relu(-A)) @ relu(-A) == 2*eye(n)",
    "solve(outer(u, u), b) == solve(outer(u, u), b)",
    # numbers that are 0, or not positive, for all data
    "log(-det(X.T @ X)) == log(-det(X.T @ X))",
    "log(det(-X.T @ X)) == log(det(-X.T @ X))",
    "log(det(A)) + log(det(-A)) == log(det(-A)) + log(det(A))",
    "log(-l) + log(det(l*eye(n))) == log(det(l*eye(n))) + log(-l)",
    "log(-l) + log(l) == log(l) + log(-l)",
    "1/det(X @ X.T) == 1/det(X @ X.T)",
    "1/(det(A @ B) - det(A)*det(B)) == 1/(det(A @ B) - det(A)*det(B))",
    "1/sum(inv(A) @ A - eye(n)) == 1/sum(inv(A) @ A - eye(n))",
]


def claim_of(context: str, text: str) -> Claim:
    [claim] = Document.parse(f"```given\n{context}\n```\n```claim c\n{text}\n```\n").claims
    return claim


@pytest.mark.parametrize(("context", "text"), TRUE, ids=[text for _, text in TRUE])
def test_identities_of_textbooks_are_proved(context: str, text: str) -> None:
    """For matrices of every size, with their axioms named: of an inverse, that it exists."""
    verdicts = judge(claim_of(context, text))
    assert [verdict.verdict for verdict in verdicts] == ["proved"] * len(verdicts), verdicts[0].reason
    if "inv(" in text or "solve" in text:
        assert any("is invertible" in axiom for verdict in verdicts for axiom in verdict.axioms)


@pytest.mark.parametrize("text", FALSE)
def test_what_looks_like_them_is_not_proved(text: str) -> None:
    """Signs, orders, transposes, ranges of sums, other matrices, matrices that no data make invertible."""
    [verdict] = judge(claim_of(DATA, text))
    assert not verdict.contradiction
    assert verdict.verdict != "proved"


@pytest.mark.parametrize(
    ("text", "region"),
    [("inv(X.T @ X) @ (X.T @ X) == eye(n)", "n <= m"), ("inv(outer(u, v)) @ outer(u, v) == eye(n)", "n == 1"),
     ("inv(X) @ X == eye(n)", "m == n"), ("sum[k](T[k] @ inv(T[k])) == eye(n)", "p == 1")],
)  # fmt: skip
def test_regions_of_existence(text: str, region: str) -> None:
    """Where a matrix can be invertible is found exactly."""
    [verdict] = judge(claim_of(DATA, f"{text}\nexpect holds where {region}"))
    assert verdict.as_expected, (verdict.verdict, verdict.holds_where, verdict.reason)


# -- words ------------------------------------------------------------------------------------------------------------

Letter = tuple[str, bool, bool]  # a matrix, whether inverted, whether transposed
letters = st.tuples(st.sampled_from("AB"), st.booleans(), st.booleans())
words = st.lists(letters, min_size=1, max_size=4)


def reduced(word: list[Letter]) -> list[Letter]:
    """The word without neighbours that cancel."""
    kept: list[Letter] = []
    for letter in word:
        if kept and kept[-1] == (letter[0], not letter[1], letter[2]):
            kept.pop()
        else:
            kept.append(letter)
    return kept


def text_of(word: list[Letter], chance: Any) -> str:
    """A formula of a word, some of whose parts are written as the inverse, or the transpose, of what they invert."""
    if len(word) == 1:
        (name, inverted, transposed) = word[0]
        forms = [f"inv({name}).T", f"inv({name}.T)"] if inverted and transposed else [f"inv({name})"] if inverted else [
            f"{name}.T" if transposed else name
        ]  # fmt: skip
        return str(chance.choice(forms))
    how = chance.integers(0, 4)
    if how == 0:
        return f"inv({text_of([(n, not i, t) for n, i, t in reversed(word)], chance)})"
    if how == 1:
        return f"({text_of([(n, i, not t) for n, i, t in reversed(word)], chance)}).T"
    cut = int(chance.integers(1, len(word)))
    return f"({text_of(word[:cut], chance)}) @ ({text_of(word[cut:], chance)})"


@settings(max_examples=40, deadline=None)
@given(words, st.integers(0, 2**16))
def test_a_word_is_proved_however_it_is_written(word: list[Letter], seed: int) -> None:
    """Products, inverses and transposes nested in any way are the word that they multiply out to."""
    chance = np.random.default_rng(seed)
    [verdict] = judge(claim_of(DATA, f"{text_of(word, chance)} == {text_of(word, chance)}"))
    assert verdict.verdict == "proved", (verdict.statement, verdict.reason)


@settings(max_examples=40, deadline=None)
@given(words, words, st.integers(0, 2**16))
def test_other_words_are_not_proved(first: list[Letter], second: list[Letter], seed: int) -> None:
    """Words are equal for all matrices exactly if their reduced words are."""
    chance = np.random.default_rng(seed)
    [verdict] = judge(claim_of(DATA, f"{text_of(first, chance)} == {text_of(second, chance)}"))
    assert (verdict.verdict == "proved") == (reduced(first) == reduced(second)), verdict.statement


# -- sums -------------------------------------------------------------------------------------------------------------


@st.composite
def sums(draw: st.DrawFn, depth: int = 2) -> str:
    """Formulas of A, B and I with sums, products, inverses and transposes."""
    if depth == 0:
        return draw(st.sampled_from(["A", "B", "eye(n)", "A.T", "inv(A)", "inv(B)"]))
    kind = draw(st.sampled_from("+-@@iit"))
    left = draw(sums(depth - 1))
    if kind == "i":
        return f"inv({left})"
    if kind == "t":
        return f"({left}).T"
    return f"({left} {kind} {draw(sums(depth - 1))})"


def value(text: str, n: int, a: Any, b: Any) -> Any:
    """The formula's value by NumPy's names and `numeric`'s exact inverse."""
    inverse = OPERATORS["inv"]
    names = {"A": a, "B": b, "n": n, "inv": lambda m: inverse(np.asarray(m)), "eye": lambda k: np.eye(k, dtype=int)}
    return np.asarray(_evaluated(text, names))


def _evaluated(text: str, names: dict[str, Any]) -> Any:
    import ast

    def at(node: ast.expr) -> Any:
        match node:
            case ast.Name(id=name):
                return names[name]
            case ast.Call(func=ast.Name(id=name), args=[argument]):
                return names[name](at(argument))
            case ast.Attribute(value=of):
                return at(of).T
            case ast.BinOp(left=left, op=op, right=right):
                first, second = at(left).astype(object), at(right).astype(object)
                if isinstance(op, ast.MatMult):
                    return first.dot(second)
                return first + second if isinstance(op, ast.Add) else first - second
        raise AssertionError(ast.dump(node))

    return at(ast.parse(text, mode="eval").body)


@settings(max_examples=40, deadline=None)
@given(sums(), sums(), st.sampled_from(["{} == {}", "inv({1}) @ {0} @ {1} == inv({1}) @ {1} @ {0}",
                                        "inv({0} + {1}) @ {0} == eye(n) - inv({0} + {1}) @ {1}"]),
       st.integers(0, 2**16))  # fmt: skip
def test_what_is_proved_is_so_in_numbers(left: str, right: str, form: str, seed: int) -> None:
    """Of random formulas with sums under inverses: what is proved exists for some data, and has equal values in exact
    fractions."""
    text = form.format(left, right)
    [verdict] = judge(claim_of("dims n\ntensor A[n, n], B[n, n]", text))
    assert not verdict.contradiction
    assume(verdict.verdict == "proved")
    chance, compared = np.random.default_rng(seed), 0
    for n in (1, 2, 3):
        for _ in range(6):
            a, b = chance.integers(-9, 10, (2, n, n))
            try:
                first, second = (value(side, n, a, b) for side in text.split(" == "))
            except ZeroDivisionError:
                continue
            compared += 1
            assert (first == second).all()
    assert compared


# -- laws that are not idle -------------------------------------------------------------------------------------------


def test_ranges_of_sums_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the question whether a sum runs over all that it must, a false claim is believed: the law is not idle."""
    claim = claim_of(DATA, "S[:, 0:n] @ inv(S[0:n, 0:n]) == eye(n + 1)[:, 0:n]")
    assert judge(claim)[0].verdict != "proved"
    monkeypatch.setattr(contraction, "_imply", lambda known, wanted: True)
    assert judge(claim)[0].contradiction or judge(claim)[0].verdict == "proved"
