//go:build !linux

package suite

func pin() (thread int, unpin func()) { return 0, func() {} }

func whereabouts(int) whereabout { return untold }
