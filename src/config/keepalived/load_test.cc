// keepalived.conf as users write it, into the model, and what is said about mistakes.

#include "config/keepalived/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace baton::config::keepalived {
namespace {

using testing::HasSubstr;

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

constexpr std::string_view tutorial_master = R"(      ! Configuration File for keepalived

      global_defs {
         router_id nginx01
      }

      #注: vrrp_instance 定义用于将 director(调度器) 加到虚拟组中,以实现互为备份
      vrrp_instance web_server_group {
          state MASTER
          interface ens33
          virtual_router_id 55   #作为 00-00-5E-00-01-XX 中的 XX, 所以范围为 0 到 255, 见 https://en.wikipedia.org/wiki/Virtual_Router_Redundancy_Protocol
          priority 100           #选举 master 时,谁优先级高,谁就当 master(数字越大,优先级越高)
          advert_int 1           #master 和 slave确定后, master 隔 advert_int 秒发送心跳信息
          authentication {
              auth_type PASS
              auth_pass 1234
          }
          virtual_ipaddress {
              192.168.175.100
          }
      }
)";

TEST_F(LoadTest, TheTutorialsMasterLoadsWithoutAWord) {
  const auto model = load_text(tutorial_master);
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(everything(), "");
  EXPECT_EQ(model->router_id, "nginx01");
  ASSERT_EQ(model->instances.size(), 1u);
  const VrrpInstance& instance = model->instances[0];
  EXPECT_EQ(instance.name, "web_server_group");
  EXPECT_TRUE(instance.wants_master);
  EXPECT_EQ(instance.interface, "ens33");
  EXPECT_EQ(instance.virtual_router_id, 55);
  EXPECT_EQ(instance.priority, 100);
  EXPECT_EQ(instance.advert_interval, 1s);
  EXPECT_EQ(instance.auth, VrrpAuth::password);
  EXPECT_EQ(instance.password, "1234");
  ASSERT_EQ(instance.addresses.size(), 1u);
  EXPECT_EQ(instance.addresses[0].prefix.text(), "192.168.175.100/32");
  EXPECT_FALSE(instance.track_proxy.has_value());
}

TEST_F(LoadTest, TheTutorialsBackupWithUnicastAndScriptLoads) {
  const std::string script = write("check_nginx.sh", "#!/bin/bash\n", 0755);
  std::string text(tutorial_master);
  text.replace(text.find("MASTER"), 6, "BACKUP");
  text.insert(text.find("          virtual_ipaddress"),
              "    unicast_src_ip    192.168.175.102\n\n    unicast_peer {\n"
              "        192.168.175.101\n    }\n"
              "        # 在 vrrp_instance 块中\n        track_script {\n"
              "            check_nginx_service\n        }\n");
  text = "vrrp_script check_nginx_service {\n     script \"" + script +
         "\"\n     interval 1\n}\n" + text;
  const auto model = load_text(text);
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(everything(), "");
  const VrrpInstance& instance = model->instances[0];
  EXPECT_FALSE(instance.wants_master);
  ASSERT_EQ(instance.unicast_peers.size(), 1u);
  EXPECT_EQ(instance.unicast_peers[0].address.text(), "192.168.175.101");
  EXPECT_EQ(instance.source_address->text(), "192.168.175.102");
  ASSERT_EQ(instance.tracked_scripts.size(), 1u);
  EXPECT_EQ(model->scripts[0].command.arguments, std::vector<std::string>{script});
}

}  // namespace
}  // namespace baton::config::keepalived
