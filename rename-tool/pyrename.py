"""Rename tokens of Python files: names by scope, strings by kind, names in backticks in comments and docstrings."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from typing import Callable

from tables import Scope, Table

SQL_WORDS = re.compile(
    r"\b(?:SELECT|INSERT INTO|UPDATE [a-z_]+|DELETE FROM|CREATE (?:TABLE|TEMP|VIEW|INDEX|ROLE|OR|UNIQUE)|TRUNCATE|ALTER TABLE"
    r"|DROP (?:TABLE|VIEW|INDEX|SCHEMA)|WHERE|FROM [a-z_]+|RETURNING|GRANT|JOIN [a-z_]+|ORDER BY|GROUP BY)\b"
)
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def symbols_in(tree: ast.AST, module: str | None, table: Table) -> tuple[dict[str, str], list[tuple[Scope, str]]]:
    """Names that this file has from modules whose symbols are renamed, or defines itself as one of them."""
    found: dict[str, str] = {}
    used = []
    if module in table.symbols:
        scope = table.symbols[module]
        found |= scope.names
        used += [(scope, name) for name in scope.names]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in table.symbols and node.level == 0:
            scope = table.symbols[node.module]
            for alias in node.names:
                if alias.name in scope.names:
                    found[alias.name] = scope.names[alias.name]
    return found, used


FOREIGN = {"most_common"}


def bounds(old: str) -> str:
    """`_MOST_x`, `x_MOST`, `LONGEST_x`, `most_x` and so on: a bound is called max or min."""
    if old in FOREIGN or not re.search(r"MOST|LONGEST|SHORTEST|LEAST|most_|least_|longest_|shortest_", old):
        return old
    if match := re.fullmatch(r"(_?)((?:[A-Z]+_)*)MOST((?:_[A-Z0-9]+)*)", old):
        return f"{match[1]}MAX_{match[2]}{match[3].strip('_')}".rstrip("_")
    if match := re.fullmatch(r"(_?)LEAST((?:_[A-Z0-9]+)+)", old):
        return f"{match[1]}MIN{match[2]}"
    if match := re.fullmatch(r"(_?)(LONGEST|SHORTEST)((?:_[A-Z0-9]+)+)", old):
        end = "" if re.search(r"_(SECONDS|BYTES|MESSAGES)$", match[3]) else "_LENGTH"
        return f"{match[1]}{'MAX' if match[2] == 'LONGEST' else 'MIN'}{match[3]}{end}"
    if match := re.fullmatch(r"(_?)(most|least|longest|shortest)((?:_[a-z0-9]+)+)", old):
        return f"{match[1]}{'max' if match[2] in ('most', 'longest') else 'min'}{match[3]}"
    return old


def table_names(table: Table, module: str | None) -> set[str]:
    return set(table.symbols[module].names) if module in table.symbols else set()


def symbol_places(tree: ast.Module, symbols: set[str], text: str) -> set[tuple[int, int]]:
    """Where these names stand for the module's symbols: not where a scope of its own binds the name, nor keywords."""
    lines = text.splitlines(keepends=True)
    found: set[tuple[int, int]] = set()

    def place(line: int, column: int) -> tuple[int, int]:
        source = lines[line - 1]
        return line, len(source.encode()[:column].decode()) if not source.isascii() else column

    def named(line: int, column: int, name: str) -> None:
        source = lines[line - 1]
        at = re.compile(rf"\b{name}\b").search(source, place(line, column)[1])
        if at:
            found.add((line, at.start()))

    def bound(node: ast.AST) -> set[str]:
        arguments = node.args
        names = {a.arg for a in [*arguments.args, *arguments.kwonlyargs, *arguments.posonlyargs, *filter(None, [arguments.vararg, arguments.kwarg])]}
        if isinstance(node, ast.Lambda):
            return names
        stack = list(node.body)
        while stack:
            part = stack.pop()
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                names.add(part.id)
            if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                names.add(part.name)
                continue
            if isinstance(part, ast.Lambda):
                continue
            stack.extend(ast.iter_child_nodes(part))
        return names

    def visit(node: ast.AST, hidden: set[str], in_class: bool, top: bool) -> None:
        if isinstance(node, ast.Name):
            if node.id in symbols and node.id not in hidden and not (in_class and isinstance(node.ctx, ast.Store)):
                found.add(place(node.lineno, node.col_offset))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                if alias.name in symbols:
                    named(alias.lineno, alias.col_offset, alias.name)
            return
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if top and node.name in symbols:
                named(node.lineno, node.col_offset, node.name)
            for part in [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults), *([node.returns] if node.returns else [])]:
                visit(part, hidden, False, False)
            for arg in [*node.args.args, *node.args.kwonlyargs, *node.args.posonlyargs]:
                if arg.annotation:
                    visit(arg.annotation, hidden, False, False)
            inner = hidden | bound(node)
            for part in node.body:
                visit(part, inner, False, False)
            return
        elif isinstance(node, ast.Lambda):
            visit(node.body, hidden | bound(node), False, False)
            for part in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
                visit(part, hidden, False, False)
            return
        elif isinstance(node, ast.ClassDef):
            if top and node.name in symbols:
                named(node.lineno, node.col_offset, node.name)
            for part in [*node.decorator_list, *node.bases]:
                visit(part, hidden, False, False)
            for part in node.body:
                visit(part, hidden, True, False)
            return
        for child in ast.iter_child_nodes(node):
            visit(child, hidden, in_class and not isinstance(child, ast.expr) or (in_class and isinstance(child, ast.Name)), top and isinstance(node, (ast.Module, ast.If, ast.Try)))

    visit(tree, set(), False, True)
    return found


