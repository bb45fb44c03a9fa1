// Names against a host made up.

#include "cli/missing_interfaces.h"

#include <gtest/gtest.h>

namespace baton::cli {
namespace {

config::Failover one_instance(const char* interface) {
  config::Failover model;
  config::VrrpInstance instance;
  instance.name = "VI_1";
  instance.interface = interface;
  model.instances.push_back(instance);
  return model;
}

const std::vector<std::string> host = {"lo", "eth0", "eth1"};

TEST(MissingInterfaces, AMistypedOneIsNamedOnceWithThoseThatAreThere) {
  auto model = one_instance("eht0");
  model.instances[0].tracked_interfaces.emplace_back().name = "eht0";
  config::Diagnostics diagnostics;
  warn_of_missing_interfaces(model, host, "WARNING - ", diagnostics);
  ASSERT_EQ(diagnostics.all().size(), 1u);
  const auto& said = diagnostics.all()[0];
  EXPECT_EQ(said.message, "WARNING - interface eht0 for vrrp_instance VI_1 doesn't exist");
  EXPECT_EQ(said.suggestion, "here are lo, eth0, eth1; baton waits for eht0 in FAULT STATE");
  EXPECT_FALSE(diagnostics.failed());
}

TEST(MissingInterfaces, ThoseThatAreThereAndThoseThatBatonMakesAreFine) {
  auto model = one_instance("eth0");
  model.instances[0].vmac.links.emplace_back().name = "vrrp.51";
  model.instances[0].addresses.emplace_back().device = "vrrp.51";
  model.instances[0].addresses.emplace_back().device = "eth1";
  model.instances[0].addresses.emplace_back().device = "";
  config::Diagnostics diagnostics;
  warn_of_missing_interfaces(model, host, "WARNING - ", diagnostics);
  EXPECT_TRUE(diagnostics.all().empty());
}

TEST(MissingInterfaces, WithDynamicInterfacesNobodyKnowsYet) {
  auto model = one_instance("ppp0");
  model.dynamic_interfaces = true;
  config::Diagnostics diagnostics;
  warn_of_missing_interfaces(model, host, "WARNING - ", diagnostics);
  EXPECT_TRUE(diagnostics.all().empty());
}

}  // namespace
}  // namespace baton::cli
