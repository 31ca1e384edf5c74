# The smallest guest that tests need: it says a banner on its first serial port, echoes what it reads there, and powers off
# when its power button is pressed. Some keys do more: `q` powers off, `s` makes it deaf to the button.
#
# An ELF with a PVH note (https://xenbits.xen.org/docs/unstable/misc/pvh.html), entered in 32-bit mode without paging. It sleeps
# between interrupts of the timer and of the port, so that many of them fit on one processor.

        .section .note.Xen, "a", @note
        .long   4, 4, 18                # XEN_ELFNOTE_PHYS32_ENTRY
        .asciz  "Xen"
        .long   entry

        .text
        .code32
        .globl  entry
entry:  movl    $stack_top, %esp
        lgdt    gdt_register
        ljmp    $8, $1f
1:      movw    $16, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss

        movl    $idt + 0x20 * 8, %edi   # interrupts 0x20 to 0x27 all lead to `wake`
        movl    $8, %ecx
1:      movl    $wake, %eax
        movw    %ax, (%edi)
        movw    $8, 2(%edi)
        movw    $0x8e00, 4(%edi)
        shrl    $16, %eax
        movw    %ax, 6(%edi)
        addl    $8, %edi
        loop    1b
        lidt    idt_register

        movl    $setup, %esi            # a byte to a port, as often as the table says
1:      movzwl  (%esi), %edx
        movb    2(%esi), %al
        testl   %edx, %edx
        jz      2f
        outb    %al, %dx
        addl    $3, %esi
        jmp     1b
2:      movw    $0x602, %dx             # PM1_EN: let the power button be seen
        movw    $0x100, %ax
        outw    %ax, %dx

        movl    $banner, %esi
1:      lodsb
        testb   %al, %al
        jz      poll
        call    put
        jmp     1b

poll:   cli
        movw    $0x600, %dx             # PM1_STS: was the power button pressed?
        inw     %dx, %ax
        testw   $0x100, %ax
        jnz     button
        movw    $0x3fd, %dx             # line status: is there something to read?
        inb     %dx, %al
        testb   $1, %al
        jnz     read
        sti                             # takes effect after `hlt` has begun
        hlt
        jmp     poll

read:   movw    $0x3f8, %dx
        inb     %dx, %al
        cmpb    $'q', %al
        je      off
        cmpb    $'s', %al
        jne     1f
        movb    $1, deaf
1:      call    put
        jmp     poll

button: movw    $0x600, %dx             # written back, the bit is cleared
        movw    $0x100, %ax
        outw    %ax, %dx
        movb    $'!', %al
        call    put
        cmpb    $0, deaf
        jne     poll
off:    movw    $0x604, %dx             # PM1_CNT: soft off
        movw    $0x2000, %ax
        outw    %ax, %dx
1:      hlt
        jmp     1b

put:    movb    %al, %bl
1:      movw    $0x3fd, %dx             # line status: may something be written?
        inb     %dx, %al
        testb   $0x20, %al
        jz      1b
        movw    $0x3f8, %dx
        movb    %bl, %al
        outb    %al, %dx
        ret

wake:   pushl   %eax
        movb    $0x20, %al              # end of interrupt
        outb    %al, $0x20
        popl    %eax
        iret

        .data
        .macro  port number, byte
        .word   \number
        .byte   \byte
        .endm
setup:  port    0x20, 0x11              # interrupt controller: interrupts from 0x20
        port    0x21, 0x20
        port    0x21, 0x04
        port    0x21, 0x01
        port    0x21, 0xee              # timer and first serial port alone
        port    0xa1, 0xff
        port    0x43, 0x34              # timer: a hundred times a second
        port    0x40, 0x9c
        port    0x40, 0x2e
        port    0x3f9, 0x01             # serial port: an interrupt for what can be read
        port    0x3fc, 0x0b
        .word   0

        .balign 8
gdt:    .quad   0, 0x00cf9a000000ffff, 0x00cf92000000ffff
gdt_register:
        .word   gdt_register - gdt - 1
        .long   gdt
idt_register:
        .word   0x28 * 8 - 1
        .long   idt
banner: .asciz  "cocoon test guest\r\n"
deaf:   .byte   0

        .bss
        .balign 16
idt:    .skip   0x28 * 8
        .skip   256
stack_top:
