/*
 * files.c - see files.h.
 */
#include "config/files.h"

#include "config/json.h"
#include "config/properties.h"
#include "config/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static sl_error *io_error(const char *path, const char *what, int code) {
    return sl_error_new(SL_E_CONFIG, SL_USER, "%s: %s: %s", path, what, strerror(code));
}

static sl_error *read_all(const char *path, int fd, sl_buf *text) {
    for (;;) {
        char *to = sl_buf_room(text, 65536);
        if (!to) {
            return sl_error_nomem();
        }
        ssize_t n = read(fd, to, 65536);
        if (n < 0 && errno != EINTR) {
            return io_error(path, "cannot be read", errno);
        }
        if (n == 0) {
            return NULL;
        }
        text->n += n > 0 ? (size_t)n : 0;
        if (text->n > SL_CONFIG_MAX_FILE) {
            return sl_error_new(SL_E_CONFIG, SL_USER, "%s: larger than 4 MiB, expected a configuration file",
                                path);
        }
    }
}

static sl_error *read_file(const char *path, sl_buf *text) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return io_error(path, "cannot be opened", errno);
    }
    sl_error *err = NULL;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        err = sl_error_new(SL_E_CONFIG, SL_USER, "%s: a directory, expected a configuration file", path);
    }
    err = err ? err : read_all(path, fd, text);
    close(fd);
    return err;
}

static sl_error *one_connector(sl__config_file *out, sl_arena *arena, sl__connector_config connector) {
    out->connectors = sl_arena_alloc(arena, sizeof *out->connectors);
    if (!out->connectors) {
        return sl_error_nomem();
    }
    out->connectors[0] = connector;
    out->nconnectors = 1;
    return NULL;
}

static sl_error *parse_json(sl_str text, sl_arena *arena, sl_config_report *report, sl__config_file *out) {
    sl__connector_config connector;
    SL_TRY(sl__json_parse(text, out->path, arena, report, &connector));
    return one_connector(out, arena, connector);
}

static sl_error *parse_properties(sl_str text, sl_arena *arena, sl_config_report *report,
                                  sl__config_file *out) {
    sl_config settings;
    SL_TRY(sl__properties_parse(text, out->path, arena, report, &settings));
    if (!sl_config_find(&settings, SL_STR("connector.class")) && !sl_config_find(&settings, SL_STR("name"))) {
        out->has_worker = true;
        out->worker = settings;
        out->worker_line = 1;
        return NULL;
    }
    sl__connector_config connector = {
        .name = sl_config_get(&settings, SL_STR("name")), .file = out->path, .line = 1, .raw = settings};
    return one_connector(out, arena, connector);
}

sl_error *sl__config_file_parse(sl_str text, sl_str path, sl_arena *arena, sl_config_report *report,
                                sl__config_file *out) {
    *out = (sl__config_file){.path = sl_arena_str(arena, path)};
    if (!out->path.p) {
        return sl_error_nomem();
    }
    if (sl_str_ends(path, SL_STR(".yaml")) || sl_str_ends(path, SL_STR(".yml"))) {
        return sl__yaml_parse(text, out->path, arena, out);
    }
    sl_str start = sl_str_trim(text);
    if (sl_str_ends(path, SL_STR(".json")) || (start.n && start.p[0] == '{')) {
        return parse_json(text, arena, report, out);
    }
    return parse_properties(text, arena, report, out);
}

sl_error *sl__config_file_read(const char *path, sl_arena *arena, sl_config_report *report,
                               sl__config_file *out) {
    sl_buf text;
    sl_buf_init(&text, NULL);
    sl_error *err = read_file(path, &text);
    err = err ? err : sl__config_file_parse(sl_buf_view(&text), sl_str_of(path), arena, report, out);
    sl_buf_deinit(&text);
    return err;
}
