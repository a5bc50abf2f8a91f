package resolvetest

import (
	"testing"

	"github.com/edgewise-go/edgewise/resolve"
)

func pool(_ T, lookup resolve.Lookup, bounds resolve.PoolConfig) (resolve.Strategy, error) {
	return resolve.NewPool(lookup, bounds)
}

func blocking(_ T, lookup resolve.Lookup, _ resolve.PoolConfig) (resolve.Strategy, error) {
	return resolve.NewBlocking(lookup), nil
}

func everything() Parts {
	p := Default()
	p.Base = pool
	return p
}

var poolClaims = []Feature{Async, Bounded, Lookup, Precise}

func TestPoolAndDecorators(t *testing.T) {
	TestParts(t, Target{Name: "pool", Parts: everything(), Claims: poolClaims})
}

func TestBlocking(t *testing.T) {
	TestParts(t, Target{Name: "blocking", Parts: Parts{Base: blocking}, Claims: []Feature{Lookup, Precise}})
}
