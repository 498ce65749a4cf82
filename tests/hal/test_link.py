"""The link keeps its promises with a real Mosquitto, plain and over TLS."""

import contextlib
import os
import signal

import pytest
from tests.hal.certificates import Authority
from tests.hal.real_world import RealWorld, run_checks
from tests.hal.servers import Proxy, mosquitto

from hal.api.errors import PortRefused
from hal.api.link import DOWN, MESSAGE, UP, Message
from hal.conformance import link as checks
from hal.conformance.world import wait_until
from hal.linux.link import Backoff, MqttLink
from hal.linux.mqtt_url import Tls
from hal.linux.wake import Wake

ACCESS = """
user conformance-1
topic write lamppost/v1/conformance-1/event
topic write lamppost/v1/conformance-1/state
topic read lamppost/v1/conformance-1/command
user observer
topic readwrite #
"""


class BrokerWorld(RealWorld):
    """A broker behind a proxy that can be cut, and an observer that speaks to it directly."""

    def __init__(self, broker, observer_url, tls=None):
        self.broker = broker
        self.proxy = Proxy(broker.port)
        self.wake = Wake()
        self.observer_wake = Wake()
        self.observer = MqttLink(observer_url, self.observer_wake, tls, Backoff(20, 100))
        self.acked = 0
        self.got = []
        self.observer.open("observer", Message("observer/state", b"gone"), ["#"])
        self.is_up = False
        assert wait_until(self, lambda: self._listen() or self.is_up, 10000), broker.log()

    def _listen(self):
        for kind, _token, message, _reason in self.observer.poll():
            if kind == UP:
                self.is_up = True
            elif kind == MESSAGE:
                self.got.append((message.topic, message.payload))
            elif kind == "acked":
                self.acked += 1

    def cut(self):
        self.proxy.cut()

    def mend(self):
        self.proxy.mend()

    def send(self, topic, payload):
        want = self.acked + 1
        assert self.observer.publish(Message(topic, payload, 1)) > 0
        assert wait_until(self, lambda: self._listen() or self.acked >= want, 5000)

    def heard(self):
        self._listen()
        got, self.got = self.got, []
        return got

    def close(self):
        self.observer.close(None)
        self.proxy.close()
        self.wake.close()
        self.observer_wake.close()


def run_all(broker, scheme, observer_tls=None, unit_tls=None, names=()):
    @contextlib.contextmanager
    def make():
        world = BrokerWorld(broker, f"{scheme}://127.0.0.1:{broker.port}", observer_tls)
        url = f"{scheme}://127.0.0.1:{world.proxy.port}"
        link = MqttLink(url, world.wake, unit_tls, Backoff(20, 100))
        try:
            yield link, world
        finally:
            link.close(None)
            world.close()

    return run_checks(checks, "check_link", make, names)


def test_every_promise_holds_with_a_plain_broker(tmp_path):
    with mosquitto(tmp_path) as broker:
        assert len(run_all(broker, "mqtt")) == 7


def test_every_promise_holds_over_tls_with_client_certificates(tmp_path):
    authority = Authority(tmp_path)
    tls = {
        name: Tls(authority.path("ca.pem"), *authority.issue(name))
        for name in ("observer", "conformance-1")
    }
    with mosquitto(tmp_path, authority, ACCESS) as broker:
        ran = run_all(broker, "mqtts", tls["observer"], tls["conformance-1"])
        assert len(ran) == 7


def down_reason(url, tls=None):
    """Connect where it cannot succeed; returns the reason that DOWN tells."""
    world, wake = RealWorld(), Wake()
    link = MqttLink(url, wake, tls, Backoff(20, 50))
    link.open("x", Message("lamppost/v1/x/state", b"dead"), [])
    told = []
    try:
        assert wait_until(world, lambda: told.extend(link.poll()) or bool(told), 10000)
    finally:
        link.close(None)
        wake.close()
    assert told[0][0] == DOWN, told
    assert "secret" not in told[0][3], "a password was told"
    return told[0][3]


