/* The control plane as a program of its own. */
#include "engine.h"

enum { HEAP = 1024 * 1024 * 1024 };

extern char **environ;

int main(int argc, char **argv)
{
	struct engine_start start = { argc, argv, environ, HEAP };

	return engine_run(&start);
}
