"""`python -m sim.bridge`: a simulated site, or one dome, as real ports for any program."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from sim.bridge.lines import PtyLine
from sim.bridge.settings import BAUDS, REPLIES, BridgeRefusedError, demo_site, load
from sim.bridge.site import Site
from sim.devices.dome import SILENT, Dome
from sim.devices.dome_p import DomeP
from sim.devices.hostile import HABITS, HostileDome
from sim.devices.line import LineDevice
from sim.devices.visca_head import ViscaHead

EXIT_REFUSED = 2
PELCO_D, PELCO_P, VISCA = "pelco-d", "pelco-p", "visca"
ADDRESS_MAX = {PELCO_D: 255, PELCO_P: 32, VISCA: 7}
SWITCH_INTERVAL_S = 0.001


def main() -> int:
    """Offer what the arguments say until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m sim.bridge", description=__doc__)
    parser.add_argument("--config", type=Path, help="TOML or JSON file; without it the demo site")
    parser.add_argument(
        "--folder", type=Path, default=Path("bridge"), help="where the demo site's files go"
    )
    parts = parser.add_subparsers(dest="part")
    dome = parts.add_parser("dome", help="offer one dome on a pty")
    dome.add_argument("--protocol", default=PELCO_D, choices=ADDRESS_MAX)
    dome.add_argument(
        "--address", type=int, default=1, help="1 to 255; of Pelco-P 1 to 32, of VISCA 1 to 7"
    )
    dome.add_argument("--baud", type=int, default=2400, choices=BAUDS)
    dome.add_argument("--replies", default="general", choices=tuple(REPLIES))
    dome.add_argument("--auto-stop-ms", type=int, default=15_000, help="0 for never")
    dome.add_argument("--obeys-zero", action="store_true", help="obey frames to address 0")
    dome.add_argument(
        "--habit", action="append", default=[], choices=HABITS, help="of a bad dome; repeat"
    )
    dome.add_argument("--link", type=Path, default=Path("dome"), help="symlink to make")
    arguments = parser.parse_args()
    sys.setswitchinterval(SWITCH_INTERVAL_S)  # a drawing thread must not hold a byte up
    if arguments.part == "dome":
        last = ADDRESS_MAX[arguments.protocol]
        if not 1 <= arguments.address <= last:
            parser.error(f"--address {arguments.address} is out of range; give 1 to {last}")
        if arguments.habit and arguments.protocol != PELCO_D:
            parser.error(f"--habit: a {arguments.protocol} head has none; leave it out")
        asyncio.run(_offer_dome(arguments))
        return 0
    try:
        settings = load(arguments.config) if arguments.config else demo_site(arguments.folder)
    except BridgeRefusedError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_REFUSED
    asyncio.run(_offer_site(Site(settings)))
    return 0


async def _offer_site(site: Site) -> None:
    ended = _watch_signals()
    try:
        _tell(await site.start())
        await ended.wait()
    finally:
        await site.close()


async def _offer_dome(arguments: argparse.Namespace) -> None:
    ended = _watch_signals()
    dome, speaker = _head(arguments)
    line = PtyLine(arguments.link, dome, arguments.baud, speaker)
    _tell(
        {
            "serial": str(arguments.link.absolute()),
            "device": line.device,
            "baud": arguments.baud,
            "address": arguments.address,
        }
    )
    try:
        await ended.wait()
    finally:
        line.close()


def _head(arguments: argparse.Namespace) -> tuple[Dome, LineDevice]:
    """Make the motors, and what speaks for them."""
    address, replies = arguments.address, REPLIES[arguments.replies]
    if arguments.protocol == PELCO_P:
        pelco_p = DomeP(address, replies != SILENT)
        return pelco_p.body, pelco_p
    if arguments.protocol == VISCA:
        visca = ViscaHead(address, replies != SILENT)
        return visca.body, visca
    dome = Dome(address, replies, arguments.auto_stop_ms, arguments.obeys_zero)
    hostile = HostileDome(dome)
    for habit in arguments.habit:
        setattr(hostile, habit, True)
    return dome, hostile


def _watch_signals() -> asyncio.Event:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    return ended


def _tell(found: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
