/* This process, others, sockets, time and the terminal for the control plane. */
#include "engine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The signals that are let in only while somebody waits for them, so that none is missed between a look and a wait. */
static sigset_t mask_before, mask_waiting;
static struct sigaction pipe_before;
static volatile sig_atomic_t caught;

static void note(int number)
{
	if (number != SIGCHLD)
		caught = 1;
}

static void catch(int number)
{
	struct sigaction action = { 0 };
	sigset_t one;

	action.sa_handler = note;
	sigaction(number, &action, NULL);
	sigemptyset(&one);
	sigaddset(&one, number);
	sigprocmask(SIG_BLOCK, &one, NULL);
}

static JSValue sys_pid(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	(void)this;
	(void)argc;
	(void)argv;
	return JS_NewInt32(ctx, getpid());
}

static JSValue sys_uid(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	(void)this;
	(void)argc;
	(void)argv;
	return JS_NewInt64(ctx, geteuid());
}

static JSValue current_folder(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	char path[PATH_MAX];

	(void)this;
	(void)argc;
	(void)argv;
	if (getcwd(path, sizeof(path)) == NULL)
		return engine_throw(ctx, errno);
	return engine_string(ctx, path, strlen(path));
}

static JSValue sys_exit(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	int code;

	(void)this;
	(void)argc;
	if (!engine_number(ctx, argv[0], &code))
		return JS_EXCEPTION;
	_exit(code);
}

static JSValue is_terminal(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	int file;

	(void)this;
	(void)argc;
	if (!engine_number(ctx, argv[0], &file))
		return JS_EXCEPTION;
	return JS_NewBool(ctx, isatty(file));
}

/* [rows, columns] of the terminal that stdout is; zeros where it is none. */
static JSValue window_size(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	struct winsize size = { 0 };
	JSValue array = JS_NewArray(ctx);

	(void)this;
	(void)argc;
	(void)argv;
	if (ioctl(1, TIOCGWINSZ, &size) < 0)
		memset(&size, 0, sizeof(size));
	JS_SetPropertyUint32(ctx, array, 0, JS_NewInt32(ctx, size.ws_row));
	JS_SetPropertyUint32(ctx, array, 1, JS_NewInt32(ctx, size.ws_col));
	return array;
}

