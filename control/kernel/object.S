/* The BPF object as data of this binary. BPVS_OBJECT is its path, set by the build. */
    .section .rodata
    .balign 16
    .global bpvs_object_begin
    .global bpvs_object_end
bpvs_object_begin:
    .incbin BPVS_OBJECT
bpvs_object_end:
    .section .note.GNU-stack, "", @progbits
