"""Calls as other languages write them, and the line of the claim language that says the same: `conv2d`, `len`, `where`,
an axis.

Law: a fix is offered only where it means what was written, with the author's own arguments, and can be pasted; names of
indices that it needs are new. Where the arguments do not tell there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from lark import Token, Tree

from derivations.language.errors import InputError
from derivations.language.reader import Reader
from derivations.language.syntax import span

CORRELATION = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")  # of torch.nn.functional.conv2d
COMPLEMENT = {">": "<=", "<=": ">", "<": ">=", ">=": "<", "==": "!=", "!=": "=="}
INDICES = "ijklpqrst"


def call(reader: Reader, name: Token, arguments: Any) -> str:
    """The fix for a call of something that the language does not have; empty where none is certain."""
    habit = HABITS.get(str(name))
    return _certain(lambda: habit(reader, *_arguments(reader, arguments))) if habit else ""


def over_axis(reader: Reader, name: str, arguments: Any) -> str:
    """The fix for `sum(A, axis=0)` and `mean(A, axis=0)`; empty where none is certain."""
    return _certain(lambda: _over_axis(reader, name, *_arguments(reader, arguments)))


def case(condition: str, yes: str, no: str) -> str:
    """`where(condition, yes, no)` by brackets.

    >>> case("u > 0", "u", "0"), case("u > 0", "1", "-a")
    ('[u > 0] * u', '[u > 0] + [u <= 0] * (-a)')
    """
    sign = next((each for each in (">=", "<=", "==", "!=", ">", "<") if each in condition), "")
    left, _, right = condition.partition(sign or "\0")
    other = f"[{left.strip()} {COMPLEMENT[sign]} {right.strip()}]" if sign else f"(1 - [{condition}])"
    if any(f" {word} " in f" {condition} " for word in ("and", "or", "not")):
        other = f"(1 - [{condition}])"
    parts = [_times(f"[{condition}]", yes), _times(other, no)]
    return " + ".join(filter(None, parts)) or "0"


def _certain(found: Callable[[], str]) -> str:
    """The fix; none where an argument has an error of its own, or no number where one must be."""
    try:
        return found()
    except (InputError, ValueError, LookupError, TypeError):
        return ""


def _arguments(reader: Reader, arguments: Any) -> tuple[list[Any], dict[str, Any]]:
    given = [each for each in arguments.children if each is not None]
    named = [each for each in given if isinstance(each, Tree) and each.data == "keyword"]
    return [each for each in given if each not in named], {str(each.children[0]): each.children[1] for each in named}


def _text(reader: Reader, tree: Any) -> str:
    start, end = span(tree)
    return " ".join(reader.statement.text[start:end].split())


def _factor(text: str) -> str:
    """A text as a factor, in brackets where it is a sum."""
    return f"({text})" if any(sign in text for sign in "+-") and not text.isidentifier() else text


def _times(bracket: str, text: str) -> str:
    return {"0": "", "1": bracket}.get(text, f"{bracket} * {_factor(text)}")


def _new(reader: Reader, *wanted: str) -> Iterator[str]:
    """Names of indices that mean nothing yet: those wanted first."""
    taken = {*reader.scope.declared(), *reader.indices}
    for name in (*wanted, *INDICES):
        if name not in taken and not reader.scope.kind(name):
            taken.add(name)
            yield name


def _conv2d(reader: Reader, given: list[Any], named: dict[str, Any]) -> str:
    """PyTorch's conv2d is a correlation, with maps summed over the input's channels."""
    bound = dict(zip(CORRELATION, given, strict=False)) | named
    if not set(bound) <= set(CORRELATION) or "groups" in bound:
        return ""
    x, w = _text(reader, bound["input"]), _text(reader, bound["weight"])
    ranks = reader.operand(bound["input"]).rank, reader.operand(bound["weight"]).rank
    options = [
        f"{ours}={_text(reader, bound[theirs])}"
        for theirs, ours in (("stride", "stride"), ("padding", "pad"), ("dilation", "dilation"))
        if theirs in bound
    ]
    bias = _text(reader, bound["bias"]) if "bias" in bound else ""
    if ranks == (2, 2):
        return f"write corr({', '.join([x, w, *options])})" + (f" + {bias}" if bias else "")
    if ranks not in ((3, 4), (4, 4)):
        return ""
    names = iter(list(_new(reader, "k", "c", "i", "j", "b")))
    k, c, i, j = next(names), next(names), next(names), next(names)
    batch = [next(names)] if ranks[0] == 4 else []
    maps = ", ".join([f"{x}[{', '.join([*batch, c])}]", f"{w}[{k}, {c}]", *options])
    right = f"sum[{c}](corr({maps}))[{i}, {j}]" + (f" + {bias}[{k}]" if bias else "")
    free = ", ".join([*batch, k, i, j])
    z = next(iter(_new(reader, "z", "Z", "y", "Y")))
    return f"define it in the given block, by index: {z}[{free}] = {right}"


def _over_axis(reader: Reader, name: str, given: list[Any], named: dict[str, Any]) -> str:
    (of,) = given
    (axis,) = named.values()
    text, node = _text(reader, of), reader.operand(of)
    at = int(_text(reader, axis).replace(" ", "")) % node.rank
    if node.rank == 1:
        return f"of a vector it is {name}({text})"
    index = next(iter(_new(reader)))
    entry = f"{_base(text)}[{', '.join(index if each == at else ':' for each in range(node.rank))}]"
    by = f" / shape({text})[{at}]" if name == "mean" else ""
    return f"write sum[{index}]({entry}){by}"


def _base(text: str) -> str:
    return text if text.isidentifier() else f"({text})"


def _len(reader: Reader, given: list[Any], named: dict[str, Any]) -> str:
    (of,) = given
    if named or not reader.operand(of).rank:
        return ""
    return f"write shape({_text(reader, of)})[0]"


def _where(reader: Reader, given: list[Any], named: dict[str, Any]) -> str:
    condition, yes, no = (_text(reader, each) for each in given)
    return "" if named else f"write {case(condition, yes, no)}"


HABITS: dict[str, Callable[[Reader, list[Any], dict[str, Any]], str]] = {
    "conv2d": _conv2d,
    "len": _len,
    "where": _where,
}


def where_call(text: str) -> str:
    """The fix for a claim that begins with `where(condition, yes, no)`; empty where it is no such call.

    >>> where_call("where(u > 0, u, 0) == relu(u)")
    'write [u > 0] * u == relu(u)'
    >>> where_call("where(u > 0, u, 0)[1] + v == 0")
    'write ([u > 0] * u)[1] + v == 0'
    """
    head, opening, rest = text.partition("(")
    if head.strip() != "where" or not opening:
        return ""
    parts, depth, start = list[str](), 0, 0
    for at, sign in enumerate(rest):
        if sign in ",)" and not depth:
            parts.append(" ".join(rest[start:at].split()))
            start = at + 1
            if sign == ")":
                break
        depth += (sign in "([") - (sign in ")]")
    if len(parts) != 3 or not all(parts):
        return ""
    after, instead = rest[start:], case(*parts)
    return f"write {instead if after.lstrip().startswith('==') else f'({instead})'}{after}"
