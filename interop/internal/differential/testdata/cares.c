/* Resolves the IPv4 addresses of a name by c-ares. */
#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>

static const char *result(int status)
{
	switch (status) {
	case ARES_SUCCESS: return "ok";
	case ARES_ENOTFOUND: return "no such name";
	case ARES_ENODATA: return "no data";
	case ARES_ETIMEOUT: return "timeout";
	case ARES_EBADRESP: return "malformed";
	case ARES_ESERVFAIL:
	case ARES_EREFUSED:
	case ARES_ENOTIMP:
	case ARES_EFORMERR:
	case ARES_ECONNREFUSED: return "failure";
	default: return ares_strerror(status);
	}
}

static void done(void *arg, int status, int timeouts, struct ares_addrinfo *all)
{
	(void)arg;
	(void)timeouts;
	printf("%s\n", result(status));
	for (struct ares_addrinfo_node *a = all ? all->nodes : NULL; a != NULL; a = a->ai_next) {
		char text[INET_ADDRSTRLEN];
		inet_ntop(AF_INET, &((struct sockaddr_in *)a->ai_addr)->sin_addr, text, sizeof text);
		printf("%s\n", text);
	}
	if (all)
		ares_freeaddrinfo(all);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		printf("c-ares %s\n", ares_version(NULL));
		return 0;
	}
	ares_channel channel;
	struct ares_options options;
	struct ares_addrinfo_hints hints;
	memset(&options, 0, sizeof options);
	memset(&hints, 0, sizeof hints);
	options.flags = ARES_FLAG_EDNS;
	options.timeout = 2000;
	options.tries = 2;
	options.lookups = "b";
	options.ednspsz = 1232;
	ares_library_init(ARES_LIB_INIT_ALL);
	int status = ares_init_options(&channel, &options,
		ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_EDNSPSZ);
	if (status == ARES_SUCCESS)
		status = ares_set_servers_ports_csv(channel, argv[1]);
	if (status != ARES_SUCCESS) {
		printf("%s\n", ares_strerror(status));
		return 1;
	}
	hints.ai_family = AF_INET;
	hints.ai_socktype = SOCK_STREAM;
	ares_getaddrinfo(channel, argv[2], NULL, &hints, done, NULL);
	for (;;) {
		fd_set in, out;
		struct timeval most, *wait;
		FD_ZERO(&in);
		FD_ZERO(&out);
		int n = ares_fds(channel, &in, &out);
		if (n == 0)
			break;
		wait = ares_timeout(channel, NULL, &most);
		select(n, &in, &out, NULL, wait);
		ares_process(channel, &in, &out);
	}
	ares_destroy(channel);
	return 0;
}
