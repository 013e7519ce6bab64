"""The command line: what is asked, and where the answer goes. Everything else is in the modules that it
calls.

Law: standard output carries the answer and nothing else; errors and progress go to standard error. Wrong
input or a wrong command line is a message and status 2, never a traceback. Heavy libraries are loaded by the
commands that use them, so that `--help` answers at once.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from derivations.batch.cache import Cache
    from derivations.batch.run import Inputs
    from derivations.batch.workers import Judge
    from derivations.judgement.readings import Readings
    from derivations.judgement.results import Judged, Results
    from derivations.language.document import Block
    from derivations.language.errors import InputError

app = typer.Typer(
    name="gradproof",
    help="Proves or refutes gradient formulas of convolutional networks, for every shape and stride.",
    epilog="Exit status, the first that applies: 4 the evidence contradicts itself; 2 wrong input; "
    "1 a verdict is not as expected; 3 something is undecided that was not expected to be; "
    "0 every verdict is as expected.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help: loading the formatter would double its time
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Files = Annotated[
    list[Path] | None,
    typer.Argument(help="Markdown documents; none: those that ship with gradproof.", metavar="FILE"),
]
Given = Annotated[Path, typer.Option("--given", metavar="FILE", help="A document, or a file of given statements.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
Processes = Annotated[int, typer.Option("-j", "--jobs", min=1, max=256, metavar="N", help="Number of processes.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Judge everything anew and remember nothing.")]
Repair = Annotated[bool, typer.Option("--repair", help="The nearest true formulas of claims that are false.")]
Thorough = Annotated[bool, typer.Option("--thorough", help="More numeric evidence: generated shapes and strides.")]

DEFECT = 70  # EX_SOFTWARE of sysexits.h
NOT_WRITTEN = 74  # EX_IOERR of sysexits.h
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
BROKEN_PIPE = 141  # 128 + SIGPIPE: nobody reads on


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"gradproof {version('gradproof')}")
        raise typer.Exit()


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Proves or refutes gradient formulas of convolutional networks, for every shape and stride."""


@app.command()
def verify(
    files: Files = None,
    as_json: AsJson = False,
    thorough: Thorough = False,
    processes: Processes = 1,
    no_cache: NoCache = False,
    repair: Repair = False,
    obligations: Annotated[
        Path | None, typer.Option("--obligations", metavar="DIR", help="Write what each verdict rests on into DIR.")
    ] = None,
) -> None:
    """Judge every claim of the documents: a line for each, and a summary."""
    from derivations.batch.run import sources

    texts, errors = sources(files or ())
    if errors and not texts:
        _complain_of(errors)
        raise typer.Exit(2)
    start = time.perf_counter()
    names = [name for text in texts for name in text.names()]
    shown: _Shown = _Json() if as_json else _Lines(_console(), names)
    cache = _cache(no_cache or obligations is not None, thorough=thorough, repair=repair)
    recall = None if cache is None else cache.read
    blocks = (block for text in texts for block in text.blocks(recall))
    options = {"thorough": thorough, "repair": repair, "obligations": obligations}
    results = _judge(blocks, errors, processes, cache, shown, len(names), whole=False, **options)
    if obligations is not None:
        from derivations.batch.obligations import collect

        collect(obligations, results.verdicts)
    shown.end(results, time.perf_counter() - start)
    raise typer.Exit(int(results.status))


@app.command()
def recheck(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="What `verify --obligations DIR` wrote.")],
    as_json: AsJson = False,
) -> None:
    """Confirm written obligations from the files alone: by every solver found, and by trying small numbers."""
    from recheck.run import ManifestError
    from recheck.run import recheck as ask

    try:
        report = ask(directory)
    except ManifestError as error:
        _fail(str(error))
    if as_json:
        _print_json(report.as_json())
    else:
        for line in report.lines():
            typer.echo(line)
    raise typer.Exit(report.status)


