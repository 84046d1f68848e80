# orrery_folder(NAME USES folders... LINKS targets...): src/NAME as the static library orrery_NAME,
# and its *_test.cpp files as the program NAME_test.
function(orrery_folder name)
  cmake_parse_arguments(arg "" "" "USES;LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(TRANSFORM arg_USES PREPEND orrery_)
  if(sources)
    add_library(orrery_${name} STATIC ${sources})
    target_include_directories(orrery_${name} PUBLIC
      ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(orrery_${name} PUBLIC ${arg_USES} ${arg_LINKS} Threads::Threads
      PRIVATE orrery_flags)
    set_property(GLOBAL APPEND PROPERTY ORRERY_FOLDERS orrery_${name})
  else()
    add_library(orrery_${name} INTERFACE)
    target_include_directories(orrery_${name} INTERFACE
      ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(orrery_${name} INTERFACE ${arg_USES} ${arg_LINKS})
  endif()
  set_property(GLOBAL PROPERTY ORRERY_TESTS_${name} "${tests}")
endfunction()

# orrery::orrery: all folders in one target, the one that gears, apps and examples link.
function(orrery_library)
  get_property(folders GLOBAL PROPERTY ORRERY_FOLDERS)
  add_library(orrery INTERFACE)
  add_library(orrery::orrery ALIAS orrery)
  target_include_directories(orrery INTERFACE ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(orrery INTERFACE ${folders})
endfunction()
