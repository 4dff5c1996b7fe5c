"""The door to files that lie elsewhere: web addresses and stores (s3, gcs, sftp and others), fetched within limits.

The rules. An address holds no password, and its query string, which may be a signature, is never shown, logged or
kept. A redirect leads from http to http or https and from https to https, a few times at most, and never from the open
network to this machine or its neighbours: a page elsewhere must not choose what is read here. Proxies and cookies are
not used. httpx's client writes whole addresses to its log, so the transport below it is used; and no error here keeps
the one that it came from, which may quote the address.
"""

import asyncio
import errno
import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from email.message import Message
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from domain.errors import CampaignError, NotFoundError, ServiceAwayError, UsageError
from domain.submission import shown_address

if TYPE_CHECKING:
    import httpx

_T = TypeVar("_T")

FETCH_SECONDS: Final = 300.0
_IDLE_SECONDS: Final = 30.0
_MOST_REDIRECTS: Final = 5
_BLOCK_BYTES: Final = 1024 * 1024
_FOLDER: Final = "fetched"
_WEB: Final = frozenset({"http", "https"})

# Kinds of address that lead to this machine's own files, or wrap another address that then escapes the rules above.
_NOT_STORES: Final = frozenset(
    {"file", "local", "asynclocal", "jlocal", "git", "data", "dask", "dir", "generic", "reference", "pyscript"}
    | {"blockcache", "cached", "filecache", "simplecache", "async_wrapper", "asyncwrapper", "zip", "tar", "libarchive"}
)
# The extras of pyproject.toml: kind of address, extra, and the package that the extra installs.
_EXTRAS: Final = {
    "s3": ("s3", "s3fs"),
    "s3a": ("s3", "s3fs"),
    "gcs": ("gcs", "gcsfs"),
    "gs": ("gcs", "gcsfs"),
    "sftp": ("sftp", "paramiko"),
    "ssh": ("sftp", "paramiko"),
}
# The end of an address tells something only if it is one of these: the `.php` of an address is no kind of file.
_ENDINGS: Final = frozenset(
    {".xlsx", ".csv", ".tsv", ".txt", ".xls", ".xlsm", ".xlsb", ".xltx", ".ods", ".numbers", ".pdf", ".zip", ".gz"}
)
_NOT_THERE: Final = frozenset({404, 410})
_LATER: Final = frozenset({408, 425, 429})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_NOT_ALLOWED: Final = frozenset({401, 403, 407})


@dataclass(frozen=True)
class Fetched:
    """A file that was fetched: where it lies now, and its address as it may be shown, without its query."""

    path: Path
    shown: str


def fetch(address: str, folder: Path, *, most_bytes: int, seconds: float = FETCH_SECONDS) -> Fetched:
    """Fetch the file at `address` into `folder`, within `seconds`, and stop at the first block past `most_bytes`.

    A file that was cut off so is longer than `most_bytes`: whoever reads it refuses it as any other that is too large.
    Raises UsageError for an address that may not be used, NotFoundError when nothing is there, and ServiceAwayError
    when the service gives no whole file in time.
    """
    parts = _checked(address)
    shown = shown_address(address)
    target = _own_folder(folder) / "recipients"
    fetch_one = _fetch_web if parts.scheme in _WEB else _fetch_stored
    try:
        names = _in_thread(lambda: fetch_one(address, target, most_bytes=most_bytes, seconds=seconds), seconds=seconds)
    except TimeoutError:
        raise _away(shown, f"it took more than {seconds:g} seconds") from None
    except OSError as error:
        raise _away(shown, _words_of(error)) from None
    path = target.with_suffix(_ending_of(*names, address))
    target.rename(path)
    return Fetched(path, shown)


def _checked(address: str) -> SplitResult:
    """Split an address; raise UsageError, which quotes nothing secret, if it is none that may be used."""
    try:
        parts = urlsplit(address)
        host, password = parts.hostname, parts.password
        _ = parts.port
    except ValueError:
        raise UsageError("The address of the file is no address; check it, above all its host and port.") from None
    shown = shown_address(address)
    if not address.isprintable():
        raise UsageError(f"The address {shown} holds characters that cannot be seen; type it again.")
    if password is not None or (parts.scheme in _WEB and "@" in parts.netloc):
        raise UsageError(
            f"The address {shown} holds a user name or password, which would be seen by others; leave it out, and let "
            "the machine's own settings hold it, or download the file and name it with --file."
        )
    if parts.scheme in _NOT_STORES:
        raise UsageError(f"Addresses that begin with {parts.scheme}:// are not read; give the path of the file itself.")
    if parts.scheme in _WEB:
        if not host:
            raise UsageError(f"The address {shown} names no host; check it.")
    elif not parts.scheme or "::" in address:
        raise UsageError(f"The address {shown} is of a kind that is not read; download the file and give its path.")
    return parts


