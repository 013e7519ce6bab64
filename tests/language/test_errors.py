"""Wrong input: each mistake is reported at its place, under its caret, with the smallest fix."""

from __future__ import annotations

import pickle

import pytest

from derivations.language.document import Document
from derivations.language.errors import EXIT_STATUS, InputError, Place, did_you_mean

CONTEXT = """dims H, W, m, n where m <= H, n <= W
tensor a[H, W], w[m, n], v[n]
scalar b
function f
choose star in conv, corr
z = conv(a, w)
loss J(z)
delta = grad(J, z)"""

# the claim's line; what is under the caret; a part of the message; a part of the expectation or fix
CLAIMS = [
    ("cnov(a, w) == z", "cnov", "there is no operator cnov", "did you mean conv?"),
    ("grad(J, q) == w", "q", "q is not declared", "scalar q"),
    ("deltas == a", "deltas", "not declared", "did you mean delta?"),
    ("A == a", "A", "not declared", "did you mean a?"),
    ("grad(J) == w", "(J)", "grad takes 2 arguments, 1 is given", "2 arguments"),
    ("grad(z, w) == w", "z", "grad of something of rank 2", "jacobian(y, x)"),
    ("grad(J, w[0]) == w", "w[0]", "the variable of grad is a name", "grad(J, w)[d]"),
    ("grad(J, a + a) == w", "a + a", "the variable of grad is a name", "definition"),
    ("a + v == a", "a + v", "a sum of rank 2 and rank 1", "only scalars combine"),
    ("a @ b == a", "a @ b", "@ of something of rank 0", "a scalar multiplies with *"),
    ("conv(a, v) == z", "v", "ranks 2 and 1", "same rank"),
    ("conv(a) == z", "conv", "conv lacks its argument k", "mode=valid"),
    ("conv(a, w, vaild) == z", "vaild", "this is not a mode", "did you mean valid?"),
    ("conv(a, w, 'valid') == z", "'", "unexpected `'`", "leave out the quotes"),
    ("conv(a, w, valid, strid=2) == z", "strid", "no parameter strid", "did you mean stride?"),
    ("conv(a, w, valid, 1, 0, 1, 7) == z", "7", "one more", "leave it out"),
    ("conv(a, w, valid, stride=H/2) == z", "H/2", "not a whole number", "use //"),
    ("conv(a, w, valid, stride=b) == z", "b", "not an integer", "integer expression"),
    ("conv(a, w, valid, stride=(1,2,3)) == z", "(1,2,3)", "3 numbers for 2 axes", "one number for all axes"),
    ("conv(a, w, valid, pad=(1,2)) == z", "(1,2)", "two ways", "write (1, 1), (2, 2)"),
    ("conv(a, w, valid, mode=full) == z", "mode", "mode is given twice", "leave out mode="),
    ("star(a, w, pad=1, 2) == z", "2", "without a name", "the arguments of star"),
    ("a[i, j, k] == b", "k", "3 indices", "leave out the extra index"),
    ("b[0] == b", "0", "1 indices for a scalar", "leave out the extra index"),
    ("a[i+1, j] == 0", "i", "i is not declared", "dims i"),
    ("sum[i](b) == b", "i", "no entry has the subscript i", "i in 0..n-1"),
    ("sum[H](a[H, 0]) == b", "H", "H is a size", "H1"),
    ("sum[i](sum[i](a[i, i])) == b", "i", "i is an index already", "i1"),
    ("sum[i in 0..3](ones(i, 2)) == a", "i", "the shape of the terms depends on i", "one shape"),
    ("a[0:3:-1] == a", "-1", "a step of -1", "flip"),
    ("a[:-1] == a", "-1", "indices never wrap", "A[:H - 1]"),
    ("a[0..3] == a", "..", "unexpected `..`", "a slice is written a:b"),
    ("a' == a", "'", "a' is not a formula", "write a.T"),
    ("f == a", "f", "f is a function", "f(x)"),
    ("f(a, b) == a", "(a, b)", "f takes 1 argument, 2 are given", "1 argument"),
    ("rot180'(a) == a", "rot180", "not a function of one number", "declared function"),
    ("a(b) == b", "a", "a is a tensor, not a function", "a product is written with *"),
    ("J(z) == b", "J", "J is a loss", "write J"),
    ("b a == a", "a", "unexpected `a`", "* a"),
    ("2a == a", "a", "unexpected `a`", "* a"),
    ("a.dot(w) == a", ".", "unexpected character `.`", "an operator is a function"),
    ("a .* a == a", ".", "unexpected character `.`", "write *"),
    ("a ^ 2 == a", "^", "unexpected character `^`", "**"),
    ("a × a == a", "×", "unexpected character `×`", "write *"),
    ("a == b == ", " ", "ends too early", "an expression"),
    ("a = b", "=", "unexpected `=`", "an equation is written =="),
    ("a", "a", "a claim is an equation", "A == B"),
    ("m <= H", "<=", "not <=", "where"),
    ("a == a and b == b", "a == a and b == b", "a claim is an equation", "several claims"),
    ("[[1, 2], [3]] == a", "[[1, 2], [3]]", "differ in length", ""),
    ("[[H]] == a", "H", "is a number", "z[i in 0..1]"),
    ("[] == a", "[]", "empty brackets", "conditions"),
    ("(H <= W) == 1", "H <= W", "a condition stands where a formula belongs", "[i <= j]"),
    ("a ** a == a", "a", "an exponent is one number", "exp(a * log(x))"),
    ("H ** 0.5 == H", "0.5", "a power of sizes has a whole exponent", "sqrt(x)"),
    ("a / 0 == a", "0", "a division by 0", ""),
    ("H // 0 == 1", "0", "// by 0", "positive divisor"),
    ("a // 2 == a", "a // 2", "// takes integers", "write /"),
    ("max(a, 5) == a", "5", "there is no axis 5", "axes are 0 to 1"),
    ("max(a, a[0]) == a", "a[0]", "a choice between rank 2 and rank 1", "no broadcasting"),
    ("shape(a)[2] == 1", "2", "no such entry of the tuple", "from 0 to 1"),
    ("shape(a) + 1 == a", "shape(a)", "no arithmetic", "shape(z)[0]"),
    ("unique_max(a) == b", "unique_max", "an assumption", "assume unique_max"),
    ("star == a", "star", "star is a choice", "star(x)"),
    ("conv == a", "conv", "a word of the language", ""),
    ("a == (m, n", "(", "`(` is never closed", "add `)`"),
    ("a == m)", ")", "`)` closes nothing", "remove it"),
    ("a[0) == b", ")", "`)` cannot close `[`", "write `]`"),
    ("where m == n", "where", "begins with its equation", "A == B"),
    ("a[p, q] == a[p, q]\nwhere p <= q", "p", "p is an index of the claim", "multiply both sides"),
    ("a == a\nwheer m == n", "wheer m == n", "neither where, expect nor reading", "did you mean where?"),
    ("a == a\na == b", "a == b", "neither where, expect nor reading", "second claim block"),
    ("a == a\nexpect maybe", "maybe", "not an expectation", "proved"),
    ("a == a\nexpect refutd", "refutd", "not an expectation", "did you mean refuted?"),
    ("a == a\nexpect proved today", "today", "something follows", "end of the line"),
    ("a == a\nexpect link 2 proved", "link", "there is no link 2", "from 1 to 1"),
    ("a == a\nexpect proved\nexpect false", "f", "a second expectation", "leave one"),
    ("a == a\nexpect holds where a > 0", "a > 0", "a condition on data", "between integers"),
    ("a == a\nexpect holds where m", "m", "not a condition", "m <= H"),
    (
        "a == a\nwhere shape(conv(a, w, full))[0] == m",
        "shape(conv(a, w, full))[0] == m",
        "may not exist",
        "write the size",
    ),
    ("a == a\nexpect true", "true", "not an expectation", "did you mean proved?"),
    ("a == a\nexpect holds if m == 1", "holds if", "not an expectation", "did you mean holds where?"),
    ("a == a\nif m == 1", "if m == 1", "neither where, expect nor reading", "written where"),
    ("a == a\nwhere m = 1", "=", "unexpected `=`", "written =="),
    ("The gradient is given by\na == a", "gradient", "unexpected `gradient`", "prose belongs outside"),
    ("a = = a", "=", "unexpected `=`", "written =="),
    ("a === a", "=", "unexpected `=`", "written =="),
    ("a ≈ a", "≈", "unexpected character `≈`", "written =="),
    ("∇_w J == a", "∇", "unexpected character `∇`", "grad(J, w)"),
    ("dJ == a", "dJ", "not declared", "d(J), a gradient grad(J, w)"),
    ("grad(w, J) == a", "w", "grad of something of rank 2", "the scalar stands first"),
    ("conv(a w) == z", "w", "unexpected `w`", "needs a comma"),
    ("np.rot180(a) == a", ".", "unexpected character `.`", "leave out np."),
    ("a.shape == (H, W)", ".", "unexpected character `.`", "shape(a)"),
    ("m =< 3", "=", "unexpected `=`", "write <= on a line where ..., or [p <= q] == 1"),
    ("m => 3", "=", "unexpected `=`", "write >= on a line where ..., or [p >= q] == 1"),
    ("a ≠ a", "≠", "unexpected character `≠`", "write != on a line where ..., or [p != q] == 1"),
    ("[m ≠ n] * b == b", "≠", "unexpected character `≠`", "fix-is: write !="),
    ("[m =< n] * b == b", "=", "unexpected `=`", "fix-is: write <="),
    ("a == a\nwhere m =< 3", "=", "unexpected `=`", "fix-is: write <="),
    ("a == a\nwhere m <> 3", ">", "unexpected `>`", "fix-is: write !="),
    ("a == a\nwhere m ≠ 3", "≠", "unexpected character `≠`", "fix-is: write !="),
    ("a == a where m == 1", "where", "unexpected `where`", "put where on its own line"),
    ("a == a\nwhere m == 1 expect proved", "expect", "unexpected `expect`", "put expect on its own line"),
    ("trace(a) == b", "trace", "there is no operator trace", "did you mean tr?"),
    ("Ln(a) == b", "Ln", "there is no operator Ln", "did you mean log?"),
    ("a^T == a.T", "^", "unexpected character `^`", "A.T"),
    ("(a if m == 1 else z) == a", "if", "unexpected `if`", "[m == 1] * x"),
    ("⌊H/2⌋ == H//2", "⌊", "unexpected character `⌊`", "p // q"),
    ("conv(“a”, w) == a", "“", "unexpected character `“`", "quotes"),
    ("\\frac{a}{2} == a", "\\", "unexpected character", "not in LaTeX"),
    ("conv（a，w） == z", "（", "unexpected character `（`", "in ASCII"),
    ("a == a\nmisprint", " ", "not named", "what is meant instead"),
    ("a == a\nmisprint b for a\nmisprint c", "c", "a second misprint", "in one line"),
    ("a == a\nreading stra = conv", "stra", "not a choice", "did you mean star?"),
    ("a == a\nreading star = cnov", "cnov", "not an option of star", "did you mean conv?"),
]

