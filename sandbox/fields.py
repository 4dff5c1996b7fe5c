"""Control calls change frozen settings field by field; here unknown names and wrong types are refused."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from sandbox.errors import ControlError

Settings = TypeVar("Settings")


def with_changes(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Return the dataclass with the given fields changed. A field keeps the type of its present value.

    true and false stand for 1 and 0 where a number belongs. Raises ControlError for an unknown name or a wrong type.
    """
    known = {one.name for one in fields(settings)}  # type: ignore[arg-type]  # callers give dataclasses
    unknown = sorted(set(changes) - known)
    if unknown:
        raise ControlError(f"there is no {unknown[0]!r} here; there are {', '.join(sorted(known))}")
    fitting = {name: _fitting(name, getattr(settings, name), value) for name, value in changes.items()}
    changed: Settings = replace(settings, **fitting)  # type: ignore[type-var]  # the same
    return changed


def _fitting(name: str, present: object, value: object) -> object:
    """Return the value as the type of the present one."""
    match present:
        case bool() if isinstance(value, bool):
            return value
        case bool():
            pass
        case str() if isinstance(value, str):
            return value
        case float() | int() if isinstance(value, (int, float)) and value >= 0:
            return type(present)(value)
        case tuple() if isinstance(value, (list, tuple)) and all(isinstance(item, (int, float)) for item in value):
            return tuple(value)
    raise ControlError(f"{name} cannot be {value!r}; it is {present!r} now")
