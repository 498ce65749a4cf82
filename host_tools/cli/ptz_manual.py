"""What `lamppost ptz --help` and the help of its verbs say; a manual that is always at hand."""

OVERVIEW = """Find a dome on its line, know its kind, and try one command by hand.

For the engineer at the pole and in the workshop. Nothing of a running unit is
touched, and a line has one owner: stop the unit before you take its adapter.

\b
A dome that nobody knows yet, from the first wire to the site file:
  lamppost ptz probe --serial /dev/ttyUSB0
      asks speeds and addresses, and ends with the line for the site file
  lamppost ptz where --serial "pelco-d+serial:///dev/ttyUSB0?baud=9600"
      where it looks, in degrees
  lamppost ptz send left --serial ...
      turns it for 0.3 s; if it turns right, or not at all, see below
  lamppost ptz profiles
      what differs from kind to kind; choose one that fits

\b
How a line is written, here and in the site file (camera.ptz.serial):
  /dev/ttyUSB0             a device of this machine
  socket://HOST:PORT       a serial server that hands bytes through
  rfc2217://HOST:PORT      a serial server that takes settings too
  PROTOCOL+serial:///dev/ttyUSB0?baud=2400&address=1&profile=generic
  PROTOCOL+socket://HOST:PORT?...
  PROTOCOL is pelco-d, pelco-p or visca; 2400, 4800 or 9600 baud if not said.

\b
When nothing answers, in this order:
  1  Most domes never answer. Try `send left` and look at it.
  2  Swap A and B; makers do not agree which is which.
  3  Speed and address stand on switches in the dome; 0 is no address.
  4  End the line with 120 ohm at the last dome only; join the grounds.
  5  `probe` tells of bytes that fit nothing: noise, other speed or protocol.

\b
Settings of a site file that belong to a dome (docs/guides/settings.md has all of them):
  serial protocol profile baud address replies pacing turbo lease query
  switches; docs/guides/domes.md has those of how a dome hangs

\b
Exit codes:
  0  done
  1  nothing answered
  2  refused: something is not as it must be; the message says what to give
"""

PROBE = """Ask speeds and addresses until domes answer, and tell the profile to choose.

Nothing that is sent moves anything: a ping, or a stop, and questions. An adapter that hears itself
is not taken for a dome. Each address takes up to a quarter of a second for each question, so 8
addresses at 3 speeds take about a quarter of a minute. Exit code 1 when nothing answered; many
domes never do, and are then tried with `lamppost ptz send`.

\b
Examples:
  lamppost ptz probe --serial /dev/ttyUSB0
  lamppost ptz probe --serial /dev/ttyUSB0 --bauds 9600 --addresses 1-32
  lamppost ptz probe --serial socket://10.0.0.7:4001 --protocol visca --json

\b
What it tells of each dome:
  speed, address      as the site file wants them
  answers             position (it tells where it looks), general or ack
                      (its word for a command)
  adapter             whether it hears itself; harmless, and worth knowing
  profile             generic, pelco-v5, pelco-esprit or silent; another may
                      fit better
  setting             the line for the site file
"""

PROFILES = """List the kinds of dome that are known, and what differs with each.

A profile holds only what differs from generic, the manual of 2003: whether it answers, how long it
wants between frames, presets that are functions, the numbers of its switches. Each row's sources
are in docs/guides/domes.md.

\b
Examples:
  lamppost ptz profiles
  lamppost ptz profiles --json
"""

COMMANDS = """List every Pelco-D command by the name that `send` takes.

\b
Columns: name, opcode, numbers it takes, what is due in answer, and whether it is refused unless
--let names it again because it can strand the dome (another speed, a download, a reset).
"""

WHERE = """Ask a dome where it looks, and tell it in degrees.

Pan is clockwise from the dome's own zero, tilt is up from the horizon, zoom is parts of a thousand
of the way to tele; all three as the profile reads them. Exit code 1 when it does not answer.

\b
Examples:
  lamppost ptz where --serial /dev/ttyUSB0
  lamppost ptz where --json \\
      --serial "pelco-d+serial:///dev/ttyUSB0?baud=9600&address=1"
"""

SEND = """Send one command by name and tell what came back; a move always ends in two stops.

\b
COMMAND is one of
  stop                              never refused
  left right up down tele wide      a move of --hold-ms, at a slow speed
  auto_focus auto_iris auto_gain    DATA 1 for on or automatic, 0 for off or
  backlight auto_white_balance      manual; said as the profile wants it
  a name of `lamppost ptz commands` such as preset_go; DATA is its number

A preset that this kind of dome keeps for a function, and a command that can strand a dome, are
refused unless --let names the command again. By pelco-p and visca only stop and moves are sent.

\b
Examples:
  lamppost ptz send left --serial /dev/ttyUSB0
  lamppost ptz send preset_go 3 \\
      --serial "pelco-d+serial:///dev/ttyUSB0?baud=9600&address=2"
  lamppost ptz send aux_set 1 --serial rfc2217://10.0.0.7:4001
  lamppost ptz send preset_set 95 --let preset_set \\
      --serial "pelco-d+serial:///dev/ttyUSB0?profile=pelco-v5"
"""
