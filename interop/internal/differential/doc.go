// Package differential has no code. Its test asks several resolvers of one scripted server and
// compares what they make of its replies.
//
// A case is a server that behaves in one way, for one name. The result of a resolver of others is
// recorded in table.md and never fails a test: it depends on the version. The resolver of this
// project must get what each case wants.
//
// The resolver of glibc asks port 53 of the servers in /etc/resolv.conf only. So all resolvers run
// in a mount and network namespace of their own, with such a file, if the user may make one.
package differential
