"""Child processes on a leash: started apart from our terminal, ended by their own id."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

STOP_TIMEOUT_S = 5.0


def find_program(name: str) -> str:
    """Find a program on the PATH, where servers live, or beside our interpreter; "" if nowhere."""
    places = [os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]
    places.append(str(Path(sys.executable).parent))
    return shutil.which(name, path=os.pathsep.join(places)) or ""


class Child:
    """One child process at a time, which may be started again.

    Where the system can (setpriv of util-linux) the child is told to end when we die without a
    word. It has a session of its own, so that Ctrl-C in our terminal reaches us alone and we end
    the children in our own order.

    Args:
        argv: the program and its arguments; nothing is read from them by a shell.
        log: file to which its words are appended; made private.
        folder: where it runs; None for where we do.
        variables: environment variables on top of ours.
        stop_word: the signal that asks it to end.
    """

    def __init__(
        self,
        argv: list[str],
        log: Path,
        folder: Path | None = None,
        variables: Mapping[str, str] | None = None,
        stop_word: signal.Signals = signal.SIGTERM,
    ) -> None:
        setpriv = shutil.which("setpriv")
        self.argv = [setpriv, "--pdeathsig", "TERM", *argv] if setpriv else argv
        self.log = log
        self._folder = folder
        self._environment = {**os.environ, **(variables or {})}
        self._stop_word = stop_word
        self._process: subprocess.Popen[bytes] | None = None
        self.start_count = 0

    @property
    def pid(self) -> int:
        """Its process id; 0 when there is none."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        """Start it; call this on a thread that lives as long as the program does."""
        self.stop()
        self.start_count += 1
        self.log.touch(mode=0o600)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  argv is made by our own code
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=self._environment,
                start_new_session=True,
            )

    def is_running(self) -> bool:
        """Tell whether it lives."""
        return self._process is not None and self._process.poll() is None

    def exit_code(self) -> int | None:
        """Tell how it ended; None while it runs, or when it was never started."""
        return self._process.poll() if self._process is not None else None

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """End it politely, after the timeout by force; idempotent."""
        self._end(self._stop_word, timeout_s)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(signal.SIGKILL, STOP_TIMEOUT_S)

    def _end(self, word: signal.Signals, timeout_s: float) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(word)
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
