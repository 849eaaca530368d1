#include "cli/bpvs/commands.hh"
#include "cli/bpvs/outcome.hh"
#include "control/open.hh"

#include <fmt/format.h>

#include <map>
#include <memory>

namespace bpvs::cli {

namespace {

const std::map<std::string, AttachMode> modes{
    {"auto", AttachMode::automatic}, {"tc", AttachMode::tc}, {"tcx", AttachMode::tcx}, {"xdp", AttachMode::xdp}};

Result<void> attach_and_say(const std::string& interface, AttachMode mode) {
    const auto said = director_attach(interface, mode);
    if (!said)
        return std::unexpected(said.error());
    for (std::size_t i = 0; i < said->size(); i++)
        fmt::print("{}{}\n", i == 0 ? "" : "  ", (*said)[i]);
    return {};
}

} // namespace

void add_attach(CLI::App& app, int& status) {
    auto interface = std::make_shared<std::string>();
    auto mode = std::make_shared<std::string>("auto");
    CLI::App* attach = app.add_subcommand("attach", "Attach the director to one more interface, and say where");
    attach->add_option("interface", *interface, "its name")->required();
    attach
        ->add_option("--mode", *mode,
                     "tc: among the filters of tc, before the host's stack; tcx: the same before all of those filters, "
                     "which costs less; xdp: also by the driver itself, in front of tc; "
                     "auto: which suits the interface; without the option: auto")
        ->check([](const std::string& name) {
            return modes.contains(name) ? "" : fmt::format("there is no mode `{}`, only auto, tc, tcx and xdp", name);
        })
        ->type_name("auto|tc|tcx|xdp");
    attach->callback([interface, mode, &status] { status = outcome(attach_and_say(*interface, modes.at(*mode))); });
}

} // namespace bpvs::cli
