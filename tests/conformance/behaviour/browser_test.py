"""$modern_browser, $ancient_browser and $msie."""

import pytest

LISTS = """modern_browser opera 9.0; modern_browser msie 5.5; modern_browser gecko 1.0.0;
  modern_browser safari 3.0; modern_browser konqueror 3.0;
  ancient_browser Lynx "Links (0"; ancient_browser netscape4;"""

AGENTS = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0": "modern",
    "Mozilla/5.0 (Macintosh; U; PPC Mac OS X; rv:0.9.4) Gecko/20011022": "ancient",
    "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)": "modern",
    "Mozilla/4.0 (compatible; MSIE 5.0; Windows 98)": "ancient",
    "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; en) Opera 8.51": "ancient",
    "Opera/9.80 (X11; Linux) Presto/2.12": "modern",
    "Opera 9.5 (X11)": "modern",
    "Mozilla/5.0 (compatible; Konqueror/4.5; FreeBSD)": "modern",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X) AppleWebKit/600 Version/8.0 Safari/600.1": "modern",
    "Lynx/2.8.9rel.1 libwww-FM/2.14": "ancient",
    "Links (0.96; Unix)": "ancient",
    "Mozilla/4.72 [en] (X11; U; Linux)": "ancient",
    "curl/8.0": "ancient",
}


def age(server, agent=None):
    headers = {} if agent is None else {"User-Agent": agent}
    return server.get("/", headers).text


@pytest.mark.parametrize("unlisted", ["", "modern_browser unlisted;"])
def test_browsers_are_told_by_name_and_version(server, unlisted):
    # nginx itself forgets half of what is said at the level of http.
    server.start(f"""server {{ listen 127.0.0.1:PORT; {LISTS} {unlisted}
        location / {{ return 200 "$modern_browser$ancient_browser"; }}
        modern_browser_value modern; ancient_browser_value ancient; }}""")
    expected = dict(AGENTS)
    if unlisted:
        expected["curl/8.0"] = "modern"
    assert {agent: age(server, agent) for agent in AGENTS} == expected
    assert age(server) == ("modern" if unlisted else "ancient")


def test_values_are_1_unless_said_otherwise(server):
    server.start("""server { listen 127.0.0.1:PORT; modern_browser gecko 100;
        location / { return 200 "[$modern_browser][$ancient_browser][$msie]"; } }""")
    assert age(server, "Mozilla/5.0 (X11; rv:128.0) Gecko") == "[1][][]"
    assert age(server, "Mozilla/4.0 (compatible; MSIE 6.0; Windows)") == "[][1][1]"


def test_a_nested_level_has_its_own_lists(server):
    server.start("""modern_browser gecko 1.0; server { listen 127.0.0.1:PORT;
        location / { modern_browser gecko 200.0; ancient_browser x;
                     if ($ancient_browser) { return 200 old; } return 200 new; } }""")
    assert age(server, "Mozilla/5.0 (X11; rv:128.0) Gecko") == "old"


@pytest.mark.parametrize("line, words", [
    ("modern_browser netscape 4.0;", 'unknown browser name "netscape"'),
    ("modern_browser msie 5.x;", 'invalid browser version "5.x"')])
def test_is_refused(server, line, words):
    status, said = server.check(f"{line} server {{ listen 127.0.0.1:PORT; }}")
    assert status == 1 and words in said