# the given block; the line and what is under the caret; message; fix or expectation
GIVENS = [
    ("dims H, H", "H", "H is a size already", "H2"),
    ("dims conv", "conv", "a word of the language", "conv1"),
    ("dims n >= m", "m", "unexpected `m`", "a number"),
    ("dims k >= 0.5", "k >= 0.5", "a lower bound is written", "where"),
    ("dims n where n", "n", "not a condition", "m <= H"),
    ("dims n\ntensor x[n]\ndims p where x > 0", "x", "speaks of sizes only", "assume"),
    ("dims n;", ";", "unexpected character `;`", "own line"),
    ("Dims n", "Dims", "begins no statement", "did you mean dims?"),
    ("tensors x[3]", "tensors", "begins no statement", "did you mean tensor?"),
    ("dims H W", "W", "unexpected `W`", "commas"),
    ("dims H: int", ":", "unexpected `:`", "every size is an integer"),
    ("dims H = 5", "=", "unexpected `=`", "where H == 5"),
    ("dims H\ntensor a(H, H)", "(", "unexpected `(`", "tensor x[m, n]"),
    ("dims H\ntensor a[H H]", "H", "unexpected `H`", "comma"),
    ("scalar b = 3", "=", "unexpected `=`", "its own line: z = ..."),
    ("function f(x)", "(", "unexpected `(`", "leave out the brackets"),
    ("loss J", " ", "ends too early", "loss J(z)"),
    ("scalar x\nloss J(x) = x", "=", "unexpected `=`", "J = ..."),
    ("scalar x, y\nloss J(x, y)", ",", "unexpected `,`", "a loss is of one name"),
    ("choose star in conv or corr", "or", "unexpected `or`", "put a comma"),
    ("choose star = conv", "=", "unexpected `=`", "write in"),
    ("let x = 3", "let", "begins no statement", "z = ..."),
    ("tensor x", " ", "ends too early", "tensor x[m, n]"),
    ("tensor x[n]", "n", "n is not declared", "dims n"),
    ("tensor x[2.5]", "2.5", "not a whole number", "//"),
    ("scalar b[3]", "[", "unexpected `[`", "tensor x[m, n]"),
    ("function d", "d", "d( is the differential", "f"),
    ("x == 3", "x == 3", "an equation stands in a given block", "write ="),
    ("2*n = 4", "2*n", "the left of a definition is a name", "z[i, j]"),
    ("z = (2, 3)", "(2, 3)", "a name stands for one integer", "shape(z)[0]"),
    ("z = z + 1", "z", "z is not declared", "scalar z"),
    ("z[i] = 1", "i", "do not settle the range of i: no entry bounds it", "0..n-1"),
    ("dims n\ntensor u[n]\nz[i] = u[i + 1]", "i", "does not start at 0", "0..n-1"),
    ("dims n\ntensor u[n]\nz[i] = u[i // 2]", "i", "// and %", "0..n-1"),
    ("dims n\ntensor u[n]\nz[i, j] = u[i + j]", "i", "mixes two indices", "0..n-1"),
    ("dims n\ntensor u[n]\nz[i in 1..n] = u[i - 1]", "i", "starts at 0", "shift"),
    ("loss J(z)", "z", "z is not declared", ""),
    ("dims n\ntensor x[n]\nloss J(x + x)", "x + x", "a function of one name", "definition"),
    ("choose star in conv, valid", "valid", "between operators or between modes", ""),
    ("choose star in cnov", "cnov", "neither an operator nor a mode", "did you mean conv?"),
    ("assume 1 < 2", "1 < 2", "an assumption speaks of data", "dims ... where"),
    ("origin 2", "2", "an origin of 2", "origin 1"),
    ("dims n =< 3", "=", "unexpected `=`", "dims p where p <= 3"),
    ("dims n => 3", "=", "unexpected `=`", "fix-is: write >="),
    ("dims n where n =< 3", "=", "unexpected `=`", "fix-is: write <="),
    ("dims n\nz = n ≠ 3", "≠", "unexpected character `≠`", "write [p != q]"),
    ("dims n\nz = n where n == 3", "where", "unexpected `where`", "put where on its own line"),
]


