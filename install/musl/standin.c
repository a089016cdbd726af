/*
 * A small libstdc++.so.6 for the musl build of the control plane: exactly the functions that Bun's
 * runtime takes from it, so that nothing has to be installed in a container, and nothing that is
 * there is shadowed (only our own program looks in ../lib/sshim). What is not here (trees, lists,
 * hashing, type information) is linked from GCC's own archive by release.mjs. It cannot throw: Bun
 * is built without exceptions, so what would be thrown ends the process, and the front then becomes
 * the real ssh.
 */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define HIDDEN __attribute__((visibility("hidden")))
#define FATAL(name)                            \
	_Noreturn void name(void)              \
	{                                      \
		end(#name "\n", sizeof #name); \
	}

static _Noreturn void
end(const char *what, size_t length)
{
	static const char prefix[] = "sshim: cannot go on: ";
	ssize_t ignored = write(2, prefix, sizeof prefix - 1);
	ignored = write(2, what, length);
	(void)ignored;
	abort();
}

FATAL(_ZSt9terminatev)
FATAL(_ZSt17__throw_bad_allocv)
FATAL(_ZSt19__throw_logic_errorPKc)
FATAL(_ZSt20__throw_length_errorPKc)
FATAL(_ZSt20__throw_system_errori)
FATAL(_ZSt24__throw_out_of_range_fmtPKcz)
FATAL(_ZSt25__throw_bad_function_callv)
FATAL(_ZSt28__throw_bad_array_new_lengthv)
FATAL(_ZSt21__glibcxx_assert_failPKciS0_S0_)
FATAL(__cxa_bad_typeid)
FATAL(__cxa_pure_virtual)

/* Only named by the unwinding tables and deleting destructors of the linked objects; nothing comes
 * here. */
HIDDEN
FATAL(__gxx_personality_v0)
HIDDEN
FATAL(_Unwind_Resume)
HIDDEN
FATAL(__cxa_begin_catch)
HIDDEN
FATAL(__cxa_end_catch)
HIDDEN
FATAL(__cxa_call_unexpected)
HIDDEN
FATAL(__cxa_call_terminate)
HIDDEN
FATAL(_ZdlPv)
HIDDEN
FATAL(_ZdlPvm)

/* std::set_terminate and std::get_new_handler: no handler is ever called. */
void *
_ZSt13set_terminatePFvvE(void *handler)
{
	(void)handler;
	return NULL;
}
void *
_ZSt15get_new_handlerv(void)
{
	return NULL;
}

/* __cxa_demangle: names in a crash report stay as they are (-2: not a valid name). */
char *
__cxa_demangle(const char *name, char *buffer, size_t *length, int *status)
{
	(void)name, (void)buffer, (void)length;
	if (status)
		*status = -2;
	return NULL;
}

/* std::call_once */
__thread void *_ZSt15__once_callable;
__thread void (*_ZSt11__once_call)(void);
void
__once_proxy(void)
{
	_ZSt11__once_call();
}

/* std::condition_variable and the std::unique_lock that it is given */
struct unique_lock {
	pthread_mutex_t *mutex;
	_Bool owns;
};

void
_ZNSt18condition_variableC1Ev(pthread_cond_t *condition)
{
	if (pthread_cond_init(condition, NULL))
		abort();
}
void
_ZNSt18condition_variableD1Ev(pthread_cond_t *condition)
{
	if (pthread_cond_destroy(condition))
		abort();
}
void
_ZNSt18condition_variable10notify_allEv(pthread_cond_t *condition)
{
	if (pthread_cond_broadcast(condition))
		abort();
}
void
_ZNSt18condition_variable10notify_oneEv(pthread_cond_t *condition)
{
	if (pthread_cond_signal(condition))
		abort();
}
void
_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE(pthread_cond_t *condition,
    struct unique_lock *lock)
{
	if (pthread_cond_wait(condition, lock->mutex))
		abort();
}

/* std::chrono::steady_clock::now, in nanoseconds */
int64_t
_ZNSt6chrono3_V212steady_clock3nowEv(void)
{
	struct timespec now;
	if (clock_gettime(CLOCK_MONOTONIC, &now))
		abort();
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Guards of static variables (C++ ABI): byte 0 says done; byte 1 that somebody is at it. */
int
__cxa_guard_acquire(uint32_t *guard)
{
	for (;;) {
		uint32_t state = __atomic_load_n(guard, __ATOMIC_ACQUIRE);
		if (state & 1)
			return 0;
		if (state == 0 &&
		    __atomic_compare_exchange_n(guard, &state, 0x100, 0, __ATOMIC_ACQ_REL,
			__ATOMIC_ACQUIRE))
			return 1;
		if (sched_yield())
			abort();
	}
}

void
__cxa_guard_release(uint32_t *guard)
{
	__atomic_store_n(guard, 1, __ATOMIC_RELEASE);
}
