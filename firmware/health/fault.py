"""What is to be known of one kind of fault."""

EMERGENCY = "emergency"  # the camera does not serve its purpose, or the law is at stake: go now
HIGH = "high"  # service is degraded or will soon be lost: go today
MEDIUM = "medium"  # to be planned
LOW = "low"  # worth knowing; closes by itself when it clears
SEVERITIES = (EMERGENCY, HIGH, MEDIUM, LOW)


class Fault:
    """One row of the catalogue.

    Args:
        name: words joined by dots.
        number: for the wire; grouped like the event codes.
        severity: one of SEVERITIES.
        delays_ms: (present for so long before it is raised, absent before it is cleared).
    """

    __slots__ = (
        "name",
        "number",
        "off_delay_ms",
        "on_delay_ms",
        "severity",
    )

    def __init__(
        self,
        name: str,
        number: int,
        severity: str,
        delays_ms: "tuple[int, int]",
    ) -> None:
        self.name = name
        self.number = number
        self.severity = severity
        self.on_delay_ms, self.off_delay_ms = delays_ms
