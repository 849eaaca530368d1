# ccache, where it is there; also for the BPF objects (BPVS_CCACHE). Precompiled headers are compared by what is in them.
find_program(BPVS_CCACHE_PROGRAM ccache)
set(BPVS_CCACHE)
if(BPVS_CCACHE_PROGRAM)
  set(BPVS_CCACHE ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${BPVS_CCACHE_PROGRAM})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${BPVS_CCACHE})
  add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>)
endif()
