// The clock of lvs-oracle's guest, preloaded into user-mode Linux (LD_PRELOAD).
//
// The guest's time passes a sixteenth as fast as the host's while the guest works, and skips what the guest would
// sleep: as soon as it is idle, its next timer is due. So waits cost nothing, and what happens between two waits takes
// next to no time of the guest, however busy the host is. Before that, while the kernel boots, time passes faster:
// there it measures how much it can compute in so many ticks.
//
// User-mode Linux 6.1 reads the monotonic clock, has one timer, which sends SIGALRM, and sleeps in one place: it blocks
// SIGALRM, looks whether the timer runs (timer_gettime()), and calls sigsuspend() (arch/um/os-Linux/time.c).
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <ctime>
#include <dlfcn.h>
#include <fcntl.h>
#include <string_view>

namespace {

/// The guest's time for the host's.
struct Pace {
    std::int64_t guest;
    std::int64_t host;
};
constexpr Pace booting{8, 1};
constexpr Pace working{1, 16};
constexpr std::string_view first_of_work = "/guest-main"; ///< the kernel has booted when this is opened
constexpr std::int64_t second = 1'000'000'000;

template <class F>
F* next(const char* name) {
    return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

const auto real_clock = next<decltype(clock_gettime)>("clock_gettime");
const auto real_set = next<decltype(timer_settime)>("timer_settime");
const auto real_suspend = next<decltype(sigsuspend)>("sigsuspend");
const auto real_open = next<int(const char*, int, ...)>("open64");

// Nanoseconds of the guest's clock. A signal handler of the guest runs on the same thread and may come in between any
// two lines; each field is one store.
Pace pace = booting;
volatile std::int64_t skipped = 0; ///< or ahead of the host's time otherwise
volatile std::int64_t due = 0;     ///< 0: the timer does not run
volatile std::int64_t period = 0;

std::int64_t nanoseconds(const timespec& t) { return t.tv_sec * second + t.tv_nsec; }
timespec as_timespec(std::int64_t n) { return {n / second, n % second}; }

std::int64_t host_now() {
    timespec t{};
    real_clock(CLOCK_MONOTONIC, &t);
    return nanoseconds(t);
}

const std::int64_t begin = host_now();
std::int64_t now() { return begin + (host_now() - begin) * pace.guest / pace.host + skipped; }

void begin_work() {
    const std::int64_t before = now();
    pace = working;
    skipped = skipped + before - now();
}

/// When the timer is due next, if it still runs at `time`.
void follow(std::int64_t time) {
    if (due != 0 && due <= time)
        due = period == 0 ? 0 : due + ((time - due) / period + 1) * period;
}

} // namespace

// The C library's own parameters have reserved names.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" {

int clock_gettime(clockid_t clock, timespec* t) noexcept {
    if (clock != CLOCK_MONOTONIC)
        return real_clock(clock, t);
    *t = as_timespec(now());
    return 0;
}

int timer_settime(timer_t timer, int flags, const itimerspec* set, itimerspec* old) noexcept {
    const std::int64_t value = nanoseconds(set->it_value);
    period = nanoseconds(set->it_interval);
    due = value == 0 ? 0 : now() + value;
    // Not before it is due by now(), which rounds down.
    const auto on_host = [](std::int64_t n) {
        return as_timespec(n == 0 ? 0 : n * pace.host / pace.guest + pace.host);
    };
    const itimerspec host{on_host(period), on_host(value)};
    return real_set(timer, flags, &host, old);
}

int timer_gettime(timer_t, itimerspec* left) noexcept {
    const std::int64_t time = now();
    follow(time);
    *left = {as_timespec(period), as_timespec(due == 0 ? 0 : due - time)};
    return 0;
}

int sigsuspend(const sigset_t* set) {
    const std::int64_t left = due == 0 ? 0 : due - now();
    if (left > 0) {
        skipped = skipped + left;
        raise(SIGALRM); // it is blocked until the next line
    }
    return real_suspend(set);
}

int open64(const char* path, int flags, ...) {
    if (pace.host == booting.host && std::string_view(path).ends_with(first_of_work))
        begin_work();
    va_list more;
    va_start(more, flags);
    const auto mode = va_arg(more, mode_t); // NOLINT: without O_CREAT it is not looked at
    va_end(more);
    return real_open(path, flags, mode);
}
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
