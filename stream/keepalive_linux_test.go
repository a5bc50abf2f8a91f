package stream_test

import (
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOptionsReachTheKernel(t *testing.T) {
	c, _ := pair(t)
	get := func(level, option int) int {
		t.Helper()
		raw, err := c.SyscallConn()
		require.NoError(t, err)
		var v int
		var failed error
		if err := raw.Control(func(fd uintptr) { v, failed = syscall.GetsockoptInt(int(fd), level, option) }); err != nil || failed != nil {
			t.Fatal(err, failed)
		}
		return v
	}
	const keepIdle, keepInterval, keepCount = syscall.TCP_KEEPIDLE, syscall.TCP_KEEPINTVL, syscall.TCP_KEEPCNT
	for _, step := range []struct {
		config                net.KeepAliveConfig
		idle, interval, count int
	}{
		{net.KeepAliveConfig{Enable: true}, 15, 15, 9},
		{net.KeepAliveConfig{Enable: true, Idle: 1500 * time.Millisecond, Interval: 7 * time.Second, Count: 3}, 2, 7, 3},
		{net.KeepAliveConfig{Enable: true, Idle: -1, Interval: -1, Count: -1}, 2, 7, 3},
	} {
		require.NoError(t, c.SetKeepAliveConfig(step.config))
		if v := get(syscall.SOL_SOCKET, syscall.SO_KEEPALIVE); v != 1 {
			t.Errorf("keep-alive is %d, want 1", v)
		}
		idle, interval, count := get(syscall.IPPROTO_TCP, keepIdle), get(syscall.IPPROTO_TCP, keepInterval), get(syscall.IPPROTO_TCP, keepCount)
		if idle != step.idle || interval != step.interval || count != step.count {
			t.Errorf("%+v: %d, %d, %d", step.config, idle, interval, count)
		}
	}
	require.NoError(t, c.SetKeepAliveConfig(net.KeepAliveConfig{}))
	if v := get(syscall.SOL_SOCKET, syscall.SO_KEEPALIVE); v != 0 {
		t.Errorf("keep-alive is %d, want 0", v)
	}
}
