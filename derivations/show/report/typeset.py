"""From LaTeX to PDF with xelatex, where it is installed, confined; and a look at what the log says.

Why confined: the document was written by a stranger. What reaches TeX was read before (`mathematics.py`); should that
have a hole, TeX still runs without a shell, reads and writes nothing above its own folder, with a clean environment and
limits of time, memory and file size, and ends when we end.

Why the log: xelatex exits with 0 although glyphs are missing, and although something runs off the page.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

HOW_TO_GET = (
    "xelatex is not installed, so there is no PDF. On Debian and Ubuntu: apt-get install texlive-xetex "
    "texlive-latex-recommended texlive-fonts-recommended texlive-lang-chinese fonts-noto-cjk fonts-freefont-otf; "
    "on macOS: MacTeX; on Windows: MiKTeX."
)
SECONDS = 240  # for all passes of one document; the four that ship take a fraction
PASSES = 4  # until the table of contents and the links stand still
MEMORY = 3_000_000_000  # bytes of address space
LARGEST_FILE = 400_000_000  # bytes
TOLERATED_POINTS = 5.0  # what passes a margin by less is not seen
NAME = "report"


@dataclass
class Typeset:
    """What came of a LaTeX document: whether a PDF was written, what a reader of the page would miss, and the lines of
    the document at which TeX met errors."""

    written: bool = False
    missing: bool = False  # xelatex is not installed
    problems: list[str] = field(default_factory=list)
    error_lines: list[int] = field(default_factory=list)


def typeset(tex: str, target: Path, pictures: Mapping[str, Path]) -> Typeset:
    """Makes the PDF; raises OSError where it cannot be written."""
    xelatex = shutil.which("xelatex")
    if xelatex is None:
        return Typeset(missing=True, problems=[HOW_TO_GET])
    with tempfile.TemporaryDirectory(prefix="gradproof-") as directory:
        folder = Path(directory)
        (folder / f"{NAME}.tex").write_text(tex, encoding="utf-8")
        for name, file in pictures.items():
            shutil.copyfile(file, folder / name)
        ended = _passes(xelatex, folder)
        log_file = folder / f"{NAME}.log"
        log = log_file.read_text(encoding="utf-8", errors="replace") if log_file.exists() else ""
        found = Typeset(problems=complaints(log), error_lines=error_lines(log))
        if ended:
            found.problems.insert(0, ended)
        if found.error_lines:
            found.problems.insert(0, f"TeX met an error: {first_error(log)}")
        made = folder / f"{NAME}.pdf"
        if made.exists() and not ended:
            _put(made, target)
            found.written = True
        return found


def _put(made: Path, target: Path) -> None:
    beside = target.with_name(f".{target.name}.part")
    try:
        shutil.copyfile(made, beside)
        os.replace(beside, target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _passes(xelatex: str, folder: Path) -> str:
    """Runs xelatex until its files stand still; what went wrong, or nothing."""
    command = [xelatex, "-interaction=nonstopmode", "-no-shell-escape", f"{NAME}.tex"]
    seconds = float(SECONDS)
    before = ""
    for _ in range(PASSES):
        import time

        start = time.monotonic()
        try:
            run_confined(command, folder, seconds)
        except subprocess.TimeoutExpired:
            return f"xelatex did not finish within {SECONDS} s"
        seconds = max(1.0, seconds - (time.monotonic() - start))
        found = "".join(
            (folder / f"{NAME}.{kind}").read_text(encoding="utf-8", errors="replace")
            for kind in ("aux", "toc", "out")
            if (folder / f"{NAME}.{kind}").exists()
        )
        if found == before:
            break
        before = found
    return "" if (folder / f"{NAME}.pdf").exists() else "xelatex made no PDF"


def clean_environment(folder: Path) -> dict[str, str]:
    """What TeX is told of this machine: where programs are, and that it may read and write its own folder only."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "TEXMFOUTPUT": str(folder),
        "TEXMFVAR": str(folder),
        "openin_any": "p",
        "openout_any": "p",
        "shell_escape": "f",
        "max_print_line": "10000",
        "LANG": "C.UTF-8",
        "SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH", ""),
    }


