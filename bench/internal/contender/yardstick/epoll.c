// A hand-written echo server on epoll, with native edges and one thread: the yardstick of the benchmark. It makes two
// system calls per message and one per batch. It takes a short read as the last one unless a hang-up was reported.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, BUFFER = 64 << 10 };

struct conn {
	int fd, ended;
	size_t have, sent; // of pending: bytes filled and bytes already sent
	char *pending;
};

static char buffer[BUFFER];
static int sink; // discards what arrives

static void finish(struct conn *c)
{
	close(c->fd);
	free(c->pending);
	free(c);
}

// flush writes the pending bytes. It returns 0 if all were written, 1 if the socket is full, -1 on failure.
static int flush(struct conn *c)
{
	while (c->sent < c->have) {
		ssize_t n = send(c->fd, c->pending + c->sent, c->have - c->sent, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN ? 1 : -1;
		c->sent += n;
	}
	free(c->pending);
	c->pending = NULL;
	c->have = c->sent = 0;
	return 0;
}

static void serve(struct conn *c, unsigned events)
{
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		c->ended = 1;
	for (;;) {
		if (c->have) {
			int r = flush(c);
			if (r < 0)
				return finish(c);
			if (r)
				return;
		}
		ssize_t n = recv(c->fd, buffer, sizeof buffer, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			return finish(c);
		if (n < 0)
			return;
		ssize_t w = sink ? n : send(c->fd, buffer, n, MSG_NOSIGNAL);
		if (w < 0 && errno != EAGAIN)
			return finish(c);
		if (w < n) {
			if (w < 0)
				w = 0;
			c->have = n - w;
			c->pending = malloc(c->have);
			if (!c->pending)
				abort();
			memcpy(c->pending, buffer + w, c->have);
			continue;
		}
		if (n < BUFFER && !c->ended)
			return;
	}
}

static void welcome(int ep, int listener)
{
	for (;;) {
		int one = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		struct conn *c = calloc(1, sizeof *c);
		if (!c)
			abort();
		c->fd = fd;
		struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
		if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e))
			abort();
	}
}

int main(int argc, char **argv)
{
	sink = argc > 1 && !strcmp(argv[1], "-sink");
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof a;
	if (listener < 0 || bind(listener, (void *)&a, sizeof a) || listen(listener, 4096) || getsockname(listener, (void *)&a, &size))
		return perror("listen"), 1;
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];
	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e))
		return perror("epoll"), 1;
	printf("listening on 127.0.0.1:%d\n", ntohs(a.sin_port));
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(ep, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr)
				serve(events[i].data.ptr, events[i].events);
			else
				welcome(ep, listener);
		}
	}
}
