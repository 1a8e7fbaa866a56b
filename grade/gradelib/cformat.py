"""
printf in Python: what C makes of a format, for int of 32 and long long of 64 bits; and what printfs make of it that have one
of the faults that people really write.

Arguments are the 32-bit words on the stack, except strings (str) and NULL (None), which take the place of one word.
ISO C11 7.21.6.1.
"""

import re

SPEC = re.compile(r"%(?P<flags>[-0+ #]*)(?P<width>\*|\d*)(?:\.(?P<precision>\*|\d*))?"
                  r"(?P<length>hh|h|ll|l|z)?(?P<letter>[diuxXpsc%])")

# What has gone wrong in printfs, and what a case must look at to notice.
FAULTS = {
    "zero": "the number 0 comes out as no digits at all",
    "sign": "%d prints negative numbers as large positive ones",
    "int_min": "%d goes wrong for the most negative number",
    "unsigned": "%u prints large numbers as negative ones",
    "signed_hex": "%x prints large numbers with a minus",
    "upper": "%X prints small letters",
    "sign_in_zeros": "%05d puts the zeros before the minus",
    "zero_flag": "the flag 0 fills with blanks",
    "number_width": "the width is ignored for numbers",
    "text_width": "the width is ignored for strings",
    "left": "the flag - is ignored",
    "cut": "text longer than the width is cut",
    "precision": "the precision of a string is ignored",
    "digits": "the precision of a number is ignored",
    "long_cut": "%lld and %llx keep 32 bits only",
    "long_slot": "%lld takes one word, so the next argument is wrong",
    "null": "a NULL string prints nothing",
    "percent": "%% prints two",
    "pointer": "%p leaves out 0x and leading zeros",
}


def signed(value, bits):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _number(spec, flags, width, precision, value, fault):
    """Sign, prefix and digits, with zeros between as precision or the flag 0 ask for."""
    letter = spec["letter"]
    sign = "-" if value < 0 else "+" if "+" in flags and letter in "di" else " " if " " in flags and letter in "di" else ""
    digits = format(abs(value), "d" if letter in "diu" else "X" if letter == "X" and fault != "upper" else "x")
    if "#" in flags and letter in "xX" and value:
        sign += "0" + letter
    if value == 0 and (precision == 0 or fault == "zero"):
        digits = ""
    if precision is not None:
        return sign + digits.rjust(precision, "0")
    if "0" in flags and "-" not in flags and fault not in ("zero_flag", "number_width"):
        if fault == "sign_in_zeros":
            return (sign + digits).rjust(width, "0")
        return sign + digits.rjust(width - len(sign), "0")
    return sign + digits


def _convert(spec, words, fault):
    letter, flags = spec["letter"], spec["flags"]
    if letter == "%":
        return "%%" if fault == "percent" else "%"
    width = spec["width"]
    width = signed(words.pop(0), 32) if width == "*" else int(width or 0)
    if width < 0:
        flags, width = flags + "-", -width
    precision = spec["precision"]
    precision = None if precision is None else words.pop(0) if precision == "*" else int(precision or 0)
    if letter == "s":
        value = words.pop(0)
        text = value if value is not None else "" if fault == "null" else "(null)"
        if precision is not None and fault != "precision":
            text = text[:precision]
        if fault == "text_width":
            width = 0
    elif letter == "c":
        text = chr(words.pop(0) & 0xff)
    elif letter == "p":
        value = words.pop(0)
        text = format(value, "x") if fault == "pointer" else f"0x{value:08x}"
    else:
        bits = 32
        value = words.pop(0)
        if spec["length"] == "ll":
            high = 0 if fault == "long_slot" else words.pop(0)
            if fault not in ("long_cut", "long_slot"):
                bits, value = 64, value | high << 32
        if (letter in "di" and fault != "sign") or (letter == "u" and fault == "unsigned") or \
                (letter in "xX" and fault == "signed_hex"):
            value = signed(value, bits)
        if fault == "digits":
            precision = None
        text = _number(spec, flags, width, precision, value, fault)
        if fault == "int_min" and value == -1 << 31:
            text = "-("
        if fault == "number_width":
            width = 0
    if fault == "cut" and width:
        text = text[:width]
    return text.ljust(width) if "-" in flags and fault != "left" else text.rjust(width)


def c_format(text, words, fault=None):
    """The text that C makes of the format and its argument words. IndexError if there are too few of them."""
    words = list(words)
    return SPEC.sub(lambda spec: _convert(spec, words, fault), text)
