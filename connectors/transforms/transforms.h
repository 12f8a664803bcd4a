/*
 * transforms.h - the definitions that plugin.c offers; each is at the end of the file of its name.
 */
#ifndef SLUICE_TRANSFORMS_TRANSFORMS_H
#define SLUICE_TRANSFORMS_TRANSFORMS_H

#include "transform.h"

extern const sl_plugin_def cast_key_def, cast_value_def;
extern const sl_plugin_def drop_headers_def;
extern const sl_plugin_def extract_field_key_def, extract_field_value_def;
extern const sl_plugin_def extract_new_record_state_def;
extern const sl_plugin_def filter_def;
extern const sl_plugin_def flatten_key_def, flatten_value_def;
extern const sl_plugin_def header_from_key_def, header_from_value_def;
extern const sl_plugin_def hoist_field_key_def, hoist_field_value_def;
extern const sl_plugin_def insert_field_key_def, insert_field_value_def;
extern const sl_plugin_def insert_header_def;
extern const sl_plugin_def mask_field_key_def, mask_field_value_def;
extern const sl_plugin_def regex_router_def;
extern const sl_plugin_def replace_field_key_def, replace_field_value_def;
extern const sl_plugin_def set_schema_metadata_key_def, set_schema_metadata_value_def;
extern const sl_plugin_def timestamp_converter_key_def, timestamp_converter_value_def;
extern const sl_plugin_def timestamp_router_def;
extern const sl_plugin_def value_to_key_def;

extern const sl_plugin_def has_header_key_def;
extern const sl_plugin_def record_is_tombstone_def;
extern const sl_plugin_def topic_name_matches_def;

#endif
