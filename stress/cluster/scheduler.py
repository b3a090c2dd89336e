"""A cluster of dask.distributed as a crew needs it: who is there, give this to that worker, what has come back."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from engine.errors import MachineError, UsageError
from stress.cluster.address import check, local, parts

_CONNECT: Final = 10.0  # seconds


class Scheduler:
    """A connection to `address`.

    Raises:
        UsageError: distributed is not installed, or the network is open. MachineError: nobody answers.
    """

    def __init__(self, address: str, certificates: str = "") -> None:
        options = check(address, certificates)
        try:
            distributed: Any = importlib.import_module("distributed")
        except ImportError as error:
            raise UsageError("--cluster needs dask.distributed: pip install 'pttorture[cluster]'") from error
        self._distributed = distributed
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # what matters comes back as an error
        security = distributed.Security(require_encryption=True, **options) if options else None
        try:
            self.client = distributed.Client(address, security=security, timeout=_CONNECT, set_as_default=False)
        except OSError as error:
            raise MachineError(f"--cluster {address}: no scheduler answers ({str(error).splitlines()[0]})") from error

    def workers(self) -> dict[str, int]:
        """Address -> bytes of memory that it takes.

        Raises:
            UsageError: one listens on an open network without TLS. MachineError: the scheduler is gone.
        """
        try:
            found = self.client.scheduler_info(n_workers=-1).get("workers")
        except (OSError, RuntimeError) as error:
            raise MachineError(f"the scheduler of the cluster is gone ({error})") from error
        if found is None:  # the client has given it up
            raise MachineError("the scheduler of the cluster is gone")
        for address in found:
            protocol, host = parts(address)
            if protocol != "tls" and not local(host):
                raise UsageError(f"the cluster's worker {address} listens on an open network without TLS; start it "
                                 "with certificates, or with --host 127.0.0.1")
        return {address: int(each.get("metrics", {}).get("memory", 0)) for address, each in found.items()}

    def give(self, function: Callable[..., Any], argument: Any, worker: str) -> Any:
        """Have this worker, and nobody else, call a function; a future."""
        return self.client.submit(function, argument, workers=[worker], allow_other_workers=False, pure=False,
                                  retries=0)

    def ask(self, function: Callable[..., Any], argument: Any, worker: str) -> Any:
        """What a quick function returns on this worker, whatever else it does; None: it does not answer."""
        try:
            answer = self.client.run(function, argument, workers=[worker], on_error="ignore")
        except (OSError, RuntimeError, KeyError, ValueError):
            return None
        return answer.get(worker)

    def wait(self, futures: Sequence[Any], seconds: float) -> None:
        """Until one of them is there, or the time is over."""
        try:
            with self.client.as_current():
                self._distributed.wait(list(futures), timeout=seconds, return_when="FIRST_COMPLETED")
        except (self._distributed.TimeoutError, TimeoutError):
            return

    def close(self) -> None:
        self.client.close()
