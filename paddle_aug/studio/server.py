"""The studio on a port: who may ask, how much at a time, and a clean end."""

import asyncio
import atexit
import errno
import importlib
import ipaddress
import logging
import os
import secrets
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import cv2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from paddle_aug.errors import UserError
from paddle_aug.studio.answer import HTML, Answer, Picture
from paddle_aug.studio.query import Query
from paddle_aug.studio.state import Ended, Options, Studio, in_words
from paddle_aug.system.signals import restore_sigterm

logger = logging.getLogger(__name__)

# The modules of answers, a tab each. A later one is imported when a name is in none of the earlier
# ones: the last meets Paddle, which takes seconds.
MODULES = ("explore", "data", "runs", "network")

PAGE = Path(__file__).parent / "page"
MEDIA_TYPES = {".html": HTML, ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # the address has the token
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'"
)
# A report has its own scripts and styles, and no way out of its frame.
REPORT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; sandbox allow-scripts"
)
FIRST_PORT, PORTS = 8123, 20
BACKLOG = 128  # connections; a page's thumbnails want more than the usual 5
WAITING = 64  # requests
MAX_UPLOAD = 32 * 2**20  # bytes
LOCAL_NAMES = ("127.0.0.1", "localhost", "::1")


def make_app(studio: Studio, token: str = "", host: str | None = "127.0.0.1") -> Starlette:
    """The studio as an ASGI application below `/<token>/`.

    `host` is the address that it is bound to; with None, the requests may name any host.
    """
    shell = _Shell(studio, token)
    start = f"/{token}" if token else ""
    routes = [
        Route(f"{start}/api/{{name}}", shell.api, methods=["GET", "POST"]),
        Route(f"{start}/{{file}}", shell.file),
        Route(f"{start}/", shell.file),
    ]
    if token:
        routes.append(Route(start, shell.to_folder))
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False  # to absolute addresses, which a proxy would not know
    app.add_middleware(_Guard, names=_names(host))
    app.state.shell = shell
    return app


def _names(host: str | None) -> set[str] | None:
    """The hosts that a request may name; None for any, as behind a proxy."""
    if host is None or host in ("0.0.0.0", "::"):
        return None
    return {*LOCAL_NAMES, host} if host in LOCAL_NAMES else {host}


class _Guard:
    """Refuses foreign hosts, which a page of another site can point here, and adds headers."""

    def __init__(self, app, names: set[str] | None):
        self.app, self.names = app, names

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        host = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        if self.names is not None and host.strip("[]").lower() not in self.names:
            await Response("foreign host", 403, HEADERS)(scope, receive, send)
            return

        async def with_headers(message):
            if message["type"] == "http.response.start":
                known = {name.lower() for name, _ in message["headers"]}
                more = HEADERS | {"Content-Security-Policy": self._policy(POLICY)}
                message["headers"] += [
                    (name.lower().encode(), value.encode())
                    for name, value in more.items()
                    if name.lower().encode() not in known
                ]
            await send(message)

        await self.app(scope, receive, with_headers)

    def _policy(self, policy: str) -> str:
        # AI Studio shows public pages in a frame of another site.
        return policy if self.names is None else f"{policy}; frame-ancestors 'self'"


class _Shell:
    """Answers requests by the files of the page and by the functions of `MODULES`."""

    def __init__(self, studio: Studio, token: str):
        self.studio, self.token = studio, token
        self.files = {file.name: file for file in PAGE.iterdir() if file.suffix in MEDIA_TYPES}
        self.pool = ThreadPoolExecutor(studio.turns, "studio")
        self.waiting = 0

    async def to_folder(self, request: Request) -> Response:
        return Response(status_code=307, headers={"Location": f"{self.token}/"})

    async def file(self, request: Request) -> Response:
        name = request.path_params.get("file", "index.html")
        if name not in self.files:
            return Response("no such page", 404)
        file = self.files[name]
        return Response(file.read_bytes(), media_type=MEDIA_TYPES[file.suffix])

    async def api(self, request: Request) -> Response:
        post = request.method == "POST"
        # Only a page of ours can send it: others would need our consent (CORS), which they lack.
        if post and request.headers.get("x-studio") != "1":
            return Response("not from this page", 403)
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return Response("not from this page", 403)
        if self.waiting >= WAITING:
            return JSONResponse({"error": "too many requests at once; wait a moment"}, 503)
        self.waiting += 1
        try:
            body = await _body(request) if post else b""
            if body is None:
                message = f"the upload is larger than {MAX_UPLOAD // 2**20} MB"
                return JSONResponse({"error": message}, 413, {"Connection": "close"})
            query = Query(dict(request.query_params), body)
            name = request.path_params["name"]
            loop = asyncio.get_running_loop()
            respond = await loop.run_in_executor(self.pool, self.respond, name, post, query)
            restore_sigterm()  # which Paddle replaces when it is imported
            return respond
        except (Ended, ClientDisconnect, RuntimeError):
            if self.studio.ending.is_set():  # RuntimeError: the pool takes nothing any more
                return JSONResponse({"error": "the studio has ended"}, 503)
            raise
        finally:
            self.waiting -= 1

    def respond(self, name: str, post: bool, query: Query) -> Response:
        """The answer of a name, computed in a turn of the studio."""
        function, wants_post = found(name)
        if function is None:
            return Response("no such answer", 404)
        if post != wants_post:
            return Response("another method", 405)
        try:
            with self.studio.turn():
                return response(function(self.studio, query))
        except Ended:
            raise
        except UserError as error:
            return JSONResponse({"error": str(error)})
        except Exception as error:
            logger.warning("%s fails: %s", name, in_words(error), exc_info=True)
            return JSONResponse({"error": in_words(error)})


