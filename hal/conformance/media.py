"""Checks of `hal.api.camera` and `hal.api.microphone`."""

from hal.api._typing import TYPE_CHECKING, Protocol
from hal.api.errors import PortAbsent, PortError
from hal.conformance.world import World, median_ms, wait_until

if TYPE_CHECKING:
    from hal.api.camera import Camera
    from hal.api.media import AccessUnit
    from hal.api.microphone import Microphone

PICTURE_CODECS = ("h264", "hevc", "jpeg")
SOUND_CODECS = ("aac", "alaw", "ulaw", "opus", "s16le")
TIMEOUT_MS = 20_000
CALL_MS_MAX = 5
STILL_MS_MAX = 100
CLOSE_MS_MAX = 50
WHOLE = (0, 0, 1000, 1000)


class MediaWorld(World, Protocol):
    """A source that plays, and can be asked about its sound."""

    def sound_count(self) -> int:
        """How often sound was asked for so far: track set-ups, or openings of the card."""
        ...


def _take(port: "Camera | Microphone", world: World, count: int) -> "list[AccessUnit]":
    """Read until so many units came."""
    units: list[AccessUnit] = []

    def is_done() -> bool:
        unit = port.read()
        while unit is not None:
            units.append(unit)
            unit = port.read()
        return len(units) >= count

    assert wait_until(world, is_done, TIMEOUT_MS), (port.name, len(units))
    return units


def _check_framing(unit: "AccessUnit", codec: str) -> None:
    """NAL units stand behind their length in 4 bytes, and fill the access unit exactly."""
    assert unit.data, "an empty access unit"
    if codec == "jpeg":
        assert unit.data[:2] == b"\xff\xd8", unit.data[:4]
        return
    offset = 0
    while offset < len(unit.data):
        size = int.from_bytes(unit.data[offset : offset + 4], "big")
        assert size > 0, offset
        offset += 4 + size
    assert offset == len(unit.data), (offset, len(unit.data))


def check_camera_begins_with_a_keyframe(camera: "Camera", world: MediaWorld) -> None:
    """After each open the first unit is a keyframe, time does not fall, and all is framed."""
    for turn in range(2):
        assert camera.read() is None, "a unit before open"
        camera.open()
        units = _take(camera, world, 10)
        assert units[0].is_keyframe, turn
        parameters = camera.parameters()
        assert parameters is not None, "units without parameters"
        assert parameters.codec in PICTURE_CODECS, parameters.codec
        assert parameters.timescale > 0
        assert parameters.width_px > 0 and parameters.height_px > 0
        assert parameters.extradata or parameters.codec == "jpeg"
        for index, unit in enumerate(units):
            _check_framing(unit, parameters.codec)
            if index:
                assert unit.dts >= units[index - 1].dts, index
                assert unit.now_ms >= units[index - 1].now_ms, index
        camera.close()
        camera.close()
        assert camera.read() is None, "a unit after close"


def check_camera_leaves_the_sound_alone(camera: "Camera", world: MediaWorld) -> None:
    """Pictures come and the sound was never asked for."""
    before_count = world.sound_count()
    camera.open()
    _take(camera, world, 10)
    camera.close()
    assert world.sound_count() == before_count, world.sound_count()


def check_camera_measures_and_shows(camera: "Camera", world: MediaWorld) -> None:
    """Measures are in range; a still is a JPEG; one that is all zone shows nothing of it."""
    assert camera.measures() is None and camera.still([]) == b""
    camera.open()
    _take(camera, world, 1)
    assert wait_until(world, lambda: camera.measures() is not None, TIMEOUT_MS), "no measures"
    measures = camera.measures()
    assert measures is not None
    assert 0 <= measures.luma_permille <= 1000, measures.luma_permille
    assert 0 <= measures.change_ppm <= 1_000_000, measures.change_ppm
    assert measures.sharpness >= 0, measures.sharpness
    whole = camera.still([])
    filled = camera.still([WHOLE])
    assert whole[:2] == b"\xff\xd8", "no JPEG"
    assert filled == b"" or len(filled) * 2 < len(whole), (len(whole), len(filled))
    for bad in ((0, 0, 1001, 10), (500, 0, 400, 10), (-1, 0, 10, 10)):
        assert camera.still([bad]) == b"", bad
    camera.close()


