// The table in the words of nfnetlink: batches of messages, rules as lists of expressions.

#include "linux/packet_filter.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace baton::linux {

namespace {

constexpr std::size_t batch_bytes_max = 1 << 20;
constexpr std::size_t message_bytes_max = 4096;
constexpr std::uint8_t icmpv6 = 58;
constexpr std::uint8_t first_discovery_type = 133;  // router solicitation
constexpr std::uint8_t last_discovery_type = 137;   // redirect

// Messages one behind the other, each in a buffer that surely holds it.
class Batch {
 public:
  explicit Batch(std::uint32_t& sequence) : sequence_(sequence) {
    put(NFNL_MSG_BATCH_BEGIN, AF_UNSPEC, 0, NFNL_SUBSYS_NFTABLES);
  }

  template <typename Fill>
  void add(int type, std::uint16_t flags, Fill fill) {
    nlmsghdr* message = start(NFNL_SUBSYS_NFTABLES << 8 | type, NFPROTO_INET,
                              static_cast<std::uint16_t>(NLM_F_REQUEST | flags), 0);
    fill(message);
    finish(message);
  }

  std::span<const char> end() {
    put(NFNL_MSG_BATCH_END, AF_UNSPEC, 0, NFNL_SUBSYS_NFTABLES);
    return bytes_;
  }
  [[nodiscard]] bool is_too_long() const { return bytes_.size() > batch_bytes_max; }

 private:
  nlmsghdr* start(int type, std::uint8_t family, std::uint16_t flags, std::uint16_t resource) {
    bytes_.resize(used_ + message_bytes_max);
    nlmsghdr* message = mnl_nlmsg_put_header(bytes_.data() + used_);
    message->nlmsg_type = static_cast<std::uint16_t>(type);
    message->nlmsg_flags = flags;
    message->nlmsg_seq = ++sequence_;
    auto* head = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg)));
    head->nfgen_family = family;
    head->version = NFNETLINK_V0;
    head->res_id = htons(resource);
    return message;
  }
  void finish(const nlmsghdr* message) {
    used_ += MNL_ALIGN(message->nlmsg_len);
    bytes_.resize(used_);
  }
  void put(int type, std::uint8_t family, std::uint16_t flags, std::uint16_t resource) {
    finish(start(type, family, static_cast<std::uint16_t>(NLM_F_REQUEST | flags), resource));
  }

  std::vector<char> bytes_;
  std::size_t used_ = 0;
  std::uint32_t& sequence_;
};

// One expression of a rule: a name and its attributes.
template <typename Fill>
void expression(nlmsghdr* message, const char* name, Fill fill) {
  nlattr* element = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
  mnl_attr_put_strz(message, NFTA_EXPR_NAME, name);
  nlattr* data = mnl_attr_nest_start(message, NFTA_EXPR_DATA);
  fill();
  mnl_attr_nest_end(message, data);
  mnl_attr_nest_end(message, element);
}

void load_meta(nlmsghdr* message, nft_meta_keys key) {
  expression(message, "meta", [&] {
    mnl_attr_put_u32(message, NFTA_META_KEY, htonl(key));
    mnl_attr_put_u32(message, NFTA_META_DREG, htonl(NFT_REG_1));
  });
}

void load_payload(nlmsghdr* message, nft_payload_bases base, std::uint32_t offset,
                  std::uint32_t length) {
  expression(message, "payload", [&] {
    mnl_attr_put_u32(message, NFTA_PAYLOAD_DREG, htonl(NFT_REG_1));
    mnl_attr_put_u32(message, NFTA_PAYLOAD_BASE, htonl(base));
    mnl_attr_put_u32(message, NFTA_PAYLOAD_OFFSET, htonl(offset));
    mnl_attr_put_u32(message, NFTA_PAYLOAD_LEN, htonl(length));
  });
}

