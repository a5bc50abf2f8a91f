// Package apps is being laid out.
package apps
