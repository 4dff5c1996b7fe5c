"""Files from stores, and addresses: which may be used, and how they are shown."""

import threading

import fsspec
import pytest

from domain.errors import NotFoundError, ServiceAwayError, UsageError
from domain.submission import file_or_address, shown_address
from spreadsheet.web_server import CONTENT, SECRET, fetch_here

REFUSED = {
    "http://ann:CANARY@127.0.0.1/x.csv": "holds a user name or password",
    "https://CANARY@example.org/x.csv": "holds a user name or password",
    "sftp://ann:CANARY@example.org/x.csv": "holds a user name or password",
    "s3://key:CANARY@bucket/x.csv": "holds a user name or password",
    "http://": "names no host",
    "http:///x.csv": "names no host",
    "http://[::1/x": "is no address",
    "http://a:99999/x": "is no address",
    "http://a/\x00?CANARY": "cannot be seen",
    "file:///etc/passwd": "give the path of the file itself",
    "local://x": "give the path of the file itself",
    "simplecache::s3://a/b": "Addresses that begin with simplecache:// are not read",
    "zip://x.csv::s3://a/b?CANARY": "is no address",
    "s3://a/b::http://c/d": "of a kind that is not read",
    "://x": "of a kind that is not read",
    "zzz://a/b?CANARY": "of a kind that is not known",
}


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_may_not_be_used_is_refused_in_words_that_hold_no_secret(tmp_path, address):
    with pytest.raises(UsageError, match=REFUSED[address]) as caught:
        fetch_here(address, tmp_path)

    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "extra"), [("s3://b/x.csv", "s3"), ("gs://b/x.csv", "gcs"), ("sftp://h/x", "sftp")]
)
def test_a_missing_extra_is_named(tmp_path, address, extra):
    with pytest.raises(UsageError, match=f"need the extra {extra}, which is not installed here"):
        fetch_here(address, tmp_path)


@pytest.fixture
def memory():
    store = fsspec.filesystem("memory")
    yield store
    store.store.clear()
    store.pseudo_dirs[:] = [""]


def test_a_file_is_fetched_from_a_store(memory, tmp_path):
    memory.pipe("/lists/May.CSV", CONTENT)

    fetched = fetch_here("memory://lists/May.CSV", tmp_path)

    assert fetched.path.read_bytes() == CONTENT
    assert (fetched.path.suffix, fetched.shown) == (".csv", "memory://lists/May.CSV")


def test_a_stored_file_beyond_the_limit_is_cut_off_behind_it(memory, tmp_path):
    memory.pipe("/big.csv", bytes(5_000_000))

    assert fetch_here("memory://big.csv", tmp_path, most_bytes=1_000_000).path.stat().st_size == 1_048_576


@pytest.mark.parametrize("address", ["memory://missing.csv", "memory://lists"])
def test_what_a_store_does_not_have_is_not_found(memory, tmp_path, address):
    memory.pipe("/lists/May.csv", CONTENT)

    with pytest.raises(NotFoundError, match="There is no file at"):
        fetch_here(address, tmp_path)


class StrangeStore(fsspec.AbstractFileSystem):
    """A store with faults of its own, as the packages of the extras have them."""

    protocol = "strange"
    cachable = False
    may_end = threading.Event()

    def _open(self, path, mode="rb", **_options):
        match path.rpartition("/")[2]:
            case "closed":
                raise PermissionError(f"https://store/x?{SECRET}")
            case "hangs":
                self.may_end.wait(60)
        raise RuntimeError(f"403 for https://store/x?{SECRET}")


@pytest.fixture
def strange():
    fsspec.register_implementation("strange", StrangeStore, clobber=True)
    StrangeStore.may_end.clear()
    yield
    StrangeStore.may_end.set()


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("closed", UsageError, "may not be read from here"),
        ("broken", ServiceAwayError, r"could not be fetched \(RuntimeError\)"),
    ],
)
def test_the_errors_of_a_store_become_ours_without_their_words(strange, tmp_path, name, error, words):
    with pytest.raises(error, match=words) as caught:
        fetch_here(f"strange://{name}", tmp_path)

    assert "CANARY" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_store_that_does_not_come_back_is_left(strange, tmp_path):
    with pytest.raises(ServiceAwayError, match=r"took more than 0\.1 seconds"):
        fetch_here("strange://hangs", tmp_path, seconds=0.1)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://a.org/b/c.xlsx?sig=1#x", "https://a.org/b/c.xlsx"),
        ("https://ann:pw@a.org/b", "https://a.org/b"),
        ("https://a.org?x=/y@z", "https://a.org"),
        ("s3://bucket/a@b.csv", "s3://bucket/a@b.csv"),
        ("list.csv", "list.csv"),
    ],
)
def test_an_address_is_shown_without_its_query_and_its_names(address, shown):
    assert shown_address(address) == shown


def test_an_address_is_told_from_a_path():
    assert str(file_or_address("a/b.csv")) == "a/b.csv"
    assert isinstance(file_or_address("C:\\list.csv"), type(file_or_address("a")))
    assert file_or_address("https://a.org/b") == "https://a.org/b"
