"""A webhook for the tests: it takes every post, and keeps path, headers (lower case) and body."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass(frozen=True)
class Post:
    path: str
    headers: Mapping[str, str]
    body: str


@dataclass
class Webhook:
    """What came, in order; `url` is where, without a slash at its end."""

    url: str
    posts: list[Post] = field(default_factory=list)

    def at(self, path: str) -> list[Post]:
        return [post for post in self.posts if post.path == path]


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Listen in threads of its own until the block ends."""
    taken = Webhook("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0))).decode()
            taken.posts.append(Post(self.path, headers, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        taken.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield taken
        server.shutdown()
        thread.join()
