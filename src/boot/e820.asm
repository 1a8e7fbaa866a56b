; The memory map, as the BIOS tells it. lib/e820.c makes sense of it.
;
; ACPI specification 6.5, 15.1 (INT 15h AX = E820h); AH = 88h is what PCs had before.

%include "boot.inc"

bits 16
global e820_collect, e820_raw, e820_raw_count

section .text

; Fill e820_raw and e820_raw_count. Without E820h the map is made from INT 12h and INT 15h AH = 88h.
; Expects DS = 0. Changes everything but the segments.
e820_collect:
    mov word [e820_raw_count], 0
    ; exercise 1.4 begin: ask entry by entry until CF, EBX = 0 or a full table; drop "ignore" ones
    push es
    xor ax, ax
    mov es, ax
    mov di, e820_raw
    xor ebx, ebx                    ; 0: the first entry
.next:
    mov dword [di + 20], 1          ; a BIOS that knows 20 bytes only leaves it so: "do not ignore"
    mov eax, 0xe820
    mov edx, 'PAMS'                 ; 'SMAP' in memory, every time: some BIOSes destroy it
    mov ecx, E820_ENTRY
    int 0x15
    jc .end                         ; not there, or one past the last entry
    cmp eax, 'PAMS'
    jne .end
    cmp cl, 20
    jb .skip                        ; too short to be an entry
    test byte [di + 20], 1          ; ACPI 3.0: bit 0 clear means ignore this entry
    jz .skip
    mov eax, [di + 8]
    or eax, [di + 12]
    jz .skip                        ; of no length
    add di, E820_ENTRY
    inc word [e820_raw_count]
    cmp word [e820_raw_count], E820_MAX
    je .end                         ; a BIOS that never ends
.skip:
    dec word [patience]
    jz .end                         ; ... or never ends saying nothing
    test ebx, ebx
    jnz .next
.end:
    pop es
    ; exercise 1.4 stub
    ; exercise 1.4 end
    cmp word [e820_raw_count], 0
    jne .done

    int 0x12                        ; AX = KiB from 0
    movzx eax, ax
    shl eax, 10
    mov [e820_raw + 8], eax         ; entry 0: from 0, so long, usable
    mov dword [e820_raw + 16], 1
    mov ah, 0x88                    ; AX = KiB from 1 MiB, 64 MiB at most
    int 0x15
    jc .done
    movzx eax, ax
    shl eax, 10
    mov dword [e820_raw + 24], 0x100000
    mov [e820_raw + 24 + 8], eax
    mov dword [e820_raw + 24 + 16], 1
    mov word [e820_raw_count], 2
.done:
    ret

section .data
patience:   dw 4 * E820_MAX

section .bss
e820_raw_count: resw 1
                alignb 8
e820_raw:       resb E820_MAX * E820_ENTRY
