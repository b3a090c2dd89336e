#!/usr/bin/env python3
"""S4-i: free-before-flush:before-flush

use-after-free: read_once of pt 2[1]: page 2 was freed by CPU0 unmap at scenarios/models/count.py:76 at
scenarios/models/walker.py:103

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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "count": 32, "flush": 1, "free": 1, "free_at": 2, "gfp": 0, "grows": 0, "hardware": 1, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "restart": 0, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "super_page": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "quarantine",
 "rounds": 1,
 "scenario": "free-before-flush",
 "sites": {"103": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:212"], "104": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:214"], "105": ["free_if_empty", "atomic_dec", 0, "scenarios/models/unmap.py:217"], "106": ["free_if_empty", "atomic_read", 1, "scenarios/models/unmap.py:218"], "109": ["free_if_empty", "write_unlock", 0, "scenarios/models/unmap.py:225"], "11": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "110": ["free_if_empty", "read_lock", 0, "scenarios/models/unmap.py:226"], "116": ["put_table", "atomic_dec_and_test", 0, "scenarios/models/count.py:75"], "117": ["put_table", "free_page", 0, "scenarios/models/count.py:76"], "126": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "143": ["to_write", "read_unlock", 0, "scenarios/models/upgrade.py:35"], "144": ["to_write", "write_lock", 0, "scenarios/models/upgrade.py:36"], "19": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:83"], "20": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:93"], "38": ["_iotlb", "read_once", 0, "scenarios/models/walker.py:88"], "41": ["_walk", "read_once", 0, "scenarios/models/walker.py:103"], "46": ["walk", "read_once", 0, "scenarios/models/table.py:84"], "47": ["walk", "read_once", 1, "scenarios/models/table.py:88"], "53": ["root_of", "read_once", 2, "scenarios/models/domain.py:43"], "59": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:106"], "6": ["dma", "spin_lock", 0, "scenarios/models/walker.py:77"], "60": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:108"], "61": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:120"], "63": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:145"], "73": ["_cached", "read_once", 0, "scenarios/models/walker.py:122"], "75": ["_cached", "read_once", 1, "scenarios/models/walker.py:124"], "8": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "87": ["put_list", "read_once", 0, "scenarios/models/gather.py:80"]},
 "threads": 2,
 "variant": "before-flush",
 "violation": {"address": 55496, "kind": "use-after-free", "message": "read_once of pt 2[1]: page 2 was freed by CPU0 unmap at scenarios/models/count.py:76", "other": "scenarios/models/count.py:76", "site": 41, "thread": 1, "where": "scenarios/models/walker.py:103"},
 "turns": [
  [0,59], [0,53], [0,46], [0,47], [0,60], [0,19], [0,53], [0,61], [0,61], [0,8], [0,11], [0,61], [0,8], [0,11],
  [0,63], [0,103], [0,104], [0,143], [0,144], [0,105], [0,106], [0,8], [0,11], [0,126], [0,109], [0,110], [0,63],
  [0,20], [0,87], [0,116], [0,117], [1,6], [1,38], [1,73], [1,75], [1,41]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
