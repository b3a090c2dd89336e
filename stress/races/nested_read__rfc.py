#!/usr/bin/env python3
"""S4-c: nested-read:rfc

deadlock: CPU0 map waits for pgd_lock (read, scenarios/models/table.py:127), held by itself (read,
scenarios/models/table.py:100), queued behind CPU1 unmap; CPU1 unmap waits for pgd_lock (write,
scenarios/models/upgrade.py:29), held by CPU0 map (read, scenarios/models/table.py:100) at
scenarios/models/table.py:127

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 1, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], []],
 "engine": "0.1.0",
 "geometry": {"entries": 2, "frames": 8, "levels": 2},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"check_cached": 0, "count": 48, "flush": 1, "free": 1, "free_at": 0, "hardware": 0, "iotlb_ways": 1, "largest_leaf": 3, "level_first": 1, "nested_lock": 1, "no_empty": 1, "no_leak": 1, "order": 2, "pin": 0, "policy": 0, "queued": 0, "range_check": 0, "restart": 0, "split": 0, "sync_inside": 0, "trust_level": 1, "upgrade": 0, "used_entries": 0, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "nested-read",
 "sites": {"1": ["map_pages", "read_lock", 0, "scenarios/models/table.py:100"], "108": ["to_write", "read_unlock", 0, "scenarios/models/upgrade.py:28"], "109": ["to_write", "write_lock", 0, "scenarios/models/upgrade.py:29"], "16": ["walk", "read_once", 0, "scenarios/models/table.py:46"], "17": ["walk", "read_once", 1, "scenarios/models/table.py:48"], "18": ["walk", "read_once", 2, "scenarios/models/table.py:52"], "24": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:90"], "25": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:92"], "26": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:105"], "28": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:126"], "34": ["make_room", "read_lock", 0, "scenarios/models/table.py:127"], "65": ["clear_pte", "xchg", 0, "scenarios/models/count.py:93"], "68": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:99"], "71": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:180"], "72": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:182"], "8": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:72"], "9": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:76"]},
 "threads": 2,
 "variant": "rfc",
 "violation": {"address": 0, "kind": "deadlock", "message": "CPU0 map waits for pgd_lock (read, scenarios/models/table.py:127), held by itself (read, scenarios/models/table.py:100), queued behind CPU1 unmap; CPU1 unmap waits for pgd_lock (write, scenarios/models/upgrade.py:29), held by CPU0 map (read, scenarios/models/table.py:100)", "other": "", "site": 34, "thread": 0, "where": "scenarios/models/table.py:127"},
 "turns": [
  [0,1], [1,24], [1,16], [1,17], [1,18], [1,25], [1,8], [1,9], [1,26], [1,26], [1,65], [1,68], [1,28], [1,71], [1,72],
  [1,108], [1,109,true], [0,34,true]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
