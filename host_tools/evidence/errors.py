"""Why footage cannot be handed over; each says what would help."""


class EvidenceError(Exception):
    """An export or a look into a pool was refused or failed; `code` is stable."""

    code = "evidence.failed"


class NoStreamError(EvidenceError):
    """The pool has no partition for that camera."""

    code = "evidence.no_stream"


class NoKeyError(EvidenceError):
    """No key was released for any segment of the range."""

    code = "evidence.no_key"


class EmptyError(EvidenceError):
    """There is no footage in the range."""

    code = "evidence.empty"


class ExistsError(EvidenceError):
    """The folder to export into exists already."""

    code = "evidence.exists"


class CodecError(EvidenceError):
    """The footage is of a kind that this version cannot write."""

    code = "evidence.codec"


class SignerError(EvidenceError):
    """The key that signs exports cannot be used."""

    code = "evidence.signer"


class PapersError(EvidenceError):
    """It is not told whose footage this is, and by which permit it was recorded."""

    code = "evidence.papers"


class JoinError(EvidenceError):
    """Pictures and sound cannot be put into one file."""

    code = "evidence.join"


class EnvelopeError(EvidenceError):
    """A copy cannot be sealed for its recipient."""

    code = "evidence.envelope"
