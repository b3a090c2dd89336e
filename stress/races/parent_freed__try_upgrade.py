#!/usr/bin/env python3
"""S4-a: parent-freed:try-upgrade

use-after-free: clflush of pt 2[0]: page 2 was freed by CPU1 unmapB at scenarios/models/count.py:76 at
scenarios/models/unmap.py:146

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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "cont_above": 0, "cont_shift": 0, "count": 48, "dte_last": 0, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "high_shift": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "restart": 0, "retries": 1, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 1, "used_entries": 8, "widen": 0},
 "pool": "quarantine",
 "rounds": 1,
 "scenario": "parent-freed",
 "sites": {"105": ["put_table", "atomic_dec_and_test", 0, "scenarios/models/count.py:75"], "106": ["put_table", "free_page", 0, "scenarios/models/count.py:76"], "117": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "129": ["to_write", "try_upgrade", 0, "scenarios/models/upgrade.py:26"], "138": ["reset_count", "atomic_set", 0, "scenarios/models/count.py:68"], "26": ["walk", "read_once", 0, "scenarios/models/table.py:87"], "27": ["walk", "read_once", 1, "scenarios/models/table.py:91"], "29": ["root_of", "read_once", 1, "scenarios/models/domain.py:49"], "3": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "35": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "36": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "37": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "39": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "4": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "62": ["put_list", "read_once", 0, "scenarios/models/gather.py:80"], "80": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "83": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "87": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:216"], "88": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:219"], "89": ["free_if_empty", "atomic_dec", 0, "scenarios/models/unmap.py:222"], "90": ["free_if_empty", "atomic_read", 1, "scenarios/models/unmap.py:223"], "93": ["free_if_empty", "write_unlock", 0, "scenarios/models/unmap.py:230"], "94": ["free_if_empty", "read_lock", 0, "scenarios/models/unmap.py:231"]},
 "threads": 2,
 "variant": "try-upgrade",
 "violation": {"address": 55296, "kind": "use-after-free", "message": "clflush of pt 2[0]: page 2 was freed by CPU1 unmapB at scenarios/models/count.py:76", "other": "scenarios/models/count.py:76", "site": 39, "thread": 0, "where": "scenarios/models/unmap.py:146"},
 "turns": [
  [0,35], [0,29], [0,26], [0,27], [0,27], [0,36], [0,3], [0,29], [0,37], [0,37], [0,37], [0,80], [0,83], [0,39],
  [0,87], [0,88], [0,129], [0,89], [0,90], [0,80], [0,83], [0,138], [0,117], [0,93], [1,35], [1,29], [1,26], [1,27],
  [1,27], [1,36], [1,3], [1,29], [1,37], [1,37], [1,37], [1,80], [1,83], [1,39], [1,87], [1,88], [1,129], [1,89],
  [1,90], [1,80], [1,83], [1,138], [1,117], [1,93], [1,94], [1,39], [1,87], [1,88], [1,129], [1,89], [1,90], [1,80],
  [1,83], [1,138], [1,117], [1,93], [1,94], [1,39], [1,4], [1,62], [1,105], [1,106], [1,62], [1,105], [1,106], [0,94],
  [0,39]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
