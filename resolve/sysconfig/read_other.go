//go:build !windows

package sysconfig

func (o Options) read() (snapshot, error) { return o.readFiles() }
