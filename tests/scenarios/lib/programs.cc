#include "tests/scenarios/lib/programs.hh"

#include "control/kernel/fd.hh"
#include "tests/scenarios/lib/bench.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <utility>

namespace bpvs::scenario {

namespace {

[[noreturn]] void cannot(const std::string& what) {
    throw Unavailable(fmt::format("cannot {}: {}", what, std::strerror(errno)));
}

kernel::Fd opened(int fd, const char* what) {
    if (fd < 0)
        cannot(fmt::format("open {}", what));
    return kernel::Fd(fd);
}

kernel::Fd file_in_memory(const std::string& content) {
    kernel::Fd file = opened(memfd_create("standard stream", MFD_CLOEXEC), "a file in memory");
    if (!content.empty() &&
        pwrite(file.get(), content.data(), content.size(), 0) != static_cast<ssize_t>(content.size()))
        cannot("write to a file in memory");
    return file;
}

std::string content_of(const kernel::Fd& file) {
    std::string content(static_cast<std::size_t>(lseek(file.get(), 0, SEEK_END)), '\0');
    if (pread(file.get(), content.data(), content.size(), 0) != static_cast<ssize_t>(content.size()))
        cannot("read a file in memory");
    return content;
}

/// The program's process.
pid_t start(const std::vector<std::string>& words, int in, int out, char** environment) {
    std::vector<char*> arguments;
    for (const std::string& word : words)
        arguments.push_back(const_cast<char*>(word.c_str())); // exec() takes them so and leaves them alone
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, out, STDERR_FILENO);
    pid_t child = 0;
    errno = posix_spawnp(&child, arguments[0], &files, nullptr, arguments.data(), environment);
    posix_spawn_file_actions_destroy(&files);
    if (errno != 0)
        cannot("run " + words[0]);
    return child;
}

int waited_for(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            cannot("wait for a program");
    return status;
}

/// The sockets of the programs that are loaded.
std::map<std::string, int>& loaded() {
    static std::map<std::string, int> all;
    return all;
}

/// The wait status of what the program that listens at `socket` forked.
int forked(int socket, const std::vector<std::string>& words, int in, int out) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
        cannot("make a pipe");
    const kernel::Fd answer(ends[0]);
    int status = 0;
    {
        const kernel::Fd asked(ends[1]);
        const kernel::Fd network =
            opened(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), "the own namespace");
        const std::array<int, 5> given{in, out, out, network.get(), asked.get()};
        std::string text;
        for (const std::string& word : words)
            text += word + '\0';
        iovec what{text.data(), text.size()};
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof given)> control{};
        msghdr message{};
        message.msg_iov = &what;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof given);
        std::memcpy(CMSG_DATA(header), given.data(), sizeof given);
        if (sendmsg(socket, &message, MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
            cannot("run " + words[0]);
    }
    if (read(answer.get(), &status, sizeof status) != sizeof status)
        throw Unavailable(words[0] + " was loaded once, and is gone");
    return status;
}

} // namespace

Ran run_program(const std::vector<std::string>& words, const std::string& input) {
    const kernel::Fd in = file_in_memory(input);
    const kernel::Fd out = file_in_memory("");
    const auto standing = loaded().find(words.at(0));
    const int status = standing == loaded().end() ? waited_for(start(words, in.get(), out.get(), environ))
                                                  : forked(standing->second, words, in.get(), out.get());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), content_of(out)};
}

void load_once(const std::string& program) {
    const auto beside = std::filesystem::canonical("/proc/self/exe").parent_path().parent_path();
    const std::string preloaded = "LD_PRELOAD=" + (beside / "lib" / "loaded_once.so").string();
    std::vector<char*> environment{const_cast<char*>(preloaded.c_str()), const_cast<char*>("LD_BIND_NOW=1")};
    for (char** entry = environ; *entry != nullptr; entry++)
        environment.push_back(*entry);
    environment.push_back(nullptr);
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
        cannot("make a socket");
    const kernel::Fd theirs(ends[1]);
    start({program}, theirs.get(), STDERR_FILENO, environment.data());
    loaded()[program] = ends[0];
}

} // namespace bpvs::scenario
