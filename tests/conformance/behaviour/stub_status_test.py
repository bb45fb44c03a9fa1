"""stub_status and the variables that tell the same."""

import re

HTTP = "server { listen 127.0.0.1:PORT; location = /status { stub_status; %s } root FOLDER/html; }"


def numbers(text):
    return [int(number) for number in re.findall(r"\d+", text)]


def test_the_page_is_nginx_s_to_the_letter(server):
    server.start(HTTP % "")
    response = server.get("/status")
    assert response.status == 200
    assert response.header("Content-Type") == "text/plain"
    assert re.fullmatch(r"Active connections: 1 \n"
                        r"server accepts handled requests\n"
                        r" \d+ \d+ \d+ \n"
                        r"Reading: 0 Writing: 1 Waiting: 0 \n", response.text)


def test_counts_grow(server):
    server.start(HTTP % "")
    before = numbers(server.get("/status").text)
    with server.connect() as client:
        client.request("GET", "/x")
        client.request("GET", "/x")
    after = numbers(server.get("/status").text)
    assert [b - a for a, b in zip(before[1:4], after[1:4])] == [2, 2, 3]


def test_idle_connections_wait_and_unfinished_heads_are_read(server):
    server.start(HTTP % "")
    with server.connect() as idle, server.connect() as slow:
        idle.request("GET", "/x")
        slow.send("GET / HTTP/1.1\r\nHo")
        assert server.wait_for(lambda: numbers(server.get("/status").text)[4:] == [1, 1, 1])
        assert numbers(server.get("/status").text)[0] == 3


def test_totals_survive_a_reload(server):
    server.start(HTTP % "")
    for _ in range(5):
        server.get("/x")
    server.reload()
    accepted, handled, requests = numbers(server.get("/status").text)[1:4]
    assert accepted >= 6 and handled >= 6 and requests >= 6


def test_the_variables(server):
    server.start(HTTP % "add_header X-C '$connections_active $connections_reading "
                 "$connections_writing $connections_waiting';")
    assert server.get("/status").header("X-C") == "1 0 1 0"


def test_old_form_with_an_argument(server):
    server.start(HTTP.replace("stub_status;", "stub_status on;") % "")
    assert server.get("/status").text.startswith("Active connections: ")


def test_other_methods_are_not_allowed(server):
    server.start(HTTP % "")
    assert server.request("POST", "/status", body=b"").status == 405
    assert server.request("HEAD", "/status").status == 200
