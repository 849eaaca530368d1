#include "tests/scenarios/pool.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <stdexcept>

namespace bpvs::scenario {

namespace {

bool read_all(int fd, void* to, std::size_t bytes) {
    for (std::size_t done = 0; done < bytes;) {
        const ssize_t n = read(fd, static_cast<char*>(to) + done, bytes - done);
        if (n <= 0)
            return false;
        done += static_cast<std::size_t>(n);
    }
    return true;
}

bool write_all(int fd, const void* from, std::size_t bytes) {
    for (std::size_t done = 0; done < bytes;) {
        const ssize_t n = write(fd, static_cast<const char*>(from) + done, bytes - done);
        if (n <= 0)
            return false;
        done += static_cast<std::size_t>(n);
    }
    return true;
}

std::optional<Report> read_report(int fd) {
    std::size_t size = 0;
    if (!read_all(fd, &size, sizeof size))
        return std::nullopt;
    Report report(size, '\0');
    return read_all(fd, report.data(), size) ? std::optional(report) : std::nullopt;
}

} // namespace

void Pool::work(int orders, int reports) const {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    {
        const Play play = begin_();
        for (std::size_t index = 0; read_all(orders, &index, sizeof index);) {
            const Report report = play(index);
            const std::size_t size = report.size();
            if (!write_all(reports, &size, sizeof size) || !write_all(reports, report.data(), size))
                break;
        }
    }
    std::fflush(nullptr);
    _exit(0);
}

Pool::Worker Pool::start(const std::vector<Worker>& others) const {
    int orders[2];
    int reports[2];
    if (pipe2(orders, O_CLOEXEC) != 0 || pipe2(reports, O_CLOEXEC) != 0)
        throw std::runtime_error("no pipe for a process that plays");
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child < 0)
        throw std::runtime_error("no process that plays");
    if (child == 0) {
        close(orders[1]);
        close(reports[0]);
        for (const Worker& other : others) { // else its orders do not end with ours
            close(other.orders);
            close(other.reports);
        }
        work(orders[0], reports[1]);
    }
    close(orders[0]);
    close(reports[1]);
    return {child, orders[1], reports[0]};
}

/// Lets it end; how it did.
std::string Pool::end(Worker& worker) {
    close(worker.orders);
    close(worker.reports);
    int status = 0;
    waitpid(worker.child, &status, 0);
    worker = {};
    return fmt::format("{:#x}", status);
}

void Pool::play(std::vector<std::size_t> order, const std::function<void(std::size_t, Report)>& done,
                const std::function<void()>& beside) {
    signal(SIGPIPE, SIG_IGN); // a process that is gone is seen by its end
    std::vector<Worker> workers(std::min(processes_, order.size()));
    std::reverse(order.begin(), order.end());
    const auto employ = [&](Worker& worker) {
        if (order.empty())
            return;
        if (worker.child < 0)
            worker = start(workers);
        worker.playing = order.back();
        order.pop_back();
        write_all(worker.orders, &*worker.playing, sizeof *worker.playing);
    };
    for (Worker& worker : workers)
        employ(worker);
    beside();
    for (;;) {
        std::vector<pollfd> waiting;
        for (const Worker& worker : workers)
            waiting.push_back({worker.playing ? worker.reports : -1, POLLIN, 0});
        if (std::ranges::none_of(workers, [](const Worker& w) { return w.playing.has_value(); }))
            break;
        poll(waiting.data(), waiting.size(), -1);
        for (std::size_t i = 0; i < workers.size(); i++) {
            Worker& worker = workers[i];
            if (!worker.playing || waiting[i].revents == 0)
                continue;
            const std::size_t played = *worker.playing;
            worker.playing.reset();
            auto report = read_report(worker.reports);
            if (!report)
                report = fmt::format("fthe process that played it ended with status {}", end(worker));
            else if (process_each_)
                end(worker);
            employ(worker);
            done(played, *report);
        }
    }
    for (Worker& worker : workers)
        if (worker.child >= 0)
            end(worker);
}

} // namespace bpvs::scenario
