"""A tone, sampled and coded as G.711 A-law, that starts where the last piece of it ended.

Source: ITU-T G.711, A-law.
"""

import math

SAMPLE_RATE_HZ = 8000
SILENCE = 0xD5
CLIP = 32_635
SEGMENT_ENDS = (0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF, 0x1FFF, 0x3FFF, 0x7FFF)


def alaw(sample: int) -> int:
    """Code one 16-bit sample as A-law."""
    mask = 0xD5
    if sample < 0:
        mask = 0x55
        sample = -sample - 1
    sample = min(sample, CLIP)
    segment = 0
    while sample > SEGMENT_ENDS[segment]:
        segment += 1
    coded = segment << 4
    coded |= (sample >> (4 if segment == 0 else segment + 3)) & 0x0F
    return coded ^ mask


def tone_second(tone_hz: int, amplitude: int = 8_000) -> bytes:
    """Make one second of a tone in A-law, 8,000 bytes; a whole number of hertz repeats cleanly."""
    wave: list[int] = []
    for index in range(SAMPLE_RATE_HZ):
        turn = 2 * math.pi * ((tone_hz * index) % SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
        wave.append(alaw(int(amplitude * math.sin(turn))))
    return bytes(wave)
