"""A violation in words: from the machine's numbers to what, who, where and because of what."""

from __future__ import annotations

from typing import Final

from engine.explore.load import Machine
from engine.explore.machine import cells as c
from engine.explore.machine import memory as mm
from engine.memory.members import CODE_MASK, NAMES, confusion, displaced
from engine.schedule import ALONE, Violation
from engine.violations import BY_CODE, BY_NAME

_BAD: Final = {
    c.BAD_MAPCOUNT: ("_mapcount or page_type", mm.COUNTS, 0, "0xffffffff"),
    c.BAD_REFCOUNT: ("_refcount", mm.COUNTS, 32, "0"),
    c.BAD_MAPPING: ("mapping", mm.MAPPING, 64, "0"),
    c.BAD_MEMCG: ("memcg_data", mm.MEMCG, 64, "0"),
}


def violation_of(machine: Machine) -> Violation | None:
    """The violation the present execution ended in, None for none."""
    return _Explainer(machine).violation() if machine.failed else None

_DEADLOCK: Final = BY_NAME["deadlock"].code


def who(machine: Machine, thread: int) -> str:
    """`CPU1 unmap`; set-up and the check at rest by name."""
    if thread in (ALONE, machine.alone):
        return "set-up" if machine.in_setup else "the check at rest"
    return f"CPU{thread} {machine.program.threads[thread].name}"


def name_of(machine: Machine, process: int) -> str:
    """`CPU1 unmap`, or `the store buffer of CPU1 unmap`."""
    thread, flusher = machine.thread_of(process)
    return who(machine, thread) if flusher is None else f"the store buffer of {who(machine, thread)}"


def who_waits(machine: Machine, *, asleep: bool = True) -> list[str]:
    """One line for each thread that waits for a lock, and who is in its way; or, if `asleep`, for a word."""
    return _Explainer(machine).waits(asleep)


def holds(machine: Machine) -> list[tuple[str, int, str, str]]:
    """(lock, thread, "read" or "write", file:line) for every hold."""
    return _Explainer(machine).holds()


