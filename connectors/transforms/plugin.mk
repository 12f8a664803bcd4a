transforms_CFLAGS := $(shell pkg-config --cflags libpcre2-8 2>/dev/null)
transforms_LIBS := -lpcre2-8
transforms_CDC := yes
