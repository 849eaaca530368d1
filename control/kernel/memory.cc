#include "control/kernel/memory.hh"

#include "control/kernel/fd.hh"

#include <bpf/bpf.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace bpvs::kernel {

u64 memory_of_tables(const std::string& directory) {
    u64 sum = 0;
    std::error_code error;
    for (const auto& pin : std::filesystem::directory_iterator(directory, error)) {
        const Fd fd(bpf_obj_get(pin.path().c_str()));
        std::ifstream info("/proc/self/fdinfo/" + std::to_string(fd.get()));
        u64 locked = 0;
        bool is_map = false; // programs are listed too
        for (std::string line; std::getline(info, line);) {
            std::istringstream words(line);
            std::string name;
            words >> name;
            if (name == "memlock:")
                words >> locked;
            is_map = is_map || name == "map_type:";
        }
        sum += is_map ? locked : 0;
    }
    return sum;
}

} // namespace bpvs::kernel
