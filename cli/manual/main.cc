// bpvs-manual PAGE.in PAGE: fills in the lists that a page asks for by a line @NAME@.
#include "cli/bpvs/app.hh"
#include "cli/manual/manual.hh"

#include <cstdio>
#include <fstream>

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: bpvs-manual PAGE.in PAGE\n");
        return 2;
    }
    std::ifstream in(argv[1]);
    std::ofstream out(argv[2]);
    int status = 0;
    for (std::string line; std::getline(in, line);) {
        if (line == "@BPVSADM_COMMANDS@") {
            out << bpvs::cli::bpvsadm_commands();
        } else if (line == "@BPVSADM_OPTIONS@") {
            out << bpvs::cli::bpvsadm_options();
        } else if (line == "@BPVS_COMMANDS@") {
            out << bpvs::cli::bpvs_commands(*bpvs::cli::make_app(status));
        } else if (line.starts_with('@')) {
            std::fprintf(stderr, "bpvs-manual: %s: there is no list %s\n", argv[1], line.c_str());
            return 1;
        } else {
            out << line << '\n';
        }
    }
    out.close();
    if (!in.eof() || !out) {
        std::fprintf(stderr, "bpvs-manual: cannot make %s from %s\n", argv[2], argv[1]);
        return 1;
    }
    return 0;
}
