"""Read the tables of names: `@ GLOB ...` starts a scope, then `old=new` entries, separated by white space."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent


@dataclass
class Scope:
    globs: list[str]
    names: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    where: str = ""


@dataclass
class Table:
    scopes: list[Scope] = field(default_factory=list)
    symbols: dict[str, Scope] = field(default_factory=dict)  # module -> scope

    def scopes_of(self, path: str) -> list[Scope]:
        """Most special first: those that name files, in reverse order; then the ones for all."""
        found = [s for s in reversed(self.scopes) if any(fnmatch.fnmatchcase(path, g) for g in s.globs)]
        return sorted(found, key=lambda s: "*" in s.globs or s.globs == ["*"])


def read_table(*names: str) -> Table:
    table = Table()
    scope: Scope | None = None
    for name in names:
        for number, line in enumerate((HERE / name).read_text().splitlines(), 1):
            line = line.split("#", 1)[0].strip()
            if not line:
                continue
            if line.startswith("@from "):
                module = line[6:].strip()
                scope = table.symbols.setdefault(module, Scope([module], where=f"{name}:{number}"))
            elif line.startswith("@"):
                scope = Scope(line[1:].split(), where=f"{name}:{number}")
                table.scopes.append(scope)
            else:
                assert scope is not None
                for entry in line.split():
                    old, sep, new = entry.partition("=")
                    assert sep and old and new, f"{name}:{number}: {entry}"
                    if scope.names.get(old, new) != new:
                        raise SystemExit(f"{name}:{number}: {old} has two new names in one scope: {scope.names[old]}, {new}")
                    scope.names[old] = new
    return table
