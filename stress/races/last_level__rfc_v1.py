#!/usr/bin/env python3
"""S4-g: last-level:rfc-v1

stale-translation: a table is freed while a paging-structure cache leads to it at
scenarios/models/walker.py:172

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 0, "smallest": "", "steps": 10000, "strategy": "dfs"},
 "choices": [[]],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 12, "levels": 3},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"address_mask": 4503599627366400, "check_cached": 1, "conflicts": 0, "cont_above": 0, "cont_shift": 0, "count": 52, "dte_last": 0, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 1, "high_shift": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 8, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "order": 1, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 1, "read_write": 3, "resets": 1, "restart": 0, "retries": 1, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 1, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "last-level",
 "sites": {"101": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:216"], "102": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:219"], "104": ["free_if_empty", "atomic_read", 1, "scenarios/models/unmap.py:223"], "107": ["free_if_empty", "write_unlock", 0, "scenarios/models/unmap.py:230"], "108": ["free_if_empty", "read_lock", 0, "scenarios/models/unmap.py:231"], "109": ["free_if_empty", "atomic_dec", 1, "scenarios/models/unmap.py:233"], "115": ["check_not_cached", "read_once", 0, "scenarios/models/walker.py:171"], "116": ["check_not_cached", "read_once", 1, "scenarios/models/walker.py:171"], "117": ["check_not_cached", "check", 0, "scenarios/models/walker.py:172"], "121": ["_invalidate_tables", "read_once", 0, "scenarios/models/walker.py:161"], "131": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "149": ["to_write", "read_unlock", 0, "scenarios/models/upgrade.py:35"], "150": ["to_write", "write_lock", 0, "scenarios/models/upgrade.py:36"], "38": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "39": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "41": ["root_of", "read_once", 1, "scenarios/models/domain.py:49"], "42": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "44": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "54": ["walk", "read_once", 0, "scenarios/models/table.py:87"], "55": ["walk", "read_once", 1, "scenarios/models/table.py:91"], "7": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "74": ["put_list", "read_once", 0, "scenarios/models/gather.py:80"], "76": ["invalidate", "spin_lock", 0, "scenarios/models/walker.py:149"], "77": ["invalidate", "read_once", 0, "scenarios/models/walker.py:151"], "78": ["invalidate", "write_once", 0, "scenarios/models/walker.py:152"], "79": ["invalidate", "spin_unlock", 0, "scenarios/models/walker.py:155"], "8": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "94": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "95": ["clear_pte", "atomic_dec_return", 0, "scenarios/models/count.py:101"]},
 "threads": 1,
 "variant": "rfc-v1",
 "violation": {"address": 0, "kind": "stale-translation", "message": "a table is freed while a paging-structure cache leads to it", "other": "", "site": 117, "thread": 0, "where": "scenarios/models/walker.py:172"},
 "turns": [
  [0,38], [0,41], [0,54], [0,55], [0,55], [0,39], [0,7], [0,41], [0,42], [0,42], [0,42], [0,94], [0,95], [0,44],
  [0,101], [0,102], [0,149], [0,150], [0,104], [0,94], [0,95], [0,131], [0,107], [0,108], [0,109], [0,44], [0,101],
  [0,102], [0,149], [0,150], [0,104], [0,94], [0,95], [0,131], [0,107], [0,108], [0,109], [0,42], [0,42], [0,42],
  [0,94], [0,95], [0,44], [0,101], [0,102], [0,149], [0,150], [0,104], [0,94], [0,95], [0,131], [0,107], [0,108],
  [0,109], [0,44], [0,101], [0,44], [0,8], [0,76], [0,77], [0,77], [0,77], [0,77], [0,77], [0,77], [0,77], [0,77],
  [0,78], [0,121], [0,121], [0,79], [0,74], [0,115], [0,116]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
