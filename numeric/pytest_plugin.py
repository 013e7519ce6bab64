"""A fixture for test suites: `gradcheck(forward, backward, *arrays)` fails the test unless the gradient is right.

def test_my_layer(gradcheck):
    gradcheck(forward, backward, x, w)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def gradcheck() -> Callable[..., Any]:
    """`numeric.check_gradient`, whose report must say *right*; it is returned."""
    from numeric import check_gradient

    def checked(*arguments: Any, **keywords: Any) -> Any:
        __tracebackhide__ = True
        report = check_gradient(*arguments, **keywords)
        if report.verdict != "right":
            pytest.fail(str(report), pytrace=False)
        return report

    return checked
