"""A scene file sets the sandbox up at its start: accounts, settings, rules, and what people did before."""

from pathlib import Path
from typing import Any, Final

import orjson

from sandbox.errors import ControlError
from sandbox.fields import with_changes
from sandbox.platform import Platform

_LISTS: Final = frozenset({"accounts", "people", "page"})
_OBJECTS: Final = frozenset({"webhooks", "rules"})


def set_scene(platform: Platform, path: Path) -> None:
    """Set the platform up as a JSON file says: accounts, people, page (lists), webhooks, rules (objects).

    Each is what the control call of the same name takes. Raises ControlError that names the file, also if it is none.
    """
    try:
        scene = _read(path)
        for account in scene.get("accounts", []):
            platform.put_account(account)
        platform.change_webhooks(scene.get("webhooks", {}))
        platform.rules = with_changes(platform.rules, scene.get("rules", {}))
        platform.people_act(scene.get("people", []))
        platform.page_act(scene.get("page", []))
    except (OSError, ControlError) as error:
        raise ControlError(f"the scene {path}: {error}") from None


def _read(path: Path) -> dict[str, Any]:
    """Return the object in the file, with nothing in it but what a scene has."""
    try:
        scene = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise ControlError(f"it is not JSON: {error}") from None
    if not isinstance(scene, dict) or not scene.keys() <= _LISTS | _OBJECTS:
        raise ControlError(f"it is an object with {', '.join(sorted(_LISTS | _OBJECTS))}")
    for name, value in scene.items():
        if not isinstance(value, list if name in _LISTS else dict):
            raise ControlError(f"{name} is {'a list' if name in _LISTS else 'an object'}")
    if not all(isinstance(account, dict) for account in scene.get("accounts", [])):
        raise ControlError("accounts is a list of objects")
    return scene
