; The processor's own random numbers (Intel SDM volume 1, 7.3.17).

bits 32
global rdrand

section .text

; bool rdrand(uint32_t *value)
rdrand:
    mov ecx, [esp + 4]
    rdrand edx
    mov [ecx], edx
    setc al
    movzx eax, al
    ret