@app.command()
def operators(
    name: Annotated[str | None, typer.Argument(help="An operator; none: all of them, a line each.")] = None,
) -> None:
    """The operators of the claim language: signature, shape, entry by index, gradient."""
    from derivations.operators import ALIASES, OPERATORS
    from derivations.reference.operators import entry, text

    if name is None:
        width = max(len(row.name + row.signature) for row in OPERATORS.values())
        for row in OPERATORS.values():
            typer.echo(f"{row.name + row.signature:<{width}}  {row.reference}")
        return
    if ALIASES.get(name, name) not in OPERATORS:
        from difflib import get_close_matches

        near = get_close_matches(name, [*OPERATORS, *ALIASES], n=1)
        _fail(f"there is no operator {name}" + (f"; did you mean {near[0]}?" if near else "; see gradproof operators"))
    typer.echo(text(entry(name)))


@app.command("explain-word")
def explain_word(
    word: Annotated[str | None, typer.Argument(help="A word of a verdict, such as undecided; none: the list.")] = None,
) -> None:
    """What a word of a verdict means, and what to do about it."""
    from derivations.reference import words

    if word is None:
        typer.echo("\n".join(words.names()))
        return
    try:
        typer.echo(words.page(word).rstrip())
    except KeyError as missing:
        _fail(str(missing.args[0]))


@app.command()
def check(
    equation: Annotated[str, typer.Argument(help="An equation or a chain of them, in the claim language.")],
    given: Given,
    where: Annotated[list[str] | None, typer.Option("--where", help="A condition for this claim; repeatable.")] = None,
    at_line: Annotated[
        int | None, typer.Option("--line", min=1, help="Use the context in force at this line of the file.")
    ] = None,
    as_json: AsJson = False,
    thorough: Thorough = False,
) -> None:
    """Judge one equation, with the names of FILE: those of its first context in which the equation can be read."""
    from derivations.asked import one_claim

    inputs = _or_exit(one_claim, given, equation, tuple(where or ()), at_line)
    results = _judge(inputs.blocks, inputs.errors, thorough=thorough, repair=True)
    if as_json:
        _print_json(results.as_json())
    else:
        _print_details(inputs, results)
    raise typer.Exit(int(results.status))


@app.command("read")
def read_formulas(
    file: Annotated[Path, typer.Argument(help="A Markdown or LaTeX file.", metavar="FILE")], as_json: AsJson = False
) -> None:
    """Show what each display and code line of FILE is read as, or why it is not; nothing is judged."""
    from derivations.language.document import normalised, read_text
    from derivations.language.survey import survey
    from derivations.show.formulas_read import as_record, survey_lines

    found = survey(normalised(_or_exit(read_text, file)), str(file))
    if as_json:
        _print_json(as_record(found))
    else:
        for line in survey_lines(found):
            typer.echo(line)
    raise typer.Exit(0 if all(each.error is None for each in found.formulas) else 2)


@app.command()
def new(
    source: Annotated[Path, typer.Option("--from", metavar="FILE", help="Notes in Markdown or LaTeX.")],
) -> None:
    """Begin a document of claims from FILE: its formulas, and what is to be said of its symbols."""
    from derivations.language.document import normalised, read_text
    from derivations.language.survey import skeleton

    typer.echo(skeleton(normalised(_or_exit(read_text, source)), str(source)))


@app.command()
def explain(claim: Annotated[str, typer.Argument(metavar="ID", help="The claim's name.")], files: Files = None) -> None:
    """Show one claim: both sides by index, then the proof, or the counterexample worked out in numbers."""
    from derivations.asked import named
    from derivations.language.errors import did_you_mean

    inputs = _read(files)
    chosen = named(inputs, claim)
    if not (chosen.claims or chosen.remarks or chosen.refused):
        known = [one.id for one in inputs.claims] + [one.id for one in inputs.remarks]
        hint = did_you_mean(claim, known) or f"the documents hold {len(known)} claims and remarks"
        _fail(f"there is no claim {claim}; {hint}")
    _explain(chosen)


@app.command()
def derive(
    expression: Annotated[str, typer.Argument(help="The definition to differentiate, such as conv(a, w, valid).")],
    given: Given,
    wrt: Annotated[str, typer.Option("--wrt", metavar="NAME", help="The variable.")],
    latex: Annotated[bool, typer.Option("--latex", help="The steps as LaTeX.")] = False,
    as_json: AsJson = False,
    as_numpy: Annotated[bool, typer.Option("--numpy", help="The gradient as a NumPy function.")] = False,
) -> None:
    """Derive the gradient step by step, in each reading; each step is judged, and one that is not proved says so."""
    if latex + as_json + as_numpy > 1:
        raise typer.BadParameter("--latex, --json and --numpy exclude each other")
    from derivations.asked import derivation

    shape = "latex" if latex else "json" if as_json else "numpy" if as_numpy else "text"
    text, status = _or_exit(derivation, given, expression, wrt, shape)
    typer.echo(text)
    raise typer.Exit(int(status))


