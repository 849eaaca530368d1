// Every word that the control library writes where packets may read it at the same moment. Each call is
// one store to one element, in program order: a command that is killed has done the calls before, whole.
#pragma once

#include "control/changes.hh"
#include "control/store.hh"

namespace bpvs::publish {

void dirty(Store& store, bool on);
void in_force(Store& store, InForce value);
void in_force(Store& store, MarksInForce value);
/// Ids below these may be in use. The bounds only rise, so that no removed record is forgotten.
void used_dests_at_least(Store& store, u32 bound);
void used_services_at_least(Store& store, u32 bound);
void dest_service(Store& store, u32 dest, u32 service);
void dest_place(Store& store, u32 dest, u32 side, u32 place);
/// What packets read of a server's weight and thresholds, and of its service's wishes for its connections. Raised or
/// lifted thresholds let connections in at once. A server of weight 0 drains from `now`, or from when it began to.
void dest_settings(Store& store, const SetEntry& entry, const Service& service, u64 now);
/// A server that no packet can choose any more drains from `now`, unless it did before.
void dest_removed(Store& store, u32 dest, u64 now);
/// The service of a removed server has another wish since `now`.
void dest_drain(Store& store, u32 dest, u32 drain, u64 now);
/// What services there may be.
void offered(Store& store, const Offered& all);
void setting(Store& store, u32 Settings::* which, u32 value);
/// 0: unchanged
void timeouts(Store& store, const Timeouts& t);

/// Both fields as one command wrote them.
MarksInForce seen(const MarksInForce& where);

/// Space that no packet reads yet.
void words(Store& store, u32 offset, std::span<const u32> block);

} // namespace bpvs::publish
