"""The arena: one file-backed mapping that threads and processes share, with a recorded owner.

A file instead of a named segment, because no tracker may remove it behind our back, a viewer may attach, and after a
kill -9 it is the crash dump. Its owner is a process id *and* that process's start time, so that a recycled id does not
keep a dead arena alive; `sweep` removes the files whose owner is gone.

The first page is the header, 64-bit words at fixed offsets:

    MAGIC, VERSION, OWNER_PID, OWNER_START, RUN_ID, SIZE     written before the file gets its name, then constant
    STOP                                                     not 0: every loop of every executor ends soon
    512..4095                                                the executor's own
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import mmap
import os
import secrets
import struct
import tempfile
from pathlib import Path
from typing import Final

from engine.errors import MachineError, UsageError

MAGIC: Final = 0
VERSION: Final = 8
OWNER_PID: Final = 16
OWNER_START: Final = 24  # clock ticks after boot, field 22 of /proc/<pid>/stat; 0 where there is no /proc
RUN_ID: Final = 32
SIZE: Final = 40
STOP: Final = 64  # on a line of its own: everybody polls it
EXECUTOR: Final = 512  # from here to the end of the page: named by the executor that created the arena

MAGIC_VALUE: Final = int.from_bytes(b"pttortur", "little")
VERSION_VALUE: Final = 2
SUFFIX: Final = ".arena"
_FOLDER: Final = "pttorture-"


class Arena:
    """A mapped arena. `words` and `halves` are the whole of it as 64-bit and 32-bit words, indexed by word."""

    def __init__(self, path: Path, mapping: mmap.mmap, own_folder: bool = False) -> None:
        self.path = path
        self.map = mapping
        self.own_folder = own_folder
        self.bytes = memoryview(mapping)
        self.words = self.bytes.cast("Q")
        self.halves = self.bytes.cast("I")
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(mapping))  # of the mapping in this process

    @classmethod
    def create(cls, size: int, folder: Path | None = None, run_id: int = 0) -> Arena:
        """A new zeroed arena of `size` bytes (`Layout.END`), owned by this process.

        Args:
            folder: an existing folder; None: a new one in shared memory, removed by `unlink`.
            run_id: any 64-bit number; 0: a random one.

        Raises:
            MachineError: no room, or the folder cannot be written.
        """
        try:
            home = new_run_folder() if folder is None else folder
            run_id = run_id or secrets.randbits(64)
            path = home / f"{run_id:016x}-{secrets.token_hex(4)}{SUFFIX}"
            mapping = _new_file(path, size, run_id)
        except OSError as error:
            if folder is None and "home" in locals():
                with contextlib.suppress(OSError):
                    home.rmdir()
            raise _no_arena(size, folder, error) from error
        return cls(path, mapping, folder is None)

    @classmethod
    def attach(cls, path: Path) -> Arena:
        """Map an existing arena, for work or for a look at a dead one.

        Raises:
            UsageError: there is no arena of this version at `path`.
        """
        try:
            with open(path, "r+b") as file:
                mapping = mmap.mmap(file.fileno(), 0)
        except (OSError, ValueError) as error:
            raise UsageError(f"{path}: no arena to attach to ({error})") from error
        words = struct.unpack_from("<2Q", mapping) if len(mapping) >= 64 else (0, 0)
        if words != (MAGIC_VALUE, VERSION_VALUE) or len(mapping) != struct.unpack_from("<Q", mapping, SIZE)[0]:
            mapping.close()
            raise UsageError(f"{path}: not an arena of this version of pttorture")
        return cls(path, mapping)

    def load(self, offset: int) -> int:
        """The 64-bit word at a byte offset (a multiple of 8)."""
        return self.words[offset >> 3]

    def store(self, offset: int, value: int) -> None:
        """Store a 64-bit word at a byte offset (a multiple of 8)."""
        self.words[offset >> 3] = value

    @property
    def stopped(self) -> bool:
        return self.words[STOP >> 3] != 0

    def stop(self) -> None:
        """Ask every thread of every process to end its loops."""
        self.words[STOP >> 3] = 1

    def owner_alive(self) -> bool:
        """Whether the process that created the arena still runs."""
        return _alive(self.load(OWNER_PID), self.load(OWNER_START))

    def close(self) -> None:
        """Unmap. While somebody holds a view of the memory the mapping stays until that view dies; the file stays."""
        for view in (self.words, self.halves, self.bytes):
            with contextlib.suppress(BufferError):
                view.release()
        with contextlib.suppress(BufferError):
            self.map.close()

    def unlink(self) -> None:
        """Remove the file (and its folder, if it was made for it). Those who have it mapped keep the memory."""
        self.path.unlink(missing_ok=True)
        if self.own_folder:
            with contextlib.suppress(OSError):
                self.path.parent.rmdir()


def new_run_folder() -> Path:
    """A new private folder in shared memory, or in the temporary directory where there is none.

    Raises:
        OSError: neither can be written.
    """
    return Path(tempfile.mkdtemp(prefix=_FOLDER, dir=shared_memory()))


def shared_memory() -> Path:
    """Where arenas live by default."""
    shm = Path("/dev/shm")
    return shm if shm.is_dir() and os.access(shm, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())


def sweep(folder: Path) -> list[Path]:
    """Remove the arenas in `folder`, and in the run folders directly below, whose owner is gone.

    Returns:
        What was removed. A file that is no arena, or that cannot be read or removed, stays.
    """
    removed = []
    for path in (*folder.glob(f"*{SUFFIX}*"), *folder.glob(f"{_FOLDER}*/*{SUFFIX}*")):
        with contextlib.suppress(OSError):
            with open(path, "rb") as file:
                head = file.read(SIZE)
            if len(head) < SIZE:
                continue
            magic, _, pid, start, _ = struct.unpack("<5Q", head)
            if magic != MAGIC_VALUE or _alive(pid, start):
                continue
            path.unlink()
            removed.append(path)
            if path.parent != folder:
                path.parent.rmdir()  # fails, as it should, while another arena is in it
    return removed


def start_time(pid: int) -> int:
    """Clock ticks between boot and the start of a process; 0 if it does not run or that cannot be known."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return 0
    fields = stat[stat.rindex(")") + 1:].split()  # the name before it may hold spaces and parentheses
    return 0 if fields[0] in "ZX" else int(fields[19])


def _alive(pid: int, start: int) -> bool:
    if start:
        return start_time(pid) == start
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _new_file(path: Path, size: int, run_id: int) -> mmap.mmap:
    """Make the file under another name first: who sees `path` sees a complete header."""
    unfinished = path.with_name(path.name + ".new")
    head = struct.pack("<6Q", MAGIC_VALUE, VERSION_VALUE, os.getpid(), start_time(os.getpid()), run_id, size)
    try:
        fd = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(fd, head, 0)
            # Reserve every block now: a full tmpfs is an error here and would be a SIGBUS at the first touch later.
            os.posix_fallocate(fd, 0, size)
            mapping = mmap.mmap(fd, size)
        finally:
            os.close(fd)
        unfinished.rename(path)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise
    return mapping


def _no_arena(size: int, folder: Path | None, error: OSError) -> MachineError:
    where = folder or shared_memory()
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return MachineError(f"no room for an arena of {size >> 10} KiB in {where}; make room there")
    return MachineError(f"cannot create an arena in {where}: {error.strerror}; use another folder")
