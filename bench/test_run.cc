#include "bench/test_run.hh"

#include "control/open.hh"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace bpvs::bench {

using kernel::Fd;

void give_up(const std::string& sentence) { throw std::runtime_error(sentence); }

Interface interface_named(const std::string& name) {
    const Fd s(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    name.copy(request.ifr_name, sizeof request.ifr_name - 1);
    Interface i{.index = if_nametoindex(name.c_str())};
    if (i.index == 0 || ioctl(s.get(), SIOCGIFHWADDR, &request) != 0)
        give_up(fmt::format("cannot look at interface {}: {}; name the director's with --outside and --inside", name,
                            std::strerror(errno)));
    std::copy_n(request.ifr_hwaddr.sa_data, i.mac.size(), i.mac.begin());
    return i;
}

bpf_object* open_object(const std::string& file) {
    libbpf_set_print(nullptr);
    bpf_object* object = bpf_object__open_file(file.c_str(), nullptr);
    if (!object)
        give_up(fmt::format("cannot open {}: {}; build it with make", file, std::strerror(errno)));
    return object;
}

namespace {

DirectorStatus status_of_director() {
    auto status = director_status();
    if (!status)
        give_up(status.error().message);
    if (!status->up)
        give_up("no director is up in this network namespace; make one with bpvsadm -A");
    return std::move(*status);
}

} // namespace

std::optional<Fd> program_at_xdp() {
    if (!status_of_director().xdp)
        return std::nullopt;
    return pinned_program("bpvs_xdp");
}

Fd pinned_program(const std::string& name) {
    const DirectorStatus status = status_of_director();
    Fd program(bpf_obj_get((status.pin_path + "/" + name).c_str()));
    if (!program)
        give_up(fmt::format("cannot open {}/{}: {}; run this in the host's mount namespace (nsenter --net)",
                            status.pin_path, name, std::strerror(errno)));
    return program;
}

/// `return TC_ACT_UNSPEC;` or `return XDP_PASS;` in the kernel's instructions. With `parts` as libbpf loads one of the
/// section xdp.frags, or a tail call does not go on to it.
Fd empty_program(Hook hook, bool parts) {
    const bool tc = hook == Hook::tc;
    const bpf_insn code[] = {
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = tc ? TC_ACT_UNSPEC : XDP_PASS},
        {.code = BPF_JMP | BPF_EXIT}};
    LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = parts ? BPF_XDP : bpf_attach_type{},
                .prog_flags = parts ? u32{BPF_F_XDP_HAS_FRAGS} : 0);
    Fd program(bpf_prog_load(tc ? BPF_PROG_TYPE_SCHED_CLS : BPF_PROG_TYPE_XDP, "empty", "Dual MIT/GPL", code,
                             std::size(code), &options));
    if (!program)
        give_up(fmt::format("cannot load an empty program: {}; root is needed", std::strerror(errno)));
    return program;
}

Outcome test_run(int program, const Run& run, int times) {
    Outcome out{};
    __sk_buff context{};
    context.ifindex = run.ifindex;
    context.ingress_ifindex = run.came_in_by;
    xdp_md at_xdp{};
    at_xdp.data_end = static_cast<u32>(run.frame.size());
    at_xdp.ingress_ifindex = run.ifindex;
    LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = run.frame.data(), .data_out = out.frame.data(),
                .data_size_in = static_cast<u32>(run.frame.size()), .data_size_out = static_cast<u32>(out.frame.size()),
                .repeat = times);
    o.ctx_in = run.hook == Hook::tc ? static_cast<void*>(&context) : &at_xdp;
    o.ctx_size_in = static_cast<u32>(run.hook == Hook::tc ? sizeof context : sizeof at_xdp);
    if (bpf_prog_test_run_opts(program, &o) != 0)
        give_up(fmt::format("a test run failed: {}", std::strerror(errno)));
    out.nanoseconds = o.duration;
    out.result = o.retval;
    return out;
}

u32 median(std::vector<u32>& values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

} // namespace bpvs::bench
