"""Loaded by the process that the worker processes are copied from: everything that a first question would load.

Law: the question is ours and its answer is thrown away; what stays is what the libraries and tables remember. No
solver is asked here: their contexts belong to the process that made them. What is loaded stays, so nobody looks for
garbage in it, neither here while it comes nor in the copies.
"""

from __future__ import annotations

import gc

gc.disable()  # before what follows is loaded: a fifth of the time until the first worker is there

from contextlib import suppress  # noqa: E402

from derivations.serving.answering import html_of, read  # noqa: E402
from derivations.serving.question import Question  # noqa: E402
from derivations.show.report import nodes as n  # noqa: E402

QUESTION = Question(
    "dims m, n where m <= n\ntensor a[n], w[m]\nz = conv(a, w, valid)\nloss J(z)\ndelta = grad(J, z)",
    "grad(J, w) == conv(rot180(a), delta, valid)",
)


def warm() -> None:
    """Reads a question and writes a formula, so that the grammar and the tables are there."""
    with suppress(Exception):  # what fails here fails again where somebody sees it
        for _ in read(QUESTION):
            pass
        html_of((n.Paragraph((n.Text(""),)),))


warm()
gc.freeze()
gc.enable()