void compare(nlmsghdr* message, nft_cmp_ops operation, const void* value, std::size_t length) {
  expression(message, "cmp", [&] {
    mnl_attr_put_u32(message, NFTA_CMP_SREG, htonl(NFT_REG_1));
    mnl_attr_put_u32(message, NFTA_CMP_OP, htonl(operation));
    nlattr* data = mnl_attr_nest_start(message, NFTA_CMP_DATA);
    mnl_attr_put(message, NFTA_DATA_VALUE, length, value);
    mnl_attr_nest_end(message, data);
  });
}

void compare_byte(nlmsghdr* message, nft_cmp_ops operation, std::uint8_t value) {
  compare(message, operation, &value, 1);
}

void give_verdict(nlmsghdr* message, int verdict) {
  expression(message, "immediate", [&] {
    mnl_attr_put_u32(message, NFTA_IMMEDIATE_DREG, htonl(NFT_REG_VERDICT));
    nlattr* data = mnl_attr_nest_start(message, NFTA_IMMEDIATE_DATA);
    nlattr* inner = mnl_attr_nest_start(message, NFTA_DATA_VERDICT);
    mnl_attr_put_u32(message, NFTA_VERDICT_CODE, htonl(static_cast<std::uint32_t>(verdict)));
    mnl_attr_nest_end(message, inner);
    mnl_attr_nest_end(message, data);
  });
}

struct Chain {
  const char* name;
  std::uint32_t hook;
  // Where the address stands that is looked at: the destination of what comes in.
  std::uint32_t offset_ipv4;
  std::uint32_t offset_ipv6;
};

constexpr std::array chains = {Chain{"in", NF_INET_LOCAL_IN, 16, 24},
                               Chain{"out", NF_INET_LOCAL_OUT, 12, 8}};

void put_table(Batch& batch, const PacketFilter::Settings& settings, bool owned) {
  batch.add(NFT_MSG_NEWTABLE, NLM_F_CREATE, [&](nlmsghdr* message) {
    mnl_attr_put_strz(message, NFTA_TABLE_NAME, settings.table.c_str());
    if (owned) mnl_attr_put_u32(message, NFTA_TABLE_FLAGS, htonl(NFT_TABLE_F_OWNER));
  });
}

void delete_table(Batch& batch, const std::string& name) {
  batch.add(NFT_MSG_DELTABLE, 0,
            [&](nlmsghdr* message) { mnl_attr_put_strz(message, NFTA_TABLE_NAME, name.c_str()); });
}

void put_chain(Batch& batch, const PacketFilter::Settings& settings, const Chain& chain) {
  batch.add(NFT_MSG_NEWCHAIN, NLM_F_CREATE, [&](nlmsghdr* message) {
    mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, settings.table.c_str());
    mnl_attr_put_strz(message, NFTA_CHAIN_NAME, chain.name);
    nlattr* hook = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);
    mnl_attr_put_u32(message, NFTA_HOOK_HOOKNUM, htonl(chain.hook));
    mnl_attr_put_u32(message, NFTA_HOOK_PRIORITY,
                     htonl(static_cast<std::uint32_t>(settings.priority)));
    mnl_attr_nest_end(message, hook);
    mnl_attr_put_u32(message, NFTA_CHAIN_POLICY, htonl(NF_ACCEPT));
    mnl_attr_put_strz(message, NFTA_CHAIN_TYPE, "filter");
  });
}

template <typename Fill>
void put_rule(Batch& batch, const PacketFilter::Settings& settings, const Chain& chain, Fill fill) {
  batch.add(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, [&](nlmsghdr* message) {
    mnl_attr_put_strz(message, NFTA_RULE_TABLE, settings.table.c_str());
    mnl_attr_put_strz(message, NFTA_RULE_CHAIN, chain.name);
    nlattr* list = mnl_attr_nest_start(message, NFTA_RULE_EXPRESSIONS);
    fill(message);
    mnl_attr_nest_end(message, list);
  });
}

