"""Every setting of a unit: kind, range, default and meaning.

Nothing reads a setting that is not listed here. People write TOML, where a quantity is text with
its unit ("2.5 s", "512 MiB"); `host_tools.site` turns it into the integers checked here. The unit
stands at the end of the key: `heartbeat` there is `heartbeat_ms` here.
"""

NAME = "name"  # 1 to 32 of a-z 0-9 and "-": safe in topics, files and client ids
TEXT = "text"
URL = "url"  # text with a scheme from `choices`
CHOICE = "choice"
NUMBER = "number"  # one of the integers in `choices`, or low..high where there are none
FLAG = "flag"
MS = "ms"
CDEG = "cdeg"
BYTES = "bytes"

QUANTITY_SUFFIX = {MS: "_ms", CDEG: "_cdeg", BYTES: "_bytes"}
REQUIRED = None


class Setting:
    """One setting.

    Args:
        key: as the core reads it, with the unit at the end where it is a quantity.
        kind: one of the kinds above.
        default: taken when the key is absent; REQUIRED when it must be given.
        meaning: what it does, for the person who writes the file; part of every refusal.
        limits: least and greatest number or length let through.
        choices: the values, or the URL schemes, let through.
    """

    __slots__ = ("choices", "default", "high", "key", "kind", "low", "meaning")

    def __init__(
        self,
        key: str,
        kind: str,
        default: "int | str | bool | None",
        meaning: str,
        limits: "tuple[int, int]" = (0, 0),
        choices: "tuple[int | str, ...]" = (),
    ) -> None:
        self.key = key
        self.kind = kind
        self.default = default
        self.meaning = meaning
        self.low, self.high = limits
        self.choices = choices


def _text(key: str, default: "str | None", meaning: str) -> Setting:
    return Setting(key, TEXT, default, meaning, limits=(0 if default is not REQUIRED else 1, 200))


UNIT = (
    Setting("name", NAME, REQUIRED, "the unit's name in topics and files"),
    Setting("kind", CHOICE, "gateway", "what it is", choices=("gateway", "redeployable")),
    _text("place", REQUIRED, "the place that the permit names"),
    Setting(
        "utc_offset_ms",
        MS,
        0,
        "local time of the site in winter, ahead of UTC; for tours by the hour",
        limits=(-12 * 3_600_000, 14 * 3_600_000),
    ),
    Setting("summer_time", FLAG, True, "clocks there go forward in summer, as in all of Europe"),
    _text("state_dir", ".", "folder of keys, permit and media, relative to this file"),
    _text("permit", "permit.cose", "file of the signed permit, in state_dir"),
    _text("claim", "claim.cbor", "file that a claim leaves, in state_dir; read once and deleted"),
)

LINK = (
    Setting("url", URL, REQUIRED, "the broker", choices=("mqtt", "mqtts"), limits=(1, 300)),
    _text("ca_file", "", "certificate authority of the broker, PEM; needed for mqtts"),
    _text("certificate_file", "", "this unit's certificate, PEM"),
    _text("key_file", "", "this unit's private key, PEM"),
    Setting("heartbeat_ms", MS, 2_000, "pause between heartbeats", limits=(200, 60_000)),
)

RING = (
    _text("file", "ring.pool", "file or partition of the ring, in state_dir"),
    Setting("size_bytes", BYTES, REQUIRED, "size of the ring", limits=(4 << 20, 1 << 44)),
    Setting("segment_bytes", BYTES, 4 << 20, "size of a segment", limits=(64 << 10, 256 << 20)),
    Setting(
        "record_bytes",
        BYTES,
        256 << 10,
        "most kept back in memory for each stream before it is written",
        limits=(16 << 10, 1 << 20),
    ),
    Setting(
        "hold_permille",
        NUMBER,
        250,
        "most that holds may take of a stream's part of the ring, in thousandths",
        limits=(0, 500),
    ),
    Setting("outbox_bytes", BYTES, 4 << 20, "size of the outbox", limits=(64 << 10, 1 << 30)),
    Setting(
        "read_back_bytes",
        BYTES,
        512 << 10,
        "read back each second to prove what the ring holds; 512 KiB go through 1 TiB in 24 days",
        limits=(16 << 10, 64 << 20),
    ),
    Setting(
        "read_back_every_ms",
        MS,
        3_600_000,
        "pause between two rounds of reading back",
        limits=(1_000, 604_800_000),
    ),
    Setting(
        "readable_permille",
        NUMBER,
        995,
        "a fault is raised when a smaller share of a stream can be read back",
        limits=(0, 1_000),
    ),
)

