"""Why footage cannot be handed over; each says what would help."""


class EvidenceError(Exception):
    """An export or a look into a pool was refused or failed; `code` is stable."""

    code = "evidence.failed"


class RangeError(EvidenceError):
    """The range asked for makes no sense."""

    code = "evidence.range"


class NoStreamError(EvidenceError):
    """The pool has no partition for that camera."""

    code = "evidence.no_stream"


class NoKeyError(EvidenceError):
    """No key was released for any segment of the range."""

    code = "evidence.no_key"


class EmptyError(EvidenceError):
    """There is no footage in the range."""

    code = "evidence.empty"


class SoundError(EvidenceError):
    """Sound was asked for without a reason or without its grant."""

    code = "evidence.sound"


class ExistsError(EvidenceError):
    """The folder to export into exists already."""

    code = "evidence.exists"


class CodecError(EvidenceError):
    """The footage is of a kind that this version cannot write."""

    code = "evidence.codec"
