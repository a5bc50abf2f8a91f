// Package queue is being laid out.
package queue