void let_discovery_pass(nlmsghdr* message) {
  load_meta(message, NFT_META_NFPROTO);
  compare_byte(message, NFT_CMP_EQ, NFPROTO_IPV6);
  load_meta(message, NFT_META_L4PROTO);
  compare_byte(message, NFT_CMP_EQ, icmpv6);
  load_payload(message, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1);
  compare_byte(message, NFT_CMP_GTE, first_discovery_type);
  compare_byte(message, NFT_CMP_LTE, last_discovery_type);
  give_verdict(message, NF_ACCEPT);
}

void drop_address(nlmsghdr* message, const PacketFilter::Settings& settings, const Chain& chain,
                  const net::IpAddress& address) {
  const auto bytes = address.bytes();
  load_meta(message, NFT_META_NFPROTO);
  compare_byte(message, NFT_CMP_EQ, address.is_ipv4() ? NFPROTO_IPV4 : NFPROTO_IPV6);
  load_payload(message, NFT_PAYLOAD_NETWORK_HEADER,
               address.is_ipv4() ? chain.offset_ipv4 : chain.offset_ipv6,
               static_cast<std::uint32_t>(bytes.size()));
  compare(message, NFT_CMP_EQ, bytes.data(), bytes.size());
  if (settings.counters) expression(message, "counter", [] {});
  give_verdict(message, NF_DROP);
}

}  // namespace

Status PacketFilter::drop(const Settings& settings, std::span<const net::IpAddress> addresses) {
  if (addresses.empty() && present_.empty()) return {};
  if (!fd_) {
    fd_ = runtime::Fd(
        ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER));
    sockaddr_nl self{};
    self.nl_family = AF_NETLINK;
    if (!fd_ || ::bind(fd_.get(), reinterpret_cast<sockaddr*>(&self), sizeof self) != 0) {
      return fail_errno(errno, "nfnetlink socket");
    }
  }
  Status done = replace(settings, addresses, true);
  // Kernels before 5.12 know no owners.
  if (!done && (done.error().errno_value == EOPNOTSUPP || done.error().errno_value == EINVAL)) {
    done = replace(settings, addresses, false);
  }
  return done;
}

Status PacketFilter::replace(const Settings& settings, std::span<const net::IpAddress> addresses,
                             bool owned) {
  Batch batch(sequence_);
  if (!present_.empty()) delete_table(batch, present_);
  if (!addresses.empty()) {
    put_table(batch, settings, owned);
    for (const Chain& chain : chains) {
      put_chain(batch, settings, chain);
      put_rule(batch, settings, chain, let_discovery_pass);
      for (const auto& address : addresses) {
        put_rule(batch, settings, chain,
                 [&](nlmsghdr* message) { drop_address(message, settings, chain, address); });
      }
    }
  }
  const std::uint32_t last = sequence_;
  const auto bytes = batch.end();
  if (batch.is_too_long()) return fail_errno(EMSGSIZE, "nftables rules");
  if (Status sent = send(bytes, last); !sent) return sent;
  present_ = addresses.empty() ? "" : settings.table;
  return {};
}

// The kernel takes the batch while it is sent and answers only what it refuses: no answer is
// success.
Status PacketFilter::send(std::span<const char> batch, std::uint32_t last_sequence) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(fd_.get(), batch.data(), batch.size(), 0, reinterpret_cast<sockaddr*>(&kernel),
               sizeof kernel) < 0) {
    return fail_errno(errno, "nftables");
  }
  int problem = 0;
  alignas(nlmsghdr) std::array<char, 16384> answer{};
  for (;;) {
    const ssize_t count = ::recv(fd_.get(), answer.data(), answer.size(), 0);
    if (count <= 0) break;
    int left = static_cast<int>(count);
    for (auto* message = reinterpret_cast<nlmsghdr*>(answer.data()); mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left)) {
      if (message->nlmsg_type != NLMSG_ERROR || message->nlmsg_seq > last_sequence + 1) continue;
      const auto* error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message));
      if (error->error != 0 && problem == 0) problem = -error->error;
    }
  }
  if (problem != 0) return fail_errno(problem, "nftables");
  return {};
}

}  // namespace baton::linux
