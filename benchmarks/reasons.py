"""Why a variant takes longer than 10 seconds natively to break: for the table of `benchmarks.first`."""

from __future__ import annotations

from typing import Final

_THREE: Final = (
    "It has three threads, and there were two CPUs: all three must be within some ten nanoseconds of each other, but "
    "one of them is always waiting for a CPU while the stores of the others drain."
)
_ONE_CPU: Final = (
    "Its threads must run at the same time on two CPUs; beside other work the kernel has both on one of them for "
    "seconds."
)

REASONS: Final[dict[str, str]] = {
    **dict.fromkeys(("litmus:RWC", "litmus:RWC+wmb-rmb", "litmus:RWC+rel-acq"), _THREE),
    **dict.fromkeys(("litmus:SB", "litmus:R+wmb-rmb"), _ONE_CPU),
}
