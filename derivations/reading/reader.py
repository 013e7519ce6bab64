"""Reads a forward and a backward function at one set of facts: definitions, gradients, obligations.

Law: one reading is one straight run of the interpreter; what the run needs to know of sizes it asks of `settle`, and
`Split` says that both answers are possible. Gradients are paired with arguments by name, else by position, or refused.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from derivations.reading.arrays import Array, Axes, Index, flat, plain_axis
from derivations.reading.elements import Bound, Chosen, Element, Entry, Number, Poison, TopPlace, walk
from derivations.reading.facts import Facts
from derivations.reading.integers import Cond, Int, product
from derivations.reading.interpreter import Interpreter
from derivations.reading.layers import Layer
from derivations.reading.machine import Machine, safe
from derivations.reading.program import Function, Object
from derivations.reading.records import Definition, Obligation, Refused
from derivations.reading.signature import Labels, Signature

OUTPUT_NAMES = ("dout", "dy", "dz", "grad_output", "grad_out", "delta", "upstream", "gradient", "output_gradient")


@dataclass(frozen=True)
class Gradient:
    """One gradient: the argument, the definition that the code computes, both shapes."""

    argument: str
    name: str
    shape: tuple[Int, ...]
    wanted: tuple[Int, ...]
    comparable: bool
    origin: tuple[str, str]
    # the obligations that it rests on beside those of the whole reading
    rests: tuple[Obligation, ...] = ()


@dataclass(frozen=True)
class Reading:
    """What both functions are, where `conditions` hold."""

    signature: Signature
    conditions: tuple[Cond, ...]
    facts: Facts
    forward: tuple[Definition, ...]
    backward: tuple[Definition, ...]
    out: str
    out_shape: tuple[Int, ...]
    gradients: tuple[Gradient, ...]
    obligations: tuple[Obligation, ...]
    forward_obligations: int
    names: Mapping[str, str]
    plan: tuple[tuple[str, str, str], ...]
    labels: tuple[str, ...] = ()  # of which backward returns a value as if they had a gradient

    @property
    def seed(self) -> str | None:
        """The name of the gradient of the output that the code is given; None where the output is the loss itself."""
        return self.names["dout"] if any(word == "dout" for _, word, _ in self.plan) else None


class Reader:
    """One run over both functions."""

    def __init__(self, layer: Layer, signature: Signature, conditions: Sequence[Cond],
                 settle: Callable[[Cond], bool | None], wanted: Sequence[str] = ()) -> None:  # fmt: skip
        self.layer, self.signature, self.wanted = layer, signature, list(wanted)
        self.conditions = (*signature.conditions, *conditions)
        self.facts = Facts(dict(signature.dims), list(self.conditions))
        self.machine = Machine(self.facts, settle, getattr(settle, "proves", None))
        self.machine.names |= {*signature.dims, "J"}
        self.interpreter = Interpreter(self.machine)
        self.names: dict[str, str] = {}
        self.tensors: dict[str, Array] = {}
        # how backward's parameters are given: (parameter, "dout" | "argument" | "extra" | "extras", which)
        self.plan: list[tuple[str, str, str]] = []
        # where each gradient is found in what backward leaves behind
        self.origins: dict[str, tuple[str, str]] = {}
        self.out = ""
        self.out_shape: tuple[Int, ...] = ()
        self.known = self.forward_obligations = 0
        # whether it is known how the backward function is called
        self.planned = False
        # what the forward function returns, as the code writes it
        self.returned: ast.expr | None = None
        self.labels: tuple[str, ...] = ()

    def read(self) -> Reading:
        """The reading of both functions; raises Refused or Split."""
        arguments, owner, extras = self._forward()
        dout = self.tensors["dout"]
        self.known = len(self.machine.definitions)
        try:
            gradients = self._backward(dout, arguments, owner, extras)
            return self._reading([self._gradient(argument, gradient) for argument, gradient in gradients.items()])
        except Refused as refused:
            # what backward returns may still be compared with the gradient, in numbers
            if self.planned:
                refused.partial = self._reading(self._unread(), forward_only=True)
            raise

    def read_forward(self) -> Reading:
        """The reading of the forward function alone; raises Refused or Split."""
        self._forward()
        self.known = len(self.machine.definitions)
        return self._reading([])

    def _forward(self) -> tuple[dict[str, Any], Object | None, list[Any]]:
        """Reads the forward function: its arguments, its object, what it returns beside the output."""
        machine = self.machine
        arguments = self._arguments()
        owner = self._owner(arguments)
        called = _Watched(self.interpreter)
        value = self._call(self.layer.forward, arguments, owner, called)
        self.returned = called.node
        out, extras = _output(machine, value)
        self.out, self.out_shape = self._defined("out", out, out.axes), out.shape
        self.forward_obligations = len(machine.obligations)
        self.tensors["dout"] = self._tensor("dout", out.axes)
        return arguments, owner, extras

    def _reading(self, gradients: Sequence[Gradient], forward_only: bool = False) -> Reading:
        machine, known = self.machine, self.known
        obligations = machine.obligations[: self.forward_obligations if forward_only else None]
        return Reading(
            self.signature, self.conditions, self.facts, tuple(machine.definitions[:known]),
            () if forward_only else tuple(machine.definitions[known:]), self.out, self.out_shape, tuple(gradients),
            tuple(obligations), self.forward_obligations, self.names, tuple(self.plan), self.labels,
        )  # fmt: skip

    def _unread(self) -> list[Gradient]:
        """The gradients that a backward function returns which is not read, by its return statement."""
        returns = [node.value for node in ast.walk(self.layer.backward.node)
                   if isinstance(node, ast.Return) and node.value is not None]
        if not returns:
            return []
        parts = returns[-1].elts if isinstance(returns[-1], ast.Tuple) else [returns[-1]]
        items = [None if isinstance(part, ast.Constant) else object() for part in parts]
        try:
            found = self._by_name(items, [ast.unparse(part) for part in parts]) or self._by_place(items)
        except Refused:
            return []
        single = not isinstance(returns[-1], ast.Tuple)
        return [Gradient(name, "", (), self.tensors[name].shape, False,
                         ("whole", "") if single else ("item", str(items.index(item))))
                for name, item in found.items() if name in self.tensors]  # fmt: skip

    # -- arguments -------------------------------------------------------------------------------------

    def _tensor(self, name: str, axes: Axes) -> Array:
        """An array of arbitrary entries."""
        shown = self.machine.name_for(safe(name.rpartition(".")[2]))
        self.names[name] = shown
        made = self.machine.make(axes, lambda index: Entry(shown, flat(index)))
        made.storage.name = shown
        self.machine.tensors[shown] = tuple(size for axis in axes for size in axis)
        return made

    def _arguments(self) -> dict[str, Any]:
        """Top-level names with their values; dotted names as dictionaries."""
        found: dict[str, Any] = {}
        for name, axes in self.signature.arrays.items():
            self.tensors[name] = self._tensor(name, axes)
            _put(found, name, self.tensors[name])
        for name, labels in self.signature.labels.items():
            _put(found, name, self._labels(name, labels))
        for name in self.signature.scalars:
            self.tensors[name] = self._tensor(name, ())
            _put(found, name, self.tensors[name])
        for name, value in self.signature.values.items():
            _put(found, name, self._value(value))
        return found

    def _labels(self, name: str, labels: Labels) -> Array:
        """Integers that are any, by arbitrary scores: each is the place of the largest of its own."""
        machine = self.machine
        scores = machine.name_for(safe(f"{name.rpartition('.')[2]}_scores"))
        self.names[name] = scores
        machine.tensors[scores] = (*[size for axis in labels.axes for size in axis], labels.below)

        def largest(index: Index) -> tuple[Bound, Element, Int]:
            place = machine.fresh("c", Int(), labels.below - 1)
            bound = ((next(iter(place.symbols)), Int(), labels.below - 1),)
            return bound, Entry(scores, (*flat(index), place)), place

        def entry(index: Index) -> Element:
            if not labels.one_hot:
                return Chosen(*largest(index))
            bound, body, _ = largest(index[:-1])
            return TopPlace(bound, body, index[-1] or (Int(),))

        axes = (*labels.axes, plain_axis(labels.below)) if labels.one_hot else labels.axes
        return machine.make(axes, entry, "real" if labels.one_hot else "int")

    def _value(self, value: Any) -> Any:
        """An argument that --given says: real numbers as arrays without axes."""
        if isinstance(value, tuple):
            return tuple(map(self._value, value))
        return self.machine.scalar(Number(value)) if isinstance(value, Fraction) else value

    def _owner(self, arguments: dict[str, Any]) -> Object | None:
        """The object whose methods the functions are, made by its class's __init__, with the attributes given."""
        layer = self.layer
        first = [one.arg for one in layer.forward.node.args.args[:1]]
        attributes = arguments.pop("self", {})
        if layer.of is None:
            return Object(None) if first == ["ctx"] else None
        if first == ["ctx"]:
            return Object(None)
        made = Object(layer.of)
        made.attributes.update(attributes)
        init = layer.of.method("__init__")
        if init is not None:
            parameters = _parameters(init)[1:]
            values = {**attributes, **arguments}
            given = {name: values[name] for name in parameters if name in values}
            made.given = set(attributes)
            self.interpreter.initialise(made, [], given)
            made.given = set()
            made.attributes.update(attributes)
        return made

    def _call(self, function: Function, arguments: dict[str, Any], owner: Object | None, called: _Watched) -> Any:
        names = _parameters(function)
        inner = Function(function.node, function.source, owner, of=function.of)
        if owner is not None and names[:1] in (["self"], ["ctx"]):
            names = names[1:]
        given = {name: arguments[name] for name in names if name in arguments}
        spec = function.node.args
        if owner is not None and owner.of is None:  # a static forward(ctx, …)
            inner = Function(function.node, function.source)
            given = {"ctx": owner, **given}
        missing = [name for name in names[: len(names) - len(spec.defaults)] if name not in given and name != "ctx"]
        if missing:
            raise Refused(f"the argument {missing[0]} is not given",
                          f'--given "…; {missing[0]}: sizes" or "{missing[0]} = size"', function.node)
        return called.call(inner, given)

    # -- the backward function -------------------------------------------------------------------------

    def _backward(
        self, dout: Array, arguments: dict[str, Any], owner: Object | None, extras: list[Any]
    ) -> dict[str, Any]:
        """The gradients by argument."""
        function = self.layer.backward
        if self.layer.at_once:
            return self._at_once(dout, extras)
        names = _parameters(function)
        static = owner is not None and owner.of is None
        if owner is not None and names[:1] in (["self"], ["ctx"]):
            names = names[1:]
        spec = function.node.args
        defaults = {one.arg for one in spec.args[len(spec.args) - len(spec.defaults) :]}
        aliases = self.signature.aliases
        shared = {name: aliases.get(name, name) for name in names if aliases.get(name, name) in arguments}
        first = next((name for name in names if name in OUTPUT_NAMES), None)
        if first is None and not self._is_loss(dout, [name for name in names if name not in shared], extras):
            if not names:
                self.machine.refuse("the backward function takes no gradient of the output, which is no number",
                                    "def backward(dout, …)")
            first = names[0]
        given: dict[str, Any] = {} if first is None else {first: dout}
        self.plan = [] if first is None else [(first, "dout", "")]
        shared.pop(first or "", None)
        unknown = [name for name in names if name not in given and name not in shared]
        needed = [name for name in unknown if name not in defaults] or unknown
        given.update({name: arguments[own] for name, own in shared.items()})
        self.plan += [(name, "argument", own) for name, own in shared.items()]
        if extras and len(needed) == 1:
            given[needed[0]] = extras[0] if len(extras) == 1 else tuple(extras)
            self.plan.append((needed[0], "extra", "0") if len(extras) == 1 else (needed[0], "extras", ""))
        elif extras and needed and len(needed) == len(extras):
            given.update(zip(needed, extras, strict=True))
            self.plan += [(name, "extra", str(at)) for at, name in enumerate(needed)]
        elif [name for name in unknown if name not in defaults]:
            raise Refused(f"the argument {needed[0]} of the backward function is not given",
                          f"return it from the forward function, or say which argument it is: {needed[0]} = x",
                          function.node)  # fmt: skip
        self.planned = True
        inner = Function(function.node, function.source, None if static else owner, of=function.of)
        if static:
            given = {"ctx": owner, **given}
        returned = _Watched(self.interpreter)
        value = returned.call(inner, given)
        return self._paired(value, returned.node, owner)

    @staticmethod
    def _is_loss(dout: Array, unknown: Sequence[str], extras: Sequence[Any]) -> bool:
        """Whether the output is the loss itself: a number, and what its backward function takes is all known without a
        gradient of it."""
        return not dout.axes and (not unknown or bool(extras and len(unknown) in (1, len(extras))))

    def _at_once(self, dout: Array, extras: list[Any]) -> dict[str, Any]:
        """The gradients that one function returns beside its loss."""
        if dout.axes:
            raise Refused("a function that returns its gradients too must return a number first",
                          "say the backward function, FILE.py:NAME FILE.py:BACKWARD", self.layer.forward.node)
        if not extras:
            raise Refused("the function returns no gradients", "return loss, dx; or say the backward function",
                          self.layer.forward.node)
        parts = self.returned.elts[1:] if isinstance(self.returned, ast.Tuple | ast.List) else []
        self.planned = True
        if len(extras) == 1:
            return self._paired(extras[0], parts[0] if parts else None, None)
        return self._paired(tuple(extras), ast.Tuple(parts, ast.Load()) if parts else None, None)

    def _paired(self, value: Any, node: ast.expr | None, owner: Object | None) -> dict[str, Any]:
        """What backward returns, by the argument whose gradient it is."""
        arrays = list(self.signature.arrays)
        if isinstance(value, dict):
            items, labels = list(value.values()), [str(key) for key in value]
            origins = [("key", str(key)) for key in value]
        elif isinstance(value, tuple | list):
            found_items = _flattened(value, node, "")
            items = [item for item, _, _ in found_items]
            labels = [label for _, label, _ in found_items]
            origins = [("item", place) for _, _, place in found_items]
        else:
            items, labels = ([] if value is None else [value]), [ast.unparse(node) if node else ""][: value is not None]
            origins = [("whole", "")]
        found = self._by_name(items, labels)
        if found is None:
            found = self._beside_labels(items, labels) or self._by_place(items)
        for argument, gradient in found.items():
            self.origins[argument] = next(one for one, item in zip(origins, items, strict=False) if item is gradient)
        if owner is not None:
            for origin, key, entry in _attributes_of(owner):
                named = self._argument_of(key)
                if named is not None and named not in found and isinstance(entry, Array):
                    found[named], self.origins[named] = entry, origin
        found = {name: one for name, one in found.items() if isinstance(one, Array)}
        if self.wanted:
            found = {name: one for name, one in found.items() if name in self.wanted}
        if not found:
            known = ", ".join(arrays)
            raise Refused("no gradient is found in what backward returns", f"return the gradients of {known} in order",
                          self.layer.backward.node)
        return found

    def _by_name(self, items: list[Any], labels: list[str]) -> dict[str, Any] | None:
        if self.wanted and len(self.wanted) == len(items):
            return dict(zip(self.wanted, items, strict=True))
        names = [self._argument_of(label) for label in labels]
        present = [name for name, item in zip(names, items, strict=True) if item is not None]
        if None in present or len(set(present)) < len(present):
            return None
        return {str(name): item for name, item in zip(names, items, strict=True) if item is not None}

    def _beside_labels(self, items: list[Any], labels: list[str]) -> dict[str, Any] | None:
        """The gradients of the arrays where backward returns one for each argument, labels too."""
        known = self.signature.labels
        everything = [name for name in _parameters(self.layer.forward) if name in self.tensors or name in known]
        if not known or len(items) != len(everything):
            return None
        named = [self._argument_of(label) for label in labels]
        if any(name not in (None, own) for name, own in zip(named, everything, strict=True)):
            return None  # their names say another order
        pairs = list(zip(everything, items, strict=True))
        self.labels = tuple(name for name, item in pairs if name in known and isinstance(item, Array))
        return {name: item for name, item in pairs if name not in known}

    def _by_place(self, items: list[Any]) -> dict[str, Any]:
        arrays = [name for name in self.signature.arrays if "." not in name]
        everything = [name for name in _parameters(self.layer.forward) if name not in ("self", "ctx")]
        for names in (arrays, everything, [*arrays, *[n for n in self.signature.arrays if "." in n]]):
            if len(items) == len(names) and all(name in self.tensors or item is None
                                                for name, item in zip(names, items, strict=True)):
                return dict(zip(names, items, strict=True))
        if len(items) == 1 and arrays:
            return {arrays[0]: items[0]}
        if not items:
            return {}
        raise Refused(f"{len(items)} values are returned for {len(arrays)} arrays",
                      "name the gradients d<argument>, or say --wrt x,w,b", self.layer.backward.node)

    def _argument_of(self, label: str) -> str | None:
        """The argument that a name such as dx, grad_x, x_grad or self.dW is the gradient of."""
        tail = label.rpartition(".")[2].strip("'\"")
        names = {name.rpartition(".")[2].lower(): name for name in (*self.signature.arrays, *self.signature.scalars)}
        low = tail.lower().strip("_")
        for prefix in ("d_", "d", "grad_", "g_", "grad", "delta_", "d_l_d_", "dl_d", "dl_"):
            if low.startswith(prefix) and low[len(prefix) :] in names:
                return names[low[len(prefix) :]]
        for suffix in ("_grad", "grad", ".grad"):
            if low.endswith(suffix) and low[: -len(suffix)] in names:
                return names[low[: -len(suffix)]]
        return None

    # -- definitions -----------------------------------------------------------------------------------

    def _defined(self, name: str, array: Array, axes: Axes) -> str:
        """The name of the definition that an array is, by these axes."""
        machine = self.machine
        bound, index = machine.box(axes)
        inner = tuple(machine.convert(part, want, have) for part, want, have in
                      zip(index, axes, array.axes, strict=True))
        body = machine.snapshot(array)(inner)
        poison = next((part for part in walk(body) if isinstance(part, Poison)), None)
        if poison is not None:
            function = self.layer.forward if self.tensors.get("dout") is None else self.layer.backward
            raise Refused(poison.reason, "assign every entry, or start from np.zeros", function.node)
        known = {definition.name: definition.sizes for definition in machine.definitions}
        sizes = tuple(size for axis in axes for size in axis)
        if isinstance(body, Entry) and body.index == flat(index) and known.get(body.name) == sizes:
            return body.name
        unique = machine.name_for(safe(name))
        symbols = tuple(symbol for symbol, _, _ in bound)
        function = self.layer.forward if self.tensors.get("dout") is None else self.layer.backward
        lines = [node.lineno for node in ast.walk(function.node) if isinstance(node, ast.Return)]
        path = function.source.path
        machine.definitions.append(Definition(unique, symbols, sizes, body, lines[-1] if lines else 0, path))
        return unique

    def _gradient(self, argument: str, gradient: Array) -> Gradient:
        """A gradient as a definition by the argument's axes where the sizes agree."""
        own = self.tensors[argument]
        axes = gradient.axes
        same = len(axes) == len(own.axes) and all(
            self.machine.simplify(product(p)) == self.machine.simplify(product(q))
            for p, q in zip(axes, own.axes, strict=True)
        )
        plain = all(len(axis) <= 1 for axis in (*axes, *own.axes))
        name = self._defined(f"d{argument.rpartition('.')[2]}", gradient, own.axes if same else axes)
        # axes of size 1 have no index, so only axes that stand for themselves are compared by the claim itself
        direct = same or (plain and len(axes) == len(own.axes) and all(map(bool, axes)) and all(map(bool, own.axes)))
        reached = gradient.storage.reached().union(*[one.reached() for one in self.machine.always])
        rests = tuple(one for one in self.machine.obligations if one.storage in reached)
        return Gradient(argument, name, gradient.shape, own.shape, direct, self.origins[argument], rests)


