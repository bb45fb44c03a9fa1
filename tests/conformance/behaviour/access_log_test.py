"""What is logged, where to and in which form: access_log, log_format, error_log."""

import gzip
import re
import socket
import time

import pytest

from marks import baton_only
from server import reply

HTTP = "%s server { listen 127.0.0.1:PORT; location / { %s return 200 hi; } }"


def text_of(server, name="mine.log"):
    file = server.folder / name
    return file.read_bytes() if file.exists() else b""


# --- the format ---

def test_combined_is_the_default_format(server):
    server.start(HTTP % ("", ""))
    server.get("/x?y=1", {"User-Agent": "me", "Referer": "there"})
    line = server.log_lines(1)[0]
    assert re.fullmatch(r'127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] '
                        r'"GET /x\?y=1 HTTP/1\.1" 200 2 "there" "me"', line)


def test_missing_values_are_dashes(server):
    server.start(HTTP % ("", ""))
    server.get("/")
    assert server.log_lines(1)[0].endswith('"GET / HTTP/1.1" 200 2 "-" "-"')


def logged(server, form, headers=None, path="/", escape=""):
    server.start(HTTP % (f"log_format mine {escape} '{form}'; access_log FOLDER/mine.log mine;", ""))
    server.get(path, headers)
    server.log_lines(1, "mine.log")
    return text_of(server)


def test_control_quotes_and_non_ascii_bytes_are_escaped(server):
    server.start(HTTP % ("log_format mine '[$http_user_agent][$uri]'; "
                         "access_log FOLDER/mine.log mine;", ""))
    server.raw(b"GET /%01%09%1f%7f%22 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
               b'User-Agent: x\t"\\ \xc3\xa9\xff ~\r\n\r\n')
    server.log_lines(1, "mine.log")
    assert text_of(server) == (b'[x\\x09\\x22\\x5C \\xC3\\xA9\\xFF ~]'
                               b'[/\\x01\\x09\\x1F\\x7F\\x22]\n')


def test_json_escapes(server):
    server.start(HTTP % ("log_format mine escape=json '{\"a\":\"$http_user_agent\",\"b\":\"$http_b\","
                         "\"c\":\"$uri\"}'; access_log FOLDER/mine.log mine;", ""))
    server.raw(b"GET /%01%08%0c%1f%7f HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
               b'User-Agent: x"\\/\t\xc3\xa9!\r\n\r\n')
    server.log_lines(1, "mine.log")
    assert text_of(server) == (b'{"a":"x\\"\\\\/\\t\xc3\xa9!","b":"",'
                               b'"c":"/\\u0001\\b\\f\\u001F\x7f"}\n')


def test_no_escapes(server):
    assert logged(server, "[$http_user_agent][$http_b]", {"User-Agent": '"\\\xe9'},
                  escape="escape=none") == b'["\\\xe9][]\n'


def test_a_long_format_of_many_variables(server):
    form = ("$remote_addr|$remote_user|$request|$status|$body_bytes_sent|$http_referer|$host|"
            "$server_name|$server_port|$scheme|$request_method|$request_uri|$uri|$args|"
            "$server_protocol|$request_length|$bytes_sent|$connection_requests|$pipe|"
            "$request_completion|$sent_http_content_type|$upstream_addr|$http_nosuch|$arg_b|"
            "$cookie_c|$is_args")
    server.start("server_tokens off; log_format mine '%s'; access_log FOLDER/mine.log mine; "
                 "server { listen 127.0.0.1:PORT; server_name s.example; return 200 hello; }" % form)
    sent = (b"GET /a%20b//c?x=1&b=2 HTTP/1.1\r\nHost: S.example:80\r\nCookie: c=3\r\n"
            b"Authorization: Basic bWU6cHc=\r\nConnection: close\r\n\r\n")
    received = server.raw(sent)
    server.log_lines(1, "mine.log")
    assert text_of(server).decode() == (
        "127.0.0.1|me|GET /a%20b//c?x=1&b=2 HTTP/1.1|200|5|-|s.example|s.example|"
        f"{server.port}|http|GET|/a%20b//c?x=1&b=2|/a b/c|x=1&b=2|HTTP/1.1|{len(sent)}|"
        f"{len(received)}|1|.|OK|text/plain|-|-|2|3|?\n")


def test_formats_are_joined_from_their_words(server):
    server.start(HTTP % ("log_format mine 'a $status ' \"b\" c; access_log FOLDER/mine.log mine;", ""))
    server.get("/")
    assert server.log_lines(1, "mine.log") == ["a 200 bc"]


