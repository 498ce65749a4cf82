"""`lamppost demo`, `run`, `cmc`, `config check` and `version`: what starts things."""

import logging
import signal
import sys
import threading
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from firmware.errors import ConfigError
from hal.boot import linux
from host_tools import demo, site
from host_tools.cli.words import refuse, say, tell_list
from host_tools.cmc import settings as cmc_settings
from host_tools.cmc.centre import Centre
from host_tools.cmc.wallboard.server import PageServerError
from host_tools.keystore import Keystore, KeystoreError

STEP_S = 0.5
PORT_MAX = 65_535
config_app = typer.Typer(no_args_is_help=True, help="Check a site file before it is used.")


def start_demo(
    state: Annotated[
        Path, typer.Option(help="Folder for everything the demo keeps.", file_okay=False)
    ] = Path("state/demo"),
    port: Annotated[
        int, typer.Option(min=0, max=PORT_MAX, help="Port of the page; 0 takes any free one.")
    ] = 0,
    micropython: Annotated[
        bool, typer.Option(help="Run the redeployable unit as well, on MicroPython.")
    ] = True,
) -> None:
    """Start a whole simulated site with the CMC's page, and print the page's address.

    A gateway with a dome and a fixed camera with a microphone, a redeployable unit, a broker, and
    the CMC. Keys, permits and the grant are made fresh in the state folder. Ctrl-C stops it.
    """
    logging.basicConfig(level=logging.ERROR)
    try:
        demo.run(state, port, micropython, say)
    except (demo.DemoError, KeystoreError, ConfigError) as error:
        refuse(*str(error).splitlines())


def run_unit(
    config: Annotated[Path, typer.Option("--config", help="The site file (TOML).")],
) -> None:
    """Run a gateway on this machine's real ports, until Ctrl-C or SIGTERM.

    The serial line, the cameras, the broker and the media are named in the site file. What is
    missing is raised as a fault and tried again; the rest goes on.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        loaded = site.read(config)
    except ConfigError as error:
        refuse(*(f"{config}: {fault}" for fault in error.faults))
    sys.exit(linux.run(loaded, config.parent))


@config_app.command("check")
def check_config(
    file: Annotated[Path, typer.Argument(help="The site file (TOML).")],
) -> None:
    """Read a site file as the unit would, and name everything that is wrong with it."""
    try:
        loaded = site.read(file)
    except ConfigError as error:
        refuse(*(f"{file}: {fault}" for fault in error.faults))
    domes = sum(camera.ptz is not None for camera in loaded.cameras)
    sounds = sum(camera.sound is not None for camera in loaded.cameras)
    tell_list(
        f"{file} is good.",
        [
            ("unit", f"{loaded.unit['name']} ({loaded.unit['kind']}) at {loaded.unit['place']}"),
            ("cameras", f"{len(loaded.cameras)}, {domes} with a dome, {sounds} with sound"),
            ("ring", f"{int(loaded.ring['size_bytes']) >> 20} MiB"),
        ],
    )


def run_cmc(
    config: Annotated[Path, typer.Option("--config", help="The CMC's settings (TOML).")],
) -> None:
    """Run the CMC alone: feed, store, keyholder and page, against a broker that is there."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    ended = threading.Event()
    for word in (signal.SIGINT, signal.SIGTERM):
        signal.signal(word, lambda _number, _frame: ended.set())
    try:
        settings = cmc_settings.read(config)
        centre = Centre(settings, Keystore(settings.keys))
    except ConfigError as error:
        refuse(*error.faults)
    except KeystoreError as error:
        refuse(str(error))
    try:
        centre.open()
        say(f"[bold]The page is up:[/] {centre.server.url}")
        while not ended.wait(STEP_S):
            centre.step()
    except PageServerError as error:
        refuse(str(error))
    finally:
        centre.close()


def tell_version() -> None:
    """Tell which Lamppost this is."""
    try:
        say(f"lamppost {version('lamppost')}")
    except PackageNotFoundError:
        say("lamppost, from a folder that is not installed")