@app.command()
def prove(
    forward: Annotated[str, typer.Argument(metavar="FILE.py:FORWARD", help="The forward function, or a class.")],
    backward: Annotated[
        str | None, typer.Argument(metavar="FILE.py:BACKWARD", help="The backward function; none for a class.")
    ] = None,
    given: Annotated[
        str, typer.Option("--given", metavar="TEXT", help='"x: N,C,H,W; eps: scalar; stride = s; p >= 0"')
    ] = "",
    no_run: Annotated[bool, typer.Option("--no-run", help="Do not run the code beside its reading.")] = False,
    show: Annotated[bool, typer.Option("--show", help="The reading, beside the lines of code.")] = False,
    save: Annotated[Path | None, typer.Option("--save", metavar="FILE.md", help="The reading as a document.")] = None,
    wrt: Annotated[str, typer.Option("--wrt", metavar="x,w", help="The arguments of the gradients, in order.")] = "",
    as_json: AsJson = False,
) -> None:
    """Prove that a layer's backward function is the gradient of its forward one, for every shape. Runs the code."""
    from derivations.reading.prove import prove_layer
    from derivations.reading.showing import verdict_lines

    wanted = [name.strip() for name in wrt.split(",") if name.strip()]
    found = _or_exit(prove_layer, forward, backward, given, not no_run, wanted)
    if save is not None:
        try:
            save.write_text(found.document(), encoding="utf-8")
        except OSError as error:
            _fail(f"{save}: {error.strerror or error}")
    if as_json:
        _print_json(found.as_json())
    else:
        for text in verdict_lines(found, show):
            typer.echo(text)
    raise typer.Exit(found.status)


@app.command()
def report(
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="The directory to write to.")],
    files: Files = None,
    processes: Processes = 1,
    no_cache: NoCache = False,
    snippets: Annotated[
        Path | None, typer.Option("--snippets", metavar="DIR", help="Each claim as LaTeX of its own, for a paper.")
    ] = None,
) -> None:
    """Write the report: LaTeX, PDF where xelatex is installed, HTML where Pandoc is."""
    from derivations.judgement.results import Status
    from derivations.show.report.write import write

    inputs = _read(files)
    cache = _cache(no_cache, steps=True, repair=True)
    results = _judge(inputs.blocks, inputs.errors, processes, cache, total=len(inputs.claims), steps=True, repair=True)
    status = results.status
    try:
        for message in write(output, inputs.documents, results, snippets):
            typer.echo(message.text, err=message.is_problem)
            if message.failed and status not in (Status.CONTRADICTION, Status.INTERRUPTED):
                status = Status.INPUT_ERROR
    except BrokenPipeError:
        raise
    except OSError as error:
        _fail(f"{error.filename or output}: {error.strerror or error}")
    except KeyboardInterrupt:
        _complain("Interrupted: the report is not whole.")
        status = Status.INTERRUPTED
    raise typer.Exit(int(status))


def main() -> NoReturn:
    """The command `gradproof`."""
    # Arrays here are tiny, and a worker process must not start threads of its own. Set before NumPy is
    # loaded.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    sys.argv[1:] = map(_no_option, sys.argv[1:])
    try:
        app(prog_name="gradproof", standalone_mode=True)
    except BrokenPipeError:
        _leave_quietly()
    except Exception as error:
        if isinstance(error, OSError) and error.errno in UNWRITABLE:
            _leave_unfinished(error)
        if os.environ.get("GRADPROOF_TRACEBACK"):
            raise
        _complain(
            f"gradproof failed, which is a defect of gradproof and not of the input: {type(error).__name__}: {error}"
        )
        _complain("Please report it with the output of the same command under GRADPROOF_TRACEBACK=1.")
        sys.exit(DEFECT)
    except SystemExit as leaving:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            _leave_quietly()
        except OSError as error:
            _leave_unfinished(error)
        sys.exit(leaving.code)
    sys.exit(0)