def test_a_broken_request_is_logged_as_it_came(server):
    server.start(HTTP % ("log_format mine '$status [$request]'; access_log FOLDER/mine.log mine;", ""))
    server.raw(b"NONSENSE\x01\r\n\r\n")
    assert server.log_lines(1, "mine.log") == ["400 [NONSENSE\\x01]"]


def test_a_client_that_goes_away_is_a_499(server):
    backend = server.backend(lambda head, body: time.sleep(0.5) or reply())
    server.start("log_format mine '$status'; access_log FOLDER/mine.log mine; server { listen "
                 "127.0.0.1:PORT; location / { proxy_pass http://127.0.0.1:B; } }", B=backend.port)
    with server.connect() as client:
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert server.wait_for(lambda: backend.connections == 1)
    assert server.log_lines(1, "mine.log") == ["499"]


# --- where to ---

def test_several_logs_get_a_line_each(server):
    server.start(HTTP % ("access_log FOLDER/a.log; access_log FOLDER/b.log;", ""))
    server.get("/")
    assert len(server.log_lines(1, "a.log")) == len(server.log_lines(1, "b.log")) == 1


def test_a_level_replaces_the_logs_of_the_outer_one(server):
    server.start(HTTP % ("access_log FOLDER/a.log;", "access_log FOLDER/b.log;"))
    server.get("/")
    assert len(server.log_lines(1, "b.log")) == 1
    assert text_of(server, "a.log") == b""


def test_off_logs_nothing(server):
    server.start(HTTP % ("access_log FOLDER/a.log;", "access_log off;"))
    server.get("/")
    time.sleep(0.1)
    assert text_of(server, "a.log") == b""


def test_relative_paths_start_at_the_prefix(server):
    server.start(HTTP % ("access_log logs/a.log;", ""))
    server.get("/")
    assert len(server.log_lines(1, "logs/a.log")) == 1


@pytest.mark.parametrize("query, count", [("", 0), ("?log=0", 0), ("?log=1", 1), ("?log=no", 1)])
def test_if_decides_about_a_line(server, query, count):
    server.start(HTTP % ("access_log FOLDER/a.log combined if=$arg_log; "
                         "access_log FOLDER/all.log;", ""))
    server.get("/" + query)
    server.log_lines(1, "all.log")
    time.sleep(0.05)
    assert text_of(server, "a.log").count(b"\n") == count


def test_a_buffer_is_written_when_the_server_ends(server):
    server.start(HTTP % ("access_log FOLDER/a.log combined buffer=32k;", ""))
    server.get("/")
    time.sleep(0.2)
    assert text_of(server, "a.log") == b""
    server.stop()
    assert text_of(server, "a.log").count(b"\n") == 1


def test_a_buffer_is_written_after_its_time(server):
    server.start(HTTP % ("access_log FOLDER/a.log combined buffer=32k flush=300ms;", ""))
    server.get("/")
    assert text_of(server, "a.log") == b""
    assert len(server.log_lines(1, "a.log", wait=1.5)) == 1


def test_a_buffer_is_written_when_the_logs_are_reopened(server):
    server.start(HTTP % ("access_log FOLDER/a.log combined buffer=32k;", ""))
    server.get("/")
    server.signal(10)
    assert len(server.log_lines(1, "a.log")) == 1


def test_gzip_writes_what_zcat_reads(server):
    server.start(HTTP % ("access_log FOLDER/a.log.gz combined gzip=9 flush=1m;", ""))
    for _ in range(3):
        server.get("/")
    server.stop()
    assert gzip.decompress(text_of(server, "a.log.gz")).count(b'"GET / HTTP/1.1" 200') == 3


def test_a_path_with_variables(server):
    server.start("server { listen 127.0.0.1:PORT; root FOLDER/html; "
                 "access_log FOLDER/logs/$host.log combined; return 200 hi; }")
    server.get("/", {"Host": "one"})
    server.get("/", {"Host": "two"})
    assert len(server.log_lines(1, "logs/one.log")) == len(server.log_lines(1, "logs/two.log")) == 1


def test_a_path_with_variables_needs_the_requests_root(server):
    server.start("server { listen 127.0.0.1:PORT; root FOLDER/$host; "
                 "access_log FOLDER/logs/$host.log combined; return 200 hi; }")
    server.get("/", {"Host": "nowhere"})
    time.sleep(0.1)
    assert not (server.folder / "logs" / "nowhere.log").exists()


