#!/usr/bin/env python3
"""S4-a: parent-freed:try-upgrade

use-after-free: clflush of pt 2[0]: page 2 was freed by CPU1 unmapB at scenarios/models/count.py:71 at
scenarios/models/unmap.py:126

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 1, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 12, "levels": 3},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"check_cached": 0, "count": 48, "flush": 1, "free": 1, "free_at": 0, "hardware": 0, "iotlb_ways": 1, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "pin": 0, "policy": 0, "queued": 0, "range_check": 0, "restart": 0, "split": 0, "sync_inside": 0, "trust_level": 1, "upgrade": 1, "used_entries": 8, "widen": 0},
 "pool": "quarantine",
 "rounds": 1,
 "scenario": "parent-freed",
 "sites": {"104": ["to_write", "try_upgrade", 0, "scenarios/models/upgrade.py:24"], "15": ["walk", "read_once", 0, "scenarios/models/table.py:46"], "16": ["walk", "read_once", 1, "scenarios/models/table.py:48"], "17": ["walk", "read_once", 2, "scenarios/models/table.py:52"], "23": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:90"], "24": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:92"], "25": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:105"], "27": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:126"], "55": ["put_list", "read_once", 0, "scenarios/models/gather.py:80"], "64": ["clear_pte", "xchg", 0, "scenarios/models/count.py:93"], "67": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:99"], "7": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:72"], "70": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:180"], "71": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:182"], "72": ["free_if_empty", "atomic_dec", 0, "scenarios/models/unmap.py:185"], "73": ["free_if_empty", "atomic_read", 1, "scenarios/models/unmap.py:186"], "76": ["free_if_empty", "write_unlock", 0, "scenarios/models/unmap.py:193"], "77": ["free_if_empty", "read_lock", 0, "scenarios/models/unmap.py:194"], "8": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:76"], "88": ["put_table", "atomic_dec_and_test", 0, "scenarios/models/count.py:70"], "89": ["put_table", "free_page", 0, "scenarios/models/count.py:71"], "9": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:77"], "92": ["reset_count", "atomic_set", 0, "scenarios/models/count.py:63"], "93": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"]},
 "threads": 2,
 "variant": "try-upgrade",
 "violation": {"address": 55104, "kind": "use-after-free", "message": "clflush of pt 2[0]: page 2 was freed by CPU1 unmapB at scenarios/models/count.py:71", "other": "scenarios/models/count.py:71", "site": 27, "thread": 0, "where": "scenarios/models/unmap.py:126"},
 "turns": [
  [0,23], [0,15], [0,16], [0,17], [0,17], [0,24], [0,7], [0,8], [0,25], [0,25], [0,25], [0,64], [0,67], [0,27],
  [0,70], [0,71], [0,104], [0,72], [0,73], [0,64], [0,67], [0,92], [0,93], [0,76], [1,23], [1,15], [1,16], [1,17],
  [1,17], [1,24], [1,7], [1,8], [1,25], [1,25], [1,25], [1,64], [1,67], [1,27], [1,70], [1,71], [1,104], [1,72],
  [1,73], [1,64], [1,67], [1,92], [1,93], [1,76], [1,77], [1,27], [1,70], [1,71], [1,104], [1,72], [1,73], [1,64],
  [1,67], [1,92], [1,93], [1,76], [1,77], [1,27], [1,9], [1,55], [1,88], [1,89], [1,55], [1,88], [1,89], [0,77],
  [0,27]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