def caret_text(error: InputError) -> str:
    """The part of the source line that the carets mark."""
    place = error.place
    return place.source[place.column - 1 : place.column - 1 + place.length]


def raised(text: str) -> InputError:
    """The error that a document raises."""
    with pytest.raises(InputError) as caught:
        Document.parse(text, "notes.md")
    return caught.value


def check(error: InputError, marked: str, message: str, help_text: str) -> None:
    """The error marks this text and says this, and its last lines help."""
    lines = str(error).split("\n")
    assert message in error.message
    assert help_text in f"{error.expected}\nfix-is: {error.fix}"
    if help_text.startswith("fix-is"):
        assert help_text == f"fix-is: {error.fix}"
    assert lines[0] == f"notes.md:{error.line}:{error.column}: {error.message}"
    assert lines[2].count("^") >= 1
    assert lines[1].index("|") == lines[2].index("|")
    if marked != " ":
        assert caret_text(error).startswith(marked)
        start = lines[2].index("^")
        assert lines[1][start : start + len(marked)] == marked


@pytest.mark.parametrize(("line", "marked", "message", "help_text"), CLAIMS, ids=[row[0] for row in CLAIMS])
def test_mistakes_in_claims_are_shown_in_place(line: str, marked: str, message: str, help_text: str) -> None:
    """A mistake in a claim is marked by a caret in its own line, with what was expected or the smallest fix."""
    text = f"# Notes\n\n```given\n{CONTEXT}\n```\n\nProse.\n\n```claim c\n{line}\n```\n"
    error = raised(text)
    check(error, marked, message, help_text)
    assert text.split("\n")[error.line - 1] == error.place.source
    assert error.line >= 16


