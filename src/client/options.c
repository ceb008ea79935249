#include "client/options.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "client/number.h"
#include "client/say.h"

#ifndef STORD_VERSION
#define STORD_VERSION "unknown"
#endif

enum kind { SHOW_HELP, SHOW_VERSION, FLAG, TEXT, NUMBER };

/* What completes a value */
enum value { NOTHING, WORDS, FILES, FOLDERS, HOSTS, USERS };

struct row {
    const char *name; /* NULL: a heading, which is in help */
    char letter;      /* 0: none; the program knows both, if there are both */
    enum kind kind;
    size_t field; /* of struct options */
    int least, most;
    const char *value; /* NULL: it has none; "[X]": it may have one, behind a "=" */
    enum value completed_by;
    const char *words; /* with blanks between them; the only values if kind is TEXT */
    const char *help;
};

#define AT(field) offsetof(struct options, field)

static const struct row table[] = {
    {.help = "Where to"},
    {"host", 'h', TEXT, AT(host), 0, 0, "HOST", HOSTS, NULL,
     "The server, as a name, an address or a URL. Default: localhost."},
    {"port", 'p', TEXT, AT(port), 0, 0, "PORT", NOTHING, NULL,
     "Its port. Default: 22000; in URLs 21 for ftp:// and 990 for ftps://."},
    {"dir", 0, TEXT, AT(folder), 0, 0, "FOLDER", NOTHING, NULL,
     "The server's folder for the files, as a path from the folder of the login, or from the root "
     "if it begins with a slash. Default: the URL's."},
    {"name", 0, TEXT, AT(name), 0, 0, "NAME", NOTHING, NULL,
     "The name that the file gets there, if there is only one. Default: its own."},
    {"mkdir", 0, FLAG, AT(make_folders), 0, 0, NULL, NOTHING, NULL,
     "Make the server's folder if it is missing, and those above it."},
    {"recursive", 'r', FLAG, AT(recursive), 0, 0, NULL, NOTHING, NULL,
     "Send folders, with all that is in them. What is not a plain file is named, and skipped."},
    {"dereference", 'L', FLAG, AT(dereference), 0, 0, NULL, NOTHING, NULL,
     "Follow symbolic links in folders."},
    {"files-from", 0, TEXT, AT(files_from), 0, 0, "FILE", FILES, NULL,
     "Read the names of more files from FILE, or from standard input if it is -. Each ends with "
     "NUL or, if there is no NUL, with its line."},
    {"outbox", 0, TEXT, AT(outbox), 0, 0, "FOLDER", FOLDERS, NULL,
     "Send what is in FOLDER, and delete what was sent. Hidden files stay, and so do those that "
     "somebody is still writing."},
    {.help = "Login"},
    {"user", 'u', TEXT, AT(user), 0, 0, "USER", USERS, NULL,
     "Log in as USER. Default: the URL's, that of ~/.netrc, or anonymous if the server wants a "
     "login."},
    {"password-file", 0, TEXT, AT(password_file), 0, 0, "FILE", FILES, NULL,
     "The password is the first line of FILE. Default: $STOR_PASSWORD, ~/.netrc, or a prompt."},
    {.help = "TLS"},
    {"tls", 0, FLAG, AT(tls), 0, 0, NULL, NOTHING, NULL,
     "Ask the server for TLS, and send nothing if it refuses."},
    {"cacert", 0, TEXT, AT(ca), 0, 0, "FILE", FILES, NULL,
     "Authorities that may sign the server's certificate, as PEM. Default: those of the system."},
    {"pin", 0, TEXT, AT(pin), 0, 0, "FINGERPRINT", NOTHING, NULL,
     "Accept only the certificate with this SHA-256 fingerprint, in 64 hexadecimal digits, with or "
     "without colons. Its signer, its names and its dates do not matter then."},
    {"cert", 0, TEXT, AT(certificate), 0, 0, "FILE", FILES, NULL,
     "Our own certificate, as PEM, followed by the chain up to an authority that the server "
     "knows."},
    {"key", 0, TEXT, AT(key), 0, 0, "FILE", FILES, NULL,
     "Its private key, as PEM, not encrypted. Default: the file of --cert."},
    {.help = "Connections"},
    {"active", 0, FLAG, AT(active), 0, 0, NULL, NOTHING, NULL,
     "Let the server open the data connections. Default: we do."},
    {"ipv4", '4', FLAG, AT(only4), 0, 0, NULL, NOTHING, NULL, "Use IPv4 only."},
    {"ipv6", '6', FLAG, AT(only6), 0, 0, NULL, NOTHING, NULL, "Use IPv6 only."},
    {"bind", 0, TEXT, AT(bind), 0, 0, "ADDRESS", NOTHING, NULL,
     "Connect from this address of this machine."},
    {"connect-timeout", 0, NUMBER, AT(connect_timeout), 1, 86400, "SECONDS", NOTHING, NULL,
     "Give up an address if connecting to it takes longer. Default: 30."},
    {"timeout", 0, NUMBER, AT(timeout), 1, 86400, "SECONDS", NOTHING, NULL,
     "Give up if a reply takes longer, or no more of a file is taken. Default: 300, which leaves "
     "the server time to check what was sent."},
    {"program", 'e', TEXT, AT(program), 0, 0, "COMMAND", NOTHING, NULL,
     "Speak with a program on its standard input and output, which the shell starts, not over a "
     "network. In COMMAND %h is the host and %p the port; if %p is there, data connections are "
     "made by it, too."},
    {"limit-rate", 0, TEXT, AT(limit_rate), 0, 0, "BYTES", NOTHING, NULL,
     "Send no more than so many bytes a second, or K, M or G of them."},
    {.help = "Trouble"},
    {"retry", 0, NUMBER, AT(retry), 0, 1000000, "N", NOTHING, NULL,
     "Try a file again, up to N times, after network trouble and temporary refusals (4yz). "
     "Default: 0."},
    {"temp", 0, TEXT, AT(temp), 0, 0, "[PREFIX]", NOTHING, NULL,
     "Upload under a temporary name, PREFIX and the name, and rename when all is there. Default "
     "of PREFIX: .in. (servers that announce INLINE do so themselves)."},
    {"verify", 0, TEXT, AT(verify), 0, 0, "HOW", WORDS, "size hash",
     "Ask the server afterwards what it has: its size, or its digest."},
    {"times", 0, FLAG, AT(times), 0, 0, NULL, NOTHING, NULL,
     "Give files there the time of change that they have here."},
    {.help = "Afterwards"},
    {"delete", 0, FLAG, AT(delete_sent), 0, 0, NULL, NOTHING, NULL,
     "Delete each file when the server has confirmed it."},
    {"move-to", 0, TEXT, AT(move_to), 0, 0, "FOLDER", FOLDERS, NULL,
     "Move it to FOLDER then, which is on the same file system."},
    {.help = "Output"},
    {"verbose", 'v', FLAG, AT(verbose), 0, 0, NULL, NOTHING, NULL, "Print the server's replies."},
    {"quiet", 'q', FLAG, AT(quiet), 0, 0, NULL, NOTHING, NULL, "Print nothing but errors."},
    {"json", 0, FLAG, AT(json), 0, 0, NULL, NOTHING, NULL,
     "Print an object of JSON for each file, in a line of its own."},
    {"progress", 0, TEXT, AT(progress), 0, 0, "HOW", WORDS, "bar plain none",
     "How to tell on standard error how far it is. Default: bar on a terminal, else none."},
    {"help", 0, SHOW_HELP, 0, 0, 0, "[FORM]", WORDS, "mdoc bash zsh",
     "Print this and exit; or the options for a man page, or for the completion of a shell."},
    {"version", 0, SHOW_VERSION, 0, 0, 0, NULL, NOTHING, NULL, "Print the version and exit."},
};

