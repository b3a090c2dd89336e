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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "count": 48, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "initial_store": 0, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "restart": 0, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "count-from-minus-one",
 "sites": {"111": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "128": ["to_write", "read_unlock", 0, "scenarios/models/upgrade.py:35"], "129": ["to_write", "write_lock", 0, "scenarios/models/upgrade.py:36"], "131": ["reset_count", "atomic_set", 0, "scenarios/models/count.py:68"], "19": ["map_range", "read_lock", 0, "scenarios/models/table.py:166"], "2": ["check_mapped", "check", 0, "scenarios/models/rest.py:65"], "20": ["map_range", "read_unlock", 0, "scenarios/models/table.py:174"], "22": ["walk", "read_once", 0, "scenarios/models/table.py:80"], "23": ["walk", "read_once", 1, "scenarios/models/table.py:84"], "24": ["walk", "read_once", 2, "scenarios/models/table.py:88"], "31": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "32": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "33": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "35": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "5": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "52": ["put_list", "read_once", 0, "scenarios/models/gather.py:80"], "6": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:88"], "62": ["walk_alloc", "read_once", 0, "scenarios/models/table.py:95"], "63": ["walk_alloc", "read_once", 1, "scenarios/models/table.py:98"], "67": ["set_pte", "cmpxchg", 0, "scenarios/models/count.py:83"], "7": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "70": ["set_pte", "atomic_inc", 0, "scenarios/models/count.py:89"], "73": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "76": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "80": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:213"], "81": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:216"], "82": ["free_if_empty", "atomic_dec", 0, "scenarios/models/unmap.py:219"], "83": ["free_if_empty", "atomic_read", 1, "scenarios/models/unmap.py:220"], "86": ["free_if_empty", "write_unlock", 0, "scenarios/models/unmap.py:227"], "87": ["free_if_empty", "read_lock", 0, "scenarios/models/unmap.py:228"], "98": ["put_table", "atomic_dec_and_test", 0, "scenarios/models/count.py:75"], "99": ["put_table", "free_page", 0, "scenarios/models/count.py:76"]},
 "threads": 1,
 "variant": "no-store",
 "violation": {"address": 0, "kind": "lost-mapping", "message": "a mapped page does not translate to its page", "other": "", "site": 2, "thread": -1, "where": "scenarios/models/rest.py:65"},
 "turns": [
  [0,19], [0,62], [0,63], [0,67], [0,70], [0,20], [0,31], [0,22], [0,23], [0,24], [0,32], [0,5], [0,6], [0,33],
  [0,33], [0,73], [0,76], [0,35], [0,80], [0,81], [0,128], [0,129], [0,82], [0,83], [0,73], [0,76], [0,131], [0,111],
  [0,86], [0,87], [0,35], [0,7], [0,52], [0,98], [0,99]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
