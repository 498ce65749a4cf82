"""The embedded broker lets in whom it knows, each to its own topics, and comes back by itself."""

import threading
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from firmware.telemetry import topics
from host_tools.cmc.broker import MOSQUITTO, NATS, BrokerError, BrokerProcess

WAIT_S = 10.0


class Peer:
    """A bare MQTT client that keeps what it hears."""

    def __init__(self, port: int, user: str, password: str) -> None:
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"peer-{user}-{id(self)}",
            protocol=mqtt.MQTTv311,
        )
        self.client.username_pw_set(user, password)
        self.heard: list[tuple[str, bytes]] = []
        self.is_up = threading.Event()
        self.is_refused = threading.Event()
        self.is_subscribed = threading.Event()
        self.came = threading.Event()
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = lambda *_: self.is_subscribed.set()
        self.client.on_message = self._on_message
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _on_connect(self, _client, _data, _flags, reason, _properties):
        (self.is_refused if reason.is_failure else self.is_up).set()

    def _on_message(self, _client, _data, message):
        self.heard.append((message.topic, message.payload))
        self.came.set()

    def listen(self, topic: str) -> None:
        """Subscribe, and wait until the broker agreed."""
        assert self.is_up.wait(WAIT_S)
        self.is_subscribed.clear()
        self.client.subscribe(topic, 1)
        assert self.is_subscribed.wait(WAIT_S)

    def say(self, topic: str, payload: bytes) -> None:
        """Publish, and wait until the broker took it."""
        assert self.is_up.wait(WAIT_S)
        self.client.publish(topic, payload, qos=1).wait_for_publish(WAIT_S)

    def close(self) -> None:
        """Leave."""
        self.client.disconnect()
        self.client.loop_stop()


def _each_has_only_its_own_topics(kind: str, folder: Path):
    broker = BrokerProcess(folder, ["unit-1", "unit-2"], kind)
    peers = [
        Peer(broker.port, user, broker.passwords[user]) for user in ("cmc", "unit-1", "unit-2")
    ]
    cmc, one, two = peers
    try:
        cmc.listen(topics.PREFIX + "#")
        one.listen(topics.topic("unit-1", topics.COMMAND))
        two.say(topics.topic("unit-1", topics.EVENT), b"forged")
        two.say(topics.topic("unit-2", topics.COMMAND), b"to myself")
        one.say(topics.topic("unit-1", topics.EVENT), b"true")
        one.say(topics.still("unit-1", "dome-1"), b"still")
        cmc.say(topics.topic("unit-1", topics.COMMAND), b"move")
        assert one.came.wait(WAIT_S)
        cmc.say(topics.topic("unit-2", topics.CURSOR), b"end")
        while (topics.topic("unit-2", topics.CURSOR), b"end") not in cmc.heard:
            assert cmc.came.wait(WAIT_S)
            cmc.came.clear()
        heard = [payload for _, payload in cmc.heard]
        assert b"forged" not in heard, heard
        assert b"to myself" not in heard, heard
        assert {b"true", b"still"} <= set(heard), heard
    finally:
        for peer in peers:
            peer.close()
        broker.stop()


@pytest.mark.slow
def test_mosquitto_keeps_units_apart(tmp_path: Path):
    _each_has_only_its_own_topics(MOSQUITTO, tmp_path)


@pytest.mark.slow
def test_nats_keeps_units_apart(tmp_path: Path):
    _each_has_only_its_own_topics(NATS, tmp_path)


@pytest.mark.slow
def test_a_wrong_password_is_refused_by_both(tmp_path: Path):
    for kind in (MOSQUITTO, NATS):
        broker = BrokerProcess(tmp_path / kind, ["unit-1"], kind)
        peer = Peer(broker.port, "unit-1", "wrong")
        try:
            assert peer.is_refused.wait(WAIT_S), kind
            assert not peer.is_up.is_set(), kind
        finally:
            peer.close()
            broker.stop()


@pytest.mark.slow
def test_a_killed_broker_restarts_on_its_port(tmp_path: Path):
    broker = BrokerProcess(tmp_path, ["unit-1"])
    port = broker.port
    broker.kill()
    assert not broker.is_running()
    broker.restart()
    assert broker.is_running()
    assert broker.port == port
    broker.stop()
    broker.stop()


def test_an_unknown_broker_is_named(tmp_path: Path):
    with pytest.raises(BrokerError, match="install mosquitto"):
        BrokerProcess(tmp_path, [], kind="none-such")
