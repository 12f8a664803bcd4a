cdc_CFLAGS := $(shell pkg-config --cflags libpcre2-8 libcrypto 2>/dev/null)
cdc_LIBS := -lpcre2-8 -lcrypto -ljansson
