#!/usr/bin/env python3
"""S4-c: nested-read:rfc

deadlock: CPU0 map waits for pgd_lock (read, scenarios/models/table.py:225), held by itself (read,
scenarios/models/table.py:173), queued behind CPU1 unmap; CPU1 unmap waits for pgd_lock (write,
scenarios/models/upgrade.py:36), held by CPU0 map (read, scenarios/models/table.py:173) at
scenarios/models/table.py:225

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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "cont_above": 0, "cont_shift": 0, "count": 48, "dte_last": 0, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "high_shift": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 1, "no_empty": 1, "no_leak": 1, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "restart": 0, "retries": 1, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 0, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "nested-read",
 "sites": {"136": ["to_write", "read_unlock", 0, "scenarios/models/upgrade.py:35"], "137": ["to_write", "write_lock", 0, "scenarios/models/upgrade.py:36"], "24": ["map_range", "read_lock", 0, "scenarios/models/table.py:173"], "27": ["walk", "read_once", 0, "scenarios/models/table.py:87"], "28": ["walk", "read_once", 1, "scenarios/models/table.py:91"], "30": ["root_of", "read_once", 1, "scenarios/models/domain.py:49"], "36": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "37": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "38": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "4": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "40": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "69": ["make_room", "read_lock", 0, "scenarios/models/table.py:225"], "81": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "84": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "88": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:216"], "89": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:219"]},
 "threads": 2,
 "variant": "rfc",
 "violation": {"address": 0, "kind": "deadlock", "message": "CPU0 map waits for pgd_lock (read, scenarios/models/table.py:225), held by itself (read, scenarios/models/table.py:173), queued behind CPU1 unmap; CPU1 unmap waits for pgd_lock (write, scenarios/models/upgrade.py:36), held by CPU0 map (read, scenarios/models/table.py:173)", "other": "", "site": 69, "thread": 0, "where": "scenarios/models/table.py:225"},
 "turns": [
  [0,24], [1,36], [1,30], [1,27], [1,28], [1,37], [1,4], [1,30], [1,38], [1,38], [1,81], [1,84], [1,40], [1,88],
  [1,89], [1,136], [1,137,true], [0,69,true]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
