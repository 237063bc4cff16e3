"""A person with a browser, to whom a host shows a page: python -m real_hosts.person NAME URL."""

import sys
from functools import partial

import anyio
from browser import sign_in_at

if __name__ == "__main__":
    anyio.run(partial(sign_in_at, sys.argv[2], login=sys.argv[1]))
