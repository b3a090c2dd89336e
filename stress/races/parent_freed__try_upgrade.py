#!/usr/bin/env python3
"""S4-a: parent-freed:try-upgrade

use-after-free: clflush of pt 2[0]: page 2 was freed by CPU1 unmapB at scenarios/models/count.py:76 at
scenarios/models/unmap.py:145

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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "count": 48, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "restart": 0, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 1, "used_entries": 8, "widen": 0},
 "pool": "quarantine",
 "rounds": 1,
 "scenario": "parent-freed",
 "sites": {"104": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "115": ["to_write", "try_upgrade", 0, "scenarios/models/upgrade.py:26"], "124": ["reset_count", "atomic_set", 0, "scenarios/models/count.py:68"], "19": ["walk", "read_once", 0, "scenarios/models/table.py:84"], "20": ["walk", "read_once", 1, "scenarios/models/table.py:88"], "24": ["root_of", "read_once", 2, "scenarios/models/domain.py:43"], "3": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:83"], "30": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:106"], "31": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:108"], "32": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:120"], "34": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:145"], "4": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:93"], "50": ["put_list", "read_once", 0, "scenarios/models/gather.py:80"], "68": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "71": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "74": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:212"], "75": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:214"], "76": ["free_if_empty", "atomic_dec", 0, "scenarios/models/unmap.py:217"], "77": ["free_if_empty", "atomic_read", 1, "scenarios/models/unmap.py:218"], "80": ["free_if_empty", "write_unlock", 0, "scenarios/models/unmap.py:225"], "81": ["free_if_empty", "read_lock", 0, "scenarios/models/unmap.py:226"], "92": ["put_table", "atomic_dec_and_test", 0, "scenarios/models/count.py:75"], "93": ["put_table", "free_page", 0, "scenarios/models/count.py:76"]},
 "threads": 2,
 "variant": "try-upgrade",
 "violation": {"address": 55232, "kind": "use-after-free", "message": "clflush of pt 2[0]: page 2 was freed by CPU1 unmapB at scenarios/models/count.py:76", "other": "scenarios/models/count.py:76", "site": 34, "thread": 0, "where": "scenarios/models/unmap.py:145"},
 "turns": [
  [0,30], [0,24], [0,19], [0,20], [0,20], [0,31], [0,3], [0,24], [0,32], [0,32], [0,32], [0,68], [0,71], [0,34],
  [0,74], [0,75], [0,115], [0,76], [0,77], [0,68], [0,71], [0,124], [0,104], [0,80], [1,30], [1,24], [1,19], [1,20],
  [1,20], [1,31], [1,3], [1,24], [1,32], [1,32], [1,32], [1,68], [1,71], [1,34], [1,74], [1,75], [1,115], [1,76],
  [1,77], [1,68], [1,71], [1,124], [1,104], [1,80], [1,81], [1,34], [1,74], [1,75], [1,115], [1,76], [1,77], [1,68],
  [1,71], [1,124], [1,104], [1,80], [1,81], [1,34], [1,4], [1,50], [1,92], [1,93], [1,50], [1,92], [1,93], [0,81],
  [0,34]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
