"""Workflow commands of GitHub Actions: each failure becomes an annotation beside its line in a pull request.

Source: GitHub Docs, "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

from collections.abc import Iterator

from derivations.judgement.results import Results
from derivations.language.errors import InputError
from derivations.show.formats.said import further, sentence
from derivations.show.lines import name


def commands(results: Results) -> Iterator[str]:
    """A line for each verdict that is not as expected and each error of the input.

    >>> from derivations.language.errors import Place
    >>> list(commands(Results(errors=[InputError("50% wrong", Place("a,b.md", 3, 5, "x"), fix="none")])))
    ['::error file=a%2Cb.md,line=3,col=5,title=input::50%25 wrong%0Afix: none']
    """
    for verdict in results.verdicts:
        if verdict.contradiction or not verdict.as_expected:
            level = "warning" if verdict.verdict == "undecided" and not verdict.contradiction else "error"
            text = "\n".join([sentence(verdict), *further(verdict)])
            yield _command(level, text, file=verdict.document, line=str(verdict.line), title=name(verdict))
    for error in results.errors:
        yield _of_error(error)


def _of_error(error: InputError) -> str:
    text = "\n".join([error.message, *([f"fix: {error.fix}"] if error.fix else [])])
    place = {"line": str(error.line), "col": str(error.column)} if error.line else {}
    return _command("error", text, file=error.file, **place, title="input")


def _command(level: str, text: str, **properties: str) -> str:
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{level} {given}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
