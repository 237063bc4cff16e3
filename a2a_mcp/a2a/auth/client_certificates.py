"""The certificate that the bridge shows an agent (mTLS), read and checked before it is used.

What TLS itself says of a wrong file is "PEM lib", and of an expired certificate nothing: the agent
ends the connection, after it may have got the message. So the files are looked at here first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from a2a_mcp.a2a.auth.static import Mtls


class CertificateUnusable(ValueError):
    """What is wrong with a certificate; `key` is the key of the configuration to correct."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key} {reason}")
        self.key = key


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """The certificate with those that lead to its authority, and its key, as PEM."""

    chain: bytes
    key: bytes = field(repr=False)
    since: datetime
    until: datetime

    def check_time(self, now: float) -> None:
        """Raise CertificateUnusable if it is not valid at `now`, in Unix seconds."""
        moment = datetime.fromtimestamp(now, UTC)
        if moment > self.until:
            raise CertificateUnusable("cert", f"has expired on {self.until:%Y-%m-%d}")
        if moment < self.since:
            raise CertificateUnusable("cert", f"is not valid before {self.since:%Y-%m-%d}")


def read_certificate(mtls: Mtls) -> ClientCertificate:
    """Return the certificate and its key, without a password; raises CertificateUnusable."""
    with _readable("cert"):
        chain = mtls.cert.read_bytes()
    first = _certificate(chain)
    with _readable("key"):
        pem = mtls.key.read_bytes() if mtls.key else chain
    private = _private_key(pem, mtls.password.get_secret_value() if mtls.password else None)
    if _public(private.public_key()) != _public(first.public_key()):
        raise CertificateUnusable("key", "is not the key of the certificate in cert")
    return ClientCertificate(
        chain,
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        first.not_valid_before_utc,
        first.not_valid_after_utc,
    )


@contextmanager
def _readable(key: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CertificateUnusable(key, f"cannot be read ({error.strerror})") from None


def _certificate(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(pem)[0]
    except ValueError:
        raise CertificateUnusable("cert", "holds no certificate as PEM") from None


def _private_key(pem: bytes, password: str | None) -> Any:
    """Return the key of whatever kind; a password that it does not need is not used."""
    encrypted = b"ENCRYPTED" in pem
    if encrypted and password is None:
        raise CertificateUnusable("password", "is missing: the key is encrypted")
    try:
        return load_pem_private_key(pem, password.encode() if encrypted and password else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        if encrypted:
            raise CertificateUnusable("password", "does not open the key") from None
        raise CertificateUnusable("key", "is missing: there is no private key as PEM") from None


def _public(key: Any) -> bytes:
    return bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
