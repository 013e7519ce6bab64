"""The HTML report in a real browser: mathematics drawn, nothing beyond the margin of a phone, dark where the reader
wants it dark, filter and folds without a script, no complaint in the console, no barrier that axe-core finds."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe import barriers

from derivations.batch.run import judge_claim
from derivations.judgement.results import Results
from derivations.language.document import Document
from derivations.show.report.document import report_tree
from derivations.show.report.mathml import Missing
from derivations.show.report.web import web_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--allow-file-access-from-files", "--enable-logging=stderr", "--virtual-time-budget=4000",
)  # fmt: skip
NOTES = r"""---
title: Ein Bericht
author: N. N.
lang: de
---

# Faltung 卷积

A formula $\frac{a}{b}$ and $f'(x)$, a long one
$$ \sum_{i=0}^{n-1} x_i + \sum_{i=0}^{n-1} x_i + \sum_{i=0}^{n-1} x_i + \sum_{i=0}^{n-1} x_i + \sum_{i=0}^{n-1} x_i $$
in a line $\sum_{i=0}^{n-1} x_i + \sum_{i=0}^{n-1} x_i + \sum_{i=0}^{n-1} x_i + \sum_{i=0}^{n-1} x_i + \sum_{i=0}^{n} y$
and a-word-that-is-longer-than-the-screen-of-any-telephone-which-anybody-has-ever-carried-in-a-pocket-of-trousers.

| a | very | wide | table | with | many | columns | that | no | phone | shows |
|---|---|---|---|---|---|---|---|---|---|---|
| 1111111 | 2222222 | 3333333 | 4444444 | 5555555 | 6666666 | 7777777 | 8888888 | 9999999 | 0000000 | 1111111 |

```given
dims H, W, m, n where m <= H, n <= W
tensor a[H, W], w[m, n]
z = conv(a, w, valid)
loss J(z)
delta = grad(J, z)
```

## A claim, below a heading of the second order

```claim right
grad(J, w) == conv(rot180(a), delta, valid)
```

```claim wrong-with-a-name-that-is-far-too-long-for-a-line-of-a-telephone-and-for-most-others
grad(J, w) == conv(a, rot180(delta), valid)
expect false
```
"""
SCRIPT = """
const frame = document.querySelector('iframe');
frame.onload = () => setTimeout(() => {
  const page = frame.contentDocument, view = frame.contentWindow, root = page.documentElement;
  const shown = () => [...page.querySelectorAll('.claim')].filter(e => view.getComputedStyle(e).display !== 'none')
    .map(e => e.className);
  const result = {wide: root.scrollWidth, width: view.innerWidth, language: root.lang,
    paper: view.getComputedStyle(page.body).backgroundColor, maths: page.querySelectorAll('math').length,
    flat: [...page.querySelectorAll('math')].filter(e => e.getBoundingClientRect().height < 4 && e.offsetParent).length,
    text: page.body.innerText, loaded: view.performance.getEntriesByType('resource').map(e => e.name)
      .filter(name => !name.startsWith('data:')), folds: page.querySelectorAll('details').length,
    pictures: page.querySelectorAll('svg').length,
    dead: [...page.querySelectorAll('a[href^="#"]')].filter(a => !page.getElementById(decodeURIComponent(
      a.getAttribute('href').slice(1)))).length, unnamed: [...page.querySelectorAll('svg')].filter(e =>
      !e.querySelector('title')).length, font: view.getComputedStyle(page.querySelector('math')).fontFamily};
  result.all = shown();
  page.getElementById('show-proved').checked = true;
  result.proved = shown();
  document.getElementById('result').textContent = JSON.stringify(result);
}, 300);
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    document = Document.parse(NOTES, "notes.md")
    results = Results()
    for claim in document.claims:
        results.verdicts.extend(judge_claim(claim, steps=True, repair=True))
    report = report_tree([document], results)
    assert not report.problems
    try:
        text, problems = web_page(report)
    except Missing:
        pytest.skip("Pandoc is not installed")
    assert not problems
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(text, encoding="utf-8")
    return file


def seen(page: Path, width: int, *flags: str) -> tuple[dict[str, Any], str]:
    """What a script in the page around it sees of the report at a width, and the console."""
    around = page.with_name(f"around-{width}.html")
    around.write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><iframe src="{page.name}" style="width:{width}px;height:900px;border:0">'
        f'</iframe><pre id="result"></pre><script>{SCRIPT}</script>',
        encoding="utf-8",
    )
    profile = page.with_name(f"profile-{width}-{len(flags)}")
    command = [str(CHROMIUM), *FLAGS, *flags, f"--user-data-dir={profile}", "--dump-dom", f"file://{around}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=90)
    match = re.search(r'<pre id="result">(.*?)</pre>', done.stdout, re.DOTALL)
    assert match is not None
    import html

    return json.loads(html.unescape(match[1])), done.stderr


@pytest.mark.parametrize("width", [375, 1200])
def test_nothing_passes_the_margin(page: Path, width: int) -> None:
    """At the width of a phone and of a desk there is no horizontal scrolling of the page; mathematics is drawn, no TeX
    is left, nothing is loaded, every link leads somewhere, the console is silent."""
    found, console = seen(page, width)
    assert found["width"] == width
    assert found["wide"] <= width
    assert found["maths"] > 20
    assert found["flat"] == 0
    assert not re.search(r"\\[a-zA-Z]{3}|\$\$", found["text"])
    assert "卷积" in found["text"]
    assert found["loaded"] == []
    assert found["dead"] == 0
    assert found["unnamed"] == 0
    assert found["pictures"] >= 3  # the footprint, the counterexample, the region
    assert found["language"] == "de"
    assert "CONSOLE" not in console


def test_the_filter_needs_no_script(page: Path) -> None:
    """Choosing a verdict leaves the claims with it."""
    found, _ = seen(page, 800)
    assert any("is-region" in name for name in found["all"])
    assert found["proved"]
    assert all("is-proved" in name for name in found["proved"])


def test_dark_is_dark(page: Path) -> None:
    """Where the reader prefers dark, the page is; else it is white."""
    light, _ = seen(page, 801)
    dark, _ = seen(page, 801, "--blink-settings=preferredColorScheme=0")
    assert light["paper"] == "rgb(255, 255, 255)"
    assert dark["paper"] == "rgb(22, 24, 28)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1200])
def test_no_barriers(page: Path, browser: Any, scheme: str, width: int) -> None:
    """axe-core finds nothing, everything unfolded, on a desk and on a phone, by day and by night."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    opened = context.new_page()
    opened.goto(page.as_uri())
    opened.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert barriers(opened) == []
    context.close()


def test_a_prime_is_seen(page: Path, browser: Any) -> None:
    """A derivative is told from the function: its mark is of the formula's size, not shrunk as an exponent."""
    context = browser.new_context()
    opened = context.new_page()
    opened.goto(page.as_uri())
    script = """[...document.querySelectorAll('mo')].filter(e => /^[′″‴]+$/.test(e.textContent))
      .map(e => [parseFloat(getComputedStyle(e).fontSize),
      parseFloat(getComputedStyle(e.closest('math')).fontSize)])"""
    sizes = opened.evaluate(script)
    assert sizes
    assert all(mark == whole for mark, whole in sizes)
    context.close()
