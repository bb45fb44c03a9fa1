// Compiles text with variables in it.

#include "config/nginx/variables.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "http/header_name.h"

namespace baton::config::nginx {

namespace {

constexpr bool is_name_character(char c) {
  return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '_';
}

const std::unordered_map<std::string_view, Variable>& offered_variables() {
  static const std::unordered_map<std::string_view, Variable> variables{
      {"args", Variable::args},
      {"query_string", Variable::query_string},
      {"is_args", Variable::is_args},
      {"uri", Variable::uri},
      {"document_uri", Variable::document_uri},
      {"request_uri", Variable::request_uri},
      {"request", Variable::request},
      {"request_method", Variable::request_method},
      {"request_filename", Variable::request_filename},
      {"request_length", Variable::request_length},
      {"request_time", Variable::request_time},
      {"request_completion", Variable::request_completion},
      {"request_id", Variable::request_id},
      {"request_body", Variable::request_body},
      {"request_body_file", Variable::request_body_file},
      {"server_protocol", Variable::server_protocol},
      {"server_addr", Variable::server_addr},
      {"server_port", Variable::server_port},
      {"server_name", Variable::server_name},
      {"scheme", Variable::scheme},
      {"https", Variable::https},
      {"host", Variable::host},
      {"hostname", Variable::hostname},
      {"proxy_host", Variable::proxy_host},
      {"proxy_port", Variable::proxy_port},
      {"proxy_add_x_forwarded_for", Variable::proxy_add_x_forwarded_for},
      {"remote_addr", Variable::remote_addr},
      {"remote_port", Variable::remote_port},
      {"remote_user", Variable::remote_user},
      {"binary_remote_addr", Variable::binary_remote_addr},
      {"realip_remote_addr", Variable::realip_remote_addr},
      {"realip_remote_port", Variable::realip_remote_port},
      {"document_root", Variable::document_root},
      {"realpath_root", Variable::realpath_root},
      {"content_length", Variable::content_length},
      {"content_type", Variable::content_type},
      {"status", Variable::status},
      {"bytes_sent", Variable::bytes_sent},
      {"body_bytes_sent", Variable::body_bytes_sent},
      {"connection", Variable::connection},
      {"connection_requests", Variable::connection_requests},
      {"connection_time", Variable::connection_time},
      {"pipe", Variable::pipe},
      {"pid", Variable::pid},
      {"msec", Variable::msec},
      {"time_local", Variable::time_local},
      {"time_iso8601", Variable::time_iso8601},
      {"nginx_version", Variable::nginx_version},
      {"tcpinfo_rtt", Variable::tcpinfo_rtt},
      {"date_gmt", Variable::date_gmt},
      {"date_local", Variable::date_local},
      {"request_port", Variable::request_port},
      {"is_request_port", Variable::is_request_port},
      {"tcpinfo_rttvar", Variable::tcpinfo_rttvar},
      {"tcpinfo_snd_cwnd", Variable::tcpinfo_snd_cwnd},
      {"tcpinfo_rcv_space", Variable::tcpinfo_rcv_space},
      {"invalid_referer", Variable::invalid_referer},
      {"modern_browser", Variable::modern_browser},
      {"ancient_browser", Variable::ancient_browser},
      {"msie", Variable::msie},
      {"secure_link", Variable::secure_link},
      {"secure_link_expires", Variable::secure_link_expires},
      {"uid_got", Variable::uid_got},
      {"uid_set", Variable::uid_set},
      {"limit_rate", Variable::limit_rate},
      {"upstream_addr", Variable::upstream_addr},
      {"upstream_status", Variable::upstream_status},
      {"upstream_response_time", Variable::upstream_response_time},
      {"upstream_connect_time", Variable::upstream_connect_time},
      {"upstream_header_time", Variable::upstream_header_time},
      {"upstream_response_length", Variable::upstream_response_length},
      {"upstream_bytes_received", Variable::upstream_bytes_received},
      {"upstream_bytes_sent", Variable::upstream_bytes_sent},
      {"upstream_cache_status", Variable::upstream_cache_status},
      {"upstream_cache_last_modified", Variable::upstream_cache_last_modified},
      {"upstream_cache_etag", Variable::upstream_cache_etag},
      {"upstream_cache_key", Variable::upstream_cache_key},
      {"ssl_protocol", Variable::ssl_protocol},
      {"ssl_cipher", Variable::ssl_cipher},
      {"proxy_protocol_addr", Variable::proxy_protocol_addr},
      {"proxy_protocol_port", Variable::proxy_protocol_port},
      {"proxy_protocol_server_addr", Variable::proxy_protocol_server_addr},
      {"proxy_protocol_server_port", Variable::proxy_protocol_server_port},
      {"gzip_ratio", Variable::gzip_ratio},
      {"connections_active", Variable::connections_active},
      {"connections_reading", Variable::connections_reading},
      {"connections_waiting", Variable::connections_waiting},
      {"connections_writing", Variable::connections_writing},
      {"limit_conn_status", Variable::limit_conn_status},
      {"limit_req_status", Variable::limit_req_status},
      {"fastcgi_script_name", Variable::fastcgi_script_name},
      {"fastcgi_path_info", Variable::fastcgi_path_info},
  };
  return variables;
}

struct VariableFamily {
  std::string_view prefix;
  Variable variable;
};

// Longest prefix first where one begins another.
constexpr std::array<VariableFamily, 9> families{{
    {"arg_", Variable::arg_name},
    {"cookie_", Variable::cookie_name},
    {"http_", Variable::http_name},
    {"proxy_protocol_tlv_", Variable::proxy_protocol_tlv_name},
    {"sent_http_", Variable::sent_http_name},
    {"sent_trailer_", Variable::sent_trailer_name},
    {"upstream_http_", Variable::upstream_http_name},
    {"upstream_cookie_", Variable::upstream_cookie_name},
    {"upstream_trailer_", Variable::upstream_trailer_name},
}};

// nginx's own that baton does not compute, commercial ones included.
const std::unordered_set<std::string_view>& variables_not_offered() {
  static const std::unordered_set<std::string_view> names{
      "geoip_area_code",
      "geoip_city",
      "geoip_city_continent_code",
      "geoip_city_country_code",
      "geoip_city_country_code3",
      "geoip_city_country_name",
      "geoip_country_code",
      "geoip_country_code3",
      "geoip_country_name",
      "geoip_dma_code",
      "geoip_latitude",
      "geoip_longitude",
      "geoip_org",
      "geoip_postal_code",
      "geoip_region",
      "geoip_region_name",
      "http2",
      "http3",
      "jwt_payload",
      "memcached_key",
      "proxy_internal_body_length",
      "proxy_internal_chunked",
      "quic_connection",
      "session_log_binary_id",
      "session_log_id",
      "slice_range",
      "ssl_alpn_protocol",
      "ssl_ciphers",
      "ssl_client_cert",
      "ssl_client_escaped_cert",
      "ssl_client_fingerprint",
      "ssl_client_i_dn",
      "ssl_client_i_dn_legacy",
      "ssl_client_raw_cert",
      "ssl_client_s_dn",
      "ssl_client_s_dn_legacy",
      "ssl_client_serial",
      "ssl_client_sigalg",
      "ssl_client_v_end",
      "ssl_client_v_remain",
      "ssl_client_v_start",
      "ssl_client_verify",
      "ssl_curve",
      "ssl_curves",
      "ssl_early_data",
      "ssl_ech_outer_server_name",
      "ssl_ech_status",
      "ssl_server_name",
      "ssl_session_id",
      "ssl_session_reused",
      "ssl_sigalg",
      "ssl_sigalgs",
      "uid_reset",
      "upstream_last_addr",
      "upstream_last_server_name",
      "upstream_queue_time",
  };
  return names;
}

constexpr std::array<std::string_view, 2> families_not_offered{"jwt_header_", "jwt_claim_"};

// Header names are looked up here, once, so that the request path need not.
TextPart family_part(Variable variable, std::string_view name) {
  TextPart part{variable, std::string(name), 0};
  if (variable == Variable::http_name || variable == Variable::upstream_http_name) {
    std::string spelled(name);
    std::ranges::replace(spelled, '_', '-');
    part.index = static_cast<std::uint16_t>(http::find_header_id(spelled));
  }
  return part;
}

bool is_not_offered(std::string_view name) {
  if (variables_not_offered().contains(name)) return true;
  return std::ranges::any_of(families_not_offered,
                             [&](std::string_view prefix) { return name.starts_with(prefix); });
}

class TemplateCompiler {
 public:
  TemplateCompiler(std::string_view source, const FindDefined& find_defined,
                   std::vector<TemplateProblem>& problems)
      : rest_(source), find_defined_(find_defined), problems_(problems) {
    text_.source = source;
  }

