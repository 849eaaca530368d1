#include "tests/scenarios/lib/bpf_bench.hh"

#include "tests/scenarios/lib/surroundings.hh"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <fmt/format.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>

namespace bpvs::scenario {

namespace {

/// A socket that sees every frame that an interface receives.
int watch(const std::string& interface) {
    const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL));
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
    if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw Wrong(fmt::format("cannot watch {}: {}", interface, std::strerror(errno)));
    return fd;
}

int open_program(const std::string& program) {
    const int fd = bpf_obj_get(program.c_str());
    if (fd < 0)
        throw Wrong(fmt::format("cannot open {}: {}", program, std::strerror(errno)));
    return fd;
}

Answer run(const std::string& program, const Frame& frame, u32 ifindex, u32 ingress_ifindex, u32 mark) {
    const int fd = open_program(program);
    struct __sk_buff ctx{};
    ctx.ifindex = ifindex;
    ctx.ingress_ifindex = ingress_ifindex;
    ctx.mark = mark;
    struct __sk_buff ctx_out{};
    Frame out(frame.size() + 256);
    LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame.data(), .data_out = out.data(),
                .data_size_in = static_cast<u32>(frame.size()), .data_size_out = static_cast<u32>(out.size()),
                .ctx_in = &ctx, .ctx_out = &ctx_out, .ctx_size_in = sizeof ctx, .ctx_size_out = sizeof ctx_out);
    const int error = bpf_prog_test_run_opts(fd, &opts);
    close(fd);
    if (error)
        throw Wrong(fmt::format("BPF_PROG_TEST_RUN failed: {}", std::strerror(-error)));
    out.resize(opts.data_size_out);
    switch (static_cast<int>(opts.retval)) {
    case TC_ACT_UNSPEC:
        return {Fate::passed, out, "", ctx_out.mark};
    case TC_ACT_SHOT:
        return {Fate::dropped, out, "", ctx_out.mark};
    case TC_ACT_REDIRECT:
        return {Fate::forwarded, out, "", ctx_out.mark};
    default:
        throw Wrong(fmt::format("the program returned {}", static_cast<int>(opts.retval)));
    }
}

template <class T>
void must(const Result<T>& result) {
    if (!result)
        throw Wrong(result.error().message);
}

/// Lets an interface take what XDP sends to its peer.
void receive_by_napi(const std::string& interface) {
    if (std::system(fmt::format("ethtool -K {} gro on", interface).c_str()) != 0)
        throw Unavailable("ethtool cannot switch GRO on");
}

} // namespace

BpfBench::BpfBench(const UpOptions& room) : room_(room) {
    room_.interfaces = {"outside", "inside"};
    enter_new_namespace();
}

BpfBench::~BpfBench() {
    for (const int fd : peers_)
        close(fd);
    if (pins_.empty())
        return;
    if (const auto down = director_down(); !down)
        fmt::print(stderr, "bpvs_scenarios: the director stays: {}\n", down.error().message);
}

void BpfBench::set_up(const Topology& topology) {
    if (!missing_.empty())
        throw Unavailable(missing_);
    if (pins_.empty())
        bring_up();
    else
        make_fresh();
    if (hook_ == Hook::xdp && !attached_at_xdp_)
        attach_at_xdp();
    const Topology usual;
    if (topology_ != usual || topology != usual)
        change_surroundings(topology_, topology);
    topology_ = topology;
    finished_at_xdp_ = 0;
    waited_ = 0;
    begun_ = std::chrono::steady_clock::now();
}

/// In the usual surroundings.
void BpfBench::bring_up() {
    build_surroundings(topology_);
    for (const Link& link : topology_.links)
        peers_.push_back(watch(link.name + "-peer"));
    auto opened = open_director(Access::create, room_);
    if (!opened && (opened.error().code == Errc::permission || opened.error().code == Errc::no_bpf))
        missing_ = opened.error().message;
    if (!missing_.empty())
        throw Unavailable(missing_);
    must(opened);
    opened->reset(); // who asks takes the lock
    const auto status = director_status();
    must(status);
    pins_ = status->pin_path;
    auto contents = support::contents_of_director();
    must(contents);
    fresh_ = std::move(*contents);
}