def test_open_log_file_cache_keeps_a_file_as_long_as_it_is_valid(server):
    server.start("open_log_file_cache max=10 valid=1s; server { listen 127.0.0.1:PORT; root "
                 "FOLDER/html; access_log FOLDER/logs/$host.log combined; return 200 hi; }")
    server.get("/", {"Host": "one"})
    server.log_lines(1, "logs/one.log")
    (server.folder / "logs/one.log").rename(server.folder / "logs/old.log")
    server.get("/", {"Host": "one"})
    assert len(server.log_lines(2, "logs/old.log")) == 2
    time.sleep(1.2)
    for _ in range(2):  # nginx loses the first line when the name is gone
        server.get("/", {"Host": "one"})
    assert len(server.log_lines(1, "logs/one.log")) >= 1


@pytest.fixture
def syslog():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(3)
        yield listening


def port_of(listening):
    return listening.getsockname()[1]


def test_a_line_to_syslog_has_priority_time_host_and_tag(server, syslog):
    server.start(HTTP % ("access_log syslog:server=127.0.0.1:LOG,facility=local3,severity=warn,tag=my_1 "
                         "combined;", ""), LOG=port_of(syslog))
    server.get("/")
    line = syslog.recv(4096).decode()
    assert re.fullmatch(rf'<156>\w{{3}} [ \d]\d \d\d:\d\d:\d\d {socket.gethostname()} my_1: '
                        r'127\.0\.0\.1 - - \[.*\] "GET / HTTP/1\.1" 200 2 "-" "-"', line)


def test_nohostname_and_the_defaults_of_syslog(server, syslog):
    server.start(HTTP % ("access_log syslog:server=127.0.0.1:LOG,nohostname;", ""), LOG=port_of(syslog))
    server.get("/")
    assert re.match(r"<190>\w{3} [ \d]\d \d\d:\d\d:\d\d nginx: 127", syslog.recv(4096).decode())


def test_syslog_over_a_unix_socket(server):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(server.folder / "log.sock"))
        listening.settimeout(3)
        server.start(HTTP % ("access_log syslog:server=unix:FOLDER/log.sock;", ""))
        server.get("/")
        assert b'"GET / HTTP/1.1" 200' in listening.recv(4096)


@pytest.mark.parametrize("directive, words", [
    ("access_log syslog:server=127.0.0.1,foo=1;", 'unknown syslog parameter "foo=1"'),
    ("access_log syslog:server=127.0.0.1,facility=foo;", 'unknown syslog facility "foo"'),
    ("access_log syslog:server=127.0.0.1,severity=foo;", 'unknown syslog severity "foo"'),
    ("access_log syslog:server=127.0.0.1,tag=a-b;",
     'syslog "tag" only allows alphanumeric characters and underscore'),
    ("access_log syslog:server=127.0.0.1,tag=" + "a" * 33 + ";", "syslog tag length exceeds 32"),
    ("access_log syslog:facility=local1;", "no syslog server specified"),
    ("access_log syslog:server=127.0.0.1,server=127.0.0.1;", 'duplicate syslog "server"'),
    ("access_log syslog:server=127.0.0.1:99999;", 'invalid port in syslog server "127.0.0.1:99999"'),
    ("access_log syslog:server=no.invalid;", 'host not found in syslog server "no.invalid"'),
    ("access_log syslog:server=127.0.0.1 combined buffer=4k;", "logs to syslog cannot be buffered"),
    ("access_log FOLDER/a combined buffer=4k; server { access_log FOLDER/a combined buffer=8k; }",
     'access_log "FOLDER/a" already defined with conflicting parameters'),
    ("access_log FOLDER/$host combined buffer=4k;", "buffered logs cannot have variables in name"),
    ("access_log FOLDER/a combined gzip=10;", 'invalid compression level "10"'),
    ("access_log FOLDER/a combined flush=5s;", 'no buffer is defined for access_log "FOLDER/a"'),
    ("access_log FOLDER/a combined buffer=0;", 'invalid buffer size "0"'),
    ("access_log FOLDER/a combined if=$nosuch;", 'unknown "nosuch" variable'),
    ("access_log FOLDER/a nosuch;", 'unknown log format "nosuch"'),
    ("access_log off combined;", 'invalid parameter "combined"'),
    ("open_log_file_cache inactive=20s;", '"open_log_file_cache" must have "max" parameter'),
    ("open_log_file_cache max=1 foo;", 'invalid "open_log_file_cache" parameter "foo"'),
    ('log_format a escape=xml "x";', 'unknown log format escaping "xml"'),
    ('log_format combined "x";', 'duplicate "log_format" name "combined"'),
])
def test_is_refused(server, directive, words):
    code, output = server.check(" " + directive)
    assert code == 1
    assert f"[emerg] {server.fill_in(words)}" in output


