import http.client
import json
import re
import threading
from urllib.parse import quote, urlsplit

import numpy as np
import pytest

from paddle_aug.errors import UserError
from paddle_aug.results.image_bytes import encode
from paddle_aug.studio import explore, server
from paddle_aug.studio.answer import Picture
from paddle_aug.studio.state import Options, Studio

GREY = encode(np.full((30, 40, 3), 127, np.uint8), "png")


@pytest.fixture
def studio(photos):
    studio = Studio(Options({"data": str(photos), "image_size": 32}, "small"))
    studio.open()
    return studio


@pytest.fixture
def ask(studio):
    """Sends a request as it stands: `ask("GET", "/…", headers)` is (status, headers, body)."""
    with server.running(studio, "secret") as address:
        port = urlsplit(address).port

        def send(method, path, headers=None, body=None):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                connection.request(method, path, body, headers or {})
                response = connection.getresponse()
                return response.status, response.headers, response.read()
            finally:
                connection.close()

        yield send


def test_the_page_and_its_files_are_below_the_secret(ask):
    status, headers, body = ask("GET", "/secret/")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    names = re.findall(rb'(?:src|href)="([^"]+)"', body)
    assert names == [b"icon.svg", b"style.css", b"studio.js"]
    for name in (*names, b"explore.js"):
        assert ask("GET", f"/secret/{name.decode()}")[0] == 200
    status, headers, _ = ask("GET", "/secret")
    assert (status, headers["location"]) == (307, "secret/")


def test_no_answer_can_be_run_as_a_script_kept_or_shown_in_a_frame_of_others(ask):
    for path in ("/secret/", "/secret/studio.js", "/secret/api/info", "/wrong/", "/"):
        _, headers, _ = ask("GET", path)
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "frame-ancestors 'self'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers
        assert "set-cookie" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/info",
        "/wrong/",
        "/wrong/api/info",
        "/secret/../../etc/passwd",
        "/secret//etc/passwd",
        "/secret/%2e%2e/%2e%2e/etc/passwd",
        "/secret/..%2f..%2fetc%2fpasswd",
        "/secret/state.py",
        "/secret/../state.py",
        "//etc/passwd",
        "/secret/api/nothing",
        "/secret/api/",
        "/secret/page/",
        "/secret/api/../../server.py",
        "/secret/%00",
        "/secret/studio.js/",
        "/favicon.ico",
    ],
)
def test_other_paths_are_not_there(path, ask):
    assert ask("GET", path)[0] == 404


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_a_foreign_host_is_refused_whatever_it_asks_for(host, ask):
    for path in ("/secret/", "/secret/api/info", "/wrong"):
        assert ask("GET", path, {"Host": host})[0] == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8123", "[::1]:8123", "LOCALHOST"])
def test_this_machine_is_no_foreign_host(host, ask):
    assert ask("GET", "/secret/api/info", {"Host": host})[0] == 200


def test_a_post_of_another_site_is_refused(ask):
    assert ask("POST", "/secret/api/upload?name=a.png", {}, GREY)[0] == 403
    assert ask("POST", "/secret/api/upload", {"X-Studio": "1"}, GREY)[0] == 200
    headers = {"X-Studio": "1", "Sec-Fetch-Site": "cross-site"}
    assert ask("POST", "/secret/api/upload", headers, GREY)[0] == 403
    assert ask("GET", "/secret/api/info", {"Sec-Fetch-Site": "same-site"})[0] == 403
    assert ask("GET", "/secret/api/upload?name=a.png")[0] == 405
    assert ask("POST", "/secret/api/info", {"X-Studio": "1"}, b"")[0] == 405
    assert ask("DELETE", "/secret/api/info")[0] == 405
    assert ask("OPTIONS", "/secret/api/upload", {"Origin": "http://evil.example"})[0] == 405


def test_a_mistake_is_an_answer_with_its_message(ask):
    status, headers, body = ask("GET", "/secret/api/draws?spec=rotat")
    assert (status, headers["content-type"]) == (200, "application/json")
    assert "did you mean 'rotate'" in json.loads(body)["error"]


