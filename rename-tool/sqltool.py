"""Rename in SQL files: identifiers by scope; in comments only names in backticks, names with an underscore and paths."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Callable

from tables import Table

HERE = Path(__file__).parent
TOKEN = re.compile(r"(?P<comment>--[^\n]*)|(?P<string>'(?:[^']|'')*')|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<dollar>\$\w*\$)")


def read_statements(files: dict[str, str], notes: list[str]) -> dict[str, str]:
    """Old to new names of statement files, folders too; a new file in a renamed folder goes along."""
    folders: dict[str, str] = {}
    exact: dict[str, str] = {}
    for line in (HERE / "statements.txt").read_text().splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        old, new = line.split()
        if old.endswith("/"):
            folders[old] = new
        else:
            exact[old] = new
    found: dict[str, str] = {}
    for path in files:
        if path.startswith("sql/") and path.endswith(".sql"):
            name = path[4:-4]
            folder, _, verb = name.rpartition("/")
            new = exact.pop(name, None) or folders.get(folder + "/", folder + "/") + verb
            if new != name:
                found[name] = new
    notes += [f"statement not found: {old}" for old in exact]
    return found


def rename(path: str, text: str, table: Table, rewrite: Callable[[str], str]) -> str:
    scopes = table.scopes_of(path)

    def look(word: str, statement: str, *, quoted: bool = False) -> str:
        key = f"'{word}'" if quoted else word
        for scope in scopes:
            if key in scope.names:
                scope.used.add(key)
                return word if scope.names[key] == "!" else scope.names[key].strip("'")
        return word

    def within(statement: str) -> str:
        # Scopes that hold in statements about a table: `@stmt:TABLE`.
        special = [s for s in reversed(table.scopes) if "/migrations/" in path and s.globs[0].startswith("stmt:") and re.search(rf"\b{s.globs[0][5:]}\b", re.sub(r"--.*", "", statement))]

        def word(w: str) -> str:
            for scope in special:
                if w in scope.names:
                    scope.used.add(w)
                    return scope.names[w]
            return look(w, statement)

        def replace(match: re.Match[str]) -> str:
            if match["comment"]:
                comment = re.sub(r"`([^`\n]+)`", lambda m: "`" + re.sub(r"[A-Za-z_]\w*", lambda n: word(n[0]), m[1]) + "`", match["comment"])
                comment = re.sub(r"\b[a-z]+(?:_[a-z]+)+\b", lambda m: word(m[0]), comment)
                return rewrite(comment)
            if match["string"]:
                inner = match["string"][1:-1]
                new = look(inner, statement, quoted=True)
                if new == inner and "_" in inner and re.fullmatch(r"[a-z_]+", inner):
                    new = word(inner)
                elif re.search(r"\b(SELECT|UPDATE|INSERT|DELETE|TABLE)\b", inner):
                    new = re.sub(r"[A-Za-z_]\w*", lambda m: word(m[0]), inner)
                return f"'{new}'"
            if match["word"]:
                if statement[max(0, match.start() - 2) : match.start()] == "%(":
                    for scope in scopes:
                        if "%" + match["word"] in scope.names:
                            scope.used.add("%" + match["word"])
                            return match["word"] if scope.names["%" + match["word"]] == "!" else scope.names["%" + match["word"]]
                return word(match["word"])
            return match[0]

        return TOKEN.sub(replace, statement)

    if "/migrations/" in path:
        parts = re.split(r"(?<=;)\n\n", text)
        return "\n\n".join(within(part) for part in parts)
    return within(text)