class _Watched:
    """Calls a function and keeps the expression that it returned."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter
        self.node: ast.expr | None = None

    def call(self, function: Function, given: dict[str, Any]) -> Any:
        """The value."""
        value = self.interpreter.call_function(function, [], given)
        returns = [node for node in ast.walk(function.node) if isinstance(node, ast.Return) and node.value is not None]
        self.node = returns[-1].value if returns else None
        return value


def _flattened(value: Any, node: ast.expr | None, place: str) -> list[tuple[Any, str, str]]:
    """The items of tuples in tuples, how the code writes each, and where it is (`1.0`)."""
    if not isinstance(value, tuple | list):
        return [(value, ast.unparse(node) if node is not None else "", place)]
    same = isinstance(node, ast.Tuple | ast.List) and len(node.elts) == len(value)
    parts: list[Any] = list(node.elts) if same else [None] * len(value)  # type: ignore[union-attr]
    found: list[tuple[Any, str, str]] = []
    for at, (item, part) in enumerate(zip(value, parts, strict=True)):
        found += _flattened(item, part, f"{place}.{at}" if place else str(at))
    return found


def _parameters(function: Function) -> list[str]:
    spec = function.node.args
    return [one.arg for one in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]


def _put(found: dict[str, Any], name: str, value: Any) -> None:
    """A dotted name as an entry of a dictionary."""
    head, _, tail = name.partition(".")
    if tail:
        _put(found.setdefault(head, {}), tail, value)
    else:
        found[head] = value


def _output(machine: Machine, value: Any) -> tuple[Array, list[Any]]:
    """What forward computes and what else it returns."""
    if isinstance(value, tuple | list) and value and isinstance(value[0], Array):
        return value[0], list(value[1:])
    if isinstance(value, Array):
        return value, []
    machine.refuse("the forward function returns no array", "return out, or out and a cache")


def _attributes_of(owner: Object) -> list[tuple[tuple[str, str], str, Any]]:
    """Attributes of an object with where they are, those in its dictionaries too: self.grads["W"] is the gradient of
    W."""
    found: list[tuple[tuple[str, str], str, Any]] = []
    for name, value in owner.attributes.items():
        if isinstance(value, dict) and name in ("grads", "grad", "gradients"):
            for key, one in value.items():
                found.append(((name, str(key)), str(key) if str(key).startswith("d") else f"d{key}", one))
        else:
            found.append((("attribute", name), name, value))
    return found

