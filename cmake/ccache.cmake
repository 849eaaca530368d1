# ccache, where it is there; also for the BPF objects (BPVS_CCACHE).
find_program(BPVS_CCACHE_PROGRAM ccache)
set(BPVS_CCACHE)
if(BPVS_CCACHE_PROGRAM)
  set(BPVS_CCACHE ${BPVS_CCACHE_PROGRAM})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${BPVS_CCACHE_PROGRAM})
endif()