@pytest.mark.parametrize(("block", "marked", "message", "help_text"), GIVENS, ids=[row[0] for row in GIVENS])
def test_mistakes_in_given_blocks_are_shown_in_place(block: str, marked: str, message: str, help_text: str) -> None:
    """A mistake in a given block is marked by a caret in its own line, with what was expected or the smallest fix."""
    error = raised(f"```given\n{block}\n```\n")
    check(error, marked, message, help_text)
    assert error.line == 1 + len(block.split("\n"))


# the document; line, column; message; fix
DOCUMENTS = [
    ("```given\ndims n\n", 1, 1, "never closed", "```"),
    ("```claim\n1 == 1\n```\n", 1, 4, "has no name", "claim grad-w"),
    ("```claim a b\n1 == 1\n```\n", 1, 4, "one name, here are 2", "claim a-b"),
    ("```claim *\n1 == 1\n```\n", 1, 4, "not a name for a claim", "letters"),
    ("```claim a\n```\n", 1, 10, "this claim is empty", "A == B"),
    ("```remark a\n\n```\n", 1, 11, "this remark is empty", "the reason"),
    ("```misprint a\n\n```\n", 1, 13, "this misprint is empty", "the reason"),
    ("```misprints a\nb\n```\n", 1, 4, "not a kind of block", "did you mean misprint?"),
    ("```claims a\n1 == 1\n```\n", 1, 4, "not a kind of block", "did you mean claim?"),
    ("```Given\ndims n\n```\n", 1, 4, "not a kind of block", "did you mean given?"),
    ("```given,continue\ndims n\n```\n", 1, 4, "not a kind of block", "given"),
    ("```given more\ndims n\n```\n", 1, 4, "not a kind of block", "given continue"),
    ("```given continue\ndims n\n```\n", 1, 4, "no context to continue", "given"),
    ("```claim a\n1 == 1\n```\n```claim a\n1 == 1\n```\n", 4, 10, "the block in line 1 already", "a-2"),
    ("- item\n\n  ```claim a\n  1 ==\n  ```\n", 4, 7, "ends too early", "an expression"),
    ("> ```claim a\n> q == 1\n> ```\n", 2, 3, "q is not declared", "scalar q"),
    ("```{.claim #a}\nq == 1\n```\n", 2, 1, "q is not declared", "scalar q"),
    ("```claim a\n(1 +\n q) == 1\n```\n", 3, 2, "q is not declared", "scalar q"),
    ("```claim a\r\nq == 1\r\n```\r\n", 2, 1, "q is not declared", "scalar q"),
    ("```claim a\n\tq == 1\n```\n", 2, 2, "q is not declared", "scalar q"),
    ("```claim a\n1 == 1 # a comment with ( and q\n  + q == 1\n```\n", 3, 1, "neither where", "where"),
]


