r"""The formulas that are printed by index (`show/index_form.py`), as LaTeX.

    entry [i, j] = sum[k](A[i, k] * B[k, j])   is   (i, j) \mapsto \sum_{k} A_{i,k}\, B_{k,j}

Law: the same formula, sign by sign. What is read here is what the product itself prints; anything else is a
ValueError.

What it cannot see: what an entry outside of its tensor counts; that is said beside the formula.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from derivations.formulas.names import name_to_latex

_HEAD = re.compile(r"entry \[(?P<index>[^\]]*)\] = ")
_RANGE = re.compile(r" in ([^\[\]]*?)\.\.")
_PRIME = re.compile(r"(?<=\w)('+)(?=\()")
_SUM, _BIG, _PRODUCT, _ATOM = 1, 2, 3, 4  # how strongly a part binds; big is the sum over indices
_RELATIONS = {ast.Eq: "=", ast.NotEq: r"\ne", ast.LtE: r"\le", ast.Lt: "<", ast.GtE: r"\ge", ast.Gt: ">"}
_NAMED = frozenset({"exp", "log", "sin", "cos", "tanh", "min", "max"})


def by_index_to_latex(lines: Sequence[str]) -> list[str]:
    r"""The lines of an entry, each in LaTeX; the indices stand before the first.

    >>> print(*by_index_to_latex(["entry [i, j] = v[i] * [i == j]", "- A[j//2, 0] / n"]), sep="\n")
    (i, j) \mapsto v_{i} \, [i = j]
    - \frac{A_{\lfloor j / 2 \rfloor, 0}}{n}
    """
    found = []
    for number, line in enumerate(lines):
        head = _HEAD.match(line) if not number else None
        text = line[head.end() :] if head else line
        sign = text[:2] if number and text[:2] in ("+ ", "- ") else ""
        start = rf"({', '.join(map(name_to_latex, head['index'].split(', ')))}) \mapsto " if head else sign
        found.append(start + _text(_tree(text.removeprefix(sign)), _BIG if sign else _SUM))
    return found


def _tree(text: str) -> ast.expr:
    text = _RANGE.sub(r" in \1:", text)
    try:
        return ast.parse(_PRIME.sub(lambda match: "_prime" * len(match[1]), text), mode="eval").body
    except SyntaxError:
        raise ValueError(f"not read: {text}") from None


def _text(node: ast.expr, least: int = _SUM) -> str:
    text, binds = _node(node)
    return text if binds >= least else rf"\left({text}\right)"


def _node(node: ast.expr) -> tuple[str, int]:
    """A part in LaTeX, and how strongly it binds."""
    match node:
        case ast.Constant(value=int() as value):
            return str(value), _ATOM
        case ast.Name(id=name):
            return name_to_latex(name), _ATOM
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return f"-{_text(inner, _PRODUCT)}", _SUM
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
            sign = "+" if isinstance(op, ast.Add) else "-"
            return f"{_added(left)} {sign} {_text(right, _BIG)}", _SUM
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            dot = r" \, " if not isinstance(right, ast.Constant) else r" \cdot "
            return f"{_text(left, _PRODUCT)}{dot}{_text(right, _PRODUCT)}", _PRODUCT
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return rf"\frac{{{_text(left)}}}{{{_text(right)}}}", _ATOM
        case ast.BinOp(left=left, op=ast.FloorDiv(), right=right):
            return rf"\lfloor {_text(left, _PRODUCT)} / {_text(right, _ATOM)} \rfloor", _ATOM
        case ast.BinOp(left=left, op=ast.Mod(), right=right):
            return rf"{_text(left, _PRODUCT)} \bmod {_text(right, _ATOM)}", _SUM
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return rf"{_text(left, _ATOM)}^{{{_text(right)}}}", _ATOM
        case ast.List(elts=conditions):
            return rf"[{', '.join(map(_condition, conditions))}]", _ATOM
        case ast.Attribute(value=inner, attr="T"):
            return rf"{_text(inner, _ATOM)}^{{T}}", _ATOM
        case ast.Subscript(value=array, slice=places):
            return rf"{_text(array, _ATOM)}_{{{_listed(places)}}}", _ATOM
        case ast.Call(func=ast.Subscript(value=ast.Name(id="sum"), slice=indices), args=[body]):
            return rf"\sum_{{{_listed(indices)}}} {_text(body, _PRODUCT)}", _BIG
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return rf"{_function(name)}\left({', '.join(map(_text, arguments))}\right)", _ATOM
    raise ValueError(f"not read: {ast.unparse(node)}")


def _added(node: ast.expr) -> str:
    """What stands before a sign; a sum over indices would seem to take in what follows."""
    text, binds = _node(node)
    return rf"\left({text}\right)" if binds == _BIG else text


def _listed(places: ast.expr) -> str:
    return ", ".join(_place(each) for each in (places.elts if isinstance(places, ast.Tuple) else [places]))


def _place(node: ast.expr) -> str:
    match node:
        case ast.Slice(lower=None, upper=None):
            return ":"
        case ast.Slice(lower=ast.Compare(left=index, comparators=[low]), upper=ast.expr() as high):
            return rf"{_text(low)} \le {_text(index)} \le {_text(high)}"
    return _condition(node) if isinstance(node, ast.Compare) else _text(node)


def _condition(node: ast.expr) -> str:
    match node:
        case ast.Compare(left=left, ops=relations, comparators=others):
            parts = (f" {_RELATIONS[type(each)]} {_text(side)}" for each, side in zip(relations, others, strict=True))
            return _text(left) + "".join(parts)
        case ast.BoolOp(op=op, values=parts):
            sign = r" \land " if isinstance(op, ast.And) else r" \lor "
            return sign.join(
                rf"({_condition(part)})" if isinstance(part, ast.BoolOp) else _condition(part) for part in parts
            )
    raise ValueError(f"no condition: {ast.unparse(node)}")


def _function(name: str) -> str:
    primes = name.count("_prime")
    base = name.replace("_prime", "")
    shown = rf"\{base}" if base in _NAMED else name_to_latex(base) if len(base) == 1 else rf"\operatorname{{{base}}}"
    return shown + "'" * primes
