"""A unit as the CMC sees it, made from docs/formats/telemetry.md and a bare MQTT client.

It keeps its records until the CMC's cursor has passed them, sends at most 20 ahead, and goes back
to the head after a reconnect or when nothing moves. It has one dome and one microphone.
"""

import hmac
import io
import threading
import time

import av
import numpy as np
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from firmware.commands import message as commands
from firmware.cose import mac0
from firmware.ptz.hold import Hold
from firmware.ptz.report import Report
from firmware.telemetry import messages, topics

KEY_ID = b"command"
WINDOW_COUNT = 20
STALLED_MS = 1_000
HOLDING = (
    "ptz.move",
    "ptz.preset",
    "ptz.lens",
    "ptz.tour",
    "ptz.tour_run",
    "ptz.menu",
    "ptz.pattern",
)


class Shared:
    """The key that a unit shares with the CMC, as hal.api.cipher.Keys and as the CMC's Signer."""

    def __init__(self, secret: bytes = bytes(32)) -> None:
        self.secret = secret

    def mac(self, key_id: bytes, data: bytes) -> bytes:
        """HMAC with the one key."""
        return hmac.digest(self.secret, data, "sha256") if key_id == KEY_ID else b""

    def public_key(self, _key_id: bytes) -> bytes:
        """There is none."""
        return b""

    def seal(self, _unit: str, topic: str, payload: bytes) -> bytes:
        """Seal as the CMC does."""
        return mac0.seal(self, KEY_ID, payload, topic.encode())


