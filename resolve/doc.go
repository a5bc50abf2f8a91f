// Package resolve is being laid out.
package resolve
