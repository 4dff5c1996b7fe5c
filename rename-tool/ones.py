"""Give a variable named `one` the noun of what it goes through."""

from __future__ import annotations

import ast
import re

_SPECIAL = {"people": "person", "children": "child", "entries": "entry", "bodies": "body", "replies": "reply", "queries": "query", "indices": "index",
            "processes": "process", "addresses": "address", "statuses": "status", "boxes": "box", "matches": "match", "branches": "branch", "taxes": "tax",
            "news": "notification", "series": "item", "values": "value", "files": "file", "edges": "edge", "responses": "response", "messages": "message",
            "releases": "release", "databases": "database", "cases": "case", "phrases": "phrase", "clauses": "clause", "pieces": "piece", "sizes": "size",
            "leaves": "leaf", "windows": "window", "services": "service", "devices": "device", "types": "type_", "ids": "item_id", "nodes": "node"}
_BAD = {"item", "range", "list", "sorted", "zip", "enumerate", "filter", "map", "set", "tuple", "dict", "iter", "reversed", "values", "items", "keys",
        "fetchall", "result", "split", "splitlines", "finditer", "findall", "glob", "rglob", "iterdir", "read", "get", "of", "found", "left"}


def _singular(word: str) -> str | None:
    word = word.lower().strip("_").split("_")[-1]
    if word in _SPECIAL:
        return _SPECIAL[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if re.search(r"(ss|x|ch|sh)es$", word):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        return word[:-1]
    return None


def _noun(node: ast.expr) -> str | None:
    """The noun of an iterable."""
    if isinstance(node, ast.Name):
        return _singular(node.id)
    if isinstance(node, ast.Attribute):
        return _singular(node.attr)
    if isinstance(node, ast.Subscript):
        return _noun(node.value)
    if isinstance(node, ast.Await):
        return _noun(node.value)
    if isinstance(node, (ast.BinOp,)):
        return _noun(node.left) or _noun(node.right)
    if isinstance(node, (ast.List, ast.Tuple)) and node.elts:
        first = node.elts[0]
        return _noun(first.value) if isinstance(first, ast.Starred) else None
    if isinstance(node, ast.Call):
        function = node.func
        name = function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
        if name in {"sorted", "list", "tuple", "set", "reversed", "iter", "filter", "map", "enumerate", "zip", "cast"}:
            arguments = node.args[1:] if name in {"filter", "map", "cast"} else node.args
            return next((n for n in (_noun(a) for a in arguments) if n), None)
        if name in {"values", "items", "keys", "fetchall", "copy"} and isinstance(function, ast.Attribute):
            return _noun(function.value)
        return _singular(name)
    return None


def _is_one(target: ast.AST) -> bool:
    return any(isinstance(n, ast.Name) and n.id == "one" for n in ast.walk(target))


def rename_ones(text: str) -> str:
    if not re.search(r"\bones?\b", text):
        return text
    tree = ast.parse(text)
    source = text.splitlines(keepends=True)
    offsets = [0]
    for line in source:
        offsets.append(offsets[-1] + len(line.encode()))
    data = text.encode()
    edits: dict[int, str] = {}
    taken = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} | {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    imported = {a.asname or a.name for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom)) for a in n.names}
    top = {n.name for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}

    def at(line: int, column: int) -> int:
        return offsets[line - 1] + column

    def fresh(noun: str | None, scope: ast.AST, annotation: ast.expr | None = None) -> str:
        used = {n.id for n in ast.walk(scope) if isinstance(n, ast.Name)} | {n.arg for n in ast.walk(scope) if isinstance(n, ast.arg)}
        candidates = [noun] if noun and noun not in _BAD else []
        if annotation is not None:
            last = re.findall(r"[A-Za-z]+", ast.unparse(annotation))
            if last:
                words = re.findall(r"[A-Z][a-z]+", last[0])
                if words:
                    candidates.append(words[-1].lower())
        for candidate in [*candidates, "item", "element", "entry", "member"]:
            if candidate.isidentifier() and candidate not in used | imported | top and candidate not in {"str", "int", "any", "type", "bytes", "float", "path", "row", "id", "class", "from", "list", "input", "hash", "file", "object", "property"}:
                return candidate
        return "each_item"

    def apply(scope: ast.AST, new: str, *, inner: list[ast.AST]) -> None:
        stack = [scope]
        while stack:
            node = stack.pop()
            if node is not scope and node in inner:
                # a scope of its own that binds the name again: its first iterable still belongs to the outer one
                if isinstance(node, _COMPREHENSIONS):
                    stack.append(node.generators[0].iter)
                continue
            if isinstance(node, ast.Name) and node.id == "one":
                edits.setdefault(at(node.lineno, node.col_offset), new)
            elif isinstance(node, ast.arg) and node.arg == "one":
                edits.setdefault(at(node.lineno, node.col_offset), new)
            stack.extend(ast.iter_child_nodes(node))

    def binders(scope: ast.AST) -> list[ast.AST]:
        """Nested scopes that bind `one` themselves."""
        found = []
        for node in ast.walk(scope):
            if node is scope:
                continue
            if isinstance(node, _COMPREHENSIONS) and any(_is_one(g.target) for g in node.generators):
                found.append(node)
            elif isinstance(node, (ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef)):
                arguments = node.args
                if any(a.arg == "one" for a in [*arguments.args, *arguments.kwonlyargs, *arguments.posonlyargs]) or (
                    not isinstance(node, ast.Lambda) and any(_binds(n) for n in ast.walk(node))
                ):
                    found.append(node)
        return found

    def _binds(node: ast.AST) -> bool:
        return (
            (isinstance(node, (ast.For, ast.AsyncFor)) and _is_one(node.target))
            or (isinstance(node, ast.Assign) and any(_is_one(t) and not isinstance(t, (ast.Attribute, ast.Subscript)) for t in node.targets))
            or (isinstance(node, (ast.NamedExpr, ast.AnnAssign)) and isinstance(node.target, ast.Name) and node.target.id == "one")
            or (isinstance(node, ast.withitem) and node.optional_vars is not None and _is_one(node.optional_vars))
        )

    def visit(scope: ast.AST, owner: ast.AST) -> None:
        for node in ast.walk(scope):
            if isinstance(node, _COMPREHENSIONS):
                for generator in node.generators:
                    if _is_one(generator.target):
                        noun = _noun(generator.iter) if isinstance(generator.target, ast.Name) else None
                        apply(node, fresh(noun, node), inner=binders(node))
            elif isinstance(node, ast.Lambda):
                if any(a.arg == "one" for a in node.args.args):
                    apply(node, fresh(None, node), inner=binders(node))
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                parameters = [a for a in [*node.args.args, *node.args.kwonlyargs] if a.arg == "one"]
                bindings = [n for n in _own(node) if _binds(n)]
                if parameters:
                    apply(node, fresh(None, node, parameters[0].annotation), inner=binders(node))
                elif bindings:
                    first = bindings[0]
                    noun = None
                    if isinstance(first, (ast.For, ast.AsyncFor)) and isinstance(first.target, ast.Name):
                        noun = _noun(first.iter)
                    apply(node, fresh(noun, node), inner=binders(node))
        if isinstance(scope, ast.Module):
            bindings = [n for n in _own(scope) if _binds(n)]
            if bindings:
                first = bindings[0]
                noun = _noun(first.iter) if isinstance(first, (ast.For, ast.AsyncFor)) else None
                apply(scope, fresh(noun, scope), inner=binders(scope))

    # Inner scopes first: what they claim is not claimed again.
    def depth_first(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            depth_first(child)
        if isinstance(node, (*_COMPREHENSIONS, ast.Lambda)):
            visit_single(node)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Module)):
            visit_single(node)

    def visit_single(node: ast.AST) -> None:
        if isinstance(node, _COMPREHENSIONS):
            for generator in node.generators:
                if _is_one(generator.target):
                    apply(node, fresh(_noun(generator.iter) if isinstance(generator.target, ast.Name) else None, node), inner=binders(node))
                    return
        elif isinstance(node, ast.Lambda):
            if any(a.arg == "one" for a in node.args.args):
                apply(node, fresh(None, node), inner=binders(node))
        elif isinstance(node, ast.Module):
            bindings = [n for n in _own(node) if _binds(n)]
            if bindings:
                first = bindings[0]
                apply(node, fresh(_noun(first.iter) if isinstance(first, (ast.For, ast.AsyncFor)) and isinstance(first.target, ast.Name) else None, node), inner=binders(node))
        else:
            parameters = [a for a in [*node.args.args, *node.args.kwonlyargs] if a.arg == "one"]
            bindings = [n for n in _own(node) if _binds(n)]
            if parameters:
                apply(node, fresh(None, node, parameters[0].annotation), inner=binders(node))
            elif bindings:
                first = bindings[0]
                noun = _noun(first.iter) if isinstance(first, (ast.For, ast.AsyncFor)) and isinstance(first.target, ast.Name) else None
                apply(node, fresh(noun, node), inner=binders(node))

    depth_first(tree)
    out, last = [], 0
    for start in sorted(edits):
        if data[start : start + 3] != b"one":
            raise SystemExit(f"ones: {data[start:start+20]!r}")
        out += [data[last:start], edits[start].encode()]
        last = start + 3
    return b"".join([*out, data[last:]]).decode()


_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _own(scope: ast.AST) -> list[ast.AST]:
    """Nodes of this scope, without those of nested functions."""
    found, stack = [], list(ast.iter_child_nodes(scope))
    while stack:
        node = stack.pop(0)
        found.append(node)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, *_COMPREHENSIONS)):
            stack.extend(ast.iter_child_nodes(node))
    return found
