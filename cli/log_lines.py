"""What a command that runs for long logs: one event, one line on stderr, its facts as fields."""

import logging
from typing import Final

_KNOWN: Final = frozenset(vars(logging.LogRecord("", 0, "", 0, "", None, None))) | {"message", "asctime", "taskName"}


class FieldFormatter(logging.Formatter):
    """Puts the fields of an event behind its words, as `name=value`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of an event."""
        fields = [f"{name}={value}" for name, value in vars(record).items() if name not in _KNOWN]
        return " ".join([super().format(record), *fields])


def tell_log_lines() -> None:
    """Let this process log to stderr: our own warnings, and of libraries only what is an error."""
    lines = logging.StreamHandler()
    lines.setFormatter(FieldFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(lines)
    logging.getLogger().setLevel(logging.ERROR)
    logging.getLogger("windowcast").setLevel(logging.WARNING)
