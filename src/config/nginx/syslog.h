// "syslog:server=...,facility=...,tag=...", which error_log and access_log take alike.
#pragma once

#include <memory>

#include "config/nginx/reader.h"

namespace baton::config::nginx {

// The target that the directive's first word names; null, with the problem told, when it is wrong.
std::shared_ptr<const SyslogTarget> parse_syslog(Reader& reader, const Directive& directive);

}  // namespace baton::config::nginx
