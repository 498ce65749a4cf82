"""Letters of five by seven dots: for a picture's clock and for signs in the street."""

import numpy as np
from numpy.typing import NDArray

COLUMN_COUNT, ROW_COUNT = 5, 7
# Five columns a letter, the top dot in the lowest bit.
DOTS = {
    "0": "3e5149453e", "1": "00427f4000", "2": "4261514946", "3": "2141454b31", "4": "1814127f10",
    "5": "2745454539", "6": "3c4a494930", "7": "0171090503", "8": "3649494936", "9": "064949291e",
    "A": "7e1111117e", "B": "7f49494936", "C": "3e41414122", "D": "7f4141221c", "E": "7f49494941",
    "F": "7f09090901", "G": "3e4149497a", "H": "7f0808087f", "I": "00417f4100", "J": "2040413f01",
    "K": "7f08142241", "L": "7f40404040", "M": "7f020c027f", "N": "7f0408107f", "O": "3e4141413e",
    "P": "7f09090906", "Q": "3e4151215e", "R": "7f09192946", "S": "4649494931", "T": "01017f0101",
    "U": "3f4040403f", "V": "1f2040201f", "W": "3f4038403f", "X": "6314081463", "Y": "0708700807",
    "Z": "6151494543", ":": "0036360000", "-": "0808080808", ".": "0060600000", "/": "2010080402",
}  # fmt: skip


def dots(text: str) -> NDArray[np.bool_]:
    """Lay a line of text out in dots, 7 rows high, 6 columns a letter; others are spaces."""
    laid = np.zeros((ROW_COUNT, 6 * len(text)), np.bool_)
    for index, letter in enumerate(text.upper()):
        columns = bytes.fromhex(DOTS.get(letter, "0000000000"))
        for column, bits in enumerate(columns):
            for row in range(ROW_COUNT):
                laid[row, 6 * index + column] = bool(bits >> row & 1)
    return laid


def stamp(picture: NDArray[np.uint8], text: str, left_px: int, top_px: int) -> None:
    """Write a line into a picture, white on a darkened strip, two pixels a dot.

    Args:
        picture: height x width x 3, changed in place.
        text: capitals, digits and ":-./"; what does not fit is cut off.
        left_px: where the strip begins.
        top_px: where the strip begins.
    """
    laid = dots(text).repeat(2, axis=0).repeat(2, axis=1)
    strip = picture[top_px : top_px + laid.shape[0] + 6, left_px : left_px + laid.shape[1] + 6]
    strip //= 2
    inner = strip[3 : 3 + laid.shape[0], 3 : 3 + laid.shape[1]]
    inner[laid[: inner.shape[0], : inner.shape[1]]] = 240