def module_aliases(tree: ast.AST, table: Table) -> dict[str, Scope]:
    """Names that stand for a module with renamed symbols: `from tasks import told`, `import tasks.told as told`."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            for alias in node.names:
                module = f"{node.module}.{alias.name}"
                if module in table.symbols:
                    found[alias.asname or alias.name] = table.symbols[module]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in table.symbols and alias.asname:
                    found[alias.asname] = table.symbols[alias.name]
    return found


class Renamer:
    def __init__(self, path: str, module: str | None, text: str, *, names: Table, sql: Table, rewrite_text: Callable[[str], str]):
        self.is_test = path.startswith("tests/")
        self.path, self.text, self.names, self.sql_table = path, text, names, sql
        self.rewrite_text = rewrite_text
        tree = ast.parse(text)
        self.scopes = names.scopes_of(path)
        self.special, self.general = {}, {}
        for scope in self.scopes:
            for key in scope.names:
                (self.general if "*" in scope.globs else self.special).setdefault(key, scope)
        self.texts = [(scope, key) for scope in self.scopes for key in scope.names if key.startswith("~")]
        self.symbols, used = symbols_in(tree, module, names)
        for scope, name in used:
            scope.used.add(name)
        self.aliases = module_aliases(tree, names)
        self.places = symbol_places(tree, set(self.symbols), text)
        self.own_private = {n for n in table_names(names, module) if n.startswith("_")}
        self.sql_scopes = sql.scopes_of(path)
        self.docstrings = _docstring_lines(tree)
        self.annotations = _annotation_strings(tree)
        self.parameters = _parametrized(tree)
        self.arguments = {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}

    def name(self, old: str, *, is_attribute: bool, before: str = "", previous: str = "", place: tuple[int, int] | None = None) -> str:
        keys = ("." + old, old) if is_attribute else ("def:" + old, old) if previous == "def" else (old,)
        for key in keys:
            if key in self.special:
                scope = self.special[key]
                scope.used.add(key)
                return _new(scope.names[key], old)
        if is_attribute and before in self.aliases and old in self.aliases[before].names:
            return self.aliases[before].names[old]
        if old in self.own_private or (not is_attribute and old in self.symbols and (place is None or place in self.places)):
            return _new(self.symbols[old], old)
        for key in keys:
            if key in self.general:
                scope = self.general[key]
                scope.used.add(key)
                return _new(scope.names[key], old)
        if old.startswith("test_") and self.is_test:
            from texts import test_name

            return test_name(old)
        return bounds(old)

    def run(self) -> str:
        out: list[tuple[tuple[int, int], tuple[int, int], str]] = []
        tokens = list(tokenize.generate_tokens(io.StringIO(self.text).readline))
        previous, before_that = "", ""
        on_path = ""  # inside the dotted path of an import, which is rewritten later
        for token in tokens:
            new = token.string
            if token.type == tokenize.NAME and previous in ("", "\n", ":", ";") and token.string in ("from", "import"):
                on_path = token.string
            elif on_path == "from" and token.string == "import" or token.type == tokenize.NEWLINE:
                on_path = ""
            if token.type == tokenize.NAME and on_path:
                pass
            elif token.type == tokenize.NAME:
                new = self.name(token.string, is_attribute=previous == ".", before=before_that, previous=previous, place=token.start)
            elif token.type == tokenize.STRING:
                new = self.string(token)
            elif token.type == tokenize.COMMENT:
                new = self.rewrite_text(self.ticks(token.string))
            elif tokenize.FSTRING_MIDDLE == token.type:
                # the text of the token has its doubled braces halved; take the source instead
                source = _slice(self.lines, token.start, token.end)
                new = self.fragment(source)
                if new != source:
                    out.append((token.start, token.end, new))
                new = token.string
            if new != token.string:
                out.append((token.start, token.end, new))
            if token.type not in (tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT):
                before_that, previous = previous, token.string
        return _replace(self.text, out)

    def collisions(self) -> list[str]:
        """Names of one function that had different names before and would be one name now."""
        found = []
        tree = ast.parse(self.text)
        scopes = [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Module))]
        for scope in scopes:
            new: dict[str, set[str]] = {}
            for node in ast.walk(scope) if not isinstance(scope, ast.Module) else _top(scope):
                old, at = None, None
                if isinstance(node, ast.Name):
                    old, at = node.id, (node.lineno, node.col_offset)
                elif isinstance(node, ast.arg):
                    old, at = node.arg, (node.lineno, node.col_offset)
                elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node is not scope:
                    old = node.name
                    new.setdefault(self.name(old, is_attribute=False, previous="def"), set()).add(old)
                    continue
                elif isinstance(node, ast.alias):
                    old = (node.asname or node.name).split(".")[0]
                if old and old != "one":
                    new.setdefault(self.name(old, is_attribute=False, place=at), set()).add(old)
            name = getattr(scope, "name", "(module)")
            found += [f"collision: {self.path}: {name}: {' and '.join(sorted(olds))} -> {n}" for n, olds in new.items() if len(olds) > 1]
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                members: dict[str, set[str]] = {}
                for part in node.body:
                    names = [part.name] if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)) else []
                    if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                        names = [part.target.id]
                    for old in names:
                        members.setdefault(self.name(old, is_attribute=False, previous="def" if not isinstance(part, ast.AnnAssign) else "", place=(0, 0)), set()).add(old)
                for part in ast.walk(node):
                    if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "self":
                        members.setdefault(self.name(part.attr, is_attribute=True, before="self"), set()).add(part.attr)
                found += [f"collision: {self.path}: class {node.name}: {' and '.join(sorted(olds))} -> {n}" for n, olds in members.items() if len(olds) > 1]
        return found

    @property
    def lines(self) -> list[str]:
        if not hasattr(self, "_lines"):
            self._lines = self.text.splitlines(keepends=True)
        return self._lines

    def string(self, token: tokenize.TokenInfo) -> str:
        match = re.match(r"(?i)([rbuf]*)('''|\"\"\"|'|\")", token.string)
        assert match
        head, quote = match[0], match[2]
        body = token.string[len(head) : -len(quote)]
        if token.start[0] in self.docstrings and len(quote) == 3:
            # what the docstring says of each parameter
            body = re.sub(r"(?m)^( {4,})(\w+)(?=: )", lambda m: m[1] + (self.name(m[2], is_attribute=False) if m[2] in self.arguments else m[2]), body)
            return head + self.rewrite_text(self.ticks(body)) + quote
        if token.start in self.annotations or (self.annotations & {(token.start[0], c) for c in (token.start[1],)}):
            return head + IDENTIFIER.sub(lambda m: self.name(m[0], is_attribute=body[m.start() - 1 : m.start()] == "."), body) + quote
        if token.start in self.parameters:
            return head + IDENTIFIER.sub(lambda m: self.name(m[0], is_attribute=False), body) + quote
        return head + self.fragment(body) + quote

    def fragment(self, body: str) -> str:
        if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", body):
            return self.exact(body)
        if re.fullmatch(r"[ ,]*[a-z_0-9]+([ ,]+[a-z_0-9]+)*[ ,]*", body) and ("_" in body or "roles" in self.path):
            if "roles" in self.path:
                return re.sub(r"\w+", lambda m: self.sql_word(m[0]), body)
            return re.sub(r"\w*_\w*", lambda m: self.exact(m[0]), body)
        if SQL_WORDS.search(body):
            body = self.sql(body)
        elif "import " in body and "\n" in body or re.search(r"(^|; )(from \w+(\.\w+)* )?import \w+", body):
            body = IDENTIFIER.sub(lambda m: self.name(m[0], is_attribute=body[m.start() - 1 : m.start()] == "."), body)
        for scope, key in self.texts:  # text in a string, written with ~ for spaces
            old = key[1:].replace("~", " ")
            if old in body:
                scope.used.add(key)
                body = body.replace(old, scope.names[key].replace("~", " "))
        return self.rewrite_text(self.ticks(body))

    def exact(self, body: str) -> str:
        quoted = f'"{body}"'
        for table in (self.special, self.general):
            if quoted in table:
                table[quoted].used.add(quoted)
                return _new(table[quoted].names[quoted], body)
        if "_" in body.strip("_") or (body.isupper() and len(body) > 3) or re.match(r"[A-Z][a-z]+[A-Z]", body):
            new = self.sql_word(body)
            if new == body:
                new = self.name(body, is_attribute=False)
            if new == body and "." + body:
                new = self.name(body, is_attribute=True)
            return new
        return body

    def sql_word(self, word: str, *, is_parameter: bool = False) -> str:
        if is_parameter:
            for scope in self.sql_scopes:
                if "%" + word in scope.names:
                    scope.used.add("%" + word)
                    return _new(scope.names["%" + word], word)
        if word == "told_at" and getattr(self, "is_delivery", False):
            return "delivered_at"
        if word == "place" and getattr(self, "is_delivery", False):
            return "channel"
        if word == "told" and getattr(self, "is_delivery", False):
            return "notification_delivery"
        if word == "mid" and self.path.startswith(("tests/", "benchmarks/")):
            return "provider_message_id" if getattr(self, "is_unmatched", False) else word
        for scope in self.sql_scopes:
            if word in scope.names:
                scope.used.add(word)
                return _new(scope.names[word], word)
        return word

    def sql(self, body: str) -> str:
        self.is_unmatched = "mid_receipt" in body
        self.is_delivery = re.search(r"\btold\b", body) is not None
        return IDENTIFIER.sub(lambda m: self.sql_word(m[0], is_parameter=body[max(0, m.start() - 2) : m.start()] == "%("), body)

    def ticks(self, body: str) -> str:
        def one(match: re.Match[str]) -> str:
            inner = match[1]
            new = re.sub(
                r"(\.?)([A-Za-z_][A-Za-z0-9_]*)",
                lambda m: m[1] + self._tick(m[2], is_attribute=bool(m[1])),
                inner,
            )
            return f"`{new}`"

        return re.sub(r"`([^`\n]+)`", one, body)

    def _tick(self, word: str, *, is_attribute: bool) -> str:
        if not is_attribute and re.fullmatch(r"[a-z]+", word) and word not in self.special and word not in self.arguments:
            return word  # a word of prose or of a command
        new = self.name(word, is_attribute=is_attribute)
        return new if new != word or "_" not in word else self.sql_word(word)


def _new(new: str, old: str) -> str:
    return old if new == "!" else new


def _docstring_lines(tree: ast.AST) -> set[int]:
    lines = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
                lines.add(first.lineno)
    return lines


def _annotation_strings(tree: ast.AST) -> set[tuple[int, int]]:
    found = set()
    for node in ast.walk(tree):
        roots = []
        if isinstance(node, ast.arg) and node.annotation is not None:
            roots.append(node.annotation)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns is not None:
            roots.append(node.returns)
        elif isinstance(node, ast.AnnAssign):
            roots.append(node.annotation)
            if node.value is not None and isinstance(node.value, ast.Constant) and "TypeAlias" in ast.unparse(node.annotation):
                roots.append(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"cast", "TypeVar"} and node.args:
            roots.append(node.args[0])
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "TypeVar":
            roots.append(node.args[0])
        for root in roots:
            for part in ast.walk(root):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    found.add((part.lineno, len(part_line(tree, part))))
    return found


def _parametrized(tree: ast.AST) -> set[tuple[int, int]]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "parametrize" and node.args:
            for part in ast.walk(node.args[0]):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    found.add((part.lineno, part.col_offset))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"getfixturevalue", "usefixtures"}:
            found |= {(a.lineno, a.col_offset) for a in node.args if isinstance(a, ast.Constant)}
    return found


def part_line(tree: ast.AST, part: ast.Constant) -> str:
    # Columns of the tree are bytes, those of tokens are characters; annotations stand in ASCII lines.
    return " " * part.col_offset


def _slice(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    if start[0] == end[0]:
        return lines[start[0] - 1][start[1] : end[1]]
    parts = [lines[start[0] - 1][start[1] :], *lines[start[0] : end[0] - 1], lines[end[0] - 1][: end[1]]]
    return "".join(parts)


def _replace(text: str, edits: list[tuple[tuple[int, int], tuple[int, int], str]]) -> str:
    if not edits:
        return text
    lines = text.splitlines(keepends=True)
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line))
    at = lambda p: offsets[p[0] - 1] + p[1]
    out, last = [], 0
    for start, end, new in sorted(edits, key=lambda e: e[0]):
        out.append(text[last : at(start)])
        out.append(new)
        last = at(end)
    out.append(text[last:])
    return "".join(out)


def _top(module: ast.Module) -> list[ast.AST]:
    found, stack = [], list(module.body)
    while stack:
        node = stack.pop()
        found.append(node)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            stack.extend(ast.iter_child_nodes(node))
    return found
