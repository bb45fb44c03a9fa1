"""autoindex and random_index: folders without an index file."""

import json
import os

import pytest

FILES = {"a b.txt": 6, "<x>&'\".html": 0, "big.bin": 2000, "q?m#p%:;": 1,
         "averyveryveryveryveryveryverylongfilenamethatexceedsfifty.txt": 3, "utf8-\u00e4.txt": 5,
         "a" * 50: 9, "b" * 51: 9}
TIME = 1706933106  # Sat, 03 Feb 2024 04:05:06 GMT


def serve(server, settings="", extra=()):
    folder = server.folder / "html" / "dir"
    (folder / "sub").mkdir(parents=True)
    (folder / ("d" * 50)).mkdir()
    (folder / ".hidden").write_text("x")
    for name, size in [*FILES.items(), *extra]:
        with open(folder / name, "wb") as file:
            file.truncate(size)
    for name in os.listdir(folder):
        os.utime(folder / name, (TIME, TIME))
    server.start(f"""server {{ listen 127.0.0.1:PORT; root FOLDER/html; autoindex on;
        location /dir/ {{ {settings} }} location /off/ {{ autoindex off; }} }}""")


def html_line(href, shown, size, width):
    return f'<a href="{href}">{shown}</a>{" " * (51 - width)}03-Feb-2024 04:05 {size:>19}\r\n'


def test_a_listing_in_html(server):
    serve(server)
    response = server.get("/dir/")
    assert response.header("Content-Type") == "text/html"
    long = "averyveryveryveryveryveryverylongfilenamethatexceedsfifty.txt"
    expected = (
        "<html>\r\n<head><title>Index of /dir/</title></head>\r\n<body>\r\n"
        '<h1>Index of /dir/</h1><hr><pre><a href="../">../</a>\r\n'
        + html_line("d" * 50 + "/", "d" * 50, "-", 50)
        + html_line("sub/", "sub/", "-", 4)
        + html_line("%3Cx%3E%26%27%22.html", "&lt;x&gt;&amp;'&quot;.html", 0, 11)
        + html_line("a%20b.txt", "a b.txt", 6, 7)
        + html_line("a" * 50, "a" * 50, 9, 50)
        + html_line(long, long[:47] + "..&gt;", 3, 50)
        + html_line("b" * 51, "b" * 47 + "..&gt;", 9, 50)
        + html_line("big.bin", "big.bin", 2000, 7)
        + html_line("q%3Fm%23p%25%3A%3B", "q?m#p%:;", 1, 8)
        + html_line("utf8-%C3%A4.txt", "utf8-\u00c3\u00a4.txt", 5, 11)
        + "</pre><hr></body>\r\n</html>\r\n")
    assert response.text == expected


def test_names_are_counted_in_characters_where_the_charset_is_utf_8(server):
    serve(server, "charset utf-8;")
    line = next(x for x in server.get("/dir/").text.splitlines() if "utf8" in x)
    assert line + "\r\n" == html_line("utf8-%C3%A4.txt", "utf8-\u00c3\u00a4.txt", 5, 10)


def test_sizes_may_be_rounded(server):
    serve(server, "autoindex_exact_size off;", [
        ("s1", 9999), ("s2", 10000), ("s3", (1 << 20) - 1), ("s4", 1 << 20),
        ("s5", (5 << 20) + (1 << 19)), ("s6", 3 << 30), ("s7", 10239 + 512)])
    sizes = {x.split('"')[1]: x.split()[-1] for x in server.get("/dir/").text.splitlines()
             if '="s' in x}
    assert sizes == {"s1": "9999", "s2": "10K", "s3": "1024K", "s4": "1M", "s5": "6M", "s6": "3G",
                     "s7": "10K", "sub/": "-"}


def test_a_listing_in_json(server):
    serve(server, "autoindex_format json;")
    response = server.get("/dir/")
    assert response.header("Content-Type") == "application/json"
    assert response.text.startswith('[\r\n{ "name":"ddddd')
    listed = json.loads(response.body)
    assert listed[1] == {"name": "sub", "type": "directory", "mtime": "Sat, 03 Feb 2024 04:05:06 GMT"}
    by_name = {entry["name"]: entry for entry in listed}
    assert by_name["<x>&'\".html"]["size"] == 0 and by_name["big.bin"]["type"] == "file"
    assert ", \"size\":2000 },\r\n" in response.text and response.text.endswith(" }\r\n]")


def test_a_listing_in_jsonp_calls_back(server):
    serve(server, "autoindex_format jsonp;")
    response = server.get("/dir/?callback=show")
    assert response.header("Content-Type") == "application/javascript"
    assert response.text.startswith("/* callback */\r\nshow([\r\n{")
    assert response.text.endswith("\r\n]);")
    plain = server.get("/dir/")
    assert plain.header("Content-Type") == "application/json" and plain.text.startswith("[")


def test_a_callback_that_is_no_name_is_a_bad_request(server):
    serve(server, "autoindex_format jsonp;")
    assert server.get("/dir/?callback=a(b)").status == 400
    assert server.get("/dir/?callback=" + "a" * 129).status == 400


def test_a_listing_in_xml(server):
    serve(server, "autoindex_format xml;")
    response = server.get("/dir/")
    assert response.header("Content-Type") == "text/xml; charset=utf-8"
    lines = response.text.split("\r\n")
    assert lines[:2] == ['<?xml version="1.0"?>', "<list>"] and lines[-2:] == ["</list>", ""]
    assert '<directory mtime="2024-02-03T04:05:06Z">sub</directory>' in lines
    assert ('<file mtime="2024-02-03T04:05:06Z" size="0">&lt;x&gt;&amp;\'&quot;.html</file>'
            in lines)


def test_an_index_file_goes_before_the_listing(server):
    server.write("html/dir/index.html", "index")
    serve(server)
    assert server.get("/dir/").text == "index"


def test_without_autoindex_a_folder_is_forbidden(server):
    (server.folder / "html" / "off").mkdir()
    serve(server)
    assert server.get("/off/").status == 403
    assert 'directory index of "' + str(server.folder) + '/html/off/" is forbidden' in server.error_log()


def test_a_folder_that_is_not_there_is_not_found(server):
    serve(server)
    assert server.get("/nowhere/").status == 404


def test_a_listing_is_not_for_post(server):
    serve(server)
    assert server.request("POST", "/dir/", body=b"x").status in (403, 405)


def test_an_empty_folder_lists_only_the_way_up(server):
    (server.folder / "html" / "empty").mkdir()
    serve(server)
    assert server.get("/empty/").text.endswith('<pre><a href="../">../</a>\r\n</pre><hr></body>\r\n</html>\r\n')


def test_random_index_serves_one_of_the_files(server):
    for i in range(4):
        server.write(f"html/r/{i}.txt", str(i))
    server.write("html/r/.hidden", "hidden")
    (server.folder / "html" / "r" / "folder").mkdir()
    server.start("""server { listen 127.0.0.1:PORT; root FOLDER/html;
        location /r/ { random_index on; } }""")
    seen = {server.get("/r/").text for _ in range(60)}
    assert seen == {"0", "1", "2", "3"}


@pytest.mark.parametrize("directive,message", [
    ("autoindex_format text;", 'invalid value "text"'),
    ("autoindex maybe;", 'invalid value "maybe" in "autoindex" directive, it must be "on" or "off"'),
])
def test_wrong_values_are_refused_in_nginx_words(server, directive, message):
    status, output = server.check(f"server {{ listen 127.0.0.1:PORT; {directive} }}")
    assert status == 1 and message in output
