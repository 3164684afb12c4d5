"""From an expression of a script to the one literal that gives it its value."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from math import isclose
from typing import Any, cast

from snellen.trials.edits.script import (
    Function,
    Scope,
    Script,
    UnsureError,
    called,
    keyword,
    whole,
)

CLOSE = 1e-6
"""Relative difference of two numbers that are one: facts may have gone through float32."""
DEEPEST = 12
"""Names that are followed, one to the next."""
_OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
}


def literal(script: Script, node: ast.expr, was: Any = None, deep: int = 0) -> ast.expr:
    """The literal, or the sum, product and so on of literals, that decides this expression.

    Names are followed to their one assignment, parameters to the argument of the one call or to
    their default, attributes of parsed arguments to the option's default, items of a plain
    dictionary to their value. `was`: what the value was in the run; of a choice (`a if b else c`)
    it tells which literal was in force. Raises `UnsureError` where the way is not plain, or where
    it ends at another value.
    """
    if deep > DEEPEST:
        raise UnsureError("the value goes through too many names", node.lineno)
    known, value = constant(node)
    if known:
        if was is not None and not same(value, was):
            raise UnsureError(
                f"it says {script.said(node)}, and the run was made with {shown(was)}", node.lineno
            )
        return node
    match node:
        case ast.IfExp(body=body, orelse=orelse) if was is not None:
            return _of_a_choice(script, [body, orelse], was, deep)
        case ast.Call(func=ast.Name(id="float" | "int"), args=[inner], keywords=[]):
            return literal(script, inner, was, deep + 1)
        case ast.Name():
            return _of_a_name(script, node, was, deep)
        case ast.Attribute(value=ast.Name() as holder):
            return _of_an_attribute(script, node, holder, was, deep)
        case ast.Subscript(value=ast.Name() as holder, slice=ast.Constant(value=key)):
            kept = bound(script, holder)
            if isinstance(kept, ast.Dict):
                for name, value in zip(kept.keys, kept.values, strict=True):
                    if isinstance(name, ast.Constant) and name.value == key:
                        return literal(script, value, was, deep + 1)
        case _:
            pass
    raise UnsureError("the value is computed, and not a plain literal", node.lineno)


def among(script: Script, node: ast.expr, values: Iterable[Any]) -> ast.expr | None:
    """The literal, where its value is one of these; `None` where it is surely another. Raises
    `UnsureError` where it is not plain."""
    for value in values:
        try:
            return literal(script, node, value)
        except UnsureError:
            continue
    literal(script, node)
    return None


def constant(node: ast.expr) -> tuple[bool, Any]:
    """Whether this is a literal, or arithmetic of literal numbers, and its value."""
    try:
        return True, ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        pass
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        left, a = constant(node.left)
        right, b = constant(node.right)
        if left and right and all(isinstance(x, int | float) for x in (a, b)):
            try:
                # Of floats: a power of whole numbers may have no end of digits.
                return True, _OPERATIONS[type(node.op)](float(a), float(b))
            except (ArithmeticError, ValueError):
                return False, None
    return False, None


def same(value: Any, was: Any) -> bool:
    """Equal, numbers nearly so; of lists and tuples, each item."""
    if isinstance(value, bool) or isinstance(was, bool):
        return value is was
    if isinstance(value, int | float) and isinstance(was, int | float):
        return isclose(value, was, rel_tol=CLOSE, abs_tol=1e-30)
    if isinstance(value, list | tuple) and isinstance(was, list | tuple):
        a, b = cast("list[Any]", value), cast("list[Any]", was)
        return len(a) == len(b) and all(map(same, a, b))
    return bool(value == was)


def shown(value: Any) -> str:
    """A recorded value as one reads it: a float that went through float32 in few digits."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def bound(script: Script, name: ast.Name) -> ast.expr | None:
    """What the name is bound to by the only assignment there is of it in the scope that binds it;
    `None` where there is none, or more than one, or another kind."""
    scope = binding(script, name)
    if scope is None:
        return None
    assigned = list(_assignments(scope, name.id))
    return assigned[0] if len(assigned) == 1 else None


