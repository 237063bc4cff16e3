"""A server over TLS, with a certificate of its own making."""

import datetime
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio.abc import SocketAttribute
from anyio.streams.tls import TLSListener
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from faults import Route, Server


class Authority:
    """A certificate authority of a test's own; `pem` is what trusts it."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("authority.example")
        self._certificate = (
            _certificate(self._name, self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.pem = self._certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, name: str, *, until: int = 2120, password: str = "") -> tuple[bytes, bytes]:
        """Return a certificate that ends in a year, and its key, both as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _certificate(_named(name), self._name, key.public_key(), until=until)
        signed = made.sign(self._key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM), _pem(key, password)


def self_signed(name: str, *, until: int = 2120) -> tuple[bytes, bytes]:
    """Return a certificate for a name, which ends in a year, and its key, both as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _certificate(_named(name), _named(name), key.public_key(), until=until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), _pem(key)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, until: int = 2120
) -> x509.CertificateBuilder:
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=start,
        not_valid_after=start.replace(year=until),
    )


def _pem(key: ec.EllipticCurvePrivateKey, password: str = "") -> bytes:
    sealed: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        sealed = serialization.BestAvailableEncryption(password.encode())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealed)


@asynccontextmanager
async def serving_tls(
    route: Route, name: str, folder: Path, *, until: int = 2120, asks: bytes | None = None
) -> AsyncIterator[tuple[Server, ssl.SSLContext]]:
    """Serve under a name, with a certificate that ends in a year; yield also what trusts it.

    With `asks` a client must show a certificate that this one has signed.
    """
    pem, key = self_signed(name, until=until)
    both = folder / "both.pem"
    both.write_bytes(pem + key)
    serves = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serves.load_cert_chain(both)
    if asks:
        serves.verify_mode = ssl.CERT_REQUIRED
        serves.load_verify_locations(cadata=asks.decode())
    trusts = ssl.create_default_context(cadata=pem.decode())
    plain = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = plain.extra(SocketAttribute.local_port)
    server = Server(route, port)
    listener = TLSListener(plain, serves, standard_compatible=False)
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, server.handle)
        yield server, trusts
        group.cancel_scope.cancel()
