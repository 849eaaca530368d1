#include "control/views.hh"

#include "control/director.hh"
#include "control/names.hh"

namespace bpvs {

ServiceSpec service_spec(const ServiceKey& key, const Service& service) {
    return {.name = {.family = key.family,
                     .protocol = key.protocol,
                     .vip = key.vip,
                     .vport = key.vport,
                     .fwmark = key.fwmark},
            .scheduler = scheduler_name(service.scheduler),
            .sched_flags = service.sched_flags,
            .persistence = service.persistence,
            .netmask = service.netmask,
            .one_packet = (service.flags & service_one_packet) != 0,
            .pe = engine_name(service.engine),
            .drain = service.drain,
            .idle_reset = (service.flags & service_idle_reset) != 0};
}

ServerSpec server_spec(Family family, const Address& addr, Be16 port, const SetEntry& entry) {
    return {.family = family,
            .addr = addr,
            .port = port,
            .method = static_cast<Forward>(entry.method),
            .weight = entry.weight,
            .upper = entry.upper,
            .lower = entry.lower,
            .tunnel_type = entry.tunnel & 0xffffu,
            .tunnel_flags = entry.tunnel >> 16,
            .tunnel_port = to_be16(static_cast<u16>(entry.tunnel_port))};
}

SetEntry entry_of(const ServerSpec& spec, u32 dest) {
    return {.dest = dest,
            .weight = spec.weight,
            .upper = spec.upper,
            .lower = spec.lower,
            .method = static_cast<u32>(spec.method),
            .tunnel = spec.tunnel_type | spec.tunnel_flags << 16,
            .tunnel_port = from_be16(spec.tunnel_port),
            .last_weight = spec.weight};
}

} // namespace bpvs
