// The grammar's verdicts and nginx's words for them; several problems at once; inheritance.

#include "config/nginx/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <ctime>

#include "config/nginx/grammar.h"
#include "config/nginx/load_text.h"

namespace baton::config::nginx {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Grammar, KnowsNginxsDirectives) {
  for (const char* name : {"listen", "proxy_pass", "fastcgi_param", "ssl_certificate", "map",
                           "gzip_types", "sub_filter", "tunnel_pass", "health_check"}) {
    EXPECT_FALSE(rules_for(name).empty()) << name;
  }
  EXPECT_TRUE(rules_for("no_such_directive").empty());
}

TEST(Grammar, EveryRuleOfFullSupportHasAHandler) {
  std::size_t rules = 0;
  for (const Rule* rule : every_rule()) {
    ++rules;
    EXPECT_EQ(rule->support == Support::full, rule->handler != nullptr) << rule->name;
    EXPECT_NE(rule->contexts, 0u) << rule->name;
    EXPECT_NE(rule->arguments, 0u) << rule->name;
  }
  EXPECT_GT(rules, 700u);
}

TEST(Reader, TellsAnUnknownDirectiveAndWhatWasMeant) {
  const Loaded loaded = load_text("evnts { }\nevents { }\n");
  ASSERT_EQ(loaded.diagnostics.all().size(), 2u);
  const Diagnostic& diagnostic = loaded.diagnostics.all()[0];
  EXPECT_EQ(diagnostic.message, "unknown directive \"evnts\"");
  EXPECT_EQ(diagnostic.suggestion, "did you mean \"events\"?");
  EXPECT_EQ(diagnostic.where.line, 1u);
  EXPECT_EQ(diagnostic.where.length, 5u);
}

TEST(Reader, TellsAllProblemsAtOnceInFileOrder) {
  const Loaded loaded = load_text(R"(worker_processes many;
events { worker_conections 5; }
http {
    server {
        listen 99999;
        location /a { proxy_pass ftp://x; }
        location /a { retrun 200; }
        server_name *x;
    }
    gzzip on;
}
)");
  EXPECT_FALSE(loaded.proxy);
  EXPECT_THAT(loaded.errors(),
              ElementsAre("1:18 \"worker_processes\" directive invalid value",
                          "2:10 unknown directive \"worker_conections\"",
                          "5:16 invalid port in \"99999\" of the \"listen\" directive",
                          "6:34 invalid URL prefix", "7:18 duplicate location \"/a\"",
                          "7:23 unknown directive \"retrun\"", "8:21 server name \"*x\" is invalid",
                          "10:5 unknown directive \"gzzip\""));
}

TEST(Reader, OneForgottenSemicolonGivesOneMessage) {
  const Loaded loaded = load_http(R"(server {
    listen 8080;
    root /srv
    location / { return 200; }
})");
  EXPECT_THAT(loaded.errors(), ElementsAre("5:5 directive \"root\" is not terminated by \";\""));
  EXPECT_EQ(loaded.diagnostics.all()[0].suggestion, "is a \";\" missing at the end of line 5?");
}

TEST(Reader, AForgottenSemicolonIsSeenBehindAParameterToo) {
  const Loaded loaded = load_http("server {\n listen 80\n server_name *x;\n}");
  EXPECT_THAT(loaded.errors(), ElementsAre("5:2 invalid parameter \"server_name\"",
                                           "5:14 server name \"*x\" is invalid"));
}

TEST(Reader, WarnsWhenADirectiveSwallowsTheNextLine) {
  const Loaded loaded = load_http("server {\n server_name a\n root /x;\n}");
  EXPECT_TRUE(loaded.proxy);
  EXPECT_THAT(loaded.lines(),
              testing::Contains("warning: \"root\" is an argument of \"server_name\" here: is a "
                                "\";\" missing at the end of line 4?"));
}

TEST(Reader, ReadsAMisspeltBlockForTheProblemsInsideIt) {
  EXPECT_THAT(load_http("sevrer { lisen 80; }").errors(),
              ElementsAre("3:1 unknown directive \"sevrer\"", "3:10 unknown directive \"lisen\""));
}

TEST(Reader, ALoneSlipWithBracesDoesNotHideTheRest) {
  EXPECT_THAT(load_text("events { worker_connections 5 }\nhttp { } }\nusr x;").errors(),
              ElementsAre("1:31 unexpected \"}\"", "2:10 unexpected \"}\"",
                          "3:1 unknown directive \"usr\""));
}

TEST(Reader, AFileThatEndsTooEarlyIsToldOnce) {
  EXPECT_THAT(load_text("events {}\nhttp {\n server {\n  location / {\n").errors(),
              ElementsAre("5:1 unexpected end of file, expecting \"}\""));
}

TEST(Reader, NeedsAnEventsSection) {
  const Loaded loaded = load_text("worker_processes 1;\n");
  EXPECT_THAT(loaded.errors(), ElementsAre("0:0 no \"events\" section in configuration"));
  EXPECT_FALSE(loaded.diagnostics.all()[0].where.file);
}

TEST(Reader, RefusesByNameWhatBatonLacks) {
  EXPECT_THAT(load_http("num_map $host $x { default 1; }\nserver { return 200 $x; }").errors(),
              ElementsAre("3:1 directive \"num_map\" of nginx is not supported by baton"));
  EXPECT_THAT(load_text("events {}\nstream { server { listen 1; } }").errors(),
              ElementsAre("2:1 directive \"stream\" of nginx is not supported by baton"));
  EXPECT_THAT(load_http("server { return 200 $ssl_client_cert; }").errors(),
              ElementsAre("3:21 variable \"$ssl_client_cert\" of nginx is not supported by baton"));
}

