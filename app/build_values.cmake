# Writes OUTPUT from build_values.h.in, and leaves it alone when nothing has changed.
set(COMMIT unknown)
find_program(GIT git)
if(GIT)
  execute_process(
    COMMAND ${GIT} --no-optional-locks -C ${SOURCE_DIR} describe --always --dirty --exclude=* --abbrev=12
    OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
  if(status EQUAL 0)
    set(COMMIT ${described})
  endif()
endif()
configure_file(${CMAKE_CURRENT_LIST_DIR}/build_values.h.in ${OUTPUT} @ONLY)
