// The program at XDP, in front of tc: an object of its own over the same maps, loaded when an interface is attached so.
#include "bpf/counting.hh"
#include "bpf/env_xdp.hh"
#include "bpf/walks.hh"
#include "core/pipeline/express.hh"
#include "core/pipeline/finish.hh"

namespace bpvs::bpf {

constexpr int unfinished = 0x100; ///< above every XDP_

template <class E>
[[gnu::always_inline]] inline int leave(E& env, const Verdict& v) {
    const Action action = action_of(v.reason);
    const bool finished = action == Action::forward || action == Action::drop;
    count_at_xdp(finished ? v.reason : Reason::left_to_tc);
    if (!finished)
        return XDP_PASS;
    if (action == Action::drop)
        return XDP_DROP;
    return v.ifindex == env.ifindex() ? XDP_TX : static_cast<int>(redirect(v.ifindex, 0));
}

using ShortEnv = XdpEnv<express_length<LongEnv>>;

struct LeaveShortWay {
    ShortEnv& env;
    [[gnu::always_inline]] int operator()(const Verdict& v) const {
        if (v.reason != long_way.reason)
            return leave(env, v);
        int result = unfinished;
        asm volatile("" : "+r"(result)); // else a register is kept for it from the beginning
        return result;
    }
};

// Functions, so that neither of them has what the other one needs of registers and the stack.

[[gnu::noinline]] static int go_short_way(struct xdp_md* frame) {
    ShortEnv env(frame);
    const LeaveShortWay finish{env};
    return env.head ? express(env, finish) : finish(long_way);
}

[[gnu::noinline]] static int go_long_way(struct xdp_md* frame) {
    LongEnv env(frame);
    env.find_length();
    const Verdict v = env.head ? front(env) : verdict(Reason::left_to_tc);
    return v.reason == Reason::no_service ? unfinished : leave(env, v);
}

[[gnu::noinline]] static int pass_opened(struct xdp_md* frame) {
    LongEnv env(frame);
    env.find_length();
    Workspace* w = env.workspace();
    return leave(env, env.head && w ? bpvs::pass_opened(env, *env.config(), w->request) : verdict(Reason::left_to_tc));
}

/// What finish_in_front() calls.
struct Steps {
    struct xdp_md* frame;
    [[gnu::always_inline]] static Reason open() { return bpf::open(); }
    [[gnu::always_inline]] int pass_opened() { return bpf::pass_opened(frame); }
    [[gnu::always_inline]] int refuse(Reason reason) {
        LongEnv env(frame);
        return leave(env, verdict(reason));
    }
};

} // namespace bpvs::bpf

using namespace bpvs;
using namespace bpvs::bpf;

extern "C" {

/// What libxdp's dispatcher is told: other programs come before this one, which sends packets off.
struct {
    int (*priority)[60];
    int (*XDP_PASS)[1];
} _bpvs_xdp [[gnu::section(".xdp_run_config"), gnu::used]];

[[gnu::section("xdp.frags"), gnu::used]] int bpvs_xdp(struct xdp_md* frame) {
    const int done = go_short_way(frame);
    if (done != unfinished)
        return done;
    const int decided = go_long_way(frame);
    return decided == unfinished ? finish_in_front(Steps{frame}) : decided;
}

[[gnu::section("license"), gnu::used]] char declared_licence[] = "Dual MIT/GPL";
}
