#!/usr/bin/env python3
"""S1-f: unbalanced-put:put

lost-mapping: a mapped page does not translate to its page at scenarios/models/rest.py:65

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
 "params": {"address_mask": 4503599627366400, "balanced": 0, "check_cached": 0, "cont_above": 0, "cont_shift": 0, "count": 52, "dte_last": 0, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "high_shift": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "order": 1, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "restart": 0, "retries": 1, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "unbalanced-put",
 "sites": {"1": ["unbalanced_put", "atomic_dec", 0, "scenarios/s1_puts.py:30"], "102": ["put_table", "atomic_dec_and_test", 0, "scenarios/models/count.py:75"], "103": ["put_table", "free_page", 0, "scenarios/models/count.py:76"], "114": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "132": ["to_write", "read_unlock", 0, "scenarios/models/upgrade.py:35"], "133": ["to_write", "write_lock", 0, "scenarios/models/upgrade.py:36"], "28": ["walk", "read_once", 0, "scenarios/models/table.py:87"], "29": ["walk", "read_once", 1, "scenarios/models/table.py:91"], "3": ["check_mapped", "check", 0, "scenarios/models/rest.py:65"], "30": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "31": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "33": ["root_of", "read_once", 1, "scenarios/models/domain.py:49"], "34": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "36": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "5": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "59": ["put_list", "read_once", 0, "scenarios/models/gather.py:80"], "6": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "77": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "80": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "84": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:216"], "85": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:219"], "87": ["free_if_empty", "atomic_read", 1, "scenarios/models/unmap.py:223"], "90": ["free_if_empty", "write_unlock", 0, "scenarios/models/unmap.py:230"], "91": ["free_if_empty", "read_lock", 0, "scenarios/models/unmap.py:231"], "92": ["free_if_empty", "atomic_dec", 1, "scenarios/models/unmap.py:233"]},
 "threads": 2,
 "variant": "put",
 "violation": {"address": 0, "kind": "lost-mapping", "message": "a mapped page does not translate to its page", "other": "", "site": 3, "thread": -1, "where": "scenarios/models/rest.py:65"},
 "turns": [
  [1,1], [0,30], [0,33], [0,28], [0,29], [0,31], [0,5], [0,33], [0,34], [0,34], [0,77], [0,80], [0,36], [0,84],
  [0,85], [0,132], [0,133], [0,87], [0,77], [0,80], [0,114], [0,90], [0,91], [0,92], [0,36], [0,6], [0,59], [0,102],
  [0,103]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