def picture(width: int, height: int, pan_cdeg: int) -> bytes:
    """Draw a street of a sort as a JPEG, shifted by the pan angle."""
    x = np.arange(width) + pan_cdeg // 20
    houses = ((x // 60) * 7919) % 90 + 70
    y = np.arange(height)[:, None]
    grey = np.where(y > height - houses, 60 + (x // 60 * 37) % 90, 140 - y // 4)
    windows = (y > height - houses + 12) & ((y // 14) % 2 == 0) & ((x // 10) % 3 == 0)
    grey = np.where(windows, 215, grey).astype(np.uint8)
    frame = av.VideoFrame.from_ndarray(np.stack([grey] * 3, axis=2), format="rgb24")
    out = io.BytesIO()
    with av.open(out, "w", format="image2pipe") as container:
        stream = container.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuvj420p"
        for packet in [*stream.encode(frame.reformat(format="yuvj420p")), *stream.encode()]:
            container.mux(packet)
    return out.getvalue()


class ModelUnit:
    """One model unit, connected from the constructor on."""

    def __init__(self, port: int, name: str, password: str, keys: Shared, boot: int = 1) -> None:
        self.name = name
        self.keys = keys
        self.boot = boot
        self.lock = threading.RLock()
        self.records: list[messages.EventRecord] = []  # not yet passed by the CMC's cursor
        self.last_passed = (0, 0)
        self.sequence = 0
        self.sent_count = 0
        self.progress_ms = 0
        self.cursors: list[messages.Cursor] = []
        self.commands: list[commands.Command] = []
        self.command_sequence_next = 1
        self.pan_cdeg, self.pan_speed, self.moving_until_s = 4500, 0, 0.0
        self.hold = Hold(Report("dome-1"))  # a hold is what a real unit makes of it
        self.tours: dict[str, str] = {}
        self.activity = self.debtor = ""
        self.zoom_permille = 120
        self.sound_state = "off"
        self.faults: list[messages.FaultRow] = []
        self.is_deaf = False
        self.drops_every = 0
        self.dropped: set[int] = set()
        self.heartbeat_number = 0
        self.started_s = time.monotonic()
        self.closing = threading.Event()
        self.is_up = threading.Event()
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv311
        )
        self.client.username_pw_set(name, password)
        self.client.reconnect_delay_set(1, 1)
        will = messages.encode(messages.Farewell(boot, messages.LOST))
        self.client.will_set(topics.topic(name, topics.STATE), will, 1, retain=True)
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = lambda *_: self.is_up.clear()
        self.client.on_message = self._on_message
        self.client.connect_async("127.0.0.1", port, 5)
        self.client.loop_start()
        self.thread = threading.Thread(target=self._live, daemon=True)

    def live(self) -> "ModelUnit":
        """Send heartbeats and stills by itself from now on."""
        self.thread.start()
        return self

    def now_ms(self) -> int:
        """Monotonic milliseconds of this boot."""
        return int((time.monotonic() - self.started_s) * 1000)

    def close(self) -> None:
        """Say farewell and leave."""
        self.closing.set()
        farewell = messages.encode(messages.Farewell(self.boot, messages.STOPPED))
        if self.is_up.is_set():
            topic = topics.topic(self.name, topics.STATE)
            self.client.publish(topic, farewell, 1, retain=True).wait_for_publish(5)
        self.client.disconnect()
        self.client.loop_stop()
        if self.thread.is_alive():
            self.thread.join()

    def emit(self, code: int, **fields: int | str) -> None:
        """Put an event into the outbox and send what may be sent."""
        with self.lock:
            self.sequence += 1
            record = messages.EventRecord(self.boot, self.sequence, code)
            record.now_ms, record.utc_ms, record.utc_quality = self.now_ms(), _utc_ms(), 2
            record.fields = dict(fields)
            self.records.append(record)
            self.pump()

    def pump(self) -> None:
        """Send on; go back to the head when nothing moved for a while."""
        with self.lock:
            if not self.is_up.is_set():
                return
            if self.sent_count and self.now_ms() - self.progress_ms > STALLED_MS:
                self.sent_count, self.progress_ms = 0, self.now_ms()
            while self.sent_count < min(WINDOW_COUNT, len(self.records)):
                record = self.records[self.sent_count]
                before = self.records[self.sent_count - 1] if self.sent_count else None
                previous = (before.boot, before.sequence) if before else self.last_passed
                record.previous_boot, record.previous_sequence = previous
                record.is_head = before is None
                self.sent_count += 1
                if self.drops_every and self._is_dropped(record.sequence):
                    continue
                topic = topics.topic(self.name, topics.EVENT)
                self.client.publish(topic, messages.encode(record), 1)

    def _is_dropped(self, sequence: int) -> bool:
        """Lose every so manieth record the first time it is sent."""
        if sequence % self.drops_every or sequence in self.dropped:
            return False
        self.dropped.add(sequence)
        return True

    def heartbeat(self) -> None:
        """Send one heartbeat."""
        beat = messages.Heartbeat(self.boot)
        self.heartbeat_number += 1
        beat.number, beat.now_ms, beat.utc_ms = self.heartbeat_number, self.now_ms(), _utc_ms()
        beat.utc_quality, beat.is_armed, beat.fill_permille = 2, True, 412
        beat.oldest_utc_ms, beat.waiting_count = _utc_ms() - 93_784_000, len(self.records)
        beat.command_sequence_next = self.command_sequence_next
        beat.faults = self.faults
        dome = messages.CameraState("dome-1")
        dome.is_recording, dome.oldest_utc_ms, dome.fill_permille = True, beat.oldest_utc_ms, 433
        self._step_dome()
        dome.dome_state = "moving" if self.pan_speed else "idle"
        dome.pan_cdeg, dome.tilt_cdeg, dome.zoom_permille = self.pan_cdeg, -750, 120
        dome.is_position_known = True
        free_ms = self.hold.left_ms(self.now_ms())
        if free_ms:
            dome.holder, dome.holder_role, dome.free_in_ms = (
                self.hold.person,
                self.hold.role,
                free_ms,
            )
        dome.activity, dome.debtor = self.activity or None, self.debtor or None
        yard = messages.CameraState("yard-2")
        yard.is_recording, yard.oldest_utc_ms, yard.fill_permille = True, beat.oldest_utc_ms, 433
        yard.sound_state, yard.sound_grant_id = self.sound_state, "grant-yard-2"
        beat.cameras = [dome, yard]
        self._say(topics.topic(self.name, topics.HEARTBEAT), messages.encode(beat))

    def still(self, camera: str) -> None:
        """Send one still."""
        still = messages.Still(self.boot, picture(640, 360, self.pan_cdeg))
        still.now_ms, still.utc_ms = self.now_ms(), _utc_ms()
        still.zone_count = int(camera == "dome-1" and self.pan_speed != 0)
        self._say(topics.still(self.name, camera), messages.encode(still))

    def _step_dome(self) -> None:
        if self.pan_speed and time.monotonic() > self.moving_until_s:
            self.pan_speed = 0
        self.pan_cdeg = (self.pan_cdeg + self.pan_speed) % 36000

    def _live(self) -> None:
        beats = 0
        while not self.closing.wait(0.25):
            with self.lock:
                if not self.is_deaf and self.is_up.is_set():
                    self.heartbeat()
                    if beats % 4 == 0:
                        self.still("dome-1")
                        self.still("yard-2")
                beats += 1
                self.pump()

    def _say(self, topic: str, payload: bytes, qos: int = 0, retain: bool = False) -> None:
        self.client.publish(topic, payload, qos, retain)

    def _on_connect(self, client, _data, _flags, reason, _properties):
        if reason.is_failure:
            return
        with self.lock:
            client.subscribe([(topic, 1) for topic in topics.unit_subscriptions(self.name)])
            birth = messages.Birth(self.boot)
            birth.version, birth.utc_ms, birth.utc_quality = "model", _utc_ms(), 2
            birth.place, birth.scheme_class, birth.permit_id = "yard-7", "site", "permit-1"
            birth.command_sequence_next = self.command_sequence_next
            for name, has_dome in (("dome-1", True), ("yard-2", False)):
                camera = messages.CameraInBirth(name)
                camera.has_dome, camera.has_microphone = has_dome, not has_dome
                camera.width_px, camera.height_px = 1280, 720
                if has_dome:
                    camera.switches = "auto-focus day-night lamp menu washer wiper"
                birth.cameras.append(camera)
            topic = topics.topic(self.name, topics.STATE)
            self._say(topic, messages.encode(birth), 1, retain=True)
            self.sent_count = 0
            self.progress_ms = self.now_ms()
            self.is_up.set()
            self.pump()

    def _on_message(self, _client, _data, message):
        _, kind, _ = topics.parse(message.topic)
        _, payload = mac0.unseal(self.keys, message.payload, message.topic.encode())
        with self.lock:
            if kind == topics.CURSOR:
                self._on_cursor(messages.decode_cursor(payload))
            else:
                self._on_command(commands.decode(payload))

    def _on_cursor(self, cursor: messages.Cursor) -> None:
        self.cursors.append(cursor)
        at = (cursor.boot, cursor.sequence)
        while self.records and (self.records[0].boot, self.records[0].sequence) <= at:
            record = self.records.pop(0)
            self.last_passed = (record.boot, record.sequence)
            self.sent_count = max(0, self.sent_count - 1)
            self.progress_ms = self.now_ms()
        self.pump()

    def _on_command(self, command: commands.Command) -> None:
        self.commands.append(command)
        self.command_sequence_next = command.sequence + 1
        answer = commands.Answer(self.name, command.sequence, commands.DONE)
        if self._is_held(command, answer) or self._by_itself(command, answer):
            pass
        elif command.act == "ptz.move":
            self.pan_speed = command.number("pan") // 4
            self.moving_until_s = time.monotonic() + 0.9
        elif command.act == "ptz.stop":
            self.pan_speed = 0
        elif command.act in ("sound.on", "sound.off"):
            self.sound_state = command.act[6:]
        elif command.act == "ptz.preset" and command.number("number") == 8:
            answer.result, answer.code, answer.clause = commands.REFUSED, "ptz.zone", "C21"
            answer.remedy = "Choose a preset outside every privacy zone."
        self._say(topics.topic(self.name, topics.ANSWER), commands.encode_answer(answer), 1)

    def _is_held(self, command: commands.Command, answer: commands.Answer) -> bool:
        """Refuse as a unit does when somebody else has the dome."""
        if command.act not in HOLDING:
            return False
        code = self.hold.take(command.person, command.role, self.now_ms())
        if code:
            answer.result, answer.code, answer.clause = commands.REFUSED, code, "C67"
            answer.remedy = "%s (%s) has the dome; it is free in 3 s if they let it be" % (
                self.hold.person,
                self.hold.role,
            )
        return code != ""

    def _by_itself(self, command: commands.Command, answer: commands.Answer) -> bool:
        """Do what a unit does of holds, tours, menus and reasons; False for other acts."""
        who = (command.person, command.role)
        code = ""
        if command.act == "ptz.hand_over":
            code = self.hold.hand_over(*who, command.text("to"), self.now_ms())
        elif command.act == "ptz.release":
            code = self.hold.release(*who, self.now_ms())
        elif command.act == "ptz.tour_keep":
            self.tours[command.text("name")] = command.text("hours") + " " + command.text("plan")
        elif command.act == "ptz.tour_drop":
            del self.tours[command.text("name")]
        elif command.act == "ptz.tour_list":
            answer.detail = dict(self.tours)
        elif command.act == "ptz.tour_run":
            self.activity = "tour " + command.text("name")
        elif command.act == "ptz.menu":
            self.activity = "" if command.text("do") == "close" else "menu"
        elif command.act == "ptz.reason":
            self.debtor = ""
        else:
            return False
        if code:
            answer.result, answer.code, answer.clause = commands.REFUSED, code, "C67"
        return True


def _utc_ms() -> int:
    return time.time_ns() // 1_000_000
