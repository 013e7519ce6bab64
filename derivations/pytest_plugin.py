"""Claims as tests: `pytest --gradproof docs/` judges the claim blocks of Markdown files, one item for each link. And a
fixture for layers: `prove(forward, backward, given="x: N, D")` fails the test unless the gradient is proved.

Law: an item passes exactly if its verdict is as its claim expects and nothing contradicts itself; what could not be
read is an item that fails with the error. Without the option nothing is collected and nothing heavy is loaded.

What it cannot see: worker processes with an outer guard; where one is wanted, `pytest -n` gives processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SUFFIXES = (".md", ".markdown")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option that turns Markdown files into tests."""
    group = parser.getgroup("gradproof", "claims in Markdown files")
    group.addoption("--gradproof", action="store_true", help="Judge the claim blocks of Markdown files.")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Markdown files, where they are asked for."""
    if file_path.suffix.lower() in SUFFIXES and parent.config.getoption("--gradproof"):
        return ClaimFile.from_parent(parent, path=file_path)
    return None


@pytest.fixture
def prove() -> Callable[..., Any]:
    """`derivations.prove`, whose verdict must say *proved*; it is returned. Refused code fails the test too."""
    from derivations.language.errors import InputError
    from derivations.reading.showing import verdict_lines
    from derivations.reading.testing import prove as proved

    def required(*arguments: Any, **keywords: Any) -> Any:
        __tracebackhide__ = True
        found, refusal = None, ""
        try:
            found = proved(*arguments, **keywords)
        except InputError as refused:
            refusal = str(refused)
        if found is None or found.status:
            text = refusal if found is None else "\n".join(verdict_lines(found, show=False))
            pytest.fail(text, pytrace=False)
        return found

    return required


class ClaimFile(pytest.File):
    """A document: an item for each link of each claim under each reading, and one for each error of the input."""

    def collect(self) -> Iterator[pytest.Item]:
        from derivations.judgement.judge import exists_everywhere
        from derivations.language.document import Document
        from derivations.language.errors import InputError

        try:
            document = Document.read_in_part(self.path, exists_everywhere)
        except InputError as wrong:
            yield WrongInput.from_parent(self, name="input", error=wrong)
            return
        for number, error in enumerate(document.errors, start=1):
            yield WrongInput.from_parent(self, name=f"input {number}", error=error)
        for claim in document.claims:
            chosen = "".join(f" [{name}={option}]" for name, option in claim.reading.items())
            for number in range(1, len(claim.links) + 1):
                link = f" link {number}" if len(claim.links) > 1 else ""
                yield ClaimItem.from_parent(self, name=f"{claim.id}{link}{chosen}", claim=claim, number=number)


class NotAsExpected(Exception):
    """A verdict that is not what its claim expects."""


class _Item(pytest.Item):
    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The message alone: no traceback says anything about a formula."""
        if isinstance(excinfo.value, NotAsExpected):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)


class WrongInput(_Item):
    """What could not be read, with its place and the smallest fix."""

    def __init__(self, error: Any, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.error = error

    def runtest(self) -> None:
        raise NotAsExpected(str(self.error))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, max(int(self.error.line) - 1, 0), self.name


class ClaimItem(_Item):
    """One link of a claim under one reading."""

    def __init__(self, claim: Any, number: int, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.claim, self.number = claim, number

    def runtest(self) -> None:
        from derivations.judgement.judge import judge_link
        from derivations.repair.search import with_repair

        verdict = judge_link(self.claim, self.number)
        if not verdict.as_expected or verdict.contradiction:
            raise NotAsExpected(self._said(with_repair(self.claim, verdict)))

    def _said(self, verdict: Any) -> str:
        from derivations.show.explain import record_lines

        lines = [text.plain for text in record_lines(self.claim, verdict)]
        return "\n".join([f"{self.path}:{self.claim.line}: {self.name}", *lines])

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.claim.line - 1, self.name
