jdbc_CFLAGS := $(shell pkg-config --cflags libpq sqlite3 2>/dev/null)
jdbc_LIBS := -lpq -lsqlite3
