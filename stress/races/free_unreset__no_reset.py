#!/usr/bin/env python3
"""S2-c: free-unreset:no-reset

bad-page: free_page of page 2: its _mapcount or page_type is 0x0, not 0xffffffff at
scenarios/models/count.py:76

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 0, "smallest": "", "steps": 10000, "strategy": "dfs"},
 "choices": [[]],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 8, "levels": 2},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "cont_above": 0, "cont_shift": 0, "count": 48, "dte_last": 0, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "high_shift": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "later_unmap": 0, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 0, "restart": 0, "retries": 1, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "free-unreset",
 "sites": {"1": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "105": ["put_table", "atomic_dec_and_test", 0, "scenarios/models/count.py:75"], "106": ["put_table", "free_page", 0, "scenarios/models/count.py:76"], "117": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "135": ["to_write", "read_unlock", 0, "scenarios/models/upgrade.py:35"], "136": ["to_write", "write_lock", 0, "scenarios/models/upgrade.py:36"], "2": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "26": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "27": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "29": ["root_of", "read_once", 1, "scenarios/models/domain.py:49"], "30": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "32": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "37": ["walk", "read_once", 0, "scenarios/models/table.py:87"], "38": ["walk", "read_once", 1, "scenarios/models/table.py:91"], "62": ["put_list", "read_once", 0, "scenarios/models/gather.py:80"], "80": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "83": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "87": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:216"], "88": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:219"], "89": ["free_if_empty", "atomic_dec", 0, "scenarios/models/unmap.py:222"], "90": ["free_if_empty", "atomic_read", 1, "scenarios/models/unmap.py:223"], "93": ["free_if_empty", "write_unlock", 0, "scenarios/models/unmap.py:230"], "94": ["free_if_empty", "read_lock", 0, "scenarios/models/unmap.py:231"]},
 "threads": 1,
 "variant": "no-reset",
 "violation": {"address": 34560, "kind": "bad-page", "message": "free_page of page 2: its _mapcount or page_type is 0x0, not 0xffffffff", "other": "", "site": 106, "thread": 0, "where": "scenarios/models/count.py:76"},
 "turns": [
  [0,26], [0,29], [0,37], [0,38], [0,27], [0,1], [0,29], [0,30], [0,30], [0,80], [0,83], [0,32], [0,87], [0,88],
  [0,135], [0,136], [0,89], [0,90], [0,80], [0,83], [0,117], [0,93], [0,94], [0,32], [0,2], [0,62], [0,105], [0,106]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
