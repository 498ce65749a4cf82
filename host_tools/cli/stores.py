"""Opens what verbs work on, and refuses in words what cannot be opened."""

from pathlib import Path

from host_tools.cli.words import refuse
from host_tools.keystore import Keystore, KeystoreError


def open_keystore(keys: Path) -> Keystore:
    """Open the keystore that `--keys` names, or end with exit code 2."""
    try:
        return Keystore(keys)
    except KeystoreError as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{keys}: {error.strerror}; give --keys another folder")
