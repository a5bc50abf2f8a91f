//go:build !windows

package streamtest

// waivers are for what a system does otherwise than the contract: nothing here.
func waivers() []Waiver { return nil }
