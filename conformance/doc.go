// Package conformance is being laid out.
package conformance
