// Package interop has no code. Its tests run libraries of others on connections of edgewise.
//
// Each library has a scenario: a few checks of what its users observe, such as equal payloads,
// deadlines, cancellation and an orderly end. A scenario knows only the harness, which opens
// connections and starts bodies. It therefore runs in several forms: on package net, which shows
// that the scenario is right, on connections of a loop that goroutines use, and inside tasks.
//
// README.md has the results and what they mean for a user of these libraries.
package interop
