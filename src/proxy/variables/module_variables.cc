// Values that are asked for rarely.

#include "proxy/variables/module_variables.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <ctime>

#include "base/number_text.h"
#include "base/text.h"
#include "proxy/access/secure_link.h"
#include "proxy/access/user_id.h"
#include "proxy/client/browser.h"
#include "proxy/client/user_agent.h"
#include "runtime/loop.h"

namespace baton::proxy {

namespace {

using config::Variable;

// The form that SSI dates have unless told otherwise.
bool append_date(std::string& into, bool local) {
  const std::time_t now =
      std::chrono::duration_cast<std::chrono::seconds>(runtime::wall_now().time_since_epoch())
          .count();
  std::tm parts{};
  if (local) {
    ::localtime_r(&now, &parts);
  } else {
    ::gmtime_r(&now, &parts);
  }
  char text[64];
  const std::size_t size = std::strftime(text, sizeof text, "%A, %d-%b-%Y %H:%M:%S %Z", &parts);
  into.append(text, size);
  return size > 0;
}

// The value for browsers of that age, where the client's is one.
bool append_browser(std::string& into, bool modern, const Request& request) {
  static const config::BrowserSettings usual;
  const auto* given = request.location ? request.location->browser.get() : nullptr;
  const config::BrowserSettings& settings = given ? *given : usual;
  const http::Header* line = request.head.headers.find(http::HeaderId::user_agent);
  const BrowserAge age = browser_age(settings, line ? &line->value : nullptr);
  if ((age == BrowserAge::modern) == modern) {
    into += modern ? settings.modern_value : settings.ancient_value;
  }
  return true;
}

bool append_msie(std::string& into, const Request& request) {
  const std::string_view agent = request.head.headers.value(http::HeaderId::user_agent);
  if (is_msie(agent)) into += '1';
  return true;
}

bool append_tcp_info(std::string& into, Variable variable, const Request& request) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (::getsockopt(request.client->fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  const std::uint32_t value = variable == Variable::tcpinfo_rtt        ? info.tcpi_rtt
                              : variable == Variable::tcpinfo_rttvar   ? info.tcpi_rttvar
                              : variable == Variable::tcpinfo_snd_cwnd ? info.tcpi_snd_cwnd
                                                                       : info.tcpi_rcv_space;
  append_decimal(into, value);
  return true;
}

// The port that the request itself names: in its target, or else in its Host line.
std::string_view request_port(const Request& request) {
  std::string_view host = request.head.authority;
  if (host.empty()) host = request.head.headers.value(http::HeaderId::host);
  const std::size_t colon = host.rfind(':');
  if (colon == std::string_view::npos || host.find(']', colon) != std::string_view::npos) return {};
  return host.substr(colon + 1);
}

}  // namespace

bool append_module_variable(std::string& into, Variable variable, const Request& request) {
  switch (variable) {
    case Variable::date_gmt:
    case Variable::date_local:
      return append_date(into, variable == Variable::date_local);
    case Variable::tcpinfo_rtt:
    case Variable::tcpinfo_rttvar:
    case Variable::tcpinfo_snd_cwnd:
    case Variable::tcpinfo_rcv_space:
      return append_tcp_info(into, variable, request);
    case Variable::request_port:
      into += request_port(request);
      return true;
    case Variable::is_request_port:
      if (!request_port(request).empty()) into += ':';
      return true;
    case Variable::secure_link:
      return request.location && append_secure_link(into, request);
    case Variable::secure_link_expires:
      return request.location && append_secure_link_expires(into, request);
    case Variable::modern_browser:
    case Variable::ancient_browser:
      return append_browser(into, variable == Variable::modern_browser, request);
    case Variable::msie:
      return append_msie(into, request);
    case Variable::uid_got:
      return append_uid_got(into, request);
    case Variable::uid_set:
      return append_uid_set(into, request);
    default:
      return false;
  }
}

}  // namespace baton::proxy
