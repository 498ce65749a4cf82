"""The state pages keep the old or the new map whatever is cut, torn or rotten."""

from firmware.errors import LocalProtocolError
from firmware.state.pages import PAGE_BYTES, StatePages
from hal.api.errors import PortFailed

AREA_BYTES = 2 * PAGE_BYTES


class Medium:
    """Bytes in RAM; writes land in the order they are made."""

    def __init__(self, data=bytes(2 * AREA_BYTES)):
        self.data = bytearray(data)
        self.number = 0

    def read(self, offset_bytes, length_bytes):
        """Give bytes as Blocks.read does."""
        return bytes(self.data[offset_bytes : offset_bytes + length_bytes])

    def write(self, offset_bytes, data):
        """Change bytes; offset and length are whole pages."""
        assert offset_bytes % PAGE_BYTES == 0
        assert len(data) % PAGE_BYTES == 0
        self.data[offset_bytes : offset_bytes + len(data)] = data

    def run(self, pages, code="", both=False):
        """Do plans until nothing comes; every entry ends with the code."""
        rounds = 0
        plan = pages.plan(both)
        while plan and rounds < 4:
            rounds += 1
            numbers = []
            for act, offset_bytes, data in plan:
                self.number += 1
                numbers.append(self.number)
                if act == "write" and not code:
                    self.write(offset_bytes, data)
            pages.on_submitted(numbers)
            for number in numbers:
                pages.on_completion(number, code)
            if code:
                return
            plan = pages.plan()


def stored(values):
    """Give a medium that holds two revisions, and the pages over it."""
    medium = Medium()
    pages = StatePages(medium.read, len(medium.data))
    for value in values:
        pages.put("boot", value)
        medium.run(pages)
    return medium, pages


def test_a_new_medium_is_empty_and_not_damaged():
    for fill in (b"\x00", b"\xff"):
        medium = Medium(fill * (2 * AREA_BYTES))
        pages = StatePages(medium.read, len(medium.data))
        assert pages.get("boot") is None, fill
        assert (pages.damaged_count, pages.is_lost) == (0, False), fill
        assert pages.plan() == [], fill


def test_what_was_put_is_there_after_a_restart():
    medium, pages = stored([1, 2, {1: b"x", 2: [3]}])
    pages.put("anchor", 77)
    pages.put("boot", None)
    medium.run(pages)
    again = StatePages(medium.read, len(medium.data))
    assert again.get("boot", 0) == 0
    assert again.get("anchor") == 77
    assert again.is_settled()


def test_durable_means_after_the_barrier():
    medium, pages = stored([1])
    revision = pages.put("boot", 2)
    assert pages.get("boot") == 2, "RAM changes at once"
    assert not pages.is_durable(revision)
    plan = pages.plan()
    pages.on_submitted([10, 11])
    pages.on_completion(10, "")
    assert not pages.is_durable(revision), "written is not durable"
    assert pages.plan() == [], "one at a time"
    later = pages.put("boot", 3)
    pages.on_completion(99, "")
    assert not pages.is_durable(revision), "someone else's completion"
    pages.on_completion(11, "")
    assert pages.is_durable(revision)
    assert not pages.is_durable(later), "put after the plan"
    assert [act for act, _, _ in plan] == ["write", "barrier"]
    medium.run(pages)
    assert pages.is_durable(later)


def test_a_cut_at_every_512_bytes_leaves_the_old_or_the_new_map():
    medium, pages = stored([1, {"long": b"a" * 5000}])
    pages.put("boot", {"long": b"b" * 3000})
    before = bytes(medium.data)
    *writes, _ = pages.plan()
    offset_bytes = writes[0][1]
    data = b"".join([page for _, _, page in writes])
    assert all(len(page) == PAGE_BYTES for _, _, page in writes), "one page at a time"
    for cut in range(0, len(data) + 1, 512):
        torn = Medium(before)
        torn.data[offset_bytes : offset_bytes + cut] = data[:cut]
        again = StatePages(torn.read, len(torn.data))
        value = again.get("boot")["long"]
        is_new = cut >= 3024 + 24  # the payload ends before
        assert value == (b"b" * 3000 if value[:1] == b"b" else b"a" * 5000), cut
        assert value[:1] == b"b" or not is_new, cut
        assert not again.is_lost, cut
        # and the next change is kept
        again.put("boot", cut)
        torn.run(again)
        assert StatePages(torn.read, len(torn.data)).get("boot") == cut, cut


