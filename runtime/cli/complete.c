/*
 * complete.c - `sluice completion` and `sluice man`: for shells and readers, from the table of commands.
 *
 * Threads: the main thread. Memory: none.
 */
#include <string.h>

#include "cli/cli.h"

/* print_options prints the "--words" of a command's arguments. */
static void print_options(const char *args) {
    for (const char *at = strstr(args, "--"); at; at = strstr(at, "--")) {
        size_t n = strspn(at, "abcdefghijklmnopqrstuvwxyz-");
        printf("%.*s%s ", (int)n, at, at[n] == '=' ? "=" : "");
        at += n;
    }
}

static void print_bash(void) {
    printf("# bash completion of sluice\n_sluice() {\n    local cur=${COMP_WORDS[COMP_CWORD]} words names=\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words='");
    for (size_t i = 0; i < sl__ncommands; i++) {
        printf("%s ", sl__commands[i].name);
    }
    printf("'\n    else\n        case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; i < sl__ncommands; i++) {
        const sl__command *c = &sl__commands[i];
        printf("        %s) words='", c->name);
        print_options(c->args);
        printf("'%s ;;\n", strstr(c->args, "CONNECTOR") && strstr(c->args, "--url") ? " names=yes" : "");
    }
    printf("        esac\n    fi\n    if [ -n \"$names\" ] && [[ $cur != -* ]]; then\n"
           "        words=$(sluice connectors --names 2>/dev/null)\n    fi\n"
           "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
           "    if [ ${#COMPREPLY[@]} -eq 0 ]; then compopt -o default; fi\n}\ncomplete -F _sluice sluice\n");
}

int sl__cmd_completion(const sl__command *self, int argc, char **argv) {
    if (argc != 1 || strcmp(argv[0], "bash") != 0) {
        return sl__cli_usage(self, "expected bash");
    }
    print_bash();
    return SL_EXIT_OK;
}

/* troff prints a text as troff takes it. */
static void troff(const char *text) {
    bool start = true;
    for (; *text; text++) {
        if (start && (*text == '.' || *text == '\'')) {
            printf("\\&");
        }
        if (*text == '\\') {
            printf("\\e");
        } else if (*text == '-') {
            printf("\\-");
        } else {
            putchar(*text);
        }
        start = *text == '\n';
    }
}

int sl__cmd_man(const sl__command *self, int argc, char **argv) {
    (void)argv;
    if (argc) {
        return sl__cli_usage(self, "expected nothing more");
    }
    printf(".TH SLUICE 1 \"\" \"sluice %s\" \"User commands\"\n.SH NAME\nsluice \\- a Kafka Connect worker\n"
           ".SH SYNOPSIS\n.B sluice\n.I COMMAND ARGS\n.SH COMMANDS\n",
           SL_VERSION);
    for (size_t i = 0; i < sl__ncommands; i++) {
        const sl__command *c = &sl__commands[i];
        printf(".SS %s ", c->name);
        troff(c->args);
        printf("\n");
        troff(c->summary);
        printf(".\n.PP\n.nf\n");
        troff(c->help);
        printf(".fi\n");
    }
    printf(
        ".SH EXIT STATUS\n0 done; 1 it failed while running; 2 it was called wrongly; 3 the configuration is "
        "wrong.\n.SH ENVIRONMENT\nSLUICE_URL, SLUICE_USER: defaults of \\-\\-url and \\-\\-user. NO_COLOR: "
        "no colours.\n");
    return SL_EXIT_OK;
}
