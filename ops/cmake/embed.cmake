# Writes OUTPUT: INPUT's bytes as a C array named SYMBOL, or, with LEAD, LEAD zeros and then the bytes in an array of 64-byte
# alignment named SYMBOL_led. Run by verbatim_embed().
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
string(REGEX REPLACE "(....................................................................................)" "\\1\n" bytes "${bytes}")
set(array ${SYMBOL})
set(size "sizeof ${SYMBOL}")
set(align "")
if(LEAD)
  string(REPEAT "0," ${LEAD} zeros)
  string(PREPEND bytes "${zeros}\n")
  set(array ${SYMBOL}_led)
  set(size "sizeof ${array} - ${LEAD}")
  set(align "_Alignas(64) ")
endif()
file(WRITE ${OUTPUT} "#include <stddef.h>\nextern const char ${array}[];\nextern const size_t ${SYMBOL}_size;\n"
     "${align}const char ${array}[] = {\n${bytes}\n};\nconst size_t ${SYMBOL}_size = ${size};\n")
