"""The Transport header: what we ask for, and what the camera answers.

Source: RFC 2326 section 12.39.
"""

DIGIT_COUNT_MAX = 5
Pair = tuple[int, int]


def wanted_transport(udp_ports: Pair | None) -> str:
    """Ask for packets to these ports of ours, or interleaved in the connection."""
    if udp_ports is None:
        return "RTP/AVP/TCP;unicast;interleaved=0-1"
    return "RTP/AVP;unicast;client_port={}-{}".format(*udp_ports)


def told_transport(header: str) -> dict[str, Pair | None]:
    """Read the pairs of ports and channels in an answer, by the name of their field."""
    fields = [piece.partition("=") for piece in header.split(";")]
    return {name.strip().lower(): _pair(value) for name, _, value in fields}


def _pair(text: str) -> Pair | None:
    """Read "4-5"; None when it is not two numbers of a port or channel."""
    one, _, two = text.partition("-")
    if not _is_number(one):
        return None
    return int(one), int(two) if _is_number(two) else int(one) + 1


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= DIGIT_COUNT_MAX
