// The main files that nginx comes with, in the shape of the three most common packages, load as
// they are, and with the tutorial's upstream and location put into them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/nginx/load_text.h"

namespace baton::config::nginx {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view mime_types = R"(
types {
    text/html                             html htm shtml;
    text/css                              css;
    image/gif                             gif;
    image/jpeg                            jpeg jpg;
    application/javascript                js;
    application/vnd.openxmlformats-officedocument.wordprocessingml.document
                                          docx;
}
)";

// CentOS 7's EPEL package.
constexpr std::string_view epel = R"(
# For more information on configuration, see: http://nginx.org/en/docs/
user root;
worker_processes auto;
error_log /var/log/nginx/error.log;
pid /run/nginx.pid;

# Load dynamic modules.
include /usr/share/nginx/modules/*.conf;

events {
    worker_connections 1024;
}

http {
    log_format  main  '$remote_addr - $remote_user [$time_local] "$request" '
                      '$status $body_bytes_sent "$http_referer" '
                      '"$http_user_agent" "$http_x_forwarded_for"';

    access_log  /var/log/nginx/access.log  main;

    sendfile            on;
    tcp_nopush          on;
    tcp_nodelay         on;
    keepalive_timeout   65;
    types_hash_max_size 2048;

    include             /etc/nginx/mime.types;
    default_type        application/octet-stream;

    # Load modular configuration files from the /etc/nginx/conf.d directory.
    include /etc/nginx/conf.d/*.conf;
UPSTREAM
    server {
        listen       80 default_server;
        listen       [::]:80 default_server;
        server_name  _;
        root         /usr/share/nginx/html;

        # Load configuration files for the default server block.
        include /etc/nginx/default.d/*.conf;

        location / {
LOCATION
        }

        error_page 404 /404.html;
            location = /40x.html {
        }

        error_page 500 502 503 504 /50x.html;
            location = /50x.html {
        }
    }

# Settings for a TLS enabled server.
#
#    server {
#        listen       443 ssl http2 default_server;
#    }

}
)";

constexpr std::string_view tutorial_upstream = R"(
        upstream WebServer {
            server 192.168.175.121 weight=1 max_fails=2 fail_timeout=5s;
            server 192.168.175.122 weight=1 max_fails=2 fail_timeout=5s;  #后端服务器
        }
)";

constexpr std::string_view tutorial_location = R"(
            proxy_set_header Host $host;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_pass http://WebServer;
)";

std::string epel_with(std::string_view upstream, std::string_view location) {
  std::string text(epel);
  text.replace(text.find("UPSTREAM"), 8, upstream);
  text.replace(text.find("LOCATION"), 8, location);
  return text;
}

Loaded load_stock(const std::string& text) {
  return load_text(text, {{"/etc/nginx/mime.types", std::string(mime_types)}});
}

TEST(StockFiles, EpelLoadsUnchanged) {
  const Loaded loaded = load_stock(epel_with("", ""));
  ASSERT_TRUE(loaded.proxy) << testing::PrintToString(loaded.lines());
  const Proxy& proxy = *loaded.proxy;
  EXPECT_EQ(proxy.user, "root");
  EXPECT_EQ(proxy.worker_processes, 0u);
  EXPECT_EQ(proxy.worker_connections, 1024u);
  ASSERT_EQ(proxy.servers.size(), 1u);
  const Server& server = proxy.servers[0];
  ASSERT_EQ(server.locations.size(), 4u);
  EXPECT_EQ(server.locations[1].root.literal(), "/usr/share/nginx/html");
  EXPECT_EQ(server.locations[1].error_pages.size(), 2u);
  EXPECT_EQ(server.locations[1].types->at("docx"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document");
  ASSERT_EQ(proxy.listeners.size(), 2u);
  EXPECT_EQ(proxy.listeners[0].address.text(), "0.0.0.0:80");
  EXPECT_EQ(proxy.listeners[1].address.text(), "[::]:80");
  EXPECT_THAT(loaded.lines(),
              ElementsAre("note: directive \"types_hash_max_size\" has no effect in baton"));
}

TEST(StockFiles, TheTutorialGoesIntoEpelsMainFile) {
  const Loaded loaded = load_stock(epel_with(tutorial_upstream, tutorial_location));
  ASSERT_TRUE(loaded.proxy) << testing::PrintToString(loaded.lines());
  const Proxy& proxy = *loaded.proxy;
  ASSERT_EQ(proxy.upstreams.size(), 1u);
  ASSERT_EQ(proxy.upstreams[0].servers.size(), 2u);
  const UpstreamServer& second = proxy.upstreams[0].servers[1];
  EXPECT_EQ(second.name, "192.168.175.122:80");
  EXPECT_EQ(second.endpoint.text(), "192.168.175.122:80");
  EXPECT_EQ(second.max_fails, 2u);
  EXPECT_EQ(second.fail_timeout, 5s);
  const Location& location = proxy.servers[0].locations[1];
  ASSERT_TRUE(location.proxy);
  EXPECT_EQ(location.proxy->upstream, 0u);
  EXPECT_EQ(location.proxy->host_header, "WebServer");
  ASSERT_EQ(location.proxy->set_headers.size(), 3u);
  EXPECT_EQ(location.proxy->set_headers[0].name, "Host");
  EXPECT_EQ(location.proxy->set_headers[0].value.parts[0].variable, Variable::host);
  EXPECT_EQ(location.proxy->set_headers[2].value.parts[0].variable,
            Variable::proxy_add_x_forwarded_for);
  ASSERT_EQ(location.access_logs->size(), 1u);
  EXPECT_EQ(proxy.log_formats[location.access_logs->at(0).format].name, "main");
}

TEST(StockFiles, DebiansLoadsUnchanged) {
  constexpr std::string_view debian = R"(user root;
worker_processes auto;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log;
include /etc/nginx/modules-enabled/*.conf;

events {
	worker_connections 768;
	# multi_accept on;
}

http {
	sendfile on;
	tcp_nopush on;
	types_hash_max_size 2048;
	# server_tokens off;
	include /etc/nginx/mime.types;
	default_type application/octet-stream;
	ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; # Dropping SSLv3, ref: POODLE
	ssl_prefer_server_ciphers on;
	access_log /var/log/nginx/access.log;
	gzip on;
	include /etc/nginx/conf.d/*.conf;
	include /etc/nginx/sites-enabled/*;
}
)";
  constexpr std::string_view site = R"(server {
	listen 80 default_server;
	listen [::]:80 default_server;
	root /var/www/html;
	index index.html index.htm index.nginx-debian.html;
	server_name _;
	location / {
		try_files $uri $uri/ =404;
	}
}
)";
  const Loaded loaded = load_text(
      debian,
      {{"/etc/nginx/mime.types", std::string(mime_types)},
       {"/etc/nginx/sites-enabled/default", std::string(site)},
       {"/etc/nginx/modules-enabled/50-mod-stream.conf",
        "load_module modules/ngx_stream_module.so;\n"}},
      {{"/etc/nginx/modules-enabled/*.conf", {"/etc/nginx/modules-enabled/50-mod-stream.conf"}},
       {"/etc/nginx/sites-enabled/*", {"/etc/nginx/sites-enabled/default"}}});
  ASSERT_TRUE(loaded.proxy) << testing::PrintToString(loaded.lines());
  const Location& location = loaded.proxy->servers[0].locations[1];
  ASSERT_EQ(location.try_files.size(), 3u);
  EXPECT_EQ(location.try_files[2].literal(), "=404");
  std::vector<std::string> index;
  for (const TemplateText& name : location.index) index.push_back(name.source);
  EXPECT_THAT(index, ElementsAre("index.html", "index.htm", "index.nginx-debian.html"));
  EXPECT_EQ(loaded.diagnostics.count(Severity::note), 4u);
  EXPECT_EQ(loaded.diagnostics.count(Severity::warning), 0u);
}

TEST(StockFiles, UpstreamsOwnLoadsUnchanged) {
  constexpr std::string_view upstream = R"(
#user  nobody;
worker_processes  1;

#error_log  logs/error.log;

#pid        logs/nginx.pid;


events {
    worker_connections  1024;
}


http {
    include       mime.types;
    default_type  application/octet-stream;

    #log_format  main  '$remote_addr - $remote_user [$time_local] "$request" '
    sendfile        on;
    #tcp_nopush     on;

    #keepalive_timeout  0;
    keepalive_timeout  65;

    #gzip  on;

    server {
        listen       80;
        server_name  localhost;

        #charset koi8-r;

        location / {
            root   html;
            index  index.html index.htm;
        }

        #error_page  404              /404.html;

        # redirect server error pages to the static page /50x.html
        #
        error_page   500 502 503 504  /50x.html;
        location = /50x.html {
            root   html;
        }
    }
}
)";
  const Loaded loaded = load_stock(std::string(upstream));
  ASSERT_TRUE(loaded.proxy) << testing::PrintToString(loaded.lines());
  EXPECT_THAT(loaded.lines(), IsEmpty());
  const Server& server = loaded.proxy->servers[0];
  EXPECT_EQ(server.primary_name, "localhost");
  EXPECT_EQ(server.locations[1].root.literal(), "/etc/nginx/html");
  EXPECT_EQ(server.locations[1].keepalive_timeout, 65s);
  EXPECT_EQ(server.locations[1].access_logs->at(0).path, "/var/log/nginx/access.log");
}

}  // namespace
}  // namespace baton::config::nginx
