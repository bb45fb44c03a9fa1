// All mutants together, and the one that changes nothing.

#include "simulation/mutants.h"

namespace baton::simulation {

bool Mutant::lets(const vrrp::Instance&, vrrp::Event&) {
  return true;
}
void Mutant::alters(const vrrp::Instance&, const vrrp::Event&, vrrp::Actions&) {}
void Mutant::settles(vrrp::Settings&) {}

const std::vector<MutantKind>& mutant_kinds() {
  static const std::vector<MutantKind> kinds = [] {
    std::vector<MutantKind> all = machine_mutants();
    const auto& company = company_mutants();
    all.insert(all.end(), company.begin(), company.end());
    return all;
  }();
  return kinds;
}

}  // namespace baton::simulation
