"""What the source of a Python module defines: it is found and parsed, and never imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

from scheduler.text import did_you_mean, plural


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
    tree = _tree(module, path)
    if tree is None:
        return None
    name, _, rest = attribute.partition(".")
    kinds = _definitions(tree, name)
    if not kinds:
        functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        return f"{module} has no attribute {name!r}{did_you_mean(name, functions)}"
    if kinds == {"class"} and not rest:
        return f"{module}:{name} is a class; it must be a function"
    return None


def argument_problem(
    reference: str, args: Sequence[Any], kwargs: Mapping[str, Any], path: list[str]
) -> tuple[str, str] | None:
    """The key of the arguments that the function does not accept, `args` or `kwargs`, and why not.

    None when it accepts them, and when its source does not say so plainly: the function is decorated, imported, a
    method, or defined more than once.
    """
    module, _, name = reference.partition(":")
    tree = _tree(module, path)
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
    return None


def _tree(module: str, path: list[str]) -> ast.Module | None:
    spec = spec_of(module, path)
    if spec is None or not spec.has_location or not str(spec.origin).endswith(".py"):
        return None
    try:
        return ast.parse(Path(str(spec.origin)).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None


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
