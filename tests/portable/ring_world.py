"""A ring in memory for the tests: a cipher of hashes, a medium that loses power, a recorder."""

import hashlib

from firmware.recorder.service import RecorderService
from firmware.recorder.settings import RecorderSettings
from firmware.ring import layout, recovery
from firmware.ring.content import Block
from firmware.ring.reader import RingReader
from hal.api.media import AccessUnit, StreamParameters

try:
    from hmac import digest
except ImportError:
    digest = None  # MicroPython has none, or an older hmac

PAGE = 4096
SECTOR = 512
PICTURE = "dome-1/picture"
SOUND = "yard-2/sound"
SOUND_CHAIN = "sound:g-1"
UTC_MS = 1_800_000_000_000
UUID = bytes(range(16))
INDEX_KEY = b"i" * 32
H264 = StreamParameters("h264", 90000, b"\x00\x00\x00\x01sps", 640, 480)
ALAW = StreamParameters("alaw", 8000, b"", 0, 0, 8000, 1)


class Chance:
    """Pseudo-random numbers that are the same on both interpreters."""

    def __init__(self, seed):
        self.state = seed * 2654435761 % (1 << 32)

    def below(self, end):
        """Give 0 to end - 1."""
        self.state = (self.state * 1664525 + 1013904223) % (1 << 32)
        return (self.state >> 8) % end


def hmac_sha256(key, data):
    """MAC of RFC 2104 for a key of at most 64 bytes."""
    if digest is not None:
        return digest(key, data, "sha256")
    key = key + bytes(64 - len(key))
    inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in key]) + data).digest()
    return hashlib.sha256(bytes([byte ^ 0x5C for byte in key]) + inner).digest()


