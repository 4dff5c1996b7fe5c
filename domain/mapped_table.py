"""A table or view of the team's own that tells what people did, and how its columns and kinds are called."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from domain.errors import ConfigurationError
from domain.window import InteractionKind

_NEEDED: Final = ("account", "user_id", "occurred_at")
_NAMES: Final = (*_NEEDED, "kind")
_WITH_SCHEMA: Final = 2


@dataclass(frozen=True)
class MappedTable:
    """Where interactions stand: `schema.name`, what its columns are called, and what its kinds mean.

    A kind that is neither one of ours nor in `kinds` means `default_kind`; without one it opens no window.
    """

    schema: str
    name: str
    columns: Mapping[str, str]
    kinds: Mapping[str, InteractionKind] = field(default_factory=dict)
    default_kind: InteractionKind | None = None

    @property
    def words(self) -> str:
        """Say which table it is, as people write it."""
        return f"{self.schema}.{self.name}"

    @property
    def known_kinds(self) -> dict[str, InteractionKind]:
        """What each written kind means."""
        return {**{kind.value: kind for kind in InteractionKind}, **self.kinds}


def read_mapping(
    table: str | None, *, columns: str | None, kinds: str | None, default_kind: str | None
) -> MappedTable | None:
    """Read the settings of a mapping; None where no table is set.

    Raises ConfigurationError naming the setting that cannot be right, and what it should look like.
    """
    if table is None:
        return None
    parts = table.split(".")
    if len(parts) != _WITH_SCHEMA or not all(part.strip() for part in parts):
        raise ConfigurationError(
            f"WINDOWCAST_INTERACTIONS_TABLE is {table!r}; write it with its schema, such as crm.interactions."
        )
    names = _pairs("WINDOWCAST_INTERACTIONS_COLUMNS", columns)
    unknown, missing = sorted(names.keys() - set(_NAMES)), [name for name in _NEEDED if name not in names]
    if unknown or missing:
        wrong = f"has no use for {', '.join(unknown)}" if unknown else f"lacks {', '.join(missing)}"
        raise ConfigurationError(
            f"WINDOWCAST_INTERACTIONS_COLUMNS {wrong}; say which columns they are, as in "
            "account=page_id,user_id=psid,kind=type,occurred_at=created_at."
        )
    default = None if default_kind is None else _kind("WINDOWCAST_INTERACTIONS_KIND", default_kind)
    if "kind" not in names and default is None:
        raise ConfigurationError(
            "WINDOWCAST_INTERACTIONS_COLUMNS names no column for the kind; name it, or say by "
            "WINDOWCAST_INTERACTIONS_KIND what every row is, such as message."
        )
    setting = "WINDOWCAST_INTERACTIONS_KINDS"
    meant = {written: _kind(setting, kind) for written, kind in _pairs(setting, kinds).items()}
    return MappedTable(parts[0].strip(), parts[1].strip(), names, meant, default)


def _pairs(setting: str, text: str | None) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in (text or "").split(","):
        name, equals, value = (word.strip() for word in part.partition("="))
        if not part.strip():
            continue
        if not (name and equals and value) or name in pairs:
            raise ConfigurationError(
                f"The setting {setting} cannot be read at {part.strip()!r}; it is a list of name=value, with commas, "
                "and each name once."
            )
        pairs[name] = value
    return pairs


def _kind(setting: str, text: str) -> InteractionKind:
    if text not in list(InteractionKind):
        raise ConfigurationError(f"{setting} speaks of a kind {text!r}; the kinds are {', '.join(InteractionKind)}.")
    return InteractionKind(text)
