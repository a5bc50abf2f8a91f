//go:build !windows

package streamtest

// waivers lists deviations of the system from the contract: none here.
func waivers() []Waiver { return nil }
