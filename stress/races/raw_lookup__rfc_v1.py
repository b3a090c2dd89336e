#!/usr/bin/env python3
"""S1-g: raw-lookup:rfc-v1

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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "clears_dirty": 0, "count": 52, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 1, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 1, "raw_pointer": 1, "read_write": 3, "resets": 1, "restart": 0, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "quarantine",
 "rounds": 1,
 "scenario": "raw-lookup",
 "sites": {"0": ["lookup", "read_lock", 0, "scenarios/s4_gap.py:100"], "1": ["lookup", "read_unlock", 0, "scenarios/s4_gap.py:104"], "10": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:88"], "102": ["put_table", "atomic_dec_and_test", 0, "scenarios/models/count.py:75"], "103": ["put_table", "free_page", 0, "scenarios/models/count.py:76"], "11": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "115": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "13": ["walk", "read_once", 0, "scenarios/models/table.py:80"], "132": ["to_write", "read_unlock", 0, "scenarios/models/upgrade.py:35"], "133": ["to_write", "write_lock", 0, "scenarios/models/upgrade.py:36"], "14": ["walk", "read_once", 1, "scenarios/models/table.py:84"], "15": ["walk", "read_once", 2, "scenarios/models/table.py:88"], "3": ["lookup", "read_once", 0, "scenarios/s4_gap.py:108"], "35": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "36": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "37": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "39": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "56": ["put_list", "read_once", 0, "scenarios/models/gather.py:80"], "77": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "78": ["clear_pte", "atomic_dec_return", 0, "scenarios/models/count.py:101"], "84": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:213"], "85": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:216"], "87": ["free_if_empty", "atomic_read", 1, "scenarios/models/unmap.py:220"], "9": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "90": ["free_if_empty", "write_unlock", 0, "scenarios/models/unmap.py:227"], "91": ["free_if_empty", "read_lock", 0, "scenarios/models/unmap.py:228"], "92": ["free_if_empty", "atomic_dec", 1, "scenarios/models/unmap.py:230"]},
 "threads": 2,
 "variant": "rfc-v1",
 "violation": {"address": 54984, "kind": "use-after-free", "message": "read_once of pt 2[1]: page 2 was freed by CPU0 unmap at scenarios/models/count.py:76", "other": "scenarios/models/count.py:76", "site": 3, "thread": 1, "where": "scenarios/s4_gap.py:108"},
 "turns": [
  [1,0], [1,13], [1,14], [1,15], [1,1], [0,35], [0,13], [0,14], [0,15], [0,36], [0,9], [0,10], [0,37], [0,37], [0,77],
  [0,78], [0,39], [0,84], [0,85], [0,132], [0,133], [0,87], [0,77], [0,78], [0,115], [0,90], [0,91], [0,92], [0,39],
  [0,11], [0,56], [0,102], [0,103], [1,3]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
