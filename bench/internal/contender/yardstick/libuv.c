// An echo server on libuv, with its default loop. It writes at once what the socket takes (uv_try_write), and stops
// reading while the rest waits. -sink discards what arrives.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { BUFFER = 64 << 10 };

struct conn {
	uv_tcp_t tcp; // the first member, so that both have one address
	uv_write_t request;
	char *pending;
};

static char buffer[BUFFER];
static int sink;

static void closed(uv_handle_t *h)
{
	struct conn *c = (struct conn *)h;
	free(c->pending);
	free(c);
}

static void finish(struct conn *c)
{
	if (!uv_is_closing((uv_handle_t *)c))
		uv_close((uv_handle_t *)c, closed);
}

static void lend(uv_handle_t *h, size_t suggested, uv_buf_t *b)
{
	(void)h, (void)suggested;
	*b = uv_buf_init(buffer, sizeof buffer);
}

static void arrived(uv_stream_t *s, ssize_t n, const uv_buf_t *b);

static void written(uv_write_t *w, int status)
{
	struct conn *c = (struct conn *)w->handle;
	free(c->pending);
	c->pending = NULL;
	if (status < 0 || uv_read_start((uv_stream_t *)c, lend, arrived))
		finish(c);
}

static void arrived(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct conn *c = (struct conn *)s;
	if (n < 0)
		return finish(c);
	if (n == 0 || sink)
		return;
	uv_buf_t whole = uv_buf_init(b->base, n);
	int w = uv_try_write(s, &whole, 1);
	if (w == UV_EAGAIN)
		w = 0;
	if (w < 0)
		return finish(c);
	if (w == n)
		return;
	c->pending = malloc(n - w);
	if (!c->pending)
		abort();
	memcpy(c->pending, b->base + w, n - w);
	uv_buf_t rest = uv_buf_init(c->pending, n - w);
	uv_read_stop(s);
	if (uv_write(&c->request, s, &rest, 1, written))
		finish(c);
}

static void welcome(uv_stream_t *listener, int status)
{
	if (status < 0)
		return;
	struct conn *c = calloc(1, sizeof *c);
	if (!c || uv_tcp_init(listener->loop, &c->tcp))
		abort();
	if (uv_accept(listener, (uv_stream_t *)c) || uv_tcp_nodelay(&c->tcp, 1) || uv_read_start((uv_stream_t *)c, lend, arrived))
		finish(c);
}

int main(int argc, char **argv)
{
	sink = argc > 1 && !strcmp(argv[1], "-sink");
	uv_loop_t *loop = uv_default_loop();
	uv_tcp_t listener;
	struct sockaddr_in a;
	int error, size = sizeof a;
	if ((error = uv_ip4_addr("127.0.0.1", 0, &a)) || (error = uv_tcp_init(loop, &listener)) || (error = uv_tcp_bind(&listener, (void *)&a, 0)) ||
		(error = uv_listen((uv_stream_t *)&listener, 4096, welcome)) || (error = uv_tcp_getsockname(&listener, (void *)&a, &size)))
		return fprintf(stderr, "libuv: %s\n", uv_strerror(error)), 1;
	printf("listening on 127.0.0.1:%d\n", ntohs(a.sin_port));
	fflush(stdout);
	return uv_run(loop, UV_RUN_DEFAULT);
}