def _own_folder(folder: Path) -> Path:
    own = folder / _FOLDER
    own.mkdir(exist_ok=True)
    return own


def _in_thread(work: Callable[[], _T], *, seconds: float) -> _T:
    """Do the work in a thread of its own; raise TimeoutError when it does not end.

    Stores block as long as they like, and a flow that waits here may have an event loop of its own in this thread.
    """
    result: Future[_T] = Future()

    def fill() -> None:
        try:
            result.set_result(work())
        except BaseException as error:  # noqa: BLE001  # whatever it was, it is raised again where it is waited for
            result.set_exception(error)

    threading.Thread(target=fill, name="fetch", daemon=True).start()
    # The work keeps to the limit itself where it can; this is for a store that does not come back.
    return result.result(seconds + 2)


def _copy(blocks: Iterator[bytes], target: Path, *, most_bytes: int) -> None:
    with target.open("wb") as file:
        while file.tell() <= most_bytes and (block := next(blocks, b"")):
            file.write(block)


# Stores.


def _fetch_stored(address: str, target: Path, *, most_bytes: int, seconds: float) -> tuple[str, ...]:
    import fsspec

    shown = shown_address(address)
    until = time.monotonic() + seconds
    try:
        store, path = fsspec.core.url_to_fs(address)
        with store.open(path, "rb") as file:
            _copy(_blocks_until(file, until), target, most_bytes=most_bytes)
    except (TimeoutError, CampaignError):
        raise
    except (FileNotFoundError, IsADirectoryError):
        raise NotFoundError(f"There is no file at {shown}; check the address.") from None
    except PermissionError:
        raise _closed(shown) from None
    except ImportError:
        raise _extra_missing(urlsplit(address).scheme) from None
    except ValueError:
        raise UsageError(
            f"The address {shown} is of a kind that is not known; give an http(s) or s3 address."
        ) from None
    except Exception as error:  # noqa: BLE001  # as many kinds of error as stores; it becomes one of ours
        # Every store has errors of its own; their texts may quote the address with its signature.
        raise ServiceAwayError(
            f"The file at {shown} could not be fetched ({type(error).__name__}); check the credentials for it that are "
            "set on this machine, or run the command again later."
        ) from None
    return ()


def _blocks_until(file: IO[bytes], until: float) -> Iterator[bytes]:
    while block := file.read(_BLOCK_BYTES):
        if time.monotonic() > until:
            raise TimeoutError
        yield block


def _extra_missing(kind: str) -> UsageError:
    extra, package = _EXTRAS.get(kind, (None, None))
    if extra is None:
        return UsageError(
            f"Addresses that begin with {kind}:// need a package that is not installed here; "
            "download the file and give its path."
        )
    return UsageError(
        f"Addresses that begin with {kind}:// need the extra {extra}, which is not installed here: "
        f"`.venv/bin/python -m pip install {package}` does it; or download the file and give its path."
    )


# The web.


def _fetch_web(address: str, target: Path, *, most_bytes: int, seconds: float) -> tuple[str, ...]:
    async def fetch_in_time() -> tuple[str, ...]:
        async with asyncio.timeout(seconds):
            return await _fetch_following(address, target, most_bytes=most_bytes)

    return asyncio.run(fetch_in_time())


async def _fetch_following(address: str, target: Path, *, most_bytes: int) -> tuple[str, ...]:
    """Fetch an address, following its redirects; return the names that the file has, the surest first."""
    import httpx

    shown = shown_address(address)
    try:
        url = httpx.URL(address)
        async with httpx.AsyncHTTPTransport() as transport:
            may_be_near: bool | None = None
            for _ in range(_MOST_REDIRECTS + 1):
                if may_be_near is False:
                    await _refuse_near(url, shown)
                response = await transport.handle_async_request(_request(url))
                try:
                    is_near = _is_near_peer(response)
                    may_be_near = is_near if may_be_near is None else may_be_near
                    if is_near and not may_be_near:
                        raise _leads_inside(shown)
                    if response.status_code not in _REDIRECTS or "location" not in response.headers:
                        return await _take(response, target, most_bytes=most_bytes, shown=shown, url=url)
                    url = _next_url(url, response, shown)
                finally:
                    await response.aclose()
    except httpx.InvalidURL:
        raise UsageError(f"The address {shown} is no address; check it.") from None
    except httpx.TimeoutException:
        raise _away(shown, "the server does not answer") from None
    except httpx.ConnectError:
        raise _away(shown, "no connection could be made") from None
    except httpx.DecodingError:
        raise _away(shown, "what the server sent could not be unpacked") from None
    except httpx.TransportError:
        raise _away(shown, "the server broke off before the file was whole") from None
    raise UsageError(f"The address {shown} leads on more than {_MOST_REDIRECTS} times; give the address of the file.")


