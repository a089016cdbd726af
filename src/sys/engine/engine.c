/*
 * Runs the control plane: makes the engine without its compiler (no source text ever becomes code here), loads modules from the
 * table of bytecode that is linked in, and lets jobs run until nothing is left to wait for.
 */
#include "engine.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STACK = 1024 * 1024 };

static const struct {
	int error;
	const char *name;
} errors[] = {
#define ERROR(name) { name, #name }
	ERROR(EACCES), ERROR(EADDRINUSE), ERROR(EADDRNOTAVAIL), ERROR(EAGAIN), ERROR(EBADF), ERROR(EBUSY), ERROR(ECHILD),
	ERROR(ECONNREFUSED), ERROR(ECONNRESET), ERROR(EDQUOT), ERROR(EEXIST), ERROR(EFAULT), ERROR(EFBIG), ERROR(EINTR),
	ERROR(EINVAL), ERROR(EIO), ERROR(EISDIR), ERROR(ELOOP), ERROR(EMFILE), ERROR(EMLINK), ERROR(ENAMETOOLONG), ERROR(ENFILE),
	ERROR(ENODEV), ERROR(ENOENT), ERROR(ENOEXEC), ERROR(ENOMEM), ERROR(ENOSPC), ERROR(ENOSYS), ERROR(ENOTCONN), ERROR(ENOTDIR),
	ERROR(ENOTEMPTY), ERROR(ENOTSOCK), ERROR(ENOTSUP), ERROR(ENXIO), ERROR(EPERM), ERROR(EPIPE), ERROR(EPROTOTYPE), ERROR(EROFS),
	ERROR(ESPIPE), ERROR(ESRCH), ERROR(ESTALE), ERROR(ETIMEDOUT), ERROR(ETXTBSY), ERROR(EXDEV),
#undef ERROR
};

static const char *error_name(int error)
{
	for (int i = 0; i < ENGINE_COUNT(errors); i++)
		if (errors[i].error == error)
			return errors[i].name;
	return "EUNKNOWN";
}

JSValue engine_throw(JSContext *ctx, int error)
{
	JSValue value = JS_NewError(ctx);

	if (JS_IsException(value))
		return value;
	JS_DefinePropertyValueStr(ctx, value, "message", JS_NewString(ctx, error_name(error)), JS_PROP_C_W_E);
	JS_DefinePropertyValueStr(ctx, value, "code", JS_NewString(ctx, error_name(error)), JS_PROP_C_W_E);
	return JS_Throw(ctx, value);
}

int engine_number(JSContext *ctx, JSValueConst value, int *number)
{
	return JS_ToInt32(ctx, number, value) == 0;
}

static const struct engine_module *find_module(const char *name)
{
	const struct engine_module *module;

	if (strncmp(name, "./", 2) == 0)
		name += 2;
	for (module = engine_modules; module->name != NULL; module++)
		if (strcmp(module->name, name) == 0)
			return module;
	return NULL;
}

static JSValue read_module(JSContext *ctx, const struct engine_module *module)
{
	return JS_ReadObject(ctx, module->start, module->end - module->start, JS_READ_OBJ_BYTECODE);
}

/* Modules name each other by the names of the table, whoever imports. */
static char *normalize(JSContext *ctx, const char *base, const char *name, void *opaque)
{
	(void)base;
	(void)opaque;
	return js_strdup(ctx, strncmp(name, "./", 2) == 0 ? name + 2 : name);
}

static JSModuleDef *load(JSContext *ctx, const char *name, void *opaque)
{
	const struct engine_module *module = find_module(name);
	JSValue value;

	(void)opaque;
	if (module == NULL) {
		JS_ThrowReferenceError(ctx, "there is no module %s", name);
		return NULL;
	}
	value = read_module(ctx, module);
	if (JS_IsException(value))
		return NULL;
	/* The context holds it now. */
	JS_FreeValue(ctx, value);
	return JS_VALUE_GET_PTR(value);
}

static JSContext *make_context(JSRuntime *runtime)
{
	JSContext *ctx = JS_NewContextRaw(runtime);

	if (ctx == NULL)
		return NULL;
	JS_AddIntrinsicBaseObjects(ctx);
	JS_AddIntrinsicDate(ctx);
	JS_AddIntrinsicRegExp(ctx);
	JS_AddIntrinsicRegExpCompiler(ctx);
	JS_AddIntrinsicJSON(ctx);
	JS_AddIntrinsicMapSet(ctx);
	JS_AddIntrinsicTypedArrays(ctx);
	JS_AddIntrinsicPromise(ctx);
	JS_AddIntrinsicBigInt(ctx);
	return ctx;
}

static void add_system(JSContext *ctx, const struct engine_start *start)
{
	JSValue global = JS_GetGlobalObject(ctx);
	JSValue system = JS_NewObject(ctx);
	JSValue words = JS_NewArray(ctx);
	JSValue variables = JS_NewArray(ctx);

	for (int i = 1; i < start->argc; i++)
		JS_SetPropertyUint32(ctx, words, i - 1, engine_string(ctx, start->argv[i], strlen(start->argv[i])));
	for (int i = 0; start->envp[i] != NULL; i++)
		JS_SetPropertyUint32(ctx, variables, i, engine_string(ctx, start->envp[i], strlen(start->envp[i])));
	JS_SetPropertyStr(ctx, system, "words", words);
	JS_SetPropertyStr(ctx, system, "variables", variables);
	engine_add_files(ctx, system);
	engine_add_processes(ctx, system);
	engine_add_text(ctx, system);
	JS_SetPropertyStr(ctx, global, "system", system);
	JS_FreeValue(ctx, global);
}

/* Lets everything run that can, then waits for what the program waits for; returns when there is nothing of either. */
static int run_jobs(JSContext *ctx)
{
	JSValue global = JS_GetGlobalObject(ctx);
	JSValue system = JS_GetPropertyStr(ctx, global, "system");
	int going = 1;

	while (going > 0) {
		JSContext *other;
		JSValue wait, waited;
		int ran;

		while ((ran = JS_ExecutePendingJob(JS_GetRuntime(ctx), &other)) > 0)
			;
		if (ran < 0) {
			going = -1;
			break;
		}
		wait = JS_GetPropertyStr(ctx, system, "wait");
		waited = JS_IsFunction(ctx, wait) ? JS_Call(ctx, wait, JS_UNDEFINED, 0, NULL) : JS_FALSE;
		going = JS_IsException(waited) ? -1 : JS_ToBool(ctx, waited);
		JS_FreeValue(ctx, waited);
		JS_FreeValue(ctx, wait);
	}
	JS_FreeValue(ctx, system);
	JS_FreeValue(ctx, global);
	return going;
}

int engine_run(const struct engine_start *start)
{
	JSRuntime *runtime;
	JSContext *ctx;
	JSValue module, value;

	runtime = JS_NewRuntime2(&engine_heap, NULL);
	if (runtime == NULL)
		return 70;
	JS_SetMemoryLimit(runtime, start->heap_limit);
	JS_SetMaxStackSize(runtime, STACK);
	JS_SetModuleLoaderFunc(runtime, normalize, load, NULL);
	ctx = make_context(runtime);
	if (ctx == NULL)
		return 70;
	add_system(ctx, start);
	module = read_module(ctx, &engine_modules[0]);
	if (JS_IsException(module) || JS_ResolveModule(ctx, module) < 0)
		return 70;
	value = JS_EvalFunction(ctx, module);
	if (JS_IsException(value) || run_jobs(ctx) < 0)
		return 70;
	/* The process is about to end: nothing is freed. */
	return 0;
}
