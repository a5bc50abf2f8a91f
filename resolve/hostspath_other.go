//go:build !windows

package resolve

// DefaultHostsPath returns the path of the system's hosts file.
func DefaultHostsPath() string { return "/etc/hosts" }
