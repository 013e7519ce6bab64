"""The command line: what is asked, and where the answer goes. Everything else is in the modules that it
calls.

Law: standard output carries the answer and nothing else; errors and progress go to standard error. Wrong
input or a wrong command line is a message and status 2, never a traceback. Heavy libraries are loaded by the
commands that use them, so that `--help` answers at once.

Over 500 lines: every command with its options and help stands here, for one reading of the whole.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from derivations.campaigns.command import On, StoreAt, campaign
from derivations.commands.messages import (
    DEFECT,
    UNWRITABLE,
    complain,
    complain_of,
    fail,
    leave_quietly,
    leave_unfinished,
    or_exit,
)
from derivations.commands.options import Group
from derivations.serving.command import serve

if TYPE_CHECKING:
    from derivations.batch.run import Inputs

app = typer.Typer(
    name="gradproof",
    cls=Group,
    help="Proves or refutes gradient formulas of convolutional networks, for every shape and stride.",
    epilog="Exit status, the first that applies: 4 the evidence contradicts itself; 2 wrong input; "
    "1 a verdict is not as expected; 3 something is undecided that was not expected to be; "
    "5 there was nothing to judge; 0 every verdict is as expected.",
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

Targets = Annotated[
    list[str] | None,
    typer.Argument(
        help="Markdown documents, FILE:LINE, FILE::ID, folders, patterns, - for standard input; none: those that ship "
        "with gradproof.",
        metavar="FILE",
    ),
]
Format = Literal["text", "json", "junit", "sarif", "github"]


def _examples(*lines: str) -> str:
    """Examples below a command's help, their lines kept."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"gradproof {version('gradproof')}")
        raise typer.Exit()


def _layers() -> list[str]:
    from derivations.choosing import templates

    return templates.names()


def _operators() -> list[str]:
    from derivations.operators import OPERATORS

    return list(OPERATORS)


def _words() -> list[str]:
    from derivations.reference import words

    return words.names()


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Proves or refutes gradient formulas of convolutional networks, for every shape and stride."""


@app.command(
    epilog=_examples(
        "gradproof verify notes.md              one document",
        "gradproof verify notes.md:40           the claim at line 40, as an editor calls it",
        "gradproof verify notes.md::grad-w -v   the claim of this name",
        "gradproof verify docs/ -k 'pool and not mean' -j 2",
        "gradproof verify notes.md --watch      again after each save",
        "gradproof verify --failed -x           what failed last, up to the first that still does",
        "gradproof verify docs/ --format junit > gradproof.xml",
    )
)
def verify(
    files: Targets = None,
    expression: Annotated[
        str, typer.Option("-k", metavar="EXPR", help="Only claims whose names fit: words with and, or, not.")
    ] = "",
    failed: Annotated[
        bool, typer.Option("--failed", help="Only claims that failed when they were judged last.")
    ] = False,
    stop: Annotated[bool, typer.Option("-x", help="Stop at the first failure.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Only what is not as expected, and the count.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="A line for each claim, however many.")] = False,
    durations: Annotated[int, typer.Option("--durations", min=0, metavar="N", help="Name the N slowest claims.")] = 0,
    form: Annotated[Format, typer.Option("--format", help="What is written to standard output.")] = "text",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Judge again what changes, after each save.")] = False,
    thorough: Thorough = False,
    processes: Processes = 1,
    no_cache: NoCache = False,
    repair: Repair = False,
    obligations: Annotated[
        Path | None, typer.Option("--obligations", metavar="DIR", help="Write what each verdict rests on into DIR.")
    ] = None,
    on: On = "",
    store: StoreAt = "",
) -> None:
    """Judge the claims of documents: a line for each (beyond 100 what is as expected is counted), and a summary."""
    if as_json and form not in ("text", "json"):
        raise typer.BadParameter(f"--json and --format {form} exclude each other")
    if watch and (as_json or form != "text" or failed or stop):
        raise typer.BadParameter("--watch shows lines, of all that is chosen by file, line, name or -k")
    if watch and on:
        raise typer.BadParameter("--watch and --on exclude each other")
    from derivations.commands.verify import Asked
    from derivations.commands.verify import verify as run

    asked = Asked(
        words=files or (),
        expression=expression.strip(),
        failed=failed,
        stop=stop,
        quiet=quiet,
        verbose=verbose,
        durations=durations,
        form="json" if as_json else form,
        thorough=thorough,
        repair=repair,
        processes=processes,
        no_cache=no_cache,
        obligations=obligations,
        on=on,
        store=store,
    )
    if watch:
        run = _extra("watch", "watchfiles", "derivations.commands.watch").run
    raise typer.Exit(or_exit(run, asked))


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
        fail(str(error))
    if as_json:
        print_json(report.as_json())
    else:
        for line in report.lines():
            typer.echo(line)
    raise typer.Exit(report.status)


@app.command()
def operators(
    name: Annotated[
        str | None, typer.Argument(help="An operator; none: all of them, a line each.", autocompletion=_operators)
    ] = None,
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
        fail(f"there is no operator {name}" + (f"; did you mean {near[0]}?" if near else "; see gradproof operators"))
    typer.echo(text(entry(name)))


@app.command("explain-word")
def explain_word(
    word: Annotated[
        str | None,
        typer.Argument(help="A word of a verdict, such as undecided; none: the list.", autocompletion=_words),
    ] = None,
) -> None:
    """What a word of a verdict means, and what to do about it."""
    from derivations.reference import words

    if word is None:
        typer.echo("\n".join(words.names()))
        return
    try:
        typer.echo(words.page(word).rstrip())
    except KeyError as missing:
        fail(str(missing.args[0]))


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
    from derivations.commands.details import print_details
    from derivations.commands.running import judge

    inputs = or_exit(one_claim, given, equation, tuple(where or ()), at_line)
    results = judge(inputs.blocks, inputs.errors, thorough=thorough, repair=True)
    if as_json:
        print_json(results.as_json())
    else:
        print_details(inputs, results)
    raise typer.Exit(int(results.status))


@app.command("read")
def read_formulas(
    file: Annotated[Path, typer.Argument(help="A Markdown or LaTeX file.", metavar="FILE")],
    given: Annotated[
        Path | None,
        typer.Option("--given", metavar="FILE", help="A document whose context and notation hold for FILE."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what each display and code line of FILE is read as, or why it is not; nothing is judged."""
    from derivations.language.document import Document
    from derivations.language.files import normalised, read_text
    from derivations.language.survey import survey
    from derivations.show.formulas_read import as_record, survey_lines

    beside = None if given is None else or_exit(Document.read, given)
    found = survey(normalised(or_exit(read_text, file)), str(file), beside)
    if as_json:
        print_json(as_record(found))
    else:
        for line in survey_lines(found):
            typer.echo(line)
    raise typer.Exit(0 if all(each.error is None for each in found.formulas) else 2)


