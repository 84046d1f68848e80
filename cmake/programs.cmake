# Small programs of one source each (examples, benchmarks) and the tests that are programs.

# GoogleTest's headers, which take longer to read than most tests, are read once per build. They are
# compiled as part of a program, because programs and libraries differ in -fPIE and -fPIC.
function(orrery_test_headers)
  set(source ${PROJECT_BINARY_DIR}/test_headers.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "// Only its headers matter.\n")
  add_executable(test_headers EXCLUDE_FROM_ALL ${source})
  target_link_libraries(test_headers PRIVATE orrery_test_flags GTest::gtest_main GTest::gmock)
  target_precompile_headers(test_headers PRIVATE <gtest/gtest.h>)
endfunction()

# orrery_gtest(NAME SOURCES files... LINKS targets...): the GoogleTest program NAME_test, which is
# NAME to ctest.
function(orrery_gtest name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name}_test ${arg_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${arg_LINKS} orrery_test_flags
    GTest::gtest_main GTest::gmock)
  target_precompile_headers(${name}_test REUSE_FROM test_headers)
  add_test(NAME ${name} COMMAND ${name}_test)
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 300)
endfunction()

# orrery_mentions(RESULT FILE TEXT): does the source say TEXT anywhere?
function(orrery_mentions result file text)
  file(STRINGS ${file} lines REGEX ${text} LIMIT_COUNT 1)
  if(lines)
    set(${result} TRUE PARENT_SCOPE)
  else()
    set(${result} FALSE PARENT_SCOPE)
  endif()
endfunction()
