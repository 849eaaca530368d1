// Commit: a draft becomes the table, in one switch. docs/adr/0003 says how.
#pragma once

#include "control/draft.hh"

namespace bpvs {

class Commit {
public:
    Commit(Store& store, Draft& draft) : store_(store), ledger_(draft.ledger_), draft_(draft) {}

    /// Nothing has been switched on an error; what was prepared is for Director::recover() to clear away.
    Result<void> run();
    /// The generation was flipped: the ledger has to be read again.
    bool flipped() const { return flip_; }

private:
    struct Change {
        ServiceKey key;
        DraftService* service;
    };
    void write_records();
    Result<void> lay_out();
    Result<void> prepare_counters();
    void attach();
    Offered offered() const;
    bool offers_others() const;
    Result<void> replace_one(const Change& change);
    Result<void> replace_all();
    void detach();
    void drain_removed(const Change& change);
    Result<void> count_from_zero();
    void book(const Change& change);

    Store& store_;
    Ledger& ledger_;
    Draft& draft_;
    std::vector<Change> changes_;
    bool flip_ = false;
    u64 now_ = 0; ///< when servers begin to drain
    std::vector<u32> attached_;
    std::vector<u32> detached_;
    std::vector<u32> recounted_; ///< counters to zero after the switch
};

} // namespace bpvs
