#!/usr/bin/env python3
"""S4-d: both-give-up:wait-upgrade

deadlock: CPU0 unmap0 waits at scenarios/models/upgrade.py:32 for a word to change, which nobody will do; CPU1
unmap1 waits at scenarios/models/upgrade.py:32 for a word to change, which nobody will do at
scenarios/models/upgrade.py:32

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 2, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 8, "levels": 2},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "count": 48, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "restart": 0, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 2, "used_entries": 8, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "both-give-up",
 "sites": {"124": ["to_write", "try_upgrade", 1, "scenarios/models/upgrade.py:31"], "125": ["to_write", "cpu_relax", 0, "scenarios/models/upgrade.py:32"], "21": ["walk", "read_once", 0, "scenarios/models/table.py:80"], "22": ["walk", "read_once", 1, "scenarios/models/table.py:84"], "23": ["walk", "read_once", 2, "scenarios/models/table.py:88"], "30": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "31": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "32": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "34": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "4": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "5": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:88"], "72": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "75": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "79": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:213"], "80": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:216"]},
 "threads": 2,
 "variant": "wait-upgrade",
 "violation": {"address": 0, "kind": "deadlock", "message": "CPU0 unmap0 waits at scenarios/models/upgrade.py:32 for a word to change, which nobody will do; CPU1 unmap1 waits at scenarios/models/upgrade.py:32 for a word to change, which nobody will do", "other": "", "site": 125, "thread": 0, "where": "scenarios/models/upgrade.py:32"},
 "turns": [
  [0,30], [0,21], [0,22], [0,23], [0,31], [0,4], [0,5], [0,32], [0,32], [0,72], [0,75], [0,34], [1,30], [1,21],
  [1,22], [1,23], [1,31], [1,4], [1,5], [1,32], [1,32], [1,72], [1,75], [1,34], [1,79], [0,79], [0,80], [0,124],
  [1,80], [1,124]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
