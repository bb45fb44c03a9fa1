// Variables of a request: nginx's values, lists, missing ones and escapes.

#include "proxy/variables/variables.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace baton::proxy {
namespace {

using config::LogFormat;
using config::TextPart;
using config::Variable;

class VariablesTest : public testing::Test {
 protected:
  VariablesTest() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    client.client = *net::Endpoint::parse("192.168.175.1:4711");
    client.local = *net::Endpoint::parse("192.168.175.101:80");
    client.client_text = "192.168.175.1";
    client.number = 17;
    client.requests = 3;
    request.client = &client;
    request.proxy = &proxy;
    request.server = &server;
    request.location = &location;
    server.primary_name = "www.example.com";
    proxy.prefix = "/etc/nginx";
    location.root = literal("/var/www/html/");
    request.head.line = "GET /a%20b?x=1&Id=7 HTTP/1.1";
    request.head.method_name = "GET";
    request.uri = "/a b";
    request.raw_uri = "/a%20b?x=1&Id=7";
    request.args = "x=1&Id=7";
    request.host = "example.com";
  }
  static config::TemplateText literal(std::string text) {
    return {{TextPart{Variable::literal, std::move(text), 0}}, ""};
  }
  void send(std::string_view name, std::string_view value) {
    request.head.headers.add(name, value, http::find_header_id(name));
  }
  std::string value(Variable variable, std::string name = "", std::uint16_t index = 0) {
    std::string text;
    const bool found = append_variable(text, {variable, std::move(name), index}, request);
    EXPECT_TRUE(found || text.empty());
    return found ? text : "(missing)";
  }
  std::string logged(Variable variable, std::string name = "",
                     LogFormat::Escape escape = LogFormat::Escape::standard) {
    LogFormat format{"test", {{{variable, std::move(name), 0}}, ""}, escape};
    std::string text;
    append_log_text(text, format, request);
    return text;
  }
  UpstreamAttempt& attempt(std::string_view address, std::uint16_t status) {
    auto& made = request.attempts.emplace_back();
    made.server = address;
    made.status = status;
    return made;
  }

  config::Proxy proxy;
  config::Server server;
  config::Location location;
  ClientInfo client;
  Request request;
};

TEST_F(VariablesTest, TellsTheRequestAndTheConnection) {
  EXPECT_EQ(value(Variable::request), "GET /a%20b?x=1&Id=7 HTTP/1.1");
  EXPECT_EQ(value(Variable::uri), "/a b");
  EXPECT_EQ(value(Variable::request_uri), "/a%20b?x=1&Id=7");
  EXPECT_EQ(value(Variable::args), "x=1&Id=7");
  EXPECT_EQ(value(Variable::is_args), "?");
  EXPECT_EQ(value(Variable::scheme), "http");
  EXPECT_EQ(value(Variable::server_protocol), "HTTP/1.1");
  EXPECT_EQ(value(Variable::host), "example.com");
  EXPECT_EQ(value(Variable::server_name), "www.example.com");
  EXPECT_EQ(value(Variable::remote_addr), "192.168.175.1");
  EXPECT_EQ(value(Variable::remote_port), "4711");
  EXPECT_EQ(value(Variable::server_addr), "192.168.175.101");
  EXPECT_EQ(value(Variable::server_port), "80");
  EXPECT_EQ(value(Variable::connection), "17");
  EXPECT_EQ(value(Variable::connection_requests), "3");
  EXPECT_EQ(value(Variable::binary_remote_addr), std::string("\xc0\xa8\xaf\x01"));
}

TEST_F(VariablesTest, ForwardedForAppendsTheClientToWhatItSent) {
  EXPECT_EQ(value(Variable::proxy_add_x_forwarded_for), "192.168.175.1");
  send("X-Forwarded-For", "10.1.1.1");
  send("x-forwarded-for", "10.2.2.2");
  EXPECT_EQ(value(Variable::proxy_add_x_forwarded_for), "10.1.1.1, 10.2.2.2, 192.168.175.1");
}

TEST_F(VariablesTest, HeadersAreFoundByTheirNameWithUnderscores) {
  send("X-Real-IP", "10.9.8.7");
  send("X-Custom-Thing", "one");
  send("x-custom-thing", "two");
  EXPECT_EQ(value(Variable::http_name, "x_real_ip"), "10.9.8.7");
  EXPECT_EQ(value(Variable::http_name, "x_custom_thing"), "one, two");
  EXPECT_EQ(value(Variable::http_name, "user_agent"), "(missing)");
}

TEST_F(VariablesTest, CookieLinesAreJoinedBySemicolons) {
  send("Cookie", "a=1; Session = xyz ;b=2");
  send("Cookie", "c=3");
  EXPECT_EQ(value(Variable::http_name, "cookie"), "a=1; Session = xyz ;b=2; c=3");
  EXPECT_EQ(value(Variable::cookie_name, "session"), "xyz ");
  EXPECT_EQ(value(Variable::cookie_name, "c"), "3");
  EXPECT_EQ(value(Variable::cookie_name, "d"), "(missing)");
}

