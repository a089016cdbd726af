/* Files and descriptors for the control plane: one function a system call, which throws its errno. */
#include "engine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A path, and a second one for those that have it. */
static char *path_of(JSContext *ctx, JSValueConst value)
{
	size_t length;
	char *path = engine_bytes(ctx, value, &length);

	if (path != NULL && strlen(path) != length) {
		js_free(ctx, path);
		engine_throw(ctx, EINVAL);
		return NULL;
	}
	return path;
}

static JSValue outcome(JSContext *ctx, int result)
{
	return result < 0 ? engine_throw(ctx, errno) : JS_NewInt32(ctx, result);
}

static JSValue sys_open(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	char *path = path_of(ctx, argv[0]);
	int flags, mode, result;

	(void)this;
	(void)argc;
	if (path == NULL)
		return JS_EXCEPTION;
	if (!engine_number(ctx, argv[1], &flags) || !engine_number(ctx, argv[2], &mode)) {
		js_free(ctx, path);
		return JS_EXCEPTION;
	}
	do
		result = open(path, flags | O_CLOEXEC, mode);
	while (result < 0 && errno == EINTR);
	js_free(ctx, path);
	return outcome(ctx, result);
}

/* read(file, bytes, position) and write(file, bytes, position); a position below 0 is where the descriptor stands. */
static JSValue transfer(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int writes)
{
	uint8_t *bytes;
	size_t length;
	int64_t position;
	ssize_t count;
	int file;

	(void)this;
	(void)argc;
	if (!engine_number(ctx, argv[0], &file) || !engine_view(ctx, argv[1], &bytes, &length) || JS_ToInt64(ctx, &position, argv[2]) < 0)
		return JS_EXCEPTION;
	do {
		if (writes)
			count = position < 0 ? write(file, bytes, length) : pwrite(file, bytes, length, position);
		else
			count = position < 0 ? read(file, bytes, length) : pread(file, bytes, length, position);
	} while (count < 0 && errno == EINTR);
	return count < 0 ? engine_throw(ctx, errno) : JS_NewInt64(ctx, count);
}

/* Device and inode do not fit into a number: they come as BigInt. */
static JSValue status(JSContext *ctx, int result, const struct stat *found)
{
	JSValue array;

	if (result < 0)
		return engine_throw(ctx, errno);
	array = JS_NewArray(ctx);
	if (JS_IsException(array))
		return array;
	JS_SetPropertyUint32(ctx, array, 0, JS_NewInt64(ctx, found->st_mode));
	JS_SetPropertyUint32(ctx, array, 1, JS_NewInt64(ctx, found->st_uid));
	JS_SetPropertyUint32(ctx, array, 2, JS_NewInt64(ctx, found->st_gid));
	JS_SetPropertyUint32(ctx, array, 3, JS_NewBigUint64(ctx, found->st_dev));
	JS_SetPropertyUint32(ctx, array, 4, JS_NewBigUint64(ctx, found->st_ino));
	JS_SetPropertyUint32(ctx, array, 5, JS_NewBigInt64(ctx, found->st_size));
	JS_SetPropertyUint32(ctx, array, 6, JS_NewBigInt64(ctx, found->st_mtim.tv_sec));
	JS_SetPropertyUint32(ctx, array, 7, JS_NewBigInt64(ctx, found->st_mtim.tv_nsec));
	return array;
}

static JSValue sys_fstat(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	struct stat found;
	int file;

	(void)this;
	(void)argc;
	if (!engine_number(ctx, argv[0], &file))
		return JS_EXCEPTION;
	return status(ctx, fstat(file, &found), &found);
}

static JSValue sys_stat(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int follows)
{
	char *path = path_of(ctx, argv[0]);
	struct stat found;
	int result;

	(void)this;
	(void)argc;
	if (path == NULL)
		return JS_EXCEPTION;
	result = follows ? stat(path, &found) : lstat(path, &found);
	js_free(ctx, path);
	return status(ctx, result, &found);
}

