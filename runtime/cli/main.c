/*
 * main.c - the command line: a table of commands.
 */
#include "cli/cli.h"

#include <string.h>

static int cmd_help(const sl__command *self, int argc, char **argv);
static int cmd_version(const sl__command *self, int argc, char **argv);

/* What the commands that talk to a running worker have in common. */
#define CLIENT "[--url=URL] [--user=USER:PASSWORD] [--ca=FILE] [--cert=FILE] [--json]"
#define CLIENT_HELP                                                                                          \
    "  --url     the worker's address; else SLUICE_URL, else http://127.0.0.1:8083. Of a cluster any "       \
    "worker's, or\n"                                                                                         \
    "            several, separated by commas: the first that answers is asked\n"                            \
    "  --user    for basic authentication; else SLUICE_USER\n"                                               \
    "  --ca      whom to trust with https, a file in PEM\n"                                                  \
    "  --cert    our certificate and its key, a file in PEM\n"                                               \
    "  --json    the worker's answer as it is\n"

const sl__command sl__commands[] = {
    {"standalone", "WORKER.properties [CONNECTOR.properties|.json ...]  |  PIPELINE.yaml",
     "runs connectors in this process until it is stopped",
     "The first form takes a worker's settings and any number of connectors, as connect-standalone does. The "
     "second\n"
     "takes one file that holds both. Other files may follow it.\n"
     "SIGTERM or SIGINT (Ctrl-C) stops it: tasks finish, offsets are stored. A second one ends it at once.\n",
     sl__cmd_standalone},
    {"distributed", "WORKER.properties", "runs one worker of a cluster until it is stopped",
     "Takes the file that connect-distributed takes. Workers with the same group.id and topics share the "
     "connectors\n"
     "among them; connectors are made and changed over REST, on any worker. SIGTERM or SIGINT (Ctrl-C) stops "
     "this one:\n"
     "its tasks finish, and the others take them over after scheduled.rebalance.max.delay.ms unless it is "
     "back "
     "by then.\n",
     sl__cmd_distributed},
    {"validate", "[--connect] FILE...", "checks configuration files without running them",
     "Prints a line for everything that is wrong, FILE:LINE: KEY: what was expected, and exits with 3 if "
     "anything is. A key\n"
     "that looks like a misspelt one is an error here. Give the worker's file too when connectors use "
     "${provider:path:key}:\n"
     "they are resolved, and never shown. Files of several workers are checked each by itself, a worker's "
     "file without\n"
     "connectors together with those of the files that have no worker.\n"
     "  --connect   let connectors connect to their systems and check there as well\n",
     sl__cmd_validate},
    {"preflight", "[--json] WORKER.properties", "tells what of a Java cluster would run here, and what not",
     "Takes the file of a Kafka Connect cluster (connect-distributed.properties) and reads its topics, while "
     "it "
     "runs\n"
     "or stands still: nothing is written, no group is joined. Says of the worker and of each connector what "
     "would\n"
     "be the same, what different, and what is not supported; whether the topics can be used and stored "
     "offsets read.\n"
     "Exits with 0 if everything would run, 1 if something is not supported, 2 if it could not be told.\n"
     "  --json   for scripts\n",
     sl__cmd_preflight},
    {"plugins", "[--plugin-path=PATHS] [--json|--markdown] [NAME...]",
     "lists plugins, or the settings of some",
     "Without a NAME: every connector, transform, predicate, converter and config provider that was found, "
     "and plugins\n"
     "that could not be used with the reason. With one: its settings. NAME is a short name or a Java class; "
     "`worker`,\n"
     "`connector`, `sink` and `source` are the settings of the worker and those that all connectors have.\n",
     sl__cmd_plugins},
    {"connectors", "[--names] " CLIENT, "lists the connectors of a running worker or cluster",
     CLIENT_HELP "  --names   their names alone\n", sl__cmd_connectors},
    {"status", "[--watch[=SECONDS]] " CLIENT " [CONNECTOR...]",
     "shows the states of connectors and tasks, and how far a snapshot is",
     CLIENT_HELP "  --watch   again and again, with rates; on a terminal the screen is drawn anew\n",
     sl__cmd_status},
    {"pause", CLIENT " CONNECTOR...", "pauses connectors", CLIENT_HELP, sl__cmd_change},
    {"resume", CLIENT " CONNECTOR...", "lets paused or stopped connectors run", CLIENT_HELP, sl__cmd_change},
    {"stop", CLIENT " CONNECTOR...", "stops connectors; their tasks end", CLIENT_HELP, sl__cmd_change},
    {"restart", "[--tasks] [--failed] " CLIENT " CONNECTOR...", "restarts connectors",
     CLIENT_HELP "  --tasks   their tasks as well\n  --failed  what has failed only\n", sl__cmd_change},
    {"offsets", CLIENT " CONNECTOR [get|set FILE|reset]", "shows or changes where a connector is",
     CLIENT_HELP
     "To set or reset them, stop the connector first. FILE, or - for standard input, is as `get --json` has "
     "it.\n",
     sl__cmd_offsets},
    {"create", "[--replace] " CLIENT " FILE...", "makes connectors from their files",
     CLIENT_HELP
     "FILE is .properties, .json or .yaml.\n  --replace   configure those that are there already\n",
     sl__cmd_create},
    {"delete", CLIENT " CONNECTOR...", "stops and deletes connectors", CLIENT_HELP, sl__cmd_change},
    {"logs", "level [--cluster] " CLIENT " [LOGGER [LEVEL]]", "shows or sets the level of the worker's log",
     CLIENT_HELP "  --cluster   on all workers\n", sl__cmd_logs},
    {"completion", "bash", "prints a shell's completion of these commands",
     "Put it where bash-completion finds it: sluice completion bash "
     ">~/.local/share/bash-completion/completions/sluice\n",
     sl__cmd_completion},
    {"man", "", "prints the manual page", "", sl__cmd_man},
    {"describe", "metrics|openapi", "prints the table of metrics, or the description of the REST interface",
     "metrics: a table in Markdown. openapi: an OpenAPI 3.0 document, as GET /openapi.json has it.\n",
     sl__cmd_describe},
    {"version", "", "prints the version", "", cmd_version},
    {"help", "[COMMAND]", "prints this, or more about a command", "", cmd_help},
};
const size_t sl__ncommands = sizeof sl__commands / sizeof sl__commands[0];