def test_what_the_broker_refuses_is_told_in_words(tmp_path):
    authority, stranger = Authority(tmp_path), tmp_path / "stranger"
    stranger.mkdir()
    foreign = Authority(stranger)
    with mosquitto(tmp_path, authority, ACCESS) as broker:
        url = f"mqtts://127.0.0.1:{broker.port}"
        cases = [
            (Tls(authority.path("ca.pem")), "certificate"),  # shows none
            (Tls(foreign.path("ca.pem"), *foreign.issue("conformance-1")), "certificate"),
        ]
        for case, words in cases:
            reason = down_reason(url, case)
            assert words in reason.lower() or "connection" in reason.lower(), reason
        assert "certificate" in broker.log(), broker.log()
    with mosquitto(tmp_path, accounts="unit:secret\n") as broker:
        reason = down_reason(f"mqtt://unit:secretly@127.0.0.1:{broker.port}")
        assert "refused" in reason, reason
        assert "password" in reason, reason
    reason = down_reason(f"mqtt://127.0.0.1:{broker.port}")
    assert "refused" in reason.lower(), reason


def test_a_broker_that_is_killed_and_one_that_falls_silent_are_noticed(tmp_path):
    world, wake, told = RealWorld(), Wake(), []
    with mosquitto(tmp_path) as broker:
        link = MqttLink(f"mqtt://127.0.0.1:{broker.port}", wake, None, Backoff(20, 100), 5)
        link.open("x", Message("x/state", b"dead"), ["x/command"])

        def count(kind):
            told.extend(link.poll())
            return len([event for event in told if event[0] == kind])

        assert wait_until(world, lambda: count(UP) == 1, 10000)
        broker.end(signal.SIGKILL)
        assert wait_until(world, lambda: count(DOWN) >= 1, 5000)
        broker.start()
        assert wait_until(world, lambda: count(UP) == 2, 10000)
        link.close(None)
    wake.close()


@pytest.mark.slow
def test_a_silent_broker_is_given_up_after_the_keepalive(tmp_path):
    world, wake, told = RealWorld(), Wake(), []
    with mosquitto(tmp_path) as broker:
        link = MqttLink(f"mqtt://127.0.0.1:{broker.port}", wake, None, Backoff(20, 100), 5)
        link.open("x", Message("x/state", b"dead"), ["x/command"])
        assert wait_until(world, lambda: told.extend(link.poll()) or bool(told), 10000)
        os.kill(broker.process.pid, signal.SIGSTOP)
        told.clear()
        assert wait_until(world, lambda: told.extend(link.poll()) or bool(told), 20000)
        assert told[0][0] == DOWN, told
        link.close(None)
    wake.close()


def test_a_wrong_url_or_file_is_refused_before_anything_starts(tmp_path):
    wake = Wake()
    junk = tmp_path / "junk.pem"
    junk.write_text("not a certificate")
    cases = [
        ("http://host:80", None, "mqtt://"),
        ("mqtt://", None, "mqtt://"),
        ("mqtt://host:port", None, "mqtt://"),
        ("mqtts://host", Tls(str(tmp_path / "none.pem")), "none.pem"),
        ("mqtts://host", Tls(str(junk)), "junk.pem"),
    ]
    for url, tls, words in cases:
        try:
            MqttLink(url, wake, tls)
        except PortRefused as trouble:
            assert words in str(trouble), (url, trouble)
        else:
            raise AssertionError(url)
    assert MqttLink("mqtt://me:secret@host", wake).name == "mqtt://host:1883"
    wake.close()


def test_waits_double_with_jitter_and_stay_in_bounds():
    backoff = Backoff()
    for want_ms in (1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000):
        assert want_ms // 2 <= backoff.take_ms() <= want_ms, want_ms
    backoff.reset()
    assert backoff.take_ms() <= 1000
    assert len({Backoff().take_ms() for _ in range(50)}) > 5, "no jitter"
