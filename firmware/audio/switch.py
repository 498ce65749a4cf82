"""The moves of a sound switch: every way to be unsure leads away from open.

```text
off ----open---> opening ---proven---> on
 ^                  |                   |
 +-proven- closing <+-close, withdraw---+

failed: by doubt from off, opening, on and closing; left only by close, into closing
```
"""

OFF, OPENING, ON, CLOSING, FAILED = "off", "opening", "on", "closing", "failed"
STATES = (OFF, OPENING, ON, CLOSING, FAILED)

OPEN = "open"  # a permitted person asks for sound
CLOSE = "close"  # a person asks for silence; the only way out of failed
WITHDRAW = "withdraw"  # the permission ended
PROVEN = "proven"  # the gate's read-back (and, to be on, the indicator) agrees with its level
DOUBT = "doubt"  # read-back or indicator disagrees for too long, or nobody looks at them
EVENTS = (OPEN, CLOSE, WITHDRAW, PROVEN, DOUBT)

NEXT = {
    (OFF, OPEN): OPENING,
    (OFF, DOUBT): FAILED,  # the gate stands open although nobody drives it
    (OPENING, PROVEN): ON,
    (OPENING, CLOSE): CLOSING,
    (OPENING, WITHDRAW): CLOSING,
    (OPENING, DOUBT): FAILED,
    (ON, CLOSE): CLOSING,
    (ON, WITHDRAW): CLOSING,
    (ON, DOUBT): FAILED,
    (CLOSING, PROVEN): OFF,
    (CLOSING, DOUBT): FAILED,
    (FAILED, CLOSE): CLOSING,  # a person takes note; open needs a second act after the proof
}

GATE_IS_DRIVEN = (OPENING, ON)
MOVING = (OPENING, CLOSING)
