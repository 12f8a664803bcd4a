postgres-cdc_CFLAGS := $(shell pkg-config --cflags libpq libpcre2-8 2>/dev/null)
postgres-cdc_LIBS := -lpq -lcrypto
postgres-cdc_CDC := yes
