"""The same requests to baton and to the real nginx, one after another, must go to the same upstream
servers in the same order: through weights, failures, retries, backups, full servers, and for the
same keys. Each case is a group of servers and a list of requests; what is compared is nginx's own
account, $upstream_addr and $upstream_status, of every request.

In a group's text A, B, C, D are addresses of backends that answer as the request says
(/?A=500&C=close: A answers 500, C closes without a word), and DEAD is one where nobody listens.
"""

import random
import threading
import time

import pytest

from server import Client, Server, free_port, reply

WORKING = ["/"] * 24
PAUSE = "pause"  # among the requests: two seconds and a bit


@pytest.fixture(scope="module")
def backends():
    """Four backends that do as a request's query tells them, shared by all cases."""
    host = Server("baton")

    def behave(letter):
        def answer(head, _body):
            query = head.split(b" ")[1].partition(b"?")[2].decode()
            wish = dict(pair.split("=") for pair in query.split("&") if "=" in pair).get(letter)
            if wish == "close":
                return None
            return reply(letter, status=f"{wish or 200} X")
        return answer

    yield {letter: host.backend(behave(letter)).port for letter in "ABCD"}
    host.close()


@pytest.fixture
def account(backends):
    """account(group, requests, location) gives what both programs did, as two lists."""
    made = []

    def run(group, requests, location=""):
        addresses = {letter: f"127.0.0.1:{port}" for letter, port in backends.items()}
        addresses["DEAD"] = f"127.0.0.1:{free_port()}"
        seen = []
        for name in ("baton", "nginx"):
            server = Server(name)
            made.append(server)
            server.start(
                'log_format u "$upstream_addr $upstream_status $status"; access_log FOLDER/u.log u;'
                f"upstream u {{ {group} }}"
                f"server {{ listen 127.0.0.1:PORT; location / {{ proxy_pass http://u; {location} }} }}",
                **addresses)
            for request in requests:
                if request.startswith("127."):
                    with server.connect(source=request) as client:
                        client.request("GET", "/")
                elif request == PAUSE:
                    time.sleep(2.2)
                else:
                    server.get(request)
            count = sum(request != PAUSE for request in requests)
            text = "\n".join(server.log_lines(count, "u.log"))
            for letter, address in addresses.items():
                text = text.replace(address, letter)
            seen.append(text.splitlines())
            server.stop()
        return seen

    yield run
    for server in made:
        server.close()


ORDERS = {
    "two servers": ("server A; server B;", WORKING),
    "three servers": ("server A; server B; server C;", WORKING),
    "weights": ("server A weight=5; server B; server C;", WORKING),
    "odd weights": ("server A weight=3; server B weight=7; server C weight=2; server D weight=3;",
                    WORKING * 2),
    "a server that is down": ("server A; server B down; server C weight=2;", WORKING),
    "the same server twice": ("server A; server A; server B;", WORKING),
    "a dead server": ("server A; server DEAD; server C;", WORKING),
    "a dead server first": ("server DEAD; server B; server C weight=2;", WORKING),
    "a dead server with a weight": ("server A weight=2; server DEAD weight=3; server C;", WORKING),
    "a dead server that is never given up": ("server A; server DEAD max_fails=0; server C;", WORKING),
    "a dead server that may fail thrice": ("server A; server DEAD max_fails=3; server C;", WORKING),
    "weights and many failures allowed": (
        "server A weight=4; server DEAD weight=5 max_fails=4; server C weight=2;", WORKING * 2),
    "only dead ones": ("server DEAD; server DEAD;", ["/"] * 5),
    "one dead server alone": ("server DEAD;", ["/"] * 5),
    "backups": ("server DEAD; server B backup; server C backup;", WORKING),
    "backups in peace": ("server A; server B; server C backup;", WORKING),
    "a backup behind two dead ones": ("server DEAD; server DEAD max_fails=2; server C backup;",
                                      WORKING),
    "a server that closes": ("server A; server B; server C;",
                             ["/", "/?B=close", "/", "/", "/?C=close", "/", "/", "/"] + WORKING),
    "all servers close once": ("server A; server B; server C;",
                               ["/", "/?A=close&B=close&C=close", "/", "/", "/"]),
    "a lone server that closes": ("server A;", ["/", "/?A=close", "/", "/?A=close", "/"]),
}


@pytest.mark.parametrize("case", ORDERS)
def test_round_robin_with(account, case):
    ours, nginx = account(*ORDERS[case])
    assert ours == nginx


NEXT = "proxy_next_upstream error timeout http_500 http_503 http_404;"


@pytest.mark.parametrize("group", [
    "server A; server B; server C;",
    "server A max_fails=2; server B max_fails=2; server C max_fails=0;",
    "server A weight=3 max_fails=0; server B weight=2 max_fails=0; server C max_fails=0;",
    "least_conn; server A weight=2 max_fails=3; server B; server C;",
])
@pytest.mark.parametrize("wish", ["A=500", "B=503", "A=404&B=404", "A=404&B=404&C=404",
                                  "A=500&B=500&C=500"])
def test_a_status_that_is_tried_elsewhere(account, group, wish):
    requests = ["/", f"/?{wish}", "/", f"/?{wish}", "/", "/", f"/?{wish}", "/", "/", "/"]
    ours, nginx = account(group, requests, NEXT)
    assert ours == nginx


