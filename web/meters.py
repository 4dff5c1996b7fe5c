"""What the receiver counts, for Prometheus. No label holds anything that a client sent."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from tasks.inbox import Inbox, InboxWatch, Written
from web.follower import Follower
from web.refusals import Refusal

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Meters:
    """The counters of one receiver, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._received = self._counter("bodies_received", "Bodies that were read, whatever became of them.")
        self._bytes = self._counter("body_bytes_received", "Bytes of these bodies.")
        self._stored = self._counter("bodies_stored", "Bodies that are in the inbox and were not before.")
        self._known = self._counter("bodies_known", "Bodies that were in the inbox already, byte for byte.")
        self._refused = Counter(
            "windowcast_webhook_refused", "Requests that were refused.", ["why"], registry=self.registry
        )
        for why in Refusal:
            self._refused.labels(why.value)
        self._seconds = Histogram(
            "windowcast_webhook_store_seconds",
            "How long one statement that stores bodies took.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.connections = self._gauge("connections", "Connections that are open.")

    def receive(self, byte_count: int) -> None:
        """Count a body that was read."""
        self._received.inc()
        self._bytes.inc(byte_count)

    def refuse(self, why: Refusal) -> None:
        """Count a refusal."""
        self._refused.labels(why.value).inc()

    def write(self, written: Written) -> None:
        """Count what one statement did."""
        self._stored.inc(written.new_count)
        self._known.inc(written.body_count - written.new_count)
        self._seconds.observe(written.seconds)

    def show(self, inbox: Inbox, watch: InboxWatch, follower: Follower | None) -> None:
        """Show the standing of the inbox, and the child that applies it."""
        queue = self._gauge("queue_bodies", "Bodies that wait for the statement under way.")
        queue.set_function(lambda: inbox.waiting_count)
        waiting = self._gauge("inbox_waiting_rows", "Bodies in the inbox that are not applied yet, up to 100,000.")
        waiting.set_function(lambda: _seen(watch, "waiting_count"))
        silence = self._gauge("silence_seconds", "Age of the newest body in the inbox; NaN while there is none.")
        silence.set_function(lambda: _seen(watch, "silent_seconds"))
        sending = self._gauge("campaigns_sending", "1 while a campaign is sending, else 0: then silence is a sign.")
        sending.set_function(lambda: _seen(watch, "is_sending"))
        answers = self._gauge("database_answers", "1 while the database answers, else 0.")
        answers.set_function(lambda: watch.is_answered and not inbox.is_away)
        if follower is not None:
            running = self._gauge("reconcile_running", "1 while the child that applies the inbox runs, else 0.")
            running.set_function(lambda: follower.is_running)
            starts = self._gauge("reconcile_starts", "How often the child that applies the inbox was started.")
            starts.set_function(lambda: follower.start_count)

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(f"windowcast_webhook_{name}", text, registry=self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"windowcast_webhook_{name}", text, registry=self.registry)


def _seen(watch: InboxWatch, name: str) -> float:
    value = getattr(watch.standing, name, None)
    return float("nan") if value is None else float(value)
