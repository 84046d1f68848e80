# The Debian packages: packaging/build_deb. `orrery` is the program with its unit and configuration,
# `liborrery-dev` what gears are built with.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME orrery)
set(CPACK_PACKAGE_VENDOR Orrery)
set(CPACK_PACKAGE_CONTACT "Orrery maintainers <maintainers@orrery.example>")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_SET_DESTDIR ON)  # absolute places: the configuration in /etc
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL runtime development)
set(CPACK_STRIP_FILES ON)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME orrery)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION net)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "WebSocket application server
 Gives every client a session of its own and runs gears, small applications written
 in C++, on one event loop per core. Everything has a limit, and every disconnect
 says its cause.")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/packaging/debian/conffiles
  ${PROJECT_SOURCE_DIR}/packaging/debian/postinst ${PROJECT_SOURCE_DIR}/packaging/debian/prerm
  ${PROJECT_SOURCE_DIR}/packaging/debian/postrm)

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME liborrery-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
string(JOIN ", " CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS libssl-dev zlib1g-dev libisal-dev
  liburing-dev libsimdjson-dev libfmt-dev libspdlog-dev prometheus-cpp-dev libboost1.81-dev
  libboost-url1.81-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SUGGESTS "orrery, cmake, pkg-config, libgtest-dev")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "WebSocket application server: library for gears
 Headers, the archives liborrery and liborrery_testing, and what CMake and pkg-config
 need to find them.")

# What only a package of the system brings; never over what is there.
set(CPACK_INSTALL_PREFIX /usr)
function(orrery_system_file component from folder name)
  set(there "\$ENV{DESTDIR}${folder}/${name}")
  install(CODE "if(CMAKE_INSTALL_PREFIX STREQUAL \"/usr\" AND NOT EXISTS \"${there}\")
    file(INSTALL \"${PROJECT_SOURCE_DIR}/${from}\" DESTINATION \"${folder}\" RENAME ${name})
  endif()" COMPONENT ${component})
endfunction()
if(ORRERY_BUILD_PROGRAM)
  orrery_system_file(runtime apps/orrery/orrery.example.json /etc/orrery orrery.json)
endif()
orrery_system_file(runtime LICENSE /usr/share/doc/orrery copyright)
orrery_system_file(development LICENSE /usr/share/doc/liborrery-dev copyright)
include(CPack)
