// Proves the layering: reads every #include "..." below src/ and holds it against src/LAYERS.
// A folder may include itself and folders listed above it; main.cc may include everything.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::map<std::string, int> read_layers(const fs::path& source) {
  std::map<std::string, int> layers;
  std::ifstream file(source / "LAYERS");
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') layers.emplace(line, static_cast<int>(layers.size()));
  }
  return layers;
}

std::vector<std::string> included_paths(const fs::path& file) {
  std::vector<std::string> paths;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with("#include \"")) continue;
    paths.push_back(line.substr(10, line.find('"', 10) - 10));
  }
  return paths;
}

std::string top_folder(const std::string& path) {
  return path.substr(0, path.find('/'));
}

TEST(Layers, IncludesPointDownOnly) {
  const fs::path source = fs::path(BATON_SOURCE_DIR) / "src";
  const auto layers = read_layers(source);
  ASSERT_GT(layers.size(), 5u);
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(source)) {
    const auto extension = entry.path().extension();
    if (extension != ".cc" && extension != ".h") continue;
    const std::string relative = fs::relative(entry.path(), source).string();
    if (relative.find('/') == std::string::npos) continue;
    const std::string folder = top_folder(relative);
    ASSERT_TRUE(layers.contains(folder)) << folder << " is not in src/LAYERS";
    ++files;
    for (const std::string& path : included_paths(entry.path())) {
      const std::string target = top_folder(path);
      ASSERT_TRUE(layers.contains(target)) << relative << " includes " << path;
      EXPECT_LE(layers.at(target), layers.at(folder)) << relative << " includes " << path;
    }
  }
  EXPECT_GT(files, 10);
}

// Headers and sources of one folder may not form a cycle either: "0 % of units in cycles".
class UnitGraph {
 public:
  void add(const std::string& unit, const std::string& target) { edges_[unit].push_back(target); }
  std::string find_cycle() {
    for (const auto& [unit, targets] : edges_) {
      if (visit(unit)) return unit;
    }
    return "";
  }

 private:
  bool visit(const std::string& unit) {
    int& mark = marks_[unit];
    if (mark == 1) return true;
    if (mark == 2) return false;
    mark = 1;
    if (auto found = edges_.find(unit); found != edges_.end()) {
      for (const auto& target : found->second) {
        if (visit(target)) return true;
      }
    }
    marks_[unit] = 2;
    return false;
  }
  std::map<std::string, std::vector<std::string>> edges_;
  std::map<std::string, int> marks_;
};

TEST(Layers, NoUnitSitsInAnIncludeCycle) {
  const fs::path source = fs::path(BATON_SOURCE_DIR) / "src";
  UnitGraph graph;
  for (const auto& entry : fs::recursive_directory_iterator(source)) {
    const auto extension = entry.path().extension();
    if (extension != ".cc" && extension != ".h") continue;
    const std::string unit = fs::relative(entry.path(), source).replace_extension("").string();
    for (const std::string& path : included_paths(entry.path())) {
      const std::string target = fs::path(path).replace_extension("").string();
      if (target != unit) graph.add(unit, target);
    }
  }
  EXPECT_EQ(graph.find_cycle(), "");
}

}  // namespace
