"""The command line as scripts, units and playbooks use it: words, exit codes, which stream."""

import re
import subprocess

import pytest

from marks import baton_only

HELLO = 'server { listen 127.0.0.1:PORT; location / { return 200 "hi"; } }'


def run(server, *arguments, folder=True):
    """Exit code, stdout, stderr of the program with these arguments."""
    place = ["-p", str(server.folder), "-c", "nginx.conf", "-e", "error.log"] if folder else []
    done = subprocess.run([str(server.program), *place, *arguments], capture_output=True, text=True,
                          env=server.environment, timeout=20, check=False, cwd=server.folder)
    return done.returncode, done.stdout, done.stderr


def prepare(server, http=HELLO, main="", **values):
    (server.folder / "nginx.conf").write_text(server.configuration(http, main, **values))


def errors(text):
    """Of stderr, what an nginx of any version says: notes of baton's own are left out."""
    return [line for line in text.splitlines() if "[notice]" not in line]


def test_v_prints_the_version_on_stderr(server):
    code, out, err = run(server, "-v", folder=False)
    assert (code, out) == (0, "")
    assert re.fullmatch(r"nginx version: nginx/1\.\d+\.\d+( \(.*\))?\n", err)


def test_capital_v_prints_library_and_configure_arguments(server):
    code, out, err = run(server, "-V", folder=False)
    assert (code, out) == (0, "")
    assert re.search(r"^nginx version: nginx/1\.", err)
    assert re.search(r"^built with OpenSSL \d", err, re.M)
    assert re.search(r"^configure arguments: .*--prefix=/\S+ .*--conf-path=/", err, re.M)


@pytest.mark.parametrize("option", ["-h", "-?"])
def test_help_lists_the_options(server, option):
    code, out, err = run(server, option, folder=False)
    assert (code, out) == (0, "")
    assert "Usage: nginx [-?hvVtTq] [-s signal] [-p prefix]\n             [-e filename]" in err
    assert "  -g directives : set global directives out of configuration file\n" in err


@pytest.mark.parametrize("arguments, words", [
    (["-x"], 'invalid option: "x"'),
    (["reload"], 'invalid option: "reload"'),
    ([""], 'invalid option: ""'),
    (["-s"], 'option "-s" requires parameter'),
    (["-s", "restart"], 'invalid option: "-s restart"'),
    (["-p"], 'option "-p" requires directory name'),
    (["-c"], 'option "-c" requires file name'),
    (["-e"], 'option "-e" requires file name'),
    (["-g"], 'option "-g" requires parameter'),
])
def test_wrong_arguments_end_with_1_and_these_words(server, arguments, words):
    assert run(server, *arguments, folder=False) == (1, "", f"nginx: {words}\n")


def test_t_tells_that_all_is_well_on_stderr(server):
    prepare(server)
    code, out, err = run(server, "-t")
    file = f"{server.folder}/nginx.conf"
    assert (code, out) == (0, "")
    assert errors(err) == [f"nginx: the configuration file {file} syntax is ok",
                           f"nginx: configuration file {file} test is successful"]


def test_letters_may_be_joined_and_values_follow_without_a_blank(server):
    prepare(server)
    assert run(server, "-tq") == (0, "", "")
    done = subprocess.run([str(server.program), f"-p{server.folder}", "-cnginx.conf", "-e",
                           "error.log", "-tq"], env=server.environment, check=False)
    assert done.returncode == 0


def test_t_names_file_and_line_of_an_error_and_ends_with_1(server):
    prepare(server, "\nserver {\n listen 127.0.0.1:PORT;\n zork on;\n}")
    code, out, err = run(server, "-t")
    file = f"{server.folder}/nginx.conf"
    line = (server.folder / "nginx.conf").read_text().split("zork")[0].count("\n") + 1
    assert (code, out) == (1, "")
    assert errors(err)[0] == f'nginx: [emerg] unknown directive "zork" in {file}:{line}'
    assert errors(err)[-1] == f"nginx: configuration file {file} test failed"


def test_errors_of_t_are_in_the_error_log_of_e_too(server):
    prepare(server, "zork on;")
    run(server, "-t")
    assert re.search(r'^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[emerg\] \d+#\d+: unknown directive "zork" in ',
                     server.error_log(), re.M)


