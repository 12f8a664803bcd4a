/*
 * plugin.c - what the plugin offers: tables of settings, definitions, and the one exported function.
 *
 * The tables do all the work with configurations: the worker parses, checks and documents the settings by
 * them.
 */
#include "template.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const sl_config_row counter_rows[] = {
    {.name = "topic",
     .type = SL_CONFIG_STRING,
     .required = true,
     .importance = SL_HIGH,
     .doc = "The topic that the numbers go to.",
     .field = SL_FIELD(counter_settings, topic)},
    {.name = "interval.ms",
     .type = SL_CONFIG_LONG,
     .default_value = "1000",
     .importance = SL_MEDIUM,
     .doc = "The time between two numbers, in milliseconds.",
     .has_min = true,
     .min = 0,
     .field = SL_FIELD(counter_settings, interval_ms)},
    {.name = "limit",
     .type = SL_CONFIG_LONG,
     .default_value = "0",
     .importance = SL_LOW,
     .doc = "The last number to send; 0 goes on for ever.",
     .has_min = true,
     .min = 0,
     .field = SL_FIELD(counter_settings, limit)},
};

static const sl_config_enum nulls[] = {{"accept", TALLY_ACCEPT}, {"report", TALLY_REPORT}, {NULL, 0}};

static const sl_config_row tally_rows[] = {
    {.name = "nulls",
     .type = SL_CONFIG_STRING,
     .default_value = "accept",
     .importance = SL_LOW,
     .doc = "What to do with null values: accept counts them, report takes them for bad records.",
     .enums = nulls,
     .field = SL_FIELD(tally_settings, nulls)},
};

static const sl_config_row upper_rows[] = {
    {.name = "field",
     .type = SL_CONFIG_STRING,
     .importance = SL_MEDIUM,
     .doc = "The field of a struct to change. Without it the value itself is the text.",
     .field = SL_FIELD(upper_settings, field)},
};

static const sl_plugin_def counter_def = {
    .struct_size = sizeof(sl_plugin_def),
    .kind = SL_KIND_SOURCE,
    .name = "template-counter",
    .version = "1.0",
    .doc = "Sends a number again and again, one more each time.",
    .settings = counter_rows,
    .nsettings = LENGTH(counter_rows),
    .settings_size = sizeof(counter_settings),
    .source = &counter_ops,
};

static const sl_plugin_def tally_def = {
    .struct_size = sizeof(sl_plugin_def),
    .kind = SL_KIND_SINK,
    .name = "template-tally",
    .version = "1.0",
    .doc = "Counts records and their bytes.",
    .settings = tally_rows,
    .nsettings = LENGTH(tally_rows),
    .settings_size = sizeof(tally_settings),
    .sink = &tally_ops,
};

static const sl_plugin_def upper_def = {
    .struct_size = sizeof(sl_plugin_def),
    .kind = SL_KIND_TRANSFORM,
    .name = "template-upper",
    .version = "1.0",
    .doc = "Writes a text in capitals.",
    .settings = upper_rows,
    .nsettings = LENGTH(upper_rows),
    .settings_size = sizeof(upper_settings),
    .transform = &upper_ops,
};

static const sl_plugin_def *const defs[] = {&counter_def, &tally_def, &upper_def};

SL_PLUGIN_EXPORT("template", "1.0", defs);
