# What `make install` puts where; relative to the prefix. `make uninstall` (scripts/uninstall) removes the same.
install(TARGETS bpvs bpvsadm RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
# Without debug information, which lies beside them, where gdb looks under every prefix: in .debug.
install(CODE "set(sbin \"${CMAKE_INSTALL_SBINDIR}\")\nset(objcopy \"${CMAKE_OBJCOPY}\")")
install(CODE [[
foreach(name bpvs bpvsadm)
  set(directory "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/${sbin}")
  file(MAKE_DIRECTORY "${directory}/.debug")
  foreach(step "--only-keep-debug;--compress-debug-sections;${name};.debug/${name}.debug"
               "--strip-all;--add-gnu-debuglink=.debug/${name}.debug;${name}")
    execute_process(COMMAND "${objcopy}" ${step} WORKING_DIRECTORY "${directory}" COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
endforeach()
]])
install(PROGRAMS cli/bpvsadm-save cli/bpvsadm-restore DESTINATION ${CMAKE_INSTALL_SBINDIR})

foreach(page bpvs bpvsadm bpvsadm-save bpvsadm-restore)
  install(FILES ${CMAKE_BINARY_DIR}/man/${page}.8.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
endforeach()

# bash looks for a file named after the command.
set(bash_completions ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
foreach(program bpvs bpvsadm)
  install(FILES cli/complete/bpvs.bash DESTINATION ${bash_completions} RENAME ${program})
endforeach()
install(FILES cli/complete/_bpvs DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)

install(FILES LICENSE README.md CHANGELOG.md ARCHITECTURE.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN man EXCLUDE)

# With STAND_IN=yes also ipvsadm's names, as links.
install(CODE "set(man8 \"${CMAKE_INSTALL_MANDIR}/man8\")
set(completions \"${bash_completions}\")")
install(CODE [[
if("$ENV{STAND_IN}" STREQUAL "yes")
  set(root "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}")
  foreach(end "" -save -restore)
    file(CREATE_LINK bpvsadm${end} "${root}/${sbin}/ipvsadm${end}" SYMBOLIC)
    file(CREATE_LINK bpvsadm${end}.8.gz "${root}/${man8}/ipvsadm${end}.8.gz" SYMBOLIC)
  endforeach()
  file(CREATE_LINK bpvsadm "${root}/${completions}/ipvsadm" SYMBOLIC)
endif()
]])
