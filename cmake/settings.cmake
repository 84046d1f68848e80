# What every target is compiled with.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_THREAD_PREFER_PTHREAD ON)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()
if(PROJECT_IS_TOP_LEVEL)  # otherwise these are the other project's to decide
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
endif()

option(ORRERY_WERROR "Treat warnings as errors" OFF)
set(ORRERY_SANITIZE "" CACHE STRING "address+undefined | thread | empty")

add_library(orrery_warnings INTERFACE)
target_compile_options(orrery_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow
  -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual -Woverloaded-virtual
  -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(orrery_warnings INTERFACE -Wno-restrict)  # false alarms: GCC bug 105651
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)  # libstdc++ 12's own std::stable_sort
  target_compile_options(orrery_warnings INTERFACE -Wno-deprecated-declarations)
endif()

# The program is optimised across files when it is linked, which takes half a minute. Its objects
# can be linked in the usual way, too: every other program does that.
add_library(orrery_flags INTERFACE)
add_library(orrery_program_flags INTERFACE)
target_link_libraries(orrery_flags INTERFACE orrery_warnings)
target_link_libraries(orrery_program_flags INTERFACE orrery_warnings)
if(ORRERY_LTO AND CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_BUILD_TYPE STREQUAL Release)
  set(ORRERY_LINK_TIME_OPTIMISATION -flto=auto)
  target_compile_options(orrery_program_flags INTERFACE -flto=auto -ffat-lto-objects)
  target_link_options(orrery_flags INTERFACE  # which a library may hand on to the program
    $<$<NOT:$<STREQUAL:$<TARGET_PROPERTY:NAME>,orrery_program>>:-fno-lto>)
endif()

# The tests' many short strings raise more of them, once inlined.
add_library(orrery_test_flags INTERFACE)
target_link_libraries(orrery_test_flags INTERFACE orrery_flags)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(orrery_test_flags INTERFACE -Wno-array-bounds -Wno-stringop-overflow)
endif()

if(ORRERY_WERROR)
  target_compile_options(orrery_warnings INTERFACE -Werror)
endif()
if(ORRERY_SANITIZE STREQUAL "address+undefined")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
    -fno-omit-frame-pointer -D_GLIBCXX_ASSERTIONS)
  add_link_options(-fsanitize=address,undefined)
elseif(ORRERY_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
endif()
if(ORRERY_BUILD_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

