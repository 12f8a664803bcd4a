/*
 * field_path.c - see field_path.h.
 */
#include "field_path.h"

const sl_config_enum field_syntax_names[] = {{"V1", FIELD_SYNTAX_V1}, {"V2", FIELD_SYNTAX_V2}, {NULL, 0}};

/* quoted_step reads `name` at the start of *rest, up to a backtick that ends the path or stands before a dot
   and is not escaped; false when there is none. *rest is then behind the dot, or absent at the end. */
static bool quoted_step(sl_str *rest, sl_arena *arena, sl_str *step) {
    char *name = sl_arena_bytes(arena, rest->n);
    size_t n = 0;
    for (size_t i = 1; name && i < rest->n; i++) {
        bool last = i + 1 == rest->n;
        bool ends = rest->p[i] == '`' && (last || rest->p[i + 1] == '.');
        bool escaped = ends && rest->p[i - 1] == '\\';
        if (ends && escaped && last) {
            return false;
        }
        if (ends && !escaped) {
            *step = sl_str_make(name, n);
            *rest = last ? SL_STR_NONE : sl_str_skip(*rest, i + 2);
            return true;
        }
        n -= escaped; /* the backslash */
        name[n++] = rest->p[i];
    }
    return false;
}

static size_t count_steps(sl_str text) {
    size_t n = 1;
    for (size_t i = 0; i < text.n; i++) {
        n += text.p[i] == '.';
    }
    return n;
}

const char *field_path_parse(sl_str text, field_syntax syntax, sl_arena *arena, sl_str_list *steps) {
    *steps = (sl_str_list){sl_arena_alloc(arena, count_steps(text) * sizeof(sl_str)), 0};
    if (!steps->items) {
        return "out of memory";
    }
    if (syntax == FIELD_SYNTAX_V1) {
        steps->items[steps->n++] = text;
        return NULL;
    }
    if (text.n == 0) {
        return "expected the path of a field, not an empty text";
    }
    sl_str rest = text;
    while (rest.p) {
        sl_str step;
        if (rest.n == 0 || rest.p[0] != '`') {
            (void)sl_str_next(&rest, '.', &step);
        } else if (!quoted_step(&rest, arena, &step)) {
            return "expected a second backtick at the end of a name that begins with one; a backtick that "
                   "belongs to the name "
                   "is written \\`";
        }
        steps->items[steps->n++] = step;
    }
    return NULL;
}
