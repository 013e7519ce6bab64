"""The page in a real Chromium: from typing to verdict, cancelled, by keyboard alone, with hostile text in every field,
on a phone and in the dark; no barrier that axe-core finds, no complaint in the console."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

import pytest
from page_server import CONTEXT, FALSE, LONG, TRUE, Server

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
WAIT = 30_000  # milliseconds; the machine may be busy


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


class Opened:
    """A page, and everything that its console said."""

    def __init__(self, browser: Any, server: Server, fragment: str = "", **options: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        self.context.set_default_timeout(WAIT)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.origin = server.url
        self.page.goto(server.url + fragment)

    def judge(self, context: str = CONTEXT, claim: str = FALSE) -> str:
        """Types a question, asks it, and waits for the whole answer; the text of the answer."""
        self.page.fill("#context", context)
        self.page.fill("#claim", claim)
        self.page.click("#judge")
        return self.answer()

    def answer(self) -> str:
        self.page.wait_for_selector("#status:not(:has-text('Judging')):not(:has-text('Nothing'))")
        self.page.wait_for_selector("body:not(.working)")
        return str(self.page.inner_text("#answer"))

    def close(self) -> None:
        """Closes the page; nothing was said in its console, and nothing came from elsewhere."""
        self.context.close()
        assert self.said == []
        assert [url for url in self.asked if not url.startswith((self.origin, f"blob:{self.origin}"))] == []


@pytest.fixture
def opened(browser: Any, server: Server) -> Iterator[Opened]:
    found = Opened(browser, server)
    yield found
    found.close()


def test_from_typing_to_verdict(opened: Opened) -> None:
    """Shapes appear while one types; then the verdict, the region, the pictures, the formulas as MathML; a true formula
    that is put in is proved, with its steps; the address holds the question."""
    page = opened.page
    page.fill("#context", CONTEXT)
    page.wait_for_selector("#shapes >> text=(H - m + 1) × (W - n + 1)")
    text = opened.judge()
    assert "holds where m == 1, n == 1" in text
    assert "Smallest counterexample" in text
    assert page.locator("#shown math").count() > 3
    assert page.locator("#shown svg").count() == 3
    page.locator("#repairs button").first.click()
    page.wait_for_selector("#verdicts >> text=proved")
    assert "reading off the gradient" in opened.answer()
    assert page.input_value("#claim") == TRUE
    assert quote("rot180(a)", safe="") in page.url


DISPLAY = (
    r"\nabla_w J = \tilde a \ast \delta",
    "\\tilde X is rot180(X)\nX \\ast Y is conv(X, Y, valid)\n\\delta is delta",
)
LINE = ("dw = conv2(a, rot90(delta, 2), 'valid');", "read above as grad(J, w) == right side")


def test_a_display_and_a_line_of_code_are_claims(opened: Opened) -> None:
    """A LaTeX display with its notation is judged as it stands and typeset; so is a line of MATLAB, whose nearest true
    formula is put in as a claim; what is wrong in a display has a caret in it."""
    page = opened.page
    page.click("#more summary")
    page.check("#kind-latex")
    page.fill("#notation", DISPLAY[1])
    assert "proved" in opened.judge(claim=DISPLAY[0])
    assert page.locator("#shown math").count() > 1
    page.fill("#claim", r"\nabla_w J = \tilde a \ast \qq")
    page.wait_for_selector("#claim-error >> text=\\qq")
    assert "^" in page.inner_text("#claim-error")
    page.check("#kind-matlab")
    page.fill("#notation", "")
    page.fill("#lines", LINE[1])
    assert "holds where m == 1, n == 1" in opened.judge(claim=LINE[0])
    page.locator("#repairs button").first.click()
    page.wait_for_selector("#verdicts >> text=proved")
    assert page.is_checked("#kind-claim")
    assert "proved" in opened.answer()


class Elsewhere(BaseHTTPRequestHandler):
    """Another site, which asks the page by every way that a browser has."""

    target = ""

    def do_GET(self) -> None:
        """Its page."""
        body = f"""<form id="form" method="post" enctype="text/plain" target="frame" action="{self.target}api/judge">
