"""Move symbols from one file to another, with the private helpers, imports and comments that only they need."""

from __future__ import annotations

import ast
import re

import moves


def _names_of(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def _uses(node: ast.AST) -> set[str]:
    found = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    for n in ast.walk(node):  # annotations in quotes
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and re.fullmatch(r"[\w.\[\], |]+", n.value):
            found |= set(re.findall(r"[A-Za-z_]\w*", n.value))
    return found


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, (ast.Import, ast.ImportFrom)) or (
        isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    )


def split_all(files: dict[str, str], modules, notes: list[str], module_of, new_path) -> None:
    additions: dict[str, list[tuple[str, list[str], list[str]]]] = {}
    for path, targets in moves.SPLITS.items():
        if path not in files or not targets:
            continue
        text = files[path]
        tree = ast.parse(text)
        lines = text.splitlines(keepends=True)
        owner: dict[str, ast.stmt] = {}
        for node in tree.body:
            for name in _names_of(node):
                owner[name] = node
        where: dict[int, str] = {}  # id of node -> target
        for target, symbols in targets.items():
            for symbol in symbols:
                if symbol not in owner:
                    notes.append(f"symbol to move not found: {symbol} in {path}")
                    continue
                where[id(owner[symbol])] = target
        changed = True
        while changed:  # private helpers that only one target needs
            changed = False
            for name, node in owner.items():
                if id(node) in where or not name.startswith("_") or _is_import(node):
                    continue
                users = {where.get(id(other), path) for other in tree.body if other is not node and name in _uses(other)}
                if len(users) == 1 and path not in users:
                    where[id(node)] = users.pop()
                    changed = True
        imports = [_segment(lines, tree, n) for n in tree.body if _is_import(n)]
        moved_names: dict[str, str] = {}
        pieces: dict[str, list[str]] = {}
        remove: list[tuple[int, int]] = []
        for node in tree.body:
            if id(node) in where:
                target = where[id(node)]
                first, last = _span(lines, tree, node)
                pieces.setdefault(target, []).append("".join(lines[first:last]))
                remove.append((first, last))
                for name in _names_of(node):
                    moved_names[name] = target
                    modules.splits[module_of(path), name] = module_of(target)
        rest = [n for n in tree.body if id(n) not in where and not _is_import(n)]
        still = {}
        for node in rest:
            for name in _uses(node) & moved_names.keys():
                still.setdefault(moved_names[name], set()).add(name)
        for target, parts in pieces.items():
            # what the moved code needs of what stays, and of other targets
            needed = {}
            for part in parts:
                for name in _uses(ast.parse(part)):
                    if name in owner and moved_names.get(name) != target:
                        needed.setdefault(moved_names.get(name, path), set()).add(name)
            extra = []
            for source, names in needed.items():
                for name in sorted(names):
                    if name.startswith("_"):
                        notes.append(f"private {name} of {path} is used by {target}: imported from {source}")
                module = module_of(source) if source != path else module_of(path)
                extra.append(f"from {module} import {', '.join(sorted(names))}\n")
            additions.setdefault(target, []).append((path, [*imports, *extra], parts))
        for first, last in sorted(remove, reverse=True):
            del lines[first:last]
        text = "".join(lines)
        added = "".join(f"from {module_of(t)} import {', '.join(sorted(names))}\n" for t, names in still.items())
        files[path] = _insert_imports(text, added)
        for name in moved_names:
            pass
    for target, groups in additions.items():
        imports = "".join("".join(i) for _, i, _ in groups)
        # imports of what has moved are rewritten here, since they are written with old modules
        body = "\n\n" + "\n\n".join("".join(p) if isinstance(p, str) else p for _, _, ps in groups for p in ps)
        if target in files:
            files[target] = _insert_imports(files[target], imports).rstrip("\n") + "\n" + body
        else:
            files[target] = f'"""{moves.DOCSTRINGS[target]}"""\n\n{imports}\n{body}'
    for target in additions:
        modules.new.setdefault(module_of(target), module_of(target))
        try:
            ast.parse(files[target])
        except SyntaxError as error:
            notes.append(f"{target}: {error}")


def _segment(lines: list[str], tree: ast.Module, node: ast.stmt) -> str:
    return "".join(lines[node.lineno - 1 : node.end_lineno])


def _span(lines: list[str], tree: ast.Module, node: ast.stmt) -> tuple[int, int]:
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) - 1
    while first > 0 and lines[first - 1].startswith("#"):
        first -= 1
    last = node.end_lineno
    # A docstring below a constant, as some files have it, goes along; so do blank lines behind.
    while last < len(lines) and lines[last].strip() == "":
        last += 1
    return first, last


def _insert_imports(text: str, added: str) -> str:
    if not added:
        return text
    tree = ast.parse(text)
    lines = text.splitlines(keepends=True)
    at = 0
    for node in tree.body:
        if _is_import(node) and not isinstance(node, ast.If):
            at = node.end_lineno
            break
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            at = node.end_lineno
    lines.insert(at, added)
    return "".join(lines)


def merge(one: str, other: str) -> str:
    """Two files become one: the docstring of the first, all imports, both bodies, and the `__main__` of either last."""
    bodies, imports, mains = [], [], []
    docstring = ""
    for text in (one, other):
        tree = ast.parse(text)
        lines = text.splitlines(keepends=True)
        start = 0
        for index, node in enumerate(tree.body):
            if index == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                docstring = docstring or _segment(lines, tree, node)
                start = node.end_lineno
            elif _is_import(node):
                imports.append(_segment(lines, tree, node))
                start = node.end_lineno
            elif isinstance(node, ast.If) and "__name__" in ast.unparse(node.test):
                mains.append("".join(lines[node.lineno - 1 :]))
                lines = lines[: node.lineno - 1]
        bodies.append("".join(lines[start:]).strip("\n"))
    return f"{docstring}\n{''.join(imports)}\n\n" + "\n\n\n".join([*bodies, *mains]).rstrip("\n") + "\n"
