// Package evented answers questions by the DNS itself: a stub resolver over UDP and TCP, DNS over
// TLS (RFC 7858) and DNS over HTTPS (RFC 8484), without a goroutine per lookup.
//
// A [Resolver] is a [resolve.Strategy] over a [stub.Core]. It runs on any connections: those of
// package net, or those of an event loop, by [Options].Dial. All lookups share a few sockets per
// server. One goroutine sends, and one per open socket receives, so their number does not depend on
// the number of lookups. Sockets that are not used are closed.
//
// It answers the question and no more. The decorators of package resolve add the hosts file,
// special names, a cache and coalescing; [resolve.Host] adds search lists and the order of
// addresses. Without a cache, equal questions are asked as often as they are started.
package evented
