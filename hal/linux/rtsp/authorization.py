"""Digest and Basic: says who asks, in the strongest way that the camera offers.

Source: RFC 7616 and RFC 7617, RFC 2326 section 16.
"""

import base64
import hashlib
import re
import secrets

DIGEST, BASIC = "digest", "basic"
PAIR = re.compile(r'([A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
CHALLENGE_LETTERS_MAX = 2048
STRENGTHS = ("sha-256", "md5")  # strongest first; an absent algorithm is MD5


def _hash(algorithm: str, text: str) -> str:
    data = text.encode()
    if algorithm == "sha-256":
        return hashlib.sha256(data).hexdigest()
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


class Authorization:
    """Answers the challenges of one server.

    Args:
        user: "" for nobody; then every challenge stays unanswered.
        password: never part of any text but the header itself.
    """

    def __init__(self, user: str, password: str) -> None:
        self._user = user
        self._password = password
        self._scheme = ""
        self._fields: dict[str, str] = {}
        self._use_count = 0

    def challenged(self, challenges: list[str]) -> bool:
        """Take the WWW-Authenticate headers of a refusal.

        Returns:
            whether asking again can help: there is a user, a scheme that we know, and the answer
            will not be the one just refused.
        """
        if not self._user:
            return False
        found = self._strongest(challenges)
        if found is None:
            return False
        scheme, fields = found
        is_same = scheme == self._scheme and fields.get("nonce") == self._fields.get("nonce")
        if is_same or (self._use_count and fields.get("stale", "").lower() != "true"):
            return False
        self._scheme, self._fields, self._use_count = scheme, fields, 0
        return True

    def header(self, method: str, url: str) -> str:
        """Make the Authorization header for one request; "" where none was asked for."""
        if self._scheme == BASIC:
            self._use_count += 1
            pair = f"{self._user}:{self._password}".encode()
            return "Basic " + base64.b64encode(pair).decode()
        return self._digest(method, url) if self._scheme == DIGEST else ""

    def accepted(self) -> None:
        """Note that the last answer was good, so that a new challenge may be answered again."""
        self._use_count = 0

    def _strongest(self, challenges: list[str]) -> tuple[str, dict[str, str]] | None:
        best: tuple[int, str, dict[str, str]] | None = None
        for text in challenges:
            plain = "".join(filter(str.isprintable, text[:CHALLENGE_LETTERS_MAX]))
            scheme, _, rest = plain.strip().partition(" ")
            fields = {name.lower(): one or two for name, one, two in PAIR.findall(rest)}
            rank = self._rank(scheme.lower(), fields)
            if rank >= 0 and (best is None or rank < best[0]):
                best = (rank, scheme.lower(), fields)
        return best[1:] if best else None

    @staticmethod
    def _rank(scheme: str, fields: dict[str, str]) -> int:
        """Lower is stronger; -1 for what cannot be answered."""
        if scheme == BASIC:
            return len(STRENGTHS)
        algorithm = fields.get("algorithm", "md5").lower()
        qualities = [one.strip() for one in fields.get("qop", "auth").split(",")]
        if scheme != DIGEST or algorithm not in STRENGTHS or "auth" not in qualities:
            return -1
        return STRENGTHS.index(algorithm) if fields.get("nonce") else -1

    def _digest(self, method: str, url: str) -> str:
        self._use_count += 1
        fields = self._fields
        algorithm = fields.get("algorithm", "md5").lower()
        realm, nonce = fields.get("realm", ""), fields["nonce"]
        secret = _hash(algorithm, f"{self._user}:{realm}:{self._password}")
        asked = _hash(algorithm, f"{method}:{url}")
        user = self._user.replace("\\", "\\\\").replace('"', '\\"')
        words = [f'username="{user}"', f'realm="{realm}"', f'nonce="{nonce}"', f'uri="{url}"']
        if "qop" in fields:
            own = secrets.token_hex(8)
            count = f"{self._next_count():08x}"
            answer = _hash(algorithm, f"{secret}:{nonce}:{count}:{own}:auth:{asked}")
            words += ["qop=auth", f"nc={count}", f'cnonce="{own}"']
        else:
            answer = _hash(algorithm, f"{secret}:{nonce}:{asked}")
        words.append(f'response="{answer}"')
        words += [f'opaque="{fields["opaque"]}"'] if "opaque" in fields else []
        words += [f"algorithm={fields['algorithm']}"] if "algorithm" in fields else []
        return "Digest " + ", ".join(words)

    def _next_count(self) -> int:
        """How often this nonce was used, this time included."""
        count = int(self._fields.get("nc", "0")) + 1
        self._fields["nc"] = str(count)
        return count
