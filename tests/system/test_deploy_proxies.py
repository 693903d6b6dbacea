"""The recipes of docs/dashboard.md behind nginx and Caddy with their own authentication, and on one dyno: tried."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.system.programs import eventually, free_port, schedd

DOCS = (Path(__file__).parents[2] / "docs/dashboard.md").read_text()
ALICE = "Basic " + base64.b64encode(b"alice:wonderland").decode()


def program(name: str, package: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        assert not os.environ.get("CI"), f"the tests need {package}"
        pytest.skip(f"{name} is not installed (Debian: {package})")
    return found


def recipe(heading: str, containing: str) -> str:
    """The block of a section of the page."""
    section = DOCS.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    (found,) = [block for block in re.findall(r"```\w+\n(.*?)```", section, re.DOTALL) if containing in block]
    return str(found)


@contextmanager
def proxy(command: list[str], port: int, folder: Path, **environ: str) -> Iterator[None]:
    with (folder / "proxy.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env={**os.environ, **environ})
    try:

        def listens() -> bool:
            assert process.poll() is None, (folder / "proxy.log").read_text()
            with socket.socket() as sock:
                return sock.connect_ex(("127.0.0.1", port)) == 0

        eventually(listens)
        yield
    finally:
        process.terminate()
        process.wait(10)


def ask(port: int, method: str, path: str, content: str = "", **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    given = {"Host": "jobs.example.com"} | {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, content, headers=given)
    answer = connection.getresponse()
    found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    connection.close()
    return found


def refuses_other_sites(port: int, **login: str) -> None:
    """A page of another site sends a form with what the browser adds by itself: the password, perhaps a cookie."""
    for path in ("/jobs/echo/run", "/api/v1/jobs/echo/runs", "/pause"):
        for site in (
            {"Sec_Fetch_Site": "cross-site"},
            {"Sec_Fetch_Site": "cross-site", "Origin": "https://evil.example", "Content_Type": "application/json"},
            {"Origin": "https://evil.example", "X_Forwarded_For": "127.0.0.1"},
            {"Origin": "null", "Content_Type": "text/plain"},
            {"Content_Type": "application/x-www-form-urlencoded"},
        ):
            assert ask(port, "POST", path, **login, **site)[0] == 403, (path, site)


def lets_programs_through(port: int) -> None:
    """Programs need the token only; people need the password and, once, the token."""
    assert [ask(port, "GET", path)[0] for path in ("/", "/api/v1/jobs", "/metrics")] == [401, 401, 401]
    token = {"Authorization": "Bearer sesame"}
    assert ask(port, "GET", "/metrics", **token)[0] == 200
    status, _, body = ask(port, "POST", "/api/v1/jobs/echo/runs", X_Forwarded_User="mallory", **token)
    assert (status, "user" in json.loads(body)["by"]) == (202, False)
    person = {"Authorization": ALICE, "Accept": "text/html"}
    assert ask(port, "GET", "/", **person)[1]["location"] == "/login?back=/"
    form = {"Content_Type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": "same-origin"}
    status, headers, _ = ask(port, "POST", "/login", "token=sesame", **person, **form)
    cookie = headers["set-cookie"].partition(";")[0]
    assert (status, ask(port, "GET", "/", Cookie=cookie, **person)[0]) == (303, 200)
    refuses_other_sites(port, Authorization=ALICE, Cookie=cookie)


def works_through(port: int) -> None:
    """The proxy asks for the password; then pages, actions and streams work, and schedd knows who asked."""
    assert ask(port, "GET", "/")[0] == 401
    status, _, page = ask(port, "GET", "/", Authorization=ALICE)
    assert (status, b"schedd" in page) == (200, True)
    refuses_other_sites(port, Authorization=ALICE)
    status, headers, _ = ask(port, "POST", "/jobs/echo/run", Authorization=ALICE, Sec_Fetch_Site="same-origin")
    assert (status, headers["location"].rpartition("/")[0]) == (303, "/runs")
    run = headers["location"].rpartition("/")[2]
    found = json.loads(ask(port, "GET", f"/api/v1/runs/{run}", Authorization=ALICE)[2])
    assert found["by"]["user"] == "alice"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/live", headers={"Host": "jobs.example.com", "Authorization": ALICE})
    answer = connection.getresponse()
    assert answer.readline() == b"retry: 3000\n", "events are not held back"
    answer.readline()
    assert answer.readline() == b"event: change\n"
    connection.close()


JOBS = '{echo: {schedule: "@every 1s", overlap: allow, command: echo hello}}'


TOKEN = "web: {token: {from_env: SCHEDD_TOKEN}, "
"""What the section about programs adds to the file."""


@pytest.mark.parametrize("programs", [False, True], ids=["people", "programs"])
def test_the_recipe_for_nginx(tmp_path: Path, programs: bool) -> None:
    nginx = program("nginx", "nginx")
    port = free_port()
    file = tmp_path / "schedules.yaml"
    text = recipe("Behind nginx", "trusted_proxies").replace("/run/schedd", str(tmp_path)).replace("{}", JOBS)
    file.write_text(text.replace("web: {", TOKEN) if programs else text)
    server = recipe("Behind nginx", "proxy_pass").replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    if programs:
        more = recipe("Programs behind a proxy", "proxy_pass")
        server = server.replace("    location / {", f"{more}    location / {{")
    server = server.replace("/run/schedd", str(tmp_path)).replace("/etc/nginx", str(tmp_path))
    (tmp_path / "schedd.htpasswd").write_text(f"alice:{_apr1()}\n")
    user = "user root;" if os.geteuid() == 0 else ""
    (tmp_path / "nginx.conf").write_text(
        f"{user} daemon off; pid {tmp_path}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {tmp_path}/a; proxy_temp_path {tmp_path}/b; "
        f"fastcgi_temp_path {tmp_path}/c; uwsgi_temp_path {tmp_path}/d; scgi_temp_path {tmp_path}/e;\n{server}}}\n"
    )
    with schedd(file, SCHEDD_TOKEN="sesame") as running:
        running.says("web listening")
        with proxy([nginx, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")], port, tmp_path):
            (lets_programs_through if programs else works_through)(port)


def _apr1() -> str:
    done = subprocess.run(["openssl", "passwd", "-apr1", "wonderland"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("programs", [False, True], ids=["people", "programs"])
def test_the_recipe_for_caddy(tmp_path: Path, programs: bool) -> None:
    caddy = program("caddy", "caddy")
    port, ours = free_port(), free_port()
    file = tmp_path / "schedules.yaml"
    text = recipe("Behind Caddy", "trusted_proxies").replace("8765", str(ours)).replace("{}", JOBS)
    file.write_text(text.replace("web: {", TOKEN) if programs else text)
    done = subprocess.run(
        [caddy, "hash-password", "--plaintext", "wonderland"], capture_output=True, text=True, check=True
    )
    text = recipe("Behind Caddy", "reverse_proxy").replace("8765", str(ours)).replace("$2a$14$...", done.stdout.strip())
    if programs:
        text = text.replace("    basic_auth {\n", recipe("Programs behind a proxy", "basic_auth"))
    version = subprocess.run([caddy, "version"], capture_output=True, text=True, check=True).stdout
    if re.match(r"v?2\.[0-7]\.", version):
        text = text.replace("basic_auth", "basicauth")  # the name before Caddy 2.8, in Debian 12
    (tmp_path / "Caddyfile").write_text(
        "{\n admin off\n auto_https off\n}\n" + text.replace("jobs.example.com", f"http://jobs.example.com:{port}")
    )
    with schedd(file, SCHEDD_TOKEN="sesame") as running:
        running.says("web listening")
        command = [caddy, "run", "--config", str(tmp_path / "Caddyfile"), "--adapter", "caddyfile"]
        with proxy(command, port, tmp_path, HOME=str(tmp_path)):
            (lets_programs_through if programs else works_through)(port)


def test_the_recipe_for_one_dyno(tmp_path: Path) -> None:
    """PORT alone switches nothing on; the web process needs the token, and a router forwards the client's address."""
    file = tmp_path / "schedules.yaml"
    text = recipe("On one dyno", "trusted_proxies").replace("10.0.0.0/8", "127.0.0.1").replace("{}", JOBS)
    file.write_text(text.replace("your-scheduler-0123456789ab.herokuapp.com", "jobs.example.com"))
    port = free_port()
    with schedd(file, PORT=str(port), SCHEDD_TOKEN="sesame") as running:
        assert running.lines("web listening") == []
    with schedd(file, "--web", f"0.0.0.0:{port}", PORT=str(port), SCHEDD_TOKEN="sesame") as running:
        (line,) = running.says("web listening")
        assert f"address=0.0.0.0:{port} url=http://127.0.0.1:{port}/" in line
        assert ask(port, "GET", "/healthz")[0] == 200
        status, headers, _ = ask(port, "GET", "/", Accept="text/html")
        assert (status, headers["location"]) == (303, "/login?back=/")
        router = {"X_Forwarded_For": "198.51.100.7", "X_Forwarded_Proto": "https"}
        assert ask(port, "GET", "/metrics", **router)[0] == 401
        token = {"Authorization": "Bearer sesame"}
        status, _, body = ask(port, "POST", "/api/v1/jobs/echo/runs", **router, **token)
        assert (status, json.loads(body)["by"]["address"]) == (202, "198.51.100.7")
    with schedd(file, "--web", f"0.0.0.0:{port}", ready=False) as running:
        assert running.ends() == 78
        assert f"{file}:1: error: token: the variable SCHEDD_TOKEN is not set in this environment" in running.errors
