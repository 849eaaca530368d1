#include "lab/capture.hh"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <memory>

namespace bpvs::lab {

std::expected<Capture, std::string> read_capture(const std::string& path) {
    std::array<char, PCAP_ERRBUF_SIZE> why{};
    const std::unique_ptr<pcap_t, decltype(&pcap_close)> file(pcap_open_offline(path.c_str(), why.data()), pcap_close);
    if (!file)
        return std::unexpected(fmt::format("cannot read the capture {}: {}", path, why.data()));
    if (pcap_datalink(file.get()) != DLT_EN10MB)
        return std::unexpected(
            fmt::format("{} has no Ethernet headers; capture on one interface (tcpdump -i eth0), not on 'any'", path));
    Capture capture;
    pcap_pkthdr* header = nullptr;
    const u8* data = nullptr;
    int status = 0;
    while ((status = pcap_next_ex(file.get(), &header, &data)) == 1) {
        if (header->caplen < header->len)
            return std::unexpected(fmt::format("{} has cut packets; capture them whole (tcpdump -s 0)", path));
        auto packet = parse_packet({data, header->caplen});
        if (packet)
            capture.packets.push_back(std::move(*packet));
        else if (packet.error() == Unparsed::malformed)
            ++capture.malformed;
    }
    if (status != PCAP_ERROR_BREAK) // which is what the end of the file is called
        return std::unexpected(
            fmt::format("the capture {} ends in the middle: {}; was tcpdump killed?", path, pcap_geterr(file.get())));
    return capture;
}

} // namespace bpvs::lab