enum { ROWS = sizeof(table) / sizeof(table[0]), FIRST = 256 /* value of the first row's name */ };

_Noreturn void options_refuse(const char *what, const char *why) {
    say_error("%s: %s", what, why);
    (void)fprintf(stderr, "Try '%s --help'.\n", program_invocation_short_name);
    exit(EX_USAGE);
}

/* ------------------------------------------------------------------------- what is printed */

/* Writes "-h, --host HOST". */
static void write_names(char *out, size_t size, const struct row *row) {
    char letter[8] = "";
    const char *value = row->value ? row->value : "";
    bool may = *value == '[';
    if (row->letter)
        (void)snprintf(letter, sizeof(letter), "-%c, ", row->letter);
    (void)snprintf(out, size, "%s--%s%s%.*s%s", letter, row->name,
                   may          ? "[="
                   : row->value ? " "
                                : "",
                   may ? (int)strlen(value) - 2 : 100, value + may, may ? "]" : "");
}

/* Prints text in lines that fit behind a margin. */
static void print_wrapped(const char *text, int margin, int width) {
    while (*text) {
        size_t length = strlen(text), line = (size_t)(width - margin);
        if (length > line) {
            while (line > 1 && text[line] != ' ')
                line--;
            length = line;
        }
        (void)printf("%*s%.*s\n", margin, "", (int)length, text);
        text += length + (text[length] == ' ');
    }
}

