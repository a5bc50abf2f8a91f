//go:build linux

package interrupt

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// The proxy passes on at most pieceMax bytes per write. It waits up to delayMax before one piece in
// delayOneIn. It resets one connection in resetOneIn somewhere on the way back.
const (
	pieceMax   = 8 << 10
	delayMax   = 3 * time.Millisecond
	delayOneIn = 8
	resetOneIn = 8
)

// proxy is between the clients and the server. It uses package net, so that it shares no code with
// what it disturbs.
type proxy struct {
	config   Options
	listener *net.TCPListener
	addr     netip.AddrPort
	target   *net.TCPAddr
	resets   *atomic.Int64
	running  sync.WaitGroup
}

func startProxy(c Options, target netip.AddrPort, resets *atomic.Int64) (*proxy, error) {
	l, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		return nil, err
	}
	p := &proxy{config: c, listener: l, addr: l.Addr().(*net.TCPAddr).AddrPort(), target: net.TCPAddrFromAddrPort(target), resets: resets}
	p.running.Go(p.accept)
	return p, nil
}

// close ends the proxy. Its connections end when both of their ends have ended.
func (p *proxy) close() {
	_ = p.listener.Close()
	p.running.Wait()
}

func (p *proxy) accept() {
	for i := uint64(0); ; i++ {
		client, err := p.listener.AcceptTCP()
		if err != nil {
			return
		}
		server, err := net.DialTCP("tcp4", nil, p.target)
		if err != nil {
			panic(fmt.Sprintf("the proxy cannot reach the server: %v", err))
		}
		p.running.Go(func() { p.serve(i, client, server) })
	}
}

func (p *proxy) serve(i uint64, client, server *net.TCPConn) {
	defer client.Close()
	defer server.Close()
	up := rand.New(rand.NewPCG(p.config.Seed, 2*i))
	down := rand.New(rand.NewPCG(p.config.Seed, 2*i+1))
	resetAt := math.MaxInt
	if down.IntN(resetOneIn) == 0 {
		resetAt = int(math.Exp(down.Float64()*math.Log(float64(p.config.MaxBytes)))) - 1
	}
	var way sync.WaitGroup
	way.Go(func() { pump(server, client, up, math.MaxInt) })
	if pump(client, server, down, resetAt) {
		p.resets.Add(1)
		_ = client.SetLinger(0)
		_ = server.SetLinger(0)
		_ = client.Close()
		_ = server.Close()
	}
	way.Wait()
}

// pump passes on what from sends until it ends, or until resetAt bytes have been passed on. In the
// second case it reports true.
func pump(to, from *net.TCPConn, r *rand.Rand, resetAt int) bool {
	piece := make([]byte, pieceMax)
	for passed := 0; passed < resetAt; {
		n, err := from.Read(piece[:min(1+r.IntN(pieceMax), resetAt-passed)])
		if r.IntN(delayOneIn) == 0 {
			time.Sleep(time.Duration(r.Int64N(int64(delayMax))))
		}
		if n > 0 {
			if _, werr := to.Write(piece[:n]); werr != nil {
				return false
			}
			passed += n
		}
		if err == io.EOF {
			_ = to.CloseWrite()
			return false
		}
		if err != nil {
			_ = to.SetLinger(0)
			_ = to.Close()
			return false
		}
	}
	return true
}