def found(name: str) -> tuple[Callable[..., Answer] | None, bool]:
    """The function that answers a name, and whether it wants POST."""
    for module_name in MODULES:
        module = importlib.import_module(f"paddle_aug.studio.{module_name}")
        if name in module.ROUTES:
            return module.ROUTES[name], name in getattr(module, "POSTS", ())
    return None, False


def response(answer: Answer) -> Response:
    """An answer as a response."""
    if not isinstance(answer, Picture):
        return JSONResponse(answer)
    headers = {"Content-Security-Policy": f"{REPORT_POLICY}; frame-ancestors 'self'"}
    of_report = headers if answer.media_type == HTML else None
    return Response(answer.bytes, media_type=answer.media_type, headers=of_report)


async def _body(request: Request) -> bytes | None:
    """The body of a request, or None if it is too large."""
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MAX_UPLOAD:
        return None
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_UPLOAD:
            return None
        parts.append(part)
    return b"".join(parts)


class _Server(uvicorn.Server):
    """Tells the studio at once that it ends, so that work in progress stops."""

    def __init__(self, config: uvicorn.Config, studio: Studio):
        super().__init__(config)
        self.studio = studio

    def handle_exit(self, sig: int, frame) -> None:
        self.studio.ending.set()
        # Requests that are cancelled now are no errors.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        super().handle_exit(sig, frame)


def server_of(studio: Studio, token: str, host: str | None) -> _Server:
    """A server that is not running yet."""
    cv2.setNumThreads(1)  # requests run side by side
    config = uvicorn.Config(
        make_app(studio, token, host),
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=3,
    )
    return _Server(config, studio)


def bind(host: str, port: int | None) -> socket.socket:
    """A socket at this port or, without one, at the next free one of 20.

    Raises:
        UserError: the port is taken or not allowed, or the host is not this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    ports = range(FIRST_PORT, FIRST_PORT + PORTS) if port is None else (port,)
    for candidate in ports:
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, candidate))
        except OSError as error:
            listening.close()
            if error.errno == errno.EADDRINUSE and candidate != ports[-1]:
                continue
            reason = error.strerror or error
            raise UserError(f"cannot serve at {host}:{candidate}: {reason}; try --port 0") from None
        listening.listen(BACKLOG)
        return listening
    raise AssertionError("no port was tried")


def serve(
    studio: Studio, host: str = "127.0.0.1", port: int | None = None, browser: bool = False
) -> None:
    """Serve the page until Ctrl-C, and print its address first.

    Raises:
        UserError: see `bind`; or the data cannot be opened.
        KeyboardInterrupt: Ctrl-C.
    """
    public = studio.options.public
    token = "" if public else secrets.token_urlsafe(12)
    with bind(host, port) as listening:
        server = server_of(studio, token, None if public else host)
        try:
            studio.open(wait=0.5)
            address = url(host, listening.getsockname()[1], token)
            print(f"paddle-aug studio at {address} (Ctrl-C ends it)", flush=True)
            if browser and _has_display():
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
            server.run([listening])
        except BaseException as error:
            end(studio, server, error)
            raise
        end(studio, server)


@contextmanager
def running(studio: Studio, token: str = "", host: str | None = "127.0.0.1") -> Iterator[str]:
    """Serve the page from a thread inside this context, at a free port; the address."""
    threads = cv2.getNumThreads()
    with bind(host or LOCAL_NAMES[0], 0) as listening:
        server = server_of(studio, token, host)
        thread = threading.Thread(
            target=server.run, args=([listening],), name="studio", daemon=True
        )
        thread.start()
        try:
            yield url(host or LOCAL_NAMES[0], listening.getsockname()[1], token)
        finally:
            studio.ending.set()
            server.should_exit = True
            thread.join()
            server.config.app.state.shell.pool.shutdown(cancel_futures=True)
            studio.end()
            cv2.setNumThreads(threads)


def start(
    data: str | Path,
    recipe: str | None = None,
    logs: str | Path | None = None,
    weights: str | Path | None = None,
) -> str:
    """Serve the page from a thread until Python ends, as for a notebook; the address.

    OpenCV then works in one thread, as requests run side by side.

    Raises:
        UserError: the data cannot be opened.
    """
    folders = [path and Path(path) for path in (logs, weights)]
    studio = Studio(Options({"data": str(data)}, recipe, *folders))
    studio.open(wait=0.5)
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(running(studio, secrets.token_urlsafe(12)))


def end(studio: Studio, server: _Server, error: BaseException | None = None) -> None:
    """Stop all work. If a step of OpenCV goes on, end without Python's own end, which would abort;
    after Ctrl-C also with Paddle, whose end takes seconds. Nothing is open that could be lost."""
    server.config.app.state.shell.pool.shutdown(wait=False, cancel_futures=True)
    with_paddle = isinstance(error, KeyboardInterrupt) and "paddle" in sys.modules
    if not studio.end() or with_paddle:
        print("stopped", file=sys.stderr, flush=True)
        os._exit(128 + getattr(error, "number", 2))


def url(host: str, port: int, token: str) -> str:
    """The address of the page, as a browser of this machine takes it."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}/{token}/" if token else f"http://{name}:{port}/"


def is_local(host: str) -> bool:
    """Whether only this machine reaches a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _has_display() -> bool:
    """Whether a browser would have a window; one of the console would take the terminal."""
    return os.name == "nt" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
