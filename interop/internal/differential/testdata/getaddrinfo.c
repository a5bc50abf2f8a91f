/* Resolves the IPv4 addresses of a name by getaddrinfo of the C library. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <gnu/libc-version.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

static const char *result(int error)
{
	switch (error) {
	case 0: return "ok";
	case EAI_NONAME: return "no such name";
	case EAI_NODATA: return "no data";
	case EAI_AGAIN: return "failure";
	default: return gai_strerror(error);
	}
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		printf("glibc %s\n", gnu_get_libc_version());
		return 0;
	}
	struct addrinfo hints, *all = NULL;
	memset(&hints, 0, sizeof hints);
	hints.ai_family = AF_INET;
	hints.ai_socktype = SOCK_STREAM;
	printf("%s\n", result(getaddrinfo(argv[1], NULL, &hints, &all)));
	for (struct addrinfo *a = all; a != NULL; a = a->ai_next) {
		char text[INET_ADDRSTRLEN];
		inet_ntop(AF_INET, &((struct sockaddr_in *)a->ai_addr)->sin_addr, text, sizeof text);
		printf("%s\n", text);
	}
	return 0;
}
