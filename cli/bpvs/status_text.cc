#include "cli/bpvs/status_text.hh"

#include <array>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace bpvs::cli {
namespace {

struct ReasonRow {
    const char* name;
    const char* action;
    const char* text;
};
constexpr std::array reason_rows{
#define X(name, action, text) ReasonRow{#name, #action, text},
    BPVS_REASONS(X)
#undef X
};

const ReasonRow& row_of(Reason reason) { return reason_rows.at(static_cast<std::size_t>(reason)); }

} // namespace

std::string status_text(const DirectorStatus& s) {
    if (!s.up)
        return "director: not up in this network namespace\n";
    std::string text = fmt::format("director: up, version {}\nmaps: {}\n", s.version, s.pin_path);
    text += fmt::format("connections: {} of {}, {} ended and held\nservices: {} of {}, room for {} servers\nmemory: {} "
                        "MiB for the tables\n",
                        s.connections_live, s.connections_max, s.connections_held, s.services, s.services_max,
                        s.servers_max, s.memory >> 20);
    text += "interfaces:\n";
    for (const InterfaceStatus& i : s.interfaces)
        text += i.hook.empty() ? fmt::format("  {}: not attached: {}\n", i.name, i.reason)
                               : fmt::format("  {}: attached at {}\n", i.name, i.hook == "xdp" ? "xdp and tc" : i.hook);
    for (const InterfaceStatus& i : s.interfaces)
        if (!i.lost.empty())
            text += fmt::format("  packets from xdp to {0} are lost: {1}; attach again: bpvs attach --mode xdp …\n",
                                i.name, i.lost);
    if (s.xdp)
        text += fmt::format("xdp: {} packets finished, {} left to tc\n", s.xdp->finished, s.xdp->left);
    text += "packets:\n";
    bool any = false;
    for (const auto& [reason, packets] : s.reasons) {
        if (packets == 0)
            continue;
        any = true;
        const ReasonRow& row = row_of(reason);
        text += fmt::format("  {:>12} {:<8} {:<18} {}\n", packets, row.action, row.name, row.text);
    }
    return any ? text : text + "  none yet\n";
}

std::string status_json(const DirectorStatus& s) {
    using nlohmann::ordered_json;
    ordered_json json{{"version", 1}, {"up", s.up}};
    for (const char* only_when_up : {"program", "pin_path", "connections", "services", "room", "memory", "xdp"})
        json[only_when_up] = nullptr;
    if (s.up) {
        json["program"] = s.version;
        json["pin_path"] = s.pin_path;
        json["connections"] = {{"live", s.connections_live}, {"held", s.connections_held}, {"max", s.connections_max}};
        json["services"] = s.services;
        json["room"] = {{"services", s.services_max}, {"servers", s.servers_max}};
        json["memory"] = s.memory;
        if (s.xdp)
            json["xdp"] = {{"finished", s.xdp->finished}, {"left", s.xdp->left}};
    }
    json["interfaces"] = ordered_json::array();
    for (const InterfaceStatus& i : s.interfaces) {
        const bool attached = !i.hook.empty();
        const auto if_any = [](bool any, const std::string& text) { return any ? ordered_json(text) : nullptr; };
        json["interfaces"].push_back({{"name", i.name},
                                      {"ifindex", i.ifindex},
                                      {"attached", attached},
                                      {"hook", if_any(attached, i.hook)},
                                      {"reason", if_any(!attached, i.reason)}});
    }
    json["packets"] = ordered_json::array();
    for (const auto& [reason, packets] : s.reasons) {
        const ReasonRow& row = row_of(reason);
        json["packets"].push_back(
            {{"reason", row.name}, {"action", row.action}, {"text", row.text}, {"count", packets}});
    }
    return json.dump(2) + "\n";
}

} // namespace bpvs::cli
