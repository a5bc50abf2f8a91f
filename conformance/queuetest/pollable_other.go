//go:build !linux

package queuetest

import "errors"

func epollRules() error { return errors.ErrUnsupported }

func refusedSpecimens() []specimen     { return nil }
func alwaysReadySpecimens() []specimen { return nil }
func acceptedSpecimens() []specimen    { return nil }
