/*
 * ours.c - what Sluice's converters make of the cases on standard input; one answer a line. The form of cases
 * and answers is in cases.py.
 */
#include "converters/bed.h"

#define MOST_INSTANCES 64

/* An open instance is kept for each converter and settings, so that caches are used. */
typedef struct instance {
    char key[256];
    bed b;
} instance;

static instance instances[MOST_INSTANCES];

static bed *find_bed(const char *name, const char *conf) {
    char key[256];
    snprintf(key, sizeof key, "%s %s", name, conf);
    size_t i = 0;
    while (i < MOST_INSTANCES && instances[i].key[0] && strcmp(instances[i].key, key) != 0) {
        i++;
    }
    if (i == MOST_INSTANCES) {
        abort();
    }
    if (!instances[i].key[0]) {
        memcpy(instances[i].key, key, sizeof key);
        bed_start(&instances[i].b, strcmp(name, "simple") == 0, name, conf);
    }
    return &instances[i].b;
}

static void print_error_text(sl_error *err) {
    char text[512];
    printf("!%s\n", sl_error_text(err, text, sizeof text));
    sl_error_free(err);
}

static void answer_write(char **c) {
    bed *b = find_bed(c[2], c[3]);
    bool is_null;
    sl_value v = value_of(c[5], &b->batch->arena);
    sl_error *err = bed_write(b, bed_schema(b, c[4]), &v, &is_null);
    if (err) {
        print_error_text(err);
    } else if (is_null) {
        puts("null");
    } else {
        sl_buf hex;
        sl_buf_init(&hex, NULL);
        add_hex(&hex, sl_buf_view(&b->out));
        printf("%.*s\n", (int)hex.n, hex.p ? hex.p : "");
        sl_buf_deinit(&hex);
    }
}

static void answer_read(char **c) {
    bed *b = find_bed(c[2], c[3]);
    sl_str bytes = strcmp(c[4], "null") == 0 ? SL_STR_NONE : unhex(&b->batch->arena, sl_str_of(c[4]));
    const sl_schema *s;
    sl_value v;
    sl_error *err = bed_read(b, bytes, &s, &v);
    if (err) {
        print_error_text(err);
        return;
    }
    sl_str text = bed_dump(b, s, &v);
    printf("%.*s\n", SL_STR_ARG(text));
}

int main(void) {
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    while ((n = getline(&line, &room, stdin)) > 0) {
        char *c[6] = {"", "", "", "", "", ""};
        char *rest = line;
        line[n - 1] = line[n - 1] == '\n' ? '\0' : line[n - 1];
        for (int i = 0; i < 6 && rest; i++) {
            c[i] = strsep(&rest, "\t");
        }
        (c[1][0] == 'W' ? answer_write : answer_read)(c);
        bed *b = find_bed(c[2], c[3]);
        sl__batch_reset(b->batch);
    }
    free(line);
    for (size_t i = 0; i < MOST_INSTANCES && instances[i].key[0]; i++) {
        bed_stop(&instances[i].b);
    }
    return 0;
}
