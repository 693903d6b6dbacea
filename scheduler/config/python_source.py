"""What the source of a Python module defines: it is found and parsed, and never imported."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

from scheduler.text import did_you_mean, listed, plural

_VALUES = (
    *(ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.Dict, ast.Set),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)
"""Expressions of which the value certainly is not a function."""


def spec_of(module: str, path: list[str]) -> ModuleSpec | None:
    """Where a module is."""
    spec: ModuleSpec | None = None
    names = module.split(".")
    for depth in range(1, len(names) + 1):
        places = path if spec is None else [*(spec.submodule_search_locations or ())]
        spec = PathFinder.find_spec(".".join(names[:depth]), places)
        if spec is None:
            return None
    return spec


def function_problem(reference: str, path: list[str]) -> str | None:
    """Why the source of the module does not define the function; None when it does, or cannot be read."""
    module, _, attribute = reference.partition(":")
    tree = _tree_of(module, path)
    if tree is None:
        return None
    name, _, rest = attribute.partition(".")
    kinds = _definitions(tree, name)
    if not kinds:
        functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        return f"{module} has no attribute {name!r}{did_you_mean(name, functions)}"
    if kinds == {"class"} and not rest:
        return f"{module}:{name} is a class; it must be a function"
    match None if rest else _only_statement(tree, name):
        case ast.FunctionDef(decorator_list=[]) | ast.AsyncFunctionDef(decorator_list=[]) as function:
            if _has_yield(function.body):
                return f"{reference} contains `yield`: calling it makes a generator and runs nothing"
        case ast.Assign(value=value) | ast.AnnAssign(value=value) if _is_value(value):
            return f"{module}:{name} is a value; it must be a function"
    return None


def syntax_problem(module: str, path: list[str]) -> str | None:
    """Why this Python cannot import a module or a package around it: their source is not valid."""
    names = module.split(".")
    for depth in range(1, len(names) + 1):
        spec = spec_of(".".join(names[:depth]), path)
        try:
            if spec is not None and (source := _source(spec)) is not None:
                _parse(source)
        except (SyntaxError, ValueError) as error:  # ValueError for NUL characters, in Python 3.11
            line = getattr(error, "lineno", None)
            where = "" if line is None else f"line {line}: "
            return f"{spec.origin if spec else module} is not valid Python: {where}{getattr(error, 'msg', error)}"
    return None


def argument_problem(
    reference: str, args: Sequence[Any], kwargs: Mapping[str, Any], path: list[str], *, may_get_more: bool = False
) -> tuple[str, str] | None:
    """The key of the arguments that the function does not accept or that are missing, and why not.

    None when it accepts them, and when its source does not say so plainly: the function is decorated, imported, a
    method, or defined more than once. With `may_get_more`, no argument is missing.
    """
    module, _, name = reference.partition(":")
    tree = _tree_of(module, path)
    found = [] if tree is None else [*_bindings(tree, name)]
    if len(found) != 1 or not isinstance(found[0], ast.FunctionDef | ast.AsyncFunctionDef) or found[0].decorator_list:
        return None
    taken = found[0].args
    positional = [argument.arg for argument in (*taken.posonlyargs, *taken.args)]
    by_name = [argument.arg for argument in (*taken.args, *taken.kwonlyargs)]
    if len(args) > len(positional) and taken.vararg is None:
        return "args", f"{reference} accepts at most {plural(len(positional), 'positional argument')}, not {len(args)}"
    for key in kwargs if taken.kwarg is None else ():
        if key not in by_name:
            return "kwargs", f"{reference} has no argument {key!r}{did_you_mean(key, by_name)}"
    if len(args) == 1 and isinstance(args[0], dict) and args[0] and args[0].keys() <= {*by_name}:
        message = f"{reference} gets this mapping as its first argument; keyword arguments go under `kwargs`"
        return "args", message
    twice = [key for key in kwargs if key in positional[len(taken.posonlyargs) : len(args)]]
    if twice:
        return "kwargs", f"{reference} gets {twice[0]!r} twice: by its position in `args`, and by its name"
    if may_get_more or tree is None or found[0] not in tree.body:
        return None
    required = positional[len(args) : len(positional) - len(taken.defaults)]
    required += [one.arg for one, value in zip(taken.kwonlyargs, taken.kw_defaults, strict=True) if value is None]
    missing = [repr(name) for name in required if name not in kwargs or name not in by_name]
    if missing:
        return "python", f"{reference} needs {listed(missing)}; give arguments under `args` or `kwargs`"
    return None


def _tree_of(module: str, path: list[str]) -> ast.Module | None:
    """The source of a module; None when it cannot be read or is not valid."""
    spec = spec_of(module, path)
    try:
        source = None if spec is None else _source(spec)
        return None if source is None else _parse(source)
    except (SyntaxError, ValueError):
        return None


def _source(spec: ModuleSpec) -> bytes | None:
    if not spec.has_location or not str(spec.origin).endswith(".py"):
        return None
    try:
        return Path(str(spec.origin)).read_bytes()
    except OSError:
        return None


@lru_cache(maxsize=2)
def _parse(source: bytes) -> ast.Module:
    """SyntaxError or ValueError for source that is not valid. Several questions in a row are about one module."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def _only_statement(tree: ast.Module, name: str) -> ast.stmt | None:
    """The statement of the module that alone gives the name its value; None when that is not certain."""
    bindings = [*_bindings(tree, name)]
    if len(bindings) != 1:
        return None
    for statement in tree.body:
        is_assigned = isinstance(statement, ast.Assign) and statement.targets == bindings
        if statement is bindings[0] or is_assigned or getattr(statement, "target", None) is bindings[0]:
            return statement
    return None


def _is_value(expression: ast.expr | None) -> bool:
    """Whether the value of an expression certainly cannot be called; None may be replaced by a function later."""
    return isinstance(expression, _VALUES) and not (isinstance(expression, ast.Constant) and expression.value is None)


def _has_yield(body: Sequence[ast.AST]) -> bool:
    """Whether statements contain `yield`, but for those of functions in them."""
    for node in body:
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        is_scope = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef)
        if not is_scope and _has_yield([*ast.iter_child_nodes(node)]):
            return True
    return False


def _definitions(tree: ast.Module, name: str) -> set[str]:
    """In which ways the source may define a name: as a class, or otherwise."""
    return {"class" if isinstance(node, ast.ClassDef) else "other" for node in _bindings(tree, name)}


def _bindings(tree: ast.Module, name: str) -> Iterator[ast.AST]:
    """What may give the name its value, wherever in the module."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=defined) if defined == name:
                yield node
            case ast.FunctionDef(name=defined) | ast.AsyncFunctionDef(name=defined):
                if defined in {name, "__getattr__"}:
                    yield node
            case ast.alias(name=imported, asname=alias):
                if imported == "*" or name in {alias, imported.partition(".")[0]}:
                    yield node
            case ast.Name(id=assigned, ctx=ast.Store()) if assigned == name:
                yield node
