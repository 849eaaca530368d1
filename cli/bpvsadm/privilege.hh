// Whether the caller may use the director at all.
#pragma once

namespace bpvs::cli {

/// CAP_NET_ADMIN, which every command needs, even -h, as with ipvsadm.
bool may_administer();

} // namespace bpvs::cli
