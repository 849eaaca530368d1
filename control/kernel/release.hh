// A deleter that calls a C library's function.
#pragma once

namespace bpvs::kernel {

template <auto release>
struct Release {
    template <class T>
    void operator()(T* p) const {
        release(p);
    }
};

} // namespace bpvs::kernel
