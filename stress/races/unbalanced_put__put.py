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
 "params": {"address_mask": 4503599627366400, "balanced": 0, "check_cached": 0, "count": 52, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "order": 1, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "restart": 0, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "unbalanced-put",
 "sites": {"1": ["unbalanced_put", "atomic_dec", 0, "scenarios/s1_puts.py:30"], "106": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "123": ["to_write", "read_unlock", 0, "scenarios/models/upgrade.py:35"], "124": ["to_write", "write_lock", 0, "scenarios/models/upgrade.py:36"], "22": ["walk", "read_once", 0, "scenarios/models/table.py:80"], "23": ["walk", "read_once", 1, "scenarios/models/table.py:84"], "24": ["walk", "read_once", 2, "scenarios/models/table.py:88"], "25": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "26": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "28": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "3": ["check_mapped", "check", 0, "scenarios/models/rest.py:65"], "30": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "47": ["put_list", "read_once", 0, "scenarios/models/gather.py:80"], "5": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "6": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:88"], "68": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "7": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "71": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "75": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:213"], "76": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:216"], "78": ["free_if_empty", "atomic_read", 1, "scenarios/models/unmap.py:220"], "81": ["free_if_empty", "write_unlock", 0, "scenarios/models/unmap.py:227"], "82": ["free_if_empty", "read_lock", 0, "scenarios/models/unmap.py:228"], "83": ["free_if_empty", "atomic_dec", 1, "scenarios/models/unmap.py:230"], "93": ["put_table", "atomic_dec_and_test", 0, "scenarios/models/count.py:75"], "94": ["put_table", "free_page", 0, "scenarios/models/count.py:76"]},
 "threads": 2,
 "variant": "put",
 "violation": {"address": 0, "kind": "lost-mapping", "message": "a mapped page does not translate to its page", "other": "", "site": 3, "thread": -1, "where": "scenarios/models/rest.py:65"},
 "turns": [
  [1,1], [0,25], [0,22], [0,23], [0,24], [0,26], [0,5], [0,6], [0,28], [0,28], [0,68], [0,71], [0,30], [0,75], [0,76],
  [0,123], [0,124], [0,78], [0,68], [0,71], [0,106], [0,81], [0,82], [0,83], [0,30], [0,7], [0,47], [0,93], [0,94]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