def test_an_error_of_ours_is_an_answer_too_and_is_logged(ask, monkeypatch, caplog):
    def fail(studio, query):
        raise ZeroDivisionError("no photo")

    monkeypatch.setitem(explore.ROUTES, "photos", fail)
    assert json.loads(ask("GET", "/secret/api/photos")[2]) == {
        "error": "ZeroDivisionError: no photo"
    }
    assert "photos fails: ZeroDivisionError: no photo" in caplog.text


def test_a_report_is_shut_off_from_the_page(ask, monkeypatch):
    report = Picture(b"<script>1</script>", "text/html")
    monkeypatch.setitem(explore.ROUTES, "report", lambda studio, query: report)
    _, headers, body = ask("GET", "/secret/api/report")
    assert body == b"<script>1</script>"
    assert "sandbox allow-scripts;" in headers["content-security-policy"]
    assert "connect-src" not in headers["content-security-policy"]


def test_an_upload_of_more_than_32_mb_is_refused_before_it_is_read(ask):
    headers = {"X-Studio": "1", "Content-Length": str(server.MAX_UPLOAD + 1)}
    status, _, body = ask("POST", "/secret/api/upload", headers, b"x")
    assert (status, json.loads(body)) == (413, {"error": "the upload is larger than 32 MB"})
    without_length = iter([b"x" * 2**20] * 40)
    try:
        status, _, body = ask("POST", "/secret/api/upload", {"X-Studio": "1"}, without_length)
    except (BrokenPipeError, ConnectionResetError):  # closed before all of it was sent
        status = 413
    assert status == 413


def test_draws_of_35_pictures_by_20_tabs_at_once_are_all_answered_a_few_at_a_time(studio, ask):
    inside, most = [], []
    draws = explore.ROUTES["draws"]

    def counted(*args):
        inside.append(1)
        most.append(len(inside))
        try:
            return draws(*args)
        finally:
            inside.pop()

    spec, answers = quote("hflip|rotate(20)|noise(5)"), []

    def tab():
        _, _, body = ask("GET", f"/secret/api/draws?count=35&size=64&spec={spec}")
        answers.append(json.loads(body)["originals"])

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(explore.ROUTES, "draws", counted)
        tabs = [threading.Thread(target=tab) for _ in range(20)]
        for one in tabs:
            one.start()
        for one in tabs:
            one.join()
    assert len(answers) == 20
    assert all(answer == answers[0] for answer in answers)
    assert len(answers[0][0]["draws"]) == 35
    assert max(most) <= studio.turns


def test_more_requests_than_can_wait_are_refused(ask, monkeypatch):
    monkeypatch.setattr(server, "WAITING", 0)
    status, _, body = ask("GET", "/secret/api/info")
    assert (status, json.loads(body)["error"][:17]) == (503, "too many requests")


def test_without_a_secret_any_host_is_answered_as_behind_a_proxy(studio):
    with server.running(studio, "", None) as address:
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        connection.request("GET", "/api/info", headers={"Host": "aistudio.example"})
        response = connection.getresponse()
        assert response.status == 200
        assert "frame-ancestors" not in response.headers["content-security-policy"]
        connection.close()


def test_a_port_in_use_is_refused_with_the_way_out_and_without_one_the_next_is_taken():
    with server.bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"cannot serve at 127.0.0.1:{port}: .*; try --port 0"):
            server.bind("127.0.0.1", port)
    with server.bind("127.0.0.1", None) as first, server.bind("127.0.0.1", None) as second:
        assert first.getsockname()[1] < second.getsockname()[1]
    with pytest.raises(UserError, match=r"cannot serve at 203\.0\.113\.1:8123"):
        server.bind("203.0.113.1", None)
    with pytest.raises(UserError, match=r"cannot serve at nowhere\.invalid:8123"):
        server.bind("nowhere.invalid", None)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("a.example", False),
    ],
)
def test_it_is_known_which_hosts_others_reach(host, local):
    assert server.is_local(host) is local


def test_the_address_is_one_that_a_browser_here_can_open():
    assert server.url("127.0.0.1", 8123, "abc") == "http://127.0.0.1:8123/abc/"
    assert server.url("0.0.0.0", 80, "") == "http://127.0.0.1:80/"
    assert server.url("::1", 80, "abc") == "http://[::1]:80/abc/"
