"""Rewrite imports: each name from the module where it is now."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass, field


@dataclass
class Modules:
    new: dict[str, str] = field(default_factory=dict)
    splits: dict[tuple[str, str], str] = field(default_factory=dict)  # (old module, new symbol) -> new module

    def add(self, old: str, new: str, path: str) -> None:
        self.new[old] = new
        # Folders of tests stand on sys.path: their helpers are imported by their bare names.
        if path.startswith("tests/") and not path.split("/")[-1].startswith(("test_", "conftest")):
            self.new.setdefault(old.rpartition(".")[2], new)

    def target(self, module: str, symbol: str) -> str:
        return self.splits.get((module, symbol)) or self.new.get(module, module)


def rewrite_imports(path: str, text: str, modules: Modules, *, own: str | None) -> str:
    tree = ast.parse(text)
    lines = text.splitlines(keepends=True)
    edits: list[tuple[int, int, str]] = []
    bases: dict[str, str] = {}
    names_in_file = set(re.findall(r"\w+", text))
    dotted: dict[str, str] = {}
    is_test = path.startswith(("tests/", "benchmarks/"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            groups: dict[str, list[str]] = {}
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if whole in modules.new and (is_test or whole.split(".")[0] in PRODUCT) and not _is_symbol(modules, node.module, alias.name):
                    target, _, base = modules.new[whole].rpartition(".")
                    bound = alias.asname
                    if bound is None and base != alias.name:
                        if base in names_in_file:
                            bound = ALIASES.get(alias.name, alias.name)
                            if bound != alias.name:
                                bases[alias.name] = bound
                        else:
                            bases[alias.name] = base
                    groups.setdefault(target, []).append(base + (f" as {bound}" if bound and bound != base else ""))
                else:
                    target = modules.target(node.module, alias.name) if is_test or node.module.split(".")[0] in PRODUCT else node.module
                    groups.setdefault(target, []).append(alias.name + (f" as {alias.asname}" if alias.asname else ""))
            groups.pop(own, None)
            if groups == {node.module: [a.name + (f" as {a.asname}" if a.asname else "") for a in node.names]}:
                continue
            edits.append((node.lineno, node.end_lineno, _written(node, groups, lines)))
        elif isinstance(node, ast.Import):
            changed = False
            parts = []
            for alias in node.names:
                new = modules.new.get(alias.name, alias.name) if is_test or alias.name.split(".")[0] in PRODUCT else alias.name
                if new == alias.name:
                    parts.append(alias.name + (f" as {alias.asname}" if alias.asname else ""))
                    continue
                changed = True
                if alias.asname:
                    parts.append(f"{new} as {alias.asname}")
                elif "." in alias.name:
                    parts.append(new)
                    dotted[alias.name] = new
                else:  # a helper of tests: `import servers`
                    parts.append(None)
                    base = new.rpartition(".")[2]
                    parts[-1] = ("from", new.rpartition(".")[0], base)
                    bases[alias.name] = base
            if changed:
                indent = lines[node.lineno - 1][: node.col_offset]
                comment = _comment(lines[node.lineno - 1])
                written = "".join(
                    f"{indent}from {p[1]} import {p[2]}{comment}\n" if isinstance(p, tuple) else f"{indent}import {p}{comment}\n"
                    for p in parts
                )
                edits.append((node.lineno, node.end_lineno, written))
    for first, last, new in sorted(edits, reverse=True):
        lines[first - 1 : last] = [new]
    text = "".join(lines)
    for old, new in dotted.items():
        text = re.sub(rf"(?<![\w.]){re.escape(old)}(?=\.\w)", new, text)
    if bases:
        text = _rename_bases(text, bases)
    return text


# The name that a module keeps in a file where its new one would mean something else.
ALIASES = {"eligibility_words": "eligibility_text", "webhook_told": "webhook_types", "sandbox_acts": "sandbox_actions", "page_acts": "page_actions"}
PRODUCT = {"cli", "clients", "deployments", "domain", "flows", "reports", "sandbox", "sql", "tasks", "validations", "web"}


def _is_symbol(modules: Modules, module: str, name: str) -> bool:
    return False


def _comment(line: str) -> str:
    match = re.search(r"\s+#.*$", line.rstrip("\n"))
    return match[0] if match else ""


def _written(node: ast.ImportFrom, groups: dict[str, list[str]], lines: list[str]) -> str:
    indent = lines[node.lineno - 1][: node.col_offset]
    comment = _comment(lines[node.lineno - 1]) or _comment(lines[node.end_lineno - 1])
    return "".join(
        f"{indent}from {module} import {', '.join(names)}{comment}\n" for module, names in groups.items()
    ) or f"{indent}pass\n" * bool(indent)


def _rename_bases(text: str, bases: dict[str, str]) -> str:
    out, last = [], 0
    offsets = [0]
    for line in text.splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line))
    previous, on_import = "", False
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME:
            if token.string in {"from", "import"} and previous in {"", "\n", ";", ":"}:
                on_import = True
            if token.string in bases and previous != "." and not on_import:
                start = offsets[token.start[0] - 1] + token.start[1]
                out += [text[last:start], bases[token.string]]
                last = start + len(token.string)
        if token.type == tokenize.NEWLINE:
            on_import = False
        if token.type not in (tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT):
            previous = token.string
    return "".join([*out, text[last:]])
