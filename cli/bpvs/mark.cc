// bpvs mark: rules that mark packets. The options are those of iptables -t mangle, so that the lines of
// iptables-save can be given as they are.
#include "cli/bpvs/commands.hh"
#include "cli/bpvs/mark_text.hh"
#include "cli/bpvs/outcome.hh"
#include "control/marks.hh"
#include "control/open.hh"

#include <cstdio>
#include <fmt/format.h>
#include <functional>
#include <memory>

namespace bpvs::cli {
namespace {

struct Arguments {
    MarkWords words;
    std::string number; ///< del: of the rule; add: of the one it goes before
    std::string target, match;
};

void add_rule_options(CLI::App& app, Arguments& a) {
    app.add_option("-p,--protocol", a.words.protocol, "tcp, udp, sctp or any (all three); without it: any");
    app.add_option("-d,--destination", a.words.destination, "address or prefix; without it: every IPv4 address");
    app.add_option("--dport,--port", a.words.ports, "destination port N or ports A:B; without it: all");
    app.add_option("--set-mark,--mark,--set-xmark", a.words.mark, "the mark, decimal or hexadecimal (0x5)");
    app.add_flag("-6", a.words.v6, "without a destination: every IPv6 address");
    const auto only = [](const char* what, const std::vector<std::string>& values) {
        return [what, values](const std::string& text) {
            const bool known = std::ranges::find(values, text) != values.end();
            return known ? "" : fmt::format("{} {} is iptables' business; only {} is taken", what, text, values[0]);
        };
    };
    app.add_option("-j,--jump", a.target, "MARK, as iptables writes it")->check(only("the target", {"MARK"}));
    app.add_option("-m,--match", a.match, "tcp, udp or sctp, as iptables writes it")
        ->check(only("the match", {"tcp", "udp", "sctp"}));
}

int change(Access access, const std::function<Result<void>(Marks)>& what) {
    const auto opened = open_director(access);
    if (!opened)
        return outcome(std::unexpected(opened.error()));
    return outcome(what(Marks((*opened)->store())));
}

int add_rule(const Arguments& a) {
    const auto rule = parse_mark_rule(a.words);
    if (!rule)
        return outcome(std::unexpected(rule.error()));
    std::optional<u32> at;
    if (!a.number.empty()) {
        const auto number = parse_mark_number(a.number);
        if (!number)
            return outcome(std::unexpected(number.error()));
        at = *number;
    }
    return change(Access::create, [&](Marks marks) { return marks.add(*rule, at); });
}

int delete_rule(const Arguments& a) {
    const MarkWords& w = a.words;
    const bool described = !w.protocol.empty() || !w.destination.empty() || !w.ports.empty() || !w.mark.empty() || w.v6;
    if (a.number.empty()) {
        const auto rule = parse_mark_rule(w);
        if (!rule)
            return outcome(std::unexpected(rule.error()));
        return change(Access::change, [&](Marks marks) { return marks.remove(*rule); });
    }
    if (described)
        return outcome(fail(Errc::out_of_range, "A rule is deleted by its number or by what it says: leave one out."));
    const auto number = parse_mark_number(a.number);
    if (!number)
        return outcome(std::unexpected(number.error()));
    return change(Access::change, [&](Marks marks) { return marks.remove(*number); });
}

int list_rules(const std::function<std::string(std::span<const MarkRule>)>& text) {
    const auto opened = open_director(Access::read);
    if (!opened)
        return outcome(std::unexpected(opened.error()));
    const auto rules = Marks((*opened)->store()).list();
    if (!rules)
        return outcome(std::unexpected(rules.error()));
    fmt::print("{}", text(*rules));
    return 0;
}

} // namespace

void add_mark(CLI::App& app, int& status) {
    CLI::App* mark = app.add_subcommand("mark", "Mark packets for services by firewall mark (bpvsadm -f), without "
                                                "netfilter; the last rule that matches decides");
    mark->require_subcommand(1);

    auto added = std::make_shared<Arguments>();
    CLI::App* add = mark->add_subcommand("add", "Add a rule at the end of the list");
    add_rule_options(*add, *added);
    add->add_option("--at", added->number, "before the rule of this number instead");
    add->callback([added, &status] { status = add_rule(*added); });

    auto deleted = std::make_shared<Arguments>();
    CLI::App* del = mark->add_subcommand("del", "Delete a rule, by its number or by what was added");
    del->add_option("number", deleted->number, "as `bpvs mark list` shows it");
    add_rule_options(*del, *deleted);
    del->callback([deleted, &status] { status = delete_rule(*deleted); });

    mark->add_subcommand("flush", "Delete all rules at once")->callback([&status] {
        status = change(Access::change, [](Marks marks) { return marks.clear(); });
    });

    auto json = std::make_shared<bool>(false);
    auto commands = std::make_shared<bool>(false);
    CLI::App* list = mark->add_subcommand("list", "Show the rules");
    CLI::Option* as_json = list->add_flag("--json", *json, "for programs");
    list->add_flag("--commands", *commands, "as the commands that make them")->excludes(as_json);
    list->callback([json, commands, &status] {
        status = list_rules(*json ? marks_json : *commands ? marks_commands : marks_text);
    });
}

} // namespace bpvs::cli
