# bpvs_without_debug_information(TARGET...): of programs that only tests run.
function(bpvs_without_debug_information)
  foreach(target ${ARGN})
    target_compile_options(${target} PRIVATE $<$<CONFIG:RelWithDebInfo>:-g0>)
  endforeach()
endfunction()

# bpvs_unit_tests(NAME SOURCES... LIBS...): the unit tests beside the code of one part, NAME_test. One process runs
# them all, or some of them (--gtest_filter): to start a program costs more than most tests.
function(bpvs_unit_tests name)
  cmake_parse_arguments(T "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name}_test ${T_SOURCES})
  target_link_libraries(${name}_test PRIVATE bpvs_headers ${T_LIBS} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name}_test PRIVATE BPVS_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  bpvs_without_debug_information(${name}_test)
  add_test(NAME ${name} COMMAND ${name}_test)
  add_dependencies(unit-tests ${name}_test)
endfunction()
