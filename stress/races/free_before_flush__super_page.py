#!/usr/bin/env python3
"""S4-i: free-before-flush:super-page

use-after-free: read_once of pt 2[1]: page 2 was freed by CPU0 unmap at scenarios/models/count.py:71 at
scenarios/models/walker.py:78

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 1, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 8, "levels": 2},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"check_cached": 0, "count": 32, "flush": 1, "free": 1, "free_at": 2, "hardware": 1, "iotlb_ways": 1, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "pin": 0, "policy": 0, "queued": 0, "range_check": 0, "restart": 0, "split": 0, "super_page": 1, "sync_inside": 0, "trust_level": 1, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "quarantine",
 "rounds": 1,
 "scenario": "free-before-flush",
 "sites": {"11": ["clear_pte", "xchg", 0, "scenarios/models/count.py:93"], "111": ["put_table", "atomic_dec_and_test", 0, "scenarios/models/count.py:70"], "112": ["put_table", "free_page", 0, "scenarios/models/count.py:71"], "114": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "14": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:99"], "34": ["_iotlb", "read_once", 0, "scenarios/models/walker.py:65"], "37": ["_walk", "read_once", 0, "scenarios/models/walker.py:78"], "42": ["walk", "read_once", 0, "scenarios/models/table.py:46"], "43": ["walk", "read_once", 1, "scenarios/models/table.py:48"], "5": ["map_pages", "read_lock", 0, "scenarios/models/table.py:100"], "78": ["_cached", "read_once", 0, "scenarios/models/walker.py:96"], "80": ["_cached", "read_once", 1, "scenarios/models/walker.py:98"], "9": ["dma", "spin_lock", 0, "scenarios/models/walker.py:54"], "93": ["put_list", "read_once", 0, "scenarios/models/gather.py:80"], "94": ["has_leaf", "read_once", 0, "scenarios/models/table.py:155"], "96": ["list_tables", "read_once", 0, "scenarios/models/table.py:169"]},
 "threads": 2,
 "variant": "super-page",
 "violation": {"address": 55368, "kind": "use-after-free", "message": "read_once of pt 2[1]: page 2 was freed by CPU0 unmap at scenarios/models/count.py:71", "other": "scenarios/models/count.py:71", "site": 37, "thread": 1, "where": "scenarios/models/walker.py:78"},
 "turns": [
  [0,5], [0,42], [0,43], [0,94], [0,94], [0,94], [0,94], [0,96], [0,96], [0,96], [0,96], [0,114], [0,11], [0,14],
  [0,93], [0,111], [0,112], [1,9], [1,34], [1,78], [1,80], [1,37]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
