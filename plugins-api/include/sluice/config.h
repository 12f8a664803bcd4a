/*
 * config.h - settings: the map of what the user wrote, and the table of what a plugin takes.
 *
 * One table of rows parses the configuration into the plugin's struct, answers validation requests, makes the
 * reference page in docs/ and says what to mask. Follows org.apache.kafka.common.config.ConfigDef
 * (Kafka 4.3).
 */
#ifndef SLUICE_CONFIG_H
#define SLUICE_CONFIG_H

#include <sluice/memory.h>

typedef struct sl_config_entry {
    sl_str key;
    sl_str value;  /* absent = null (a JSON null) */
    sl_str file;   /* where it stands; absent = a request */
    uint32_t line; /* from 1; 0 = unknown */
} sl_config_entry;

/* What the user wrote, after ${provider:...} was resolved. Keys are unique. */
typedef struct sl_config {
    const sl_config_entry *entries;
    size_t n;
} sl_config;

/* sl_config_find gives the entry of a key, or NULL. */
const sl_config_entry *sl_config_find(const sl_config *c, sl_str key);
/* sl_config_get gives the value of a key, absent if it is not there. */
sl_str sl_config_get(const sl_config *c, sl_str key);

typedef enum sl_config_type {                     /* the struct member's type */
                              SL_CONFIG_BOOLEAN,  /* bool */
                              SL_CONFIG_STRING,   /* sl_str, or int when the row has .enums */
                              SL_CONFIG_INT,      /* int32_t */
                              SL_CONFIG_LONG,     /* int64_t */
                              SL_CONFIG_DOUBLE,   /* double */
                              SL_CONFIG_LIST,     /* sl_str_list, split at commas and trimmed */
                              SL_CONFIG_PASSWORD, /* sl_str; masked wherever it would be shown */
                              SL_CONFIG_CLASS,    /* sl_str */
} sl_config_type;

typedef enum sl_config_importance { SL_HIGH, SL_MEDIUM, SL_LOW } sl_config_importance;

/* One allowed word of a setting and what it becomes. A table ends with a NULL name. */
typedef struct sl_config_enum {
    const char *name; /* matched without regard to case */
    int value;
} sl_config_enum;

typedef enum sl_config_support {
    SL_SUPPORTED = 0,
    SL_WARNED,  /* accepted without effect that would change what arrives; one warning with .remedy */
    SL_REFUSED, /* known, not supported: an error with .remedy */
} sl_config_support;

typedef struct sl_config_row sl_config_row;

/* Checks one value; NULL = fine, else what was expected, in the arena (starts lower case). */
typedef const char *(*sl_config_check)(const sl_config_row *row, sl_str value, sl_arena *arena);

struct sl_config_row {
    const char *name; /* a pattern row has one or more '*' in it */
    sl_config_type type;
    bool required;
    const char *default_value; /* as text; NULL = null */
    sl_config_importance importance;
    const char *group;           /* NULL = none */
    const char *display;         /* NULL = name */
    const char *doc;             /* one to three plain sentences */
    const sl_config_enum *enums; /* NULL = anything */
    bool has_min, has_max;
    double min, max;         /* numbers: bounds, inclusive */
    sl_config_check check;   /* NULL = none */
    const char *recommended; /* comma-separated values to offer; enums are offered by themselves */
    const char *dependents;  /* comma-separated names that depend on this one */
    const char *aliases;     /* comma-separated other names of the same setting */
    bool pattern;            /* name is a pattern: the plugin reads the keys from the map itself */
    sl_config_support support;
    const char *remedy; /* with WARNED and REFUSED: what to do instead */
    size_t field;       /* SL_FIELD(struct, member); 0 = not stored */
};

/* Where in the settings struct a row's value goes. */
#define SL_FIELD(type, member) (offsetof(type, member) + 1)

typedef enum sl_severity { SL_SEV_ERROR, SL_SEV_WARNING } sl_severity;

typedef struct sl_config_problem {
    sl_severity severity;
    sl_str key; /* absent: of the whole configuration */
    sl_str message;
} sl_config_problem;

/* Collects what is wrong with a configuration, all of it at once. */
typedef struct sl_config_report {
    sl_arena *arena; /* borrowed; messages live there */
    sl_config_problem *items;
    size_t n;
    size_t cap;
    size_t errors; /* how many of them are errors */
} sl_config_report;

void sl_config_report_init(sl_config_report *r, sl_arena *arena);
/* sl_config_report_add never shows a value of a secret: do not put one into the message. */
void sl_config_report_add(sl_config_report *r, sl_severity sev, sl_str key, const char *fmt, ...)
    SL_PRINTF(4, 5);
/* sl_config_report_error: NULL when there is no error, else one USER error that lists them all. */
SL_MUST_CHECK sl_error *sl_config_report_error(const sl_config_report *r);

/* sl_config_row_find gives the row for a key (by name, alias or pattern), or NULL. */
const sl_config_row *sl_config_row_find(const sl_config_row *rows, size_t n, sl_str key);

/* sl_config_pattern_match: '*' matches one or more characters; captures (may be NULL) gets up to max_captures
 * of them. */
bool sl_config_pattern_match(const char *pattern, sl_str key, sl_str *captures, size_t max_captures);

/*
 * sl_config_parse reads the table's settings from c into *settings (zeroed by the caller; may be NULL to
 * check only). Strings point into c or into the arena. Problems, also of REFUSED and WARNED keys that are
 * present, go to the report, named by the key as the user wrote it. Keys that no row knows are not looked at.
 * A REFUSED or WARNED key whose value is the row's own default is fine. A null value counts as not given.
 * Lists keep empty items ("a,,b" has three).
 */
void sl_config_parse(const sl_config_row *rows, size_t n, const sl_config *c, void *settings, sl_arena *arena,
                     sl_config_report *report);

#endif