class _Explainer:
    def __init__(self, machine: Machine) -> None:
        self.m = machine
        self.kind = int(machine.S[c.S_KIND])
        self.pc, self.thread = int(machine.S[c.S_PC]), int(machine.S[c.S_THREAD])
        if self.kind == _DEADLOCK and machine.area(self.thread, c.T_STATUS) == c.ASLEEP:
            self.pc -= 1  # it stands behind the cpu_relax that it sleeps in
        self.address = int(machine.S[c.S_ADDRESS]) & (1 << 64) - 1
        self.other, self.detail = int(machine.S[c.S_OTHER]), int(machine.S[c.S_DETAIL])

    def violation(self) -> Violation:
        kind = BY_CODE[self.kind].name
        tell = getattr(self, "on_" + kind.replace("-", "_"), None)
        message = tell() if tell else self.stated()
        site = self.m.code.rows[self.pc][7]
        thread = ALONE if self.thread == self.m.alone else self.thread
        other = self.freed_at() if kind in ("use-after-free", "double-free", "stale-pointer") else ""
        if kind == "union-confusion":
            other = self.set_at()
        return Violation(kind, message, self.m.code.where(self.pc), site, thread, self.address, other)

    # --- parts ---

    @property
    def primitive(self) -> str:
        return self.site_name(self.pc)

    def site_name(self, pc: int) -> str:
        site = self.m.code.rows[pc][7]
        return self.m.program.sites[site].primitive if site >= 0 else "array access"

    @property
    def object(self) -> str:
        return self.m.program.layout.where(self.address)

    def record(self, cell: int) -> int:
        """A word of the frame's record."""
        return int(self.m.S[self.m.C[c.C_RECORDS] + self.other * c.F_SIZE + cell])

    def freed_at(self) -> str:
        """Where the frame was last freed, "" if never."""
        pc = self.record(c.F_FREE_SITE)
        return self.m.code.where(pc) if pc else ""

    @property
    def member(self) -> str:
        site = self.m.code.rows[self.pc][7]
        return self.m.program.sites[site].member if site >= 0 else ""

    def set_at(self) -> str:
        """Where the live member of a union was set, "" if none is live."""
        return self.m.code.where(self.detail >> 8) if self.detail else ""

    def freed(self) -> str:
        if not self.freed_at():
            return "was never allocated"
        return f"was freed by {who(self.m, self.record(c.F_FREE_THREAD))} at {self.freed_at()}"

    # --- kinds ---

    def stated(self) -> str:
        site = self.m.code.rows[self.pc][7]
        return self.m.program.sites[site].text if site >= 0 else ""

    def on_warning(self) -> str:
        return f"WARN_ON({self.stated()})"

    def on_use_after_free(self) -> str:
        return f"{self.primitive} of {self.object}: page {self.other} {self.freed()}"

    def on_double_free(self) -> str:
        return f"{self.primitive} of {self.object}: page {self.other} {self.freed()}"

    def on_stale_pointer(self) -> str:
        again = self.m.code.where(self.record(c.F_ALLOC_SITE))
        by = who(self.m, self.record(c.F_ALLOC_THREAD))
        return (f"{self.primitive} of {self.object} through an old pointer: page {self.other} {self.freed()} and "
                f"allocated again by {by} at {again}")

    def on_wild_access(self) -> str:
        if self.detail == c.WILD_ARRAY:
            return f"index {self.address} of an array of {self.other} words"
        if self.detail == c.WILD_NOT_A_MEMBER:
            return displaced(self.primitive, self.member, self.object)
        if self.detail == c.WILD_NULL:
            return f"{self.primitive} through a NULL pointer ({self.address:#x})"
        if self.detail == c.WILD_MISALIGNED:
            return f"{self.primitive} at {self.address:#x} ({self.object}), which is not aligned to its width"
        if self.detail == c.WILD_NOT_A_PAGE:
            return f"{self.primitive} of {self.object}, which is not the start of a page"
        return f"{self.primitive} at {self.address:#x}, which is in no object"

    def on_bad_page(self) -> str:
        name, word, shift, wanted = _BAD[self.detail]
        layout = self.m.program.layout
        i = int(self.m.C[c.C_MEMORY]) + (layout.descriptor(self.other) - layout.GLOBALS) // 8 + word
        value = int(self.m.S[i]) & (1 << 64) - 1
        value = value if shift == 64 else value >> shift & 0xFFFFFFFF
        return f"{self.primitive} of page {self.other}: its {name} is {value:#x}, not {wanted}"

    def on_union_confusion(self) -> str:
        return confusion(self.primitive, self.member, self.other, NAMES[self.detail & CODE_MASK], self.set_at())

    def on_lock_misuse(self) -> str:
        if self.detail == c.MISUSE_NO_LOCK:
            return f"{self.primitive} at {self.address:#x}, where there is no lock"
        if self.detail == c.MISUSE_WRONG_KIND:
            kind = self.m.program.lock_kinds[self.address]
            return f"{self.primitive} of {self.object}, which is a {kind} lock"
        if self.detail == c.MISUSE_KEPT:
            return f"the role ends with {self.object} held"
        return f"{self.primitive} of {self.object}, which {who(self.m, self.thread)} does not hold so"

    def on_sleep_in_atomic(self) -> str:
        held = [f"{name} ({how}, taken at {where})" for name, t, how, where in self.holds() if t == self.thread]
        return f"may sleep with a spinning lock held: {', '.join(held)}"

    def on_stack_overflow(self) -> str:
        return f"calls deeper than {c.DEPTH_MAX - 1}, or more private memory than a thread has"

    def on_step_limit(self) -> str:
        if self.detail == c.LIMIT_LOCAL:
            return f"{who(self.m, self.thread)} works for ever without a step"
        if self.detail == c.LIMIT_FLUSHERS:
            return (f"{who(self.m, self.thread)} stores to more than {self.m.C[c.C_FLUSHERS]} addresses in one "
                    "execution, which is all that a search under pso keeps apart; use fewer threads or rounds, or tso")
        hint = "" if self.m.C[c.C_RELAXES] else "; a loop that waits for another thread calls mem.cpu_relax()"
        return f"more than {self.m.C[c.C_LIMIT]} steps and choices in one execution{hint}"

    def on_livelock(self) -> str:
        last = "the last step leads" if self.detail == 1 else f"the last {self.detail} steps lead"
        return f"{last} back to the state before, again and again; nobody finishes"

    def on_deadlock(self) -> str:
        return "; ".join(self.waits())

    # --- locks ---

    def holds(self) -> list[tuple[str, int, str, str]]:
        """(lock, thread, "read" or "write", file:line) for every hold."""
        m, out = self.m, []
        for index in range(int(m.C[c.C_N_LOCKS])):
            lock = int(m.C[c.C_LOCKS]) + index * int(m.C[c.C_LOCK_SIZE])
            name = m.program.layout.where(m.program.layout.LOCKS + index * 128)
            if writer := int(m.S[lock + c.L_WRITER]):
                out.append((name, writer - 1, "write", m.code.where(int(m.S[lock + c.L_WRITER_SITE]))))
            for t in range(m.alone + 1):
                mine = lock + c.L_QUEUE + m.alone + 1 + 2 * t
                if m.S[mine]:
                    out.append((name, t, "read", m.code.where(int(m.S[mine + 1]))))
        return out

    def waits(self, asleep: bool = True) -> list[str]:
        m, lines = self.m, []
        for t in range(m.alone + 1):
            status = m.area(t, c.T_STATUS)
            if status == c.BLOCKED:
                lines.append(self._waits_for_lock(t))
            elif status == c.ASLEEP and asleep:
                at = m.code.where(m.area(t, c.T_PC) - 1)
                words = ", ".join(self._watched(t)) or "a word"
                lines.append(f"{who(m, t)} waits at {at} for {words} to change, which nobody will do")
        return lines

    def _watched(self, t: int) -> list[str]:
        """The words that a thread asleep in cpu_relax has read: `flag = 0`."""
        m, layout, words = self.m, self.m.program.layout, []
        for k in range(max(0, m.area(t, c.T_WATCHED))):
            key, seen = m.area(t, c.T_WATCH + 2 * k), m.area(t, c.T_WATCH + 2 * k + 1)
            address = layout.GLOBALS + 8 * ((key >> 2) - int(m.C[c.C_MEMORY])) + 4 * (key >> 1 & 1)
            if layout.GLOBALS <= address < layout.END:  # else it waits for a lock
                words.append(f"{layout.where(address)} = {seen & (1 << 64) - 1}")
        return list(dict.fromkeys(words))

    def _waits_for_lock(self, t: int) -> str:
        m = self.m
        index = m.area(t, c.T_LOCK)
        lock = int(m.C[c.C_LOCKS]) + index * int(m.C[c.C_LOCK_SIZE])
        name = m.program.layout.where(m.program.layout.LOCKS + index * 128)
        how = "write" if m.area(t, c.T_WANTS) == c.WRITER else "read"
        line = f"{who(m, t)} waits for {name} ({how}, {m.code.where(m.area(t, c.T_PC))})"
        queue = [int(m.S[lock + c.L_QUEUE + k]) for k in range(int(m.S[lock + c.L_QUEUED]))]
        causes = [f"held by {self._name(h, t)} ({mode}, {where})" for n, h, mode, where in self.holds() if n == name]
        causes += [f"queued behind {who(m, q)}" for q in queue[:queue.index(t)]]
        return line + ", " + ", ".join(causes) if causes else line

    def _name(self, holder: int, waiter: int) -> str:
        if holder == waiter:
            return "itself"
        done = self.m.area(holder, c.T_STATUS) == c.DONE
        return who(self.m, holder) + (", which has finished" if done else "")
