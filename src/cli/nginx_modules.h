// What `nginx -V` says of modules, taken from the grammar: a module is there when baton takes one
// of the directives that it is used by. So the list cannot promise what a configuration would be
// refused for, and what is built tomorrow appears in it by itself.
#pragma once

#include <string>

namespace baton::cli {

// "--with-http_realip_module ... --without-http_ssi_module ...": what is there beyond nginx's
// defaults, then what of its defaults is not.
std::string module_arguments();

}  // namespace baton::cli
