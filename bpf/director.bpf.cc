// The programs of the director: tc ingress and egress, and those that the control library runs.
#include "bpf/answers.hh"
#include "bpf/counting.hh"
#include "bpf/env_tc.hh"
#include "bpf/timers.hh"
#include "bpf/walks.hh"
#include "core/pipeline/egress.hh"
#include "core/pipeline/express.hh"
#include "core/pipeline/finish.hh"
#include "core/pipeline/ingress.hh"

namespace bpvs::bpf {

constexpr int unfinished = 0x100; ///< above every TC_ACT_

/// The one exit of the ingress program.
[[gnu::always_inline]] inline int leave(const Verdict& v) {
    count(v.reason);
    switch (action_of(v.reason)) {
    case Action::drop:
        return TC_ACT_SHOT;
    case Action::forward:
    case Action::answer:
        break;
    default:
        return TC_ACT_UNSPEC;
    }
    if (!v.by_neighbour)
        return static_cast<int>(redirect(v.ifindex, 0));
    if (!v.next_hop)
        return static_cast<int>(redirect_neigh(v.ifindex, nullptr, 0, 0));
    return static_cast<int>(redirect_neigh(v.ifindex, v.next_hop, sizeof *v.next_hop, 0));
}
static_assert(sizeof(NextHop) == sizeof(struct bpf_redir_neigh) &&
              __builtin_offsetof(NextHop, addr) == __builtin_offsetof(struct bpf_redir_neigh, ipv6_nh));

// Functions, so that what one needs of the stack is not on top of another's; bpvs_ingress() itself needs none. Static
// ones: a global one takes a context only where the kernel has type information of its own.

using ShortEnv = ShortTcEnv<express_length<TcEnv>>;

struct LeaveShortWay {
    [[gnu::always_inline]] int operator()(const Verdict& v) const {
        if (v.reason != long_way.reason)
            return leave(v);
        int result = unfinished;
        asm volatile("" : "+r"(result)); // else a register is kept for it from the beginning
        return result;
    }
};

[[gnu::noinline]] static int go_short_way(struct __sk_buff* skb) {
    ShortEnv env(skb);
    const LeaveShortWay finish;
    return env.head ? express(env, finish) : finish(long_way);
}

/// What becomes of a packet, or `unfinished` and why.
[[gnu::noinline]] static int decide(struct __sk_buff* skb) {
    TcEnv env{{}, skb};
    const Verdict v = ingress(env);
    return is_unfinished(v.reason) ? unfinished | static_cast<int>(v.reason) : leave(v);
}

/// The first packet of a connection that was opened for it.
[[gnu::noinline]] static int pass_opened(struct __sk_buff* skb) {
    TcEnv env{{}, skb};
    const Config* config = env.config();
    Workspace* w = env.workspace();
    return leave(config && w ? bpvs::pass_opened(env, *config, w->request) : verdict(Reason::internal_error));
}

[[gnu::noinline]] static int related(struct __sk_buff* skb) {
    TcEnv env{{}, skb};
    const Config* config = env.config();
    return leave(config ? bpvs::related(env, *config) : verdict(Reason::internal_error));
}

[[gnu::noinline]] static int reset(struct __sk_buff* skb) {
    TcEnv env{{}, skb};
    const Config* config = env.config();
    Workspace* w = env.workspace();
    return leave(config && w ? bpvs::reset(env, *config, w->reset) : verdict(Reason::internal_error));
}

[[gnu::noinline]] static int answer(struct __sk_buff* skb, u32 reason) {
    TcEnv env{{}, skb};
    return leave(bpvs::answer(env, static_cast<Reason>(reason)));
}

/// What finish() calls.
struct Steps {
    struct __sk_buff* skb;
    [[gnu::always_inline]] static Reason open() { return bpf::open(); }
    [[gnu::always_inline]] int pass_opened() { return bpf::pass_opened(skb); }
    [[gnu::always_inline]] int related() { return bpf::related(skb); }
    [[gnu::always_inline]] int reset() { return bpf::reset(skb); }
    [[gnu::always_inline]] int answer(Reason reason) { return bpf::answer(skb, static_cast<u32>(reason)); }
    [[gnu::always_inline]] static int refuse(Reason reason) { return leave(verdict(reason)); }
};

} // namespace bpvs::bpf

using namespace bpvs;
using namespace bpvs::bpf;

extern "C" {

[[gnu::section("tc"), gnu::used]] int bpvs_ingress(struct __sk_buff* skb) {
    const int done = go_short_way(skb);
    if (done != unfinished)
        return done;
    const int decided = decide(skb);
    if (decided < unfinished)
        return decided;
    u32 reason = static_cast<u32>(decided) & 0xff;
    forget_number(reason, BPVS_CONTEXT(__sk_buff, skb, len)); // the verifier need not follow each on its own
    return finish(Steps{skb}, static_cast<Reason>(reason));
}

/// Packets that were forwarded or redirected have an ingress interface: only local ones are looked at.
[[gnu::section("tc"), gnu::used]] int bpvs_egress(struct __sk_buff* skb) {
    if (skb->ingress_ifindex != 0)
        return TC_ACT_UNSPEC;
    TcEnv env{{}, skb};
    const Verdict v = egress(env);
    if (action_of(v.reason) == Action::pass)
        return TC_ACT_UNSPEC;
    count(v.reason);
    return action_of(v.reason) == Action::drop ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

/// Run by the control library: arms the timers, also with the callbacks of a newer program. 0, or which failed.
[[gnu::section("tc"), gnu::used]] int bpvs_arm([[maybe_unused]] struct __sk_buff* skb) {
    if (!arm(sweep_timer, reinterpret_cast<void*>(sweep_tick), 0))
        return 1;
    return arm(rate_timer, reinterpret_cast<void*>(rate_tick), rate_period) ? 0 : 2;
}

/// Run by the control library: tells it the time.
[[gnu::section("tc"), gnu::used]] int bpvs_clock([[maybe_unused]] struct __sk_buff* skb) {
    BpfTables t;
    if (Table* table = t.table())
        table->now = t.now();
    return 0;
}

/// A witness pinned with the director: its link to the network namespace dies with the namespace.
[[gnu::section("sk_lookup"), gnu::used]] int bpvs_witness([[maybe_unused]] struct bpf_sk_lookup* ctx) {
    return SK_PASS;
}

[[gnu::section("license"), gnu::used]] char declared_licence[] = "Dual MIT/GPL";
}
