// Package resolvetest is the conformance suite of package resolve. It covers strategies that look
// names up, each decorator, the host layer, and the functions that wait.
//
// A target describes its parts with [Fixture]. Its features follow from these parts and from its
// claims, such as [Async]. The cases test decorators over a strategy that the suite controls, with
// a clock of their own. Nothing therefore depends on timing except deadlines themselves.
//
// The cases of stub resolvers run against scripted DNS servers on loopback. Their scripts are
// driven by the queries that arrive. [Catalogue] lists what they and other tests cover.
package resolvetest