TEST(Reader, AcceptsWhatAsksForTheDefaultAnyway) {
  EXPECT_THAT(load_http("proxy_cache off; proxy_store off; ssi off;").lines(), IsEmpty());
  EXPECT_THAT(load_http("slice 1m;").errors(),
              ElementsAre("3:1 directive \"slice 1m\" of nginx is not supported by baton (only "
                          "\"0\" is)"));
}

TEST(Reader, NotesOnceWhatHasNoEffect) {
  const Loaded loaded = load_http(
      "types_hash_max_size 2048;\nserver { types_hash_max_size 4096; }\nsendfile_max_chunk 1m;");
  EXPECT_TRUE(loaded.proxy);
  EXPECT_THAT(loaded.lines(),
              ElementsAre("note: directive \"types_hash_max_size\" has no effect in baton",
                          "note: directive \"sendfile_max_chunk\" has no effect in baton"));
}

TEST(Reader, ChecksTheValuesOfWhatHasNoEffect) {
  EXPECT_THAT(load_http("types_hash_max_size many;").errors(),
              ElementsAre("3:21 \"types_hash_max_size\" directive invalid number"));
}

TEST(Reader, ADirectiveMayStandOnceOnALevel) {
  EXPECT_THAT(load_http("sendfile on; sendfile off; server { sendfile on; }").errors(),
              ElementsAre("3:14 \"sendfile\" directive is duplicate"));
}

TEST(Reader, NestedLevelsInheritWhatStandsBelowThemToo) {
  const Loaded loaded = load_http(R"(
server {
    location / { }
    location /b { client_max_body_size 2m; location /b/c { } }
    client_max_body_size 1k;
}
client_body_timeout 5s;)");
  ASSERT_TRUE(loaded.proxy);
  const auto& locations = loaded.proxy->servers[0].locations;
  ASSERT_EQ(locations.size(), 4u);
  EXPECT_EQ(locations[1].client_max_body_bytes, 1024u);
  EXPECT_EQ(locations[1].client_body_timeout, 5s);
  EXPECT_EQ(locations[2].client_max_body_bytes, 2u << 20);
  EXPECT_EQ(locations[3].client_max_body_bytes, 2u << 20);
}

TEST(Reader, ListsAreInheritedOnlyAsAWhole) {
  const Loaded loaded = load_http(R"(
add_header A 1;
error_page 404 /x;
server {
    location / { }
    location /b { add_header B 2; add_header C 3; }
})");
  ASSERT_TRUE(loaded.proxy);
  const auto& locations = loaded.proxy->servers[0].locations;
  ASSERT_EQ(locations[1].add_headers.size(), 1u);
  EXPECT_EQ(locations[1].add_headers[0].name, "A");
  ASSERT_EQ(locations[2].add_headers.size(), 2u);
  EXPECT_EQ(locations[2].add_headers[0].name, "B");
  EXPECT_EQ(locations[2].error_pages.size(), 1u);
}

TEST(Reader, DirectivesOfTheCommandLineComeFirst) {
  LoadOptions options;
  options.global_directives = "daemon off; worker_processes 3;";
  const Loaded loaded = load_text("events {}", {}, {}, options);
  ASSERT_TRUE(loaded.proxy);
  EXPECT_FALSE(loaded.proxy->daemon);
  EXPECT_EQ(loaded.proxy->worker_processes, 3u);
  const Loaded twice = load_text("daemon on; events {}", {}, {}, options);
  EXPECT_THAT(twice.errors(), ElementsAre("1:1 \"daemon\" directive is duplicate"));
  options.global_directives = "daemon off";
  EXPECT_THAT(load_text("events {}", {}, {}, options).errors(),
              ElementsAre("1:11 unexpected end of parameter, expecting \";\" in command line"));
}

TEST(Reader, TellsATypeErrorInEveryShape) {
  EXPECT_THAT(load_http("sendfile yes;").errors(),
              ElementsAre("3:10 invalid value \"yes\" in \"sendfile\" directive, it must be \"on\" "
                          "or \"off\""));
  EXPECT_THAT(load_http("server;").errors(), ElementsAre("3:1 directive \"server\" has no opening "
                                                         "\"{\""));
  EXPECT_THAT(load_http("listen 80;").errors(),
              ElementsAre("3:1 \"listen\" directive is not allowed here"));
  EXPECT_THAT(load_http("default_type;").errors(),
              ElementsAre("3:1 invalid number of arguments in \"default_type\" directive"));
}

std::string large_file(int servers) {
  std::string text = "events {}\nhttp {\n";
  for (int i = 0; i < servers; ++i) {
    text += fmt::format(R"(upstream u{0} {{ server 10.0.0.1:8080 weight=2; server 10.0.0.2:8080; }}
server {{
    listen 80;
    listen [::]:80;
    server_name host{0}.example.com *.h{0}.example.net;
    root /srv/{0};
    location / {{
        proxy_set_header Host $host;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_pass http://u{0};
    }}
    location /static/ {{ expires 1h; }}
}}
)",
                        i);
  }
  return text + "}\n";
}

TEST(Reader, TenThousandServersAreReadWithoutQuadraticWork) {
  const std::string text = large_file(10000);
  const std::clock_t start = std::clock();
  const Loaded loaded = load_text(text);
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  ASSERT_TRUE(loaded.proxy);
  EXPECT_EQ(loaded.proxy->servers.size(), 10000u);
  EXPECT_EQ(loaded.proxy->listeners[0].servers.size(), 10000u);
  std::printf("10,000 servers, %zu KB: %.3f s\n", text.size() / 1024, seconds);
  // The aim is one second; the bound leaves room for sanitizers without optimisation, not for work
  // that grows with the square of the servers.
  EXPECT_LT(seconds, 30.0);
}

}  // namespace
}  // namespace baton::config::nginx
