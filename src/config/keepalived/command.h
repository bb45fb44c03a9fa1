// Commands of check and notify scripts: split into words without a shell, their account resolved
// to numbers, and, where the disk may be asked, whether the program is there, may be executed by
// that account and cannot be replaced by others.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/keepalived/reader.h"

namespace baton::config::keepalived {

// The account of `name`, with `group` instead of its own group when not empty. Null when one of
// them does not exist.
std::optional<ScriptUser> find_account(std::string_view name, std::string_view group);

// keepalived's choice when nothing is configured: keepalived_script if it exists, else who we are.
ScriptUser default_account();

// The account named in words `index` (user) and `index + 1` (group, optional); a tolerated error
// and null when it does not exist.
std::optional<ScriptUser> read_account(Reader& reader, const Statement& statement,
                                       std::size_t index);

// Splits the command of `statement` (its second shell-like word). Null after a tolerated error.
std::optional<ScriptCommand> read_command(Reader& reader, const Statement& statement);

// How safe a script must be.
enum class Safety : std::uint8_t { any, others_cannot_write };

// Finds the program of `command`, through PATH when it has no slash, and makes arguments[0] the
// place it was found at. Returns what is wrong with it, an empty string when nothing is.
std::string settle_program(ScriptCommand& command, Safety safety);

}  // namespace baton::config::keepalived