def test_e_stderr_gives_lines_of_a_log(server):
    prepare(server, "zork on;")
    code, _, err = run(server, "-e", "stderr", "-t")
    assert code == 1
    assert re.search(r'^\d{4}/\d\d/\d\d .* \[emerg\] \d+#\d+: unknown directive "zork" in ', err, re.M)


def test_an_error_log_that_cannot_be_opened_is_an_alert_only(server):
    prepare(server)
    code, _, err = run(server, "-e", "missing/error.log", "-t")
    assert code == 0
    assert (f'nginx: [alert] could not open error log file: open() "{server.folder}/missing/'
            'error.log" failed (2: No such file or directory)') in err


def test_q_keeps_silent_unless_something_is_wrong(server):
    prepare(server)
    assert run(server, "-t", "-q") == (0, "", "")
    prepare(server, "zork on;")
    code, _, err = run(server, "-t", "-q")
    assert code == 1
    assert "[emerg] unknown directive" in err


def test_a_missing_file_is_told_with_its_errno(server):
    code, _, err = run(server, "-t")
    assert code == 1
    assert errors(err) == [
        f'nginx: [emerg] open() "{server.folder}/nginx.conf" failed (2: No such file or directory)',
        f"nginx: configuration file {server.folder}/nginx.conf test failed"]


def test_capital_t_dumps_every_file_once_on_stdout(server):
    server.write("one.conf", "# one\n")
    prepare(server, "include FOLDER/one.conf; include FOLDER/one.conf; " + HELLO)
    code, out, err = run(server, "-T")
    text = (server.folder / "nginx.conf").read_text()
    assert code == 0
    assert out == (f"# configuration file {server.folder}/nginx.conf:\n{text}\n"
                   f"# configuration file {server.folder}/one.conf:\n# one\n\n")
    assert "test is successful" in err


def test_p_is_where_relative_paths_start(server):
    server.write("deeper/nginx.conf", "pid a.pid; error_log b.log; events {}")
    (server.folder / "deeper").chmod(0o777)
    done = subprocess.run([str(server.program), "-p", "deeper", "-c", "nginx.conf", "-e", "b.log",
                           "-t"], capture_output=True, text=True, env=server.environment,
                          cwd=server.folder, check=False)
    assert done.returncode == 0
    assert "nginx: the configuration file deeper/nginx.conf syntax is ok" in done.stderr
    assert (server.folder / "deeper" / "b.log").exists()


def test_directives_of_g_stand_before_the_file(server):
    prepare(server)
    code, _, err = run(server, "-t", "-g", "daemon off;")
    assert code == 1
    assert '[emerg] "daemon" directive is duplicate in ' in err


@pytest.mark.parametrize("text, words", [
    ("zork;", 'unknown directive "zork" in command line'),
    ("pid a", 'unexpected end of parameter, expecting ";" in command line'),
])
def test_errors_in_g_name_the_command_line(server, text, words):
    prepare(server)
    code, _, err = run(server, "-t", "-g", text)
    assert code == 1
    assert f"nginx: [emerg] {words}\n" in err


def test_the_last_g_counts(server):
    prepare(server)
    code, _, _ = run(server, "-t", "-g", "daemon off;", "-g", "worker_rlimit_nofile 100;")
    assert code == 0


def test_t_fails_when_a_log_cannot_be_opened(server):
    prepare(server, main="error_log FOLDER/missing/error.log;")
    code, _, err = run(server, "-t")
    assert code == 1
    assert (f'nginx: [emerg] open() "{server.folder}/missing/error.log" failed '
            "(2: No such file or directory)") in err
    assert "syntax is ok" in err


def test_t_fails_when_the_pid_file_cannot_be_written(server):
    prepare(server)
    text = (server.folder / "nginx.conf").read_text()
    (server.folder / "nginx.conf").write_text(text.replace("/nginx.pid", "/missing/nginx.pid"))
    code, _, err = run(server, "-t")
    assert code == 1
    assert f'[emerg] open() "{server.folder}/missing/nginx.pid" failed (2: No such file' in err


def test_s_without_a_running_server_tells_about_the_pid_file(server):
    prepare(server)
    code, out, err = run(server, "-s", "reload")
    assert (code, out) == (1, "")
    assert errors(err) == [
        f'nginx: [error] open() "{server.folder}/nginx.pid" failed (2: No such file or directory)']


def test_s_with_an_empty_pid_file_tells_so(server):
    prepare(server)
    server.write("nginx.pid", "")
    code, _, err = run(server, "-s", "stop")
    assert code == 1
    assert errors(err) == [f'nginx: [error] invalid PID number "" in "{server.folder}/nginx.pid"']


