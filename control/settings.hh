// The settings of net.ipv4.vs, and ours, as text: names and values as users write them, checked before anything is
// changed. What each one means is in core/model/settings.hh.
#pragma once

#include "control/error.hh"
#include "control/store.hh"
#include "core/model/settings.hh"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bpvs {

/// One row of the lists.
struct SettingInfo {
    const char* name;      ///< without net.ipv4.vs; ours with bpvs.
    u32 Settings::* field; ///< null: the setting has one value
    u32 initial, lowest, highest;
    const char* unit;    ///< empty: a number by itself
    const char* meaning; ///< what the setting, or its values, mean
    const char* fixed;   ///< the one value
    const char* why;     ///< another is not carried out
};

/// In the order of their names.
std::span<const SettingInfo> settings_known();

/// Takes a name with and without `net.ipv4.vs.`, with dots or slashes. unknown_setting: names the nearest one there is.
Result<const SettingInfo*> find_setting(std::string_view name);

/// As `bpvs sysctl` writes it.
std::string full_name(const SettingInfo& setting);
std::string value_text(const SettingInfo& setting, const Settings& in_force);

/// What a user wrote: NAME=VALUE.
struct Assignment {
    std::string name;
    std::string value;
};

/// unknown_setting, out_of_range (also: not a number), not_supported. The value that is in effect anyway is always
/// fine.
Result<void> check_setting(const Assignment& assignment);

/// All of them, the last of one name counting, or none on an error, which is one of check_setting().
/// Whoever calls this holds the director's lock.
Result<void> change_settings(Store& store, std::span<const Assignment> assignments);

} // namespace bpvs