@pytest.mark.parametrize(("text", "line", "column", "message", "help_text"), DOCUMENTS)
def test_mistakes_in_the_markdown_are_shown_in_place(
    text: str, line: int, column: int, message: str, help_text: str
) -> None:
    """Blocks that are wrong as blocks, and statements inside lists, quotes and tabs, are reported where they stand."""
    error = raised(text)
    assert (error.line, error.column) == (line, column), str(error)
    assert message in error.message
    assert help_text in f"{error.expected}\n{error.fix}"


def test_the_caret_stands_below_wide_characters() -> None:
    """Behind Chinese characters, which are two columns wide, the caret is moved by two columns each."""
    error = InputError("wrong", Place("a.md", 1, 3, "卷积q", 1))
    assert str(error).split("\n")[2].index("^") == len("  1 | ") + 4


def test_long_lines_are_cut_around_the_caret() -> None:
    """Of a line of ten thousand characters only the part around the caret is shown."""
    error = InputError("wrong", Place("a.md", 1, 5001, "a" * 5000 + "q" + "a" * 5000, 1))
    lines = str(error).split("\n")
    assert len(lines[1]) < 130
    assert lines[1][lines[2].index("^")] == "q"


def test_errors_travel_between_processes() -> None:
    """An error survives pickling with its place and its help."""
    error = InputError("wrong", Place("a.md", 1, 1, "q", 1), "a name", "write a")
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert copy.exit_status == EXIT_STATUS == 2


