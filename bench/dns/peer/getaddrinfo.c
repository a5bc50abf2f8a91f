// Looks names up by getaddrinfo(3), on as many threads as lookups are in flight, and prints its counts. The server is that
// of resolv.conf(5).
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { NAMES = 8192, STACK = 256 << 10 };

static atomic_ulong next, answered, failed;

static long long cpu(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000000LL + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000LL;
}

static long long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void *look(void *unused)
{
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *list;
	char name[64];

	(void)unused;
	for (;;) {
		snprintf(name, sizeof name, "host%lu.bench.example.", atomic_fetch_add(&next, 1) % NAMES);
		if (getaddrinfo(name, NULL, &hints, &list) == 0) {
			freeaddrinfo(list);
			atomic_fetch_add(&answered, 1);
		} else
			atomic_fetch_add(&failed, 1);
	}
	return NULL;
}

static void wait_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	nanosleep(&t, NULL);
}

// Arguments: lookups in flight, milliseconds before the measurement, milliseconds of the measurement.
int main(int argc, char **argv)
{
	pthread_attr_t attr;
	pthread_t thread;

	if (argc != 4)
		return 2;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	for (int i = 0; i < atoi(argv[1]); i++)
		if (pthread_create(&thread, &attr, look, NULL) != 0) {
			perror("pthread_create");
			return 1;
		}
	wait_ms(atol(argv[2]));
	unsigned long a = atomic_load(&answered), f = atomic_load(&failed);
	long long c = cpu(), t = now();
	wait_ms(atol(argv[3]));
	t = now() - t;
	c = cpu() - c;
	printf("{\"lookups\":%lu,\"failed\":%lu,\"cpu_ns\":%lld,\"wall_ns\":%lld}\n", atomic_load(&answered) - a, atomic_load(&failed) - f, c, t);
	fflush(stdout);
	_exit(0);
}
