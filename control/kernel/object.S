/* The BPF objects as data of this binary. BPVS_OBJECT and BPVS_XDP_OBJECT are their paths, set by the build. */
    .section .rodata
    .balign 16
    .global bpvs_object_begin
    .global bpvs_object_end
bpvs_object_begin:
    .incbin BPVS_OBJECT
bpvs_object_end:
    .balign 16
    .global bpvs_xdp_object_begin
    .global bpvs_xdp_object_end
bpvs_xdp_object_begin:
    .incbin BPVS_XDP_OBJECT
bpvs_xdp_object_end:
    .section .note.GNU-stack, "", @progbits
