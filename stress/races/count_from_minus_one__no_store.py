#!/usr/bin/env python3
"""S2-d: count-from-minus-one:no-store

lost-mapping: a mapped page does not translate to its page at scenarios/models/rest.py:65

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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "cont_above": 0, "cont_shift": 0, "count": 48, "dte_last": 0, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "high_shift": 0, "initial_store": 0, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "restart": 0, "retries": 1, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "count-from-minus-one",
 "sites": {"106": ["put_table", "atomic_dec_and_test", 0, "scenarios/models/count.py:75"], "107": ["put_table", "free_page", 0, "scenarios/models/count.py:76"], "118": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "136": ["to_write", "read_unlock", 0, "scenarios/models/upgrade.py:35"], "137": ["to_write", "write_lock", 0, "scenarios/models/upgrade.py:36"], "139": ["reset_count", "atomic_set", 0, "scenarios/models/count.py:68"], "2": ["check_mapped", "check", 0, "scenarios/models/rest.py:65"], "24": ["map_range", "read_lock", 0, "scenarios/models/table.py:173"], "25": ["map_range", "read_unlock", 0, "scenarios/models/table.py:181"], "27": ["walk", "read_once", 0, "scenarios/models/table.py:87"], "28": ["walk", "read_once", 1, "scenarios/models/table.py:91"], "30": ["root_of", "read_once", 1, "scenarios/models/domain.py:49"], "36": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "37": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "38": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "4": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "40": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "5": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "63": ["put_list", "read_once", 0, "scenarios/models/gather.py:80"], "71": ["walk_alloc", "read_once", 0, "scenarios/models/table.py:101"], "75": ["set_pte", "cmpxchg", 0, "scenarios/models/count.py:83"], "78": ["set_pte", "atomic_inc", 0, "scenarios/models/count.py:89"], "81": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "84": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "88": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:216"], "89": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:219"], "90": ["free_if_empty", "atomic_dec", 0, "scenarios/models/unmap.py:222"], "91": ["free_if_empty", "atomic_read", 1, "scenarios/models/unmap.py:223"], "94": ["free_if_empty", "write_unlock", 0, "scenarios/models/unmap.py:230"], "95": ["free_if_empty", "read_lock", 0, "scenarios/models/unmap.py:231"]},
 "threads": 1,
 "variant": "no-store",
 "violation": {"address": 0, "kind": "lost-mapping", "message": "a mapped page does not translate to its page", "other": "", "site": 2, "thread": -1, "where": "scenarios/models/rest.py:65"},
 "turns": [
  [0,24], [0,30], [0,71], [0,75], [0,78], [0,25], [0,36], [0,30], [0,27], [0,28], [0,37], [0,4], [0,30], [0,38],
  [0,38], [0,81], [0,84], [0,40], [0,88], [0,89], [0,136], [0,137], [0,90], [0,91], [0,81], [0,84], [0,139], [0,118],
  [0,94], [0,95], [0,40], [0,5], [0,63], [0,106], [0,107]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