/* Milliseconds of a clock. */
static JSValue clock_of(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int clock)
{
	struct timespec time;

	(void)this;
	(void)argc;
	(void)argv;
	clock_gettime(clock, &time);
	/* The time of day in whole milliseconds, as Date has it. */
	if (clock == CLOCK_REALTIME)
		return JS_NewInt64(ctx, (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000);
	return JS_NewFloat64(ctx, (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6);
}

static JSValue sys_kill(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	int pid, number;

	(void)this;
	(void)argc;
	if (!engine_number(ctx, argv[0], &pid) || !engine_number(ctx, argv[1], &number))
		return JS_EXCEPTION;
	return kill(pid, number) < 0 ? engine_throw(ctx, errno) : JS_UNDEFINED;
}

static JSValue catch_signal(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	int number;

	(void)this;
	(void)argc;
	if (!engine_number(ctx, argv[0], &number))
		return JS_EXCEPTION;
	catch(number);
	return JS_UNDEFINED;
}

static JSValue was_caught(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	int was = caught;

	(void)this;
	(void)argc;
	(void)argv;
	caught = 0;
	return JS_NewBool(ctx, was);
}

/* A JavaScript array of texts as C has one; NULL with an exception pending. */
static char **texts_of(JSContext *ctx, JSValueConst array)
{
	JSValue length = JS_GetPropertyStr(ctx, array, "length");
	char **texts = NULL;
	int count;
	size_t size;

	if (engine_number(ctx, length, &count) && (texts = js_mallocz(ctx, (count + 1) * sizeof(*texts))) != NULL) {
		for (int i = 0; i < count; i++) {
			JSValue text = JS_GetPropertyUint32(ctx, array, i);

			texts[i] = engine_bytes(ctx, text, &size);
			JS_FreeValue(ctx, text);
			if (texts[i] == NULL) {
				texts = NULL;
				break;
			}
		}
	}
	JS_FreeValue(ctx, length);
	return texts;
}

static void free_texts(JSContext *ctx, char **texts)
{
	for (char **text = texts; text != NULL && *text != NULL; text++)
		js_free(ctx, *text);
	js_free(ctx, texts);
}

/* In the child of vfork(2), whose memory is the parent's: becomes the program, or returns the errno. */
static int become(const char *path, char **words, char **variables, const char *folder, const int files[3])
{
	int from[3];

	for (int i = 0; i < 3; i++) {
		from[i] = files[i];
		if (from[i] < 0)
			from[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (from[i] >= 0 && from[i] < 3)
			from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 3);
		if (from[i] < 0)
			return errno;
	}
	for (int i = 0; i < 3; i++)
		if (dup2(from[i], i) < 0)
			return errno;
	if (folder != NULL && chdir(folder) < 0)
		return errno;
	sigaction(SIGPIPE, &pipe_before, NULL);
	sigprocmask(SIG_SETMASK, &mask_before, NULL);
	execve(path, words, variables);
	return errno;
}

/* spawn(path, words, variables, folder | "", stdin, stdout, stderr): the pid; a descriptor below 0 is /dev/null. */
static JSValue spawn(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	char **words = NULL, **variables = NULL, *path = NULL, *folder = NULL;
	volatile int error = 0;
	int files[3], ready;
	size_t length;
	pid_t pid = -1;

	(void)this;
	(void)argc;
	path = engine_bytes(ctx, argv[0], &length);
	words = texts_of(ctx, argv[1]);
	variables = texts_of(ctx, argv[2]);
	folder = engine_bytes(ctx, argv[3], &length);
	ready = path != NULL && words != NULL && variables != NULL && folder != NULL && engine_number(ctx, argv[4], &files[0]) &&
	    engine_number(ctx, argv[5], &files[1]) && engine_number(ctx, argv[6], &files[2]);
	if (ready) {
		pid = vfork();
		if (pid == 0) {
			error = become(path, words, variables, *folder == '\0' ? NULL : folder, files);
			_exit(127);
		}
		if (pid < 0)
			error = errno;
		else if (error != 0)
			while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
				;
	}
	js_free(ctx, path);
	js_free(ctx, folder);
	free_texts(ctx, words);
	free_texts(ctx, variables);
	if (!ready)
		return JS_EXCEPTION;
	return error != 0 ? engine_throw(ctx, error) : JS_NewInt32(ctx, pid);
}

/* The wait status of a child that has ended (waitpid(2)), or undefined. */
static JSValue sys_wait(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	int pid, status;
	pid_t ended;

	(void)this;
	(void)argc;
	if (!engine_number(ctx, argv[0], &pid))
		return JS_EXCEPTION;
	do
		ended = waitpid(pid, &status, WNOHANG);
	while (ended < 0 && errno == EINTR);
	if (ended < 0)
		return engine_throw(ctx, errno);
	return ended == 0 ? JS_UNDEFINED : JS_NewInt32(ctx, status);
}

static JSValue sys_pipe(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	JSValue array;
	int ends[2];

	(void)this;
	(void)argc;
	(void)argv;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return engine_throw(ctx, errno);
	array = JS_NewArray(ctx);
	JS_SetPropertyUint32(ctx, array, 0, JS_NewInt32(ctx, ends[0]));
	JS_SetPropertyUint32(ctx, array, 1, JS_NewInt32(ctx, ends[1]));
	return array;
}

/* A Unix socket: connected to a path (connect), or bound there and listening; it never waits. */
static JSValue unix_socket(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int binds)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length;
	char *path = engine_bytes(ctx, argv[0], &length);
	int file, result, error;

	(void)this;
	(void)argc;
	if (path == NULL)
		return JS_EXCEPTION;
	if (length >= sizeof(address.sun_path)) {
		js_free(ctx, path);
		return engine_throw(ctx, EINVAL);
	}
	memcpy(address.sun_path, path, length + 1);
	js_free(ctx, path);
	file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (file < 0)
		return engine_throw(ctx, errno);
	if (binds)
		result = bind(file, (struct sockaddr *)&address, sizeof(address)) < 0 ? -1 : listen(file, 1);
	else
		result = connect(file, (struct sockaddr *)&address, sizeof(address));
	error = errno;
	if (result < 0) {
		close(file);
		return engine_throw(ctx, error);
	}
	return JS_NewInt32(ctx, file);
}

enum { MOST = 256 };

/* poll(files, milliseconds): which of them can be read (or have ended), as an array of booleans; below 0 waits without end. */
static JSValue sys_poll(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	struct pollfd files[MOST];
	struct timespec time;
	double milliseconds;
	int count, ready;
	JSValue length, array;

	(void)this;
	(void)argc;
	length = JS_GetPropertyStr(ctx, argv[0], "length");
	if (!engine_number(ctx, length, &count) || count > MOST || JS_ToFloat64(ctx, &milliseconds, argv[1]) < 0)
		return engine_throw(ctx, EINVAL);
	for (int i = 0; i < count; i++) {
		JSValue file = JS_GetPropertyUint32(ctx, argv[0], i);

		if (!engine_number(ctx, file, &files[i].fd))
			return JS_EXCEPTION;
		files[i].events = POLLIN;
		files[i].revents = 0;
	}
	time.tv_sec = (time_t)(milliseconds / 1e3);
	time.tv_nsec = (long)((milliseconds - (double)time.tv_sec * 1e3) * 1e6);
	ready = ppoll(files, count, milliseconds < 0 ? NULL : &time, &mask_waiting);
	if (ready < 0 && errno != EINTR)
		return engine_throw(ctx, errno);
	array = JS_NewArray(ctx);
	for (int i = 0; i < count; i++)
		JS_SetPropertyUint32(ctx, array, i, JS_NewBool(ctx, ready > 0 && files[i].revents != 0));
	return array;
}

static const JSCFunctionListEntry functions[] = {
	JS_CFUNC_DEF("pid", 0, sys_pid),
	JS_CFUNC_DEF("uid", 0, sys_uid),
	JS_CFUNC_DEF("currentFolder", 0, current_folder),
	JS_CFUNC_DEF("exit", 1, sys_exit),
	JS_CFUNC_DEF("isTerminal", 1, is_terminal),
	JS_CFUNC_DEF("windowSize", 0, window_size),
	JS_CFUNC_MAGIC_DEF("now", 0, clock_of, CLOCK_REALTIME),
	JS_CFUNC_MAGIC_DEF("elapsed", 0, clock_of, CLOCK_MONOTONIC),
	JS_CFUNC_DEF("kill", 2, sys_kill),
	JS_CFUNC_DEF("catchSignal", 1, catch_signal),
	JS_CFUNC_DEF("wasCaught", 0, was_caught),
	JS_CFUNC_DEF("spawn", 7, spawn),
	JS_CFUNC_DEF("ended", 1, sys_wait),
	JS_CFUNC_DEF("pipe", 0, sys_pipe),
	JS_CFUNC_MAGIC_DEF("connect", 1, unix_socket, 0),
	JS_CFUNC_MAGIC_DEF("bind", 1, unix_socket, 1),
	JS_CFUNC_DEF("poll", 2, sys_poll),
};

void engine_add_processes(JSContext *ctx, JSValueConst system)
{
	struct sigaction ignore = { 0 };

	sigprocmask(SIG_SETMASK, NULL, &mask_before);
	mask_waiting = mask_before;
	sigdelset(&mask_waiting, SIGCHLD);
	ignore.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &ignore, &pipe_before);
	catch(SIGCHLD);
	JS_SetPropertyFunctionList(ctx, system, functions, ENGINE_COUNT(functions));
}