# --- error_log ---

MISSING = "server { listen 127.0.0.1:PORT; %s location / { root FOLDER/html; } }"


def test_an_error_has_connection_client_server_request_and_host(server):
    server.start(MISSING % "server_name s;")
    server.get("/nothing", {"Host": "h.example"})
    assert server.wait_for(lambda: "/nothing" in server.error_log())
    assert re.search(
        r'^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[error\] \d+#\d+: \*\d+ open\(\) "' +
        re.escape(str(server.folder)) + r'/html/nothing" failed \(2: No such file or directory\), '
        r'client: 127\.0\.0\.1, server: s, request: "GET /nothing HTTP/1\.1", host: "h\.example"$',
        server.error_log(), re.M)


def test_a_level_hides_what_is_less_serious(server):
    server.start(MISSING % "error_log FOLDER/e.log crit;")
    server.get("/nothing")
    time.sleep(0.1)
    assert "/nothing" not in server.error_log("e.log") + server.error_log()


def test_a_broken_head_is_told_in_the_servers_log(server):
    server.start(MISSING % "error_log FOLDER/e.log info;")
    server.raw(b"NONSENSE\r\n\r\n")
    assert server.wait_for(lambda: "client sent invalid" in server.error_log("e.log"))


def test_several_error_logs_of_one_level(server):
    server.start(MISSING % "error_log FOLDER/a.log; error_log FOLDER/b.log crit; "
                 "error_log FOLDER/c.log info;")
    server.get("/nothing")
    assert server.wait_for(lambda: "/nothing" in server.error_log("c.log"))
    assert "/nothing" in server.error_log("a.log")
    assert "/nothing" not in server.error_log("b.log") + server.error_log()


def test_several_error_logs_of_the_main_level(server):
    server.start(MISSING % "", main="error_log FOLDER/a.log; error_log stderr notice;")
    server.get("/nothing")
    assert server.wait_for(lambda: "/nothing" in server.error_log("a.log"))
    assert "/nothing" in server.output()
    assert "start worker process" in server.output()
    assert "start worker process" not in server.error_log("a.log")


def test_an_error_to_syslog_has_its_own_severity(server, syslog):
    server.start(MISSING % "error_log syslog:server=127.0.0.1:LOG,tag=e;", LOG=port_of(syslog))
    server.get("/nothing")
    line = syslog.recv(4096).decode()
    assert re.match(rf"<187>\w{{3}} [ \d]\d \d\d:\d\d:\d\d {socket.gethostname()} e: "
                    r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[error\] \d+#\d+: \*\d+ open\(\)", line)
    assert not line.endswith("\n")


def test_syslog_gets_what_the_master_says(server, syslog):
    server.start(HTTP % ("", ""), main="error_log syslog:server=127.0.0.1:LOG notice;",
                 LOG=port_of(syslog))
    lines = []
    while not any("start worker process " in line for line in lines):
        lines.append(syslog.recv(4096).decode())
    assert lines[-1].startswith("<189>")


@pytest.mark.parametrize("directive, words", [
    ("error_log FOLDER/e.log foo;", 'invalid log level "foo"'),
    ("error_log FOLDER/e.log warn info;", 'duplicate log level "info"'),
    ("error_log syslog:foo;", 'unknown syslog parameter "foo"'),
])
def test_error_log_is_refused(server, directive, words):
    code, output = server.check("", main=directive)
    assert code == 1
    assert f"[emerg] {words}" in output


@baton_only("what clients send must not forge lines")
def test_an_error_line_cannot_be_forged(server):
    server.start(MISSING % "")
    server.raw(b"GET /nothing%0aforged HTTP/1.1\r\nHost: a\r\nReferer: x\x1bc\r\nConnection: close\r\n\r\n")
    assert server.wait_for(lambda: "forged" in server.error_log())
    assert not re.search("^forged", server.error_log(), re.M)


def test_a_syslog_server_that_comes_back_is_found_at_once(server):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first:
        first.bind(("127.0.0.1", 0))
        address = first.getsockname()
        server.start(HTTP % ("access_log syslog:server=127.0.0.1:LOG,nohostname;", ""),
                     LOG=address[1])
        server.get("/")
        assert first.recv(4096)
    server.get("/")
    server.get("/")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second:
        second.bind(address)
        second.settimeout(3)
        server.get("/")
        assert b"nginx: 127" in second.recv(4096)