def _request(url: "httpx.URL") -> "httpx.Request":
    import httpx

    patience = httpx.Timeout(_IDLE_SECONDS)
    headers = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "windowcast", "Connection": "close"}
    return httpx.Request("GET", url, headers=headers, extensions={"timeout": patience.as_dict()})


def _next_url(url: "httpx.URL", response: "httpx.Response", shown: str) -> "httpx.URL":
    onward = url.join(response.headers["location"])
    is_upgrade = (url.scheme, onward.scheme) == ("http", "https")
    if onward.scheme not in _WEB or not onward.host or (onward.scheme != url.scheme and not is_upgrade):
        raise UsageError(
            f"The address {shown} leads on to an address of another kind, which is not followed; download the file and "
            "name it with --file."
        )
    if onward.userinfo:
        raise UsageError(f"The address {shown} leads on to one that holds a password; download the file yourself.")
    return onward


async def _take(
    response: "httpx.Response", target: Path, *, most_bytes: int, shown: str, url: "httpx.URL"
) -> tuple[str, ...]:
    """Write the body of a good answer to `target`; raise for every other answer."""
    _check_status(response.status_code, shown)
    blocks = response.aiter_bytes(_BLOCK_BYTES)
    first = await anext(blocks, b"")
    if _is_web_page(response, first):
        raise UsageError(
            f"The address {shown} gives a web page and no file: perhaps one has to log in there. Download the file and "
            "name it with --file, or give an address that leads to the file itself."
        )
    with target.open("wb") as file:
        file.write(first)
        while file.tell() <= most_bytes and (block := await anext(blocks, b"")):
            file.write(block)
    return (_disposition_name(response), shown, str(url.path))


def _check_status(status: int, shown: str) -> None:
    if status == 200:  # noqa: PLR2004  # the one status that comes with the whole file
        return
    if status in _NOT_THERE:
        raise NotFoundError(f"There is no file at {shown} (the server says {status}); check the address.")
    if status in _NOT_ALLOWED:
        raise _closed(shown)
    if 400 <= status < 500 and status not in _LATER:  # noqa: PLR2004  # RFC 9110: the request is at fault
        raise UsageError(f"The server does not give the file at {shown} (it says {status}); check the address.")
    raise _away(shown, f"the server says {status}")


def _is_web_page(response: "httpx.Response", first: bytes) -> bool:
    is_said = response.headers.get("content-type", "").lower().startswith(("text/html", "application/xhtml"))
    return is_said and first.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _disposition_name(response: "httpx.Response") -> str:
    message = Message()
    message["Content-Disposition"] = response.headers.get("content-disposition", "")
    return message.get_filename("")


def _ending_of(*names: str) -> str:
    """Give the first of the names' endings that tells a kind of file, lower case with the dot; '' if none does."""
    for name in names:
        ending = PurePosixPath(unquote(shown_address(name)).replace("\\", "/")).suffix.lower()
        if ending in _ENDINGS:
            return ending
    return ""


# Near: on this machine or on the private network around it.


def _is_near(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return True
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    address = mapped or address
    return not address.is_global or address.is_multicast


def _is_near_peer(response: "httpx.Response") -> bool:
    """Tell whether the connection itself leads near, whatever its name was said to mean a moment ago."""
    stream: Any = response.extensions["network_stream"]
    peer = stream.get_extra_info("server_addr")
    return peer is None or _is_near(str(peer[0]))


async def _refuse_near(url: "httpx.URL", shown: str) -> None:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(url.host, url.port or 443, type=socket.SOCK_STREAM)
    if any(_is_near(str(each[4][0])) for each in found):
        raise _leads_inside(shown)


def _leads_inside(shown: str) -> UsageError:
    return UsageError(
        f"The address {shown} leads on to a machine of the inner network, which is not followed; give the address of "
        "the file itself."
    )


# Sentences.


def _closed(shown: str) -> UsageError:
    return UsageError(
        f"The file at {shown} may not be read from here; if the address was made for a limited time, make a new one, "
        "or download the file and name it with --file."
    )


def _away(shown: str, why: str) -> ServiceAwayError:
    return ServiceAwayError(f"The file at {shown} could not be fetched: {why}; run the command again later.")


def _words_of(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "its host is not known"
    if error.errno == errno.ENOSPC:
        return "the disk of this machine is full"
    return "the connection or this machine's disk failed"
