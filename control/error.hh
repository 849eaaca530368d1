// Errors as values. A message is one sentence: what was tried, why it failed, what to do.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace bpvs {

enum class Errc {
    service_exists,
    no_service,
    server_exists,
    no_server,
    no_rule, ///< in the list of rules that mark packets
    unknown_scheduler,
    out_of_range,  ///< thresholds: lower above upper
    not_unicast,   ///< server address is not a unicast address
    not_supported, ///< understood, but not carried out by this version
    no_room,       ///< a table is full
    permission,
    no_bpf,       ///< the kernel cannot do what is needed
    incompatible, ///< the running director has another map layout
    no_interface,
    unknown_setting,
    system,
};

struct Error {
    Errc code;
    std::string message;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Errc code, std::string message) {
    return std::unexpected(Error{code, std::move(message)});
}

} // namespace bpvs
