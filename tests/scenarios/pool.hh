// Pool: cases that are played by several processes at once.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace bpvs::scenario {

/// One letter and a text: o passed (perhaps with a remark), f failed, s skipped.
using Report = std::string;

class Pool {
public:
    using Play = std::function<Report(std::size_t)>;

    /// `begin` is called in each process, and gives what plays a case there. In a `process_each` no second one follows.
    Pool(std::size_t processes, bool process_each, std::function<Play()> begin)
        : processes_(processes), process_each_(process_each), begin_(std::move(begin)) {}

    /// Plays the cases `order`, begun in this order; `done` is called with each report as it comes. A case that takes
    /// its process with it has failed, and the others go on in a new one. Meanwhile does `beside`.
    void play(std::vector<std::size_t> order, const std::function<void(std::size_t, Report)>& done,
              const std::function<void()>& beside);

private:
    struct Worker {
        int child = -1;
        int orders = -1, reports = -1;
        std::optional<std::size_t> playing{};
    };
    Worker start(const std::vector<Worker>& others) const;
    [[noreturn]] void work(int orders, int reports) const;
    static std::string end(Worker& worker);

    std::size_t processes_;
    bool process_each_;
    std::function<Play()> begin_;
};

} // namespace bpvs::scenario
