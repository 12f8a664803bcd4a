/*
 * transform.h - what the transforms share: which half of a record they change, what they require of it, maps.
 *
 * The key and the value form of a transform are two definitions of one set of functions; the definition's
 * variant says which half. What a record points to is never changed in place, since others may share it: new
 * values are made in the batch's arena, and parts that stay the same are pointed to. A record that cannot be
 * changed is a USER error of code DATA that names the field and what was expected.
 *
 * Follows org.apache.kafka.connect.transforms (Kafka Connect 4.3).
 */
#ifndef SLUICE_TRANSFORMS_TRANSFORM_H
#define SLUICE_TRANSFORMS_TRANSFORM_H

#include <sluice/plugin.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#define KAFKA_COMPATIBLE "4.3.0"
#define DEBEZIUM_COMPATIBLE "3.5.0.Final"

/* What a transform works on: the variants of definitions. */
typedef enum tf_side { TF_VALUE, TF_KEY } tf_side;

static inline const sl_schema *tf_schema(const sl_record *rec, tf_side side) {
    return side == TF_KEY ? rec->key_schema : rec->value_schema;
}

static inline const sl_value *tf_value(const sl_record *rec, tf_side side) {
    return side == TF_KEY ? &rec->key : &rec->value;
}

static inline void tf_set(sl_batch *batch, sl_record *rec, tf_side side, const sl_schema *schema,
                          sl_value value) {
    if (side == TF_KEY) {
        sl_record_set_key(batch, rec, schema, value);
    } else {
        sl_record_set_value(batch, rec, schema, value);
    }
}

/* tf_bad makes the error of a bad record. */
#define tf_bad(...) sl_error_new(SL_E_DATA, SL_USER, __VA_ARGS__)

/* tf_kind names what a value is: "null", "STRING", ... */
const char *tf_kind(const sl_value *v);

/* tf_require_struct: v must be a struct of this schema. purpose says what for: "casting fields". */
SL_MUST_CHECK sl_error *tf_require_struct(const sl_schema *schema, const sl_value *v, const char *purpose);

/* tf_require_map: v, which has no schema, must be a map. */
SL_MUST_CHECK sl_error *tf_require_map(const sl_value *v, const char *purpose);

/* tf_defaulted gives v, or its schema's default value if v is null and there is one. */
static inline const sl_value *tf_defaulted(const sl_schema *schema, const sl_value *v) {
    return sl_is_null(v) && schema->default_value ? schema->default_value : v;
}

/* tf_map_copy copies the entries of a map (not what they point to), with room for `room` more. */
SL_MUST_CHECK sl_error *tf_map_copy(sl_arena *arena, const sl_value *map, size_t room, sl_value *out);

/* tf_map_put replaces the entry of a key, or appends one (there must be room). */
void tf_map_put(sl_value *map, sl_str key, sl_value v);

/* tf_map_remove takes the entry of a key out, if there is one. */
void tf_map_remove(sl_value *map, sl_str key);

/* tf_list_has tells whether the list has that item. */
bool tf_list_has(const sl_str_list *list, sl_str item);

/* ---- checks of settings, for rows ---- */

/* tf_check_list: at least one item, none of them empty. */
const char *tf_check_list(const sl_config_row *row, sl_str value, sl_arena *arena);
/* tf_check_items: no item is empty; the list itself may be. */
const char *tf_check_items(const sl_config_row *row, sl_str value, sl_arena *arena);
/* tf_check_text: not empty. */
const char *tf_check_text(const sl_config_row *row, sl_str value, sl_arena *arena);

/* tf_check_date_format: a pattern of SimpleDateFormat. */
const char *tf_check_date_format(const sl_config_row *row, sl_str value, sl_arena *arena);
/* tf_check_regex: a regular expression of Java; nothing is one. */
const char *tf_check_regex(const sl_config_row *row, sl_str value, sl_arena *arena);

/* The row of replace.null.with.default in a settings struct. */
#define TF_REPLACE_NULL_ROW(settings_type, member)                                                           \
    {                                                                                                        \
        .name = "replace.null.with.default", .type = SL_CONFIG_BOOLEAN, .default_value = "true",             \
        .importance = SL_MEDIUM,                                                                             \
        .doc = "Whether a null field whose schema has a default value takes that value. With false it "      \
               "stays null.",                                                                                \
        .field = SL_FIELD(settings_type, member),                                                            \
    }

/* ---- definitions ---- */

#define TF_KAFKA "org.apache.kafka.connect.transforms."

/* TF_DEF(variable, short name, Java class, text, rows, settings, variant, ops) defines one transform. */
#define TF_DEF(var, short_name, java, text, rows, settings_type, side, operations)                           \
    static const char *const var##_aliases[] = {java, NULL};                                                 \
    const sl_plugin_def var = {                                                                              \
        .struct_size = sizeof(sl_plugin_def),                                                                \
        .kind = SL_KIND_TRANSFORM,                                                                           \
        .name = short_name,                                                                                  \
        .aliases = var##_aliases,                                                                            \
        .version = KAFKA_COMPATIBLE,                                                                         \
        .doc = text,                                                                                         \
        .settings = rows,                                                                                    \
        .nsettings = LENGTH(rows),                                                                           \
        .settings_size = sizeof(settings_type),                                                              \
        .variant = side,                                                                                     \
        .transform = &operations,                                                                            \
    }

/* TF_DEF_SIDES defines the value and the key form: NAME_value_def and NAME_key_def. */
#define TF_DEF_SIDES(name, short_name, java, text, rows, settings_type, operations)                          \
    TF_DEF(name##_value_def, short_name "-value", TF_KAFKA java "$Value", text " Works on the value.", rows, \
           settings_type, TF_VALUE, operations);                                                             \
    TF_DEF(name##_key_def, short_name "-key", TF_KAFKA java "$Key", text " Works on the key.", rows,         \
           settings_type, TF_KEY, operations)

#endif
