"""Run many rounds of everything for hours; nothing is lost when the machine is.

A NAME is as for run; without one every scenario takes part. A campaign walks
its matrix (variant, executor, lock, threads, perturbation, strategy, model)
and draws a seed for each round; what still finds something new gets more time,
everything gets some. Every round is in DIR/campaign.sqlite as it ends; after a
reboot --resume goes on. Each distinct bug is one finding, with the smallest
interleaving, a script and a test. SIGUSR1 prints how things stand.
`pttorture report DIR` makes a page of it, now and at any time.
"""

from __future__ import annotations

import argparse

from stress import options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help="what to run; nothing: every scenario there is")
    add("--hours", type=options.hours, metavar="H", help="how long, a number of hours or 90s, 30m, 2d (default: until "
                                                         "every search is complete, or without end)")
    add("--config", metavar="FILE.toml", help="the matrix and limits; docs/campaigns.md names the keys")
    add("--out", metavar="DIR", default="pttorture-campaign",
        help="the campaign's folder (default pttorture-campaign)")
    add("--resume", action="store_true", help="go on with the campaign in DIR")
    add("--seed", type=options.integer(0, 2**63 - 1), metavar="N", help="of all random choices (default: a new one)")
    add("--shard", type=options.shard, metavar="I/N", help="do part I of N; `pttorture merge` puts them together")
    add("--members", type=options.integer(1, 64), metavar="M", help="processes that run rounds (default: the CPUs)")
    add("--memory", type=options.size, metavar="SIZE", help="for all of them, such as 4G (default: half of what there "
                                                            "is); one that takes more than its part is ended")
    add("--baseline", metavar="FILE", help="findings that are known, no news; or a campaign's folder that has them")
    add("--baseline-update", action="store_true", help="at the end, put what nobody expects into FILE")
    add("--baseline-prune", action="store_true", help="at the end, drop what was not seen again from FILE")
    add("--cluster", metavar="ADDRESS", help="run the rounds on the workers of this dask scheduler, such as "
                                             "tls://HOST:8786; see docs/cluster.md")
    add("--cluster-tls", metavar="DIR", help="ca.pem, cert.pem and key.pem for it")
    add("--quiet", action="store_true", help="only what is not as expected, and the last lines")


def run(args: argparse.Namespace) -> int:
    options.refuse((args.baseline_update or args.baseline_prune) and not args.baseline,
                   "--baseline-update and --baseline-prune need --baseline FILE")
    from stress.campaign.command import campaign

    return campaign(args)