def test_nothing_is_suggested_where_nothing_is_near() -> None:
    """A suggestion is made only for a name that resembles a known one."""
    assert did_you_mean("banana", ["conv", "corr"]) == ""


def test_what_a_given_block_supposes_is_checked_by_the_callers_checker() -> None:
    """A definition that does not exist for all sizes is an error at its place that says what is missing."""

    def checker(context: object, node: object) -> str | None:
        return "m <= H" if "conv" in str(node) else None

    with pytest.raises(InputError) as caught:
        Document.parse("```given\ndims H, m\ntensor a[H], w[m]\nz = conv(a, w)\n```\n", "notes.md", checker)
    assert caught.value.line == 4
    assert caught.value.expected == "m <= H"
    assert "dims ... where" in caught.value.fix
    assert caret_text(caught.value) == "conv(a, w)"


def test_everything_in_a_given_block_is_checked_once() -> None:
    """Sizes of tensors, abbreviations, definitions and assumptions are handed to the checker; what a block continues
    is not handed to it again."""
    seen: list[str] = []

    def checker(context: object, node: object) -> str | None:
        seen.append(str(node))
        return None

    text = "```given\ndims n\ntensor a[n + 1]\nh = n//2\nz = a + a\nassume a > 0\n```\n```given continue\ny = z\n```\n"
    Document.parse(text, "notes.md", checker)
    assert seen == ["zeros(n + 1)", "n//2", "a + a", "[a > 0]", "z"]


def test_an_unknown_operator_says_where_the_operators_are() -> None:
    """Whatever else the error proposes, it names the command that lists them."""
    for formula in ("foo(x) == x", "softmaxx(x) == x"):
        with pytest.raises(InputError, match="`gradproof operators` lists them"):
            Document.parse(f"```given\ndims n\ntensor x[n]\n```\n\n```claim a\n{formula}\n```\n", "e.md")
