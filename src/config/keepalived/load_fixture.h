// What the tests of this folder share: a folder of files, and questions about the problems found.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "config/keepalived/load.h"

namespace baton::config::keepalived {

// A folder of its own for one test's files.
class LoadTest : public testing::Test {
 protected:
  LoadTest() {
    std::string pattern = testing::TempDir() + "baton-keepalived-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~LoadTest() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, std::string_view text, mode_t mode = 0644) {
    const std::string path = folder_ + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }

  std::shared_ptr<const Failover> load_file(const std::string& path) {
    return load(sources_, {path, "main"}, problems_);
  }
  std::shared_ptr<const Failover> load_text(std::string_view text) {
    return load_file(write("keepalived.conf", text));
  }

  // An instance that is right, with `lines` in it.
  static std::string instance_with(const std::string& lines, const std::string& name = "VI_1",
                                   const std::string& id = "51") {
    return "vrrp_instance " + name + " {\n  interface ens33\n  virtual_router_id " + id + "\n" +
           lines + "\n  virtual_ipaddress {\n    10.0.0.1\n  }\n}\n";
  }

  [[nodiscard]] const Diagnostic* find(std::string_view part) const {
    for (const auto& problem : problems_.all()) {
      if (problem.message.find(part) != std::string::npos) return &problem;
    }
    return nullptr;
  }
  [[nodiscard]] bool tolerates(std::string_view part) const {
    const Diagnostic* problem = find(part);
    return problem && problem->severity == Severity::error && problem->tolerated;
  }
  [[nodiscard]] bool refuses(std::string_view part) const {
    const Diagnostic* problem = find(part);
    return problem && problem->severity == Severity::error && !problem->tolerated;
  }
  [[nodiscard]] bool says(Severity severity, std::string_view part) const {
    const Diagnostic* problem = find(part);
    return problem && problem->severity == severity;
  }
  [[nodiscard]] std::string everything() const {
    std::string text;
    for (const auto& problem : problems_.all()) text += render(problem, sources_);
    return text;
  }

  std::string folder_;
  SourceTree sources_ = SourceTree::from_disk();
  Diagnostics problems_;
};

}  // namespace baton::config::keepalived
