package stub

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/resolve"
)

// BenchmarkLookup measures what a core costs per lookup with 256 in flight, without any I/O.
func BenchmarkLookup(b *testing.B) {
	const flying = 256
	c := New(Options{Servers: []Server{{Addr: addr(1)}}, Start: time.Now()})
	var questions [flying]resolve.Question
	for i := range questions {
		questions[i], _ = resolve.NewQuestion(fmt.Sprintf("n%d.example.com", i), resolve.TypeA)
	}
	queries := make([]resolve.Query, b.N)
	inbox := resolve.NewInbox(nil)
	finish := func(_ resolve.Answer, err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	replies := map[*Link][][]byte{}
	tail := reply(arrival{question: dnsmessage.Question{Name: dnsmessage.MustNewName("."), Type: 1, Class: 1}}, nil)[12+5:]
	tail[0], tail = 0xc0, append([]byte{0xc0, 12}, tail[1:]...)
	var work Work
	var done []*resolve.Query
	now, started := time.Duration(0), 0
	b.ReportAllocs()
	b.ResetTimer()
	for finished := 0; finished < b.N; {
		for started < b.N && started-finished < flying {
			q := &queries[started]
			q.Question, q.Inbox, q.Done = questions[started%flying], inbox, finish
			q.AcceptFunc(nil)
			c.Start(q, now)
			started++
		}
		now += 100 * time.Microsecond
		c.TakeActions(&work)
		for _, a := range work.Actions() {
			if a.Kind != Send {
				continue
			}
			m := work.Message(a)
			end := 12
			for m[end] != 0 {
				end += 1 + int(m[end])
			}
			r := append(append(make([]byte, 0, 128), m[:end+5]...), tail...)
			r[2], r[3], r[7], r[11] = 0x81, 0x80, 1, 0
			replies[a.Link] = append(replies[a.Link], r)
		}
		for l, all := range replies {
			for _, r := range all {
				c.Datagram(l, r, false, now)
			}
			replies[l] = all[:0]
		}
		done = c.TakeDone(done[:0])
		for i := range done {
			done[i].Deliver()
		}
		finished += len(done)
		inbox.Run(0)
	}
}
