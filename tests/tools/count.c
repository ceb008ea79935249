/*
 * count FILE USER COMMAND ARGUMENT...: runs the command as the user of that number, and writes to
 * FILE how many page faults it had before its program began: "PID FAULTS". Descriptors are ours.
 *
 * count --steps=MAIN FILE USER COMMAND...: also counts its instructions (x86-64), by executing them
 * one at a time, in all of its processes. Only those count that are in the program, from its
 * function main on (MAIN: its address in the file, hexadecimal), and in modules in its folder. What
 * they call elsewhere runs at full speed, and counts as one call, so that neither the version of a
 * library nor its ways for different processors change the figures; so functions of ours that a
 * library calls back (qsort) are not seen. At the end FILE gets a line "OBJECT OFFSET INSTRUCTIONS"
 * for each instruction that ran, and "call OBJECT OFFSET CALLS" for each place that was called.
 *
 * Addresses are not random, so that what depends on them is the same each time. It needs root. The
 * program itself is the real one, confined as ever: who traces it knows no system call of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(bool good, const char *what) {
    if (good)
        return;
    fprintf(stderr, "count: %s: %s\n", what, strerror(errno));
    exit(69);
}

/* Becomes that user, waits until it is traced, and runs the command. */
static _Noreturn void run(uid_t user, char **command, int traced) {
    char byte;
    check(personality(ADDR_NO_RANDOMIZE) >= 0, "personality");
    check(user == 0 || (setgroups(0, NULL) == 0 && setgid((gid_t)user) == 0 && setuid(user) == 0),
          "becoming that user");
    check(read(traced, &byte, 1) == 0, "read");
    (void)execv(command[0], command);
    check(false, command[0]);
    abort();
}

/* Starts the command. Returns its process, stopped after execve. It is attached to, since what asks
 * to be traced would be by its own rights, which do not reach into a process that is not dumpable.
 */
static pid_t start(uid_t user, char **command) {
    int ends[2], status;
    check(pipe2(ends, O_CLOEXEC) == 0, "pipe");
    pid_t pid = fork();
    check(pid >= 0, "fork");
    if (pid == 0) {
        (void)close(ends[1]);
        run(user, command, ends[0]);
    }
    check(ptrace(PTRACE_ATTACH, pid, NULL, NULL) == 0 && waitpid(pid, &status, 0) == pid &&
              ptrace(PTRACE_CONT, pid, NULL, NULL) == 0,
          "PTRACE_ATTACH");
    (void)close(ends[0]);
    (void)close(ends[1]);
    check(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status), command[0]);
    return pid;
}

