package resolvetest

import (
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

// mutant is the parts of package resolve over a pool, with one rule broken.
func mutant(name string, breakIt func(*Fixture), detects string) suite.Mutant[Fixture] {
	p := everything()
	breakIt(&p)
	return suite.Mutant[Fixture]{Name: name, Target: Target{Name: name, Fixture: p, Claims: poolClaims}.suite(), Detects: detects}
}

func control(name string, change func(*Fixture)) suite.Target[Fixture] {
	p := everything()
	change(&p)
	return Target{Name: name, Fixture: p, Claims: poolClaims}.suite()
}

func TestEveryCaseCanFail(t *testing.T) {
	var mutants []suite.Mutant[Fixture]
	for _, ms := range [][]suite.Mutant[Fixture]{
		startMutants(), cancelMutants(),
		staticMutants(), specialMutants(), hostsMutants(),
		cacheMutants(), cacheBoundMutants(), cacheFailureMutants(), cacheStaleMutants(), coalesceMutants(), flightMutants(),
		decoratorMutants(), limitMutants(), fallbackMutants(), raceMutants(), hedgeMutants(), filterMutants(), observeMutants(), laneMutants(), adaptiveMutants(),
		hostMutants(), searchMutants(), sourceMutants(), waitMutants(),
		matchMutants(), serverErrorMutants(), cookieMutants(), streamMutants(), recordMutants(), wireLimitMutants(),
		familyMutants(),
	} {
		mutants = append(mutants, ms...)
	}
	suite.Prove(t, suite.Proof[Fixture]{Cases: Cases(), Mutants: mutants, Detections: "testdata/detections.txt", Controls: []suite.Target[Fixture]{
		control("lookups take their time", lookups(slow)),
		control("completions are late and out of order", around(late)),
		control("the owner is woken for nothing", around(func(b resolve.Strategy) *broken {
			return &broken{Strategy: b, start: func(q *resolve.Query) {
				b.Start(q)
				if q.Inbox == nil {
					return
				}
				b.Start(&resolve.Query{Inbox: q.Inbox, Done: func(resolve.Answer, error) {}}) // has no name: completes at once
			}}
		})),
		control("everything is asked by way of another query", func(p *Fixture) {
			host := p.Host
			p.Host = func(next resolve.Strategy, order resolve.Order) Resolver { return host(&broken{Strategy: next}, order) }
			withCache(nil, func(next resolve.Strategy) resolve.Strategy { return relay(next, nil) }, nil)(p)
		}),
		wireTarget("messages pass one at a time, and streams byte by byte", meddle(func() *meddling {
			return &meddling{dial: func(_ string, conn net.Conn, err error) (net.Conn, error) { return &bytewise{Conn: conn}, err }}
		}), nil),
	}})
}

// delay is how long slow mutants take.
const delay = 2 * time.Millisecond

// late finishes queries on its own goroutines, later ones sooner. The base below cancels and closes
// as it should.
func late(b resolve.Strategy) *broken {
	var n atomic.Uint32
	return &broken{Strategy: b, start: func(q *resolve.Query) {
		wait := delay * time.Duration(1+n.Add(1)%2)
		inner := &resolve.Query{Question: q.Question}
		if !q.Accept(func() { inner.Cancel() }) {
			return
		}
		inner.OnFinish(func(_ *resolve.Query, a resolve.Answer, err error) {
			time.AfterFunc(wait, func() { q.Finish(a, err) })
		})
		b.Start(inner)
	}}
}

// bytewise is a stream that is read byte by byte, and a socket for datagrams without a handle.
type bytewise struct{ net.Conn }

func (b *bytewise) Read(p []byte) (int, error) {
	if _, ok := b.Conn.(*net.TCPConn); ok {
		p = p[:min(len(p), 1)]
	}
	return b.Conn.Read(p)
}
