// What tells one table from another, as lines of -S: "- " what goes, "+ " what comes.
#pragma once

#include "cli/bpvsadm/output.hh"
#include "control/director.hh"

#include <vector>

namespace bpvs::cli {

/// In the order of -S; services that go come first. Thresholds, which -S leaves out, are printed where there are any.
/// False: there is no difference.
bool put_difference(Output& out, std::vector<ServiceView> before, std::vector<ServiceView> after);

/// The same for the timeouts; values of `after` that are 0 stay as they are.
bool put_difference(Output& out, const Timeouts& before, const Timeouts& after);

/// Makes the services `before` of a table into `after`; what is in both is not touched.
Result<void> make_equal(Changes& table, const std::vector<ServiceView>& before, const std::vector<ServiceView>& after);

} // namespace bpvs::cli