static void print_help(void) {
    (void)printf("usage: %s [OPTION...] FILE|FOLDER|-... [ftp[s]://[USER@]HOST[:PORT]/FOLDER/"
                 "[NAME]]\nUploads files to an FTP server.\n",
                 program_invocation_short_name);
    for (size_t i = 0; i < ROWS; i++) {
        char names[64];
        if (!table[i].name) {
            (void)printf("\n%s:\n", table[i].help);
            continue;
        }
        write_names(names, sizeof(names), &table[i]);
        (void)printf("  %s\n", names);
        print_wrapped(table[i].help, 6, 80);
    }
    (void)puts("\nExit status: 0 if the server has confirmed every file; else that of the first "
               "one\nwhich it has not: 64 usage, 66 a source, 68 unknown host, 69 not reachable,\n"
               "73 no room, 75 temporary, 76 against the protocol, 77 login or right, 1 the rest.");
}

/* Text for a man page: each sentence begins a line, and no line is long (mdoc(7)). */
static void print_sentences(const char *text) {
    size_t column = 0;
    for (const char *at = text, *word; *at; at = word + (*word == ' ')) {
        word = at + strcspn(at, " ");
        bool ends = word[-1] == '.' && word[0] == ' ' && word[1] >= 'A' && word[1] <= 'Z';
        column += (size_t)(word - at) + 1;
        for (; at < word; at++)
            (void)printf(*at == '-' ? "\\-" : "%c", *at);
        bool breaks = ends || *word == '\0' || column + 1 + strcspn(word + 1, " ") > 70;
        (void)printf(breaks ? "\n" : " ");
        column = breaks ? 0 : column;
    }
}

/* One option of the man page. */
static void print_mdoc(const struct row *row) {
    (void)printf(".It ");
    if (row->letter)
        (void)printf("Fl %c , ", row->letter);
    (void)printf("Fl -%s", row->name);
    if (row->value && *row->value == '[')
        (void)printf(" Ns Op = Ns Ar %.*s", (int)strlen(row->value) - 2, row->value + 1);
    else if (row->value)
        (void)printf(" Ar %s", row->value);
    (void)printf("\n");
    print_sentences(row->help);
}

static void print_man_list(void) {
    for (size_t i = 0; i < ROWS; i++) {
        if (table[i].name)
            print_mdoc(&table[i]);
        else
            (void)printf("%s.Ss %s\n.Bl -tag -width Ds\n", i > 0 ? ".El\n" : "", table[i].help);
    }
    (void)printf(".El\n");
}

static const char *const bash_actions[] = {
    [NOTHING] = "COMPREPLY=()",
    [WORDS] = "",
    [FILES] = "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")",
    [FOLDERS] = "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")",
    [HOSTS] = "mapfile -t COMPREPLY < <(compgen -A hostname -- \"$cur\")",
    [USERS] = "mapfile -t COMPREPLY < <(compgen -u -- \"$cur\")",
};

static void print_bash(void) {
    (void)puts("# bash completion of stor: `stor --help=bash` has written it.\n"
               "_stor() {\n"
               "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
               "    if [[ $cur == = ]]; then cur=; fi\n"
               "    if [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]}; fi\n"
               "    case $prev in");
    for (const struct row *row = table; row < table + ROWS; row++) {
        if (!row->name || !row->value || (*row->value == '[' && !row->words))
            continue;
        if (row->letter)
            (void)printf("    -%c | --%s)", row->letter, row->name);
        else
            (void)printf("    --%s)", row->name);
        if (row->completed_by == WORDS)
            (void)printf(" mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\")", row->words);
        else
            (void)printf(" %s", bash_actions[row->completed_by]);
        (void)puts(" ;;");
    }
    (void)printf("    *)\n        if [[ $cur == -* ]]; then\n"
                 "            mapfile -t COMPREPLY < <(compgen -W '");
    for (const struct row *row = table; row < table + ROWS; row++)
        if (row->name)
            (void)printf("--%s ", row->name);
    (void)puts("' -- \"$cur\")\n        else\n            compopt -o filenames\n"
               "            mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n        fi ;;\n"
               "    esac\n}\ncomplete -F _stor stor");
}

/* A text between single quotes, in which brackets and colons mean something to _arguments. */
static void print_zsh_text(const char *text) {
    for (const char *at = text; *at; at++)
        (void)printf(strchr("[]:\\", *at) ? "\\%c" : *at == '\'' ? "'\\'%c" : "%c", *at);
}

