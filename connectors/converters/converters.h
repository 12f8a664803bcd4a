/*
 * converters.h - what the definitions in plugin.c are made of.
 */
#ifndef SLUICE_CONVERTERS_CONVERTERS_H
#define SLUICE_CONVERTERS_CONVERTERS_H

#include <sluice/plugin.h>

extern const sl_converter_ops json_ops;
extern const sl_converter_ops string_ops;
extern const sl_converter_ops bytes_ops;
extern const sl_converter_ops number_ops; /* variant: the sl_type */
extern const sl_converter_ops simple_header_ops;

enum { JSON_ROWS = 5, STRING_ROWS = 1, PATH_ROWS = 1, ENV_ROWS = 1 };

extern const sl_config_row json_rows[JSON_ROWS]; /* json_settings of json.h */
extern const sl_config_row string_rows[STRING_ROWS];

extern const sl_config_provider_ops file_provider_ops;
extern const sl_config_provider_ops directory_provider_ops;
extern const sl_config_provider_ops env_provider_ops;

typedef struct path_settings {
    sl_str_list allowed;
} path_settings;

typedef struct env_settings {
    sl_str pattern;
} env_settings;

extern const sl_config_row path_rows[PATH_ROWS];
extern const sl_config_row env_rows[ENV_ROWS];

/* values_write appends the text that headers have: Values.convertToString. */
SL_MUST_CHECK sl_error *values_write(const sl_schema *schema, const sl_value *v, sl_buf *out);
/* values_print appends what Java's toString gives: Struct{a=1}, [1, 2], {k=v}. */
SL_MUST_CHECK sl_error *values_print(const sl_schema *schema, const sl_value *v, sl_buf *out);
/* values_read is Values.parseString: the type that the text looks like. The value may point into the text. */
SL_MUST_CHECK sl_error *values_read(sl_str text, sl_batch *batch, const sl_schema **schema, sl_value *v);

#endif
