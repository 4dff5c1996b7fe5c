"""Nothing leaves the machine: which URLs webhooks may be carried to."""

import ipaddress
from urllib.parse import urlsplit

from sandbox.errors import ControlError


def loopback_url(url: str) -> str:
    """Return the URL if it is http(s) to a loopback address, else raise ControlError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not _is_loopback(parts.hostname or ""):
        raise ControlError(f"webhooks go to a loopback address only, not to {url!r}")
    return url


def _is_loopback(host: str) -> bool:
    """Tell whether the host is this machine by its literal address, or by the name every machine has for itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