  TemplateText compile() {
    while (!rest_.empty()) {
      const std::size_t dollar = rest_.find('$');
      add_literal(rest_.substr(0, dollar));
      if (dollar == std::string_view::npos) break;
      rest_.remove_prefix(dollar + 1);
      if (!take_variable()) break;
    }
    return std::move(text_);
  }

 private:
  void add_literal(std::string_view literal) {
    if (literal.empty()) return;
    text_.parts.push_back({Variable::literal, std::string(literal), 0});
  }

  // False when nothing behind it can be trusted.
  bool take_variable() {
    if (!rest_.empty() && rest_[0] >= '1' && rest_[0] <= '9') {
      const auto number = static_cast<std::uint16_t>(rest_[0] - '0');
      text_.parts.push_back({Variable::capture, "", number});
      rest_.remove_prefix(1);
      return true;
    }
    const bool bracketed = rest_.starts_with('{');
    if (bracketed) rest_.remove_prefix(1);
    std::size_t length = 0;
    while (length < rest_.size() && is_name_character(rest_[length])) ++length;
    const std::string name = lowered(rest_.substr(0, length));
    rest_.remove_prefix(length);
    if (bracketed && !rest_.starts_with('}')) {
      problems_.push_back({TemplateProblem::Kind::missing_bracket, name});
      return false;
    }
    if (bracketed) rest_.remove_prefix(1);
    if (name.empty()) {
      problems_.push_back({TemplateProblem::Kind::invalid_name, ""});
      return false;
    }
    add_variable(name);
    return true;
  }

