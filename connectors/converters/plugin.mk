converters_LIBS := -lpcre2-8
