#!/usr/bin/env python3
"""S4-e: raw-lookup:iova-to-phys

use-after-free: read_once of pt 2[1]: page 2 was freed by CPU0 unmap at scenarios/models/count.py:76 at
scenarios/s4_gap.py:108

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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "clears_dirty": 0, "cont_above": 0, "cont_shift": 0, "count": 48, "dte_last": 0, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "high_shift": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 0, "raw_pointer": 1, "read_write": 3, "resets": 1, "restart": 0, "retries": 1, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "quarantine",
 "rounds": 1,
 "scenario": "raw-lookup",
 "sites": {"0": ["lookup", "read_lock", 0, "scenarios/s4_gap.py:100"], "1": ["lookup", "read_unlock", 0, "scenarios/s4_gap.py:104"], "11": ["walk", "read_once", 0, "scenarios/models/table.py:87"], "110": ["put_table", "atomic_dec_and_test", 0, "scenarios/models/count.py:75"], "111": ["put_table", "free_page", 0, "scenarios/models/count.py:76"], "12": ["walk", "read_once", 1, "scenarios/models/table.py:91"], "122": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "140": ["to_write", "read_unlock", 0, "scenarios/models/upgrade.py:35"], "141": ["to_write", "write_lock", 0, "scenarios/models/upgrade.py:36"], "143": ["reset_count", "atomic_set", 0, "scenarios/models/count.py:68"], "3": ["lookup", "read_once", 0, "scenarios/s4_gap.py:108"], "34": ["root_of", "read_once", 1, "scenarios/models/domain.py:49"], "40": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "41": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "42": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "44": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "67": ["put_list", "read_once", 0, "scenarios/models/gather.py:80"], "8": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "85": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "88": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "9": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "92": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:216"], "93": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:219"], "94": ["free_if_empty", "atomic_dec", 0, "scenarios/models/unmap.py:222"], "95": ["free_if_empty", "atomic_read", 1, "scenarios/models/unmap.py:223"], "98": ["free_if_empty", "write_unlock", 0, "scenarios/models/unmap.py:230"], "99": ["free_if_empty", "read_lock", 0, "scenarios/models/unmap.py:231"]},
 "threads": 2,
 "variant": "iova-to-phys",
 "violation": {"address": 55048, "kind": "use-after-free", "message": "read_once of pt 2[1]: page 2 was freed by CPU0 unmap at scenarios/models/count.py:76", "other": "scenarios/models/count.py:76", "site": 3, "thread": 1, "where": "scenarios/s4_gap.py:108"},
 "turns": [
  [1,0], [1,34], [1,11], [1,12], [1,1], [0,40], [0,34], [0,11], [0,12], [0,41], [0,8], [0,34], [0,42], [0,42], [0,85],
  [0,88], [0,44], [0,92], [0,93], [0,140], [0,141], [0,94], [0,95], [0,85], [0,88], [0,143], [0,122], [0,98], [0,99],
  [0,44], [0,9], [0,67], [0,110], [0,111], [1,3]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
