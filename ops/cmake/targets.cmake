# How every target of ours is built: flags once, one function per kind of target.
# A folder's CMakeLists.txt is one or two calls of these; sources are all the *.c in the folder.

add_library(verbatim_flags INTERFACE)
target_compile_options(verbatim_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -fno-strict-aliasing -fvisibility=hidden)
target_compile_definitions(verbatim_flags INTERFACE _GNU_SOURCE VERBATIM_VERSION="${PROJECT_VERSION}")
target_include_directories(verbatim_flags INTERFACE
  ${PROJECT_SOURCE_DIR}/common ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
if(VERBATIM_WERROR)
  target_compile_options(verbatim_flags INTERFACE -Werror)
endif()
if(VERBATIM_SANITIZE)
  target_compile_options(verbatim_flags INTERFACE
    -fsanitize=${VERBATIM_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(verbatim_flags INTERFACE -fsanitize=${VERBATIM_SANITIZE})
endif()
if(VERBATIM_MUTANT)
  target_compile_definitions(verbatim_flags INTERFACE VERBATIM_MUTANT=${VERBATIM_MUTANT})
endif()
if(VERBATIM_COVERAGE)
  target_compile_options(verbatim_flags INTERFACE --coverage)
  target_link_options(verbatim_flags INTERFACE --coverage)
endif()
if(VERBATIM_FUZZ)
  target_compile_options(verbatim_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# verbatim_library(NAME FOLDERS ... LINKS ...): the static library NAME of all *.c here, and in FOLDERS.
function(verbatim_library name)
  cmake_parse_arguments(arg "" "" "FOLDERS;LINKS" ${ARGN})
  list(TRANSFORM arg_FOLDERS PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  list(TRANSFORM arg_FOLDERS APPEND /*.c)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c ${arg_FOLDERS})
  list(FILTER sources EXCLUDE REGEX "/main\\.c$")
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC verbatim_flags ${arg_LINKS})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE verbatim_flags ${arg_LINKS})
  endif()
endfunction()

# verbatim_worker(NAME LINKS ...): the library worker_NAME, and the program verbatim-NAME from main.c.
function(verbatim_worker name)
  cmake_parse_arguments(arg "" "" "LINKS" ${ARGN})
  verbatim_library(worker_${name} LINKS common_runtime ${arg_LINKS})
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/main.c)
    add_executable(verbatim-${name} main.c)
    target_link_libraries(verbatim-${name} PRIVATE worker_${name})
    install(TARGETS verbatim-${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endfunction()

# verbatim_tests(LINKS ...): each test_*.c here becomes one program and one ctest case.
function(verbatim_tests)
  cmake_parse_arguments(arg "" "" "LINKS;LABELS" ${ARGN})
  pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/test_*.c)
  get_filename_component(area ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  foreach(source ${sources})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${area}_${name} ${source})
    target_link_libraries(${area}_${name} PRIVATE verbatim_test_support ${arg_LINKS} PkgConfig::cmocka)
    set_target_properties(${area}_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
    add_test(NAME ${area}/${name} COMMAND ${area}_${name})
    set_tests_properties(${area}/${name} PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77 LABELS "${arg_LABELS}"
      ENVIRONMENT "VERBATIM_SOURCE=${PROJECT_SOURCE_DIR};VERBATIM_BIN=${PROJECT_BINARY_DIR}/bin")
  endforeach()
endfunction()

# verbatim_embed(TARGET FILE SYMBOL [LEAD]): the file's bytes as `const char SYMBOL[]` and `const size_t SYMBOL_size`; with
# LEAD they stand LEAD bytes behind the start of SYMBOL_led[], which begins at a line of the cache.
function(verbatim_embed target file symbol)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${CMAKE_CURRENT_SOURCE_DIR}/${file} -DOUTPUT=${output} -DSYMBOL=${symbol} -DLEAD=${ARGN}
            -P ${PROJECT_SOURCE_DIR}/ops/cmake/embed.cmake
    DEPENDS ${file} ${PROJECT_SOURCE_DIR}/ops/cmake/embed.cmake)
  target_sources(${target} PRIVATE ${output})
endfunction()
