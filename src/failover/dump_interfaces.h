// The last sections of keepalived.data: the sockets that adverts use, and the interfaces of the
// machine. Lines are those of keepalived 2.2.7, as far as there is something of the kind in baton.
#pragma once

#include <string>

namespace baton::failover {

class NodeView;

// "VRRP Sockpool": each socket with the instances that share it.
std::string dump_sockets(const NodeView& node);
// "Interfaces": each with its addresses, its state, and who depends on it.
std::string dump_interfaces(const NodeView& node);

}  // namespace baton::failover