<input name='{{"context": "dims n", "claim": "n == n", "x' value='": 1}}'></form><iframe name="frame"></iframe>
<img src="{self.target}examples.json"><iframe src="{self.target}"></iframe>""".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def test_another_site_cannot_ask(browser: Any, server: Server) -> None:
    """A page of another origin in the same browser gets no answer, by a form, by `fetch` in each mode, by a frame; what
    reaches the server is refused."""
    Elsewhere.target = server.url
    with HTTPServer(("127.0.0.1", 0), Elsewhere) as other:
        Thread(target=other.serve_forever, daemon=True).start()
        context = browser.new_context()
        page = context.new_page()
        statuses: list[tuple[str, str, int]] = []
        page.on("response", lambda answer: statuses.append((answer.request.method, answer.url, answer.status)))
        page.goto(f"http://127.0.0.1:{other.server_port}/")
        question = json.dumps({"context": CONTEXT, "claim": TRUE})
        for path in ("ask", "read", "draw", "export", "judge"):
            for mode, kind in (("cors", "application/json"), ("cors", "text/plain"), ("no-cors", "text/plain")):
                found = page.evaluate(
                    "([url, mode, kind, body]) => fetch(url, {method: 'POST', mode, body, headers: {'Content-Type': "
                    "kind}}).then(async answer => answer.type + ':' + await answer.text(), error => 'refused')",
                    [f"{server.url}api/{path}", mode, kind, question],
                )
                assert found in ("refused", "opaque:")
        with page.expect_response("**/api/judge") as waited:
            page.evaluate("document.getElementById('form').submit()")
        assert waited.value.status == 403
        posts = [status for method, url, status in statuses if method == "POST" and url.startswith(server.url)]
        assert posts
        assert set(posts) <= {403, 415}
        context.close()
        other.shutdown()


def test_the_link_asks_again_and_sliders_redraw(browser: Any, server: Server) -> None:
    """A page that is opened by its address has the question and its answer. Another size draws another counterexample
    and another footprint; one that the context does not admit is named."""
    opened = Opened(browser, server, f"#context={quote(CONTEXT)}&claim={quote(FALSE)}")
    assert "holds where m == 1, n == 1" in opened.answer()
    assert opened.page.input_value("#context") == CONTEXT
    opened.page.locator("#sizes input").nth(0).fill("5")
    opened.page.wait_for_selector("#drawn figcaption:has-text('at H = 5, W = 2')")
    assert opened.page.locator("#drawn svg").count() == 2
    opened.page.locator("#sizes input").nth(3).fill("7")
    opened.page.wait_for_selector("#drawn-status:has-text('n <= W')")
    opened.close()


def test_mistakes_have_a_caret(opened: Opened) -> None:
    """A mistake stands below its box with a caret, the box says that it is invalid, and it goes when it is mended."""
    page = opened.page
    page.fill("#context", CONTEXT)
    page.fill("#claim", "grad(J, w) == cnov(a, delta)")
    page.wait_for_selector("#claim-error >> text=did you mean conv?")
    assert "^^^^" in page.inner_text("#claim-error")
    assert page.get_attribute("#claim", "aria-invalid") == "true"
    page.fill("#claim", TRUE)
    page.wait_for_selector("#claim-error", state="hidden")
    assert page.get_attribute("#claim", "aria-invalid") == "false"


def test_a_claim_can_be_cancelled(opened: Opened) -> None:
    """Escape ends a long question; another is judged at once."""
    page = opened.page
    page.fill("#context", LONG[0])
    page.fill("#claim", LONG[1])
    page.click("#judge")
    page.wait_for_selector("#verdicts li")
    page.keyboard.press("Escape")
    page.wait_for_selector("#status >> text=Cancelled.")
    assert page.is_disabled("#cancel")
    assert "holds where" in opened.judge()


def test_by_keyboard_alone(opened: Opened) -> None:
    """The question is written, asked and answered, and an example opened, without a mouse."""
    page = opened.page
    page.focus("#context")
    page.keyboard.insert_text("dims n\ntensor x[n]")
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.insert_text("x + x == 2*x")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#verdicts >> text=proved")
    page.wait_for_selector("body:not(.working)")
    page.focus("#examples-box summary")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#claims button[aria-pressed=true]")
    assert page.locator("#examples button").count() >= 15
    opened.answer()
    page.keyboard.press("Escape")


def test_files_are_kept(opened: Opened) -> None:
    """Each button gives its file."""
    opened.judge(claim=TRUE)
    for label, name, part in (
        ("Claim file", "formula.md", "```claim asked"),
        ("LaTeX", "formula.tex", "\\begin{document}"),
        ("NumPy test", "test_formula.py", "def test_formula"),
    ):
        with opened.page.expect_download() as waited:
            opened.page.click(f"button:has-text('{label}')")
        assert waited.value.suggested_filename == name
        assert part in Path(waited.value.path()).read_text()


HOSTILE = (
    "<img src=x onerror=alert(1)><script>alert(2)</script>",
    '"><svg onload=alert(3)>`~~~```\n```claim x\nx == x\n```',
    "</textarea></pre><iframe srcdoc='<script>alert(4)</script>'></iframe>",
    "\\href{javascript:alert(5)}{x} \\input{/etc/passwd} $$ x $$ \\html{<b>}",
)


def test_hostile_text_is_text(opened: Opened) -> None:
    """Markup in any field, in names, in errors and in the address is shown as text: no element of it is made, nothing
    is loaded, no script runs."""
    page = opened.page
    page.click("#more summary")
    fields = ("context", "claim", "notation", "lines")
    for number, text in enumerate((*HOSTILE, *HOSTILE)):
        hostile = {fields[number % 4], fields[(number + 1 + number // 4) % 4]}
        for field in fields:
            usual = {"context": CONTEXT, "claim": TRUE}.get(field, "")
            page.fill(f"#{field}", text if field in hostile else usual)
        page.check("#kind-latex" if number % 3 == 1 else "#kind-claim")
        page.click("#judge")
        opened.answer()
        assert page.locator(".mistake:visible").count()
        assert number or text[:20] in page.inner_text("#question")
    made = page.evaluate("document.querySelectorAll('img, iframe, object, script:not([src]), #answer a[href]').length")
    assert made == 0
    fragment = "#" + "&".join(f"{field}={quote(HOSTILE[0])}" for field in ("context", "claim", "kind", "x"))
    page.goto(opened.origin + fragment)
    opened.answer()


def axe(page: Any) -> list[str]:
    """The barriers that axe-core finds."""
    module = pytest.importorskip("axe_core_python", reason="axe-core is not installed")
    page.evaluate((Path(module.__file__).parent / "axe.min.js").read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{each['id']}: {node['html'][:200]}" for each in found["violations"] for node in each["nodes"]]


def test_no_barriers(opened: Opened) -> None:
    """axe-core finds nothing on the empty page, nor where everything is open and shown: examples, a mistake, a
    counterexample at other sizes, repairs, a proof with its steps; in the dark as well."""
    page = opened.page
    assert axe(page) == []
    for summary in ("#examples-box", "#more"):
        page.click(f"{summary} summary")
    opened.judge(claim=TRUE)
    assert axe(page) == []
    opened.judge()
    page.locator("#sizes input").nth(0).fill("5")
    page.wait_for_selector("#drawn svg")
    page.fill("#claim", "x == cnov(a)")
    page.wait_for_selector("#claim-error")
    assert axe(page) == []
    page.emulate_media(color_scheme="dark")
    assert axe(page) == []


def test_phone_and_dark(browser: Any, server: Server) -> None:
    """Nothing passes the margin of a phone, where every button is large enough; where the reader prefers dark, the page
    is."""
    found = Opened(browser, server, viewport={"width": 375, "height": 700})
    page = found.page
    page.click("#examples-box summary")
    found.judge()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    for kind in ("claim", "latex", "python", "matlab"):  # a button and its word are never in two lines
        (button, word) = (page.locator(one).bounding_box() for one in (f"#kind-{kind}", f"label[for=kind-{kind}]"))
        assert abs(button["y"] + button["height"] / 2 - word["y"] - word["height"] / 2) < word["height"] / 2
    paper = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(paper) == "rgb(22, 24, 28)"
    small = page.evaluate(
        "JSON.stringify([...document.querySelectorAll('button')].filter(e => e.offsetParent && "
        "e.getBoundingClientRect().height < 24).map(e => e.textContent))"
    )
    assert json.loads(small) == []
    found.close()
