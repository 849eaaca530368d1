// Plans about scheduling: one service, many servers, long runs of connections of which some stay and some end.
#include "tests/differ/generator.hh"

#include <fmt/format.h>
#include <fmt/ostream.h>

namespace bpvs::differ {

namespace {

class Choices {
public:
    Choices(Random random, u32 plot)
        : random_(random), plot_(plot), family_(random_.one_in(4) ? Family::v6 : Family::v4), tcp_(!random_.one_in(4)),
          many_(random_.one_in(3)) {}

    void write(std::ostream& out) {
        name_ = fmt::format("-{} {}", tcp_ ? 't' : 'u', endpoint_text(vip(), 80));
        std::string first = fmt::format("bpvsadm -A {} {}", name_, scheduler());
        for (u32 n = random_.between(1, many_ ? 12 : 6); n > 0; n--)
            first += " | " + add();
        fmt::print(out, "sequence {}\nstep {}\n", plot_, first);
        for (u32 n = 0; n < 8; n++)
            fmt::print(out, "step {}\nstep {}\n", burst(), change());
        fmt::print(out, "step {}\n", burst());
    }

private:
    std::string vip() const { return vip_address(family_, plot_, 1); }

    u32 weight() {
        return random_.one_in(10) ? 0 : random_.one_in(8) ? random_.between(1, 120) : random_.between(1, 8);
    }

    std::string scheduler() {
        std::string words = scheduler_words(random_);
        while (many_ && words == "-s lblcr")
            words = scheduler_words(random_);
        return words;
    }

    std::string add() {
        if (!many_ && servers_.size() == 8)
            return "-";
        servers_.push_back({endpoint_text(server_address(family_, plot_, ++added_), 8000), weight()});
        return server_command('a', name_, servers_.back());
    }

    std::string change() {
        switch (random_.weighted({4, 2, 2, 1, 1})) {
        case 0:
            if (servers_.empty())
                return add();
            return edit(servers_[random_.between(0, static_cast<u32>(servers_.size()) - 1)]);
        case 1:
            return add();
        case 2: {
            if (servers_.size() < 2)
                return add();
            const u32 i = random_.between(0, static_cast<u32>(servers_.size()) - 1);
            const Server gone = servers_[i];
            servers_.erase(servers_.begin() + i);
            return server_command('d', name_, gone);
        }
        case 3:
            return fmt::format("bpvsadm -E {} {}", name_, scheduler());
        default:
            return "-";
        }
    }

    std::string edit(Server& server) {
        server.weight = weight();
        return server_command('e', name_, server);
    }

    std::string burst() {
        std::string parts;
        for (u32 n = random_.between(15, 40); n > 0; n--)
            parts += (parts.empty() ? "" : " | ") + connection();
        return parts;
    }

    /// A new client port; now and then one that is there ends.
    std::string connection() {
        const std::string client = endpoint_text(client_address(family_, plot_, random_.between(1, 250)), next_port_++);
        if (!tcp_)
            return fmt::format("in udp {} > {}", client, endpoint_text(vip(), 80));
        std::string parts = segment(client, "S");
        if (random_.one_in(2))
            parts += " | " + segment(client, "A");
        else
            return parts;
        open_.push_back(client);
        if (random_.one_in(2)) {
            const u32 i = random_.between(0, static_cast<u32>(open_.size()) - 1);
            parts += " | " + segment(open_[i], "FA");
            open_.erase(open_.begin() + i);
        }
        return parts;
    }

    std::string segment(const std::string& client, const char* flags) const {
        return fmt::format("in tcp {} > {} {}", client, endpoint_text(vip(), 80), flags);
    }

    Random random_;
    u32 plot_;
    Family family_;
    bool tcp_;
    bool many_; ///< more servers than a set of lblcr's has room for
    std::string name_;
    std::vector<Server> servers_;
    std::vector<std::string> open_;
    u32 added_ = 0;
    u32 next_port_ = 2000;
};

} // namespace

void choices(Random random, u32 plot, std::ostream& out) { Choices(random, plot).write(out); }

} // namespace bpvs::differ