def _no_option(argument: str) -> str:
    """A formula that begins with a minus, set apart from options: `-sum(y * log(p))`."""
    is_formula = argument.startswith("-") and not argument.startswith("--") and any(map(argument.__contains__, "([*/ "))
    return f" {argument}" if is_formula else argument


def _leave_quietly() -> NoReturn:
    """Nobody reads standard output any more: leave without Python's complaint about flushing it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os._exit(BROKEN_PIPE)


def _leave_unfinished(error: OSError) -> NoReturn:
    """The disk is full, or what takes the answer fails otherwise: what was written is not the whole answer."""
    _complain(f"the answer could not be written: {error.strerror or error}")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os._exit(NOT_WRITTEN)


# -- what the commands share ---------------------------------------------------------------------------------


def _complain(message: str) -> None:
    typer.echo(message, err=True)


def _fail(message: str) -> NoReturn:
    _complain(message)
    raise typer.Exit(2)


def _or_exit(function: Any, *arguments: Any) -> Any:
    """The function's result; an error in the input becomes its message and status 2."""
    from derivations.language.errors import InputError

    try:
        return function(*arguments)
    except InputError as error:
        _fail(str(error))


def _read(files: Sequence[Path] | None) -> Inputs:
    from derivations.batch.run import read

    inputs = read(files or ())
    if inputs.errors and not inputs.documents:
        _complain_of(inputs.errors)
        raise typer.Exit(2)
    return inputs


def _complain_of(errors: Sequence[InputError]) -> None:
    from derivations.show.lines import error_texts

    for text in error_texts(errors):
        _complain(text)


def _cache(no_cache: bool, **options: bool) -> Cache | None:
    from derivations.batch.cache import Cache

    return None if no_cache else Cache(variant=" ".join(name for name, wanted in sorted(options.items()) if wanted))


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False)


class _Shown:
    """Shows a run as it goes on; nothing here."""

    def show(self, found: Judged) -> None:
        """A block with what became of it."""

    def readings(self, found: Readings) -> None:
        """What the verdicts of the document that ends here say about its readings."""

    def end(self, results: Results, seconds: float) -> None:
        """What the whole run comes to."""


class _Lines(_Shown):
    """Prints the verdicts as they come, a heading above each document."""

    def __init__(self, console: Console, names: Sequence[str]) -> None:
        from derivations.show.lines import GLYPHS, glyphs_for, name_width

        self._console, self._document = console, ""
        self._glyphs = glyphs_for(console.encoding) if console.encoding else GLYPHS
        self._width = name_width(names)

    def show(self, found: Judged) -> None:
        from derivations.show.lines import line, printed, read_lines, refused_line, repair_lines

        block = found.block
        if block.refused is not None or found.verdicts:
            self._heading(block.document)
        if block.refused is not None:
            printed(self._console, refused_line(block.refused, self._width))
        for verdict in found.verdicts:
            for text in (line(verdict, self._width, self._glyphs), *read_lines(verdict), *repair_lines(verdict)):
                printed(self._console, text)
        if not self._console.is_terminal:
            self._console.file.flush()

    def _heading(self, document: str) -> None:
        from derivations.show.lines import heading, printed

        if document != self._document:
            if self._document:
                self._console.print()
            self._document = document
            printed(self._console, heading(document))

    def readings(self, found: Readings) -> None:
        from derivations.show.lines import printed, readings_lines

        for text in readings_lines(found):
            printed(self._console, text)

    def end(self, results: Results, seconds: float) -> None:
        from derivations.show.lines import printed, summary

        for text in summary(results, seconds):
            printed(self._console, text)


class _Json(_Shown):
    """Writes one JSON object piece by piece: the claims as they come, then the rest."""

    def __init__(self) -> None:
        self._before = '{\n "schema": 1,\n "claims": ['

    def show(self, found: Judged) -> None:
        for verdict in found.verdicts:
            typer.echo(f"{self._before}\n{_json(verdict.as_json(), 2)}", nl=False)
            self._before = ","

    def end(self, results: Results, seconds: float) -> None:
        rest = results.as_json()
        claims = rest.pop("claims")
        typer.echo("\n ]" if claims else f"{self._before}]", nl=False)
        for key, value in rest.items():
            if key != "schema":
                typer.echo(f',\n "{key}": {_json(value, 1).lstrip()}', nl=False)
        typer.echo("\n}")