class FakeCipher:
    """Seals with one repeated pad and a real tag: enough to tell a wrong key or a changed bit."""

    suite = 1

    def _mix(self, key, nonce, data):
        pad = hashlib.sha256(key + nonce).digest() * (len(data) // 32 + 1)
        size = len(data)
        mixed = int.from_bytes(data, "big") ^ int.from_bytes(pad[:size], "big")
        return mixed.to_bytes(size, "big")

    def seal(self, key, nonce, aad, plaintext):
        """Seal as Cipher.seal does."""
        sealed = self._mix(key, nonce, plaintext)
        return sealed + hmac_sha256(key, aad + nonce + sealed)[:16]

    def seal_into(self, key, nonce, aad, plaintext, room):
        """Seal as Cipher.seal_into does."""
        room[:] = self.seal(key, nonce, aad, plaintext)

    def unseal(self, suite, key, nonce, aad, sealed):
        """Open as Cipher.unseal does."""
        assert suite == self.suite
        body = sealed[:-16]
        if hmac_sha256(key, aad + nonce + body)[:16] != sealed[-16:]:
            return None
        return self._mix(key, nonce, body)

    def sealed_bytes(self, plain_bytes):
        """Length of what `seal` gives."""
        return plain_bytes + 16

    def sha256(self, data):
        """Hash."""
        return hashlib.sha256(data).digest()

    def hmac_sha256(self, key, data):
        """Code."""
        return hmac_sha256(key, data)


class FakeEntropy:
    """Never gives the same bytes twice in one test."""

    def __init__(self, seed=0):
        self.count = seed * 1_000_000

    def random(self, length_bytes):
        """Give bytes."""
        self.count += 1
        return hashlib.sha256(b"%d" % self.count).digest()[:length_bytes]


class Chain:
    """A key chain that remembers every epoch: the keyholder and the unit in one."""

    def __init__(self, name, epoch=3_000_000):
        self.name = name
        self.epoch = epoch

    def _secret(self, epoch):
        return hashlib.sha256(b"%s %d" % (self.name.encode(), epoch)).digest()

    def content_key(self, label):
        """Derive as Ratchet.content_key does."""
        return hmac_sha256(self._secret(self.epoch), b"content" + label)

    def key_for(self, key_id, label, first_epoch=3_000_000, count=20):
        """Answer a reader as a keyholder of these epochs."""
        for epoch in range(first_epoch, first_epoch + count):
            secret = self._secret(epoch)
            if hmac_sha256(secret, b"contentid")[:16] == key_id:
                return hmac_sha256(secret, b"content" + label)
        return None


class Medium:
    """Pages in memory; what no barrier covers may be lost or torn by `cut`."""

    def __init__(self, size_bytes):
        self.size_bytes = size_bytes
        self.pages = {}
        self.durable = {}
        self.pending = []
        self.read_count = 0

    def read(self, offset_bytes, length_bytes):
        """Give bytes as Blocks.read does."""
        self.read_count += 1
        first = offset_bytes // PAGE
        last = (offset_bytes + length_bytes - 1) // PAGE
        parts = [self.pages.get(at, layout.ZERO_PAGE) for at in range(first, last + 1)]
        start = offset_bytes - first * PAGE
        return b"".join(parts)[start : start + length_bytes]

    def write(self, offset_bytes, data):
        """Change pages in the cache."""
        assert offset_bytes % PAGE == 0 and len(data) % PAGE == 0
        assert offset_bytes + len(data) <= self.size_bytes
        self.pending.append((offset_bytes, data))
        _put(self.pages, offset_bytes, data)

    def barrier(self):
        """Make everything durable."""
        for offset_bytes, data in self.pending:
            _put(self.durable, offset_bytes, data)
        self.pending = []

    def lose(self):
        """Fail a barrier as file systems do: what was pending looks written and never will be."""
        self.pending = []

    def do(self, plan):
        """Do a plan at once."""
        for kind, offset_bytes, data in plan:
            if kind == "write":
                self.write(offset_bytes, data)
            else:
                self.barrier()

    def cut(self, chance):
        """Lose power: of what is pending, some sectors of some writes are on the medium."""
        keep_percent = (0, 10, 50, 90, 100)[chance.below(5)]
        pages = dict(self.durable)
        for offset_bytes, data in self.pending:
            for at in range(0, len(data), SECTOR):
                if chance.below(100) < keep_percent:
                    index = (offset_bytes + at) // PAGE
                    page = bytearray(pages.get(index, layout.ZERO_PAGE))
                    start = (offset_bytes + at) % PAGE
                    page[start : start + SECTOR] = data[at : at + SECTOR]
                    pages[index] = bytes(page)
        self.pages = pages
        self.durable = dict(pages)
        self.pending = []

    def flip(self, offset_bytes, bit):
        """Change one bit."""
        page = bytearray(self.pages.get(offset_bytes // PAGE, layout.ZERO_PAGE))
        page[offset_bytes % PAGE] ^= 1 << bit
        self.pages[offset_bytes // PAGE] = bytes(page)


def _put(pages, offset_bytes, data):
    for at in range(0, len(data), PAGE):
        pages[(offset_bytes + at) // PAGE] = data[at : at + PAGE]


def unit_of(number, now_ms, size=700, every=10):
    """Make access unit `number`, which can be told from every other."""
    body = b"unit %d " % number
    body = body + bytes(size - len(body))
    return AccessUnit(body, now_ms, number * 3600, number * 3600, number % every == 0)


def number_of(unit):
    """Tell which unit it is."""
    return int(bytes(unit.data[:20]).split()[1])


class Rig:
    """A recorder on a medium in memory, with its keyholder."""

    medium_class = Medium
    streams = (PICTURE, SOUND)

    def __init__(self, slots=6, segment_pages=16, seed=0, service=RecorderService):
        self.cipher = FakeCipher()
        self.entropy = FakeEntropy(seed)
        self.chain = Chain("picture")
        self.sound_chain = Chain(SOUND_CHAIN)
        self.service_class = service
        segment_bytes = segment_pages * PAGE
        size_bytes = 2 * PAGE + len(self.streams) * slots * segment_bytes
        wants = [(stream, segment_bytes, 1) for stream in self.streams]
        self.layout = layout.plan_pool(self.cipher, UUID, "unit-7", size_bytes, wants)
        self.medium = self.medium_class(size_bytes)
        self.medium.do(self.layout.format_plan(True))
        self.boot = 0
        self.now_ms = 0
        self.token = 0
        self.held_back = None
        self.start()

    def start(self):
        """Boot: recover and open the streams."""
        self.boot += 1
        self.now_ms = 1000
        read = self.medium.read
        self.layout = layout.load(read, self.medium.size_bytes, "unit-7")
        self.recovered = recovery.recover(read, self.layout)
        settings = RecorderSettings(8192, 1 << 20, INDEX_KEY)
        self.service = self.service_class(
            self.cipher, self.entropy, self.layout, self.recovered, self.boot, settings
        )
        self.service.set_epoch("picture", self.chain)
        self.service.set_epoch(SOUND_CHAIN, self.sound_chain)
        self.tell_time()
        assert self.service.open_stream(PICTURE, H264, self.now_ms) == ""

    def tell_time(self):
        """Set the recorder's clock."""
        utc_ms = UTC_MS + self.boot * 3_600_000 + self.now_ms
        self.service.set_time(utc_ms, 2, self.now_ms)

    def turn(self, step_ms=40, code=""):
        """Let time pass, do what is planned, tell completions (the code is that of barriers)."""
        self.now_ms += step_ms
        plan, _ = self.service.step(self.now_ms)
        tokens = []
        done = []
        for kind, offset_bytes, data in plan:
            self.token += 1
            tokens.append(self.token)
            if kind == "write":
                self.medium.write(offset_bytes, data)
                done.append((self.token, ""))
            else:
                if code:
                    self.medium.lose()
                else:
                    self.medium.barrier()
                done.append((self.token, code))
        self.service.on_submitted(tokens)
        for token, result in done:
            self.service.on_completion(token, result, self.now_ms)
        return plan

    def record(self, numbers, stream=PICTURE, size=700):
        """Record units one by one, 40 ms apart."""
        for number in numbers:
            self.service.receive(stream, unit_of(number, self.now_ms, size), self.now_ms)
            self.turn()

    def settle(self):
        """Turn until everything is behind a barrier."""
        for _ in range(10):
            self.turn(1000)

    def key_for(self, key_id, label):
        """Answer as the keyholder of both chains."""
        return self.chain.key_for(key_id, label) or self.sound_chain.key_for(key_id, label)

    def reader(self):
        """A reader with every key."""
        return RingReader(self.medium.read, self.layout, self.cipher, self.key_for)

    def blocks(self, stream=PICTURE):
        """Every readable (segment, record, content) of a stream, oldest first."""
        reader = self.reader()
        partition = self.layout.find(self.cipher, stream)
        found = []
        for segment in reader.segments(partition):
            for record, content in reader.contents(segment):
                found.append((segment, record, content))
        return found

    def numbers(self, stream=PICTURE):
        """Numbers of every readable unit, oldest first."""
        found = []
        for _, _, content in self.blocks(stream):
            if isinstance(content, Block):
                found.extend([number_of(unit) for unit in content.units])
        return found
