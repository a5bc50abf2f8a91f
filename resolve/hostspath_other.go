//go:build !windows

package resolve

// DefaultHostsPath returns where the system keeps its hosts file.
func DefaultHostsPath() string { return "/etc/hosts" }
