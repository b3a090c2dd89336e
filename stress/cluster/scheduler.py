"""A cluster of dask.distributed as a crew needs it: who is there, give this to that worker, what has come back."""

from __future__ import annotations

import contextlib
import importlib
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from typing import Any, Final

from engine.errors import MachineError, UsageError
from stress.cluster.address import check, local, parts

_CONNECT: Final = 10.0  # seconds, also for a connection that was lost to come back
_ASK: Final = 5.0  # seconds for a quick function; a worker that is stopped never answers
_FETCH: Final = 30.0  # seconds for what a lease came to


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
        self._known: dict[str, int] = {}
        #: What a call raises whose connection, or whose client, is no more.
        self._broken: tuple[type[Exception], ...] = (
            OSError, RuntimeError, CancelledError, getattr(distributed.client, "ClosedClientError", RuntimeError))
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # what matters comes back as an error
        security = distributed.Security(require_encryption=True, **options) if options else None
        try:
            self.client = distributed.Client(address, security=security, timeout=_CONNECT, set_as_default=False)
        except OSError as error:
            raise MachineError(f"--cluster {address}: no scheduler answers ({str(error).splitlines()[0]})") from error

    def workers(self) -> Mapping[str, int]:
        """Address -> bytes of memory that it takes; while a lost connection may come back, as it was last.

        Raises:
            UsageError: one listens on an open network without TLS. MachineError: the scheduler is gone.
        """
        if self.client.status == "connecting":
            return self._known
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
        self._known = {address: int(each.get("metrics", {}).get("memory", 0)) for address, each in found.items()}
        return self._known

    def give(self, function: Callable[..., Any], argument: Any, worker: str) -> Any:
        """Have this worker, and nobody else, call a function; a future.

        Raises:
            MachineError: the scheduler is gone.
        """
        try:
            return self.client.submit(function, argument, workers=[worker], allow_other_workers=False, pure=False,
                                      retries=0)
        except self._broken as error:
            raise MachineError("the scheduler of the cluster is gone") from error

    def ask(self, function: Callable[..., Any], argument: Any, worker: str) -> Any:
        """What a quick function returns on this worker, whatever else it does; None: it does not answer."""
        if self.client.status != "running":
            return None
        with contextlib.suppress(*self._broken, KeyError, ValueError):
            answer = self.client.run(function, argument, workers=[worker], on_error="ignore", callback_timeout=_ASK)
            return answer.get(worker)
        return None

    def wait(self, futures: Sequence[Any], seconds: float) -> None:
        """Until one of them is there, or the time is over, or the connection is."""
        with self.client.as_current(), contextlib.suppress(*self._broken):
            self._distributed.wait(list(futures), timeout=seconds, return_when="FIRST_COMPLETED")

    def answer(self, future: Any) -> Any:
        """What a future that has finished came to; None: it does not arrive."""
        try:
            return future.result(timeout=_FETCH)
        except self._broken:
            return None

    def drop(self, futures: Sequence[Any]) -> None:
        """What has not begun need not; nobody asks for the rest."""
        with contextlib.suppress(*self._broken):
            self.client.cancel(list(futures))

    def close(self) -> None:
        with contextlib.suppress(*self._broken):
            self.client.close(timeout=_ASK)
