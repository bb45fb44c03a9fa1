// Temporary files of bodies that do not fit memory, named and placed as nginx does: ten digits
// that count up, in folders made of their last digits.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "config/model/temporary_path.h"
#include "runtime/fd.h"

namespace baton::proxy {

struct TemporaryFile {
  runtime::Fd fd;
  std::string path;
};

// A new file for reading and writing; without `named` its name is gone again already, and with the
// descriptor the file is. An error is nginx's message: `open() "/path" failed (13: ...)`.
std::expected<TemporaryFile, std::string> make_temporary_file(const config::TemporaryPath& place,
                                                              std::string_view default_folder,
                                                              bool named);

// Writes all of `bytes` at `offset`. An error is nginx's message.
std::expected<void, std::string> write_at(const TemporaryFile& file, std::string_view bytes,
                                          std::uint64_t offset);

}  // namespace baton::proxy