@app.command(
    epilog=_examples(
        "gradproof new                           the layers that there are",
        "gradproof new layer-norm > notes.md     a document with its definitions and gradients",
        "gradproof new --from paper.tex > notes.md",
    )
)
def new(
    layer: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A layer of the cookbook; none: the list.", autocompletion=_layers),
    ] = None,
    source: Annotated[Path | None, typer.Option("--from", metavar="FILE", help="Notes in Markdown or LaTeX.")] = None,
) -> None:
    """Begin a document of claims: from a layer of the cookbook, or from the formulas of FILE."""
    if layer is not None and source is not None:
        raise typer.BadParameter("a layer and --from exclude each other")
    if source is not None:
        from derivations.language.files import normalised, read_text
        from derivations.language.survey import skeleton

        typer.echo(skeleton(normalised(or_exit(read_text, source)), str(source)))
        return
    from derivations.choosing import templates

    if layer is not None:
        typer.echo(or_exit(templates.template, layer), nl=False)
        return
    width = max(map(len, templates.names()))
    for each in templates.names():
        typer.echo(f"{each:<{width}}  {templates.title(each)}")


@app.command()
def explain(claim: Annotated[str, typer.Argument(metavar="ID", help="The claim's name.")], files: Files = None) -> None:
    """Show one claim: both sides by index, then the proof, or the counterexample worked out in numbers."""
    from derivations.asked import named
    from derivations.commands.details import explain_chosen
    from derivations.language.errors import did_you_mean

    inputs = _read(files)
    chosen = named(inputs, claim)
    if not (chosen.claims or chosen.remarks or chosen.refused):
        known = [one.id for one in inputs.claims] + [one.id for one in inputs.remarks]
        hint = did_you_mean(claim, known) or f"the documents hold {len(known)} claims and remarks"
        fail(f"there is no claim {claim}; {hint}")
    explain_chosen(chosen)


@app.command()
def derive(
    expression: Annotated[str, typer.Argument(help="The definition to differentiate, such as conv(a, w, valid).")],
    given: Given,
    wrt: Annotated[str, typer.Option("--wrt", metavar="NAME", help="The variable.")],
    latex: Annotated[bool, typer.Option("--latex", help="The steps as LaTeX.")] = False,
    as_json: AsJson = False,
    as_numpy: Annotated[bool, typer.Option("--numpy", help="The gradient as a NumPy function.")] = False,
    complete: Annotated[bool, typer.Option("--complete", help="Every step; nothing joined or named.")] = False,
) -> None:
    """Derive the gradient step by step, in each reading; each step is judged, and one that is not proved says so."""
    if latex + as_json + as_numpy > 1:
        raise typer.BadParameter("--latex, --json and --numpy exclude each other")
    from derivations.asked import derivation

    shape = "latex" if latex else "json" if as_json else "numpy" if as_numpy else "text"
    text, status = or_exit(derivation, given, expression, wrt, shape, complete)
    typer.echo(text)
    raise typer.Exit(int(status))


