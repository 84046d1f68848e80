# What `cmake --install` puts where. Nothing installed knows the prefix but the unit, which is
# written while it is installed; so --prefix and DESTDIR may be chosen late.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(orrery_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/orrery)

# orrery_archive(NAME FILE): orrery::NAME as one archive, libFILE.a, whose users link what its
# folders link and see the public headers.
function(orrery_archive name file)
  get_property(folders GLOBAL PROPERTY ORRERY_FOLDERS_OF_${name})
  set(target orrery_archive_${name})
  add_library(${target} STATIC)
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${file} EXPORT_NAME ${name} LINKER_LANGUAGE CXX
    ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/archives)  # not among those of the folders
  target_compile_features(${target} INTERFACE cxx_std_20)
  set(links Threads::Threads)
  foreach(folder ${folders})
    get_target_property(type orrery_${folder} TYPE)
    if(type STREQUAL STATIC_LIBRARY)  # others are headers alone
      target_sources(${target} PRIVATE $<TARGET_OBJECTS:orrery_${folder}>)
    endif()
    get_property(more GLOBAL PROPERTY ORRERY_LINKS_OF_${folder})
    list(APPEND links ${more})
  endforeach()
  list(REMOVE_DUPLICATES links)
  list(REMOVE_ITEM links Boost::headers)  # nothing to link
  target_link_libraries(${target} PRIVATE ${links})
  if(ORRERY_LINK_TIME_OPTIMISATION)  # what is for this very compiler's linking only
    add_custom_command(TARGET ${target} POST_BUILD VERBATIM
      COMMAND ${CMAKE_OBJCOPY} --remove-section=.gnu.lto_* $<TARGET_FILE:${target}>)
  endif()
  install(TARGETS ${target} EXPORT orrery COMPONENT development
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endfunction()

orrery_archive(orrery orrery)
orrery_archive(testing orrery_testing)
target_link_libraries(orrery_archive_testing PUBLIC orrery_archive_orrery)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/orrery TYPE INCLUDE COMPONENT development)

# find_package(orrery CONFIG)
install(EXPORT orrery NAMESPACE orrery:: FILE orreryTargets.cmake
  DESTINATION ${orrery_cmake_dir} COMPONENT development)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/orreryConfig.cmake.in
  ${PROJECT_BINARY_DIR}/orreryConfig.cmake INSTALL_DESTINATION ${orrery_cmake_dir}
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/orreryConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/orreryConfig.cmake
  ${PROJECT_BINARY_DIR}/orreryConfigVersion.cmake ${PROJECT_SOURCE_DIR}/cmake/Findisal.cmake
  ${PROJECT_SOURCE_DIR}/cmake/Findliburing.cmake
  DESTINATION ${orrery_cmake_dir} COMPONENT development)

# pkg-config --static orrery
set(orrery_pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR})
  set(orrery_pc_prefix ${CMAKE_INSTALL_PREFIX})
else()
  file(RELATIVE_PATH orrery_pc_prefix /${orrery_pc_dir} /)
  string(REGEX REPLACE "^(.*)/$" "\${pcfiledir}/\\1" orrery_pc_prefix ${orrery_pc_prefix})
endif()
foreach(name orrery orrery-testing)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${orrery_pc_dir}
    COMPONENT development)
endforeach()

# The program, its example configuration, its unit, and what there is to read.
if(ORRERY_BUILD_PROGRAM)
  install(TARGETS orrery_program RUNTIME COMPONENT runtime)
  install(FILES ${PROJECT_SOURCE_DIR}/apps/orrery/orrery.example.json
    ${PROJECT_SOURCE_DIR}/packaging/orrery.socket
    DESTINATION ${CMAKE_INSTALL_DATADIR}/orrery COMPONENT runtime)
  set(orrery_unit_from ${PROJECT_SOURCE_DIR}/packaging/orrery.service.in)
  set(orrery_unit_to ${PROJECT_BINARY_DIR}/orrery.service)
  install(CODE "set(bindir \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
    configure_file(\"${orrery_unit_from}\" \"${orrery_unit_to}\" @ONLY)" COMPONENT runtime)
  install(FILES ${orrery_unit_to} DESTINATION lib/systemd/system COMPONENT runtime)
endif()
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md
  ${PROJECT_SOURCE_DIR}/CHANGELOG.md TYPE DOC COMPONENT runtime)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs TYPE DOC COMPONENT runtime
  FILES_MATCHING PATTERN "*.md")
