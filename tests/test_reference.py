"""What the product says about itself is true: entries of operators, pages of words, the cookbook."""

from __future__ import annotations

import re
from inspect import isfunction
from pathlib import Path

import pytest
from typer.testing import CliRunner

import derivations
import numeric
from derivations import Document, given
from derivations.cli import app
from derivations.language.scope import CLAIM_LINES, ELEMENTWISE, FUNCTIONS, STATEMENTS
from derivations.operators import OPERATORS
from derivations.reference import words
from derivations.reference.operators import entry, text
from derivations.typeset.by_index import by_index_to_latex

ROOT = Path(__file__).parent.parent
COOKBOOK = sorted((Path(derivations.__file__).parent / "cookbook").glob("*.md"))
LAYERS = {
    "dense", "convolution", "stride-padding-dilation", "depthwise", "grouped", "transposed", "pooling", "batch-norm",
    "layer-norm", "group-norm", "softmax-cross-entropy", "attention", "embedding", "lstm-cell", "residual-block",
    "dropout", "up-sampling",
}  # fmt: skip
SLOW = {"max", "convolve", "max_unpool"}  # their gradients take seconds; the pages of the documentation have them


@pytest.mark.parametrize("path", COOKBOOK, ids=lambda path: str(path.stem))
def test_the_cookbook_is_true(path: Path) -> None:
    """Every verdict of a layer's file is as its file expects."""
    assert all(verdict.as_expected for verdict in Document.read(path).verify())


def test_the_cookbook_has_the_usual_layers() -> None:
    """One file for each layer that people ask for."""
    assert {path.stem for path in COOKBOOK} == LAYERS


@pytest.mark.parametrize("name", sorted(set(OPERATORS) - SLOW))
def test_an_operator_s_entry_is_true(name: str) -> None:
    """The example can be read in the context that is printed, has the printed shape, and the printed gradient is the
    gradient."""
    found = entry(name)
    context = given(found.given or "dims unused")
    assert context.judge(f"shape({found.example}) == {found.shape}").verdict == "proved" or found.shape == "()"
    for gradient in found.gradients:
        assert gradient.formula or gradient.reason
    assert found.signature.startswith(name)
    assert found.example in text(found)


EXAMPLE = re.compile(r"^````markdown\n(.*?)^````$", re.DOTALL | re.MULTILINE)
DOCS = Path(derivations.__file__).parent.parent / "docs"


@pytest.mark.parametrize("source", EXAMPLE.findall((DOCS / "language.md").read_text(encoding="utf-8")))
def test_the_language_s_examples_are_true(source: str) -> None:
    """Every example of the page on the language is a document whose verdicts are as expected."""
    found = Document.parse(source).verify()
    assert len(found) >= 1
    assert all(verdict.as_expected for verdict in found)


def test_every_statement_of_the_language_has_an_example() -> None:
    """Each form that the parser knows stands on the page: statements, lines of a claim, functions, operators' words."""
    page = (DOCS / "language.md").read_text(encoding="utf-8")
    words_of_page = set(re.findall(r"[A-Za-z_]+", page))
    assert {*STATEMENTS, *CLAIM_LINES, *FUNCTIONS, *ELEMENTWISE} - words_of_page == set()


