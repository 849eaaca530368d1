// The settings of net.ipv4.vs, by IPVS's names and defaults. struct Settings, which packets read, the
// listing of `bpvs sysctl` and docs/settings.md are all generated from these lists.
#pragma once

#include "core/model/types.hh"

// Those that take effect: X(name, default, lowest, highest, unit, meaning).
// clang-format off
#define BPVS_SETTINGS(X)                                                                                              \
    X(am_droprate, 10, 0, 2147483647, "new connections",                                                              \
      "drop_packet = 3 drops the first packet of one in so many new connections; 0: of none")                         \
    X(cache_bypass, 0, 0, 1, "",                                                                                       \
      "1: what a service by mark has no server for goes on to where it was sent, unless that is this host; 0: it is refused") \
    X(conn_reuse_mode, 1, 0, 2, "",                                                                                   \
      "what a SYN on a known connection does. 0: it belongs to that connection whatever its state; 1: one that is "   \
      "closing gives way to a new connection (bpvs.reuse_closing); 2: as 1 for masquerading")                         \
    X(drop_entry, 0, 0, 3, "",                                                                                        \
      "ends one in 32 half-open connections (SYN_RECV, SYNACK) a second, at random. 1, 2: while more than 7/8 of the " \
      "connection table is in use; 3: always")                                                                        \
    X(drop_packet, 0, 0, 3, "",                                                                                       \
      "drops the first packet of some new connections. 1, 2: while more than 7/8 of the connection table is in use, "  \
      "the more the fuller it is; 3: always, by am_droprate")                                                         \
    X(expire_nodest_conn, 0, 0, 1, "",                                                                                \
      "of a service without --drain, 1: connections of a removed server end within a second; 0: "                     \
      "bpvs.reset_removed says what becomes of them")                                                                  \
    X(expire_quiescent_template, 0, 0, 1, "",                                                                          \
      "1: clients of a persistent service leave a server whose weight is 0 with their next connection")               \
    X(lblc_expiration, 86400, 0, 21474836, "seconds", "lblc forgets an address that no new connection was for so long")  \
    X(lblcr_expiration, 86400, 0, 21474836, "seconds",                                                                 \
      "the same for lblcr, which also takes the most loaded server out of a set that has not changed for so long")     \
    X(nat_icmp_send, 0, 0, 1, "",                                                                                      \
      "1: what a real server sends that belongs to no connection is refused by ICMP port unreachable, but for resets; "  \
      "0: it is sent on untranslated")                                                                                  \
    X(run_estimation, 1, 0, 1, "", "0: the rates stand still; counters do not")                                       \
    X(schedule_icmp, 0, 0, 1, "", "1: an ICMP error about a service but about no connection opens one, for 3 seconds")   \
    X(secure_tcp, 0, 0, 3, "",                                                                                        \
      "the TCP states for times of attack, in which a client's word alone does not establish a connection. "          \
      "1, 2: while more than 7/8 of the connection table is in use; 3: always")                                       \
    X(sloppy_sctp, 0, 0, 1, "", "1: any SCTP packet whose first chunk is not ABORT opens a connection, not only INIT")  \
    X(sloppy_tcp, 0, 0, 1, "", "1: any TCP segment without RST opens a connection, not only one with SYN")

// Those that IPVS does not have, written bpvs.NAME. Each makes something better than there; 0 is IPVS's way.
#define BPVS_OWN_SETTINGS(X)                                                                                          \
    X(hold_expired, 1, 0, 1, "",                                                                                      \
      "1: while there is room for it, a connection that has ended is kept in mind, and what its server still sends is " \
      "dropped; 0: it goes on untranslated, with the server's own address")                                           \
    X(reset_removed, 1, 0, 1, "",                                                                                     \
      "of a service without --drain, 1: the next packet of a connection whose server was removed resets both ends; "   \
      "0: client data is dropped, the server's is translated, and the connection goes on when the server is added again. " \
      "Also 0: with no service left, no packet is looked at") \
    X(reuse_closing, 1, 0, 1, "",                                                                                     \
      "1: a SYN begins anew when either side has begun to close the known connection, unless conn_reuse_mode is 0; "    \
      "0: when both have, or it was reset, and not of a persistent service")

// Those that have one value here: X(name, value, meaning, why another value is not carried out).
#define BPVS_FIXED_SETTINGS(X)                                                                                        \
    X(amemthresh, "1024", "pages of free memory below which IPVS's automatic defences start",                         \
      "room for connections is reserved when the director comes up: its automatic defences go by how full that is")    \
    X(backup_only, "0", "whether a backup of the synchronisation also forwards", "there is no synchronisation yet")    \
    X(conntrack, "0", "whether netfilter keeps track of balanced connections", "balanced packets do not pass netfilter") \
    X(debug_level, "0", "how much IPVS writes to the kernel log",                                                     \
      "nothing is logged: bpvs status counts every packet under a reason")                                            \
    X(ignore_tunneled, "0", "whether tunnelled packets are left alone", "only packets outside of tunnels are balanced") \
    X(pmtu_disc, "1", "whether tunnels keep to the path MTU", "there are no tunnels yet")                              \
    X(snat_reroute, "1", "whether replies are routed by the address that they get",                                   \
      "replies are always routed as from the VIP")                                                                    \
    X(sync_persist_mode, "0", "whether only persistence is synchronised", "there is no synchronisation yet")           \
    X(sync_ports, "1", "threads of the synchronisation", "there is no synchronisation yet")                            \
    X(sync_qlen_max, "0", "messages that may wait to be synchronised", "there is no synchronisation yet")              \
    X(sync_refresh_period, "0", "seconds between two messages about one connection", "there is no synchronisation yet") \
    X(sync_retries, "0", "how often a message is sent again", "there is no synchronisation yet")                       \
    X(sync_sock_size, "0", "buffer of the synchronisation's socket", "there is no synchronisation yet")                \
    X(sync_threshold, "3 50", "after which packets a connection is synchronised", "there is no synchronisation yet")   \
    X(sync_version, "1", "format of the synchronisation", "there is no synchronisation yet")
// clang-format on

namespace bpvs {

/// The values in force; part of Config.
struct Settings {
#define X(name, initial, lowest, highest, unit, meaning) u32 name;
    BPVS_SETTINGS(X)
    BPVS_OWN_SETTINGS(X)
#undef X
};

/// IPVS's defaults, and ours.
constexpr Settings default_settings{
#define X(name, initial, lowest, highest, unit, meaning) .name = (initial),
    BPVS_SETTINGS(X) BPVS_OWN_SETTINGS(X)
#undef X
};

} // namespace bpvs