def binding(script: Script, name: ast.Name) -> Scope | None:
    """The scope that binds the name."""
    for scope in script.scopes(name):
        if name.id in parameters(scope) or any(True for _ in _assignments(scope, name.id)):
            return scope
    return None


def parameters(scope: Scope) -> list[str]:
    if isinstance(scope, Function | ast.Lambda):
        own = scope.args
        every = [*own.posonlyargs, *own.args, *own.kwonlyargs, own.vararg, own.kwarg]
        return [parameter.arg for parameter in every if parameter is not None]
    return []


def inside(scope: ast.AST) -> Iterator[ast.AST]:
    """Everything in a scope, without what further functions and classes hold in it."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, Function | ast.Lambda | ast.ClassDef):
            yield from inside(child)


def _assignments(scope: Scope, name: str) -> Iterator[ast.expr | None]:
    """What is bound to the name; `None` for each binding that is no plain assignment."""
    plain: set[ast.AST] = set()
    for node in inside(scope):
        match node:
            case ast.Assign(targets=[ast.Name(id=target) as store], value=value):
                if target == name:
                    plain.add(store)
                    yield value
            case ast.AnnAssign(target=ast.Name(id=target) as store, value=value) if value:
                if target == name:
                    plain.add(store)
                    yield value
            case _:
                pass
    for node in inside(scope):
        if isinstance(node, ast.Name) and node.id == name and node not in plain:
            if not isinstance(node.ctx, ast.Load):
                yield None
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield from (None for own in node.names if own == name)
        elif isinstance(node, Function | ast.ClassDef) and node.name == name:
            yield None


def _of_a_choice(script: Script, choices: list[ast.expr], was: Any, deep: int) -> ast.expr:
    """The one of these that leads to what the value was."""
    found: list[ast.expr] = []
    for choice in choices:
        try:
            found.append(literal(script, choice, was, deep + 1))
        except UnsureError:
            continue
    if len(found) != 1:
        raise UnsureError("several values are chosen from", choices[0].lineno)
    return found[0]


def _of_a_name(script: Script, name: ast.Name, was: Any, deep: int) -> ast.expr:
    scope = binding(script, name)
    if scope is None:
        raise UnsureError(f"`{name.id}` is not set in this script", name.lineno)
    _used_for_this_alone(script, name, scope)
    if name.id in parameters(scope):
        assert isinstance(scope, Function | ast.Lambda)
        if any(True for _ in _assignments(scope, name.id)):
            raise UnsureError(f"`{name.id}` is set more than once", name.lineno)
        return _of_a_parameter(script, name, scope, was, deep)
    value = bound(script, name)
    if value is None:
        raise UnsureError(f"`{name.id}` is set more than once", name.lineno)
    return literal(script, value, was, deep + 1)


def _used_for_this_alone(script: Script, name: ast.Name, scope: Scope) -> None:
    """Raise where the name is read for another purpose too, which would change with it. What is
    printed, and what is handed on under the same keyword, is no other purpose."""
    own = _purpose(script, name)
    for node in ast.walk(scope):
        if not (isinstance(node, ast.Name) and node.id == name.id and node is not name):
            continue
        if isinstance(node.ctx, ast.Load) and binding(script, node) is scope:
            other = _purpose(script, node)
            if other not in ("", own):
                raise UnsureError(f"`{name.id}` is used for something else too", node.lineno)


def _purpose(script: Script, name: ast.Name) -> str:
    """What the name is read for: the keyword or the place of an argument; empty for what is
    printed."""
    for above in script.above(name):
        if isinstance(above, ast.JoinedStr):
            return ""
        if isinstance(above, ast.Call) and called(above) in ("print", "format", "info", "debug"):
            return ""
        if isinstance(above, ast.stmt):
            break
    over = script.parent(name)
    if isinstance(over, ast.keyword):
        call = script.parent(over)
        return f"{_kind(call) if isinstance(call, ast.Call) else ''}.{over.arg}"
    if isinstance(over, ast.Call) and name in over.args:
        return f"{_kind(over)}.{over.args.index(name)}"
    return f"line {name.lineno}"


def _kind(call: ast.Call) -> str:
    """What is called; all layers that drop have one rate for one purpose."""
    name = called(call)
    return "dropout" if "dropout" in name.lower() else name


def _of_a_parameter(
    script: Script, name: ast.Name, scope: Function | ast.Lambda, was: Any, deep: int
) -> ast.expr:
    """By the argument of the only call of the function, or by the default where none gives it."""
    if isinstance(scope, ast.Lambda):
        raise UnsureError(f"`{name.id}` is a parameter", name.lineno)
    calls = script.calls(scope.name)
    if not all(map(whole, calls)) or _mentioned(script, scope) != len(calls):
        raise UnsureError(f"`{name.id}` comes from calls that can't be followed", name.lineno)
    method = isinstance(script.parent(scope), ast.ClassDef)
    own = scope.args
    places = [parameter.arg for parameter in (*own.posonlyargs, *own.args)][method:]
    given: list[ast.expr] = []
    for call in calls:
        told = keyword(call, name.id)
        if told is not None:
            given.append(told.value)
        elif name.id in places and places.index(name.id) < len(call.args):
            given.append(call.args[places.index(name.id)])
    if len(given) == 1 and len(calls) == 1:
        return literal(script, given[0], was, deep + 1)
    default = _default(scope, name.id)
    if given or default is None:
        raise UnsureError(f"`{name.id}` is given in several calls", name.lineno)
    return literal(script, default, was, deep + 1)


def _mentioned(script: Script, scope: Function) -> int:
    """How often the function is read, called or not: one that is handed on is called elsewhere."""
    return sum(
        isinstance(node.ctx, ast.Load)
        for node in ast.walk(script.tree)
        if (isinstance(node, ast.Name) and node.id == scope.name)
        or (isinstance(node, ast.Attribute) and node.attr == scope.name)
    )


def _default(scope: Function, name: str) -> ast.expr | None:
    own = scope.args
    placed = [*own.posonlyargs, *own.args]
    pairs = [*zip(reversed(placed), reversed(own.defaults), strict=False)]
    pairs += [
        (parameter, default)
        for parameter, default in zip(own.kwonlyargs, own.kw_defaults, strict=True)
        if default is not None
    ]
    return next((default for parameter, default in pairs if parameter.arg == name), None)


def _of_an_attribute(
    script: Script, node: ast.Attribute, holder: ast.Name, was: Any, deep: int
) -> ast.expr:
    kept = bound(script, holder)
    if isinstance(kept, ast.Call):
        if called(kept) in ("parse_args", "parse_known_args"):
            return _of_an_option(script, node.attr, was, deep)
        if not kept.args and not kept.keywords and (own := _class(script, called(kept))):
            values = [value for value in _assignments(own, node.attr) if value is not None]
            if len(values) == 1:
                return literal(script, values[0], was, deep + 1)
    raise UnsureError("the value is an attribute that can't be followed", node.lineno)


def _class(script: Script, name: str) -> ast.ClassDef | None:
    found = [n for n in script.tree.body if isinstance(n, ast.ClassDef) and n.name == name]
    return found[0] if len(found) == 1 else None


def _of_an_option(script: Script, name: str, was: Any, deep: int) -> ast.expr:
    """The default of the option, where the command line did not give it."""
    for call in script.calls("add_argument"):
        flags = [f.value for f in call.args if isinstance(f, ast.Constant)]
        flags = [flag for flag in flags if isinstance(flag, str)]
        told = keyword(call, "dest")
        long = [flag for flag in flags if flag.startswith("--")] or flags
        own = told.value.value if told and isinstance(told.value, ast.Constant) else None
        if (own or (long[0].lstrip("-").replace("-", "_") if long else "")) != name:
            continue
        for given in script.arguments:
            flag = given.partition("=")[0]
            # Any beginning of an option's name will do, if it is the only one with it.
            if flag in flags or (len(flag) > 2 and any(f.startswith(flag) for f in flags)):
                raise UnsureError(
                    f"it was given on the command line: give {flag} another value", call.lineno
                )
        default = keyword(call, "default")
        if default is not None:
            return literal(script, default.value, was, deep + 1)
        raise UnsureError(f"the option {'/'.join(flags)} has no default", call.lineno)
    raise UnsureError(f"no option gives `{name}`")
