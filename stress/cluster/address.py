"""Which schedulers a campaign talks to: on this machine, or through TLS. Whoever reaches one can run any code on it."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Final

from engine.errors import UsageError

#: The files of a folder of certificates, by what distributed calls them.
FILES: Final = {"tls_ca_file": "ca.pem", "tls_client_cert": "cert.pem", "tls_client_key": "key.pem"}


def parts(address: str) -> tuple[str, str]:
    """Protocol and host of `tcp://host:port`; tcp where none is said."""
    protocol, separator, rest = address.rpartition("://")
    host = rest.rpartition(":")[0] if not rest.endswith("]") else rest
    return protocol if separator else "tcp", (host or rest).strip("[]")


def local(host: str) -> bool:
    """Whether only this machine reaches it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check(address: str, certificates: str = "") -> dict[str, str]:
    """The security options of a client.

    Args:
        address: as given, or of a worker. certificates: a folder with ca.pem, cert.pem and key.pem.

    Raises:
        UsageError: the address is on an open network without TLS, or a certificate is missing.
    """
    protocol, host = parts(address)
    if protocol not in ("tcp", "tls"):
        raise UsageError(f"--cluster {address}: write tcp://127.0.0.1:PORT, or tls://HOST:PORT with --cluster-tls DIR")
    if protocol == "tcp":
        if not local(host):
            raise UsageError(f"--cluster {address}: whoever reaches {host} could run code on it; use tls://, with "
                             "--cluster-tls DIR (ca.pem, cert.pem, key.pem), or a tunnel to 127.0.0.1")
        return {}
    if not certificates:
        raise UsageError(f"--cluster {address}: tls needs certificates: add --cluster-tls DIR with "
                         f"{', '.join(FILES.values())}")
    found = {name: Path(certificates) / file for name, file in FILES.items()}
    for path in found.values():
        if not path.is_file():
            raise UsageError(f"--cluster-tls {certificates}: there is no {path.name}")
    return {name: str(path) for name, path in found.items()}
