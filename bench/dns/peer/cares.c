// Looks names up by c-ares, on one thread with epoll, and prints its counts.
#include <ares.h>
#include <ares_dns.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

enum { NAMES = 8192, EVENTS = 64 };

static ares_channel channel;
static unsigned long next, answered, failed;
static int wanted, poller, stopping;

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

static void socket_state(void *unused, ares_socket_t fd, int readable, int writable)
{
	struct epoll_event e = { .events = (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0), .data.fd = fd };

	(void)unused;
	if (!readable && !writable)
		epoll_ctl(poller, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(poller, EPOLL_CTL_MOD, fd, &e) != 0)
		epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e);
}

static void replied(void *unused, int status, int timeouts, unsigned char *msg, int n)
{
	struct ares_addrttl addr;
	int addrs = 1;

	(void)unused, (void)timeouts;
	if (stopping)
		return;
	if (status == ARES_SUCCESS && ares_parse_a_reply(msg, n, NULL, &addr, &addrs) == ARES_SUCCESS && addrs == 1)
		answered++;
	else
		failed++;
	wanted++; // started by the loop, not here, so that the stack stays flat
}

static void start(void)
{
	char name[64];

	while (wanted > 0) {
		wanted--;
		snprintf(name, sizeof name, "host%lu.bench.example.", next++ % NAMES);
		ares_query(channel, name, 1, 1, replied, NULL);
	}
}

static void run_until(long long end)
{
	struct epoll_event events[EVENTS];
	struct timeval most = { 0, 50000 }, buf, *t;

	for (;;) {
		start();
		if (now() >= end)
			return;
		t = ares_timeout(channel, &most, &buf);
		int n = epoll_wait(poller, events, EVENTS, t->tv_sec * 1000 + t->tv_usec / 1000);
		if (n <= 0)
			ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
		for (int i = 0; i < n; i++)
			ares_process_fd(channel, events[i].events & ~EPOLLOUT ? events[i].data.fd : ARES_SOCKET_BAD,
				events[i].events & EPOLLOUT ? events[i].data.fd : ARES_SOCKET_BAD);
	}
}

// Arguments: address and port of the server, lookups in flight, milliseconds before the measurement, milliseconds of it.
int main(int argc, char **argv)
{
	struct ares_options o = { .flags = ARES_FLAG_NOSEARCH, .lookups = "b", .sock_state_cb = socket_state };
	int mask = ARES_OPT_FLAGS | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
	char server[128];

	if (argc != 6)
		return 2;
#ifdef ARES_OPT_QUERY_CACHE
	o.qcache_max_ttl = 0; // every lookup is asked
	mask |= ARES_OPT_QUERY_CACHE;
#endif
	poller = epoll_create1(0);
	snprintf(server, sizeof server, "%s:%s", argv[1], argv[2]);
	int status = ares_library_init(ARES_LIB_INIT_ALL);
	if (status == ARES_SUCCESS)
		status = ares_init_options(&channel, &o, mask);
	if (status == ARES_SUCCESS)
		status = ares_set_servers_ports_csv(channel, server);
	if (status != ARES_SUCCESS) {
		fprintf(stderr, "c-ares: %s\n", ares_strerror(status));
		return 1;
	}
	wanted = atoi(argv[3]);
	run_until(now() + atol(argv[4]) * 1000000LL);
	unsigned long a = answered, f = failed;
	long long c = cpu(), t = now();
	run_until(t + atol(argv[5]) * 1000000LL);
	t = now() - t;
	c = cpu() - c;
	printf("{\"lookups\":%lu,\"failed\":%lu,\"cpu_ns\":%lld,\"wall_ns\":%lld}\n", answered - a, failed - f, c, t);
	stopping = 1;
	ares_destroy(channel);
	return 0;
}