@app.command()
def prove(
    forward: Annotated[
        str,
        typer.Argument(
            metavar="FILE.py:FORWARD", help="The forward function; a class; a loss that returns its gradients."
        ),
    ],
    backward: Annotated[
        str | None, typer.Argument(metavar="FILE.py:BACKWARD", help="The backward function, if it is another one.")
    ] = None,
    given: Annotated[
        str, typer.Option("--given", metavar="TEXT", help='"x: N,C,H,W; y: N < C; eps: scalar; stride = s; p >= 0"')
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
    found = or_exit(prove_layer, forward, backward, given, not no_run, wanted)
    if save is not None:
        try:
            save.write_text(found.document(), encoding="utf-8")
        except OSError as error:
            fail(f"{save}: {error.strerror or error}")
    if as_json:
        print_json(found.as_json())
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
    engine: Annotated[
        Literal["xelatex", "typst"], typer.Option("--engine", help="Who makes the PDF; typst is one Python package.")
    ] = "xelatex",
) -> None:
    """Write the report: LaTeX, PDF where xelatex or Typst is installed, HTML where Pandoc is."""
    from derivations.commands.running import cache_for, judge
    from derivations.judgement.results import Status
    from derivations.show.lines import failures
    from derivations.show.report.document import check_citations
    from derivations.show.report.write import write

    inputs = _read(files)
    or_exit(check_citations, inputs.documents)
    cache = cache_for(no_cache, steps=True, repair=True)
    results = judge(inputs.blocks, inputs.errors, processes, cache, total=len(inputs.claims), steps=True, repair=True)
    status = results.status
    try:
        for message in write(output, inputs.documents, results, snippets, engine):
            typer.echo(message.text, err=message.is_problem)
            if message.failed and status not in (Status.CONTRADICTION, Status.INTERRUPTED):
                status = Status.INPUT_ERROR
    except BrokenPipeError:
        raise
    except OSError as error:
        fail(f"{error.filename or output}: {error.strerror or error}")
    except KeyboardInterrupt:
        complain("Interrupted: the report is not whole.")
        status = Status.INTERRUPTED
    if status == results.status != Status.AS_EXPECTED:
        complain_of(text.plain for text in failures(results))
    raise typer.Exit(int(status))


app.command()(serve)
app.command()(campaign)


@app.command(epilog=_examples("gradproof lsp", "editors/ has the lines for VS Code and Neovim"))
def lsp(
    stdio: Annotated[bool, typer.Option("--stdio", hidden=True, help="What editors add.")] = True,
) -> None:
    """Serve an editor: verdicts beside their lines, hover, completion, go to definition, quick fixes."""
    _extra("editor", "pygls", "derivations.editing.server").run()


def _read(files: list[Path] | None) -> Inputs:
    """The documents as read; errors alone end the command."""
    from derivations.batch.run import read
    from derivations.show.lines import error_texts

    inputs = read(files or ())
    if inputs.errors and not inputs.documents:
        complain_of(error_texts(inputs.errors))
        raise typer.Exit(2)
    return inputs


def _extra(extra: str, library: str, module: str) -> Any:
    """A module that needs a library of an extra; without it, how to get it."""
    from importlib import import_module
    from importlib.util import find_spec

    if find_spec(library) is None:
        fail(f"this needs {library}, which is not installed: pip install 'gradproof[{extra}]'")
    return import_module(module)


def print_json(record: Any) -> None:
    """A record as the answer."""
    from derivations.commands.shown import as_json

    typer.echo(as_json(record))


def main() -> NoReturn:
    """The command `gradproof`."""
    # Arrays here are tiny, and a worker process must not start threads of its own. Set before NumPy is
    # loaded.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    # What is loaded stays until the end: to look for garbage in it, while it comes and when Python ends, would be a
    # fifth of a short run; SymPy and all of ours together are 170,000 objects.
    gc.set_threshold(200_000, 10, 5)
    try:
        _run()
    finally:
        gc.freeze()


def _run() -> NoReturn:
    """Runs what the command line asks for; what fails is said."""
    sys.argv[1:] = map(_no_option, sys.argv[1:])
    try:
        app(prog_name="gradproof", standalone_mode=True)
    except BrokenPipeError:
        leave_quietly()
    except Exception as error:
        if isinstance(error, OSError) and error.errno in UNWRITABLE:
            leave_unfinished(error)
        if os.environ.get("GRADPROOF_TRACEBACK"):
            raise
        complain(
            f"gradproof failed, which is a defect of gradproof and not of the input: {type(error).__name__}: {error}"
        )
        complain("Please report it with the output of the same command under GRADPROOF_TRACEBACK=1.")
        sys.exit(DEFECT)
    except SystemExit as leaving:
        try:
            if not sys.stdout.closed:  # the server of an editor closes it when it ends
                sys.stdout.flush()
        except BrokenPipeError:
            leave_quietly()
        except OSError as error:
            leave_unfinished(error)
        sys.exit(leaving.code)
    sys.exit(0)


def _no_option(argument: str) -> str:
    """A formula that begins with a minus, set apart from options: `-sum(y * log(p))`."""
    is_formula = argument.startswith("-") and not argument.startswith("--") and any(map(argument.__contains__, "([*/ "))
    return f" {argument}" if is_formula else argument


if __name__ == "__main__":
    main()