def test_the_first_steps_say_what_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The document of *Start here* gives the lines that are shown below it."""
    page = (DOCS / "start.md").read_text(encoding="utf-8")
    (source,) = EXAMPLE.findall(page)
    console = r"^```console\n\$ gradproof verify --repair notes.md\n(.*?)^```$"
    shown = re.findall(console, page, re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    Path("notes.md").write_text(source, encoding="utf-8")
    done = CliRunner().invoke(app, ["verify", "--no-cache", "--repair", "notes.md"])
    assert done.stdout.startswith(shown[0])


def test_every_operator_is_listed() -> None:
    """`gradproof operators` has a line for each, `gradproof operators NAME` its entry, an unknown one a hint."""
    listed = CliRunner().invoke(app, ["operators"])
    assert listed.exit_code == 0
    assert [line.partition("(")[0] for line in listed.stdout.splitlines()] == list(OPERATORS)
    assert "by index" in CliRunner().invoke(app, ["operators", "flip"]).stdout
    wrong = CliRunner().invoke(app, ["operators", "flop"])
    assert wrong.exit_code == 2
    assert "flip" in wrong.output


def test_every_word_of_a_verdict_has_its_page() -> None:
    """The five words and what comes with them; pages name only pages that exist."""
    wanted = {"proved", "holds-where", "refuted", "false", "undecided", "witness", "evidence", "axiom"}
    assert wanted <= set(words.names())
    for name in words.names():
        for line in words.page(name).splitlines():
            _, found, rest = line.partition("gradproof explain-word ")
            assert not found or rest.strip("` ").split("`")[0] in words.names()
    assert CliRunner().invoke(app, ["explain-word", "holds where"]).stdout.startswith("# holds where")
    assert CliRunner().invoke(app, ["explain-word", "undecidd"]).exit_code == 2


@pytest.mark.parametrize("name", sorted(set(OPERATORS) - SLOW))
def test_the_entry_by_index_is_typeset_as_it_is_printed(name: str) -> None:
    """The same names and numbers in the same order, balanced; what is no sum is not typeset."""
    printed = entry(name).by_index
    if printed[0].startswith("no sum"):
        with pytest.raises(ValueError, match="not read"):
            by_index_to_latex(printed)
        return
    typeset = " ".join(by_index_to_latex(printed))
    assert typeset.count("{") == typeset.count("}")
    assert typeset.count("(") == typeset.count(")")
    plain = re.sub(r"\\(frac|lfloor|rfloor|left|right|le|ge|ne|land|lor|mapsto|mathit)\b", " ", typeset)
    words = [each for each in re.findall(r"\w+", plain.replace("_", " ").replace("bmod", " ")) if each != "pi"]
    assert words == [each for each in re.findall(r"\w+", " ".join(printed)) if each not in ("entry", "pi")]


@pytest.mark.parametrize(
    ("printed", "typeset"),
    [
        ("entry [i] = sum[k in 0..min(i, n)](f'(x[k]) * w[i - k]) / (2*n)",
         r"(i) \mapsto \frac{\sum_{0 \le k \le \min\left(i, n\right)} f'\left(x_{k}\right) \, w_{i - k}}{2 \, n}"),
        ("(a - b) * (sum[k](x[k])) + b", r"\left(a - b\right) \, \left(\sum_{k} x_{k}\right) + b"),
        ("a - (b + sum[k](x[k]))**2", r"a - \left(b + \sum_{k} x_{k}\right)^{2}"),
        ("x[(i + 1)//2, -i % 3] * [i < n or (j == 0 and k != 1)]",
         r"x_{\lfloor \left(i + 1\right) / 2 \rfloor, \left(-i\right) \bmod 3} \, [i < n \lor (j = 0 \land k \ne 1)]"),
        ("X[:, 0].T", r"X_{:, 0}^{T}"),
    ],
)  # fmt: skip
def test_what_binds_by_index_binds_in_latex(printed: str, typeset: str) -> None:
    """Brackets stand where the formula needs them."""
    assert by_index_to_latex([printed]) == [typeset]


def test_the_api_reference_has_every_door() -> None:
    """What `derivations` offers beside the operators, the gradient checks and the layers stand on the page of the API,
    and each function among them shows an example that runs; those that read a file of code are shown by its tests."""
    page = (ROOT / "docs" / "api" / "index.md").read_text(encoding="utf-8")
    doors = {name: getattr(derivations, name) for name in (*derivations._API, *derivations._CODE, "derive")}
    checks = {name: getattr(numeric.checkers, name) for name in numeric.checkers.__all__}
    assert [name for name in {**doors, **checks} if f".{name}\n" not in page] == []
    assert ".. automodule:: numeric.layers\n   :members:" in page
    layers = {name: getattr(numeric.layers, name) for name in numeric.layers.__all__}
    shown = {**doors, **checks, **layers}
    functions = {name: shown[name] for name in shown if isfunction(shown[name]) and name not in derivations._CODE}
    assert [name for name, each in functions.items() if ">>>" not in (each.__doc__ or "")] == []
