// A call of the resolver cannot be cancelled. The threads that make them are therefore detached and share nothing with
// the rest but a Round that lives as long as any of them; one that is stuck does not hold up the end of the process.
#include "cli/bpvsadm/lookup.hh"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <netdb.h>
#include <system_error>
#include <thread>

namespace bpvs::cli {
namespace {

/// Enough that some dozens of addresses whose name servers are dead do not keep the others waiting.
constexpr std::size_t max_threads = 64;

struct Round {
    std::mutex mutex;
    std::condition_variable answered;
    std::vector<Question> questions;
    std::vector<std::optional<std::string>> answers;
    std::size_t next = 0, done = 0;
    bool given_up = false;
};

void work(const std::shared_ptr<Round>& round) {
    std::unique_lock lock(round->mutex);
    while (!round->given_up && round->next < round->questions.size()) {
        const std::size_t i = round->next++;
        const Question question = round->questions[i];
        lock.unlock();
        std::string answer = question();
        lock.lock();
        if (round->given_up)
            return;
        round->answers[i] = std::move(answer);
        if (++round->done == round->questions.size())
            round->answered.notify_one();
    }
}

/// False: the system has no more threads; those that there are do the work.
bool start(const std::shared_ptr<Round>& round) {
    try {
        std::thread(work, round).detach();
        return true;
    } catch (const std::system_error&) {
        return false;
    }
}

std::string name_of_host(Family family, const Address& addr) {
    sockaddr_storage storage{};
    socklen_t length = 0;
    if (family == Family::v6) {
        sockaddr_in6 sa{};
        sa.sin6_family = AF_INET6;
        std::memcpy(&sa.sin6_addr, addr.word, sizeof sa.sin6_addr);
        std::memcpy(&storage, &sa, length = sizeof sa);
    } else {
        sockaddr_in sa{};
        sa.sin_family = AF_INET;
        std::memcpy(&sa.sin_addr, addr.word, sizeof sa.sin_addr);
        std::memcpy(&storage, &sa, length = sizeof sa);
    }
    std::array<char, NI_MAXHOST> name{};
    const int error = getnameinfo(reinterpret_cast<const sockaddr*>(&storage), length, name.data(), name.size(),
                                  nullptr, 0, NI_NAMEREQD);
    return error == 0 ? name.data() : "";
}

std::string name_of_port(IpProto protocol, Be16 port) {
    servent entry{};
    servent* found = nullptr;
    std::array<char, 4096> buffer{};
    const char* of = protocol == IpProto::tcp ? "tcp" : "udp";
    if (getservbyport_r(static_cast<int>(port), of, &entry, buffer.data(), buffer.size(), &found) != 0)
        return "";
    return found != nullptr ? found->s_name : "";
}

/// In dotted form, as the answer of a thread.
std::string address_text(const std::string& host) {
    addrinfo hints{};
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0)
        return "";
    sockaddr_in sa{};
    std::memcpy(&sa, found->ai_addr, sizeof sa);
    freeaddrinfo(found);
    return std::to_string(sa.sin_addr.s_addr);
}

} // namespace

std::vector<std::optional<std::string>> ask(std::vector<Question> questions, std::chrono::milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    const auto round = std::make_shared<Round>();
    const std::size_t count = questions.size();
    round->answers.resize(count);
    round->questions = std::move(questions);
    std::size_t threads = 0;
    while (threads < std::min(count, max_threads) && start(round))
        ++threads;
    std::unique_lock lock(round->mutex);
    if (threads != 0)
        round->answered.wait_until(lock, deadline, [&] { return round->done == count; });
    round->given_up = true;
    return std::move(round->answers);
}

void Names::want_host(Family family, const Address& addr) {
    const auto& w = addr.word;
    const auto [it, is_new] = hosts_.try_emplace({family, w[0], w[1], w[2], w[3]});
    if (is_new)
        host_order_.push_back(it);
}

void Names::want_port(IpProto protocol, Be16 port) {
    if ((protocol == IpProto::tcp || protocol == IpProto::udp) && port != Be16{})
        ports_.try_emplace({protocol, port});
}

/// Ports first: they are in a file.
void Names::learn(std::chrono::milliseconds patience) {
    std::vector<Question> questions;
    questions.reserve(ports_.size() + host_order_.size());
    for (const auto& [key, name] : ports_)
        questions.emplace_back([asked = key] { return std::apply(name_of_port, asked); });
    for (const auto& it : host_order_)
        questions.emplace_back([asked = it->first] {
            const auto& [family, a, b, c, d] = asked;
            return name_of_host(family, Address{{a, b, c, d}});
        });
    auto answers = ask(std::move(questions), patience);
    unanswered_ = static_cast<std::size_t>(std::ranges::count(answers, false, &std::optional<std::string>::has_value));
    auto answer = answers.begin();
    for (auto& [key, name] : ports_)
        name = (answer++)->value_or("");
    for (const auto& it : host_order_)
        it->second = (answer++)->value_or("");
}

Names Names::of(const std::vector<ServiceView>& services, std::chrono::milliseconds patience) {
    Names names;
    for (const ServiceView& service : services) {
        const ServiceName& name = service.spec.name;
        if (name.fwmark == 0) {
            names.want_host(name.family, name.vip);
            names.want_port(name.protocol, name.vport);
        }
    }
    for (const ServiceView& service : services)
        for (const ServerView& server : service.servers) {
            names.want_host(server.spec.family, server.spec.addr);
            names.want_port(service.spec.name.protocol, server.spec.port);
        }
    names.learn(patience);
    return names;
}

Names Names::of(const std::vector<ConnectionView>& connections, std::chrono::milliseconds patience) {
    Names names;
    for (const ConnectionView& c : connections) {
        names.want_host(c.family, c.vip);
        names.want_host(c.family, c.dest);
        for (const Be16 port : {c.vport, c.dport, c.cport})
            names.want_port(c.protocol, port);
    }
    for (const ConnectionView& c : connections)
        names.want_host(c.family, c.client);
    names.learn(patience);
    return names;
}

const std::string* Names::host(Family family, const Address& addr) const {
    const auto& w = addr.word;
    const auto it = hosts_.find({family, w[0], w[1], w[2], w[3]});
    return it == hosts_.end() || it->second.empty() ? nullptr : &it->second;
}

const std::string* Names::port(IpProto protocol, Be16 port) const {
    const auto it = ports_.find({protocol, port});
    return it == ports_.end() || it->second.empty() ? nullptr : &it->second;
}

std::optional<Address> address_of(const std::string& host, std::chrono::milliseconds patience) {
    const auto answers = ask({[host] { return address_text(host); }}, patience);
    const std::string address = answers.front().value_or("");
    if (address.empty())
        return std::nullopt;
    return address_v4(static_cast<Be32>(std::stoul(address)));
}

} // namespace bpvs::cli
