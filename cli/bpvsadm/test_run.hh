// bpvsadm run inside a test: command lines in, exit status and texts out, on a director in memory.
#pragma once

#include "cli/bpvsadm/execute.hh"
#include "control/test_lab.hh"

#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace bpvs::cli {

struct Outcome {
    int exit;
    std::string out, err;
};

class TestRun {
public:
    Lab lab;
    std::vector<Access> opened; ///< how commands asked for the director

    /// Words are separated by blanks.
    Outcome operator()(const std::string& line, std::string input = "") {
        std::istringstream in(line);
        std::vector<std::string> words{"bpvsadm"};
        for (std::string word; in >> word;)
            words.push_back(word);
        std::vector<const char*> argv;
        argv.reserve(words.size() + 1);
        for (const std::string& word : words)
            argv.push_back(word.c_str());
        argv.push_back(nullptr);
        input += '\n'; // fmemopen() refuses an empty buffer
        Stream out, err;
        const Streams streams{fmemopen(input.data(), input.size(), "r"), out.file, err.file};
        const int exit = run(static_cast<int>(words.size()), argv.data(), streams, [&](Access access) {
            opened.push_back(access);
            return Result<std::unique_ptr<OpenDirector>>(std::make_unique<Handle>(lab));
        });
        std::fclose(streams.in);
        return {exit, out.text(), err.text()};
    }

private:
    struct Stream {
        char* buffer = nullptr;
        std::size_t size = 0;
        std::FILE* file = open_memstream(&buffer, &size);
        ~Stream() {
            std::fclose(file);
            std::free(buffer);
        }
        std::string text() const {
            std::fflush(file);
            return {buffer, size};
        }
    };

    class Handle final : public OpenDirector {
    public:
        explicit Handle(Lab& l) : lab_(l) {}
        bool is_up() const override { return true; }
        Store& store() override { return lab_.store; }
        Director& director() override { return lab_.director; }

    private:
        Lab& lab_;
    };
};

} // namespace bpvs::cli
