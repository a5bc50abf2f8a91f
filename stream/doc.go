// Package stream is being laid out.
package stream
