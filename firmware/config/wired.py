"""Reads what installers wired to a dome's auxiliaries: "wiper:1 washer:2 lamp:3"."""

AUX_MAX = 8
NAME_LETTERS_MAX = 16
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"


def read(text: str) -> "dict[str, int] | None":
    """Turn names of auxiliaries into numbers.

    Args:
        text: "name:number" one after the other; names of 1 to 16 of a-z, 0-9 and "-", numbers 1
            to 8, no name twice; "" for none.

    Returns:
        name to number; None when the text is none of this.
    """
    found: dict[str, int] = {}
    for word in text.split():
        name, _, number = word.partition(":")
        is_name = 0 < len(name) <= NAME_LETTERS_MAX and all(letter in LETTERS for letter in name)
        is_number = len(number) == 1 and "1" <= number <= str(AUX_MAX)
        if not is_name or not is_number or name in found:
            return None
        found[name] = int(number)
    return found