def test_s_with_the_pid_of_nobody_tells_what_kill_said(server):
    prepare(server)
    server.write("nginx.pid", "4194000\n")
    code, _, err = run(server, "-s", "quit")
    assert code == 1
    assert "nginx: [alert] kill(4194000, 3) failed (3: No such process)" in err


def test_s_with_a_broken_configuration_sends_nothing(server):
    server.start(HELLO)
    (server.folder / "nginx.conf").write_text("zork;")
    code, _, err = run(server, "-s", "stop")
    assert code == 1
    assert 'nginx: [emerg] unknown directive "zork"' in err
    assert server.get("/").body == b"hi"


@pytest.mark.parametrize("word", ["stop", "quit"])
def test_s_ends_the_server(server, word):
    server.start(HELLO)
    assert run(server, "-s", word)[0] == 0
    assert server.process.wait(timeout=10) == 0
    assert not (server.folder / "nginx.pid").exists()


def test_s_reload_takes_the_new_file(server):
    server.start(HELLO)
    (server.folder / "nginx.conf").write_text(server.configuration(HELLO.replace("hi", "ho")))
    assert run(server, "-s", "reload")[0] == 0
    assert server.wait_for(lambda: server.get("/").body == b"ho")


def test_s_reopen_makes_new_logs(server):
    server.start(HELLO)
    server.get("/")
    server.log_lines(1)
    (server.folder / "access.log").rename(server.folder / "access.log.1")
    assert run(server, "-s", "reopen")[0] == 0
    assert server.wait_for((server.folder / "access.log").exists)


def test_s_tells_the_log_that_it_signals(server):
    server.start(HELLO, main="error_log FOLDER/error.log notice;")
    run(server, "-s", "reload")
    assert re.search(r"\[notice\] \d+#\d+: signal process started$", server.error_log(), re.M)


def test_a_port_in_use_ends_the_start_after_five_tries(server):
    other = server.backend()
    prepare(server, HELLO.replace("PORT", str(other.port)))
    code, out, err = run(server)
    words = f"nginx: [emerg] bind() to 127.0.0.1:{other.port} failed (98: Address already in use)"
    assert (code, out) == (1, "")
    assert errors(err) == [words] * 5 + ["nginx: [emerg] still could not bind()"]
    assert server.error_log().count("failed (98: Address already in use)") == 5


def test_a_log_that_cannot_be_opened_ends_the_start(server):
    prepare(server, main="error_log FOLDER/missing/error.log;")
    code, _, err = run(server)
    assert code == 1
    assert (f'nginx: [emerg] open() "{server.folder}/missing/error.log" failed '
            "(2: No such file or directory)\n") in err


@baton_only("baton does not keep what is not offered a secret")
def test_capital_v_names_the_modules_that_are_missing(server):
    _, _, err = run(server, "-V", folder=False)
    assert "(baton " in err
    assert "--without-http_uwsgi_module" in err
    assert "http_proxy_module" not in err


def test_temporary_paths_of_all_gateways_are_accepted(server):
    prepare(server, "".join(f"{kind}_temp_path FOLDER/t_{kind}; " for kind in
                            ("fastcgi", "uwsgi", "scgi")) + HELLO if server.name == "baton" else HELLO)
    assert run(server, "-t")[0] == 0


# --- what -t tries ---

def test_t_does_not_mind_that_an_address_is_in_use(server):
    other = server.backend()
    prepare(server, HELLO.replace("PORT", str(other.port)))
    code, _, err = run(server, "-t")
    assert code == 0 and "test is successful" in err


def test_t_fails_when_an_address_cannot_be_listened_at(server):
    prepare(server, HELLO.replace("127.0.0.1:PORT", "unix:FOLDER/missing/socket"))
    code, _, err = run(server, "-t")
    assert code == 1
    assert (f"[emerg] bind() to unix:{server.folder}/missing/socket failed "
            "(2: No such file or directory)") in err.replace("socket()", "bind()")
    assert "syntax is ok" in err and "test failed" in err


def test_t_leaves_no_socket_behind(server):
    prepare(server, HELLO.replace("127.0.0.1:PORT", "unix:FOLDER/socket"))
    assert run(server, "-t")[0] == 0
    assert not (server.folder / "socket").exists()
