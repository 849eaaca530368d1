#include "tests/scenarios/lib/native_bench.hh"

namespace bpvs::scenario {

namespace {

Answer answer(sim::Outcome outcome) {
    const Action action = action_of(outcome.verdict.reason);
    const Fate fate = action == Action::drop                                  ? Fate::dropped
                      : action == Action::forward || action == Action::answer ? Fate::forwarded
                                                                              : Fate::passed;
    Answer answer{fate, std::move(outcome.frame), reason_name(outcome.verdict.reason), outcome.mark};
    for (sim::Copy& copy : outcome.copies)
        answer.beside.push_back(std::move(copy.frame));
    return answer;
}

} // namespace

const char* reason_name(Reason reason) {
    switch (reason) {
#define X(name, action, text) \
    case Reason::name:        \
        return #name;
        BPVS_REASONS(X)
#undef X
    case Reason::count:
        break;
    }
    return "?";
}

NativeBench::NativeBench(const sim::Sizes& sizes, bool front)
    : front_(front), world_(sizes), store_(world_.tables()), director_(store_) {}

void NativeBench::set_up(const Topology& topology) {
    topology_ = topology;
    using Kind = sim::Destination::Kind;
    sim::Routes& routes = world_.routes();
    for (const Link& link : topology.links) {
        routes.add_interface({link.ifindex, link.mac, link.mtu});
        for (const Host& addr : link.addresses) {
            routes.add_route(addr, prefix_length(addr.family), {Kind::unicast, link.ifindex});
            routes.add_route(addr, 128, {Kind::local});
        }
        for (const Host& addr : topology.neighbours(link))
            routes.set_neighbour(link.ifindex, addr, mac_of_neighbour(addr));
    }
    for (const Family family : {Family::v4, Family::v6})
        routes.add_route({family, {}}, 0, {Kind::unicast, topology.links.front().ifindex, gateway(family)});
    for (const Prefix& p : own_networks())
        routes.add_route(p.addr, p.length, {Kind::local});
    for (const Prefix& p : networks_behind_router())
        routes.add_route(p.addr, p.length, {Kind::unicast, topology.links.back().ifindex, router(p.addr.family)});
    for (const Prefix& p : topology.unreachable)
        routes.add_route(p.addr, p.length, {Kind::unreachable});
}

Answer NativeBench::arrive(const Link& on, const Frame& frame, u32 mark) {
    return answer(front_ ? world_.ingress_behind_front(on.ifindex, frame, mark)
                         : world_.ingress(on.ifindex, frame, mark));
}

Answer NativeBench::send_locally(const Link&, const Frame& frame) { return answer(world_.egress(frame)); }

} // namespace bpvs::scenario