def check_camera_does_not_block(camera: "Camera", world: MediaWorld) -> None:
    """Calls are usually done within 5 ms, a still within 100 ms."""
    start_ms = world.now_ms()
    camera.open()
    assert world.now_ms() - start_ms <= 50, "open waits"
    _take(camera, world, 5)
    assert median_ms(world, camera.read) <= CALL_MS_MAX
    assert median_ms(world, camera.measures) <= CALL_MS_MAX
    assert median_ms(world, lambda: camera.still([]), 5) <= STILL_MS_MAX
    assert median_ms(world, camera.close, 1) <= 50


def check_media_absent_is_told(port: "Camera | Microphone", world: World) -> None:
    """A source that is not there says PortAbsent from `read`, with its name and no password."""
    told: list[PortError] = []
    port.open()

    def is_told() -> bool:
        try:
            port.read()
        except PortError as trouble:
            told.append(trouble)
        return bool(told)

    assert wait_until(world, is_told, TIMEOUT_MS), "silence"
    assert isinstance(told[0], PortAbsent), repr(told[0])
    assert port.name in str(told[0]), str(told[0])
    port.close()


def check_microphone_asks_for_nothing_while_closed(
    microphone: "Microphone", world: MediaWorld
) -> None:
    """Made but not opened, it asked for no sound and has none."""
    before_count = world.sound_count()
    for _ in range(20):
        world.pause(10)
        assert microphone.read() is None
    assert microphone.parameters() is None
    assert world.sound_count() == before_count, world.sound_count()


def check_microphone_hears_while_open(microphone: "Microphone", world: MediaWorld) -> None:
    """Open, there are units whose times do not fall, and parameters to read them."""
    microphone.open()
    units = _take(microphone, world, 20)
    parameters = microphone.parameters()
    assert parameters is not None
    assert parameters.codec in SOUND_CODECS, parameters.codec
    assert parameters.sample_rate_hz > 0 and parameters.channel_count > 0
    assert parameters.timescale > 0
    for index, unit in enumerate(units):
        assert unit.is_keyframe and unit.data, index
        assert index == 0 or unit.dts >= units[index - 1].dts, index
    microphone.close()


def check_microphone_stops_at_once(microphone: "Microphone", world: MediaWorld) -> None:
    """Close returns within 50 ms, nothing is read after it, nothing old after the next open."""
    microphone.open()
    _take(microphone, world, 5)
    world.pause(200)  # so that something is buffered
    start_ms = world.now_ms()
    microphone.close()
    assert world.now_ms() - start_ms <= CLOSE_MS_MAX, world.now_ms() - start_ms
    microphone.close()
    for _ in range(20):
        assert microphone.read() is None, "sound after close"
        world.pause(10)
    opened_ms = world.now_ms()
    microphone.open()
    unit = _take(microphone, world, 1)[0]
    assert unit.now_ms >= opened_ms, (unit.now_ms, opened_ms)
    microphone.close()


def check_microphone_keeps_two_seconds(microphone: "Microphone", world: MediaWorld) -> None:
    """Unread for 4 s it keeps at most the newest 2 s and counts the rest."""
    microphone.open()
    _take(microphone, world, 1)
    before_count = microphone.dropped_count
    world.pause(4000)
    units = _take(microphone, world, 1)
    parameters = microphone.parameters()
    assert parameters is not None
    span = units[-1].dts - units[0].dts
    assert span <= parameters.timescale * 2100 // 1000, (span, parameters.timescale)
    assert microphone.dropped_count > before_count, "lost without a count"
    microphone.close()
