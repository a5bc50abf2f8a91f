// Package sched is being laid out.
package sched
