// --json: the listings as docs/json.md describes them. Every element is on a line of its own.
#pragma once

#include "cli/bpvsadm/output.hh"
#include "control/director.hh"

#include <string>
#include <vector>

namespace bpvs::cli {

/// Raised when a program that reads the old form could misread the new one; more members do not raise it.
constexpr int json_version = 1;

void put_services_json(Output& out, const std::vector<ServiceView>& services);

/// Connections one after the other, without keeping any.
class ConnectionsJson {
public:
    explicit ConnectionsJson(Buffer& out);
    void put(const ConnectionView& connection);
    void end();

private:
    Buffer& out_;
    bool first_ = true;
};

std::string timeouts_json(const Timeouts& timeouts);
std::string daemons_json();

} // namespace bpvs::cli
