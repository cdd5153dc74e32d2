# The libraries that we build on, each as one imported target named deps::NAME.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# verbatim_dependency(NAME pkg-config-module): deps::NAME, or a message that says what to install.
function(verbatim_dependency name module)
  pkg_check_modules(${name} IMPORTED_TARGET GLOBAL ${module})
  if(NOT ${name}_FOUND)
    message(FATAL_ERROR "${module} was not found by pkg-config. Run ops/deps to install what is missing.")
  endif()
  add_library(deps::${name} ALIAS PkgConfig::${name})
endfunction()

verbatim_dependency(uv libuv)
verbatim_dependency(curl libcurl)
verbatim_dependency(crypto libcrypto)
verbatim_dependency(ssl libssl)
verbatim_dependency(rdkafka rdkafka)
verbatim_dependency(zstd libzstd)
verbatim_dependency(zlib zlib)
verbatim_dependency(utf8proc libutf8proc)
verbatim_dependency(xxhash libxxhash)
verbatim_dependency(lmdb lmdb)

# Debian 12's msgpack-c calls its pkg-config module "msgpack"; newer ones "msgpack-c".
pkg_search_module(msgpack IMPORTED_TARGET GLOBAL REQUIRED msgpack-c msgpack)
add_library(deps::msgpack ALIAS PkgConfig::msgpack)

# llhttp: a library of its own from Debian 13 on; Debian 12 ships its generated C in node-llhttp.
find_path(LLHTTP_INCLUDE llhttp.h PATHS /usr/share/include/llhttp REQUIRED)
find_library(LLHTTP_LIBRARY llhttp)
if(LLHTTP_LIBRARY)
  add_library(llhttp INTERFACE)
  target_link_libraries(llhttp INTERFACE ${LLHTTP_LIBRARY})
  target_include_directories(llhttp SYSTEM INTERFACE ${LLHTTP_INCLUDE})
else()
  find_path(LLHTTP_SOURCE llhttp.c PATHS /usr/share/llhttp /usr/share/nodejs/llhttp REQUIRED)
  add_library(llhttp STATIC ${LLHTTP_SOURCE}/llhttp.c ${LLHTTP_SOURCE}/api.c ${LLHTTP_SOURCE}/http.c)
  target_include_directories(llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE})
  target_compile_options(llhttp PRIVATE -w)
endif()
add_library(deps::llhttp ALIAS llhttp)
