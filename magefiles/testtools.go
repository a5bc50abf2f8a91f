//go:build mage

package main

import "github.com/edgewise-go/edgewise/magefiles/internal/testrun"

// tooling is the module of the targets. Its tests compile small workspaces again and again.
const tooling = "magefiles"

// TestTools runs the tests of the targets themselves, with the race detector where it works.
func TestTools() error {
	w, err := open()
	if err != nil {
		return err
	}
	_, err = runTests(testrun.Options{Dir: w.Root, Env: []string{raceExit}}, append(raceFlags("testTools"), testTimeout, packagesAtOnce()), "./"+tooling+"/...")
	return err
}