CAMERA = (
    Setting("name", NAME, REQUIRED, "the camera's name in topics and streams"),
    Setting(
        "source",
        URL,
        REQUIRED,
        "where its pictures come from",
        limits=(1, 300),
        choices=("rtsp", "rtsps", "v4l2", "file", "jpeg"),
    ),
    Setting(
        "ingest",
        CHOICE,
        "own",
        "what reads rtsp: our own client by TCP, the same by UDP, or FFmpeg's for odd cameras",
        choices=("own", "own-udp", "libav"),
    ),
    Setting("still_every_ms", MS, 5_000, "pause between stills", limits=(500, 600_000)),
    Setting(
        "clock_step_ms",
        MS,
        1_000,
        "tell when the camera's own clock has moved by more against the unit's",
        limits=(100, 3_600_000),
    ),
    Setting("share", NUMBER, 100, "its share of the ring, against the others", limits=(1, 1_000)),
)

PROTOCOLS = ("pelco-d", "pelco-p", "visca")
PROFILES = (
    "generic",
    "silent",
    "pelco-spectra",
    "pelco-esprit",
    "pelco-v5",
    "pelco-1999",
    "bosch-autodome",
    "bosch-mic-550",
    "orlaco",
    "eneo",
    "dasys",
    "ptzoptics",
    "sanyo-vsp",
    "costar",
    "focus-5f",
    "visca-evi-d70",
    "visca-evi-d90",
    "visca-ptzoptics",
)
BAUDS = (1200, 2400, 4800, 9600, 19200, 38400)

PTZ = (
    _text(
        "serial",
        REQUIRED,
        "device or URL of the serial line to the dome, or all in one: "
        "`pelco-d+serial:///dev/ttyUSB0?baud=2400&address=1`; domes may share a line",
    ),
    Setting("protocol", CHOICE, "pelco-d", "what the dome speaks", choices=PROTOCOLS),
    Setting(
        "profile",
        CHOICE,
        "generic",
        "the kind of dome, as `lamppost ptz probe` tells; see the guide to domes",
        choices=PROFILES,
    ),
    Setting(
        "baud",
        NUMBER,
        2_400,
        "speed of the line; where it is not given, 4800 for pelco-p and 9600 for visca",
        choices=BAUDS,
    ),
    Setting("address", NUMBER, 1, "the dome's number: pelco-p to 32, visca to 7", limits=(1, 255)),
    Setting("replies", FLAG, True, "whether the dome answers; the profile where not given"),
    Setting(
        "pacing_ms",
        MS,
        20,
        "pause between two frames; the profile where not given",
        limits=(0, 500),
    ),
    _text(
        "switches",
        "",
        "what is wired to the dome's auxiliaries, such as `wiper:1 washer:2 lamp:3`",
    ),
    Setting("turbo", FLAG, False, "full deflection of pan is turbo, where the profile has it"),
    Setting(
        "lease_ms", MS, 900, "how long a move goes on when nobody renews it", limits=(200, 1_000)
    ),
    Setting("home_preset", NUMBER, 0, "the preset that is home; 0 for none", limits=(0, 255)),
    Setting("upside_down", FLAG, False, "it hangs the other way up than it counts"),
    Setting("invert_pan", FLAG, False, "it takes left for right; its places are right"),
    Setting("invert_tilt", FLAG, False, "it takes up for down; its places are right"),
    Setting("invert_zoom", FLAG, False, "it takes tele for wide; its places are right"),
    Setting("invert_focus", FLAG, False, "it takes near for far"),
    Setting("query_ms", MS, 500, "pause between position queries at rest", limits=(100, 60_000)),
)

SOUND = (
    _text("source", "track", '"track" for the camera\'s own sound, or "device:NAME"'),
    _text("grant", REQUIRED, "file of the signed grant, in state_dir"),
    _text("gate", "session", '"session", or "file:PATH" of the relay\'s value file'),
    _text("read_back", "session", '"session", or "file:PATH" that tells the relay\'s real level'),
    _text("indicator", "session", '"session", or "file:PATH" that tells whether the light is lit'),
    Setting("share", NUMBER, 5, "its share of the ring, against the cameras", limits=(1, 1_000)),
)

SECTIONS = {"unit": UNIT, "link": LINK, "ring": RING}
CAMERA_SECTIONS = {"ptz": PTZ, "sound": SOUND}
CAMERA_COUNT_MAX = 32
