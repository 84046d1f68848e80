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
      PRIVATE orrery_program_flags)
    set_property(GLOBAL APPEND PROPERTY ORRERY_FOLDERS orrery_${name})
  else()
    add_library(orrery_${name} INTERFACE)
    target_include_directories(orrery_${name} INTERFACE
      ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(orrery_${name} INTERFACE ${arg_USES} ${arg_LINKS})
  endif()
  set_property(GLOBAL PROPERTY ORRERY_TESTS_${name} "${tests}")
  set_property(GLOBAL PROPERTY ORRERY_LINKS_OF_${name} ${arg_LINKS})
endfunction()

# orrery_library(NAME FOLDERS folders... USES libraries...): orrery::NAME for gears, examples and
# other people's projects. Who links it sees the public headers; the folders are linked, no more.
function(orrery_library name)
  cmake_parse_arguments(arg "" "" "FOLDERS;USES" ${ARGN})
  set(target orrery_public_${name})
  add_library(${target} INTERFACE)
  add_library(orrery::${name} ALIAS ${target})
  target_compile_features(${target} INTERFACE cxx_std_20)
  target_include_directories(${target} INTERFACE ${PROJECT_SOURCE_DIR}/include)
  foreach(folder ${arg_FOLDERS})
    target_link_libraries(${target} INTERFACE $<LINK_ONLY:orrery_${folder}>)
  endforeach()
  list(TRANSFORM arg_USES PREPEND orrery_public_)
  target_link_libraries(${target} INTERFACE ${arg_USES})
  set_property(GLOBAL PROPERTY ORRERY_FOLDERS_OF_${name} ${arg_FOLDERS})
endfunction()

# orrery_all: every folder with its private headers, for the program, tests and benchmarks.
function(orrery_all_folders)
  get_property(folders GLOBAL PROPERTY ORRERY_FOLDERS)
  add_library(orrery_all INTERFACE)
  target_link_libraries(orrery_all INTERFACE ${folders})
endfunction()

# orrery_embed(FOLDER NAME): the files src/FOLDER/NAME/*, built into the library orrery_FOLDER as
# orrery::FOLDER::NAME_files, a std::span of pairs of name (without an ending .in) and text.
function(orrery_embed folder name)
  set(from ${PROJECT_SOURCE_DIR}/src/${folder}/${name})
  set(source ${PROJECT_BINARY_DIR}/${folder}_${name}_files.cpp)
  file(GLOB files CONFIGURE_DEPENDS ${from}/*)
  add_custom_command(OUTPUT ${source} VERBATIM
    COMMAND ${CMAKE_COMMAND} -DFROM=${from} -DTO=${source} -DFOLDER=${folder} -DNAME=${name}
      -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${files} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake)
  target_sources(orrery_${folder} PRIVATE ${source})
endfunction()