def run_confined(command: list[str], folder: Path, seconds: float, stdin: bytes = b"") -> tuple[int, bytes, bytes]:
    """Runs a program in a folder with a clean environment and limits; it and what it starts end when we end. Gives its
    status, its output and its complaints; raises TimeoutExpired."""
    environment = {key: value for key, value in clean_environment(folder).items() if value}
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True, preexec_fn=_limits(seconds) if os.name == "posix" else None,
    )  # fmt: skip
    try:
        output, complaints_ = process.communicate(stdin, timeout=seconds)
    except BaseException:
        _end(process)
        raise
    return process.returncode, output, complaints_


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a program with all that it started."""
    try:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except ProcessLookupError:
        pass
    process.wait()


def _limits(seconds: float) -> Callable[[], None]:
    """What is called in the child before the program: limits, and the end with its parent where the system has it."""
    import resource

    library = ctypes.CDLL(None) if sys.platform == "linux" else None

    def apply() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        if library is not None:
            library.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG

    return apply


# -- the log ---------------------------------------------------------------------------------------------------------


def error_lines(log: str) -> list[int]:
    """The lines of the document at which TeX met errors.

    >>> error_lines("! Undefined control sequence.\\nl.7 \\\\foo\\n")
    [7]
    """
    found = []
    for match in re.finditer(r"^! .*?^l\.(\d+) ", log, re.MULTILINE | re.DOTALL):
        found.append(int(match[1]))
    return found


def first_error(log: str) -> str:
    """The first error of a TeX log with its line, or that there is none."""
    match = re.search(r"^! ([^\n]+)(?:.*?^(l\.\d+ [^\n]*))?", log, re.MULTILINE | re.DOTALL)
    return " ".join(part for part in match.groups() if part) if match else "its log has no error"


_EVENTS = re.compile(
    r"^gradproof place: (?P<place>.*)$|^gradproof layout: (?P<layout>.*)$"
    r"|^(?P<missing>Missing character: There is no (?P<sign>.).*)$"
    r"|^Overfull \\(?P<box>[hv])box \((?P<points>[\d.]+)pt too (?:wide|high)\)|^(?P<undefined>LaTeX Warning: "
    r"(?:Reference|Citation).*undefined.*)$",
    re.MULTILINE,
)


def complaints(log: str) -> list[str]:
    """What the log says that a reader of the page would see, each with its claim: missing glyphs, what runs off the
    page, what is shrunk beyond reading.

    >>> complaints("gradproof place: a\\nOverfull \\\\hbox (31.0pt too wide) in paragraph")
    ['a: a line passes the margin by 31 pt']
    """
    place = ""
    found: dict[str, None] = {}
    for match in _EVENTS.finditer(log):
        if match["place"] is not None:
            place = _name(match["place"])
            continue
        if match["box"]:
            points = float(match["points"])
            if points <= TOLERATED_POINTS:
                continue
            what = "a line passes the margin" if match["box"] == "h" else "something passes the foot of the page"
            said = f"{what} by {points:.0f} pt"
        elif match["missing"]:
            said = missing_character(match["sign"])
        else:
            said = match["layout"] or match["undefined"]
        found[f"{place or 'before the first claim'}: {said}"] = None
    return list(found)


def missing_character(letter: str) -> str:
    """What is said where no font has a character.

    >>> print(missing_character("\U0001f680"))
    no font has \U0001f680 (U+1F680, ROCKET), so it is missing on the page; leave it out, or install fonts-symbola
    """
    named = f"U+{ord(letter):04X}, {unicodedata.name(letter, 'without a name')}"
    return f"no font has {letter} ({named}), so it is missing on the page; leave it out, or install fonts-symbola"


def _name(place: str) -> str:
    """A place's name from what TeX was given."""
    return re.sub(r"\.([0-9a-f]+)\.", lambda m: chr(int(m[1], 16)), place.strip())
