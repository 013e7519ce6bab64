"""The derivations behind claims, and the first wrong step of a chain."""

from __future__ import annotations

from pathlib import Path

import pytest

from derivations import given
from derivations.judgement.chains import first_wrong
from derivations.judgement.judge import judge
from derivations.judgement.results import Results
from derivations.judgement.verdict import Verdict
from derivations.show.report.statements import claim_text
from derivations.steps.narration import proof_steps

MAPS = """dims C, D, H, W, m, n, s where m <= H, n <= W
tensor x[C, H, W], k[D, C, m, n], b[D]
z[d] = sum[c](corr(x[c], k[d, c], valid, stride=s)) + b[d]
loss J(z)
delta = grad(J, z)"""
POOL = """dims h, w, n where n <= h, n <= w
tensor z[h, w]
scalar beta, b
function f
y = beta * mean_pool(f(z), n) + b
loss J(y)
delta_next = grad(J, y)
delta = grad(J, z)"""

CLAIMS = (
    (MAPS, "grad(J, k)[d, c, p, q] == sum[i, j](delta[d, i, j] * x[c, s*i + p, s*j + q])"),
    (MAPS, "grad(J, k)[d, c] == resize(corr(x[c], delta[d], valid, dilation=s), m, n)"),
    (MAPS, "sum(delta[d]) == grad(J, b)[d]"),
    (POOL, "grad(J, z).T == (beta * resize(up(delta_next, n), h, w) * f'(z) / n**2).T"),
    (POOL, "delta == beta * resize(up(delta_next, n), h, w) * f'(z) / n**2"),
    (POOL, "grad(J, beta) == tr(delta_next.T @ mean_pool(f(z), n))"),
    (POOL, "grad(J, beta) == sum(delta_next * mean_pool(f(z), n))"),
    (MAPS.replace("dims", "origin 1\ndims"), "grad(J, b)[d] == sum[i, j](delta[d, i, j])"),
    ("dims n\ntensor y[n], z[n]\nJ = -sum(y * log(softmax(z)))", "grad(J, z) == softmax(z) - y\nwhere sum(y) == 1"),
)


@pytest.mark.parametrize(("context", "claim"), CLAIMS, ids=[claim for _, claim in CLAIMS])
def test_a_proved_claim_on_a_gradient_has_its_derivation(context: str, claim: str) -> None:
    """Also for an entry of a gradient, its transpose, a residual and under a hypothesis: every step proved, the last
    one the other side, each step beginning where the one before ends or at a gradient."""
    parsed = given(context).claim(claim)
    (link,) = parsed.links
    steps = proof_steps(parsed, link)
    assert steps
    assert all(step.proved for step in steps), [step.text for step in steps if not step.proved]
    sides = {str(link.left), str(link.right)}
    assert steps[-1].text.split(" == ")[-1] in sides
    ends = {step.text.partition(" == ")[2] for step in steps}
    starts = [step.text.partition(" == ")[0] for step in steps]
    assert all(start in ends or start.startswith(("d(", "grad(", "delta")) for start in starts)


def test_without_a_gradient_there_is_nothing_to_derive() -> None:
    """An identity between operators, and the residual of an arbitrary loss, have no derivation."""
    context = given(MAPS)
    for text in ("corr(x[c], k[d, c], valid) == conv(x[c], rot180(k[d, c]), valid)", "delta == 1 * delta"):
        claim = context.claim(text)
        assert proof_steps(claim, claim.links[0]) == ()


CHAIN = (
    "d(J, z) == tr(delta_next.T @ d(y, z)) == tr((beta * delta_next).T @ mean_pool(f'(z) * d(z), n)) == "
    "tr((beta * up(delta_next, n)).T @ (f'(z) * d(z))) == "
    "tr((beta * resize(up(delta_next, n), h, w) / n**2 * f'(z)).T @ d(z))"
)


def verdicts_of(text: str) -> list[Verdict]:
    return judge(given(POOL).claim(text))


def test_the_first_wrong_step_is_named_and_later_ones_are_judged_by_themselves() -> None:
    """A chain that loses its factor and its frame, and finds both again: link 3 is the first wrong one, with its
    counterexample, and link 4, wrong on its own, has one too."""
    verdicts = verdicts_of(CHAIN)
    assert [verdict.verdict for verdict in verdicts] == ["proved", "proved", "holds where", "holds where"]
    assert [verdict.link for verdict in first_wrong(verdicts)] == [3]
    assert all(verdict.witness is not None for verdict in verdicts[2:])
    parsed = given(POOL).claim(CHAIN)
    page = claim_text([(parsed, verdicts)])
    assert page.count("the first wrong one") == 1
    assert "Step 3, the first wrong one: **True exactly where** $n = 1$" in page
    (named,) = Results(verdicts).as_json()["first_wrong"]
    assert named["link"] == 3


def test_a_wrong_link_spoils_no_later_one() -> None:
    """What follows a wrong step from itself is proved."""
    verdicts = verdicts_of("tr(delta.T @ z) == tr(delta.T @ (2*z)) == 2 * tr(delta.T @ z)")
    assert [verdict.verdict == "proved" for verdict in verdicts] == [False, True]
    assert [verdict.link for verdict in first_wrong(verdicts)] == [1]


def test_an_equation_or_a_true_chain_has_no_first_wrong_step() -> None:
    """Only chains with a false link have one."""
    assert not first_wrong(verdicts_of("up(delta_next, n) == delta"))
    assert not first_wrong(verdicts_of("z.T.T == z == 1*z"))


def test_the_command_line_names_it(tmp_path: Path) -> None:
    """`verify` and `check` say which step is the first wrong one."""
    from typer.testing import CliRunner

    from derivations.cli import app

    file = tmp_path / "pool.md"
    file.write_text(f"```given\n{POOL}\n```\n\n```claim chain\n{CHAIN}\n```\n", encoding="utf-8")
    verified = CliRunner().invoke(app, ["verify", "--no-cache", str(file)])
    assert "chain: the first wrong step is link 3" in verified.output
    checked = CliRunner().invoke(app, ["check", CHAIN, "--given", str(file)])
    assert "The first wrong step is number 3." in checked.output
