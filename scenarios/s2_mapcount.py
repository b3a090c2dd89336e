"""S2: the same design counting in `_mapcount` (RFC v2): what transient gets broke in v1 is gone.

Two unmappers empty one table while a getter bumps it: S1-a, S1-b and S1-d at once. The claim of RFC v2 is that with the
count in a word that getters do not touch, and the pin let go before looking again, nothing is left of them.
"""

from __future__ import annotations

from typing import Final

from engine import Role, Scenario, Variant
from scenarios.forms import PTDESC_FORM, RFC_V1, RFC_V2
from scenarios.s1_refcount import REAL, SMALL, bump_leaf_table, map_two, two_unmapped, unmap_one

SOURCE: Final = "https://lore.kernel.org/all/20240426034323.417219-1-pasha.tatashin@soleen.com/"


MAPCOUNT_GET = Scenario(
    name="mapcount-get",
    about="Transient gets and two unmappers of one table: gone with the count out of the getters' way.",
    source=SOURCE,
    setup=map_two,
    roles=(Role("unmap0", unmap_one, (0,)), Role("unmap1", unmap_one, (1,)), Role("gup", bump_leaf_table)),
    at_rest=two_unmapped,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("rfc-v2", "S1-a, S1-b and S1-d vanish", "S2-g", "claim", params=RFC_V2,
                needs=("unmaps", "gets", "unlinked")),
        Variant("recheck-window", "v2's order with v1's word: a get between the two looks", "S1-b", "mutation",
                "missed-free", {**RFC_V1, "range_check": 0, "order": 2}, needs=("unmaps", "gets")),
        Variant("ptdesc", "counting in a word of struct ptdesc", params=PTDESC_FORM,
                needs=("unmaps", "gets", "unlinked")),
    ),
)

SCENARIOS: Final = (MAPCOUNT_GET,)
