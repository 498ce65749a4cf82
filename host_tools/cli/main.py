"""The `lamppost` command."""

import typer

from host_tools.cli import (
    days_verbs,
    evidence_verbs,
    keyholder_verbs,
    keys_verbs,
    ptz_verbs,
    ring_verbs,
    roster_verbs,
    run_verbs,
)

app = typer.Typer(
    name="lamppost",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The controller beside a council's camera, and the tools of those who answer for it.",
)
app.command("demo")(run_verbs.start_demo)
app.command("run")(run_verbs.run_unit)
app.command("cmc")(run_verbs.run_cmc)
app.command("days")(days_verbs.tell_days)
app.command("version")(run_verbs.tell_version)
app.add_typer(run_verbs.config_app, name="config")
app.add_typer(evidence_verbs.app, name="evidence")
app.add_typer(ring_verbs.app, name="ring")
app.add_typer(keys_verbs.app, name="keys")
app.add_typer(keyholder_verbs.app, name="keyholder")
app.add_typer(roster_verbs.app, name="roster")
app.add_typer(ptz_verbs.app, name="ptz")


def main() -> None:
    """Run the command that the arguments name."""
    app()


if __name__ == "__main__":
    main()
