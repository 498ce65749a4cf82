"""A demo that starts again goes on under the permits it has."""

from pathlib import Path

from host_tools import demo_site
from host_tools.authority import DAY_MS
from host_tools.keystore import PERMIT_FILE, Keystore

NOW_MS = 1_800_000_000_000


def papers(folders: demo_site.Folders, utc_ms: int) -> list[bytes]:
    """Sign at a moment, and read what is there then."""
    demo_site.sign_papers(folders, Keystore(folders.keys), utc_ms, has_post=True)
    units = (demo_site.GATEWAY, demo_site.POST)
    return [(folders.unit(unit) / PERMIT_FILE).read_bytes() for unit in units]


def test_permits_are_kept_for_a_month_and_no_others_are(tmp_path: Path):
    folders = demo_site.Folders(tmp_path)
    for unit in (demo_site.GATEWAY, demo_site.POST):
        folders.unit(unit).mkdir()
    first = papers(folders, NOW_MS)
    table = (
        ("at once", 0, first),
        ("29 days later", 29 * DAY_MS, first),
        ("31 days later", 31 * DAY_MS, None),
        ("the clock was put back", -DAY_MS, None),
    )
    for case, later_ms, wanted in table:
        for path, data in zip(sorted(tmp_path.glob("*/" + PERMIT_FILE)), first, strict=True):
            path.write_bytes(data)
        found = papers(folders, NOW_MS + later_ms)
        assert (found == first) == (wanted is first), case
    for damaged in (b"", b"junk", first[0][:-1], first[0][:-1] + b"\0"):
        (folders.unit(demo_site.GATEWAY) / PERMIT_FILE).write_bytes(damaged)
        assert papers(folders, NOW_MS)[0] not in {damaged, first[0]}, damaged
