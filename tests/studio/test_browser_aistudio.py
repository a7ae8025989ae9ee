"""docs/app.gradio.py as AI Studio runs it: on a given port, behind a proxy that strips a prefix."""

import http.client
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from studio_pages import wait

from paddle_aug.studio.server import bind

pytestmark = pytest.mark.slow
PREFIX = "/user/7/12345/gradio/8125"


class Proxy(ThreadingHTTPServer):
    request_queue_size = 128  # a page's thumbnails want more than the usual 5


@contextmanager
def proxy(port: int):
    """Passes on what is below the prefix, without it; the address of the page."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # else each request wants a connection of its own

        def pass_on(self):
            if not self.path.startswith(PREFIX):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            headers = {**self.headers, "Host": "aistudio.example"}
            connection.request(self.command, self.path.removeprefix(PREFIX), body, headers)
            response = connection.getresponse()
            content = response.read()
            connection.close()
            self.send_response(response.status)
            for name, value in response.getheaders():
                if name.lower() not in ("content-length", "connection", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = pass_on

        def log_message(self, *args):
            pass

    with Proxy(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}{PREFIX}/"
        server.shutdown()
        thread.join()


def test_the_app_of_ai_studio_works_below_a_prefix(visit, repository, tmp_path):
    with bind("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, repository / "docs" / "app.gradio.py"],
        cwd=tmp_path, env=os.environ | {"GRADIO_SERVER_PORT": str(port)},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert f"http://127.0.0.1:{port}/ " in process.stdout.readline()
        with proxy(port) as address:
            page = visit(address, language="zh")
            assert page.locator(".grid img").count() == 12
            page.get_by_label("rotate degrees", exact=True).fill("90")
            wait(page)
            assert page.locator(".explore [role=alert]").is_hidden()
            command = page.locator(".copy code").first.inner_text()
            assert str(tmp_path) not in command
            assert "rotate(90)" in command
            file = next((tmp_path / "data" / "sample").rglob("*.png"))
            page.set_input_files(".controls input[type=file]", file)
            page.wait_for_selector(f".strip button[title='{file.name}']")
            wait(page)
            assert str(tmp_path) not in page.content()
            page.close()  # before its server ends, which it may still ask for thumbnails
    finally:
        process.terminate()
        process.communicate()
    assert process.returncode == 143
