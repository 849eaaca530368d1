# bpvs_test(NAME SOURCES... LIBS...): a unit test beside the code, run by ctest.
include(GoogleTest)
function(bpvs_test name)
  cmake_parse_arguments(T "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${T_SOURCES})
  target_link_libraries(${name} PRIVATE bpvs_headers ${T_LIBS} GTest::gtest_main)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60)
endfunction()
