// bpvsadm: takes every command line that ipvsadm takes.
#include "cli/bpvsadm/execute.hh"

int main(int argc, char** argv) {
    const bpvs::cli::Streams streams{stdin, stdout, stderr};
    const auto open = [](bpvs::Access access) { return bpvs::open_director(access); };
    const int status = bpvs::cli::run(argc, const_cast<const char**>(argv), streams, open);
    if (std::fflush(stdout) != 0) {
        std::perror("bpvsadm: Cannot write the output");
        return bpvs::cli::exit_refused;
    }
    return status;
}