class _Progress:
    """`judged 12 of 80: S0-17` on a terminal's last line; silent elsewhere. No thread: workers are forked
    meanwhile."""

    def __init__(self, total: int) -> None:
        self._visible = sys.stderr.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self._total, self._done = total, 0

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def at(self, name: str) -> None:
        """Shows which claim was judged last."""
        self._done += bool(name)
        if self._visible:
            text = f"judged {self._done} of {self._total}: {name}"
            columns = os.get_terminal_size(sys.stderr.fileno()).columns
            sys.stderr.write(f"\r\x1b[2K{text[: max(1, columns - 1)]}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Empties the line, before something else is printed there."""
        if self._visible:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()


def _judge(
    blocks: Iterable[Block],
    errors: Sequence[InputError],
    processes: int = 1,
    cache: Cache | None = None,
    shown: _Shown | None = None,
    total: int = 1,
    whole: bool = True,
    **options: Any,
) -> Results:
    """Judges the claims of blocks, shows each as it comes, and keeps what there is when the keyboard interrupts.
    `options` are those of `judge_claim`."""
    from functools import partial

    from derivations.batch.run import judge_claim, judged
    from derivations.judgement.results import Results

    shown = shown or _Shown()
    results = Results(errors=list(errors), whole=whole)
    _complain_of(errors)
    known = len(errors)
    judge: Judge = partial(judge_claim, **options)
    try:
        with _Progress(total) as progress, closing(judged(blocks, judge, processes, cache)) as answers:
            for found in answers:
                progress.clear()
                ended = results.take(found)
                if ended is not None:
                    shown.readings(ended)
                shown.show(found)
                progress.at(found.block.id)
    except KeyboardInterrupt:
        results.interrupted = True
    finally:
        if cache is not None:
            cache.close()
    last = results.compare_readings()
    if last is not None:
        shown.readings(last)
    _complain_of(results.errors[known:])
    if cache is not None and cache.trouble:
        _complain(cache.trouble)
    return results


def _print_json(record: Any) -> None:
    typer.echo(_json(record))


def _json(record: Any, indent: int = 0) -> str:
    """A record as JSON, its lines indented."""
    import json
    import textwrap

    text = json.dumps(record, ensure_ascii=False, indent=1, default=str)
    return textwrap.indent(text, " " * indent) if indent else text


def _print_details(inputs: Inputs, results: Results) -> None:
    from derivations.judgement.chains import first_wrong
    from derivations.show.explain import record_lines
    from derivations.show.lines import GLYPHS, glyphs_for, printed, reading

    console = _console()
    glyphs = glyphs_for(console.encoding) if console.encoding else GLYPHS
    for number, verdict in enumerate(results.verdicts):
        if number:
            console.print()
        claim = next(each for each in inputs.claims if each.reading == verdict.reading)
        for text in record_lines(claim, verdict, glyphs, with_expectation=False):
            printed(console, text)
    for verdict in first_wrong(results.verdicts):
        console.print(f"\nThe first wrong step{reading(verdict.reading)} is number {verdict.link}.", markup=False)


def _explain(chosen: Inputs) -> NoReturn:
    from derivations.show.explain import explanation
    from derivations.show.lines import printed

    console = _console()
    for remark in chosen.remarks:
        console.print(f"{remark.id} is a remark, which no formula settles ({remark.document}:{remark.line}).\n")
        console.print(remark.text, markup=False)
    for refused in chosen.refused:
        reason = refused.reason or "it has an error"
        console.print(f"{refused.id} is not judged ({refused.document}:{refused.line}): {reason}.", markup=False)
    results = _judge(chosen.blocks, chosen.errors, steps=True, repair=True)
    for claim in chosen.claims:
        verdicts = [
            v for v in results.verdicts if v.id == claim.id and v.reading == claim.reading and v.line == claim.line
        ]
        for text in explanation(claim, verdicts):
            printed(console, text)
    raise typer.Exit(int(results.status))


if __name__ == "__main__":
    main()
