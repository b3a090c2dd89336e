#!/usr/bin/env python3
"""S4-e.unmap: dirty-bit:unmap-looks-first

check: a page was written to and is not dirty: its copy is old at scenarios/s4_dirty.py:65

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
 "params": {"address_mask": 4503599627366400, "aging": 1, "check_cached": 0, "cont_above": 0, "cont_shift": 0, "count": 32, "dte_last": 0, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 1, "harvest": 2, "high_shift": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "nested_lock": 0, "output_bits": 0, "page_bits": 0, "page_shift": 12, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "retries": 1, "root_shift": 0, "run_bits": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "table_bits": 3, "table_level": 0, "takes": 0, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "widen": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "dirty-bit",
 "sites": {"10": ["dma_write", "write_once", 1, "scenarios/models/dirty.py:64"], "11": ["dma_write", "write_once", 2, "scenarios/models/dirty.py:66"], "13": ["dma_write", "spin_unlock", 0, "scenarios/models/dirty.py:68"], "2": ["copy_is_new", "check", 0, "scenarios/s4_dirty.py:65"], "38": ["mark", "cmpxchg", 0, "scenarios/models/dirty.py:46"], "40": ["walk", "read_once", 0, "scenarios/models/table.py:87"], "41": ["walk", "read_once", 1, "scenarios/models/table.py:91"], "43": ["invalidate", "spin_lock", 0, "scenarios/models/walker.py:149"], "44": ["invalidate", "read_once", 0, "scenarios/models/walker.py:151"], "45": ["invalidate", "write_once", 0, "scenarios/models/walker.py:152"], "46": ["invalidate", "spin_unlock", 0, "scenarios/models/walker.py:155"], "50": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "53": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "56": ["root_of", "read_once", 1, "scenarios/models/domain.py:49"], "6": ["dma_write", "spin_lock", 0, "scenarios/models/dirty.py:57"], "7": ["dma_write", "read_once", 0, "scenarios/models/dirty.py:58"], "8": ["dma_write", "read_once", 1, "scenarios/models/dirty.py:59"], "9": ["dma_write", "write_once", 0, "scenarios/models/dirty.py:63"]},
 "threads": 2,
 "variant": "unmap-looks-first",
 "violation": {"address": 0, "kind": "check", "message": "a page was written to and is not dirty: its copy is old", "other": "", "site": 2, "thread": -1, "where": "scenarios/s4_dirty.py:65"},
 "turns": [
  [1,56], [1,40], [1,41], [0,6], [0,7], [0,8], [0,56], [0,40], [0,41], [0,38], [0,9], [0,10], [0,11], [0,13], [0,6],
  [0,7], [0,8], [0,11], [0,13], [1,50], [1,53], [1,43], [1,44], [1,45], [1,46]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