def test_tries_are_limited_alike(account):
    ours, nginx = account("server DEAD; server DEAD; server DEAD; server D;", WORKING,
                          "proxy_next_upstream_tries 2;")
    assert ours == nginx


@pytest.mark.parametrize("seed", range(12))
def test_any_mix_of_weights_and_failures(account, seed):
    dice = random.Random(seed)
    group = "".join(
        f"server {letter} weight={dice.randint(1, 6)} max_fails={dice.randint(0, 3)};"
        for letter in "ABCD"[:dice.randint(2, 4)])
    requests = []
    for _ in range(60):
        wishes = [f"{letter}={dice.choice(['500', '404', 'close'])}"
                  for letter in "ABCD" if dice.random() < 0.15]
        requests.append("/?" + "&".join(wishes))
    ours, nginx = account(group, requests, NEXT)
    assert ours == nginx, f"seed {seed}: {group}"


KEYS = [f"/item/{i}?k={i * 7919 % 1000}" for i in range(60)]


@pytest.mark.parametrize("group", [
    "server A; server B; server C;",
    "server A weight=3; server B; server C weight=2; server D;",
    "server A; server B down; server C;",
    "server A; server DEAD; server C; server D;",
    "server A; server DEAD max_fails=0; server C;",
    "server A;",
    "server DEAD; server DEAD;",
])
@pytest.mark.parametrize("method", ["hash $request_uri;", "hash $request_uri consistent;",
                                    "hash $arg_k;", "hash $arg_k consistent;",
                                    "hash $arg_none;", "hash $arg_none consistent;"])
def test_hashing(account, group, method):
    ours, nginx = account(method + group, KEYS)
    assert ours == nginx


def test_consistent_hashing_knows_a_server_by_its_words(account):
    ours, nginx = account("hash $request_uri consistent; server localhost:%s; server B;"
                          % free_port(), KEYS)
    strip = [line.split(" ")[0][-1] for line in ours]
    assert strip == [line.split(" ")[0][-1] for line in nginx]


@pytest.mark.parametrize("group", [
    "server A; server B; server C;",
    "server A weight=2; server B weight=5; server C;",
    "server A; server DEAD; server C down; server D;",
])
def test_ip_hash(account, group):
    clients = [f"127.{i * 37 % 256}.{i}.{i + 1}" for i in range(40)]
    ours, nginx = account("ip_hash;" + group, clients)
    assert ours == nginx


@pytest.mark.parametrize("group", [
    "server A; server B;",
    "server A weight=3; server B; server C weight=2;",
    "server A; server DEAD; server C;",
    "server DEAD; server B backup; server C backup weight=2;",
])
def test_least_conn_of_idle_servers(account, group):
    ours, nginx = account("least_conn;" + group, WORKING)
    assert ours == nginx


@pytest.mark.parametrize("group", [
    "server A; server B fail_timeout=1s; server C;",
    "server A weight=2; server B weight=3 max_fails=1 fail_timeout=1s; server C;",
    "least_conn; server A; server B fail_timeout=1s; server C;",
    "hash $uri; server A fail_timeout=1s; server B fail_timeout=1s;",
])
def test_a_server_that_comes_back_after_fail_timeout(account, group):
    """fail_timeout counts whole seconds in nginx, so the pause is well beyond."""
    ours, nginx = account(group, ["/", "/?B=close", "/", "/", "/", PAUSE] + WORKING)
    assert ours == nginx


@pytest.mark.parametrize("group, holds", [
    ("least_conn; server A; server B; server C;", 4),
    ("least_conn; server A weight=3; server B; server C weight=2;", 7),
    ("server A max_conns=1; server B max_conns=2; server C;", 6),
    ("server A max_conns=2 weight=3; server B; server C backup;", 5),
    ("server A max_conns=1; server B max_conns=1;", 3),
    ("hash $uri; server A max_conns=1; server B max_conns=1; server C;", 4),
])
def test_busy_servers(group, holds):
    """Requests that hang, some that end, and then others: each choice as nginx makes it."""
    seen = []
    for name in ("baton", "nginx"):
        server = Server(name)
        gates = []

        def slow(letter):
            def answer(head, _body, letter=letter):
                if b"/hold" in head.split(b" ")[1]:
                    gate = threading.Event()
                    gates.append((letter, gate))
                    gate.wait(20)
                return reply(letter)
            return answer

        ports = {x: f"127.0.0.1:{server.backend(slow(x)).port}" for x in "ABC"}
        server.start(f"upstream u {{ {group} }} server {{ listen 127.0.0.1:PORT;"
                     " location / { proxy_pass http://u; } }", **ports)
        order = []

        def hold():
            before = len(gates)
            client = Client(("127.0.0.1", server.ports["PORT"]))
            client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
            server.wait_for(lambda: len(gates) > before, 1.0)
            order.append(gates[-1][0] if len(gates) > before else "-")
            return client

        clients = [hold() for _ in range(holds)]
        order.append("|")
        for _ in range(6):
            order.append(server.get("/").text[:1])
        for index in (1, 0):
            if index < len(gates):
                gates[index][1].set()
                clients[index].response()
            order.append("|")
            for _ in range(4):
                order.append(server.get("/").text[:1])
        for _, gate in gates:
            gate.set()
        for client in clients:
            client.close()
        seen.append("".join(order))
        server.close()
    assert seen[0] == seen[1]
