"""What a camera offers: the media of a session description.

Source: RFC 8866; RFC 2326 appendix C for where the control addresses lead.
"""

MEDIA_COUNT_MAX = 32
LINE_COUNT_MAX = 2000
CLOCK_HZ_MAX = 1_000_000
CHANNEL_COUNT_MAX = 16
STATIC = {0: ("PCMU", 8000, 1), 8: ("PCMA", 8000, 1), 26: ("JPEG", 90000, 1)}


class Media:
    """One track on offer.

    Attributes:
        kind: "video", "audio", or another word.
        payload_type: of its packets, 0 to 127.
        encoding: "H264", "MPEG4-GENERIC" and the like, in capitals; "" for unknown.
        clock_hz: ticks a second of its packets' times.
        channel_count: of sound; 1 where not told.
        parameters: of the a=fmtp line, names in small letters.
        control: the address to set it up at, as the camera wrote it.
    """

    def __init__(self, kind: str, payload_type: int, control: str) -> None:
        self.kind = kind
        self.payload_type = payload_type
        self.control = control
        self.encoding, self.clock_hz, self.channel_count = STATIC.get(payload_type, ("", 0, 1))
        self.parameters: dict[str, str] = {}

    def take(self, name: str, value: str) -> None:
        """Take one attribute of the track."""
        if name == "control":
            self.control = value
            return
        number, _, rest = value.partition(" ")
        if number != str(self.payload_type):
            return
        if name == "rtpmap":
            self._take_map(rest.strip())
        elif name == "fmtp":
            pairs = [piece.partition("=") for piece in rest.split(";")]
            self.parameters = {one.strip().lower(): two.strip() for one, _, two in pairs}

    def number(self, name: str, default: int) -> int:
        """A parameter that is a number; the default where it is none."""
        return _number(self.parameters.get(name, ""), default)

    def _take_map(self, text: str) -> None:
        encoding, clock, channels, *_ = [*text.split("/"), "", ""]
        clock_hz = _number(clock, 0)
        if 0 < clock_hz <= CLOCK_HZ_MAX:
            self.encoding, self.clock_hz = encoding.upper(), clock_hz
            self.channel_count = min(CHANNEL_COUNT_MAX, max(1, _number(channels, 1)))


def _number(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else default  # noqa: PLR2004


def parse(body: bytes) -> tuple[list[Media], str]:
    """Read a description; lines that make no sense are passed over.

    Returns:
        (media in order, control of the whole session or "").
    """
    media: list[Media] = []
    session_control = ""
    for raw in body.decode("utf-8", "replace").splitlines()[:LINE_COUNT_MAX]:
        kind, _, value = raw.strip().partition("=")
        if kind == "m":
            words = value.split()
            number = _number(words[3], -1) if len(words) > 3 else -1  # noqa: PLR2004
            if len(media) >= MEDIA_COUNT_MAX:
                break
            media.append(Media(words[0] if words else "", number, ""))
        elif kind == "a":
            name, _, rest = value.partition(":")
            if media:
                media[-1].take(name.strip(), rest.strip())
            elif name == "control":
                session_control = rest.strip()
    return media, session_control


def join(base: str, control: str) -> str:
    """Find the address that a control attribute means.

    Args:
        base: Content-Base, Content-Location, or the address that was asked.
        control: as the camera wrote it.
    """
    if control in {"", "*"}:
        return base
    if "://" in control:
        return control
    return base + control if base.endswith("/") else f"{base}/{control}"
