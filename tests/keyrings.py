"""A system's keyring for the tests: machines that run tests have none."""

from __future__ import annotations

from keyring.backend import KeyringBackend


class System(KeyringBackend):
    """A keyring that can be locked; `entries` is what it holds."""

    priority = 1  # type: ignore[assignment]  # a property in the library

    def __init__(self, fault: Exception | None = None) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.fault = fault
        self.reads = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.reads += 1
        if self.fault:
            raise self.fault
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password
