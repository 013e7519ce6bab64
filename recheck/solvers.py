"""What the solvers at hand say of a script: z3, cvc5, and isl where all is affine.

Each is optional: one that is not installed is not asked. Limits count operations, so that an answer does not depend on
the machine. An answer is "unsat" (nothing satisfies the script: what an obligation claims), "sat" or "unknown".
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from recheck.script import Node, Script

Solver = Callable[[Script], str]

Z3_RESOURCES = 8_000_000
CVC5_RESOURCES = 200_000
ISL_OPERATIONS = 2_000_000


def present() -> dict[str, Solver]:
    """The solvers that are installed, by name."""
    modules = {"z3": ("z3", _z3), "cvc5": ("cvc5", _cvc5), "isl": ("islpy", _isl)}
    return {name: solver for name, (module, solver) in modules.items() if find_spec(module) is not None}


def _z3(script: Script) -> str:
    import z3

    solver = z3.SimpleSolver(ctx=z3.Context())
    solver.from_string(script.text)
    solver.set("rlimit", Z3_RESOURCES)
    solver.set("arith.nl.grobner", False)  # Gröbner bases count no resources
    return str(solver.check())


def _cvc5(script: Script) -> str:
    import cvc5

    solver = cvc5.Solver(cvc5.TermManager())
    solver.setOption("rlimit", str(CVC5_RESOURCES))
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, "(set-logic QF_NIA)\n" + script.text, "script")
    symbols = parser.getSymbolManager()
    while not (command := parser.nextCommand()).isNull():
        command.invoke(solver, symbols)
    answer = solver.checkSat()
    return "unsat" if answer.isUnsat() else "sat" if answer.isSat() else "unknown"


class NotAffine(Exception):
    """isl has no products of unknowns."""


def _isl(script: Script) -> str:
    import islpy as isl

    context = isl.Context()
    context.set_max_operations(ISL_OPERATIONS)
    try:
        points = _Points(script.names, context)
        found = points.universe
        for part in script.asserted:
            found = found.intersect(points.condition(part))
        return "unsat" if found.is_empty() else "sat"
    except NotAffine:
        return "not affine"
    except isl.Error:
        return "unknown"


class _Points:
    """Conditions as isl sets of the integer points of some constants."""

    def __init__(self, names: tuple[str, ...], context: Any) -> None:
        import islpy as isl

        self.isl, self.context = isl, context
        self.names = {name: number for number, name in enumerate(names)}
        self.space = isl.Space.set_alloc(context, 0, len(names))
        self.universe = isl.Set.universe(self.space)
        self.zero = isl.Aff.zero_on_domain(isl.LocalSpace.from_space(self.space))

    def condition(self, node: Node) -> Any:
        if not isinstance(node, tuple):
            return self.universe if node == "true" else self.isl.Set.empty(self.space)
        word, parts = node[0], node[1:]
        if word in ("and", "or"):
            found = self.condition(parts[0])
            for part in parts[1:]:
                found = found.intersect(self.condition(part)) if word == "and" else found.union(self.condition(part))
            return found
        if word == "not":
            return self.condition(parts[0]).complement()
        difference = self.term(parts[0]).sub(self.term(parts[1]))
        if word == "=":
            return difference.zero_set()
        if word == ">=":
            return difference.nonneg_set()
        if word == ">":
            return difference.pos_set()
        return difference.neg().nonneg_set() if word == "<=" else difference.neg().pos_set()

    def term(self, node: Node) -> Any:
        if isinstance(node, int):
            return self.isl.PwAff.from_aff(self.zero.set_constant_val(self.value(node)))
        if isinstance(node, str):
            place = self.names[node]
            return self.isl.PwAff.from_aff(self.zero.set_coefficient_val(self.isl.dim_type.in_, place, 1))
        word, parts = node[0], node[1:]
        if word == "ite":
            inside = self.condition(parts[0])
            yes = self.term(parts[1]).intersect_domain(inside)
            return yes.union_add(self.term(parts[2]).intersect_domain(inside.complement()))
        found = [self.term(part) for part in parts]
        total = found[0]
        if word == "-":
            return total.neg() if len(found) == 1 else total.sub(found[1])
        for part in found[1:]:
            if word == "+":
                total = total.add(part)
            elif part.is_cst() or total.is_cst():
                total = total.mul(part)
            else:
                raise NotAffine
        return total

    def value(self, number: int) -> Any:
        return self.isl.Val.read_from_str(self.context, str(number))
