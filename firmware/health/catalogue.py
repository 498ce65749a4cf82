"""Every fault a unit can have: what it means, what it costs, and what to try first.

A number is never given to another fault, nor taken back. docs/formats/faults.md is this table for
people; a test keeps the two together.
"""

from firmware.health.fault import EMERGENCY, HIGH, LOW, MEDIUM, Fault

_ROWS = (
    Fault(
        "picture.lost",
        101,
        EMERGENCY,
        (2000, 5000),
        (
            "No picture has come from the camera for 3 s.",
            "Nothing is recorded from this camera; the gap is recorded.",
            "Check the camera's power and network cable, then its address and login.",
            "C56",
        ),
    ),
    Fault(
        "picture.frozen",
        102,
        EMERGENCY,
        (5000, 5000),
        (
            "Pictures come, but not one pixel changes.",
            "Recording goes on and shows a still scene that may be old.",
            "Restart the camera; a frozen encoder does not mend itself.",
            "C56",
        ),
    ),
    Fault(
        "picture.dark",
        103,
        HIGH,
        (5000, 10000),
        (
            "The picture is black or almost black.",
            "Recording goes on; nobody can be recognised.",
            "Look for a covered lens or dead lighting; check day and night switching.",
            "C56",
        ),
    ),
    Fault(
        "picture.broken",
        104,
        HIGH,
        (10000, 30000),
        (
            "Pictures come damaged, incomplete, or cannot be decoded.",
            "What comes whole is recorded; what rests on a lost keyframe is left out.",
            "Look for losses on the network; try the other of TCP and UDP; restart the camera.",
            "C56",
        ),
    ),
    Fault(
        "picture.no_keyframe",
        105,
        HIGH,
        (0, 0),
        (
            "The camera has sent no keyframe for a minute.",
            "Recording goes on if it had begun; it can be read from the last keyframe on only.",
            "Set the camera's keyframe interval to one or two seconds.",
            "C56",
        ),
    ),
    Fault(
        "picture.times_jump",
        106,
        MEDIUM,
        (0, 60000),
        (
            "The camera's own times jump forwards or back.",
            "Recording goes on; the unit's clock takes the place of the camera's.",
            "Update the camera; give it a time server that does not step.",
            "C10",
        ),
    ),
    Fault(
        "dome.silent",
        201,
        EMERGENCY,
        (3000, 3000),
        (
            "The dome is expected to answer and does not.",
            "Moves are sent but not confirmed; with zones the picture is withheld.",
            "Check the dome's power, address, baud rate and the A and B wires.",
            "C56",
        ),
    ),
    Fault(
        "dome.line_lost",
        202,
        EMERGENCY,
        (2000, 2000),
        (
            "The serial line to the dome cannot be opened or went away.",
            "The dome cannot be moved or stopped; the picture is not touched.",
            "Plug the serial adapter in again; check the device name and its permissions.",
            "C56",
        ),
    ),
    Fault(
        "dome.stuck",
        203,
        EMERGENCY,
        (1000, 5000),
        (
            "The dome is told to turn and its position does not change.",
            "It cannot be aimed; the picture goes on.",
            "Look for ice, a cable or a branch; then the gear and the motor.",
            "C56",
        ),
    ),
    Fault(
        "dome.disagrees",
        204,
        EMERGENCY,
        (0, 5000),
        (
            "The dome turns by itself, or the other way than it is told.",
            "It was sent a stop; zones are filled for the fastest that it can turn.",
            "Look for a second controller on the line, an auto-scan, or crossed wires.",
            "C56",
        ),
    ),
    Fault(
        "dome.preset_drifted",
        205,
        MEDIUM,
        (0, 0),
        (
            "A preset does not lead to where it looked when it was set.",
            "Tours and presets look elsewhere than people think.",
            "Home the dome, look at its mount, and set the preset anew.",
            "C56",
        ),
    ),
    Fault(
        "sound.gate_disagrees",
        301,
        EMERGENCY,
        (0, 0),
        (
            "The microphone's gate does not read back the level that it is driven to.",
            "Sound is off and stays off until a person switches it off and on.",
            "Test the gate relay and its read-back wire; cut the microphone's supply if in doubt.",
            "C42",
        ),
    ),
    Fault(
        "sound.indicator_broken",
        302,
        HIGH,
        (0, 0),
        (
            "The lamp that tells people of sound recording does not light.",
            "Sound is off and stays off until a person switches it off and on.",
            "Replace the lamp or mend its wire; do not bridge it.",
            "C45",
        ),
    ),
    Fault(
        "microphone.lost",
        303,
        MEDIUM,
        (3000, 5000),
        (
            "Sound is switched on and granted, and none comes.",
            "No sound is recorded; the picture is not touched.",
            "Check the microphone's plug, or the camera's sound track.",
            "",
        ),
    ),
    Fault(
        "disk.failed",
        401,
        EMERGENCY,
        (0, 10000),
        (
            "The recording medium reported an error.",
            "Nothing is recorded until the medium works again.",
            "Check cable and power of the medium; replace it if the error returns.",
            "C26",
        ),
    ),
    Fault(
        "disk.slow",
        402,
        HIGH,
        (10000, 60000),
        (
            "A flush of the recording medium takes longer than 2 s.",
            "Recording goes on; a power cut may lose more than one second.",
            "Look at the medium's wear; plan its replacement.",
            "C55",
        ),
    ),
    Fault(
        "disk.full",
        403,
        HIGH,
        (0, 60000),
        (
            "The medium has no room for what the unit has to store.",
            "The oldest is overwritten early, or the ring cannot be made.",
            "Free the medium of other files, or fit a larger one.",
            "C33",
        ),
    ),
    Fault(
        "not.recording",
        404,
        EMERGENCY,
        (30000, 5000),
        (
            "The camera is deployed and armed, and nothing is being recorded.",
            "The camera stands there as a dummy.",
            "Look at this camera's other faults first; restart the unit if there is none.",
            "C23",
        ),
    ),
    Fault(
        "permit.missing",
        501,
        HIGH,
        (0, 0),
        (
            "There is no valid permit for this unit at this place.",
            "The unit is disarmed: it records nothing.",
            "Load the permit from the council's authority, or take the unit down.",
            "C09",
        ),
    ),
    Fault(
        "unit.crashed",
        601,
        HIGH,
        (0, 0),
        (
            "The last boot ended in a crash or was ended by the watchdog.",
            "Recording was interrupted; the gap is recorded.",
            "Read the stored reason with the diagnosis tool and report it.",
            "C26",
        ),
    ),
    Fault(
        "supply.low",
        602,
        HIGH,
        (5000, 30000),
        (
            "The supply voltage is below the board's limit.",
            "The unit may stop at any moment.",
            "Check the mains feed and the battery.",
            "C20",
        ),
    ),
    Fault(
        "board.hot",
        603,
        MEDIUM,
        (30000, 60000),
        (
            "The board is hotter than it is made for.",
            "Nothing yet; the medium and the board age fast.",
            "Check shade, vents and the fan.",
            "C55",
        ),
    ),
    Fault(
        "link.down",
        701,
        LOW,
        (10000, 5000),
        (
            "There is no connection to the CMC.",
            "Recording goes on; events wait in the outbox; domes stand still.",
            "Check the modem or network cable, then the broker.",
            "C59",
        ),
    ),
    Fault(
        "outbox.shedding",
        702,
        MEDIUM,
        (0, 60000),
        (
            "The outbox is full and gives up its least important events.",
            "The CMC will see a gap, and how many events it holds.",
            "Mend the link; the outbox empties by itself.",
            "C59",
        ),
    ),
    Fault(
        "clock.untrusted",
        801,
        MEDIUM,
        (60000, 10000),
        (
            "Nobody vouches for the unit's wall clock.",
            "Recording goes on with quality 0 or 1; footage is not shown as timed.",
            "Check the time service or the GNSS aerial.",
            "C10",
        ),
    ),
)

FAULTS = {fault.name: fault for fault in _ROWS}
_NAMES = {fault.number: fault.name for fault in _ROWS}


def name_of(number: int) -> str:
    """Look up the name of a fault by its number; "" when there is none."""
    return _NAMES.get(number, "")


def names() -> "list[str]":
    """All faults in the order of their numbers."""
    return [_NAMES[number] for number in sorted(_NAMES)]