static const sl__command *find_command(const char *name) {
    for (size_t i = 0; i < sl__ncommands; i++) {
        if (strcmp(sl__commands[i].name, name) == 0) {
            return &sl__commands[i];
        }
    }
    return NULL;
}

static void print_help(FILE *to) {
    fprintf(to, "sluice %s - a Kafka Connect worker\n\nusage: sluice COMMAND ARGS\n\n", SL_VERSION);
    for (size_t i = 0; i < sl__ncommands; i++) {
        fprintf(to, "  %-12s %s\n", sl__commands[i].name, sl__commands[i].summary);
    }
    fprintf(to,
            "\nexit codes: 0 done, 1 failed while running, 2 called wrongly, 3 the configuration is wrong\n"
            "`sluice help COMMAND` says more.\n");
}

static int print_command_help(const sl__command *c) {
    printf("usage: sluice %s %s\n\n%s.\n", c->name, c->args, c->summary);
    if (*c->help) {
        printf("\n%s", c->help);
    }
    return SL_EXIT_OK;
}

static int cmd_help(const sl__command *self, int argc, char **argv) {
    const sl__command *c = argc == 1 ? find_command(argv[0]) : NULL;
    if (c) {
        return print_command_help(c);
    }
    if (argc) {
        return sl__cli_usage(self, "no command '%s'", argv[0]);
    }
    print_help(stdout);
    return SL_EXIT_OK;
}

static int cmd_version(const sl__command *self, int argc, char **argv) {
    if (argc) {
        return sl__cli_usage(self, "unexpected argument '%s'", argv[0]);
    }
    printf("sluice %s\n", SL_VERSION);
    return SL_EXIT_OK;
}

static bool is_word(const char *arg, const char *a, const char *b) {
    return strcmp(arg, a) == 0 || strcmp(arg, b) == 0;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        print_help(stderr);
        return SL_EXIT_USAGE;
    }
    const char *name = is_word(argv[1], "--help", "-h")      ? "help"
                       : is_word(argv[1], "--version", "-V") ? "version"
                                                             : argv[1];
    const sl__command *c = find_command(name);
    if (!c) {
        fprintf(stderr, "sluice: no command '%s'; `sluice help` lists them\n", argv[1]);
        return SL_EXIT_USAGE;
    }
    if (argc > 2 && is_word(argv[2], "--help", "-h")) {
        return print_command_help(c);
    }
    int code = c->run(c, argc - 2, argv + 2);
    if (fflush(stdout) != 0 && code == SL_EXIT_OK) {
        fprintf(stderr, "sluice: standard output cannot be written\n");
        code = SL_EXIT_FAILED;
    }
    return code;
}
