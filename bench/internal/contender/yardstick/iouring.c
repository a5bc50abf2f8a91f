// A hand-written echo server on io_uring, with one thread: the yardstick for completions. It has one multishot accept, one
// multishot receive per connection into buffers of the ring, and sends from the buffer that it received into. All requests
// of a turn enter the kernel in the call that waits. -sink discards what arrives, and -bulk makes the buffers few and large.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <liburing.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ENTRIES = 4096, BUFFERS = 1024, MEMORY = 4 << 20, BULK = 64, GROUP = 1, HANDLES = 1 << 16 };
enum { ACCEPT = 1, RECEIVE, SEND };

static struct io_uring ring;
static struct io_uring_buf_ring *buffers;
static char memory[MEMORY]; // of all buffers
static int count = BUFFERS, size = MEMORY / BUFFERS, sink;

// sends holds the sends of a connection that wait for the one before, as a list of buffers.
static struct { int first, last; } sends[HANDLES];
static struct { int next, length, sent; } parts[BUFFERS];
static char ended[HANDLES], receiving[HANDLES];

static struct io_uring_sqe *request(int kind, int fd)
{
	struct io_uring_sqe *e = io_uring_get_sqe(&ring);
	if (!e) {
		io_uring_submit(&ring);
		e = io_uring_get_sqe(&ring);
	}
	if (!e)
		abort();
	memset(e, 0, sizeof *e);
	io_uring_sqe_set_data64(e, (unsigned long long)kind << 32 | fd);
	return e;
}

static void tag(struct io_uring_sqe *e, int kind, int fd) { e->user_data = (unsigned long long)kind << 32 | (unsigned)fd; }

static void receive(int fd)
{
	struct io_uring_sqe *e = request(RECEIVE, fd);
	io_uring_prep_recv_multishot(e, fd, NULL, 0, 0);
	e->flags |= IOSQE_BUFFER_SELECT;
	e->buf_group = GROUP;
	tag(e, RECEIVE, fd);
	receiving[fd] = 1;
}

static void give(int buffer)
{
	io_uring_buf_ring_add(buffers, memory + (size_t)buffer * size, size, buffer, io_uring_buf_ring_mask(count), 0);
	io_uring_buf_ring_advance(buffers, 1);
}

static void send_first(int fd)
{
	int b = sends[fd].first;
	struct io_uring_sqe *e = request(SEND, fd);
	io_uring_prep_send(e, fd, memory + (size_t)b * size + parts[b].sent, parts[b].length - parts[b].sent, MSG_NOSIGNAL | MSG_WAITALL);
	tag(e, SEND, fd);
}

static void finish(int fd)
{
	if (ended[fd] && !receiving[fd] && sends[fd].first < 0) {
		ended[fd] = 0;
		close(fd);
	}
}

static void complete(struct io_uring_cqe *c, int listener)
{
	int kind = c->user_data >> 32, fd = (int)(c->user_data & 0xffffffff), b;
	switch (kind) {
	case ACCEPT:
		if (c->res >= 0) {
			int one = 1;
			if (c->res >= HANDLES)
				abort();
			setsockopt(c->res, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
			sends[c->res].first = sends[c->res].last = -1;
			receive(c->res);
		}
		if (!(c->flags & IORING_CQE_F_MORE)) {
			struct io_uring_sqe *e = request(ACCEPT, listener);
			io_uring_prep_multishot_accept(e, listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
			tag(e, ACCEPT, listener);
		}
		return;
	case RECEIVE:
		if (!(c->flags & IORING_CQE_F_MORE))
			receiving[fd] = 0;
		if (c->res > 0) {
			b = c->flags >> IORING_CQE_BUFFER_SHIFT;
			if (sink) {
				give(b);
				if (!receiving[fd])
					receive(fd);
				return;
			}
			parts[b].next = -1, parts[b].length = c->res, parts[b].sent = 0;
			if (sends[fd].first < 0) {
				sends[fd].first = sends[fd].last = b;
				send_first(fd);
			} else {
				parts[sends[fd].last].next = b;
				sends[fd].last = b;
			}
		} else if (c->res != -ENOBUFS) {
			ended[fd] = 1;
		}
		if (!receiving[fd] && !ended[fd])
			receive(fd);
		return finish(fd);
	case SEND:
		b = sends[fd].first;
		if (c->res < 0) {
			ended[fd] = 1;
			shutdown(fd, SHUT_RDWR);
			parts[b].sent = parts[b].length;
		} else {
			parts[b].sent += c->res;
		}
		if (parts[b].sent == parts[b].length) {
			sends[fd].first = parts[b].next;
			give(b);
		}
		if (sends[fd].first >= 0)
			send_first(fd);
		return finish(fd);
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		sink |= !strcmp(argv[i], "-sink");
		if (!strcmp(argv[i], "-bulk"))
			count = BULK, size = MEMORY / BULK;
	}
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), error;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof a;
	if (listener < 0 || bind(listener, (void *)&a, sizeof a) || listen(listener, 4096) || getsockname(listener, (void *)&a, &length))
		return perror("listen"), 1;
	struct io_uring_params p = {.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE, .cq_entries = ENTRIES};
	if ((error = io_uring_queue_init_params(ENTRIES, &ring, &p)))
		return fprintf(stderr, "io_uring: %s\n", strerror(-error)), 1;
	if (posix_memalign((void **)&buffers, 4096, count * sizeof(struct io_uring_buf)))
		abort();
	struct io_uring_buf_reg reg = {.ring_addr = (unsigned long)buffers, .ring_entries = count, .bgid = GROUP};
	io_uring_buf_ring_init(buffers);
	if ((error = io_uring_register_buf_ring(&ring, &reg, 0)))
		return fprintf(stderr, "buffers: %s\n", strerror(-error)), 1;
	for (int i = 0; i < count; i++)
		give(i);
	struct io_uring_sqe *e = request(ACCEPT, listener);
	io_uring_prep_multishot_accept(e, listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	tag(e, ACCEPT, listener);
	printf("listening on 127.0.0.1:%d\n", ntohs(a.sin_port));
	fflush(stdout);
	for (;;) {
		struct io_uring_cqe *c;
		unsigned head, n = 0;
		error = io_uring_submit_and_wait(&ring, 1);
		if (error < 0 && error != -EINTR)
			return fprintf(stderr, "wait: %s\n", strerror(-error)), 1;
		io_uring_for_each_cqe(&ring, head, c) {
			complete(c, listener);
			n++;
		}
		io_uring_cq_advance(&ring, n);
	}
}