void BpfBench::make_fresh() {
    must(support::reset_director());
    const auto contents = support::contents_of_director();
    must(contents);
    for (const auto& [map, elements] : *contents)
        if (elements != fresh_[map])
            throw Wrong(
                fmt::format("the map {} is not as in a director that has just come up: {} elements are not zero, "
                            "there: {}",
                            map, elements.size(), fresh_[map].size()));
}

void BpfBench::attach_at_xdp() {
    for (const Link& link : topology_.links)
        receive_by_napi(link.name + "-peer");
    for (const Link& link : topology_.links)
        if (const auto attached = director_attach(link.name, AttachMode::xdp); !attached)
            throw Unavailable(attached.error().message);
    attached_at_xdp_ = true;
}

/// Nothing: it was left to tc, and not touched.
std::optional<Answer> BpfBench::arrive_at_xdp(const Link& on, const Frame& frame, u32 mark) {
    const int fd = open_program(pins_ + "/bpvs_xdp");
    struct xdp_md ctx{};
    ctx.data_end = static_cast<u32>(frame.size());
    ctx.ingress_ifindex = on.ifindex;
    Frame out(frame.size() + 256);
    LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame.data(), .data_out = out.data(),
                .data_size_in = static_cast<u32>(frame.size()), .data_size_out = static_cast<u32>(out.size()),
                .ctx_in = &ctx, .ctx_size_in = sizeof ctx, );
    const int error = bpf_prog_test_run_opts(fd, &opts);
    close(fd);
    if (error)
        throw Wrong(fmt::format("BPF_PROG_TEST_RUN at XDP failed: {}", std::strerror(-error)));
    out.resize(opts.data_size_out);
    if (opts.retval == XDP_PASS && out != frame)
        throw Wrong("the XDP program changed a frame that it left to tc");
    if (opts.retval == XDP_PASS)
        return std::nullopt;
    if (opts.retval != XDP_DROP && opts.retval != XDP_REDIRECT && opts.retval != XDP_TX)
        throw Wrong(fmt::format("the XDP program returned {}", opts.retval));
    finished_at_xdp_++;
    return Answer{opts.retval == XDP_DROP ? Fate::dropped : Fate::forwarded, out, "", mark};
}

/// Frames that the program sent itself: unlike the one that the verdict is about, they really leave. What the kernel
/// has to say to a group is not theirs.
std::vector<Frame> BpfBench::sent_beside() {
    std::vector<Frame> all;
    for (const int fd : peers_) {
        Frame frame(2048);
        for (ssize_t n = 0; (n = recv(fd, frame.data(), frame.size(), 0)) > 0;)
            if ((frame[0] & 1) == 0)
                all.emplace_back(frame.begin(), frame.begin() + n);
    }
    return all;
}

Answer BpfBench::arrive(const Link& on, const Frame& frame, u32 mark) {
    sent_beside(); // of others
    if (auto answer = hook_ == Hook::xdp ? arrive_at_xdp(on, frame, mark) : std::nullopt)
        return *answer;
    Answer answer = run(pins_ + "/bpvs_ingress", frame, on.ifindex, on.ifindex, mark);
    answer.beside = sent_beside();
    return answer;
}

Answer BpfBench::send_locally(const Link& on, const Frame& frame) {
    return run(pins_ + "/bpvs_egress", frame, on.ifindex, 0, 0);
}

void BpfBench::wait(double seconds) {
    waited_ += seconds;
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

double BpfBench::time_lost() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count() - waited_;
}

Result<void> BpfBench::change(const std::function<Result<void>(Director&, Store&)>& what) {
    auto opened = open_director(Access::create);
    if (!opened)
        return std::unexpected(opened.error());
    return what((*opened)->director(), (*opened)->store());
}

Result<void> BpfBench::change_marks(const std::function<Result<void>(Marks)>& what) {
    auto opened = open_director(Access::create);
    if (!opened)
        return std::unexpected(opened.error());
    return what(Marks((*opened)->store()));
}

Result<void> BpfBench::read(const std::function<void(Director&, Store&)>& what) {
    auto opened = open_director(Access::read);
    if (!opened)
        return std::unexpected(opened.error());
    what((*opened)->director(), (*opened)->store());
    return {};
}

} // namespace bpvs::scenario