  void add_variable(const std::string& name) {
    if (const auto defined = find_defined_(name)) {
      text_.parts.push_back({Variable::defined, name, *defined});
    } else if (auto part = built_in_part(name)) {
      text_.parts.push_back(std::move(*part));
    } else {
      const bool known = is_not_offered(name);
      problems_.push_back(
          {known ? TemplateProblem::Kind::not_offered : TemplateProblem::Kind::unknown, name});
    }
  }

  TemplateText text_;
  std::string_view rest_;
  const FindDefined& find_defined_;
  std::vector<TemplateProblem>& problems_;
};

}  // namespace

std::optional<TextPart> built_in_part(std::string_view name) {
  if (const auto found = offered_variables().find(name); found != offered_variables().end()) {
    return TextPart{found->second, "", 0};
  }
  for (const VariableFamily& family : families) {
    if (name.starts_with(family.prefix) && name.size() > family.prefix.size()) {
      return family_part(family.variable, name.substr(family.prefix.size()));
    }
  }
  return std::nullopt;
}

bool is_built_in(std::string_view name) {
  return offered_variables().contains(name) || variables_not_offered().contains(name);
}

bool is_changeable(std::string_view name) {
  static const std::unordered_set<std::string_view> names{"args",
                                                          "limit_rate",
                                                          "proxy_host",
                                                          "proxy_port",
                                                          "invalid_referer",
                                                          "fastcgi_script_name",
                                                          "uid_reset",
                                                          "modern_browser",
                                                          "fastcgi_path_info",
                                                          "msie",
                                                          "ancient_browser",
                                                          "proxy_internal_body_length",
                                                          "memcached_key",
                                                          "proxy_internal_chunked"};
  return names.contains(name);
}

bool is_set_in_place(std::string_view name) {
  return name == "args" || name == "limit_rate";
}

TemplateText compile_template(std::string_view source, const FindDefined& find_defined,
                              std::vector<TemplateProblem>& problems) {
  return TemplateCompiler(source, find_defined, problems).compile();
}

TemplateText literal_template(std::string_view text) {
  TemplateText result;
  result.source = text;
  if (!text.empty()) result.parts.push_back({Variable::literal, std::string(text), 0});
  return result;
}

bool has_variables(std::string_view text) {
  return text.find('$') != std::string_view::npos;
}

std::string_view closest_variable(std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& [known, variable] : offered_variables()) names.push_back(known);
  std::ranges::sort(names);
  return closest_word(name, names);
}

}  // namespace baton::config::nginx