TEST_F(VariablesTest, ArgumentsAreFoundInAnyCaseAndNotDecoded) {
  request.args = "flag&i=%20&ID=7&id=8";
  EXPECT_EQ(value(Variable::arg_name, "id"), "7");
  EXPECT_EQ(value(Variable::arg_name, "i"), "%20");
  EXPECT_EQ(value(Variable::arg_name, "flag"), "(missing)");
  EXPECT_EQ(value(Variable::arg_name, "d"), "(missing)");
}

TEST_F(VariablesTest, CapturesAreFoundByNumber) {
  request.captures = {{"", "/user/7"}, {"id", "7"}};
  EXPECT_EQ(value(Variable::capture, "", 1), "7");
  EXPECT_EQ(value(Variable::capture, "", 2), "(missing)");
}

TEST_F(VariablesTest, RemoteUserIsDecodedFromBasicAuthorization) {
  EXPECT_EQ(value(Variable::remote_user), "(missing)");
  send("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(value(Variable::remote_user), "Aladdin");
}

TEST_F(VariablesTest, BasicAuthorizationWithoutAColonNamesNobody) {
  send("Authorization", "Basic QWxhZGRpbg==");
  EXPECT_EQ(value(Variable::remote_user), "(missing)");
}

TEST_F(VariablesTest, UpstreamValuesAreOnePerAttempt) {
  EXPECT_EQ(value(Variable::upstream_addr), "(missing)");
  attempt("10.0.0.1:80", 502);
  auto& second = attempt("10.0.0.2:80", 200);
  second.response = 1234ms;
  second.connect = 0ms;
  second.body_bytes = 6;
  EXPECT_EQ(value(Variable::upstream_addr), "10.0.0.1:80, 10.0.0.2:80");
  EXPECT_EQ(value(Variable::upstream_status), "502, 200");
  EXPECT_EQ(value(Variable::upstream_response_time), "-, 1.234");
  EXPECT_EQ(value(Variable::upstream_connect_time), "-, 0.000");
  EXPECT_EQ(value(Variable::upstream_response_length), "0, 6");
}

TEST_F(VariablesTest, AnInternalRedirectIsAColonInUpstreamValues) {
  attempt("10.0.0.1:80", 404);
  attempt("unix:/run/app.sock", 0).after_redirect = true;
  EXPECT_EQ(value(Variable::upstream_addr), "10.0.0.1:80 : unix:/run/app.sock");
  EXPECT_EQ(value(Variable::upstream_status), "404 : -");
}

TEST_F(VariablesTest, UpstreamHeadersAreTheLastAnswers) {
  EXPECT_EQ(value(Variable::upstream_http_name, "server"), "(missing)");
  http::ResponseHead head;
  head.headers.add("Server", "Apache", http::HeaderId::server);
  head.headers.add("Set-Cookie", "sid=42; Path=/", http::HeaderId::set_cookie);
  request.upstream_head = &head;
  EXPECT_EQ(value(Variable::upstream_http_name, "server"), "Apache");
  EXPECT_EQ(value(Variable::upstream_cookie_name, "sid"), "42");
}

TEST_F(VariablesTest, SentHeadersComeFromTheResponse) {
  request.response.status = 200;
  request.response.content_type = "text/html";
  request.response.content_length = 6;
  request.response.headers.push_back({"X-Cache", "HIT"});
  EXPECT_EQ(value(Variable::sent_http_name, "content_type"), "text/html");
  EXPECT_EQ(value(Variable::sent_http_name, "content_length"), "6");
  EXPECT_EQ(value(Variable::sent_http_name, "x_cache"), "HIT");
  EXPECT_EQ(value(Variable::sent_http_name, "connection"), "keep-alive");
  EXPECT_EQ(value(Variable::sent_http_name, "location"), "(missing)");
}

TEST_F(VariablesTest, TimesAndCountersAreThoseOfTheEnd) {
  request.started = Instant(5s);
  request.ended = Instant(5s + 37ms);
  request.ended_at = WallTime(1574424000s + 250ms);
  request.response.status = 200;
  request.bytes_sent = 240;
  request.body_bytes_sent = 6;
  EXPECT_EQ(value(Variable::request_time), "0.037");
  EXPECT_EQ(value(Variable::time_local), "22/Nov/2019:12:00:00 +0000");
  EXPECT_EQ(value(Variable::time_iso8601), "2019-11-22T12:00:00+00:00");
  EXPECT_EQ(value(Variable::msec), "1574424000.250");
  EXPECT_EQ(value(Variable::status), "200");
  EXPECT_EQ(value(Variable::bytes_sent), "240");
  EXPECT_EQ(value(Variable::body_bytes_sent), "6");
}

TEST_F(VariablesTest, RequestIdIsThirtyTwoDigitsAndStays) {
  const std::string id = value(Variable::request_id);
  EXPECT_EQ(id.size(), 32u);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(value(Variable::request_id), id);
  request.request_id[0] = '\0';
  EXPECT_NE(value(Variable::request_id), id);
}

TEST_F(VariablesTest, FileNamesAreMadeOfRootAndUri) {
  request.uri = "/img/a.png";
  EXPECT_EQ(value(Variable::document_root), "/var/www/html");
  EXPECT_EQ(value(Variable::request_filename), "/var/www/html/img/a.png");
}

TEST_F(VariablesTest, AnAliasReplacesTheMatchedPrefix) {
  request.uri = "/img/a.png";
  location.pattern = "/img/";
  location.alias = literal("/srv/pictures/");
  EXPECT_EQ(value(Variable::request_filename), "/srv/pictures/a.png");
}

TEST_F(VariablesTest, AnInheritedAliasReplacesThePrefixOfTheLocationThatSaidIt) {
  request.uri = "/img/small/a.png";
  location.pattern = "/img/small/";
  location.alias = literal("/srv/pictures/");
  location.alias_prefix_bytes = 5;
  EXPECT_EQ(value(Variable::request_filename), "/srv/pictures/small/a.png");
  location.match = config::Location::Match::regex;
  location.pattern = "png$";
  EXPECT_EQ(value(Variable::request_filename), "/srv/pictures/small/a.png");
}

TEST_F(VariablesTest, ARootOfVariablesStartsAtThePrefix) {
  location.root = {{TextPart{Variable::host, "", 0}}, ""};
  request.uri = "/x";
  EXPECT_EQ(value(Variable::request_filename), "/etc/nginx/example.com/x");
}

TEST_F(VariablesTest, MissingValuesAreADashInLogsAndNothingInJson) {
  EXPECT_EQ(logged(Variable::http_name, "referer"), "-");
  EXPECT_EQ(logged(Variable::http_name, "referer", LogFormat::Escape::json), "");
  EXPECT_EQ(logged(Variable::http_name, "referer", LogFormat::Escape::none), "");
}

TEST_F(VariablesTest, LogsEscapeWhatCouldForgeALine) {
  send("User-Agent", "a\"b\\c\n\x1b\x7f\xe4");
  EXPECT_EQ(logged(Variable::http_name, "user_agent"), "a\\x22b\\x5Cc\\x0A\\x1B\\x7F\\xE4");
  EXPECT_EQ(logged(Variable::http_name, "user_agent", LogFormat::Escape::json),
            "a\\\"b\\\\c\\n\\u001B\x7f\xe4");
  EXPECT_EQ(logged(Variable::http_name, "user_agent", LogFormat::Escape::none),
            "a\"b\\c\n\x1b\x7f\xe4");
}

TEST_F(VariablesTest, EveryByteIsEscapedAsTheRuleSaysWhereverItStands) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool plain = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
    for (const std::size_t position : {0, 3, 7, 8, 12}) {
      std::string text(13, 'a');
      text[position] = static_cast<char>(byte);
      const std::string raw = text;
      escape_log_text(text, 0, LogFormat::Escape::standard);
      EXPECT_EQ(text == raw, plain) << byte << " at " << position;
      EXPECT_EQ(text.size(), plain ? 13u : 16u);
      text = raw;
      escape_log_text(text, 0, LogFormat::Escape::json);
      EXPECT_EQ(text == raw, plain || byte >= 0x7f) << byte << " at " << position;
    }
  }
}

