"""Checks of `hal.api.blocks`: order, barriers, bounds, and what survives."""

from hal.api._typing import TYPE_CHECKING, Protocol
from hal.api.errors import PortFull
from hal.conformance.world import World, wait_until

if TYPE_CHECKING:
    from hal.api.blocks import Blocks

ENTRY_COUNT_MAX = 4096


class BlocksWorld(World, Protocol):
    """A medium of at least 1 MiB that can be held, broken and opened anew."""

    def reopen(self) -> "Blocks":
        """Open the same medium again; called after the port was closed."""
        ...

    def hold(self) -> None:
        """Let nothing reach the medium until `release`."""
        ...

    def release(self) -> None:
        """End `hold`, or what `fail` began."""
        ...

    def fail(self, code: str) -> None:
        """Let writes and barriers fail, "port.full" or "port.failed", until `release`."""
        ...


def _drain(
    blocks: "Blocks", world: BlocksWorld, last_token: int, timeout_ms: int = 20000
) -> "list[tuple[int, str]]":
    done: list[tuple[int, str]] = []

    def is_done() -> bool:
        done.extend(blocks.poll())
        return bool(done) and done[-1][0] >= last_token

    assert wait_until(world, is_done, timeout_ms), ("not completed", last_token, done[-1:])
    return done


def _piece(blocks: "Blocks", fill: int) -> bytes:
    return bytes([fill]) * blocks.align_bytes


def check_blocks_reads_what_was_submitted(blocks: "Blocks", world: BlocksWorld) -> None:
    """A read sees every write submitted before it, the newest on top, done or not."""
    world.hold()
    step_bytes = blocks.align_bytes
    blocks.submit_write(0, _piece(blocks, 1) + _piece(blocks, 2) + _piece(blocks, 3))
    blocks.submit_write(step_bytes, _piece(blocks, 9))
    want = _piece(blocks, 1) + _piece(blocks, 9) + _piece(blocks, 3)
    assert blocks.read(0, 3 * step_bytes) == want, "while queued"
    assert blocks.read(step_bytes, step_bytes) == _piece(blocks, 9)
    world.release()
    _drain(blocks, world, blocks.submit_barrier())
    assert blocks.read(0, 3 * step_bytes) == want, "when done"
    blocks.close()


def check_blocks_completes_in_order(blocks: "Blocks", world: BlocksWorld) -> None:
    """Every token is above 0, rises, and is told once, in order, without a fault."""
    tokens: list[int] = []
    for index in range(40):
        offset_bytes = (index * 7 % 40) * blocks.align_bytes
        tokens.append(blocks.submit_write(offset_bytes, _piece(blocks, index)))
        if index % 9 == 8:
            tokens.append(blocks.submit_barrier())
    tokens.append(blocks.submit_barrier())
    assert tokens[0] > 0, tokens[0]
    for index in range(1, len(tokens)):
        assert tokens[index] > tokens[index - 1], tokens
    done = _drain(blocks, world, tokens[-1])
    assert done == [(token, "") for token in tokens], done
    assert blocks.poll() == [], "told twice"
    blocks.close()


def check_blocks_keeps_what_a_barrier_covered(blocks: "Blocks", world: BlocksWorld) -> None:
    """What was written before a completed barrier is there after the medium is opened anew."""
    offset_bytes = blocks.size_bytes - blocks.align_bytes
    size_bytes = blocks.size_bytes
    blocks.submit_write(offset_bytes, _piece(blocks, 7))
    _drain(blocks, world, blocks.submit_barrier())
    blocks.close()
    again = world.reopen()
    assert again.size_bytes == size_bytes
    assert again.read(offset_bytes, again.align_bytes) == _piece(again, 7)
    again.close()


def check_blocks_close_finishes_the_queue(blocks: "Blocks", world: BlocksWorld) -> None:
    """Close waits for what is queued, may be called twice, and loses nothing."""
    for index in range(16):
        blocks.submit_write(index * blocks.align_bytes, _piece(blocks, 100 + index))
    blocks.submit_barrier()
    blocks.close()
    blocks.close()
    again = world.reopen()
    for index in range(16):
        got = again.read(index * again.align_bytes, again.align_bytes)
        assert got == _piece(again, 100 + index), index
    again.close()


def check_blocks_full_queue_takes_nothing(blocks: "Blocks", world: BlocksWorld) -> None:
    """With the medium stuck, the 4,097th entry is refused; what was taken completes once."""
    world.hold()
    taken: list[int] = []
    is_refused = False
    piece = _piece(blocks, 5)
    for _ in range(ENTRY_COUNT_MAX + 1):
        try:
            taken.append(blocks.submit_write(0, piece))
        except PortFull:
            is_refused = True
            break
    assert is_refused, len(taken)
    world.release()
    done = _drain(blocks, world, taken[-1])
    assert done == [(token, "") for token in taken], len(done)
    _drain(blocks, world, blocks.submit_barrier())
    blocks.close()


def check_blocks_tells_a_failed_write(blocks: "Blocks", world: BlocksWorld) -> None:
    """Faults are told with their code, in order; later work succeeds when the medium is well."""
    for code in ("port.full", "port.failed"):
        world.fail(code)
        write = blocks.submit_write(0, _piece(blocks, 66))
        barrier = blocks.submit_barrier()
        done = _drain(blocks, world, barrier)
        assert done[0] == (write, code), (code, done)
        assert done[1][0] == barrier and done[1][1] != "", (code, done)
        world.release()
        write = blocks.submit_write(0, _piece(blocks, 67))
        barrier = blocks.submit_barrier()
        assert _drain(blocks, world, barrier) == [(write, ""), (barrier, "")], code
        assert blocks.read(0, blocks.align_bytes) == _piece(blocks, 67), code
    blocks.close()