/* How many page faults the process had so far (proc(5)) */
static unsigned long faults_of(pid_t pid) {
    char path[64], text[1024] = "";
    unsigned long faults = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    check(file && fgets(text, sizeof(text), file), path);
    (void)fclose(file);
    const char *at = strrchr(text, ')');
    check(at && sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %lu", &faults) == 1, path);
    return faults;
}

#ifdef __x86_64__

enum { OBJECTS = 64, PROCESSES = 64, BREAKPOINT = 0xcc };

/* Code that is mapped: of a file, as a rule */
struct object {
    char name[PATH_MAX];
    unsigned long begin, end, offset;
    bool ours;
    unsigned *steps, *calls; /* at each byte */
};

struct process {
    pid_t pid;
    bool known;              /* its parent has told of it */
    bool stopped;            /* before that was so */
    bool over;               /* main has returned */
    unsigned long limit;     /* the stack pointer at main's first instruction */
    unsigned long return_to; /* in a library: where it comes back, */
    unsigned long above;     /* with a stack pointer above this; */
    long word;               /* what is there without the breakpoint */
};

static struct object objects[OBJECTS];
static struct process processes[PROCESSES];
static unsigned objects_count, processes_count;
static char folder[PATH_MAX]; /* of the program */
static char program[PATH_MAX];

static void add_object(const char *line) {
    struct object *object = &objects[objects_count];
    char rights[8] = "";
    *object = (struct object){0};
    if (sscanf(line, "%lx-%lx %7s %lx %*s %*s %4095s", &object->begin, &object->end, rights,
               &object->offset, object->name) < 4 ||
        rights[2] != 'x')
        return;
    for (unsigned i = 0; i < objects_count; i++)
        if (objects[i].begin == object->begin)
            return;
    object->ours = strncmp(object->name, folder, strlen(folder)) == 0;
    object->steps = calloc(object->end - object->begin, sizeof(unsigned));
    object->calls = calloc(object->end - object->begin, sizeof(unsigned));
    check(object->steps && object->calls && ++objects_count < OBJECTS, "memory");
}

static void look_at_objects(pid_t pid) {
    char path[64], line[PATH_MAX + 128];
    (void)snprintf(path, sizeof(path), "/proc/%d/maps", pid);
    FILE *file = fopen(path, "r");
    check(file, path);
    while (fgets(line, sizeof(line), file))
        add_object(line);
    (void)fclose(file);
}

static struct object *object_at(pid_t pid, unsigned long address) {
    static struct object *last = objects;
    for (int tries = 0; tries < 2; tries++) {
        if (address >= last->begin && address < last->end)
            return last;
        for (unsigned i = 0; i < objects_count; i++) {
            if (address >= objects[i].begin && address < objects[i].end)
                return last = &objects[i];
        }
        look_at_objects(pid);
    }
    fprintf(stderr, "count: nothing is at %lx\n", address);
    exit(69);
}

static struct process *process_of(pid_t pid) {
    for (unsigned i = 0; i < processes_count; i++)
        if (processes[i].pid == pid)
            return &processes[i];
    check(processes_count < PROCESSES, "too many processes");
    processes[processes_count] = (struct process){.pid = pid};
    return &processes[processes_count++];
}

static void run_until(struct process *process, unsigned long address, unsigned long above) {
    errno = 0;
    process->return_to = address;
    process->above = above;
    process->word = ptrace(PTRACE_PEEKTEXT, process->pid, address, NULL);
    long word = (process->word & ~0xffL) | BREAKPOINT;
    check(errno == 0 && ptrace(PTRACE_POKETEXT, process->pid, address, word) == 0, "breakpoint");
    check(ptrace(PTRACE_CONT, process->pid, NULL, NULL) == 0, "PTRACE_CONT");
}

static void step(struct process *process, int signal) {
    check(ptrace(PTRACE_SINGLESTEP, process->pid, NULL, (long)signal) == 0, "PTRACE_SINGLESTEP");
}

/* At the breakpoint; or, in a function that called itself through a library, one that is not it */
static void come_back(struct process *process, struct user_regs_struct *registers) {
    registers->rip = process->return_to;
    check(ptrace(PTRACE_POKETEXT, process->pid, process->return_to, process->word) == 0 &&
              ptrace(PTRACE_SETREGS, process->pid, NULL, registers) == 0,
          "breakpoint");
    check(registers->rsp > process->above, "a function that was called back calls itself");
    process->return_to = 0;
    if (process->limit == 0)
        process->limit = registers->rsp;
}

/* Counts the instruction that comes next, and executes it, or the function of a library. */
static void advance(struct process *process) {
    struct user_regs_struct registers;
    check(ptrace(PTRACE_GETREGS, process->pid, NULL, &registers) == 0, "PTRACE_GETREGS");
    if (process->return_to && registers.rip == process->return_to + 1)
        come_back(process, &registers);
    struct object *object = object_at(process->pid, registers.rip);
    if (object->ours) {
        object->steps[registers.rip - object->begin]++;
        step(process, 0);
    } else if (registers.rsp > process->limit) {
        process->over = true;
        check(ptrace(PTRACE_CONT, process->pid, NULL, NULL) == 0, "PTRACE_CONT");
    } else {
        errno = 0;
        long back = ptrace(PTRACE_PEEKDATA, process->pid, registers.rsp, NULL);
        check(errno == 0, "the stack");
        object->calls[registers.rip - object->begin]++;
        run_until(process, (unsigned long)back, registers.rsp);
    }
}

static void proceed(struct process *process, int signal) {
    if (process->return_to || process->over)
        check(ptrace(PTRACE_CONT, process->pid, NULL, (long)signal) == 0, "PTRACE_CONT");
    else
        step(process, signal);
}

/* A process has begun another one. */
static void add_child(struct process *process) {
    unsigned long pid;
    check(ptrace(PTRACE_GETEVENTMSG, process->pid, NULL, &pid) == 0, "PTRACE_GETEVENTMSG");
    struct process *child = process_of((pid_t)pid);
    bool stopped = child->stopped;
    *child = *process;
    child->pid = (pid_t)pid;
    child->known = true;
    if (stopped)
        proceed(child, 0);
    proceed(process, 0);
}

static void handle(struct process *process, int status) {
    int signal = WSTOPSIG(status);
    if (status >> 16)
        add_child(process);
    else if (!process->known) /* its first stop, before we know what it does */
        process->stopped = true;
    else if (signal == SIGTRAP && !process->over)
        advance(process);
    else
        proceed(process, signal == SIGSTOP ? 0 : signal);
}

static int count_steps(pid_t pid, unsigned long main_at) {
    int status, result = 0;
    const long options =
        PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
    check(ptrace(PTRACE_SETOPTIONS, pid, NULL, options) == 0, "PTRACE_SETOPTIONS");
    look_at_objects(pid);
    struct process *first = process_of(pid);
    first->known = true;
    unsigned i = 0;
    while (i < objects_count && strcmp(objects[i].name, program) != 0)
        i++;
    check(i < objects_count, program);
    run_until(first, objects[i].begin - objects[i].offset + main_at, 0);
    while ((pid = wait(&status)) > 0) {
        if (WIFSTOPPED(status))
            handle(process_of(pid), status);
        else if (pid == first->pid)
            result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return result;
}

static void print_steps(FILE *file) {
    for (unsigned i = 0; i < objects_count; i++) {
        const struct object *object = &objects[i];
        for (unsigned long at = 0; at < object->end - object->begin; at++) {
            if (object->steps[at])
                fprintf(file, "%s %lx %u\n", object->name, object->offset + at, object->steps[at]);
            if (object->calls[at])
                fprintf(file, "call %s %lx %u\n", object->name, object->offset + at,
                        object->calls[at]);
        }
    }
}

static int run_steps(const char *command, pid_t pid, const char *main_at, FILE *file) {
    check(realpath(command, program), command);
    strcpy(folder, program);
    strcpy(strrchr(folder, '/') + 1, "");
    int result = count_steps(pid, strtoul(main_at, NULL, 16));
    print_steps(file);
    return result;
}

#else

static int run_steps(const char *command, pid_t pid, const char *main_at, FILE *file) {
    (void)pid, (void)main_at, (void)file;
    errno = ENOSYS;
    check(false, command);
    return 0;
}

#endif

int main(int argc, char **argv) {
    static const char steps[] = "--steps=";
    const char *main_at = NULL;
    if (argc > 1 && strncmp(argv[1], steps, strlen(steps)) == 0) {
        main_at = argv[1] + strlen(steps);
        argv++;
        argc--;
    }
    if (argc < 4) {
        fputs("count: usage: see its source\n", stderr);
        return 64;
    }
    FILE *file = fopen(argv[1], "we");
    check(file, argv[1]);
    pid_t pid = start((uid_t)strtoul(argv[2], NULL, 10), argv + 3);
    /* the connection is the command's alone: else its client would not see its end */
    (void)close(STDIN_FILENO);
    (void)close(STDOUT_FILENO);
    fprintf(file, "%d %lu\n", pid, faults_of(pid));
    (void)fflush(file);
    if (main_at)
        return run_steps(argv[3], pid, main_at, file);
    int status;
    check(ptrace(PTRACE_DETACH, pid, NULL, NULL) == 0 && waitpid(pid, &status, 0) == pid, "wait");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
