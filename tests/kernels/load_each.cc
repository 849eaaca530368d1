// load_each OBJECT: loads each program of a BPF object by itself and prints `PROGRAM accepted|refused INSTRUCTIONS`.
// What the verifier said of those it refused, and libbpf's warnings, go to stderr.
//
// A kernel without a JIT refuses programs with callbacks for that reason alone, after it has verified them: they
// count as accepted.
#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr unsigned verifier_statistics = 4; // BPF_LOG_STATS

struct Close {
    void operator()(bpf_object* o) const { bpf_object__close(o); }
};
using Object = std::unique_ptr<bpf_object, Close>;

int warnings(enum libbpf_print_level level, const char* format, va_list arguments) {
    return level == LIBBPF_WARN ? std::vfprintf(stderr, format, arguments) : 0;
}

std::vector<std::string> names_of(const char* path) {
    std::vector<std::string> names;
    const Object object(bpf_object__open(path));
    bpf_program* program = nullptr;
    if (object)
        bpf_object__for_each_program(program, object.get()) names.emplace_back(bpf_program__name(program));
    return names;
}

/// False: the program is not what was asked for, or was refused.
bool load(const char* path, const std::string& name) {
    std::string log(std::size_t{1} << 20, '\0');
    const Object object(bpf_object__open(path));
    if (!object)
        return false;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object.get())
        bpf_program__set_autoload(program, name == bpf_program__name(program));
    program = bpf_object__find_program_by_name(object.get(), name.c_str());
    bpf_program__set_log_level(program, verifier_statistics);
    bpf_program__set_log_buf(program, log.data(), log.size());
    const bool loaded = bpf_object__load(object.get()) == 0;
    log.resize(std::strlen(log.c_str()));
    const bool only_no_jit = log.find("callbacks are not allowed in non-JITed programs") != std::string::npos;
    const std::size_t at = log.rfind("processed ");
    const bool accepted = loaded || only_no_jit;
    std::printf("%s %s %d\n", name.c_str(), accepted ? "accepted" : "refused",
                at == std::string::npos ? 0 : std::atoi(log.c_str() + at + std::strlen("processed ")));
    if (!accepted)
        std::fprintf(stderr, "%s\n", log.c_str());
    return accepted;
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: load_each OBJECT\n");
        return 2;
    }
    libbpf_set_print(warnings);
    const auto names = names_of(argv[1]);
    bool all = !names.empty();
    for (const std::string& name : names)
        all = load(argv[1], name) && all;
    return all ? 0 : 1;
}