def test_a_write_that_fails_leaves_the_newest_area_alone_and_is_made_again():
    medium, pages = stored([1, 2])
    revision = pages.put("boot", 3)
    before = bytes(medium.data)
    for count in range(1, 4):
        medium.run(pages, "port.failed")
        assert pages.failed_count == count
        assert not pages.is_durable(revision)
        assert bytes(medium.data) == before
        assert StatePages(medium.read, len(medium.data)).get("boot") == 2
    medium.run(pages)
    assert pages.is_durable(revision)
    assert StatePages(medium.read, len(medium.data)).get("boot") == 3


def test_a_failed_write_is_not_hidden_by_a_good_barrier():
    _, pages = stored([1])
    revision = pages.put("boot", 2)
    pages.plan()
    pages.on_submitted([5, 6])
    pages.on_completion(5, "port.failed")
    pages.on_completion(6, "")
    assert not pages.is_durable(revision)
    assert pages.failed_count == 1
    assert pages.plan() != []


def test_one_damaged_area_is_counted_and_the_other_used():
    for area_index in range(2):
        for offset_bytes in (0, 4, 9, 17, 21, 25, 30):
            medium, _ = stored([1, 2])
            medium.data[area_index * AREA_BYTES + offset_bytes] ^= 0x40
            pages = StatePages(medium.read, len(medium.data))
            assert pages.damaged_count == 1, (area_index, offset_bytes)
            # Revision 1 went to the second area and revision 2 to the first.
            assert pages.get("boot") == (1 if area_index == 0 else 2), (area_index, offset_bytes)


def test_two_damaged_areas_are_lost_and_start_empty():
    medium, _ = stored([1, 2])
    medium.data[30] ^= 1
    medium.data[AREA_BYTES + 30] ^= 1
    pages = StatePages(medium.read, len(medium.data))
    assert (pages.damaged_count, pages.is_lost) == (2, True)
    assert pages.get("boot") is None
    pages.put("boot", 9)
    medium.run(pages)
    again = StatePages(medium.read, len(medium.data))
    assert again.get("boot") == 9
    assert not again.is_lost


def test_an_area_that_cannot_be_read_is_damaged():
    medium, _ = stored([1, 2])

    def read(offset_bytes, length_bytes):
        if offset_bytes < AREA_BYTES:
            raise PortFailed("sector 0")
        return medium.read(offset_bytes, length_bytes)

    pages = StatePages(read, len(medium.data))
    assert (pages.get("boot"), pages.damaged_count) == (1, 1)


def test_no_old_secret_stays_after_both_are_rewritten():
    secrets = [bytes([65 + index]) * 32 for index in range(4)]
    medium, pages = stored(secrets[:1])
    for index in range(1, 4):
        pages.put("boot", secrets[index])
        medium.run(pages, both=True)
        assert pages.is_settled()
        for old in secrets[:index]:
            assert old not in bytes(medium.data), index
        for area_index in range(2):
            torn = Medium(medium.data)
            torn.data[area_index * AREA_BYTES + 25] ^= 1
            assert StatePages(torn.read, len(torn.data)).get("boot") == secrets[index], index


def test_both_areas_are_rewritten_even_when_writes_fail_between():
    medium, pages = stored([b"old" * 10])
    pages.put("boot", b"new" * 10)
    medium.run(pages, "port.failed", both=True)
    assert not pages.is_settled()
    plan = pages.plan()
    medium.write(plan[0][1], plan[0][2])
    pages.on_submitted([51, 52])
    pages.on_completion(51, "")
    pages.on_completion(52, "")
    assert b"old" * 10 in bytes(medium.data)
    medium.run(pages, "port.failed")
    assert not pages.is_settled(), "the second area is still to be done"
    medium.run(pages)
    assert pages.is_settled()
    assert b"old" * 10 not in bytes(medium.data)


def test_a_shorter_map_wipes_what_a_longer_one_left():
    medium, pages = stored([b"S" * 6000, b"S" * 6000])
    pages.put("boot", 1)
    medium.run(pages, both=True)
    assert b"S" * 40 not in bytes(medium.data)


def test_a_map_too_large_is_refused_and_changes_nothing():
    _, pages = stored([1])
    try:
        pages.put("boot", b"x" * AREA_BYTES)
    except LocalProtocolError as error:
        assert "boot" in str(error)
    else:
        raise AssertionError("taken")
    assert pages.get("boot") == 1
    assert pages.plan() == []
