"""What breaks around a store: each fault is one clear line, and nothing that was written is lost or overwritten."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.store_kill import killed
from engine.errors import MachineError, PttortureError, UsageError
from stress.store import schema
from stress.store.store import Store
from stress.store.view import look
from tests.store_rig import PLAIN, SEED, made, ran, result, round_of, violation

ROOT = Path(__file__).parent.parent


def filled(folder: Path, rounds: int = 40) -> Path:
    """A closed store with some pages; returns its file."""
    with made(folder) as store:
        for number in range(rounds):
            ran(store, round_of(PLAIN, number), result(violation(number % 40 + 1), pairs=[(f"a:{number}", "b", 1)]))
    return folder / schema.NAME


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that any user can reach."""
    with tempfile.TemporaryDirectory(prefix="pttorture-store-") as name:
        os.chmod(name, 0o755)
        yield Path(name)


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """Without root's right to write everywhere."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def python(code: str, *args: object) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen([sys.executable, "-c", code, *map(str, args)], env=env, text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/")


def test_kill_at_a_random_moment_costs_what_was_in_flight(tmp_path: Path) -> None:
    """Five times; `python -m benchmarks.store_kill` does it a hundred times."""
    moments = random.Random(5)
    assert sum(killed(tmp_path / "c", tmp_path / "log", moments.uniform(0.0, 0.2)) for _ in range(5)) > 0


# --- files that are no store, or no whole one ---


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _text(file: Path) -> None:
    file.write_text("my notes about the campaign\n")


def _torn(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def _overwritten(file: Path) -> None:
    with open(file, "r+b") as opened:
        opened.seek(file.stat().st_size // 4096 // 2 * 4096)
        opened.write(b"\xff" * 4096)


def _foreign(file: Path) -> None:
    file.unlink()
    base = sqlite3.connect(file)
    base.execute("CREATE TABLE mine (a)")
    base.commit()
    base.close()


def _pragma(text: str) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        base = sqlite3.connect(file)
        base.execute(f"PRAGMA {text}")
        base.close()

    return change


DAMAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "empty": (_empty, "does not begin as an SQLite file"), "text": (_text, "does not begin as an SQLite file"),
    "torn": (_torn, "damaged"), "overwritten": (_overwritten, "damaged"),
    "foreign": (_foreign, "of another program"), "newer": (_pragma("user_version = 99"), "by a newer pttorture"),
    "older": (_pragma("user_version = 0"), "which never was"),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_what_is_no_whole_store_is_left_as_it_is(tmp_path: Path, how: str) -> None:
    file = filled(tmp_path)
    whole = file.read_bytes()
    damage, said = DAMAGE[how]
    damage(file)
    before = file.read_bytes()
    for use in (lambda: Store.open(tmp_path), lambda: look(tmp_path)):
        with pytest.raises(UsageError, match=said) as error:
            use()
        assert str(error.value).startswith(str(file))
        assert "\n" not in str(error.value)
    with pytest.raises(UsageError, match="holds a campaign already"):
        made(tmp_path)
    assert file.read_bytes() == before
    assert all(path.name.startswith(schema.NAME) or path.name == "lock" for path in tmp_path.iterdir())
    file.write_bytes(whole)
    with Store.open(tmp_path) as store:  # the lock was given back
        assert store.resumed() == {PLAIN.key: (40, {})}


def test_a_flipped_bit_in_a_result_is_seen(tmp_path: Path) -> None:
    file = filled(tmp_path, 3)
    base = sqlite3.connect(file)
    packed, = base.execute("SELECT result FROM rounds WHERE number = 1").fetchone()
    flipped = packed[:20] + bytes([packed[20] ^ 1]) + packed[21:]
    base.execute("UPDATE rounds SET result = ? WHERE number = 1", (flipped,))
    base.commit()
    base.close()
    with look(tmp_path) as view:
        first, second, third = view.rounds()
        assert first.result
        assert third.result
        with pytest.raises(UsageError, match="round 2: damaged in the store"):
            _ = second.result


def test_no_store_there(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none", tmp_path / "none" / "deeper"):
        for use in (Store.open, look):
            with pytest.raises(UsageError, match="no campaign there"):
                use(folder)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="no campaign there"):
        Store.open(tmp_path / "file")
    with pytest.raises(MachineError, match="cannot be written"):
        made(tmp_path / "file")


def test_a_store_is_made_whole_or_not_at_all(tmp_path: Path) -> None:
    class Torn(Exception):
        pass

    with pytest.raises(Torn), schema.made(tmp_path / schema.NAME):
        raise Torn
    assert list(tmp_path.iterdir()) == []
    (tmp_path / f".{schema.NAME}.1.new").write_text("what a kill -9 has left")
    made(tmp_path).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [schema.NAME, "lock"]


def test_an_sqlite_that_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path / "c").close()
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 26, 0))
    for use in (lambda: made(tmp_path / "new"), lambda: look(tmp_path / "c"), lambda: Store.open(tmp_path / "c")):
        with pytest.raises(MachineError, match=r"needs SQLite 3\.35 or newer"):
            use()


def test_every_commit_is_synced(tmp_path: Path) -> None:
    made(tmp_path).close()
    with Store.open(tmp_path) as store:
        asked = {name: store._base.execute(f"PRAGMA {name}").fetchone()[0]
                 for name in ("journal_mode", "synchronous", "foreign_keys")}
    assert asked == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_log_that_cannot_be_read_is_said(public: Path) -> None:
    """The log of a campaign that was killed, on a disk that cannot be written: reading it would need an index."""
    with made(public / "c") as store:
        ran(store, round_of(PLAIN, 0), result())
        left = copied(store, public / "left")
    for path in left.iterdir():
        path.chmod(0o444)
        if path.name.endswith("-shm"):
            path.unlink()
    left.chmod(0o555)
    with nobody(), pytest.raises(MachineError, match="cannot read ") as error:
        look(left)
    assert "\n" not in str(error.value)
    left.chmod(0o755)
    with look(left) as view:
        assert len(list(view.rounds())) == 1


# --- a log that was left behind ---


def copied(store: Store, to: Path) -> Path:
    """The files as a kill -9 leaves them."""
    to.mkdir()
    for path in store.folder.glob(schema.NAME + "*"):
        shutil.copy(path, to / path.name)
    return to


def test_what_is_only_in_the_log_is_there(tmp_path: Path) -> None:
    with made(tmp_path / "c") as store:
        for number in range(5):
            ran(store, round_of(PLAIN, number), result(violation()))
        store.begin(round_of(PLAIN, 5))
        left = copied(store, tmp_path / "left")
        torn = copied(store, tmp_path / "torn")
    assert (left / (schema.NAME + "-wal")).stat().st_size > 0
    with Store.open(left) as again:
        assert again.resumed() == {PLAIN.key: (6, {5: 1})}
    log = torn / (schema.NAME + "-wal")
    os.truncate(log, log.stat().st_size * 2 // 3)
    with Store.open(torn) as again:
        begun, lost = again.resumed()[PLAIN.key]
        assert 0 < begun < 6
        assert set(lost) <= {begun - 1}
        assert again.tallies()[PLAIN.key].rounds == begun - len(lost)


def test_the_log_of_a_newer_store_is_left_as_it_is(tmp_path: Path) -> None:
    with made(tmp_path / "c") as store:
        store._base.execute("PRAGMA user_version = 99")
        ran(store, round_of(PLAIN, 0), result(violation()))
        left = copied(store, tmp_path / "left")
    before = {path.name: path.read_bytes() for path in left.glob("*.sqlite*") if not path.name.endswith("-shm")}
    assert before[schema.NAME + "-wal"]
    for use in (Store.open, look):
        with pytest.raises(UsageError, match="newer pttorture"):
            use(left)
    assert {name: (left / name).read_bytes() for name in before} == before


# --- others in the folder ---

HOLD = """
import sys
from stress.store.store import Store
store = Store.open(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


def test_a_second_campaign_in_the_folder(tmp_path: Path) -> None:
    filled(tmp_path, 1)
    with python(HOLD, tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with pytest.raises(UsageError, match=rf"another campaign runs in it \(process {process.pid}\)"):
            Store.open(tmp_path)
        with pytest.raises(UsageError, match="another campaign runs in it"):
            made(tmp_path)
        process.kill()
    with Store.open(tmp_path), pytest.raises(UsageError, match=rf"\(process {os.getpid()}\)"):
        Store.open(tmp_path)
    Store.open(tmp_path).close()


LOOKED_AT = """
import sys
from stress.store.store import Store
from stress.store.view import look
from tests.store_rig import PLAIN, ran, result, round_of, violation
store = Store.open(sys.argv[1])
ran(store, round_of(PLAIN, 0), result(violation()))
look(sys.argv[1]).close()
print("looked", flush=True)
sys.stdin.readline()
for number in range(1, 6):
    ran(store, round_of(PLAIN, number), result(violation()))
print("ran", flush=True)
sys.stdin.readline()
"""


def test_a_visitor_does_not_take_the_log_of_a_campaign_that_has_looked_at_itself(tmp_path: Path) -> None:
    """Who closes the last connection unlinks the log. A campaign is known by its lock on the file, and POSIX drops that
    when the process that has it closes the file, however it had opened it."""
    made(tmp_path).close()
    with python(LOOKED_AT, tmp_path) as campaign:
        assert campaign.stdout is not None
        assert campaign.stdin is not None
        assert campaign.stdout.readline() == "looked\n"
        with contextlib.closing(sqlite3.connect(tmp_path / schema.NAME)) as visitor:
            assert visitor.execute("SELECT count(*) FROM rounds").fetchone() == (1,)
        campaign.stdin.write("\n")
        campaign.stdin.flush()
        assert campaign.stdout.readline() == "ran\n"
        campaign.kill()
    with Store.open(tmp_path) as store:
        assert store.tallies()[PLAIN.key].rounds == 6


def test_a_folder_that_cannot_be_written_can_be_looked_at(public: Path) -> None:
    file = filled(public, 3)
    before = file.read_bytes()
    public.chmod(0o555)
    file.chmod(0o444)
    with nobody():
        for use in (Store.open, made, lambda folder: made(folder / "new")):
            with pytest.raises(MachineError, match="cannot be written") as error:
                use(public)
            assert "\n" not in str(error.value)
        with look(public) as view:
            assert len(list(view.rounds())) == 3
    public.chmod(0o755)
    assert file.read_bytes() == before


# --- a full disk ---

FULL = """
import resource, sys
from pathlib import Path
from engine.errors import MachineError
from stress.store.store import Store
from tests.store_rig import PLAIN, ran, result, round_of, violation
store = Store.open(sys.argv[1])
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
flying = store.begin(round_of(PLAIN, 0))
try:
    for number in range(1, 10_000):
        ran(store, round_of(PLAIN, number), result(violation(number % 40 + 1)))
except MachineError as error:
    print(error)
refused = number if store.waiting else number - 1  # its beginning or its end was refused
try:
    store.end(flying, result(), [])
except MachineError as error:
    print(error)
store.sample("memory", 1.0)
waiting = len(store.waiting)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
store.flush()
print(waiting > 0, store.waiting, store.tallies()[PLAIN.key].rounds - refused - 1, refused)
store.close()
"""


def test_a_full_disk_costs_nothing(tmp_path: Path) -> None:
    """The limit on a file's size is a disk that is full, for this process."""
    made(tmp_path).close()
    with python(FULL, tmp_path) as process:
        out, err = process.communicate()
    assert err == ""
    first, second, rest = out.splitlines()
    assert first.startswith(f"cannot write {tmp_path / schema.NAME}")
    assert second == first
    assert rest.startswith("True [] 0 ")
    assert int(rest.split()[-1]) >= 3
    with look(tmp_path) as view:
        assert {row.state for row in view.rounds()} == {"done"}
        assert len(view.samples()) == 1


def test_sqlites_own_word_for_a_full_disk(tmp_path: Path) -> None:
    with made(tmp_path) as store:
        row = store.begin(round_of(PLAIN, 0))
        pages, = store._base.execute("PRAGMA page_count").fetchone()
        store._base.execute(f"PRAGMA max_page_count = {pages}")
        long = result(violation(message="".join(random.Random(1).choices("abcdefghijklmnop", k=100_000))))
        with pytest.raises(MachineError, match="no space left on its disk"):
            store.end(row, long, [])
        with look(tmp_path) as view:
            assert [r.state for r in view.rounds()] == ["started"]
        store._base.execute(f"PRAGMA max_page_count = {pages + 1000}")
        ran(store, round_of(PLAIN, 1), result())
        with look(tmp_path) as view:
            assert [(r.state, r.result == long) for r in view.rounds()] == [("done", True), ("done", False)]


def test_what_never_got_room_is_said_at_the_end(tmp_path: Path) -> None:
    store = made(tmp_path)
    row = store.begin(round_of(PLAIN, 0))
    pages, = store._base.execute("PRAGMA page_count").fetchone()
    store._base.execute(f"PRAGMA max_page_count = {pages}")
    long = result(violation(message="".join(random.Random(1).choices("abcdefghijklmnop", k=100_000))))
    with pytest.raises(PttortureError, match="no space left"):
        store.end(row, long, [])
    with pytest.raises(PttortureError, match="no space left"):
        store.close()
    with Store.open(tmp_path) as again:
        assert again.resumed() == {PLAIN.key: (1, {0: 1})}
        assert again.campaign["seed"] == SEED
