// A program that is loaded once and runs many times, each time in a fork: preloaded into it (LD_PRELOAD).
//
// In user-mode Linux each page that a program touches costs several system calls of the host's, so to start `ipvsadm`
// takes ten times as long as what it does. Here it is started, linked, and stopped just before main(); whoever wants it
// to run sends a message to the socket that is its standard input, and a child goes on from there.
//
// Message (SOCK_SEQPACKET): the arguments with the program's name, each with a zero byte at its end; descriptors
// (SCM_RIGHTS): standard input, output and error, the network namespace to be in, and where to write the child's wait
// status (an int). One child at a time. The end of the socket is the end of the program.
#include <array>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

using Main = int (*)(int, char**, char**);
using Hook = void (*)();

enum Given { input, output, errors, network, answer, given_count };

struct Request {
    std::array<char, 65536> text{};
    std::array<int, given_count> given{};
    std::vector<char*> words{};
};

Main program;

/// False: nobody will ask any more.
bool receive(Request& request) {
    iovec where{request.text.data(), request.text.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof request.given)> control{};
    msghdr message{};
    message.msg_iov = &where;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = recvmsg(STDIN_FILENO, &message, MSG_CMSG_CLOEXEC);
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (size <= 0 || header == nullptr || header->cmsg_len != CMSG_LEN(sizeof request.given))
        return false;
    std::memcpy(request.given.data(), CMSG_DATA(header), sizeof request.given);
    request.words.clear();
    for (char* word = request.text.data(); word < request.text.data() + size; word += std::strlen(word) + 1)
        request.words.push_back(word);
    request.words.push_back(nullptr);
    return true;
}

int serve(int, char**, char** environment) {
    unsetenv("LD_PRELOAD"); // NOLINT(concurrency-mt-unsafe): there is one thread
    static Request request;
    while (receive(request)) {
        const pid_t child = fork();
        if (child == 0) {
            if (setns(request.given[network], CLONE_NEWNET) != 0)
                return EXIT_FAILURE;
            dup2(request.given[input], STDIN_FILENO);
            dup2(request.given[output], STDOUT_FILENO);
            dup2(request.given[errors], STDERR_FILENO);
            return program(static_cast<int>(request.words.size()) - 1, request.words.data(), environment);
        }
        int status = -1;
        waitpid(child, &status, 0);
        const bool told = write(request.given[answer], &status, sizeof status) == sizeof status;
        for (const int fd : request.given)
            close(fd);
        if (!told)
            return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

} // namespace

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the C library's name
/// The C library's way into a program: its main() is ours now.
extern "C" int __libc_start_main(Main main, int count, char** arguments, Hook init, Hook fini, Hook ld_fini,
                                 void* stack) {
    using Start = int(Main, int, char**, Hook, Hook, Hook, void*);
    program = main;
    return reinterpret_cast<Start*>(dlsym(RTLD_NEXT, "__libc_start_main"))(serve, count, arguments, init, fini, ld_fini,
                                                                           stack);
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
