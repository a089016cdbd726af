/* Turns the source of one module into bytecode, when the program is built: compile NAME SOURCE OUTPUT. */
#include <quickjs.h>
#include <stdio.h>
#include <stdlib.h>

/* What a module imports is loaded when it runs. */
static JSModuleDef *load(JSContext *ctx, const char *name, void *opaque)
{
	(void)opaque;
	return JS_NewCModule(ctx, name, NULL);
}

int main(int argc, char **argv)
{
	JSRuntime *runtime = JS_NewRuntime();
	JSContext *ctx = JS_NewContext(runtime);
	JSValue module;
	uint8_t *code;
	size_t size, length;
	char *text;
	FILE *file;

	if (argc != 4 || (file = fopen(argv[2], "rb")) == NULL)
		return 2;
	fseek(file, 0, SEEK_END);
	length = ftell(file);
	rewind(file);
	text = calloc(1, length + 1);
	if (text == NULL || fread(text, 1, length, file) != length)
		return 2;
	fclose(file);
	JS_SetModuleLoaderFunc(runtime, NULL, load, NULL);
	module = JS_Eval(ctx, text, length, argv[1], JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
	if (JS_IsException(module)) {
		JSValue exception = JS_GetException(ctx);
		JSValue stack = JS_GetPropertyStr(ctx, exception, "stack");

		fprintf(stderr, "%s\n%s\n", JS_ToCString(ctx, exception), JS_ToCString(ctx, stack));
		return 1;
	}
	code = JS_WriteObject(ctx, &size, module, JS_WRITE_OBJ_BYTECODE);
	file = fopen(argv[3], "wb");
	if (code == NULL || file == NULL || fwrite(code, 1, size, file) != size || fclose(file) != 0)
		return 1;
	return 0;
}