TEST_F(VariablesTest, TheCombinedFormatIsNginxs) {
  send("User-Agent", "curl/7.88.1");
  request.ended_at = WallTime(1574424000s);
  request.response.status = 200;
  request.body_bytes_sent = 6;
  const auto variable = [](Variable which, std::string name = "") {
    return TextPart{which, std::move(name), 0};
  };
  const auto text = [](std::string words) { return TextPart{Variable::literal, words, 0}; };
  LogFormat combined{
      "combined",
      {{variable(Variable::remote_addr), text(" - "), variable(Variable::remote_user), text(" ["),
        variable(Variable::time_local), text("] \""), variable(Variable::request), text("\" "),
        variable(Variable::status), text(" "), variable(Variable::body_bytes_sent), text(" \""),
        variable(Variable::http_name, "referer"), text("\" \""),
        variable(Variable::http_name, "user_agent"), text("\"")},
       ""},
      LogFormat::Escape::standard};
  std::string line;
  append_log_text(line, combined, request);
  EXPECT_EQ(line,
            "192.168.175.1 - - [22/Nov/2019:12:00:00 +0000] \"GET /a%20b?x=1&Id=7 HTTP/1.1\" 200 6 "
            "\"-\" \"curl/7.88.1\"");
}

}  // namespace
}  // namespace baton::proxy
