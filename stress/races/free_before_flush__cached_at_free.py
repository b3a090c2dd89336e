#!/usr/bin/env python3
"""S4-i: free-before-flush:cached-at-free

stale-translation: a table is freed while a paging-structure cache leads to it at
scenarios/models/walker.py:172

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 0, "smallest": "", "steps": 10000, "strategy": "dfs"},
 "choices": [[], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 8, "levels": 2},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"address_mask": 4503599627366400, "check_cached": 1, "conflicts": 0, "cont_above": 0, "cont_shift": 0, "count": 32, "dte_last": 0, "flush": 1, "free": 1, "free_at": 2, "gfp": 0, "grows": 0, "hardware": 1, "high_shift": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "restart": 0, "retries": 1, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "super_page": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "quarantine",
 "rounds": 1,
 "scenario": "free-before-flush",
 "sites": {"101": ["put_list", "read_once", 0, "scenarios/models/gather.py:80"], "11": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "118": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:216"], "119": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:219"], "120": ["free_if_empty", "atomic_dec", 0, "scenarios/models/unmap.py:222"], "121": ["free_if_empty", "atomic_read", 1, "scenarios/models/unmap.py:223"], "124": ["free_if_empty", "write_unlock", 0, "scenarios/models/unmap.py:230"], "125": ["free_if_empty", "read_lock", 0, "scenarios/models/unmap.py:231"], "127": ["check_not_cached", "read_once", 0, "scenarios/models/walker.py:171"], "128": ["check_not_cached", "read_once", 1, "scenarios/models/walker.py:171"], "129": ["check_not_cached", "check", 0, "scenarios/models/walker.py:172"], "141": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "159": ["to_write", "read_unlock", 0, "scenarios/models/upgrade.py:35"], "160": ["to_write", "write_lock", 0, "scenarios/models/upgrade.py:36"], "19": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "20": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "53": ["walk", "read_once", 0, "scenarios/models/table.py:87"], "54": ["walk", "read_once", 1, "scenarios/models/table.py:91"], "58": ["root_of", "read_once", 1, "scenarios/models/domain.py:49"], "64": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "65": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "66": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "68": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "8": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"]},
 "threads": 2,
 "variant": "cached-at-free",
 "violation": {"address": 0, "kind": "stale-translation", "message": "a table is freed while a paging-structure cache leads to it", "other": "", "site": 129, "thread": 0, "where": "scenarios/models/walker.py:172"},
 "turns": [
  [0,64], [0,58], [0,53], [0,54], [0,65], [0,19], [0,58], [0,66], [0,66], [0,8], [0,11], [0,66], [0,8], [0,11],
  [0,68], [0,118], [0,119], [0,159], [0,160], [0,120], [0,121], [0,8], [0,11], [0,141], [0,124], [0,125], [0,68],
  [0,20], [0,101], [0,127], [0,128]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
