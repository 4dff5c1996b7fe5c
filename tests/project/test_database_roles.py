"""The page of the roles says exactly what `db roles` grants."""

from pathlib import Path

from tasks.roles import GRANTS, OWNERS_ALONE, Role

PAGE = Path(__file__).parents[2] / "docs" / "database-roles.md"


def _verbs(role, name) -> str:
    told = []
    for grant in GRANTS[role]:
        if grant.on == name:
            columns = f" ({', '.join(grant.columns)})" if grant.columns else ""
            told.append(f"{grant.what.lower()}{columns}")
    return "; ".join(told)


def _lines() -> list[str]:
    names = sorted({grant.on for grants in GRANTS.values() for grant in grants} | OWNERS_ALONE)
    return [f"| `{name}` | {' | '.join(_verbs(role, name) for role in Role)} |" for name in names]


def test_the_table_of_grants_is_the_one_in_the_code():
    _, _, table = PAGE.read_text(encoding="utf-8").partition("## What each may do")
    told = [line for line in table.splitlines() if line.startswith("| `")]

    assert told == _lines()
