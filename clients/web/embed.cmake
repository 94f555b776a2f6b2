# Writes the C++ source of the page's files: by build.mjs where Node and the packages are, else an empty table.
#   cmake -D NODE=... -D OUTPUT=... -P embed.cmake
set(empty "// Made by clients/web/embed.cmake: built without Node, so without the page.
#include \"feed/http/page_files.h\"

namespace bourse {
std::span<const PageFile> page_files() { return {}; }
}  // namespace bourse
")
if(NODE)
  execute_process(COMMAND ${NODE} ${CMAKE_CURRENT_LIST_DIR}/build.mjs --cpp ${OUTPUT}
    RESULT_VARIABLE result ERROR_VARIABLE errors)
  if(result)
    message(FATAL_ERROR "the page did not build:\n${errors}")
  endif()
else()
  file(WRITE ${OUTPUT} "${empty}")
endif()
