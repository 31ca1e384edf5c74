        .section .note.Xen, "a", @note
        .long   4, 4, 18
        .asciz  "Xen"
        .long   entry

        .text
        .code32
        .globl  entry
entry:  movl    $stack_top, %esp
        movw    $0x602, %dx             # PM1_EN: let the power button be seen
        movw    $0x100, %ax
        outw    %ax, %dx
        movl    $banner, %esi
1:      lodsb
        testb   %al, %al
        jz      poll
        call    put
        jmp     1b

poll:   movw    $0x600, %dx             # PM1_STS: the power button was pressed
        inw     %dx, %ax
        testw   $0x100, %ax
        jnz     button
        movw    $0x3fd, %dx             # COM1: is there something to read?
        inb     %dx, %al
        testb   $1, %al
        jz      poll
        movw    $0x3f8, %dx
        inb     %dx, %al
        cmpb    $'q', %al
        je      off
        cmpb    $'s', %al
        jne     2f
        movb    $1, stubborn
2:      call    put
        jmp     poll

button: movw    $0x600, %dx             # written back, the bit is cleared
        movw    $0x100, %ax
        outw    %ax, %dx
        movb    $'!', %al
        call    put
        cmpb    $0, stubborn
        jne     poll
off:    movw    $0x600, %dx             # Cloud Hypervisor's way
        movb    $0x34, %al
        outb    %al, %dx
        movw    $0x604, %dx             # QEMU's way
        movw    $0x2000, %ax
        outw    %ax, %dx
3:      hlt
        jmp     3b

put:    movb    %al, %bl
4:      movw    $0x3fd, %dx
        inb     %dx, %al
        testb   $0x20, %al
        jz      4b
        movw    $0x3f8, %dx
        movb    %bl, %al
        outb    %al, %dx
        ret

        .data
banner: .asciz  "cocoon test guest\r\n"
stubborn: .byte 0
        .balign 16
        .skip   256
stack_top:
