#include "tests/scenarios/lib/oracle.hh"

#include <tins/ethernetII.h>

#include <algorithm>

namespace bpvs::scenario {

bool tins_agrees(const Frame& frame) {
    Tins::EthernetII parsed(frame.data(), static_cast<uint32_t>(frame.size()));
    const Frame again = parsed.serialize(); // computes lengths and checksums anew; may be padded to 60 bytes
    // SCTP it takes for payload: its checksum is judged by ours.
    return describe(frame).find("(WRONG)") == std::string::npos && again.size() >= frame.size() &&
           std::equal(frame.begin(), frame.end(), again.begin());
}

} // namespace bpvs::scenario