static JSValue sys_list(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	char *path = path_of(ctx, argv[0]);
	struct dirent *entry;
	uint32_t count = 0;
	JSValue names;
	DIR *folder;

	(void)this;
	(void)argc;
	if (path == NULL)
		return JS_EXCEPTION;
	folder = opendir(path);
	js_free(ctx, path);
	if (folder == NULL)
		return engine_throw(ctx, errno);
	names = JS_NewArray(ctx);
	while ((errno = 0, entry = readdir(folder)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			JS_SetPropertyUint32(ctx, names, count++, engine_string(ctx, entry->d_name, strlen(entry->d_name)));
	if (errno != 0) {
		JS_FreeValue(ctx, names);
		names = engine_throw(ctx, errno);
	}
	closedir(folder);
	return names;
}

/* readlink(2) and realpath(3) */
static JSValue resolve(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int whole)
{
	char *path = path_of(ctx, argv[0]);
	char found[PATH_MAX + 1];
	ssize_t length;
	int error;

	(void)this;
	(void)argc;
	if (path == NULL)
		return JS_EXCEPTION;
	if (whole)
		length = realpath(path, found) == NULL ? -1 : (ssize_t)strlen(found);
	else
		length = readlink(path, found, sizeof(found) - 1);
	error = errno;
	js_free(ctx, path);
	return length < 0 ? engine_throw(ctx, error) : engine_string(ctx, found, length);
}

enum call { CALL_RENAME, CALL_LINK, CALL_UNLINK, CALL_RMDIR, CALL_MKDIR, CALL_CHMOD, CALL_ACCESS, CALL_CHOWN };

/* The calls that take a path, perhaps a second one, or numbers. */
static JSValue change(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int call)
{
	char *path = path_of(ctx, argv[0]), *other = NULL;
	int one = 0, two = 0, result = -1, bad;

	(void)this;
	(void)argc;
	if (path == NULL)
		return JS_EXCEPTION;
	if (call == CALL_RENAME || call == CALL_LINK)
		bad = (other = path_of(ctx, argv[1])) == NULL;
	else
		bad = (call >= CALL_MKDIR && !engine_number(ctx, argv[1], &one)) || (call == CALL_CHOWN && !engine_number(ctx, argv[2], &two));
	if (!bad) {
		switch ((enum call)call) {
		case CALL_RENAME:
			result = rename(path, other);
			break;
		case CALL_LINK:
			result = link(path, other);
			break;
		case CALL_UNLINK:
			result = unlink(path);
			break;
		case CALL_RMDIR:
			result = rmdir(path);
			break;
		case CALL_MKDIR:
			result = mkdir(path, one);
			break;
		case CALL_CHMOD:
			result = chmod(path, one);
			break;
		case CALL_ACCESS:
			result = access(path, one);
			break;
		case CALL_CHOWN:
			result = chown(path, one, two);
			break;
		}
	}
	bad = bad ? -1 : errno;
	js_free(ctx, path);
	js_free(ctx, other);
	if (bad == -1)
		return JS_EXCEPTION;
	return result < 0 ? engine_throw(ctx, bad) : JS_UNDEFINED;
}

static JSValue sys_close(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	int file;

	(void)this;
	(void)argc;
	if (!engine_number(ctx, argv[0], &file))
		return JS_EXCEPTION;
	return outcome(ctx, close(file));
}

/* truncate(file, size) and changeModeOf(file, mode) */
static JSValue sys_file(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int mode)
{
	int64_t number;
	int file;

	(void)this;
	(void)argc;
	if (!engine_number(ctx, argv[0], &file) || JS_ToInt64(ctx, &number, argv[1]) < 0)
		return JS_EXCEPTION;
	return outcome(ctx, mode ? fchmod(file, (mode_t)number) : ftruncate(file, number));
}

static JSValue set_times(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	char *path = path_of(ctx, argv[0]);
	struct timespec times[2];
	double seconds;
	int result;

	(void)this;
	(void)argc;
	if (path == NULL)
		return JS_EXCEPTION;
	if (JS_ToFloat64(ctx, &seconds, argv[1]) < 0) {
		js_free(ctx, path);
		return JS_EXCEPTION;
	}
	times[0].tv_sec = (time_t)seconds;
	times[0].tv_nsec = (long)((seconds - (double)times[0].tv_sec) * 1e9);
	times[1] = times[0];
	result = utimensat(AT_FDCWD, path, times, 0);
	js_free(ctx, path);
	return outcome(ctx, result);
}

static JSValue free_bytes(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
	char *path = path_of(ctx, argv[0]);
	struct statvfs found;
	int result;

	(void)this;
	(void)argc;
	if (path == NULL)
		return JS_EXCEPTION;
	result = statvfs(path, &found);
	js_free(ctx, path);
	return result < 0 ? engine_throw(ctx, errno) : JS_NewFloat64(ctx, (double)found.f_bavail * (double)found.f_frsize);
}

#define FLAG(name) JS_PROP_INT32_DEF(#name, name, 0)

static const JSCFunctionListEntry functions[] = {
	JS_CFUNC_DEF("open", 3, sys_open),
	JS_CFUNC_DEF("close", 1, sys_close),
	JS_CFUNC_MAGIC_DEF("read", 3, transfer, 0),
	JS_CFUNC_MAGIC_DEF("write", 3, transfer, 1),
	JS_CFUNC_MAGIC_DEF("truncate", 2, sys_file, 0),
	JS_CFUNC_MAGIC_DEF("changeModeOf", 2, sys_file, 1),
	JS_CFUNC_DEF("statusOf", 1, sys_fstat),
	JS_CFUNC_MAGIC_DEF("status", 1, sys_stat, 1),
	JS_CFUNC_MAGIC_DEF("linkStatus", 1, sys_stat, 0),
	JS_CFUNC_DEF("list", 1, sys_list),
	JS_CFUNC_MAGIC_DEF("readLink", 1, resolve, 0),
	JS_CFUNC_MAGIC_DEF("realPath", 1, resolve, 1),
	JS_CFUNC_MAGIC_DEF("rename", 2, change, CALL_RENAME),
	JS_CFUNC_MAGIC_DEF("link", 2, change, CALL_LINK),
	JS_CFUNC_MAGIC_DEF("unlink", 1, change, CALL_UNLINK),
	JS_CFUNC_MAGIC_DEF("removeFolder", 1, change, CALL_RMDIR),
	JS_CFUNC_MAGIC_DEF("makeFolder", 2, change, CALL_MKDIR),
	JS_CFUNC_MAGIC_DEF("changeMode", 2, change, CALL_CHMOD),
	JS_CFUNC_MAGIC_DEF("access", 2, change, CALL_ACCESS),
	JS_CFUNC_MAGIC_DEF("changeOwner", 3, change, CALL_CHOWN),
	JS_CFUNC_DEF("setTimes", 2, set_times),
	JS_CFUNC_DEF("freeBytes", 1, free_bytes),
	FLAG(O_RDONLY),
	FLAG(O_WRONLY),
	FLAG(O_RDWR),
	FLAG(O_APPEND),
	FLAG(O_CREAT),
	FLAG(O_EXCL),
	FLAG(O_TRUNC),
	FLAG(O_NOCTTY),
	FLAG(O_NOFOLLOW),
	FLAG(O_NONBLOCK),
	FLAG(R_OK),
	FLAG(W_OK),
	FLAG(X_OK),
};

void engine_add_files(JSContext *ctx, JSValueConst system)
{
	JS_SetPropertyFunctionList(ctx, system, functions, ENGINE_COUNT(functions));
}
