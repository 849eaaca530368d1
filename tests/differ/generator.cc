#include "tests/differ/generator.hh"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <numeric>

namespace bpvs::differ {

std::size_t Random::weighted(const std::vector<u32>& weights) {
    u32 left = between(1, std::accumulate(weights.begin(), weights.end(), 0u));
    std::size_t i = 0;
    while (left > weights[i])
        left -= weights[i++];
    return i;
}

std::string scheduler_words(Random& random) {
    static const std::vector<std::string> all{"rr",
                                              "rr",
                                              "wrr",
                                              "wrr",
                                              "lc",
                                              "wlc",
                                              "sed",
                                              "nq",
                                              "fo",
                                              "ovf",
                                              "dh",
                                              "lblc",
                                              "lblcr",
                                              "sh",
                                              "mh",
                                              "sh -b sh-port",
                                              "sh -b sh-fallback",
                                              "sh -b sh-fallback,sh-port",
                                              "mh -b mh-port",
                                              "mh -b mh-fallback",
                                              "mh -b mh-fallback,mh-port"};
    return "-s " + random.of(all);
}

std::string server_command(char command, const std::string& service, const Server& server, const std::string& more) {
    if (command == 'd')
        return fmt::format("bpvsadm -d {} -r {}", service, server.endpoint);
    return fmt::format("bpvsadm -{} {} -r {} -m -w {}{}", command, service, server.endpoint, server.weight, more);
}

std::string endpoint_text(const std::string& address, u32 port) {
    return address.find(':') == std::string::npos ? fmt::format("{}:{}", address, port)
                                                  : fmt::format("[{}]:{}", address, port);
}

void generate(const std::string& kind, u64 seed, u32 count, std::ostream& out) {
    if (count == 0 || count > plots)
        throw Wrong(fmt::format("a plan has 1 to {} sequences", plots));
    Random random(seed);
    const bool everything = kind == "events";
    if (!everything && kind != "choices")
        throw Wrong("plans are of events or choices");
    const Common common = common_of_events(random);
    fmt::print(out, "look {}\n", everything ? "often" : "late");
    for (u32 plot = 0; plot < count; plot++) {
        const Random own(seed * 1'000'003 + plot);
        if (everything)
            events(own, plot, common, out);
        else
            choices(own, plot, out);
    }
}

} // namespace bpvs::differ