static void print_zsh_option(const struct row *row, const char *dashes, const char *name) {
    static const char *const actions[] = {
        [NOTHING] = "",          [WORDS] = "",       [FILES] = "_files",
        [FOLDERS] = "_files -/", [HOSTS] = "_hosts", [USERS] = "_users"};
    (void)printf("    '%s%s%s[", dashes, name, row->value && *row->value == '[' ? "=-" : "");
    print_zsh_text(row->help);
    (void)printf("]");
    if (row->value) {
        (void)printf(*row->value == '[' ? "::" : ":");
        print_zsh_text(row->value);
        if (row->words)
            (void)printf(":(%s)", row->words);
        else
            (void)printf(":%s", actions[row->completed_by]);
    }
    (void)puts("' \\");
}

static void print_zsh(void) {
    (void)puts("#compdef stor\n# zsh completion of stor: `stor --help=zsh` has written it.\n"
               "_arguments \\");
    for (const struct row *row = table; row < table + ROWS; row++) {
        const char letter[] = {row->letter, '\0'};
        if (row->name)
            print_zsh_option(row, "--", row->name);
        if (row->letter)
            print_zsh_option(row, "-", letter);
    }
    (void)puts("    '*:file:_files'");
}

static _Noreturn void show_help(const char *form) {
    static const struct {
        const char *form;
        void (*print)(void);
    } forms[] = {{"mdoc", print_man_list}, {"bash", print_bash}, {"zsh", print_zsh}};
    if (!form) {
        print_help();
        exit(0);
    }
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (strcmp(forms[i].form, form) == 0) {
            forms[i].print();
            exit(0);
        }
    }
    options_refuse("--help", "knows mdoc, bash and zsh");
}

/* --------------------------------------------------------------------------- what is read */

/* Tells whether a word is one of those, which have blanks between them. */
static bool is_word(const char *words, const char *word) {
    size_t length = strlen(word);
    for (const char *at = words; length > 0 && (at = strstr(at, word)); at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

/* Stores what an option has as its value. */
static void store(struct options *options, const struct row *row, const char *value) {
    char option[32], why[96];
    void *field = (char *)options + row->field;
    (void)snprintf(option, sizeof(option), "--%s", row->name);
    if (row->kind == FLAG) {
        *(bool *)field = true;
    } else if (row->kind == NUMBER) {
        int number = number_take(&value, row->most);
        (void)snprintf(why, sizeof(why), "not a number %sfrom %d to %d",
                       strcmp(row->value, "SECONDS") == 0 ? "of seconds " : "", row->least,
                       row->most);
        if (number < row->least || *value)
            options_refuse(option, why);
        *(int *)field = number;
    } else {
        (void)snprintf(why, sizeof(why), "must be one of: %s", row->words ? row->words : "");
        if (row->words && !is_word(row->words, value))
            options_refuse(option, why);
        *(const char **)field = value ? value : ".in.";
    }
}

/* Refuses what getopt_long has refused. last: the argument that it read last. */
static _Noreturn void refuse_option(const char *last) {
    const char letter[] = {'-', (char)optopt, '\0'};
    bool is_long = optopt == 0 || optopt >= FIRST;
    options_refuse(is_long ? last : letter,
                   "no such option, or one with a value too few or too many");
}

/* Makes of the table what getopt_long(3) wants. */
static void prepare(struct option longs[ROWS + 1], char letters[2 * ROWS + 1]) {
    size_t count = 0;
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &table[i];
        int has_value = !row->value          ? no_argument
                        : *row->value == '[' ? optional_argument
                                             : required_argument;
        if (row->name)
            longs[count++] = (struct option){row->name, has_value, NULL, FIRST + (int)i};
        if (row->letter) {
            *letters++ = row->letter;
            if (has_value == required_argument)
                *letters++ = ':';
        }
    }
    longs[count] = (struct option){0};
    *letters = '\0';
}

static const struct row *find(int option) {
    if (option >= FIRST)
        return &table[option - FIRST];
    for (const struct row *row = table; row < table + ROWS; row++)
        if (row->letter && row->letter == option)
            return row;
    return NULL;
}

int options_read(struct options *ret, int argc, char **argv) {
    struct option longs[ROWS + 1];
    char letters[2 * ROWS + 1];
    int option;
    *ret = (struct options){.timeout = 300, .connect_timeout = 30};
    prepare(longs, letters);
    opterr = 0; /* it would print any bytes */
    while ((option = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        const struct row *row = find(option);
        if (!row)
            refuse_option(argv[optind - 1]);
        if (row->kind == SHOW_HELP)
            show_help(optarg);
        if (row->kind == SHOW_VERSION) {
            (void)puts("client (stord) " STORD_VERSION);
            exit(0);
        }
        store(ret, row, optarg);
    }
    return optind;
}
