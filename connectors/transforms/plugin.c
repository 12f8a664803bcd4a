/*
 * plugin.c - the transforms and predicates that this plugin offers.
 *
 * Each is defined at the end of its own file; transform.h says what they have in common.
 */
#include "transforms.h"

static const sl_plugin_def *const defs[] = {
    &cast_key_def,
    &cast_value_def,
    &extract_field_key_def,
    &extract_field_value_def,
    &extract_new_record_state_def,
    &filter_def,
    &insert_field_key_def,
    &insert_field_value_def,
    &mask_field_key_def,
    &mask_field_value_def,
    &regex_router_def,
    &replace_field_key_def,
    &replace_field_value_def,
    &value_to_key_def,
    &has_header_key_def,
    &record_is_tombstone_def,
    &topic_name_matches_def,
};

SL_PLUGIN_EXPORT("transforms", SL_VERSION, defs);
