/*
 * plugin.c - the transforms and predicates that this plugin offers.
 *
 * Each is defined at the end of its own file; transform.h says what they have in common.
 */
#include "transforms.h"

static const sl_plugin_def *const defs[] = {
    &cast_key_def,
    &cast_value_def,
    &drop_headers_def,
    &extract_field_key_def,
    &extract_field_value_def,
    &extract_new_record_state_def,
    &filter_def,
    &flatten_key_def,
    &flatten_value_def,
    &header_from_key_def,
    &header_from_value_def,
    &hoist_field_key_def,
    &hoist_field_value_def,
    &insert_field_key_def,
    &insert_field_value_def,
    &insert_header_def,
    &mask_field_key_def,
    &mask_field_value_def,
    &regex_router_def,
    &replace_field_key_def,
    &replace_field_value_def,
    &set_schema_metadata_key_def,
    &set_schema_metadata_value_def,
    &timestamp_converter_key_def,
    &timestamp_converter_value_def,
    &timestamp_router_def,
    &value_to_key_def,
    &has_header_key_def,
    &record_is_tombstone_def,
    &topic_name_matches_def,
};

SL_PLUGIN_EXPORT("transforms", SL_VERSION, defs);
