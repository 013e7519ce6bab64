"""From LaTeX to PDF with latexmk or xelatex, where they are installed, and a look at what the log says.

Why the log: xelatex exits with 0 although glyphs are missing, and although lines pass the margin.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

HOW_TO_GET = (
    "xelatex is not installed, so there is no PDF. On Debian and Ubuntu: apt-get install texlive-xetex "
    "texlive-latex-recommended texlive-fonts-recommended texlive-lang-chinese latexmk fonts-noto-cjk; "
    "on macOS: MacTeX; on Windows: MiKTeX."
)
SECONDS = 300
TOLERATED_POINTS = 1.0  # an overfull line by less than this cannot be seen


def typeset(tex: Path) -> list[str]:
    """Makes the PDF beside the LaTeX file; gives the messages for the user, the first saying what was
    written."""
    xelatex = shutil.which("xelatex")
    if xelatex is None:
        return [HOW_TO_GET]
    with tempfile.TemporaryDirectory(prefix="gradproof-") as directory:
        log, ended = _run(tex, Path(directory))
        made = Path(directory) / f"{tex.stem}.pdf"
        messages = complaints(log)
        if not ended:
            messages.insert(0, f"{tex.name}: xelatex did not end well: {first_error(log)}")
        if not made.exists():
            return [*messages, f"{tex.name}: no PDF was made"]
        target = tex.with_suffix(".pdf")
        beside = target.with_suffix(".pdf.part")
        shutil.copyfile(made, beside)
        os.replace(beside, target)
        return [f"wrote {target}", *messages]


def _run(tex: Path, directory: Path) -> tuple[str, bool]:
    """The log, and whether every pass ended well. Built in a directory of its own, so that nothing is left
    beside."""
    options = ["-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape"]
    latexmk = shutil.which("latexmk")
    commands = (
        [[latexmk, "-norc", "-xelatex", *options, f"-outdir={directory}", str(tex.resolve())]]
        if latexmk
        else [["xelatex", *options, f"-output-directory={directory}", str(tex.resolve())]] * 2
    )
    environment = {**os.environ, "max_print_line": "10000", "openout_any": "p"}
    ended = True
    for command in commands:
        try:
            done = subprocess.run(
                command,
                cwd=directory,
                env=environment,
                capture_output=True,
                timeout=SECONDS,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            return f"! not finished within {SECONDS} s\n", False
        ended = ended and done.returncode == 0
    log = directory / f"{tex.stem}.log"
    return (log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""), ended


def first_error(log: str) -> str:
    """The first error of a TeX log with its line, or that there is none."""
    match = re.search(r"^! ([^\n]+)(?:.*?^(l\.\d+ [^\n]*))?", log, re.MULTILINE | re.DOTALL)
    return " ".join(part for part in match.groups() if part) if match else "its log has no error"


def complaints(log: str) -> list[str]:
    """What the log says that a reader of the page would see: missing glyphs, lines past the margin.

    >>> complaints("Missing character: There is no ∇ in font lmroman!\\nOverfull \\\\hbox (0.2pt too wide)")
    ['missing characters on the page: Missing character: There is no ∇ in font lmroman!']
    """
    missing = sorted(set(re.findall(r"^Missing character: .*$", log, re.MULTILINE)))
    found = [f"missing characters on the page: {'; '.join(missing[:5])}"] if missing else []
    wide = [
        (float(points), where.strip())
        for points, where in re.findall(r"^Overfull \\hbox \(([\d.]+)pt too wide\)(.*)$", log, re.MULTILINE)
        if float(points) > TOLERATED_POINTS
    ]
    if wide:
        points, where = max(wide)
        what = "1 line passes" if len(wide) == 1 else f"{len(wide)} lines pass"
        found.append(f"{what} the margin, by up to {points:.0f} pt ({where})")
    return found
